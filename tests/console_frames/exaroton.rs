//! Servers that burn credits: beside the nodes, from credits, by keys.

use quarterdeck::console::actions::Action;
use quarterdeck::console::component::{Component, Effect, Reveal, Touched};
use quarterdeck::console::tabs;
use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::action::ActionRequest;
use quarterdeck::model::credits::{
    CreditServer, CreditServerPlayers, CreditServerSignal, CreditServerSoftware, CreditServerStatus, Payer,
};
use quarterdeck::model::fleet::{Change, Fleet};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::request::{Request, Tab};

use crate::fixture::{NOW, ago, feed};
use crate::money;
use crate::stage::{Stage, text};

/// The account's servers, in the condition that the frame is about.
pub fn servers_feed(change: impl Fn(&mut Feed)) -> Change {
    let mut feed = Feed { account: "exa".into(), provider: Provider::Exaroton, ..feed(FeedKind::Servers) };
    change(&mut feed);
    Change::Feed(Box::new(feed))
}

pub fn key(id: &str) -> ServerKey {
    ServerKey { account: "exa".into(), id: id.to_owned() }
}

fn server(id: &str, name: &str, status: CreditServerStatus, ram_gib: Option<u32>) -> CreditServer {
    let is_up = status == CreditServerStatus::Online;
    CreditServer {
        key: key(id),
        name: name.to_owned(),
        address: format!("{}.exaroton.me", name.split_whitespace().next().expect("a word")),
        motd: "Welcome\u{1b}[31m, stranger".to_owned(),
        status,
        host: is_up.then(|| "node9.example.net".to_owned()),
        port: Some(40_123),
        players: CreditServerPlayers { count: Some(u32::from(is_up) * 2), max: Some(20), names: Vec::new() },
        software: Some(CreditServerSoftware { name: "Paper".to_owned(), version: "1.21.10".to_owned() }),
        is_shared: false,
        ram_gib,
        payer: Payer::Balance(money::account("exa")),
        observed_at: ago(4_000),
    }
}

/// Servers in every kind of state, with every kind of payer.
fn servers() -> Vec<CreditServer> {
    let mut survival = server("s1", "survival", CreditServerStatus::Online, Some(6));
    survival.players.names = vec!["Steve".to_owned(), "Mara\u{1b}[1m".to_owned()];
    let mut event = server("s2", "weekend event with a long name", CreditServerStatus::Preparing, Some(4));
    event.payer = Payer::Balance(money::pool());
    let mut lobby = server("s3", "lobby", CreditServerStatus::Unknown(77), None);
    lobby.software = None;
    let mut friends = server("s4", "friends", CreditServerStatus::Online, Some(4));
    (friends.is_shared, friends.payer) = (true, Payer::Owner);
    let mut fresh = server("s6", "fresh", CreditServerStatus::Stopping, Some(2));
    fresh.payer = Payer::Undecided;
    vec![
        survival,
        event,
        lobby,
        friends,
        server("s5", "archive", CreditServerStatus::Offline, Some(8)),
        fresh,
        server("s7", "modded", CreditServerStatus::Crashed, Some(16)),
    ]
}

/// Everything about the account, as the engine says it.
pub fn changes() -> Vec<Change> {
    let mut changes = money::changes();
    changes.push(servers_feed(|_| {}));
    changes.extend(servers().into_iter().map(|server| Change::CreditServer(server.into())));
    changes
}

fn fleet() -> Fleet {
    let mut fleet = crate::fixture::fleet();
    for change in changes() {
        fleet.apply(change);
    }
    fleet
}

/// The servers of the account, opened from the nodes.
fn opened(stage: &Stage) -> Box<dyn Component> {
    let mut tab = tabs::component(Tab::Nodes);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::End, Action::Details]);
    stage.draw(tab.as_mut(), 120, 30);
    tab
}

/// What a dialog that was opened asks the engine for.
fn planned(stage: &Stage, effects: Vec<Effect>) -> Vec<ActionRequest> {
    let opened = effects.into_iter().filter_map(|effect| match effect {
        Effect::Open(component) => Some(component),
        _ => None,
    });
    opened
        .flat_map(|mut dialog| stage.open(dialog.as_mut()))
        .filter_map(|effect| match effect {
            Effect::Send { request: Request::Plan(request), .. } => Some(request),
            _ => None,
        })
        .collect()
}

fn said(effects: &[Effect]) -> String {
    let words = effects.iter().filter_map(|effect| match effect {
        Effect::Notice(_, words) => Some(words.as_str()),
        _ => None,
    });
    words.collect::<Vec<_>>().join("\n")
}

fn signal(id: &str, signal: CreditServerSignal) -> ActionRequest {
    ActionRequest::SignalCreditServer { server: key(id), signal }
}

const START: CreditServerSignal = CreditServerSignal::Start { with_own_credits: false };

