//! What the views and dialogs ask for, and how they look on the way. Their states are in the table of `states.rs`.

use insta::assert_snapshot;
use quarterdeck::console::actions::Action;
use quarterdeck::console::component::{Component, Effect, Touched};
use quarterdeck::console::dialogs::doctor::DoctorView;
use quarterdeck::console::dialogs::plan::PlanDialog;
use quarterdeck::console::dialogs::run::RunDialog;
use quarterdeck::console::keys::{Key, KeyCode};
use quarterdeck::console::runs_view::RunsView;
use quarterdeck::console::server_console::ServerConsole;
use quarterdeck::console::tabs;
use quarterdeck::model::action::{ActionRequest, Check, CheckOutcome, Confirmation};
use quarterdeck::model::finding::{Finding, Severity};
use quarterdeck::model::fleet::{Change, Rows};
use quarterdeck::model::problem::{Problem, ProblemKind};
use quarterdeck::model::request::{ConsoleItem, Reply, Request, Tab};
use quarterdeck::model::run::RunStatus;
use quarterdeck::model::server::{PowerState, ServerStatus};
use quarterdeck::model::time::Timestamp;

use crate::fixture::{self, NOW, ago, fleet, server_key};
use crate::stage::{Stage, text};

#[test]
fn lists_without_colours_and_unicode() {
    let lists: [(&str, Box<dyn Component>, &[Action]); 4] = [
        ("orders", tabs::component(Tab::Orders), &[]),
        ("nodes", tabs::component(Tab::Nodes), &[]),
        ("servers", tabs::component(Tab::Nodes), &[Action::AllServers]),
        ("runs", Box::new(RunsView::default()), &[]),
    ];
    let stage = Stage::plain(fleet(), NOW);
    for (name, mut component, prepare) in lists {
        stage.open(component.as_mut());
        stage.act(component.as_mut(), prepare);
        assert_snapshot!(format!("{name}_plain"), stage.frames(component.as_mut()));
    }
}

#[test]
fn a_filter_narrows_points_at_mistakes_and_exports_what_is_shown() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = tabs::component(Tab::Orders);
    stage.open(tab.as_mut());
    stage.press(tab.as_mut(), &[Key::char('/')]);
    stage.type_text(tab.as_mut(), "status=paid age>");
    assert_snapshot!("orders_filter_mistake", stage.frame(tab.as_mut(), 80, 12));
    stage.type_text(tab.as_mut(), "2m");
    stage.press(tab.as_mut(), &[Key::plain(KeyCode::Enter)]);
    let frame = text(&stage.draw(tab.as_mut(), 80, 12));
    assert!(frame.contains("812") && !frame.contains("813") && frame.contains("1 of 7 shown"), "{frame}");
    let files: Vec<String> = stage
        .act(tab.as_mut(), &[Action::Export])
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::WriteFile { contents, .. } => Some(contents),
            _ => None,
        })
        .collect();
    assert_eq!(files.len(), 2);
    assert!(
        files[0]
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("812,paid,ann@example.net,Diamond 8G,fra,9.99,EUR,3000000")
    );
}

/// The requests among effects.
fn requests(effects: Vec<Effect>) -> Vec<Request> {
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send { request, .. } => Some(request),
            _ => None,
        })
        .collect()
}

/// The component that was opened.
fn opened(effects: Vec<Effect>) -> Box<dyn Component> {
    effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Open(component) => Some(component),
            _ => None,
        })
        .expect("a component was opened")
}

#[test]
fn from_a_paid_order_to_the_address_of_its_server() {
    let mut stage = Stage::new(fleet(), NOW);
    let mut tab = tabs::component(Tab::Orders);
    stage.open(tab.as_mut());
    let mut dialog = opened(stage.press(tab.as_mut(), &[Key::char('p')]));
    dialog.set_opening_key(Key::char('p'));
    let order = ActionRequest::ProvisionOrder {
        order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "812".into() },
    };
    assert_eq!(requests(stage.open(dialog.as_mut())), [Request::Plan(order)]);
    assert_snapshot!("plan_asking", stage.frame(dialog.as_mut(), 80, 24));
    let plan = fixture::provision("812");
    stage.reply(dialog.as_mut(), 0, &Ok(Reply::Plan(Box::new(plan.clone()))));
    assert_snapshot!("plan_provision", stage.frames(dialog.as_mut()));
    assert!(stage.press(dialog.as_mut(), &[Key::char('p')]).is_empty(), "the opening key does nothing");
    let sent = requests(stage.press(dialog.as_mut(), &[Key::char('y')]));
    assert_eq!(sent, [Request::Execute { plan: plan.id, typed: None, is_over_budget_accepted: false }]);
    let run = "01JD0000000000000000000RUN";
    let mut dialog = opened(stage.reply(dialog.as_mut(), 0, &Ok(Reply::RunStarted(run.into()))));
    stage.open(dialog.as_mut());
    assert_snapshot!("run_going", stage.frames(dialog.as_mut()));
    assert_eq!(dialog.next_change(&stage.context()), Some(Timestamp(NOW.0 + 1_000)));
    stage.fleet.runs.get_mut(&run.into()).unwrap().result = Some("203.0.113.10:25566".to_owned());
    let effects = stage.press(dialog.as_mut(), &[Key::char('y')]);
    assert!(matches!(&effects[0], Effect::Copy { text, .. } if text == "203.0.113.10:25566"));
}

