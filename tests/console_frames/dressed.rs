//! The main views in the depths of colour that terminals have, with maps of the concrete styles; and that no state is
//! told by colour alone.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use quarterdeck::console::actions::Action;
use quarterdeck::console::component::Component;
use quarterdeck::console::context::{ASCII, UNICODE, ViewContext};
use quarterdeck::console::dialogs::plan::PlanDialog;
use quarterdeck::console::runs_view::RunsView;
use quarterdeck::console::theme::ColourDepth;
use quarterdeck::console::words::{self, State};
use quarterdeck::console::{header, tabs};
use quarterdeck::model::action::{ActionRequest, CheckOutcome};
use quarterdeck::model::finding::Severity;
use quarterdeck::model::order::OrderStatus;
use quarterdeck::model::request::{Reply, Tab};
use quarterdeck::model::run::{RunStatus, StepStatus};
use quarterdeck::model::server::{PowerState, Server, ServerStatus};
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use crate::fixture::{self, NOW, ago, fleet, with_feeds};
use crate::stage::{Stage, style_map, text};

const SIZE: (u16, u16) = (80, 24);

/// The site with one account that failed and one that is stale, so that the header has something to tell.
fn stage(theme: &str, depth: ColourDepth) -> Stage {
    let fleet = with_feeds(fleet(), |feed| {
        feed.succeeded_at = Some(ago(12 * 60_000));
        feed.is_late = true;
        if feed.account.as_str() == "panel" {
            feed.problem = Some(fixture::timeout());
        }
    });
    Stage::dressed(fleet, NOW, theme, depth, &UNICODE)
}

fn header_frame(context: &ViewContext<'_>) -> Buffer {
    let (width, height) = (SIZE.0, 3);
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
    let lines = [
        header::site_line(context, width),
        header::tab_line(Tab::Orders, None, context, width),
        header::health_line(context, width).0,
    ];
    for (y, line) in (0..).zip(&lines) {
        buffer.set_line(0, y, line, width);
    }
    buffer
}

/// The main views at 80x24, by name.
fn views(stage: &Stage) -> Vec<(&'static str, Buffer)> {
    let frame = |component: &mut dyn Component, prepare: &[Action]| {
        stage.open(component);
        stage.act(component, prepare);
        stage.draw(component, SIZE.0, SIZE.1)
    };
    let order = ActionRequest::ProvisionOrder {
        order: quarterdeck::model::ids::OrderKey { account: "shop".into(), id: "812".into() },
    };
    let mut dialog = PlanDialog::new(vec![order], &stage.context());
    stage.open(&mut dialog);
    stage.reply(&mut dialog, 0, &Ok(Reply::Plan(Box::new(fixture::provision("812")))));
    vec![
        ("header", header_frame(&stage.context())),
        ("orders", frame(tabs::component(Tab::Orders).as_mut(), &[Action::Mark])),
        ("nodes", frame(tabs::component(Tab::Nodes).as_mut(), &[])),
        ("servers", frame(tabs::component(Tab::Nodes).as_mut(), &[Action::AllServers])),
        ("runs", frame(&mut RunsView::default(), &[])),
        ("plan", stage.draw(&mut dialog, SIZE.0, SIZE.1)),
    ]
}

#[test]
fn main_views_in_every_dress() {
    let dresses = [
        ("dark_true", "dark", ColourDepth::True),
        ("dark_16", "dark", ColourDepth::Sixteen),
        ("dark_no_colour", "dark", ColourDepth::None),
        ("high_contrast_true", "high-contrast", ColourDepth::True),
        ("high_contrast_16", "high-contrast", ColourDepth::Sixteen),
    ];
    for (name, theme, depth) in dresses {
        let stage = stage(theme, depth);
        for (view, buffer) in views(&stage) {
            let frame = format!("{}styles\n{}", text(&buffer), style_map(&buffer));
            assert_snapshot!(format!("dress_{name}_{view}"), frame);
        }
    }
}

#[test]
fn a_depth_of_colour_is_never_exceeded() {
    for theme in ["dark", "light", "high-contrast", "colour-blind", "16-colour"] {
        for depth in [ColourDepth::None, ColourDepth::Sixteen, ColourDepth::TwoHundredFiftySix] {
            for (view, buffer) in views(&stage(theme, depth)) {
                for cell in &buffer.content {
                    for colour in [cell.fg, cell.bg] {
                        let fits = match colour {
                            Color::Reset => true,
                            Color::Rgb(..) => depth == ColourDepth::True,
                            Color::Indexed(_) => depth >= ColourDepth::TwoHundredFiftySix,
                            _ => depth >= ColourDepth::Sixteen,
                        };
                        assert!(fits, "{view} in {theme} shows {colour} at {depth:?}");
                    }
                }
            }
        }
    }
}

