//! What the matches tab, its form and its dialogs ask for; and that the password to join is never shown.

use quarterdeck::console::actions::Action;
use quarterdeck::console::component::{Component, Effect, Touched};
use quarterdeck::console::keys::{Key, KeyCode};
use quarterdeck::console::players_view::PlayersView;
use quarterdeck::console::tabs;
use quarterdeck::model::action::{ActionRequest, CheckOutcome};
use quarterdeck::model::fleet::Change;
use quarterdeck::model::ids::RunId;
use quarterdeck::model::matches::{MatchRequest, RosterPlayer, Score, ServerSource, Side, SteamId};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{Reply, Request, Tab};
use quarterdeck::model::run::RunStatus;

use crate::fixture::{NOW, ago, empty_fleet};
use crate::matches_fixture::{self as rented, PASSWORD};
use crate::stage::{Stage, text};
use crate::whole::Whole;

fn requests(effects: Vec<Effect>) -> Vec<Request> {
    let request = |effect| match effect {
        Effect::Send { request, .. } => Some(request),
        _ => None,
    };
    effects.into_iter().filter_map(request).collect()
}

fn opened(effects: Vec<Effect>) -> Option<Box<dyn Component>> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::Open(component) => Some(component),
        _ => None,
    })
}

fn keys(names: &[&str]) -> Vec<Key> {
    names.iter().map(|name| Key::parse(name).expect("a key")).collect()
}

/// The tab over the matches of the fixture, the row with this number selected.
fn tab(stage: &Stage, row: usize) -> Box<dyn Component> {
    let mut tab = tabs::component(Tab::Matches);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::Home]);
    stage.act(tab.as_mut(), &vec![Action::Down; row]);
    tab
}

/// The form that a key opens, its saved teams told.
fn form(stage: &Stage, tab: &mut dyn Component, key: &str) -> Box<dyn Component> {
    let mut form = opened(stage.press(tab, &keys(&[key]))).expect("the form");
    assert_eq!(requests(stage.open(form.as_mut())), [Request::Rosters]);
    stage.reply(form.as_mut(), 1, &Ok(Reply::Rosters(rented::rosters())));
    form
}

fn paste(stage: &Stage, form: &mut dyn Component, pasted: &str) {
    form.on_paste(pasted, &stage.context(), &mut quarterdeck::console::component::Effects::default());
}