#[test]
fn enter_in_a_plan_cancels_and_a_refused_plan_offers_nothing() {
    let stage = Stage::new(fleet(), NOW);
    let mut dialog = PlanDialog::new(
        vec![ActionRequest::ProvisionOrder {
            order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "813".into() },
        }],
        &stage.context(),
    );
    stage.open(&mut dialog);
    let mut plan = fixture::provision("813");
    stage.reply(&mut dialog, 0, &Ok(Reply::Plan(Box::new(plan.clone()))));
    let effects = stage.press(&mut dialog, &[Key::plain(KeyCode::Enter)]);
    assert!(matches!(effects.as_slice(), [Effect::Close]));

    let mut dialog = PlanDialog::new(
        vec![ActionRequest::ProvisionOrder {
            order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "813".into() },
        }],
        &stage.context(),
    );
    stage.open(&mut dialog);
    plan.checks.push(Check {
        title: "free port".to_owned(),
        outcome: CheckOutcome::Refuse,
        detail: "fra-01 has no free allocation: add some in the panel".to_owned(),
    });
    stage.reply(&mut dialog, 0, &Ok(Reply::Plan(Box::new(plan))));
    assert_snapshot!("plan_refused", stage.frame(&mut dialog, 80, 24));
    assert!(requests(stage.press(&mut dialog, &[Key::char('y')])).is_empty());
}

fn destroy(id: &str, name: &str) -> quarterdeck::model::action::ActionPlan {
    let request = ActionRequest::Destroy { server: server_key(id), is_forced: false };
    let mut plan =
        fixture::plan(request, &format!("destroy server {name}"), Confirmation::TypeName(name.to_owned()));
    plan.id = format!("plan-{id}").into();
    plan.burn_after = Some(fixture::euro(3_973));
    plan
}

#[test]
fn destroying_asks_for_the_name_and_looks_at_the_target_again() {
    let mut stage = Stage::new(fleet(), NOW);
    let request = ActionRequest::Destroy { server: server_key("44"), is_forced: false };
    let mut dialog = PlanDialog::new(vec![request.clone()], &stage.context());
    stage.open(&mut dialog);
    stage.reply(&mut dialog, 0, &Ok(Reply::Plan(Box::new(destroy("44", "old-world")))));
    stage.type_text(&mut dialog, "old");
    assert!(requests(stage.press(&mut dialog, &[Key::plain(KeyCode::Enter)])).is_empty());
    assert_snapshot!("plan_destroy", stage.frames(&mut dialog));
    stage.type_text(&mut dialog, "-world");
    stage.fleet.servers.change(&server_key("44"), |server| server.status = ServerStatus::Suspended);
    stage.tell(&mut dialog, &Touched { servers: vec![server_key("44")], ..Touched::default() });
    let frame = text(&stage.draw(&mut dialog, 80, 24));
    assert!(frame.contains("ready is now suspended"), "{frame}");
    let sent = requests(stage.press(&mut dialog, &[Key::plain(KeyCode::Enter)]));
    assert_eq!(sent, [Request::Plan(request)], "the plan is made again, nothing is carried out");
    stage.reply(&mut dialog, 0, &Ok(Reply::Plan(Box::new(destroy("44", "old-world")))));
    let frame = text(&stage.draw(&mut dialog, 80, 24));
    assert!(frame.contains("ready is now suspended"), "{frame}");
    stage.type_text(&mut dialog, "old-world");
    let sent = requests(stage.press(&mut dialog, &[Key::plain(KeyCode::Enter)]));
    assert_eq!(
        sent,
        [Request::Execute {
            plan: "plan-44".into(),
            typed: Some("old-world".to_owned()),
            is_over_budget_accepted: false
        }]
    );
}

