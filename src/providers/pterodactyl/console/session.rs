//! What to do on one open socket: pure, `(state, event) -> effects`; the task beside it does the waiting.

use super::protocol::{Heard, JwtFault, SocketStats};
use crate::model::request::ConsoleItem;
use crate::model::server::{PowerSignal, PowerState, Usage};
use crate::model::time::Timestamp;
use crate::providers::pterodactyl::map::cpu_percent;

/// Tokens live 10 minutes; this much later after fetching one, the next is fetched (`providers/pterodactyl.md` §4.6).
const RENEW_AFTER_MS: u64 = 510_000;
/// The pause after a renewal that failed while the old token still holds.
const RENEW_AGAIN_MS: u64 = 20_000;
/// How long a socket may take to accept a token.
const AUTH_TIMEOUT_MS: u64 = 15_000;
/// A token refused within this time of being accepted is no old one: the clocks of panel and node differ.
const SKEW_MS: u64 = 10_000;
/// What the daemon says within this time of a renewal may still be about the old token.
const LATE_MS: u64 = 5_000;
/// How often the socket is pinged, so that proxies do not think it idle.
const PING_MS: u64 = 30_000;
/// Without any frame for this long the socket is dead.
const SILENCE_MS: u64 = 75_000;

/// What happens to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The socket is open, with a token of this age.
    Opened {
        /// Since it was fetched.
        token_age_ms: u64,
    },
    /// The daemon said something.
    Heard(Heard),
    /// Any other frame came: the socket lives.
    Alive,
    /// A new token is there.
    Renewed {
        /// Since it was fetched.
        token_age_ms: u64,
    },
    /// A new token could not be had; it may be later.
    RenewalFailed,
    /// The panel refuses new tokens: suspended, deleted, not allowed.
    RenewalRefused(String),
    /// Somebody typed.
    Typed(Typed),
    /// Time passed.
    Tick,
    /// The daemon closed the socket, with this code.
    Closed(Option<u16>),
    /// The socket broke.
    Broke(String),
}

/// What somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A line for the server.
    Command(String),
    /// A power signal.
    Signal(PowerSignal),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send the token that is held.
    Authenticate,
    /// Ask for the last lines and for use and state.
    AskForLogs,
    /// Send what was typed.
    Type(Typed),
    /// Ping.
    Ping,
    /// Tell the reader.
    Emit(ConsoleItem),
    /// Get another token than the one held, beside everything else.
    Renew,
    /// Leave the socket.
    End(Ending),
}

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// For good, and why.
    Over(String),
    /// By accident: connect again, and why.
    Lost {
        /// Why.
        reason: String,
        /// The token is to blame: do not use it again.
        is_token_refused: bool,
    },
}

/// One open socket.
#[derive(Debug, Clone)]
pub struct Session {
    is_live: bool,
    is_renewing: bool,
    has_fresh_token: bool,
    power: Option<PowerState>,
    authenticated_at_ms: u64,
    /// When a token last came for this open socket.
    renewed_at_ms: Option<u64>,
    /// When the daemon must have answered the token sent last; nothing while none is under way.
    auth_due_ms: Option<u64>,
    renew_due_ms: u64,
    ping_due_ms: u64,
    heard_at_ms: u64,
}

