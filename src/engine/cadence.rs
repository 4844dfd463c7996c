//! When a feed is due: attention sets the interval, failures stretch it, jitter spreads it. Pure.

use super::focus::Attention;
use super::policy::{Cadence, PollPolicy};
use crate::model::account::FeedKind;
use crate::model::problem::{Problem, Retry};

/// Doublings after which a back-off certainly reached any sensible ceiling.
const DOUBLINGS_MAX: u32 = 20;

/// The interval of a feed at this attention, milliseconds.
#[must_use]
pub fn interval_ms(policy: &PollPolicy, kind: FeedKind, attention: Attention) -> u64 {
    let cadence: &Cadence = match kind {
        FeedKind::Orders => &policy.orders,
        FeedKind::Nodes => &policy.nodes,
        FeedKind::Servers => &policy.servers,
        FeedKind::Credits => &policy.credits,
        FeedKind::Usage => return policy.usage_per_server_ms,
    };
    match attention {
        Attention::Running => cadence.running_ms,
        Attention::Visible => cadence.visible_ms,
        Attention::Background => cadence.background_ms,
        Attention::Idle => cadence.idle_ms,
    }
}

/// The wait after `failures` failures in a row: the interval, doubled for each, up to the ceiling, and never shorter
/// than what the provider asked for. `dice` in 0..1 spreads it by the policy's jitter, only ever later.
#[must_use]
pub fn wait_ms(
    policy: &PollPolicy,
    interval_ms: u64,
    failures: u32,
    problem: Option<&Problem>,
    dice: f64,
) -> u64 {
    let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
    let grown = if failures == 0 {
        interval_ms
    } else {
        let ceiling = policy.backoff_ceiling_ms.max(interval_ms);
        interval_ms.saturating_mul(1 << doublings).min(ceiling)
    };
    let asked = match problem.map(|problem| problem.retry) {
        Some(Retry::AfterMs(after_ms)) => after_ms,
        _ => 0,
    };
    spread(grown.max(asked), policy.jitter_percent, dice)
}

/// Adds up to `percent` of the wait.
fn spread(wait_ms: u64, percent: u8, dice: f64) -> u64 {
    /// Steps of the die: finer than a millisecond of any wait here.
    const STEPS: u64 = 10_000;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=10000 before"
    )]
    let steps = (dice.clamp(0.0, 1.0) * 10_000.0) as u64;
    wait_ms.saturating_add((wait_ms / 100).saturating_mul(u64::from(percent)).saturating_mul(steps) / STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn attention_shortens_the_interval() {
        let policy = PollPolicy::default();
        for kind in [FeedKind::Orders, FeedKind::Nodes, FeedKind::Servers] {
            let order = [Attention::Idle, Attention::Background, Attention::Visible, Attention::Running];
            let intervals = order.map(|attention| interval_ms(&policy, kind, attention));
            assert!(intervals.is_sorted_by(|slow, fast| slow > fast), "{kind:?}: {intervals:?}");
        }
    }

    #[test]
    fn a_retry_after_is_obeyed_even_over_the_ceiling() {
        let policy = PollPolicy::default();
        let problem = Problem { retry: Retry::AfterMs(900_000), ..Problem::refused("429", "") };
        assert!(wait_ms(&policy, 5_000, 1, Some(&problem), 0.0) >= 900_000);
    }

    proptest! {
        #[test]
        fn back_off_grows_to_the_ceiling_and_never_gives_up(interval in 1_u64..600_000, dice in 0.0..1.0_f64) {
            let policy = PollPolicy::default();
            let waits: Vec<u64> = (0..40).map(|failures| wait_ms(&policy, interval, failures, None, dice)).collect();
            prop_assert!(waits.is_sorted());
            let ceiling = policy.backoff_ceiling_ms.max(interval);
            prop_assert!(waits.iter().all(|wait| *wait >= interval && *wait <= ceiling + ceiling / 10));
        }
    }
}