#[test]
fn an_account_is_a_row_among_the_nodes_and_adds_its_servers_up() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = tabs::component(Tab::Nodes);
    stage.open(tab.as_mut());
    for (width, height) in [(80, 24), (120, 40)] {
        let frame = text(&stage.draw(tab.as_mut(), width, height));
        let row = frame.lines().find(|line| line.contains(" exa ")).expect("the account's row");
        // Online, preparing and what nobody knows burn, stopping too; lobby's memory is not known.
        assert!(row.contains("16 GiB in use") && row.contains("5/7") && row.contains("12.4"), "{row}");
    }
    let without = Stage::new(crate::fixture::fleet(), NOW);
    let mut tab = tabs::component(Tab::Nodes);
    without.open(tab.as_mut());
    assert!(
        !text(&without.draw(tab.as_mut(), 120, 40)).contains("CREDITS/H"),
        "no account, no column for it"
    );
}

#[test]
fn what_stands_out_comes_first_and_rows_are_filtered_and_sorted() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = opened(&stage);
    let rows = |tab: &mut dyn Component| {
        let frame = text(&stage.draw(tab, 120, 30));
        let names = ["survival", "weekend", "lobby", "friends", "archive", "fresh", "modded"];
        let shown = frame.lines().filter_map(|line| {
            let first = line.trim_start_matches(['▌', ' ']).split_whitespace().next()?;
            names.into_iter().find(|name| *name == first)
        });
        shown.collect::<Vec<_>>()
    };
    let by_name = ["lobby", "modded", "archive", "fresh", "friends", "survival", "weekend"];
    assert_eq!(rows(tab.as_mut()), by_name, "crashed and unknown on top, then by name");
    stage.act(tab.as_mut(), &[Action::Filter]);
    stage.type_text(tab.as_mut(), "cost>3 payer~exa players<5");
    stage.act(tab.as_mut(), &[Action::Submit]);
    assert_eq!(rows(tab.as_mut()), ["survival", "weekend"]);
    stage.act(tab.as_mut(), &[Action::Back, Action::Filter]);
    stage.type_text(tab.as_mut(), "shared=yes");
    stage.act(tab.as_mut(), &[Action::Submit]);
    assert_eq!(rows(tab.as_mut()), ["friends"]);
}

#[test]
fn keys_plan_what_they_say_for_the_selected_and_for_all_marked() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = opened(&stage);
    // The second row: modded has crashed.
    stage.act(tab.as_mut(), &[Action::Down]);
    for (action, expected) in [
        (Action::StartServer, signal("s7", START)),
        (Action::StartWithOwnCredits, signal("s7", CreditServerSignal::Start { with_own_credits: true })),
        (Action::StopServer, signal("s7", CreditServerSignal::Stop)),
        (Action::RestartServer, signal("s7", CreditServerSignal::Restart)),
    ] {
        let effects = stage.act(tab.as_mut(), &[action]);
        assert_eq!(planned(&stage, effects), [expected], "{action:?}");
    }
    assert!(tab.is_enabled(Action::StartServer, &stage.context()));
    assert!(!tab.is_enabled(Action::StopServer, &stage.context()), "it does not run");
    assert!(!tab.is_enabled(Action::ExtendTime, &stage.context()));
    let effects = stage.act(tab.as_mut(), &[Action::MarkAll, Action::StopServer]);
    let stops = planned(&stage, effects);
    assert_eq!(stops.len(), 7, "{stops:?}");
    assert!(stops.contains(&signal("s1", CreditServerSignal::Stop)));
    // What exaroton has not is said, not asked for.
    for action in [Action::DestroyServer, Action::SuspendServer, Action::KillServer] {
        let effects = stage.act(tab.as_mut(), &[action]);
        assert!(said(&effects).contains("nothing for this server"), "{action:?}");
        assert!(!tab.is_enabled(action, &stage.context()), "{action:?}");
    }
}

#[test]
fn the_memory_form_says_what_the_number_means_and_asks_for_it() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::Filter]);
    stage.type_text(tab.as_mut(), "name=survival");
    let mut effects = stage.act(tab.as_mut(), &[Action::Submit, Action::SetRam]);
    let Some(Effect::Open(mut form)) = effects.pop() else { panic!("no form: {}", said(&effects)) };
    stage.open(form.as_mut());
    let frame = text(&stage.draw(form.as_mut(), 80, 24));
    assert!(
        frame.contains("Memory of survival") && frame.contains("6.0000 credits/h = 0.0720 EUR/h"),
        "{frame}"
    );
    stage.type_text(form.as_mut(), "0");
    let frame = text(&stage.draw(form.as_mut(), 80, 24));
    assert!(frame.contains("a whole number from 2 to 16"), "60 is too much: {frame}");
    assert!(stage.act(form.as_mut(), &[Action::Submit]).is_empty(), "nothing is asked for");
    stage.press(form.as_mut(), &[quarterdeck::console::keys::Key::ctrl('u')]);
    stage.type_text(form.as_mut(), "12");
    let frame = text(&stage.draw(form.as_mut(), 80, 24));
    // 1204 credits; 12.8 an hour are burnt, of which 6 are this server's.
    assert!(
        frame.contains("now 6 credits/h while it runs") && frame.contains("12.0000 credits/h"),
        "{frame}"
    );
    assert!(frame.contains("running, exa lasts 2 d 16 h (now 3 d 22 h)"), "{frame}");
    let effects = stage.act(form.as_mut(), &[Action::Submit]);
    assert!(matches!(effects.first(), Some(Effect::Close)));
    let expected = ActionRequest::SetCreditServerRam { server: key("s1"), ram_gib: 12 };
    assert_eq!(planned(&stage, effects), [expected]);
}