impl Session {
    /// A session whose socket was opened at `now_ms`.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self {
            is_live: false,
            is_renewing: false,
            has_fresh_token: false,
            power: None,
            authenticated_at_ms: 0,
            renewed_at_ms: None,
            auth_due_ms: Some(now_ms + AUTH_TIMEOUT_MS),
            renew_due_ms: u64::MAX,
            ping_due_ms: now_ms + PING_MS,
            heard_at_ms: now_ms,
        }
    }

    /// Whether the daemon accepted a token.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// When a `Tick` is due.
    #[must_use]
    pub fn next_tick_ms(&self) -> u64 {
        let renew = if self.is_renewing { u64::MAX } else { self.renew_due_ms };
        let auth = self.auth_due_ms.unwrap_or(u64::MAX);
        renew.min(auth).min(self.ping_due_ms).min(self.heard_at_ms + SILENCE_MS)
    }

    /// Takes one event.
    pub fn on(&mut self, event: Event, now_ms: u64, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Opened { token_age_ms } => {
                self.holds_token(token_age_ms, now_ms);
                vec![Effect::Authenticate]
            }
            Event::Renewed { token_age_ms } => {
                self.is_renewing = false;
                self.renewed_at_ms = Some(now_ms);
                self.holds_token(token_age_ms, now_ms);
                vec![Effect::Authenticate]
            }
            Event::RenewalFailed => {
                self.is_renewing = false;
                self.renew_due_ms = now_ms + RENEW_AGAIN_MS;
                Vec::new()
            }
            Event::RenewalRefused(why) => vec![over(why)],
            Event::Alive => {
                self.heard_at_ms = now_ms;
                Vec::new()
            }
            Event::Heard(heard) => {
                self.heard_at_ms = now_ms;
                self.hear(heard, now_ms, now)
            }
            Event::Typed(typed) => self.take_typed(typed),
            Event::Tick => self.tick(now_ms),
            Event::Closed(code) => vec![closed(code)],
            Event::Broke(why) => vec![lost(why)],
        }
    }

    fn holds_token(&mut self, age_ms: u64, now_ms: u64) {
        self.has_fresh_token = age_ms < SKEW_MS;
        self.auth_due_ms = Some(now_ms + AUTH_TIMEOUT_MS);
        self.renew_due_ms = now_ms + RENEW_AFTER_MS.saturating_sub(age_ms);
    }

    fn hear(&mut self, heard: Heard, now_ms: u64, now: Timestamp) -> Vec<Effect> {
        match heard {
            Heard::AuthSuccess => self.accepted(now_ms),
            Heard::Status(power) => self.changed_to(power),
            Heard::Stats(stats) => self.uses(&stats, now),
            Heard::Output(lines) => {
                lines.into_iter().map(|line| Effect::Emit(ConsoleItem::Line(line))).collect()
            }
            Heard::Daemon(lines) => {
                lines.into_iter().map(|line| Effect::Emit(ConsoleItem::Daemon(line))).collect()
            }
            Heard::DaemonError(text) if self.is_live => vec![Effect::Emit(ConsoleItem::Daemon(text))],
            // A bad signature arrives like this: an old token may be from before a change of the node's secret.
            Heard::DaemonError(text) => {
                vec![token_refused(format!("the node refuses the console: {text}"))]
            }
            Heard::Jwt(fault) => self.token_fault(fault, now_ms),
            // A warning that was on its way while the token was renewed is about the old one.
            Heard::TokenExpiring if self.renewed_at_ms.is_some_and(|at_ms| now_ms < at_ms + LATE_MS) => {
                Vec::new()
            }
            Heard::TokenExpiring => self.renew(),
            Heard::Deleted => vec![over("the server was deleted".to_owned())],
            Heard::Throttled => {
                vec![Effect::Emit(ConsoleItem::Daemon(
                    "the node dropped what was sent: too much at once".to_owned(),
                ))]
            }
            Heard::Other | Heard::Unreadable => Vec::new(),
        }
    }

    fn accepted(&mut self, now_ms: u64) -> Vec<Effect> {
        self.authenticated_at_ms = now_ms;
        self.auth_due_ms = None;
        if std::mem::replace(&mut self.is_live, true) {
            return Vec::new(); // a renewal
        }
        vec![Effect::Emit(ConsoleItem::Connected), Effect::AskForLogs]
    }

    fn changed_to(&mut self, power: PowerState) -> Vec<Effect> {
        if self.power.replace(power) == Some(power) {
            return Vec::new();
        }
        vec![Effect::Emit(ConsoleItem::Power(power))]
    }

    /// Use carries the state too: delivery is lossy, so a missed `status` is made good here.
    fn uses(&mut self, stats: &SocketStats, now: Timestamp) -> Vec<Effect> {
        let mut effects = stats.power.map(|power| self.changed_to(power)).unwrap_or_default();
        effects.push(Effect::Emit(ConsoleItem::Usage(Usage {
            cpu_percent: cpu_percent(stats.cpu_percent),
            memory_bytes: stats.memory_bytes,
            disk_bytes: stats.disk_bytes,
            network_rx_bytes: stats.network_rx_bytes,
            network_tx_bytes: stats.network_tx_bytes,
            uptime_ms: stats.uptime_ms,
            observed_at: now,
        })));
        effects
    }

    /// After a token's end every suppressed event arrives as one more error: only the first acts.
    fn token_fault(&mut self, fault: JwtFault, now_ms: u64) -> Vec<Effect> {
        match fault {
            JwtFault::Fatal => vec![over("the node refuses this user's token for this server".to_owned())],
            JwtFault::Missing if !self.is_live => Vec::new(), // the answer to our token is still under way
            JwtFault::Missing | JwtFault::Stale
                if self.is_live && (self.is_renewing || self.auth_due_ms.is_some()) =>
            {
                Vec::new() // still about the old token; a new one that is refused too ends with its deadline
            }
            JwtFault::Missing | JwtFault::Stale if self.is_live => {
                if self.has_fresh_token && self.is_settling(now_ms) {
                    return vec![token_refused(
                        "a new token ended at once: the clocks of panel and node differ".to_owned(),
                    )];
                }
                self.renew()
            }
            JwtFault::Missing | JwtFault::Stale => {
                vec![token_refused("the node refuses an old token".to_owned())]
            }
        }
    }

    /// Whether a token is on its way or was accepted a moment ago.
    fn is_settling(&self, now_ms: u64) -> bool {
        self.auth_due_ms.is_some() || now_ms.saturating_sub(self.authenticated_at_ms) < SKEW_MS
    }

    fn renew(&mut self) -> Vec<Effect> {
        if std::mem::replace(&mut self.is_renewing, true) { Vec::new() } else { vec![Effect::Renew] }
    }

    fn take_typed(&self, typed: Typed) -> Vec<Effect> {
        if !self.is_live {
            return Vec::new();
        }
        let said = match &typed {
            Typed::Signal(signal) => Some(Effect::Emit(ConsoleItem::Signal(*signal))),
            Typed::Command(_) => None,
        };
        std::iter::once(Effect::Type(typed)).chain(said).collect()
    }

    fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        if self.auth_due_ms.is_some_and(|due_ms| now_ms >= due_ms) {
            let why = "the node did not answer the login".to_owned();
            return vec![if self.is_live { token_refused(why) } else { lost(why) }];
        }
        if now_ms >= self.heard_at_ms + SILENCE_MS {
            return vec![lost("the node gave no sign of life".to_owned())];
        }
        let mut effects = Vec::new();
        if now_ms >= self.ping_due_ms {
            self.ping_due_ms = now_ms + PING_MS;
            effects.push(Effect::Ping);
        }
        if now_ms >= self.renew_due_ms {
            effects.extend(self.renew());
        }
        effects
    }
}

