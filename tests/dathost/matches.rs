//! Matches from the boot of their server to the end of their recording, and every way in which they do not get there.

use quarterdeck::model::game_server::GameServerState;
use quarterdeck::model::matches::{
    CancelReason, MatchEventKind, MatchPhase, MatchReading, MatchRequest, RosterPlayer, Score, ServerSource,
    Side, SteamId, TeamRequest,
};
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::providers::dathost::NewMatch;
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::Fault;
use quarterdeck::sim::dathost::MatchFate;

use crate::lab::{A_BOOT, HOUR, Lab, MINUTE};

/// Longer than a match takes.
const A_MATCH: i64 = 2 * HOUR;

/// Two against two.
pub fn request() -> MatchRequest {
    let player = |number: u32| RosterPlayer {
        steam_id: SteamId::of_account(number),
        name: format!("p{number}"),
        is_substitute: false,
    };
    let team = |name: &str, first: u32| TeamRequest {
        name: name.to_owned(),
        flag: "SE".to_owned(),
        players: vec![player(first), player(first + 1)],
    };
    MatchRequest {
        account: "main".into(),
        source: ServerSource::Fresh { location: "stockholm".to_owned() },
        map: "de_mirage".to_owned(),
        team1: team("Red", 1),
        team2: team("Blue", 101),
        spectators: Vec::new(),
        connect_time_s: 240,
        countdown_s: 15,
        is_demo_kept: false,
    }
}

impl Lab {
    /// Begins a match on a server.
    async fn begin(&self, server: &str) -> MatchReading {
        let new = NewMatch { server, request: &request(), hook: None };
        self.client.create_match(new).await.expect("a match")
    }

    async fn reading(&self, id: &str) -> MatchReading {
        self.client.match_reading(id, Priority::Run).await.expect("the match")
    }
}