fn asked_plan(effects: Vec<Effect>) -> Option<MatchRequest> {
    match requests(effects).pop()? {
        Request::Plan(ActionRequest::RunMatch { request }) => Some(*request),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_match_is_typed_checked_planned_and_its_form_goes_when_it_runs() {
    let mut stage = Stage::new(rented::fleet(), NOW);
    let mut tab = tab(&stage, 0);
    let mut form = form(&stage, tab.as_mut(), "n");
    stage.type_text(form.as_mut(), "Cats");
    stage.press(form.as_mut(), &keys(&["tab"]));
    paste(
        &stage,
        form.as_mut(),
        "76561197960265974, https://steamcommunity.com/profiles/76561197960265975 gaben",
    );
    assert!(stage.press(form.as_mut(), &keys(&["enter"])).is_empty(), "what is wrong is not asked");
    let frame = text(&stage.draw(form.as_mut(), 80, 24));
    assert!(frame.contains("2 players, 1 wrong") && frame.contains("'gaben' is no Steam id"), "{frame}");
    stage.press(form.as_mut(), &keys(&["ctrl-w"]));
    stage.press(form.as_mut(), &keys(&["tab", "tab"]));
    stage.type_text(form.as_mut(), "Dogs");
    stage.press(form.as_mut(), &keys(&["tab"]));
    stage.type_text(form.as_mut(), "[U:1:5] STEAM_0:1:7=Bo");
    stage.press(form.as_mut(), &keys(&["tab", "tab", "tab", "down"]));
    let sent = asked_plan(stage.press(form.as_mut(), &keys(&["enter"]))).expect("a plan is asked for");
    let ids: Vec<(Side, u32, &str)> = sent
        .players()
        .map(|(side, player)| (side, player.steam_id.account_number(), player.name.as_str()))
        .collect();
    let expected =
        [(Side::Team1, 246, ""), (Side::Team1, 247, ""), (Side::Team2, 5, ""), (Side::Team2, 15, "Bo")];
    assert_eq!(ids, expected);
    assert_eq!((sent.kind().as_str(), sent.team_name(Side::Team2), sent.faults().len()), ("2v2", "Dogs", 0));
    assert!(stage.press(form.as_mut(), &keys(&["enter"])).is_empty(), "one plan at a time");

    let request = ActionRequest::RunMatch { request: Box::new(sent) };
    let mut refused = rented::plan(request.clone(), "play 2v2");
    refused.checks[1].outcome = CheckOutcome::Refuse;
    refused.checks[1].detail = "0.01 EUR are left".to_owned();
    assert!(opened(stage.reply(form.as_mut(), 0, &Ok(Reply::Plan(Box::new(refused))))).is_none());
    let frame = text(&stage.draw(form.as_mut(), 80, 24));
    assert!(frame.contains("balance: 0.01 EUR are left") && frame.contains("Dogs"), "{frame}");

    assert!(asked_plan(stage.press(form.as_mut(), &keys(&["enter"]))).is_some());
    let plan = rented::plan(request, "play 2v2");
    let mut dialog =
        opened(stage.reply(form.as_mut(), 0, &Ok(Reply::Plan(Box::new(plan.clone()))))).expect("the plan");
    assert!(stage.open(dialog.as_mut()).is_empty(), "the plan is there: it is not asked for again");
    let sent = requests(stage.press(dialog.as_mut(), &keys(&["y"])));
    assert_eq!(
        sent,
        [Request::Execute { plan: plan.id.clone(), typed: None, is_over_budget_accepted: false }]
    );

    // Another run closes nothing; that of this plan does.
    let tell = |stage: &mut Stage, form: &mut dyn Component, run| {
        stage.fleet.apply(Change::Run(Box::new(run)));
        let touched = Touched { runs: vec![RunId::from("01NEW")], ..Touched::default() };
        let mut effects = quarterdeck::console::component::Effects::default();
        form.on_changes(&touched, &stage.context(), &mut effects);
        effects.take()
    };
    let mut run = rented::run(&rented::live(), RunStatus::Running, 0);
    run.id = "01NEW".into();
    assert!(tell(&mut stage, form.as_mut(), run.clone()).is_empty());
    run.plan = plan;
    assert!(matches!(tell(&mut stage, form.as_mut(), run).as_slice(), [Effect::Close]));
}

#[test]
fn a_late_plan_of_what_was_typed_before_is_not_shown() {
    let stage = Stage::new(rented::fleet(), NOW);
    let mut tab = tab(&stage, 1);
    let mut form = form(&stage, tab.as_mut(), "R");
    let sent = asked_plan(stage.press(form.as_mut(), &keys(&["enter"]))).expect("a plan is asked for");
    stage.type_text(form.as_mut(), "!");
    let plan = rented::plan(ActionRequest::RunMatch { request: Box::new(sent) }, "play");
    assert!(stage.reply(form.as_mut(), 0, &Ok(Reply::Plan(Box::new(plan)))).is_empty());
}

#[test]
fn a_rematch_asks_for_the_same_match() {
    let stage = Stage::new(rented::fleet(), NOW);
    for row in 1..=5 {
        let mut tab = tab(&stage, row);
        let mut form = form(&stage, tab.as_mut(), "R");
        let sent = asked_plan(stage.press(form.as_mut(), &keys(&["enter"]))).expect("a plan is asked for");
        let known = rented::matches().into_iter().find(|one| one.request == sent);
        assert!(known.is_some(), "row {row}: {sent:#?}");
    }
}

#[test]
fn saved_teams_are_chosen_and_teams_are_saved() {
    let stage = Stage::new(rented::fleet(), NOW);
    let mut tab = tab(&stage, 0);
    let mut form = form(&stage, tab.as_mut(), "n");
    stage.press(form.as_mut(), &keys(&["down"]));
    stage.press(form.as_mut(), &keys(&["tab", "tab", "tab", "up"]));
    let sent =
        asked_plan(stage.press(form.as_mut(), &keys(&["enter"]))).expect("two saved teams are a match");
    let teams: Vec<(&str, usize)> =
        [&sent.team1, &sent.team2].map(|team| (team.name.as_str(), team.players.len())).to_vec();
    assert_eq!(teams, [("Natus Vincere", 5), ("Vitality", 5)]);
    assert!(sent.players().all(|(_, player)| !player.name.is_empty()), "names come along");

    stage.type_text(form.as_mut(), " B");
    let saved = requests(stage.press(form.as_mut(), &keys(&["ctrl-s"])));
    let [Request::SaveRoster { name, team }] = saved.as_slice() else { panic!("{saved:?}") };
    assert_eq!((name.as_str(), team.players.len()), ("Vitality B", 5));
    let asked = requests(stage.reply(form.as_mut(), 2, &Ok(Reply::Done)));
    assert_eq!(asked, [Request::Rosters], "the list is read again");
    stage.press(form.as_mut(), &keys(&["ctrl-u"]));
    assert!(stage.press(form.as_mut(), &keys(&["ctrl-s"])).is_empty(), "a team without a name is not saved");
}

#[test]
fn a_copy_of_a_template_may_stand_elsewhere() {
    let stage = Stage::new(rented::fleet(), NOW);
    let mut tab = tab(&stage, 1);
    let mut form = form(&stage, tab.as_mut(), "R");
    stage.press(form.as_mut(), &[Key::plain(KeyCode::Tab); 9]);
    stage.type_text(form.as_mut(), "6530bb");
    let sent = asked_plan(stage.press(form.as_mut(), &keys(&["enter"]))).expect("a plan is asked for");
    let expected =
        ServerSource::Template { server: "6530bb".to_owned(), location: Some("dusseldorf".to_owned()) };
    assert_eq!(sent.source, expected);
}

#[test]
fn each_key_asks_for_its_action() {
    let stage = Stage::new(rented::fleet(), NOW);
    let of = |row: usize, key: &str| {
        let mut tab = tab(&stage, row);
        let mut dialog = opened(stage.press(tab.as_mut(), &keys(&[key]))).expect("a dialog");
        let asked = requests(stage.open(dialog.as_mut()));
        (dialog, asked)
    };
    let (_, asked) = of(0, "D");
    assert_eq!(
        asked,
        [Request::Plan(ActionRequest::DestroyMatchServer { server: rented::server_key("6530ad") })]
    );

    let (mut keep, _) = of(0, "a");
    assert!(stage.press(keep.as_mut(), &keys(&["enter"])).is_empty(), "a reason is needed");
    stage.type_text(keep.as_mut(), "looked at");
    let mut plan = opened(stage.press(keep.as_mut(), &keys(&["enter"]))).expect("the plan");
    let until = Some(NOW.plus_millis(2 * 3_600_000));
    let server = rented::server_key("6530ad");
    let expected = ActionRequest::KeepMatchServer { server, reason: "looked at".to_owned(), until };
    assert_eq!(requests(stage.open(plan.as_mut())), [Request::Plan(expected)]);

    let (mut add, _) = of(1, "p");
    stage.type_text(add.as_mut(), "STEAM_0:0:1");
    assert!(stage.press(add.as_mut(), &keys(&["enter"])).is_empty(), "ropz is on the list already");
    stage.press(add.as_mut(), &keys(&["backspace"]));
    stage.type_text(add.as_mut(), "500");
    stage.press(add.as_mut(), &keys(&["tab", "tab", "up"]));
    let player =
        RosterPlayer { steam_id: SteamId::of_account(1_000), name: String::new(), is_substitute: true };
    let id = rented::id(&rented::live());
    let sent = requests(stage.press(add.as_mut(), &keys(&["enter"])));
    assert_eq!(sent, [Request::AddMatchPlayer { id, side: None, player }], "a spectator");

    let (mut settle, _) = of(5, "s");
    stage.type_text(settle.as_mut(), "7-2");
    let sent = requests(stage.press(settle.as_mut(), &keys(&["enter"])));
    let (id, score) = (rented::id(&rented::unsettled()), Some(Score { team1: 7, team2: 2 }));
    assert_eq!(sent, [Request::SettleMatch { id, score }]);
    let effects = stage.reply(settle.as_mut(), 0, &Ok(Reply::Done));
    assert!(matches!(effects.as_slice(), [Effect::Notice(..), Effect::Close]));

    let (mut reverse, _) = of(4, "u");
    assert!(stage.press(reverse.as_mut(), &keys(&["enter"])).is_empty(), "a reason is needed");
    stage.type_text(reverse.as_mut(), "wrong");
    let sent = requests(stage.press(reverse.as_mut(), &keys(&["enter"])));
    let id = rented::id(&rented::finished());
    assert_eq!(sent, [Request::ReverseSettlement { id, reason: "wrong".to_owned() }]);

    let (mut cancel, _) = of(1, "x");
    assert_eq!(
        requests(stage.press(cancel.as_mut(), &keys(&["y"]))),
        [Request::CancelRun(rented::live().run)]
    );
    let (_, asked) = of(1, "c");
    assert_eq!(asked, [Request::ConsoleOpen(rented::server_key("6530aa"))]);
    let (_, asked) = of(1, "P");
    assert_eq!(asked, [Request::Standings]);
}

#[test]
fn what_cannot_be_done_is_greyed_and_said() {
    use Action::{
        AddPlayer, CancelRun, CopyConnect, DestroyMatchServer, NewMatch, ReverseSettlement, SettleMatch,
    };
    let stage = Stage::new(rented::fleet(), NOW);
    let is_enabled = |row, action| tab(&stage, row).is_enabled(action, &stage.context());
    let live =
        [AddPlayer, CancelRun, CopyConnect, DestroyMatchServer, NewMatch].map(|action| is_enabled(1, action));
    assert_eq!(live, [true; 5]);
    let finished = [AddPlayer, CancelRun, CopyConnect, DestroyMatchServer, SettleMatch]
        .map(|action| is_enabled(4, action));
    assert_eq!(finished, [false; 5]);
    assert_eq!(
        [is_enabled(4, ReverseSettlement), is_enabled(5, ReverseSettlement), is_enabled(5, SettleMatch)],
        [true, false, true]
    );
    let mut ended = tab(&stage, 4);
    let said = stage.press(ended.as_mut(), &keys(&["Y", "D", "p", "s"]));
    assert!(said.iter().all(|effect| matches!(effect, Effect::Notice(..))) && said.len() == 4);

    let bare = Stage::new(empty_fleet(), NOW);
    let mut tab = tabs::component(Tab::Matches);
    bare.open(tab.as_mut());
    assert!(!tab.is_enabled(NewMatch, &bare.context()));
    assert!(matches!(bare.press(tab.as_mut(), &keys(&["n"])).as_slice(), [Effect::Notice(..)]));
}

#[test]
fn how_to_join_is_copied_when_asked_for_and_the_password_shown_nowhere() {
    let stage = Stage::new(rented::fleet(), NOW);
    let mut tab = tab(&stage, 1);
    let asked = requests(stage.press(tab.as_mut(), &keys(&["Y"])));
    assert_eq!(asked, [Request::MatchConnect { id: rented::id(&rented::live()) }]);
    let reply = Ok(Reply::MatchConnect { connect: rented::connect() });
    assert!(stage.reply(tab.as_mut(), 0, &reply).is_empty(), "an answer to no question is not copied");
    let effects = stage.reply(tab.as_mut(), 1, &reply);
    let [Effect::Copy { text, label }] = effects.as_slice() else { panic!("one copy") };
    assert_eq!(text, &format!("connect 203.0.113.7:27015; password {PASSWORD}"));
    assert!(label.contains("Vitality vs Natus Vincere") && label.contains("203.0.113.7:27015"), "{label}");
    assert!(!label.contains(PASSWORD), "{label}");

    let mut whole = Whole::new();
    whole.snapshot(&rented::fleet());
    whole.press(&["3", "home", "down", "Y"]);
    whole.answer(rented::answer);
    let mut seen = vec![whole.text(200, 50)];
    whole.press(&["enter"]);
    seen.push(whole.text(200, 50));
    whole.press(&["e", "N"]);
    seen.push(whole.text(200, 50));
    assert!(seen[0].contains("copied how to join Vitality vs Natus Vincere"), "{}", seen[0]);
    assert!(seen.iter().all(|frame| !frame.contains(PASSWORD)), "{seen:?}");

    let failed =
        stage.reply(tab.as_mut(), 1, &Err(Problem::refused("no account for matches is configured", "")));
    assert!(matches!(failed.as_slice(), [Effect::Notice(..)]));
    let exported = stage.act(tab.as_mut(), &[Action::Export]);
    let files = exported.iter().filter_map(|effect| match effect {
        Effect::WriteFile { contents, .. } => Some(contents),
        _ => None,
    });
    let files: Vec<&String> = files.collect();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| file.contains("Vitality vs Natus Vincere") && !file.contains(PASSWORD)));
    // Also not where messages are logged.
    assert!(!format!("{reply:?}").contains(PASSWORD));
}

