//! What a status says about a signal: whether to send it, and what became of it. Pure.
//!
//! A signal whose answer was lost is looked for in the status. It stays visible there for a while only: a start that falls
//! back, or a stop that a joining player undoes, leaves no trace. After that nobody guesses.

use crate::model::credits::{CreditServerSignal, CreditServerStatus};

/// How long a signal is looked for, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After a signal its status is seen within this.
    pub settle_ms: u64,
    /// For so long at least its status stays visible.
    pub visible_ms: u64,
}

/// A signal that may have been sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// How long ago it may have been sent when it was looked for first, milliseconds.
    pub age_ms: u64,
    /// How long it has been looked for since, milliseconds.
    pub watched_ms: u64,
}

/// What to do about a signal that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforeSending {
    /// Send it.
    Send,
    /// It is not needed any more: this run, or somebody else, has done it.
    Done,
    /// Look again.
    Wait,
    /// The state forbids it, and waiting does not help.
    Forbidden,
    /// It may have been sent, and no state tells.
    Unknown,
}

/// Decides before a signal is sent; `planned` is the status when the run was planned.
#[must_use]
pub fn before_sending(
    signal: CreditServerSignal,
    planned: CreditServerStatus,
    now: CreditServerStatus,
    doubt: Option<Doubt>,
    patience: Patience,
) -> BeforeSending {
    use BeforeSending as B;
    use CreditServerSignal as Signal;
    use CreditServerStatus as S;
    // Where the status is as it was before a signal: nobody sent one, or it did not arrive, or it left no trace.
    let untouched = || match doubt {
        Some(doubt) if doubt.age_ms > patience.visible_ms => B::Unknown,
        Some(doubt) if doubt.watched_ms < patience.settle_ms => B::Wait,
        Some(_) | None => B::Send,
    };
    // Only a start moves a server that stood still: one that fell back was started.
    let has_left = doubt.is_some() && planned.is_stopped() && now != planned;
    match signal {
        _ if matches!(now, S::Unknown(_) | S::Transferring) => B::Wait,
        Signal::Start { .. } if has_left => B::Done,
        Signal::Start { .. } if now.is_stopped() => untouched(),
        Signal::Start { .. } if now.is_going_down() => B::Wait,
        Signal::Start { .. } => B::Done,
        Signal::Stop | Signal::Restart if now == S::Online => untouched(),
        Signal::Stop if now.is_stopped() || now.is_going_down() => B::Done,
        Signal::Restart if now.is_stopped() || now.is_going_down() => B::Forbidden,
        Signal::Restart if now == S::Restarting || doubt.is_some() => B::Done,
        Signal::Stop | Signal::Restart => B::Wait,
    }
}

/// What became of a signal that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterSending {
    /// What it leads to is so.
    Reached,
    /// It is on its way.
    Waiting,
    /// It will not be reached: the start fell back or crashed, the stop was undone.
    Failed,
}

/// Decides while the status is watched; `has_moved`: another status than the one before the signal was seen since.
#[must_use]
pub fn after_sending(
    signal: CreditServerSignal,
    now: CreditServerStatus,
    has_moved: bool,
    since_ms: u64,
    patience: Patience,
) -> AfterSending {
    use AfterSending as A;
    use CreditServerSignal as Signal;
    use CreditServerStatus as S;
    // The status of before may still be told for a moment.
    let is_settled = has_moved || since_ms > patience.settle_ms;
    let is_over = |is_so: bool| if is_so { A::Failed } else { A::Waiting };
    match signal {
        _ if matches!(now, S::Unknown(_) | S::Transferring) => A::Waiting,
        Signal::Start { .. } | Signal::Restart if now.is_stopped() => is_over(is_settled),
        Signal::Start { .. } if now == S::Online => A::Reached,
        Signal::Restart if now == S::Online && is_settled => A::Reached,
        Signal::Start { .. } | Signal::Restart => A::Waiting,
        Signal::Stop if now.is_stopped() => A::Reached,
        Signal::Stop if now.is_going_down() => A::Waiting,
        Signal::Stop => is_over(is_settled),
    }
}

