//! What the engine answers about matches before it rents any: the ledger, settling by hand, saved teams.

use std::path::Path;
use std::sync::Arc;

use quarterdeck::engine::handle::{Caller, EngineHandle};
use quarterdeck::engine::matches::setup::MatchSetup;
use quarterdeck::engine::money::MoneySetup;
use quarterdeck::engine::observation::Observation;
use quarterdeck::engine::policy::Policy;
use quarterdeck::engine::{EngineSetup, EngineTask, start};
use quarterdeck::model::action::ActionRequest;
use quarterdeck::model::ids::MatchId;
use quarterdeck::model::matches::{
    HookState, LedgerRecord, Match, MatchEnd, MatchPhase, MatchReading, MatchRequest, MatchServer,
    PlayerReading, RosterPlayer, Score, ServerSource, Side, SteamId, TeamRequest,
};
use quarterdeck::model::problem::{Problem, ProblemKind};
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::site::Site;
use quarterdeck::model::time::{ManualClock, Timestamp};

async fn engine(dir: &Path) -> (EngineHandle, EngineTask) {
    let setup = EngineSetup {
        site: Site::default(),
        version: "0.1.0".to_owned(),
        data_dir: dir.to_owned(),
        clock: Arc::new(ManualClock::at(Timestamp(1_795_000_000_000))),
        panels: Vec::new(),
        orders: Vec::new(),
        money: MoneySetup::default(),
        matches: MatchSetup::default(),
        policy: Policy::default(),
    };
    start(setup).await.expect("an engine")
}

fn caller(is_read_only: bool) -> Caller {
    Caller { operator: "ann@bastion".into(), origin: "console".to_owned(), is_read_only, client: 1 }
}

async fn ask(engine: &EngineHandle, request: Request) -> Result<Reply, Problem> {
    engine.request(&caller(false), request).await
}

fn listed(number: u32) -> RosterPlayer {
    RosterPlayer { steam_id: SteamId::of_account(number), name: format!("p{number}"), is_substitute: false }
}

fn team(number: u32) -> TeamRequest {
    TeamRequest { name: format!("t{number}"), flag: String::new(), players: vec![listed(number)] }
}

fn request() -> MatchRequest {
    MatchRequest {
        account: "dathost".into(),
        source: ServerSource::Fresh { location: "stockholm".to_owned() },
        map: "de_mirage".to_owned(),
        team1: team(1),
        team2: team(2),
        spectators: Vec::new(),
        connect_time_s: 300,
        countdown_s: 30,
        is_demo_kept: false,
    }
}

/// One against one, ended in this phase at 13:7.
fn played(id: &str, phase: MatchPhase) -> Match {
    let score = Score { team1: 13, team2: 7 };
    let player = |(side, listed): (Side, &RosterPlayer)| PlayerReading {
        steam_id: listed.steam_id,
        name: listed.name.clone(),
        side: Some(side),
        is_connected: false,
        was_connected: true,
        is_kicked: false,
        kills: 0,
        deaths: 0,
        assists: 0,
    };
    let request = request();
    let reading = MatchReading {
        id: "6540cc".to_owned(),
        server: "6530aa".to_owned(),
        events: Vec::new(),
        is_finished: phase.is_over(),
        cancel_reason: None,
        score,
        rounds_played: 20,
        players: request.players().map(player).collect(),
        observed_at: Timestamp(0),
    };
    Match {
        id: id.into(),
        request,
        run: "01RUN".into(),
        by: "ann@bastion".into(),
        phase,
        phase_since: Timestamp(0),
        until: None,
        server: MatchServer::Destroyed,
        rented: None,
        burn_per_hour: None,
        cost: None,
        reading: Some(reading),
        end: phase.is_over().then_some(MatchEnd::Finished(score)),
        settlement: None,
        demo_file: None,
        hooks: HookState::NotConfigured,
        requested_at: Timestamp(0),
        ended_at: None,
        observed_at: Timestamp(0),
    }
}

fn settlement_of(engine: &EngineHandle, id: &str) -> Option<Score> {
    let of = |fleet: &quarterdeck::model::fleet::Fleet| fleet.matches[&MatchId::from(id)].settlement.clone();
    engine.fleet().read(of).map(|settlement| settlement.score)
}

async fn ratings(engine: &EngineHandle) -> Vec<(u32, i32)> {
    let Ok(Reply::Standings(standings)) = ask(engine, Request::Standings).await else { panic!("standings") };
    standings.iter().map(|(player, standing)| (player.account_number(), standing.rating)).collect()
}

