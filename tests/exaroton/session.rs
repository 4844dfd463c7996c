//! The websocket's rules, without a socket.

use quarterdeck::model::credits::CreditServerStatus;
use quarterdeck::model::time::Timestamp;
use quarterdeck::providers::exaroton::live::protocol::{Heard, Say, Stream, hear};
use quarterdeck::providers::exaroton::live::session::{Effect, Ending, Event, Session};
use quarterdeck::providers::exaroton::{LiveItem, Streams};

const ID: &str = "Ab12Cd34Ef56Gh78";
const NOW: Timestamp = Timestamp(1_795_190_400_000);

fn session() -> Session {
    Session::new(
        "main".into(),
        ID,
        Streams { console: true, tail: 900, tick: true, stats: false, heap: false, management: false },
        0,
    )
}

fn status(number: u32) -> Event {
    Event::Heard(hear(&format!(
        r#"{{"stream":"status","type":"status","data":{{"id":"{ID}","name":"weekend","status":{number}}}}}"#
    )))
}

/// The streams that are asked for.
fn asked(effects: &[Effect]) -> Vec<Stream> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Say(Say::Start { stream, .. }) => Some(*stream),
            _ => None,
        })
        .collect()
}

#[test]
fn nothing_is_said_before_ready_and_the_server_is_read_then() {
    let mut session = session();
    assert!(asked(&session.on(status(1), 5, NOW)).is_empty());
    let effects = session.on(Event::Heard(Heard::Ready), 10, NOW);
    assert_eq!(effects, [Effect::Emit(LiveItem::Connected), Effect::Read]);
    let effects = session.on(Event::Tick, 11, NOW);
    assert_eq!(asked(&effects), [Stream::Console, Stream::Tick]);
    assert!(
        matches!(effects.first(), Some(Effect::Say(Say::Start { tail: 500, .. }))),
        "the tail is bounded"
    );
}

#[test]
fn a_provider_that_never_gets_ready_or_falls_silent_is_left() {
    let mut silent = session();
    assert!(matches!(silent.on(Event::Tick, 15_000, NOW).as_slice(), [Effect::End(Ending::Lost(_))]));
    let mut session = session();
    session.on(Event::Heard(Heard::Ready), 10, NOW);
    session.on(Event::Alive, 50_000, NOW);
    assert!(session.on(Event::Tick, 100_000, NOW).iter().all(|effect| !matches!(effect, Effect::End(_))));
    assert!(matches!(session.on(Event::Tick, 140_000, NOW).as_slice(), [Effect::End(Ending::Lost(_))]));
}

#[test]
fn streams_are_asked_for_as_the_state_allows_and_again_until_they_start() {
    let mut session = session();
    session.on(Event::Heard(Heard::Ready), 0, NOW);
    assert!(asked(&session.on(status(6), 10, NOW)).is_empty(), "loading allows none");
    assert_eq!(asked(&session.on(status(2), 20, NOW)), [Stream::Console]);
    session.on(Event::Heard(Heard::Started(Stream::Console)), 30, NOW);
    assert!(session.takes_commands());
    assert_eq!(asked(&session.on(status(1), 40, NOW)), [Stream::Tick]);
    assert!(asked(&session.on(status(1), 50, NOW)).is_empty(), "a player came: no change");
    assert_eq!(session.next_tick_ms(), 15_040);
    assert_eq!(asked(&session.on(Event::Tick, 15_040, NOW)), [Stream::Tick], "again");
    session.on(Event::Heard(Heard::GameDisconnected("invalid-status".to_owned())), 16_000, NOW);
    assert!(!session.takes_commands());
    assert!(asked(&session.on(Event::Tick, 18_999, NOW)).is_empty());
    assert_eq!(asked(&session.on(Event::Tick, 19_000, NOW)), [Stream::Console, Stream::Tick]);
}