#[test]
fn the_header_counts_what_is_live_and_the_list_puts_what_bills_without_need_first() {
    let mut whole = Whole::new();
    whole.snapshot(&rented::fleet());
    whole.press(&["3"]);
    let frame = whole.text(120, 40);
    assert!(frame.contains("● 1 live"), "{frame}");
    let at = |words: &str| frame.find(words).unwrap_or_else(|| panic!("{words} is not shown:\n{frame}"));
    let order =
        ["Foxes vs Owls", "Vitality vs", "team 1 vs", "Rivals vs", "Red vs Blue", "Cats vs Dogs"].map(at);
    assert!(order.is_sorted(), "{frame}");
    let mut live = rented::live();
    live.phase = quarterdeck::model::matches::MatchPhase::Finished;
    live.ended_at = Some(ago(0));
    whole.change(Change::Match(Box::new(live)));
    let frame = whole.text(120, 40);
    assert!(!frame.contains("live"), "{frame}");
}

#[test]
fn matches_are_filtered_by_column() {
    let stage = Stage::new(rented::fleet(), NOW);
    for (filter, shown) in [
        ("phase=live", "Vitality"),
        ("city=Seattle", "team 1"),
        ("cost>0.5", "Foxes"),
        ("burn>0.1 phase=failed", "Foxes"),
        ("trouble:operator", "Foxes"),
        ("settled=yes", "Red vs Blue"),
        ("map=de_nuke kind=1v1", "Rivals"),
        ("age>8h", "Cats"),
    ] {
        let mut tab = tab(&stage, 0);
        stage.press(tab.as_mut(), &keys(&["/"]));
        stage.type_text(tab.as_mut(), filter);
        let frame = text(&stage.draw(tab.as_mut(), 120, 12));
        assert!(frame.contains(shown) && frame.contains("1 of 6 shown"), "{filter}:\n{frame}");
    }
}

#[test]
fn players_are_asked_for_again_when_a_match_is_settled() {
    let mut stage = Stage::new(rented::fleet(), NOW);
    let mut view = PlayersView::default();
    assert_eq!(requests(stage.open(&mut view)), [Request::Standings]);
    let mut hear = |stage: &mut Stage, one: quarterdeck::model::matches::Match| {
        let touched = Touched { matches: vec![one.id.clone()], ..Touched::default() };
        stage.fleet.apply(Change::Match(Box::new(one)));
        let mut effects = quarterdeck::console::component::Effects::default();
        view.on_changes(&touched, &stage.context(), &mut effects);
        requests(effects.take())
    };
    assert_eq!(hear(&mut stage, rented::live()), [] as [Request; 0], "a round changes no rating");
    let settled = quarterdeck::model::matches::Match {
        settlement: rented::finished().settlement,
        ..rented::unsettled()
    };
    assert_eq!(hear(&mut stage, settled), [Request::Standings]);
}