#[test]
fn force_is_offered_only_after_a_destroy_that_the_daemon_failed() {
    let mut stage = Stage::new(fleet(), NOW);
    let mut tab = tabs::component(Tab::Nodes);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::AllServers]);
    assert!(!tab.is_enabled(Action::ForceDestroy, &stage.context()));
    let effects = stage.act(tab.as_mut(), &[Action::ForceDestroy]);
    assert!(matches!(effects.as_slice(), [Effect::Notice(..)]));

    let mut failed = stage.fleet.runs[&"01JC0000000000000000000RUN".into()].clone();
    failed.id = "01JE0000000000000000000RUN".into();
    failed.started_at = ago(1_000);
    failed.status = RunStatus::Failed;
    failed.plan = destroy("44", "old-world");
    failed.problem = Some(Problem { kind: ProblemKind::Daemon, ..fixture::timeout() });
    stage.fleet.apply(Change::Run(Box::new(failed)));
    assert!(tab.is_enabled(Action::ForceDestroy, &stage.context()));
    let mut dialog = opened(stage.act(tab.as_mut(), &[Action::ForceDestroy]));
    let forced = ActionRequest::Destroy { server: server_key("44"), is_forced: true };
    assert_eq!(requests(stage.open(dialog.as_mut())), [Request::Plan(forced)]);
}

#[test]
fn several_at_once_show_count_names_and_money() {
    let stage = Stage::new(fleet(), NOW);
    let mut tab = tabs::component(Tab::Nodes);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::AllServers, Action::MarkAll]);
    assert_snapshot!("servers_marked", stage.frame(tab.as_mut(), 80, 24));
    let mut dialog = opened(stage.act(tab.as_mut(), &[Action::DestroyServer]));
    assert_eq!(requests(stage.open(dialog.as_mut())).len(), 4);
    for (ticket, (id, name)) in [("42", "survival"), ("43", "lobby"), ("44", "old-world")].iter().enumerate()
    {
        stage.reply(dialog.as_mut(), ticket as u64, &Ok(Reply::Plan(Box::new(destroy(id, name)))));
    }
    stage.reply(dialog.as_mut(), 3, &Err(fixture::timeout()));
    assert_snapshot!("plan_several", stage.frame(dialog.as_mut(), 80, 24));
    stage.type_text(dialog.as_mut(), "destroy 3");
    let sent = requests(stage.press(dialog.as_mut(), &[Key::plain(KeyCode::Enter)]));
    assert_eq!(
        sent,
        [Request::Execute {
            plan: "plan-42".into(),
            typed: Some("survival".to_owned()),
            is_over_budget_accepted: false
        }]
    );
    let sent = requests(stage.reply(dialog.as_mut(), 0, &Ok(Reply::RunStarted("r1".into()))));
    assert_eq!(
        sent,
        [Request::Execute {
            plan: "plan-43".into(),
            typed: Some("lobby".to_owned()),
            is_over_budget_accepted: false
        }]
    );
}

#[test]
fn read_only_opens_no_plan() {
    let mut stage = Stage::new(fleet(), NOW);
    stage.is_read_only = true;
    let mut tab = tabs::component(Tab::Orders);
    stage.open(tab.as_mut());
    let effects = stage.act(tab.as_mut(), &[Action::ProvisionOrder]);
    assert!(matches!(effects.as_slice(), [Effect::Notice(..)]));
}

#[test]
fn a_run_that_needs_an_operator_says_what_to_do() {
    let stage = Stage::new(fleet(), NOW);
    let mut dialog = RunDialog::new("01JB0000000000000000000RUN".into());
    stage.open(&mut dialog);
    assert_snapshot!("run_needs_operator", stage.frames(&mut dialog));
    let mut dialog = RunDialog::new("01JD0000000000000000000RUN".into());
    let mut question = opened(stage.act(&mut dialog, &[Action::CancelRun]));
    assert_snapshot!("run_cancel", stage.frame(question.as_mut(), 80, 24));
    let sent = requests(stage.press(question.as_mut(), &[Key::char('y')]));
    assert_eq!(sent, [Request::CancelRun("01JD0000000000000000000RUN".into())]);
}

