//! What is seen at the provider, and what follows from it for a call whose answer was lost. Pure.

use crate::model::game_server::{GameServer, GameServerState};
use crate::model::ids::MatchId;
use crate::model::matches::MatchReading;
use crate::model::time::Timestamp;

use rust_decimal::Decimal;

/// Seconds that the provider's clock may be behind ours: a copy is looked for from so much before it was asked for.
const CLOCK_SLACK_MS: u64 = 30_000;

/// A new match switches its server on at once; so long after it one that is off has gone off again.
const SWITCHED_ON_WITHIN_MS: u64 = 60_000;

/// A copy that may have been made by a call whose answer was lost.
#[derive(Debug, Clone, Copy)]
pub struct WantedCopy<'a> {
    /// What it is a copy of.
    pub template: &'a str,
    /// Where it stands, where another place than the template's was asked for.
    pub location: Option<&'a str>,
    /// When it was asked for first.
    pub since: Timestamp,
}

/// The server that carries the mark of a match; of several the one that was made first: the others are deleted with it.
#[must_use]
pub fn marked<'a>(servers: &'a [GameServer], mark: &str) -> Option<&'a GameServer> {
    let of_match = servers.iter().filter(|server| server.user_data == mark);
    of_match.min_by_key(|server| (server.created_at, &server.key.id))
}

/// The copy of a lost call: an unmarked, untouched copy of the template that was made since and that no other match has.
///
/// A copy does not carry our mark before it is set up, so this is the only trace of it; whoever looks holds the account's gate.
#[must_use]
pub fn lost_copy<'a>(
    servers: &'a [GameServer],
    wanted: &WantedCopy<'_>,
    is_taken: impl Fn(&str) -> bool,
) -> Option<&'a GameServer> {
    let earliest =
        Timestamp(wanted.since.0.saturating_sub(i64::try_from(CLOCK_SLACK_MS).unwrap_or(i64::MAX)));
    let is_it = |server: &&GameServer| {
        server.duplicated_from.as_deref() == Some(wanted.template)
            && server.created_at.is_some_and(|at| at >= earliest)
            && wanted.location.is_none_or(|location| server.location == location)
            && server.state == GameServerState::Off
            && MatchId::of_mark(&server.user_data).is_none()
            && !is_taken(&server.key.id)
    };
    servers.iter().filter(is_it).min_by_key(|server| (server.created_at, &server.key.id))
}

/// What became of a match whose create lost its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostMatch {
    /// It goes on under this id.
    GoesOn(String),
    /// It did not happen as far as can be seen, but may still.
    Wait,
    /// It did not happen.
    Create,
    /// It happened and is over: its id is lost with it, as the provider lists no matches (`providers/dathost.md` §4.1).
    Over,
}

/// Decides from the server that the match was to be played on: it belongs to this run alone, so a match on it is this run's, and
/// nothing but a match has ever switched it on.
#[must_use]
pub fn lost_match(server: &GameServer, is_settled: bool) -> LostMatch {
    if let Some(id) = &server.match_id {
        return LostMatch::GoesOn(id.clone());
    }
    let has_been_on = server.state != GameServerState::Off
        || server.price.used_in_month.is_some_and(|used| used > Decimal::ZERO);
    match (is_settled, has_been_on) {
        (false, _) => LostMatch::Wait,
        (true, true) => LostMatch::Over,
        (true, false) => LostMatch::Create,
    }
}