#[test]
fn a_stopped_server_ends_its_streams_and_a_command_then_goes_nowhere() {
    let mut session = session();
    session.on(Event::Heard(Heard::Ready), 0, NOW);
    session.on(status(1), 10, NOW);
    session.on(Event::Heard(Heard::Started(Stream::Console)), 20, NOW);
    let typed = |session: &mut Session| session.on(Event::Typed("list".to_owned()), 30, NOW);
    assert_eq!(typed(&mut session), [Effect::Say(Say::Command("list".to_owned()))]);
    session.on(status(5), 40, NOW);
    assert!(typed(&mut session).is_empty());
    assert_eq!(
        asked(&session.on(status(1), 50, NOW)),
        [Stream::Console, Stream::Tick],
        "up again: asked again"
    );
}

#[test]
fn a_frame_that_came_meanwhile_is_newer_than_the_reading() {
    let mut session = session();
    session.on(Event::Heard(Heard::Ready), 0, NOW);
    let effects = session.on(status(1), 10, NOW);
    let Some(Effect::Emit(LiveItem::Server(server))) = effects.first() else { panic!("{effects:?}") };
    let mut old = server.clone();
    old.status = CreditServerStatus::Offline;
    assert!(session.on(Event::Read(old), 20, NOW).is_empty());
    let other = r#"{"stream":"status","type":"status","data":{"id":"other","status":1}}"#;
    assert!(session.on(Event::Heard(hear(other)), 30, NOW).is_empty(), "another server's");
}

#[test]
fn a_reading_that_failed_is_made_again_and_one_refused_ends_it() {
    let mut session = session();
    session.on(Event::Heard(Heard::Ready), 0, NOW);
    session.on(Event::Unread, 1_000, NOW);
    assert!(session.on(Event::Tick, 15_999, NOW).is_empty());
    assert_eq!(session.on(Event::Tick, 16_000, NOW), [Effect::Read]);
    let over = session.on(Event::ReadRefused("gone".to_owned()), 17_000, NOW);
    assert_eq!(over, [Effect::End(Ending::Over("gone".to_owned()))]);
}

#[test]
fn a_request_to_the_game_has_one_answer_or_is_given_up() {
    let mut session = Session::new("main".into(), ID, Streams::MANAGEMENT, 0);
    let ask = |id: &str| Event::Asked {
        id: id.to_owned(),
        method: "minecraft:players".to_owned(),
        params: serde_json::Value::Null,
    };
    let answers = |effects: Vec<Effect>| -> Vec<(String, bool)> {
        let answer = |effect: Effect| match effect {
            Effect::Answer { id, answer } => Some((id, answer.is_ok())),
            _ => None,
        };
        effects.into_iter().filter_map(answer).collect()
    };
    assert_eq!(answers(session.on(ask("early"), 5, NOW)), [("early".to_owned(), false)]);
    session.on(Event::Heard(Heard::Ready), 10, NOW);
    session.on(status(1), 11, NOW);
    session.on(Event::Heard(Heard::Started(Stream::Management)), 12, NOW);
    let said = session.on(ask("a"), 20, NOW);
    assert!(matches!(said.as_slice(), [Effect::Say(Say::Ask { id, .. })] if id == "a"), "{said:?}");
    session.on(ask("b"), 30, NOW);
    let response =
        |id: &str| Event::Heard(Heard::Answered { id: id.to_owned(), data: serde_json::Value::Null });
    assert_eq!(answers(session.on(response("a"), 40, NOW)), [("a".to_owned(), true)]);
    assert_eq!(answers(session.on(response("a"), 50, NOW)), [], "only the first is one");
    assert_eq!(session.next_tick_ms(), 15_030);
    assert_eq!(answers(session.on(Event::Tick, 15_030, NOW)), [("b".to_owned(), false)]);
    assert_eq!(answers(session.on(response("b"), 15_040, NOW)), []);
    // As many as may wait, and no more.
    let refused =
        (0..40).filter(|n| !answers(session.on(ask(&n.to_string()), 15_050, NOW)).is_empty()).count();
    assert_eq!(refused, 8);
}