#[test]
fn the_doctor_tells_the_worst_first() {
    let stage = Stage::new(fleet(), NOW);
    let mut view = DoctorView::default();
    assert_eq!(requests(stage.open(&mut view)), [Request::Doctor]);
    assert_snapshot!("doctor_running", stage.frames(&mut view));
    let finding = |severity, title: &str, rows: &[&str]| Finding {
        check: "check".to_owned(),
        severity,
        title: title.to_owned(),
        why: "Customers who buy it pay and never get a server.".to_owned(),
        advice: "Give the plan a price id in the shop, or switch it off.".to_owned(),
        rows: rows.iter().map(|row| (*row).to_owned()).collect(),
    };
    let findings = vec![
        finding(Severity::Ok, "every node row points at a node of the panel", &[]),
        finding(Severity::Warning, "1 node has no free allocation", &["nyc-01 (node 3)"]),
        finding(Severity::Error, "2 active plans have no price id", &["7 Diamond 8G", "9 Iron 2G"]),
    ];
    stage.reply(&mut view, 0, &Ok(Reply::Findings(findings)));
    assert_snapshot!("doctor_found", stage.frames(&mut view));
    stage.act(&mut view, &[Action::Refresh]);
    stage.reply(&mut view, 0, &Err(fixture::timeout()));
    assert_snapshot!("doctor_failed", stage.frames(&mut view));
}

#[test]
fn the_console_of_a_server() {
    let stage = Stage::new(fleet(), NOW);
    let mut console = ServerConsole::new(server_key("42"));
    assert_eq!(requests(stage.open(&mut console)), [Request::ConsoleOpen(server_key("42"))]);
    assert_snapshot!("console_connecting", stage.frames(&mut console));
    let mut items = vec![ConsoleItem::Connected, ConsoleItem::Power(PowerState::Running)];
    items.extend(
        (1..=60).map(|number| ConsoleItem::Line(format!("[12:00:{number:02} INFO]: player{number} joined"))),
    );
    items.push(ConsoleItem::Lost(12));
    items.push(ConsoleItem::Line("\u{1b}[31m[12:01:00 ERROR]: Could not pass event\u{1b}[0m".to_owned()));
    stage.stream(&mut console, items);
    assert_snapshot!("console_live", stage.frames(&mut console));
    stage.press(&mut console, &[Key::char('/')]);
    stage.type_text(&mut console, "player4");
    stage.press(&mut console, &[Key::plain(KeyCode::Enter), Key::char('b')]);
    assert_snapshot!("console_search", stage.frame(&mut console, 80, 24));
    stage.press(&mut console, &[Key::char('i')]);
    stage.type_text(&mut console, "say hi");
    let sent = requests(stage.press(&mut console, &[Key::plain(KeyCode::Enter)]));
    assert_eq!(sent, [Request::ConsoleCommand { server: server_key("42"), line: "say hi".to_owned() }]);
    stage.press(&mut console, &[Key::plain(KeyCode::Up)]);
    assert_snapshot!("console_typing", stage.frame(&mut console, 80, 24));
    stage.stream(&mut console, vec![ConsoleItem::Reconnecting("the daemon closed the socket".to_owned())]);
    let sent = requests(stage.press(&mut console, &[Key::plain(KeyCode::Enter)]));
    assert!(sent.is_empty(), "nothing is sent while the connection is broken");
    assert_snapshot!("console_reconnecting", stage.frame(&mut console, 80, 24));
    stage.stream(&mut console, vec![ConsoleItem::Closed("the server was deleted".to_owned())]);
    assert_snapshot!("console_closed", stage.frames(&mut console));
}

#[test]
fn every_view_can_be_drawn_at_any_size() {
    let stage = Stage::new(fleet(), NOW);
    let mut views: Vec<Box<dyn Component>> = vec![
        tabs::component(Tab::Orders),
        tabs::component(Tab::Nodes),
        tabs::component(Tab::Credits),
        Box::new(RunsView::default()),
        Box::new(RunDialog::new("01JD0000000000000000000RUN".into())),
        Box::new(DoctorView::default()),
        Box::new(ServerConsole::new(server_key("42"))),
        Box::new(PlanDialog::new(
            vec![ActionRequest::ProvisionOrder {
                order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "812".into() },
            }],
            &stage.context(),
        )),
    ];
    for view in &mut views {
        stage.open(view.as_mut());
        stage.reply(view.as_mut(), 0, &Ok(Reply::Plan(Box::new(fixture::provision("812")))));
        for width in [0, 1, 2, 3, 5, 9, 39, 40, 41, 79, 109, 110, 111, 200] {
            for height in [0, 1, 2, 3, 5, 6, 7, 13, 40] {
                stage.draw(view.as_mut(), width, height);
                view.cursor(ratatui::layout::Rect::new(0, 0, width, height), &stage.context());
            }
            stage.act(view.as_mut(), &[Action::Down, Action::Details, Action::PageDown]);
        }
    }
}