/// Whether a status is another one than before the signal took effect.
#[must_use]
pub fn is_moved(signal: CreditServerSignal, now: CreditServerStatus) -> bool {
    use CreditServerStatus as S;
    match signal {
        _ if matches!(now, S::Unknown(_) | S::Transferring) => false,
        CreditServerSignal::Start { .. } => !now.is_stopped(),
        CreditServerSignal::Stop | CreditServerSignal::Restart => now != S::Online,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CreditServerStatus as S;

    const START: CreditServerSignal = CreditServerSignal::Start { with_own_credits: false };
    const STOP: CreditServerSignal = CreditServerSignal::Stop;
    const RESTART: CreditServerSignal = CreditServerSignal::Restart;
    const PATIENCE: Patience = Patience { settle_ms: 10, visible_ms: 20 };

    fn sure(signal: CreditServerSignal, now: S) -> BeforeSending {
        before_sending(signal, S::Offline, now, None, PATIENCE)
    }

    fn doubting(
        signal: CreditServerSignal,
        planned: S,
        now: S,
        age_ms: u64,
        watched_ms: u64,
    ) -> BeforeSending {
        before_sending(signal, planned, now, Some(Doubt { age_ms, watched_ms }), PATIENCE)
    }

    fn every_status() -> impl Iterator<Item = S> {
        (0..=11).map(S::from_number)
    }

    #[test]
    fn a_signal_is_sent_only_where_it_is_needed_and_taken() {
        use BeforeSending as B;
        for status in every_status() {
            let expected = match status {
                S::Offline | S::Crashed => (B::Send, B::Done, B::Forbidden),
                S::Online => (B::Done, B::Send, B::Send),
                S::Stopping | S::Saving => (B::Wait, B::Done, B::Forbidden),
                S::Restarting => (B::Done, B::Wait, B::Done),
                S::Pending | S::Preparing | S::Loading | S::Starting => (B::Done, B::Wait, B::Wait),
                S::Transferring | S::Unknown(_) => (B::Wait, B::Wait, B::Wait),
            };
            assert_eq!(
                (sure(START, status), sure(STOP, status), sure(RESTART, status)),
                expected,
                "{status}"
            );
        }
    }

    #[test]
    fn a_lost_signal_is_looked_for_then_repeated_and_after_its_trace_is_gone_nobody_guesses() {
        use BeforeSending as B;
        for (signal, before, under_way) in [
            (START, S::Offline, S::Preparing),
            (STOP, S::Online, S::Saving),
            (RESTART, S::Online, S::Restarting),
        ] {
            assert_eq!(doubting(signal, before, before, 3, 0), B::Wait, "{signal:?}");
            assert_eq!(doubting(signal, before, before, 3, 9), B::Wait, "{signal:?}");
            assert_eq!(doubting(signal, before, before, 3, 10), B::Send, "{signal:?}");
            assert_eq!(doubting(signal, before, before, 21, 99), B::Unknown, "{signal:?}");
            assert_eq!(doubting(signal, before, under_way, 21, 0), B::Done, "{signal:?}");
        }
        assert_eq!(doubting(RESTART, S::Online, S::Starting, 5, 0), B::Done, "its second half");
    }

    #[test]
    fn a_start_that_fell_back_was_sent() {
        use BeforeSending as B;
        for (planned, now) in [
            (S::Offline, S::Crashed),
            (S::Crashed, S::Offline),
            (S::Offline, S::Saving),
            (S::Offline, S::Stopping),
        ] {
            assert_eq!(doubting(START, planned, now, 3, 99), B::Done, "{planned} then {now}");
        }
        // It was going down when it was planned: that it stands still now tells nothing.
        assert_eq!(doubting(START, S::Saving, S::Offline, 3, 99), B::Send);
    }

    #[test]
    fn what_is_accepted_is_watched_to_its_end() {
        use AfterSending as A;
        let after = |signal, status, has_moved, since_ms| {
            after_sending(signal, status, has_moved, since_ms, PATIENCE)
        };
        for status in every_status() {
            let expected = match status {
                S::Offline | S::Crashed => (A::Failed, A::Reached, A::Failed),
                S::Online => (A::Reached, A::Failed, A::Reached),
                S::Stopping | S::Saving | S::Transferring | S::Unknown(_) => {
                    (A::Waiting, A::Waiting, A::Waiting)
                }
                _ => (A::Waiting, A::Failed, A::Waiting),
            };
            let now = |signal| after(signal, status, true, 5);
            assert_eq!((now(START), now(STOP), now(RESTART)), expected, "{status}");
        }
        for (signal, before, then) in
            [(START, S::Offline, A::Failed), (STOP, S::Online, A::Failed), (RESTART, S::Online, A::Reached)]
        {
            assert!(!is_moved(signal, before));
            assert_eq!(after(signal, before, false, 5), A::Waiting, "{signal:?}: it may be told late");
            assert_eq!(after(signal, before, false, 11), then, "{signal:?}");
        }
    }
}