#[test]
fn the_auto_stop_is_put_off_by_minutes() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::Filter]);
    stage.type_text(tab.as_mut(), "name=survival");
    let mut effects = stage.act(tab.as_mut(), &[Action::Submit, Action::ExtendTime]);
    let Some(Effect::Open(mut form)) = effects.pop() else { panic!("no form") };
    stage.open(form.as_mut());
    let frame = text(&stage.draw(form.as_mut(), 80, 24));
    assert!(frame.contains("at most 1.50 credits more"), "a quarter of an hour at 6 an hour: {frame}");
    let effects = stage.act(form.as_mut(), &[Action::Submit]);
    assert_eq!(
        planned(&stage, effects),
        [ActionRequest::ExtendCreditServer { server: key("s1"), seconds: 900 }]
    );
}

#[test]
fn the_same_keys_work_on_what_burns_a_balance() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = tabs::component(Tab::Credits);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::Down, Action::Down, Action::Details]);
    let frame = text(&stage.draw(tab.as_mut(), 120, 30));
    assert!(
        frame.contains("survival") && frame.contains("what burns") || frame.contains("BURN/H"),
        "{frame}"
    );
    let effects = stage.act(tab.as_mut(), &[Action::StopServer]);
    assert_eq!(planned(&stage, effects), [signal("s1", CreditServerSignal::Stop)]);
    let effects = stage.act(tab.as_mut(), &[Action::MarkAll, Action::RestartServer]);
    // The lobby burns in two ways and is one server.
    let expected = ["s1", "s2", "s3"].map(|id| signal(id, CreditServerSignal::Restart));
    assert_eq!(planned(&stage, effects), expected);
    stage.act(tab.as_mut(), &[Action::MarkAll]);
    let effects = stage.act(tab.as_mut(), &[Action::Copy]);
    let copied = effects.iter().find_map(|effect| match effect {
        Effect::Copy { text, label } => Some((text.as_str(), label.as_str())),
        _ => None,
    });
    assert_eq!(copied, Some(("survival.exaroton.me", "address")));
    let effects = stage.act(tab.as_mut(), &[Action::OpenBurner]);
    let revealed = effects.into_iter().find_map(|effect| match effect {
        Effect::Reveal(reveal) => Some(reveal),
        _ => None,
    });
    assert_eq!(revealed, Some(Reveal::Server(key("s1"))));
    let mut nodes = tabs::component(Tab::Nodes);
    stage.open(nodes.as_mut());
    let mut effects = quarterdeck::console::component::Effects::default();
    nodes.on_reveal(&Reveal::Server(key("s1")), &stage.context(), &mut effects);
    let frame = text(&stage.draw(nodes.as_mut(), 120, 30));
    assert!(frame.contains("Account exa") && frame.contains("▌survival"), "{frame}");
    stage.act(nodes.as_mut(), &[Action::Back]);
    let frame = text(&stage.draw(nodes.as_mut(), 120, 30));
    assert!(frame.contains("▌exa "), "the account is where it goes back to: {frame}");
}

#[test]
fn a_changed_state_is_drawn_and_moves_nothing_else() {
    let mut stage = Stage::new(fleet(), NOW);
    let mut tab = opened(&stage);
    let mut archive = server("s5", "archive", CreditServerStatus::Loading, Some(8));
    archive.observed_at = NOW;
    let change = Change::CreditServer(archive.into());
    let mut touched = Touched::default();
    touched.note(&change);
    stage.fleet.apply(change);
    stage.tell(tab.as_mut(), &touched);
    let frame = text(&stage.draw(tab.as_mut(), 120, 30));
    let row = frame.lines().find(|line| line.contains("archive")).expect("the row");
    assert!(row.contains("loading") && row.contains(" 8 "), "{row}");
}

#[test]
fn text_of_the_provider_is_made_safe() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::Filter]);
    stage.type_text(tab.as_mut(), "name=survival");
    stage.act(tab.as_mut(), &[Action::Submit, Action::Details]);
    let frame = text(&stage.draw(tab.as_mut(), 120, 40));
    assert!(frame.contains("2 of 20: Steve, Mara") && !frame.contains('\u{1b}'), "{frame}");
}