/// Frames in every dress show the same symbols: colour adds, it does not replace.
#[test]
fn without_colour_every_view_says_the_same() {
    let coloured = stage("dark", ColourDepth::True);
    let plain = stage("dark", ColourDepth::None);
    for ((view, one), (_, other)) in views(&coloured).iter().zip(views(&plain)) {
        assert_eq!(text(one), text(&other), "{view}");
    }
}

/// Each of a kind's states, by its words alone.
fn families(context: &ViewContext<'_>) -> Vec<Vec<State>> {
    use OrderStatus::{Canceled, Error, Paid, Pending, Provisioned, Provisioning};
    let orders = [Pending, Paid, Provisioning, Provisioned, Error, Canceled];
    let powers = [
        PowerState::Unknown,
        PowerState::Offline,
        PowerState::Starting,
        PowerState::Running,
        PowerState::Stopping,
    ];
    let servers = [
        ServerStatus::Installing,
        ServerStatus::InstallFailed,
        ServerStatus::ReinstallFailed,
        ServerStatus::Suspended,
        ServerStatus::RestoringBackup,
    ];
    let runs = [
        RunStatus::Running,
        RunStatus::Undoing,
        RunStatus::Succeeded,
        RunStatus::Failed,
        RunStatus::Canceled,
        RunStatus::NeedsOperator,
    ];
    let steps = [
        StepStatus::Waiting,
        StepStatus::Acting,
        StepStatus::Done,
        StepStatus::Failed,
        StepStatus::Undone,
        StepStatus::UndoFailed,
        StepStatus::Skipped,
    ];
    let server = |status: &ServerStatus| {
        let (_, known) = context.fleet.servers.iter().next().expect("the fixture has servers");
        let server = Server { status: status.clone(), ..known };
        words::server_state(&server, context)
    };
    vec![
        orders.iter().map(|status| words::order_status(status, context)).collect(),
        powers.iter().map(|power| words::power_state(*power, context)).collect(),
        servers.iter().map(server).collect(),
        runs.iter().map(|status| words::run_status(*status, context)).collect(),
        steps.iter().map(|status| words::step_status(*status, context)).collect(),
        [CheckOutcome::Pass, CheckOutcome::Warn, CheckOutcome::Refuse]
            .map(|outcome| words::check_outcome(outcome, context))
            .to_vec(),
        [Severity::Ok, Severity::Info, Severity::Warning, Severity::Error]
            .map(|severity| words::severity(severity, context))
            .to_vec(),
    ]
}

#[test]
fn every_state_has_a_glyph_and_a_word_of_its_own() {
    for glyphs in [&UNICODE, &ASCII] {
        let stage = Stage::dressed(fleet(), NOW, "dark", ColourDepth::None, glyphs);
        for family in families(&stage.context()) {
            let mut words = BTreeSet::new();
            for state in family {
                assert!(!state.glyph.trim().is_empty(), "{state:?}");
                assert!(!state.word.trim().is_empty(), "{state:?}");
                assert!(words.insert(state.word.clone()), "two states are called {}", state.word);
            }
        }
    }
}

#[test]
fn without_colour_every_status_cell_shows_glyph_and_word() {
    let stage = stage("dark", ColourDepth::None);
    let context = stage.context();
    let frames = views(&stage);
    let frame = |name: &str| {
        let (_, buffer) = frames.iter().find(|(view, _)| *view == name).expect("a main view");
        text(buffer)
    };
    let says = |view: &str, row: &str, state: &State| {
        let frame = frame(view);
        let line = frame.lines().find(|line| line.contains(row)).unwrap_or_default();
        assert!(line.contains(&state.text()), "{view}: {row} does not say {:?}: {line}", state.text());
    };
    for (id, entry) in context.fleet.orders.iter() {
        says("orders", &format!("{} ", id.id), &words::order_status(&entry.order.status, &context));
    }
    for (_, server) in context.fleet.servers.iter() {
        says("servers", &server.name, &words::server_state(&server, &context));
    }
    for run in context.fleet.runs.values() {
        says("runs", &run.plan.title[..19], &words::run_status(run.status, &context));
    }
    let header = frame("header");
    assert!(header.contains("✗ panel failed") && header.contains("! shop stale"), "{header}");
}