/// Why the server of a match that goes on counts as gone down; nothing while it may be well.
#[must_use]
pub fn gone_down(
    server: &GameServer,
    reading: Option<&MatchReading>,
    created_at: Timestamp,
    now: Timestamp,
    silent_ms: u64,
) -> Option<String> {
    if now.millis_since(created_at) < SWITCHED_ON_WITHIN_MS {
        return None;
    }
    let why = if server.error.is_empty() { String::new() } else { format!(": {}", server.error) };
    if server.state == GameServerState::Off {
        return Some(format!("its server went off{why}"));
    }
    let last_word = reading.and_then(|reading| reading.events.iter().map(|event| event.at).max());
    let is_silent = now.millis_since(last_word.unwrap_or(created_at).max(created_at)) >= silent_ms;
    (is_silent && !server.error.is_empty()).then(|| format!("its server crashed{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::game_server::{GameServerPorts, GameServerPrice};
    use crate::model::ids::ServerKey;
    use proptest::prelude::*;

    fn server(id: &str) -> GameServer {
        GameServer {
            key: ServerKey { account: "dat".into(), id: id.to_owned() },
            name: "prepared".to_owned(),
            user_data: String::new(),
            game: "cs2".to_owned(),
            location: "stockholm".to_owned(),
            state: GameServerState::Off,
            match_id: None,
            error: String::new(),
            players_online: None,
            host: None,
            ip: None,
            ports: GameServerPorts::default(),
            price: GameServerPrice::default(),
            autostop_minutes: None,
            is_protected: false,
            duplicated_from: Some("t".to_owned()),
            created_at: Some(Timestamp(100_000)),
            observed_at: Timestamp(100_000),
        }
    }

    const WANTED: WantedCopy<'_> = WantedCopy { template: "t", location: None, since: Timestamp(100_000) };

    #[test]
    fn only_an_untouched_copy_of_the_time_in_question_is_taken_for_the_lost_one() {
        let found = |server: GameServer| lost_copy(&[server], &WANTED, |id| id == "taken").is_some();
        assert!(found(server("a")));
        assert!(!found(server("taken")), "another match's");
        assert!(!found(GameServer { created_at: Some(Timestamp(60_000)), ..server("a") }), "older");
        assert!(!found(GameServer { created_at: None, ..server("a") }));
        assert!(!found(GameServer { duplicated_from: Some("u".to_owned()), ..server("a") }));
        assert!(!found(GameServer { state: GameServerState::On, ..server("a") }), "in use");
        assert!(!found(GameServer { user_data: MatchId::from("M1").server_mark(), ..server("a") }));
        let elsewhere = WantedCopy { location: Some("paris"), ..WANTED };
        assert!(lost_copy(&[server("a")], &elsewhere, |_| false).is_none());
    }

    #[test]
    fn a_lost_match_is_seen_in_its_server() {
        let goes_on = GameServer { match_id: Some("m".to_owned()), ..server("a") };
        assert_eq!(lost_match(&goes_on, false), LostMatch::GoesOn("m".to_owned()));
        assert_eq!(lost_match(&server("a"), false), LostMatch::Wait);
        assert_eq!(lost_match(&server("a"), true), LostMatch::Create);
        let on = GameServer { state: GameServerState::On, ..server("a") };
        assert_eq!(lost_match(&on, true), LostMatch::Over, "only a match switches it on");
        let price = GameServerPrice { used_in_month: Some(Decimal::new(1, 3)), ..GameServerPrice::default() };
        assert_eq!(
            lost_match(&GameServer { price, ..server("a") }, true),
            LostMatch::Over,
            "it has cost money"
        );
    }

    #[test]
    fn a_server_that_is_off_or_silent_with_an_error_is_down() {
        let down = |server: &GameServer, now| gone_down(server, None, Timestamp(0), Timestamp(now), 300_000);
        assert_eq!(down(&server("a"), 30_000), None, "it may still be switching on");
        assert_eq!(down(&server("a"), 60_000).as_deref(), Some("its server went off"));
        let crashed =
            GameServer { state: GameServerState::On, error: "the game crashed".to_owned(), ..server("a") };
        assert_eq!(down(&crashed, 299_999), None, "a word may still come");
        assert_eq!(down(&crashed, 300_000).as_deref(), Some("its server crashed: the game crashed"));
    }

    proptest! {
        #[test]
        fn of_many_copies_the_first_free_one_is_taken(made_at in prop::collection::vec(0..200_000_i64, 0..8), taken in 0..8_usize) {
            let servers: Vec<GameServer> = made_at.iter().enumerate().map(|(at, made_at)| {
                GameServer { created_at: Some(Timestamp(*made_at)), ..server(&at.to_string()) }
            }).collect();
            let taken = taken.to_string();
            let found = lost_copy(&servers, &WANTED, |id| id == taken);
            let first = servers.iter().filter(|one| one.key.id != taken && one.created_at >= Some(Timestamp(70_000))).map(|one| one.created_at).min();
            prop_assert_eq!(found.map(|server| server.created_at), first);
        }
    }
}