#[tokio::test]
async fn a_match_is_settled_by_hand_once_and_taken_back_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, task) = self::engine(dir.path()).await;
    for one in [played("live", MatchPhase::Live), played("over", MatchPhase::Finished)] {
        engine.fleet().observe(Observation::Match(Box::new(one)));
    }
    let settle = |id: &str, score| Request::SettleMatch { id: id.into(), score };
    let refused = |result: Result<Reply, Problem>| result.expect_err("refused").kind;
    assert_eq!(refused(ask(&engine, settle("nobody", None)).await), ProblemKind::NotFound);
    assert_eq!(refused(ask(&engine, settle("live", Some(Score::default()))).await), ProblemKind::Refused);
    assert_eq!(refused(engine.request(&caller(true), settle("over", None)).await), ProblemKind::Refused);
    assert_eq!(settlement_of(&engine, "over"), None);

    assert_eq!(ask(&engine, settle("over", None)).await.unwrap(), Reply::Done);
    assert_eq!(settlement_of(&engine, "over"), Some(Score { team1: 13, team2: 7 }), "everybody sees it");
    assert_eq!(ratings(&engine).await, [(1, 1_025), (2, 975)], "best first");
    let again = settle("over", Some(Score { team1: 0, team2: 13 }));
    assert_eq!(refused(ask(&engine, again).await), ProblemKind::Refused);
    engine.shut_down();
    task.stopped().await;
    drop(engine);

    let (engine, task) = self::engine(dir.path()).await;
    assert_eq!(ratings(&engine).await, [(1, 1_025), (2, 975)]);
    let reverse = |reason: &str| Request::ReverseSettlement { id: "over".into(), reason: reason.to_owned() };
    assert_eq!(refused(ask(&engine, reverse("  ")).await), ProblemKind::Refused);
    ask(&engine, reverse("wrong demo")).await.unwrap();
    assert_eq!(ratings(&engine).await, [(1, 1_000), (2, 1_000)]);
    assert_eq!(refused(ask(&engine, reverse("again")).await), ProblemKind::Refused);
    let Ok(Reply::LedgerRecords(records)) = ask(&engine, Request::LedgerRecords { limit: 50 }).await else {
        panic!("records")
    };
    assert!(
        matches!(records.as_slice(), [LedgerRecord::Settled(_), LedgerRecord::Reversed { .. }]),
        "{records:?}"
    );
    let Ok(Reply::LedgerRecords(last)) = ask(&engine, Request::LedgerRecords { limit: 1 }).await else {
        panic!("records")
    };
    assert_eq!(last, records[1..]);
    let Ok(Reply::Audit(entries)) = ask(&engine, Request::Audit { limit: 50 }).await else { panic!("audit") };
    let actions: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.outcome.as_str())).collect();
    assert_eq!(actions, [("settle_match", "settled 13:7"), ("reverse_settlement", "taken back: wrong demo")]);
    engine.shut_down();
    task.stopped().await;
}

#[tokio::test]
async fn teams_are_saved_replaced_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, task) = self::engine(dir.path()).await;
    let save = |name: &str, team: TeamRequest| Request::SaveRoster { name: name.to_owned(), team };
    let names = async || {
        let Ok(Reply::Rosters(rosters)) = ask(&engine, Request::Rosters).await else { panic!("rosters") };
        rosters.into_iter().map(|roster| (roster.name, roster.team.players.len())).collect::<Vec<_>>()
    };
    let two = TeamRequest { players: vec![listed(1), listed(2)], ..TeamRequest::default() };
    ask(&engine, save("Red", team(1))).await.unwrap();
    ask(&engine, save(" \u{1b}[31mBlue ", team(2))).await.unwrap();
    ask(&engine, save("red", two)).await.unwrap();
    assert_eq!(names().await, [("Blue".to_owned(), 1), ("red".to_owned(), 2)], "cleaned, replaced, sorted");
    let twice = TeamRequest { players: vec![listed(1), listed(1)], ..TeamRequest::default() };
    let many = TeamRequest { players: (1..20).map(listed).collect(), ..TeamRequest::default() };
    for (name, team) in [("", team(1)), ("Red", twice), ("Red", many), (&"x".repeat(40), team(1))] {
        assert_eq!(
            ask(&engine, save(name, team)).await.expect_err("refused").kind,
            ProblemKind::Refused,
            "{name}"
        );
    }
    assert!(engine.request(&caller(true), save("Green", team(1))).await.is_err(), "read-only");
    ask(&engine, save("RED", TeamRequest::default())).await.unwrap();
    assert_eq!(names().await, [("Blue".to_owned(), 1)]);
    engine.shut_down();
    task.stopped().await;
}

#[tokio::test]
async fn without_an_account_nothing_is_rented_and_nothing_told() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, task) = self::engine(dir.path()).await;
    let join = ask(&engine, Request::MatchConnect { id: "m".into() }).await.expect_err("refused");
    assert_eq!(join.kind, ProblemKind::NotFound, "{join}");
    let plan = ask(&engine, Request::Plan(ActionRequest::RunMatch { request: Box::new(request()) })).await;
    let is_planned = matches!(&plan, Ok(Reply::Plan(plan)) if !plan.is_refused());
    assert!(!is_planned, "{plan:?}");
    engine.shut_down();
    task.stopped().await;
}
