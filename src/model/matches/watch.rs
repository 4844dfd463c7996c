//! How long each part of a match may take, and what is to be done when one takes longer. Pure.

use serde::{Deserialize, Serialize};

use super::MatchPhase;
use super::reading::{CancelReason, MatchReading};
use super::request::MatchRequest;
use super::settlement::Score;
use crate::model::time::Timestamp;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60_000;

/// Deadlines of a match, milliseconds. Whatever happens, the server is destroyed at the latest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MatchDeadlines {
    /// From the request for the match until players can join: boots take 14 to 20 s, clients wait up to 4 minutes
    /// (`providers/dathost.md` §3.3).
    pub boot_ms: u64,
    /// From then until it starts: everybody's time to connect, the countdown and a margin.
    pub warmup_ms: u64,
    /// From the start to the end: a long game with overtimes.
    pub live_ms: u64,
    /// From the end until the recording is complete: the delay of the broadcast of 105 s, 20 s and a margin (§4.2).
    pub demo_ms: u64,
}

/// A game of 24 rounds with overtimes rarely passes two hours.
const LIVE_MS: u64 = 150 * MINUTE_MS;
/// Four minutes are the longest wait seen in clients, and a map from the workshop has to be downloaded.
const BOOT_MS: u64 = 8 * MINUTE_MS;
/// The provider cancels by itself at its own limits: ours come after those.
const MARGIN_MS: u64 = 2 * MINUTE_MS;
const DEMO_MS: u64 = 5 * MINUTE_MS;

impl MatchDeadlines {
    /// The deadlines of a request.
    #[must_use]
    pub fn of(request: &MatchRequest) -> Self {
        let joining = u64::from(request.connect_time_s) + u64::from(request.countdown_s);
        Self {
            boot_ms: BOOT_MS,
            warmup_ms: joining * SECOND_MS + MARGIN_MS,
            live_ms: LIVE_MS,
            demo_ms: DEMO_MS,
        }
    }

    /// The longest that a server can be paid for.
    #[must_use]
    pub fn longest_ms(&self) -> u64 {
        self.boot_ms + self.warmup_ms + self.live_ms + self.demo_ms
    }

    fn of_phase(&self, phase: MatchPhase) -> Option<u64> {
        match phase {
            MatchPhase::Booting => Some(self.boot_ms),
            MatchPhase::Warmup => Some(self.warmup_ms),
            MatchPhase::Live => Some(self.live_ms),
            _ => None,
        }
    }
}

/// How a match came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchEnd {
    /// Played.
    Finished(Score),
    /// Called off.
    Canceled(CancelReason),
    /// It took too long in this phase, and was given up.
    Overdue(MatchPhase),
}

impl MatchEnd {
    /// The phase that the match ends in.
    #[must_use]
    pub fn phase(&self) -> MatchPhase {
        match self {
            Self::Finished(_) => MatchPhase::Finished,
            Self::Canceled(_) => MatchPhase::Canceled,
            Self::Overdue(_) => MatchPhase::Failed,
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Finished(score) => format!("finished {}:{}", score.team1, score.team2),
            Self::Canceled(reason) => format!("canceled: {reason}"),
            Self::Overdue(MatchPhase::Booting) => "its server did not come up in time".to_owned(),
            Self::Overdue(MatchPhase::Warmup) => "it did not start in time".to_owned(),
            Self::Overdue(_) => "it took longer than a match may".to_owned(),
        }
    }
}

/// What a look at a match says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watch {
    /// It goes on; until when this phase may.
    GoesOn {
        /// The phase.
        phase: MatchPhase,
        /// When it counts as too long.
        until: Timestamp,
    },
    /// It is over.
    Over(MatchEnd),
}