fn over(why: String) -> Effect {
    Effect::End(Ending::Over(why))
}

fn token_refused(reason: String) -> Effect {
    Effect::End(Ending::Lost { reason, is_token_refused: true })
}

fn lost(reason: String) -> Effect {
    Effect::End(Ending::Lost { reason, is_token_refused: false })
}

/// The daemon's close codes: 1001 deleted, 4409 suspended, 4400 reserved (§4.6).
fn closed(code: Option<u16>) -> Effect {
    match code {
        Some(1001) => {
            over("the node closed the console: the server was deleted, or the node goes away".to_owned())
        }
        Some(4409) => over("the node closed the console: the server is suspended".to_owned()),
        Some(4400) => over("the node closed the console and refuses it".to_owned()),
        Some(code) => lost(format!("the node closed the console ({code})")),
        None => lost("the node closed the console".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(0);

    fn live() -> Session {
        let mut session = Session::new(0);
        assert_eq!(session.on(Event::Opened { token_age_ms: 0 }, 0, NOW), [Effect::Authenticate]);
        let effects = session.on(Event::Heard(Heard::AuthSuccess), 10, NOW);
        assert_eq!(effects, [Effect::Emit(ConsoleItem::Connected), Effect::AskForLogs]);
        session
    }

    #[test]
    fn a_token_is_renewed_in_place_before_it_ends() {
        let mut session = live();
        let mut now_ms = 10;
        loop {
            now_ms = session.next_tick_ms().max(now_ms);
            session.on(Event::Alive, now_ms, NOW);
            let effects = session.on(Event::Tick, now_ms, NOW);
            if effects.contains(&Effect::Renew) {
                break;
            }
            assert!(effects.iter().all(|effect| *effect == Effect::Ping), "{effects:?}");
        }
        assert_eq!(now_ms, RENEW_AFTER_MS);
        assert_eq!(session.on(Event::Heard(Heard::TokenExpiring), now_ms, NOW), [], "one renewal at a time");
        assert_eq!(session.on(Event::Renewed { token_age_ms: 0 }, now_ms, NOW), [Effect::Authenticate]);
        assert_eq!(session.on(Event::Heard(Heard::AuthSuccess), now_ms, NOW), [], "a renewal says nothing");
    }

    #[test]
    fn a_flood_of_token_errors_renews_once() {
        let mut session = live();
        let later = 601_000;
        session.on(Event::Alive, later, NOW);
        assert_eq!(session.on(Event::Heard(Heard::Jwt(JwtFault::Stale)), later, NOW), [Effect::Renew]);
        for _ in 0..100 {
            assert_eq!(session.on(Event::Heard(Heard::Jwt(JwtFault::Stale)), later, NOW), []);
        }
    }

    #[test]
    fn errors_that_were_on_their_way_do_not_ask_for_another_token() {
        let mut session = live();
        let later = 601_000;
        session.on(Event::Alive, later, NOW);
        assert_eq!(session.on(Event::Heard(Heard::TokenExpiring), later, NOW), [Effect::Renew]);
        assert_eq!(session.on(Event::Renewed { token_age_ms: 0 }, later, NOW), [Effect::Authenticate]);
        for heard in [Heard::Jwt(JwtFault::Stale), Heard::TokenExpiring] {
            assert_eq!(session.on(Event::Heard(heard), later, NOW), []);
        }
        session.on(Event::Heard(Heard::AuthSuccess), later + 5, NOW);
        assert_eq!(session.on(Event::Heard(Heard::TokenExpiring), later + 6, NOW), []);
        assert_eq!(session.on(Event::Heard(Heard::TokenExpiring), later + 500_000, NOW), [Effect::Renew]);
    }

    #[test]
    fn a_fresh_token_refused_at_once_is_not_fetched_in_a_circle() {
        let mut session = live();
        let effects = session.on(Event::Heard(Heard::Jwt(JwtFault::Stale)), 1_000, NOW);
        assert!(
            matches!(&effects[..], [Effect::End(Ending::Lost { reason, .. })] if reason.contains("clocks"))
        );
    }

    #[test]
    fn closes_are_final_or_accidents() {
        for code in [1001, 4400, 4409] {
            assert!(matches!(closed(Some(code)), Effect::End(Ending::Over(_))), "{code}");
        }
        for code in [Some(1006), Some(1011), None] {
            assert!(matches!(closed(code), Effect::End(Ending::Lost { .. })), "{code:?}");
        }
    }

    #[test]
    fn nothing_is_typed_before_the_login_and_signals_are_shown() {
        let mut session = Session::new(0);
        assert_eq!(session.on(Event::Typed(Typed::Command("stop".to_owned())), 0, NOW), []);
        let mut session = live();
        let kill = Typed::Signal(PowerSignal::Kill);
        assert_eq!(
            session.on(Event::Typed(kill.clone()), 20, NOW),
            [Effect::Type(kill), Effect::Emit(ConsoleItem::Signal(PowerSignal::Kill))]
        );
    }

    #[test]
    fn a_silent_socket_is_left() {
        let mut session = Session::new(0);
        session.on(Event::Opened { token_age_ms: 0 }, 0, NOW);
        assert!(matches!(
            session.on(Event::Tick, AUTH_TIMEOUT_MS, NOW)[..],
            [Effect::End(Ending::Lost { .. })]
        ));
        let mut session = live();
        assert!(matches!(
            session.on(Event::Tick, SILENCE_MS + 10, NOW)[..],
            [Effect::End(Ending::Lost { .. })]
        ));
    }

    #[test]
    fn a_missed_state_is_made_good_by_use() {
        let mut session = live();
        assert_eq!(
            session.on(Event::Heard(Heard::Status(PowerState::Starting)), 20, NOW),
            [Effect::Emit(ConsoleItem::Power(PowerState::Starting))]
        );
        let stats = SocketStats { power: Some(PowerState::Running), ..SocketStats::default() };
        let effects = session.on(Event::Heard(Heard::Stats(stats)), 30, NOW);
        assert_eq!(effects[0], Effect::Emit(ConsoleItem::Power(PowerState::Running)));
        assert!(matches!(effects[1], Effect::Emit(ConsoleItem::Usage(_))));
        assert_eq!(session.on(Event::Heard(Heard::Status(PowerState::Running)), 40, NOW), []);
    }

    proptest! {
        #[test]
        fn there_is_always_a_next_moment(steps in proptest::collection::vec((0_u64..700_000, 0_u8..9), 0..60)) {
            let (mut session, mut now_ms) = (Session::new(0), 0);
            session.on(Event::Opened { token_age_ms: 0 }, 0, NOW);
            for (gap, kind) in steps {
                now_ms += gap;
                let event = match kind {
                    0 => Event::Heard(Heard::AuthSuccess),
                    1 => Event::Heard(Heard::Jwt(JwtFault::Stale)),
                    2 => Event::Heard(Heard::TokenExpiring),
                    3 => Event::Renewed { token_age_ms: 0 },
                    4 => Event::RenewalFailed,
                    5 => Event::Alive,
                    6 => Event::Typed(Typed::Command("x".to_owned())),
                    7 => Event::Heard(Heard::DaemonError("x".to_owned())),
                    _ => Event::Tick,
                };
                let renewals = session.on(event, now_ms, NOW).iter().filter(|effect| **effect == Effect::Renew).count();
                prop_assert!(renewals <= 1);
                prop_assert!(session.next_tick_ms() < u64::MAX);
            }
        }
    }
}
