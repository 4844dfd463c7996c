//! Frames of the framework, and what they cost in bytes.

use proptest::prelude::*;
use quarterdeck::console::ConsoleSettings;
use quarterdeck::console::actions::ACTIONS;
use quarterdeck::console::app::{ExitReason, Outbound};
use quarterdeck::link::LinkEvent;
use quarterdeck::model::action::{ActionPlan, Confirmation, Parameters};
use quarterdeck::model::request::{Reply, Request};
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use crate::stage::{Stage, cases};

#[test]
fn the_header_names_site_mode_money_and_trouble() {
    let stage =
        Stage::with(300, 80, 24, &ConsoleSettings { is_read_only: true, ..ConsoleSettings::default() });
    let text = stage.text();
    let lines: Vec<_> = text.lines().collect();
    for words in ["acme", "PRODUCTION", "SIMULATED", "READ-ONLY", "1 orphan"] {
        assert!(lines[0].contains(words), "{words} is missing in {:?}", lines[0]);
    }
    assert!(lines[1].contains("1 Orders") && lines[1].contains("5 Credits"), "{:?}", lines[1]);
    assert!(lines[2].contains("panel <30s"), "{:?}", lines[2]);
    let wide = Stage::new(300, 160, 40).text();
    assert!(wide.contains("12.35 EUR/h") && wide.contains("3 stuck") && wide.contains("2 running"), "{wide}");
}

#[test]
fn help_and_palette_come_from_the_table() {
    let mut stage = Stage::new(20, 120, 40);
    stage.press("?");
    insta::assert_snapshot!("help_120x40", stage.text());
    stage.press("esc");
    stage.press(":");
    for key in ["t", "h", "e", "m", "e"] {
        stage.press(key);
    }
    insta::assert_snapshot!("palette_120x40", stage.text());
    stage.press("enter");
    assert!(stage.text().contains("theme: light"), "{}", stage.text());
}

#[test]
fn frames_at_80x24() {
    let mut stage = Stage::new(20, 80, 24);
    stage.press("2");
    insta::assert_snapshot!("nodes_80x24", stage.text());
    stage.press("?");
    insta::assert_snapshot!("help_80x24", stage.text());
    stage.resize(30, 6);
    insta::assert_snapshot!("too_small", stage.text());
}

#[test]
fn a_moved_selection_costs_few_bytes_and_an_idle_frame_none() {
    for (width, height) in [(200, 50), (80, 24)] {
        let mut stage = Stage::new(10_000, width, height);
        stage.press("2");
        stage.press("enter");
        stage.press("down");
        let mut largest = 0;
        for key in ["down"; 10].into_iter().chain(["up"; 10]) {
            largest = largest.max(stage.press(key));
        }
        assert!(largest > 0, "nothing moved at {width}x{height}");
        assert!(largest <= 200, "{largest} bytes for a key at {width}x{height}");
        assert_eq!(stage.frame(), 0);
    }
}

#[test]
fn scrolling_costs_a_row_and_not_a_screen() {
    let mut stage = Stage::new(10_000, 200, 50);
    stage.press("2");
    let nodes_drawn = stage.press("end");
    assert!(nodes_drawn > 0);
    stage.press("home");
    for _ in 0..60 {
        stage.press("down");
    }
    let scrolled = stage.press("down");
    assert!(scrolled < 700, "{scrolled} bytes for one scrolled row");
}

#[test]
fn a_change_of_one_row_costs_that_row() {
    use quarterdeck::model::fleet::Change;
    let mut stage = Stage::new(10_000, 200, 50);
    stage.press("2");
    let far = std::sync::Arc::new(crate::large_site::server(9_999, 200, stage.now));
    stage.app.on_link(LinkEvent::Changes { sequence: 2, changes: vec![Change::Server(far)] }, stage.now);
    assert_eq!(stage.frame(), 0, "a row that is not on screen");
}