/// Judges a match that was asked for at `created_at`; nothing was read yet where there is no reading.
///
/// The provider's events may be missing (a webhook lost, a crash): every deadline counts from the latest moment that the phase
/// can have begun, at the earliest from `created_at`.
#[must_use]
pub fn watch(
    reading: Option<&MatchReading>,
    created_at: Timestamp,
    now: Timestamp,
    deadlines: &MatchDeadlines,
) -> Watch {
    let phase = reading.map_or(MatchPhase::Booting, MatchReading::phase);
    match (phase, reading) {
        (MatchPhase::Finished, Some(reading)) => Watch::Over(MatchEnd::Finished(reading.best_score())),
        (MatchPhase::Canceled, Some(reading)) => {
            let unknown = || CancelReason::Other("no reason told".to_owned());
            Watch::Over(MatchEnd::Canceled(reading.cancel_reason.clone().unwrap_or_else(unknown)))
        }
        _ => {
            let began = reading.and_then(MatchReading::phase_since).unwrap_or(created_at).max(created_at);
            let until = began.plus_millis(deadlines.of_phase(phase).unwrap_or(deadlines.boot_ms));
            // A clock of the provider that runs ahead must not keep a server for ever.
            let last = created_at.plus_millis(deadlines.longest_ms());
            if now >= until.min(last) {
                Watch::Over(MatchEnd::Overdue(phase))
            } else {
                Watch::GoesOn { phase, until: until.min(last) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::MatchEventKind as E;
    use super::super::reading::tests::{reading, whole};
    use super::super::request::tests::request;
    use super::*;
    use proptest::prelude::*;

    fn deadlines() -> MatchDeadlines {
        MatchDeadlines { boot_ms: 100_000, warmup_ms: 200_000, live_ms: 300_000, demo_ms: 50_000 }
    }

    #[test]
    fn a_server_that_does_not_come_up_is_given_up() {
        let early = watch(None, Timestamp(0), Timestamp(99_999), &deadlines());
        assert_eq!(early, Watch::GoesOn { phase: MatchPhase::Booting, until: Timestamp(100_000) });
        let late = watch(None, Timestamp(0), Timestamp(100_000), &deadlines());
        assert_eq!(late, Watch::Over(MatchEnd::Overdue(MatchPhase::Booting)));
    }

    #[test]
    fn each_phase_has_its_own_time_from_its_own_beginning() {
        let warm = reading(&[E::BootingServer, E::LoadingMap, E::ServerReady]);
        let until = Timestamp(2_000 + 200_000);
        let look = |now| watch(Some(&warm), Timestamp(0), Timestamp(now), &deadlines());
        assert_eq!(look(150_000), Watch::GoesOn { phase: MatchPhase::Warmup, until });
        assert_eq!(look(until.0), Watch::Over(MatchEnd::Overdue(MatchPhase::Warmup)));
    }

    #[test]
    fn a_providers_clock_that_runs_ahead_keeps_no_server_for_ever() {
        let mut live = reading(&[E::MatchStarted]);
        live.events[0].at = Timestamp(i64::from(i32::MAX) * 1_000);
        let last = Timestamp(0).plus_millis(deadlines().longest_ms());
        assert_eq!(
            watch(Some(&live), Timestamp(0), last, &deadlines()),
            Watch::Over(MatchEnd::Overdue(MatchPhase::Live))
        );
    }

    #[test]
    fn the_deadlines_leave_the_provider_its_own() {
        let deadlines = MatchDeadlines::of(&request(5));
        assert!(deadlines.warmup_ms > 330_000);
    }

    proptest! {
        /// Whatever was seen and whenever: a match that is not over is over at the latest after the longest time.
        #[test]
        fn every_match_ends(seen in 0..12_usize, created in 0..1_000_000_i64, shift in -500_000..5_000_000_i64) {
            let kinds: Vec<E> = whole().into_iter().map(|(kind, _)| kind).collect();
            let mut match_ = reading(&kinds[..seen.min(kinds.len())]);
            for event in &mut match_.events {
                event.at = Timestamp(event.at.0 + created + shift);
            }
            let last = Timestamp(created).plus_millis(deadlines().longest_ms());
            let is_over = matches!(watch(Some(&match_), Timestamp(created), last, &deadlines()), Watch::Over(_));
            prop_assert!(is_over);
        }
    }
}