#[tokio::test]
async fn a_match_is_played_from_boot_to_recording_and_its_server_stays_on() {
    use MatchEventKind as E;
    let lab = Lab::new().await;
    let server = lab.id("scrim");
    lab.sim.world().set_next_match(MatchFate::Ends(13, 7));
    let begun = lab.begin(&server).await;
    assert_eq!((begun.phase(), begun.server.as_str()), (MatchPhase::Booting, server.as_str()));
    assert_eq!(lab.server(&server).await.match_id.as_deref(), Some(begun.id.as_str()));
    lab.pass(A_BOOT);
    assert_eq!(lab.reading(&begun.id).await.phase(), MatchPhase::Warmup);
    lab.pass(4 * MINUTE);
    let live = lab.reading(&begun.id).await;
    assert_eq!((live.phase(), live.connected()), (MatchPhase::Live, 4));
    lab.pass(A_MATCH);
    let ended = lab.reading(&begun.id).await;
    assert_eq!((ended.phase(), ended.best_score()), (MatchPhase::Finished, Score { team1: 13, team2: 7 }));
    assert!(ended.is_settleable() && ended.rounds_played == 20 && ended.cancel_reason.is_none());
    assert_eq!(ended.participants().len(), 4);
    let lifecycle: Vec<&MatchEventKind> = ended
        .events
        .iter()
        .map(|event| &event.kind)
        .filter(|kind| !matches!(kind, MatchEventKind::RoundEnd(_) | MatchEventKind::PlayerConnected(_)))
        .collect();
    assert_eq!(
        lifecycle,
        [
            &E::BootingServer,
            &E::LoadingMap,
            &E::ServerReady,
            &E::AllPlayersConnected,
            &E::MatchStarted,
            &E::MatchEnded,
            &E::PlayersExited,
            &E::GotvStopped
        ]
    );
    let after = lab.server(&server).await;
    assert_eq!((after.state, after.match_id), (GameServerState::On, None), "and it bills");
    let mut recording =
        lab.client.download(&server, &format!("{}.dem", begun.id), 1_000_000).await.expect("there");
    let mut bytes = Vec::new();
    while let Some(piece) = recording.next().await.expect("a piece") {
        bytes.extend_from_slice(&piece);
    }
    assert_eq!(Some(bytes), lab.sim.world().file(&server, &format!("{}.dem", begun.id)));
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_draw_ends_after_as_many_rounds_as_there_are() {
    let lab = Lab::new().await;
    lab.sim.world().set_next_match(MatchFate::Ends(12, 12));
    let begun = lab.begin(&lab.id("scrim")).await;
    lab.pass(A_MATCH);
    assert_eq!(lab.reading(&begun.id).await.best_score(), Score { team1: 12, team2: 12 });
    lab.sim.stop().await;
}

#[tokio::test]
async fn matches_are_called_off_for_every_reason() {
    let lab = Lab::new().await;
    let server = lab.id("scrim");
    lab.sim.world().set_next_match(MatchFate::Missing(1));
    let missing = lab.begin(&server).await;
    lab.pass(5 * MINUTE);
    let missing = lab.reading(&missing.id).await;
    assert_eq!(missing.cancel_reason, Some(CancelReason::MissingPlayers(vec![SteamId::of_account(102)])));
    lab.sim.world().set_next_match(MatchFate::LeavesInCountdown);
    let left = lab.begin(&server).await;
    lab.pass(5 * MINUTE);
    assert!(
        matches!(lab.reading(&left.id).await.cancel_reason, Some(CancelReason::MissingPlayers(who)) if who.len() == 1)
    );
    let asked = lab.begin(&server).await;
    lab.client.cancel_match(&asked.id).await.expect("canceled");
    assert_eq!(lab.reading(&asked.id).await.cancel_reason, Some(CancelReason::Asked));
    let again = lab.client.cancel_match(&asked.id).await.expect_err("it is over");
    assert_eq!((again.kind, again.effect), (ProblemKind::Conflict, Effect::None));
    let replaced = lab.begin(&server).await;
    lab.begin(&server).await;
    assert_eq!(lab.reading(&replaced.id).await.cancel_reason, Some(CancelReason::NewMatchStarted));
    assert_eq!(lab.server(&server).await.state, GameServerState::Booting, "restarted");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_server_that_is_lost_is_timed_out_in_silence_hours_later() {
    for fate in [MatchFate::Crashes { after_rounds: 2 }, MatchFate::NeverBoots, MatchFate::Plays] {
        let lab = Lab::new().await;
        let server = lab.id("scrim");
        lab.sim.world().set_next_match(fate);
        let begun = lab.begin(&server).await;
        lab.pass(20 * MINUTE);
        if fate == MatchFate::Plays {
            lab.client.start(&server).await.expect("rebooted in the middle of it");
        }
        lab.pass(5 * HOUR);
        let lost = lab.reading(&begun.id).await;
        assert!(!lost.is_finished && lost.cancel_reason.is_none(), "{fate:?}: {lost:?}");
        assert_ne!(lab.server(&server).await.state, GameServerState::Off, "it is on, and bills");
        lab.pass(2 * HOUR);
        let timed_out = lab.reading(&begun.id).await;
        assert_eq!(timed_out.cancel_reason, Some(CancelReason::TimedOut), "{fate:?}");
        assert!(!timed_out.events.iter().any(|event| event.kind == MatchEventKind::MatchCanceled));
        lab.sim.stop().await;
    }
}

#[tokio::test]
async fn a_lost_create_is_sent_once_and_found_at_its_server() {
    let lab = Lab::new().await;
    let server = lab.id("scrim");
    lab.sim.faults().next("POST", "/cs2-matches$", Fault::CommitThenDrop);
    let new = NewMatch { server: &server, request: &request(), hook: None };
    let lost = lab.client.create_match(new).await.expect_err("its answer is lost");
    assert_eq!(lost.effect, Effect::Possible);
    let id = lab.server(&server).await.match_id.expect("it goes on there");
    assert_eq!(lab.reading(&id).await.server, server);
    assert_eq!(lab.sim.world().matches().len(), 1);
    lab.sim.stop().await;
}

#[tokio::test]
async fn somebody_is_added_and_strangers_are_not_found() {
    let lab = Lab::new().await;
    let begun = lab.begin(&lab.id("scrim")).await;
    let late =
        RosterPlayer { steam_id: SteamId::of_account(50), name: "late".to_owned(), is_substitute: true };
    lab.client.add_match_player(&begun.id, &late, Some(Side::Team1)).await.expect("added");
    let twice = lab.client.add_match_player(&begun.id, &late, None).await.expect_err("listed already");
    assert_eq!(twice.kind, ProblemKind::Invalid);
    let read = lab.reading(&begun.id).await;
    assert!(
        read.players
            .iter()
            .any(|player| player.steam_id == late.steam_id && player.side == Some(Side::Team1))
    );
    let unknown =
        lab.client.match_reading("000000000000000000000000", Priority::Run).await.expect_err("none");
    assert_eq!(unknown.kind, ProblemKind::NotFound);
    let new = NewMatch { server: "000000000000000000000000", request: &request(), hook: None };
    assert_eq!(lab.client.create_match(new).await.expect_err("no server").kind, ProblemKind::NotFound);
    lab.sim.stop().await;
}