/// Cells that look different between two buffers.
pub fn differences(one: &Buffer, other: &Buffer) -> Vec<(u16, u16, String, String)> {
    let look = |buffer: &Buffer, x: u16, y: u16| {
        let cell = &buffer[(x, y)];
        let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        let is_blank = cell.symbol() == " " && !cell.modifier.intersects(seen);
        if is_blank { format!(" {:?}", cell.bg) } else { format!("{cell:?}") }
    };
    let area = one.area;
    (area.top()..area.bottom())
        .flat_map(|y| (area.left()..area.right()).map(move |x| (x, y)))
        .map(|(x, y)| (x, y, look(one, x, y), look(other, x, y)))
        .filter(|(_, _, one, other)| one != other)
        .collect()
}

/// Every default key but those that end or stop the console.
fn any_key() -> impl Strategy<Value = &'static str> {
    let keys: Vec<&'static str> = ACTIONS
        .iter()
        .filter(|spec| !["quit", "quit_at_once", "suspend_console", "export"].contains(&spec.name))
        .flat_map(|spec| spec.keys.iter().copied())
        .chain(["a", "7", "x", "space"])
        .collect();
    proptest::sample::select(keys)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), ..ProptestConfig::default() })]

    /// Whatever is pressed at whatever size: no panic, and drawing only what changed shows what drawing everything would.
    #[test]
    fn keys_at_any_size_never_panic_and_small_frames_add_up(
        keys in proptest::collection::vec(any_key(), 1..25),
        sizes in proptest::collection::vec((0_u16..170, 0_u16..50), 1..4),
    ) {
        let mut stage = Stage::new(300, 120, 40);
        for (at, key) in keys.iter().enumerate() {
            if at % 8 == 7 {
                let (width, height) = sizes[at / 8 % sizes.len()];
                stage.resize(width, height);
            }
            stage.press(key);
            let small = stage.screen.shown().clone();
            stage.press("ctrl-l");
            let whole = stage.screen.shown();
            let different = differences(&small, whole);
            prop_assert!(different.is_empty(), "after {:?}: {:?}", &keys[..=at], &different[..different.len().min(5)]);
        }
    }
}

/// Answers the request for a plan that was just made, so that its dialog comes to its question.
fn answer_the_plan(stage: &mut Stage) {
    let asked = stage.app.take_outbox().into_iter().find_map(|outbound| match outbound {
        Outbound::Send { owner, ticket, request: Request::Plan(request) } => Some((owner, ticket, request)),
        _ => None,
    });
    let (owner, ticket, request) = asked.expect("a plan was asked for");
    let plan = ActionPlan {
        id: "01JD00000000000000000PLAN0".into(),
        request,
        title: "destroy it all".to_owned(),
        checks: Vec::new(),
        steps: Vec::new(),
        burn_before: None,
        burn_after: None,
        confirmation: Confirmation::TypeName("world-1".to_owned()),
        parameters: Parameters::Undecided,
        made_at: stage.now,
        valid_until: stage.now.plus_millis(300_000),
        budget: None,
    };
    stage.app.sent(owner, ticket, false, 7);
    let result = Ok(Reply::Plan(Box::new(plan)));
    stage.app.on_link(LinkEvent::Reply { id: 7, result }, stage.now);
    stage.frame();
}

#[test]
fn leaving_and_suspending_work_under_a_dialog() {
    let mut stage = Stage::new(20, 80, 24);
    for key in ["2", "v", "D"] {
        stage.press(key);
    }
    answer_the_plan(&mut stage);
    let text = stage.text();
    assert!(text.contains("destroy it all"), "the dialog asks its question: {text}");
    stage.app.take_outbox();
    stage.press("ctrl-z");
    assert!(matches!(stage.app.take_outbox().as_slice(), [Outbound::Suspend]));
    stage.press("ctrl-c");
    assert!(matches!(stage.app.exit(), Some(ExitReason::Quit)));
}
