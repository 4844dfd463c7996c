//! What the live console of a server costs the terminal, and that drawing little shows what drawing everything would.

use proptest::prelude::*;
use quarterdeck::console::app::Outbound;
use quarterdeck::link::LinkEvent;
use quarterdeck::model::request::{ConsoleItem, Request};

use crate::frames::differences;
use crate::stage::{Stage, cases};

/// The stream's id.
const STREAM: u64 = 7;

/// A stage with the console of a server open, attached and live.
fn attached(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(20, width, height);
    for key in ["2", "v", "c"] {
        stage.press(key);
    }
    let asked = stage.app.take_outbox().into_iter().find_map(|outbound| match outbound {
        Outbound::Send { owner, ticket, request: Request::ConsoleOpen(_) } => Some((owner, ticket)),
        _ => None,
    });
    let (owner, ticket) = asked.expect("the console was asked for");
    stage.app.sent(owner, ticket, true, STREAM);
    say(&mut stage, ConsoleItem::Connected);
    stage
}

/// The server says something; gives how many bytes showing it took.
fn say(stage: &mut Stage, item: ConsoleItem) -> usize {
    stage.app.on_link(LinkEvent::Console { id: STREAM, item }, stage.now);
    stage.frame()
}

/// Lines as a game server writes them: of many lengths, rarely two alike.
fn line(number: usize) -> ConsoleItem {
    let words = match number * 7 % 5 {
        0 => format!("[Server thread/INFO]: player{number} joined the game"),
        1 => format!("[Server thread/WARN]: Can't keep up! Running {}ms behind", number * 37),
        2 => format!("[Async Chat Thread - #{number}/INFO]: <player{}> anyone at spawn?", number * 13),
        3 => format!("[User Authenticator #{number}/INFO]: UUID of player{number} is 1a7ce997-{number:04}"),
        _ => "[Server thread/INFO]: Saving chunks".to_owned(),
    };
    ConsoleItem::Line(format!("[12:{:02}:{:02}] {words}", number / 60 % 60, number % 60))
}

/// Measured before the log was scrolled: 1,059 bytes a line at 80x24, 2,742 at 200x50. Since then: 82 at both.
#[test]
fn a_new_line_costs_that_line_and_not_the_log() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut stage = attached(width, height);
        for number in 0..120 {
            say(&mut stage, line(number));
        }
        let (mut total, mut largest, lines) = (0, 0, 60);
        for number in 120..120 + lines {
            let bytes = say(&mut stage, line(number));
            total += bytes;
            largest = largest.max(bytes);
        }
        println!("{width}x{height}: {} bytes a line, at most {largest}", total / lines);
        assert!(largest <= 120, "{largest} bytes for one line at {width}x{height}");
        assert!(stage.text().contains("[12:02:59]"), "{}", stage.text());
        // Held still, a new line changes no row: only its count above the log.
        stage.press("f");
        let held = say(&mut stage, line(180));
        assert!(held <= 40, "{held} bytes while held still at {width}x{height}");
    }
}

#[test]
fn lines_that_do_not_fill_the_log_cost_themselves_too() {
    let mut stage = attached(80, 24);
    for number in 0..10 {
        let bytes = say(&mut stage, line(number));
        assert!(bytes <= 120, "{bytes} bytes for line {number}");
    }
}

/// Something that happens to a console on screen.
#[derive(Debug, Clone)]
enum Event {
    Said(Vec<ConsoleItem>),
    Pressed(&'static str),
}

fn any_event() -> impl Strategy<Value = Event> {
    let said = prop_oneof![
        8 => (0_usize..400).prop_map(line),
        2 => "[ -~]{0,300}".prop_map(ConsoleItem::Line),
        1 => Just(ConsoleItem::Line("\u{6f22}".repeat(60))),
        1 => (1_u64..9).prop_map(ConsoleItem::Lost),
        1 => Just(ConsoleItem::Reconnecting("the daemon closed the socket".to_owned())),
        1 => Just(ConsoleItem::Connected),
    ];
    let keys = [
        "up", "down", "pageup", "pagedown", "home", "end", "f", "/", "j", "enter", "esc", "n", "b", "?", "i",
        "ctrl-u", "ctrl-d", ":",
    ];
    prop_oneof![
        3 => proptest::collection::vec(said, 1..30).prop_map(Event::Said),
        2 => proptest::sample::select(keys.to_vec()).prop_map(Event::Pressed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), ..ProptestConfig::default() })]

    /// Whatever is said and pressed: what a terminal shows after small frames is what it shows after a whole one.
    #[test]
    fn small_frames_of_a_console_add_up(
        events in proptest::collection::vec(any_event(), 1..25),
        (width, height) in (40_u16..120, 8_u16..40),
    ) {
        let mut stage = attached(width, height);
        for (at, event) in events.iter().enumerate() {
            match event.clone() {
                Event::Said(items) => {
                    for item in items {
                        stage.app.on_link(LinkEvent::Console { id: STREAM, item }, stage.now);
                    }
                    stage.frame();
                }
                Event::Pressed(key) => {
                    stage.press(key);
                }
            }
            let small = stage.screen.shown().clone();
            let terminal = stage.text();
            stage.press("ctrl-l");
            let different = differences(&small, stage.screen.shown());
            prop_assert!(different.is_empty(), "after {:?}: {:?}", &events[..=at], different.first());
            prop_assert_eq!(terminal, stage.text());
        }
    }
}
