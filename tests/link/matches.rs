//! Messages about matches, for the golden bytes.

use quarterdeck::model::action::ActionRequest;
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::matches::{
    CONNECT_TIME_DEFAULT_S, COUNTDOWN_DEFAULT_S, CancelReason, ConnectString, Entry, HookState, LedgerRecord,
    Match, MatchEnd, MatchEvent, MatchEventKind, MatchPhase, MatchReading, MatchRequest, MatchServer,
    PlayerReading, RatingRule, RentedServer, RosterPlayer, SavedRoster, Score, ServerSource, Settlement,
    Side, Standing, SteamId, TeamRequest,
};
use quarterdeck::model::money::{Currency, Money};
use quarterdeck::model::request::{Reply, Request};
use rust_decimal::Decimal;

use crate::golden::AT;

fn server_key() -> ServerKey {
    ServerKey { account: "dathost".into(), id: "6530aa".to_owned() }
}

fn player(number: u32) -> RosterPlayer {
    RosterPlayer {
        steam_id: SteamId::of_account(number),
        name: format!("p{number}"),
        is_substitute: number > 1_000,
    }
}

fn team(number: u32) -> TeamRequest {
    TeamRequest { name: format!("team {number}"), flag: "SE".to_owned(), players: vec![player(number)] }
}

fn request() -> MatchRequest {
    MatchRequest {
        account: "dathost".into(),
        source: ServerSource::Template {
            server: "6530bb".to_owned(),
            location: Some("dusseldorf".to_owned()),
        },
        map: "de_mirage".to_owned(),
        team1: team(1),
        team2: team(2),
        spectators: vec![player(1_001)],
        connect_time_s: CONNECT_TIME_DEFAULT_S,
        countdown_s: COUNTDOWN_DEFAULT_S,
        is_demo_kept: true,
    }
}

fn settlement() -> Settlement {
    Settlement {
        match_id: "01MATCH".into(),
        score: Score { team1: 13, team2: 7 },
        rule: RatingRule::Elo(32),
        entries: vec![Entry {
            player: SteamId::of_account(1),
            name: "p1".to_owned(),
            side: Side::Team1,
            rating_before: 1_000,
            rating_change: 16,
            reward: Money::new(Decimal::from(50), "soberanas"),
        }],
        at: AT,
        by: "engine".into(),
    }
}

fn reading() -> MatchReading {
    let event = |kind| MatchEvent { kind, at: AT };
    MatchReading {
        id: "6540cc".to_owned(),
        server: "6530aa".to_owned(),
        events: vec![
            event(MatchEventKind::ServerReady),
            event(MatchEventKind::PlayerConnected(SteamId::of_account(1))),
            event(MatchEventKind::RoundEnd(Score { team1: 1, team2: 0 })),
            event(MatchEventKind::Other("omen".to_owned())),
        ],
        is_finished: false,
        cancel_reason: Some(CancelReason::MissingPlayers(vec![SteamId::of_account(2)])),
        score: Score { team1: 1, team2: 0 },
        rounds_played: 1,
        players: vec![PlayerReading {
            steam_id: SteamId::of_account(1),
            name: "p1".to_owned(),
            side: Some(Side::Team1),
            is_connected: true,
            was_connected: true,
            is_kicked: false,
            kills: 3,
            deaths: 1,
            assists: 2,
        }],
        observed_at: AT,
    }
}

/// A match with every part that it can have.
pub fn running() -> Match {
    Match {
        id: "01MATCH".into(),
        request: request(),
        run: "01RUN".into(),
        by: "ann@bastion".into(),
        phase: MatchPhase::Live,
        phase_since: AT,
        until: Some(AT.plus_millis(600_000)),
        server: MatchServer::Up,
        rented: Some(RentedServer {
            key: server_key(),
            name: "match".to_owned(),
            location: "dusseldorf".to_owned(),
            address: Some("203.0.113.7:27015".to_owned()),
        }),
        burn_per_hour: Some(Money::new(Decimal::new(22, 2), "EUR")),
        cost: Some(Money::new(Decimal::new(7, 2), "EUR")),
        reading: Some(reading()),
        end: Some(MatchEnd::Overdue(MatchPhase::Live)),
        settlement: Some(settlement()),
        demo_file: Some("demos/01MATCH.dem".to_owned()),
        hooks: HookState::Heard(AT),
        requested_at: AT,
        ended_at: None,
        observed_at: AT,
    }
}

pub fn requests() -> Vec<Request> {
    let id = || "01MATCH".into();
    vec![
        Request::Plan(ActionRequest::RunMatch { request: Box::new(request()) }),
        Request::Plan(ActionRequest::DestroyMatchServer { server: server_key() }),
        Request::Plan(ActionRequest::KeepMatchServer {
            server: server_key(),
            reason: "rematch".to_owned(),
            until: Some(AT),
        }),
        Request::MatchConnect { id: id() },
        Request::AddMatchPlayer { id: id(), side: Some(Side::Team2), player: player(7) },
        Request::SettleMatch { id: id(), score: Some(Score { team1: 13, team2: 7 }) },
        Request::ReverseSettlement { id: id(), reason: "wrong".to_owned() },
        Request::Standings,
        Request::LedgerRecords { limit: 50 },
        Request::Rosters,
        Request::SaveRoster { name: "Red".to_owned(), team: team(1) },
    ]
}

pub fn replies() -> Vec<Reply> {
    let standing = Standing {
        name: "p1".to_owned(),
        rating: 1_016,
        won: 1,
        lost: 0,
        drawn: 2,
        earned: [(Currency("soberanas".to_owned()), Decimal::from(50))].into(),
        last_at: AT,
    };
    vec![
        Reply::MatchConnect { connect: ConnectString::new("203.0.113.7:27015", "5f2c") },
        Reply::Standings(vec![(SteamId::of_account(1), standing)]),
        Reply::LedgerRecords(vec![
            LedgerRecord::Settled(Box::new(settlement())),
            LedgerRecord::Reversed {
                match_id: "01MATCH".into(),
                reason: "wrong".to_owned(),
                at: AT,
                by: "ann@bastion".into(),
            },
        ]),
        Reply::Rosters(vec![SavedRoster {
            name: "Red".to_owned(),
            team: team(1),
            by: "ann@bastion".into(),
            at: AT,
        }]),
    ]
}
