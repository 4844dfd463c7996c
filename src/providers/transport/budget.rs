//! One request budget per account and API, kept in step with what the provider's headers say.
//!
//! Not the `governor` crate: a token bucket of its own refill rate cannot be corrected from outside. The panel counts
//! per *user* in a fixed window of 60 s (`providers/pterodactyl.md` §5.5); other consoles, other keys and the user's
//! browser share that count, its size differs by version and setting, and only the answers' headers tell.
//!
//! The rules are in [`Ledger`], which is pure; [`Budget`] adds the waiting. Waiting is bounded three times: by how many
//! wait (`MAX_WAITING`; one more is refused), by how long (a wait that would pass the cap is refused at once), and runs
//! go before polls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// The provider's window: fixed, from its first request (§5.5).
const WINDOW_MS: u64 = 60_000;
/// Requests under way at once; a panel has a few tens of PHP workers for everybody.
const MAX_IN_FLIGHT: u32 = 16;
/// Of those, the ones that polls leave to runs.
const SLOTS_FOR_RUNS: u32 = 4;
/// Requests under way before the first answer told the limit.
const MAX_IN_FLIGHT_UNKNOWN: u32 = 4;
/// Polls stop when this share of the limit is left: one fifth.
const RESERVE_DIVISOR: u32 = 5;
/// Callers waiting at once, per budget; one more is refused.
const MAX_WAITING: u32 = 512;
/// The longest a run waits for its turn: a whole window and a little.
const MAX_WAIT_RUN: Duration = Duration::from_secs(75);
/// The longest a poll waits; the next poll asks again anyway.
const MAX_WAIT_POLL: Duration = Duration::from_secs(20);
/// A pause longer than this is not believed.
const MAX_PAUSE_MS: u64 = 600_000;
/// The pause after a 429 that names none.
const DEFAULT_PAUSE_MS: u64 = 30_000;

/// Who asks: runs go first, polls leave them a reserve of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Priority {
    /// A run that an operator waits for.
    Run,
    /// Observation, which can wait.
    Poll,
}

/// How much of one API's budget is left, as last told by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetLevel {
    /// Requests per window; nothing before the first answer.
    pub limit: Option<u32>,
    /// Requests left in the present window; nothing before the first answer.
    pub remaining: Option<u32>,
    /// Callers waiting for their turn now.
    pub waiting: u32,
}

/// What one answer said about the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// Requests per window.
    pub limit: Option<u32>,
    /// Requests left.
    pub remaining: Option<u32>,
    /// The pause a 429 asks for.
    pub pause_ms: Option<u64>,
}

impl Told {
    /// What a 429 says; without a pause of its own the default one holds.
    #[must_use]
    pub fn refused(pause_ms: Option<u64>) -> Self {
        Self { pause_ms: Some(pause_ms.unwrap_or(DEFAULT_PAUSE_MS)), ..Self::default() }
    }
}

/// Whether a request may go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now; it is counted.
    Go,
    /// In so many milliseconds at the earliest.
    InMs(u64),
    /// When another request ends.
    AfterAnother,
}

/// The budget's state: pure, with time passed in as milliseconds of any monotonic clock.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    known: Option<Window>,
    blocked_until_ms: u64,
    in_flight: u32,
    runs_waiting: u32,
    polls_waiting: u32,
}

/// The provider's count as far as known.
#[derive(Debug, Clone, Copy)]
struct Window {
    limit: u32,
    /// What the provider would say after everything under way.
    remaining: u32,
    /// When this window ends; nothing between windows.
    ends_ms: Option<u64>,
}

impl Ledger {
    /// Whether a request of this priority may go at `now_ms`; if so it is counted.
    pub fn ask(&mut self, now_ms: u64, priority: Priority) -> Turn {
        if self.blocked_until_ms > now_ms {
            return Turn::InMs(self.blocked_until_ms - now_ms);
        }
        let slots = match (self.known, priority) {
            (None, _) => MAX_IN_FLIGHT_UNKNOWN,
            (Some(_), Priority::Run) => MAX_IN_FLIGHT,
            (Some(_), Priority::Poll) => MAX_IN_FLIGHT - SLOTS_FOR_RUNS,
        };
        let is_behind_runs = priority == Priority::Poll && self.runs_waiting > 0;
        if let Some(window) = &mut self.known {
            window.roll(now_ms);
            let floor = if priority == Priority::Poll { window.reserve() } else { 0 };
            if window.remaining <= floor {
                return Turn::InMs(window.ends_in_ms(now_ms));
            }
        }
        if is_behind_runs || self.in_flight >= slots {
            return Turn::AfterAnother;
        }
        if let Some(window) = &mut self.known {
            window.remaining -= 1;
            window.ends_ms.get_or_insert(now_ms + WINDOW_MS);
        }
        self.in_flight += 1;
        Turn::Go
    }

    /// A request ended; the provider said this.
    pub fn ended(&mut self, now_ms: u64, told: Told) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.correct(now_ms, told);
        if let Some(pause_ms) = told.pause_ms {
            let until = self.pause(now_ms, pause_ms);
            if let Some(window) = &mut self.known {
                window.remaining = 0;
                // The provider's window ends when its pause does.
                window.ends_ms = Some(until);
            }
        }
    }

    /// Lets nobody go for this long; returns until when.
    pub fn pause(&mut self, now_ms: u64, pause_ms: u64) -> u64 {
        let until = now_ms.saturating_add(pause_ms.min(MAX_PAUSE_MS));
        self.blocked_until_ms = self.blocked_until_ms.max(until);
        until
    }

    /// Takes over what the provider counted.
    fn correct(&mut self, now_ms: u64, told: Told) {
        let (Some(limit), Some(remaining)) = (told.limit.filter(|limit| *limit > 0), told.remaining) else {
            return;
        };
        // Requests still under way may or may not be in the provider's count: suppose they are not.
        let left = remaining.saturating_sub(self.in_flight);
        match &mut self.known {
            None => self.known = Some(Window { limit, remaining: left, ends_ms: Some(now_ms + WINDOW_MS) }),
            Some(window) => {
                window.limit = limit;
                // Answers overtake each other by a few; a jump beyond that is a new window.
                if left > window.remaining.saturating_add(MAX_IN_FLIGHT) {
                    window.remaining = left;
                    window.ends_ms = Some(now_ms + WINDOW_MS);
                } else {
                    window.remaining = window.remaining.min(left);
                }
            }
        }
    }

    /// The level for screens.
    #[must_use]
    pub fn level(&self) -> BudgetLevel {
        BudgetLevel {
            limit: self.known.map(|window| window.limit),
            remaining: self.known.map(|window| window.remaining),
            waiting: self.runs_waiting + self.polls_waiting,
        }
    }

    fn waiting_of(&mut self, priority: Priority) -> &mut u32 {
        match priority {
            Priority::Run => &mut self.runs_waiting,
            Priority::Poll => &mut self.polls_waiting,
        }
    }
}

impl Window {
    /// Begins anew when the provider's window is over.
    fn roll(&mut self, now_ms: u64) {
        if self.ends_ms.is_some_and(|ends_ms| now_ms >= ends_ms) {
            self.ends_ms = None;
            self.remaining = self.limit;
        }
    }

    fn reserve(&self) -> u32 {
        (self.limit / RESERVE_DIVISOR).max(1).min(self.limit.saturating_sub(1))
    }

    fn ends_in_ms(&self, now_ms: u64) -> u64 {
        self.ends_ms.map_or(WINDOW_MS, |ends_ms| ends_ms.saturating_sub(now_ms)).max(1)
    }
}

/// A [`Ledger`] that callers can wait at.
#[derive(Debug)]
pub struct Budget {
    name: String,
    ledger: Mutex<Ledger>,
    changed: Notify,
    began: Instant,
}

impl Budget {
    /// An empty budget; `name` says whose in messages: `account main, application API`.
    #[must_use]
    pub fn new(name: String) -> Arc<Self> {
        Arc::new(Self { name, ledger: Mutex::default(), changed: Notify::new(), began: Instant::now() })
    }

    /// The level for screens.
    #[must_use]
    pub fn level(&self) -> BudgetLevel {
        self.with(|ledger, _| ledger.level())
    }

    /// Lets nobody go for this long, or for what is believed of it.
    pub fn pause(&self, pause_ms: u64) {
        self.with(|ledger, now_ms| ledger.pause(now_ms, pause_ms));
    }

    /// Waits for a turn. Cancel-safe: a dropped wait leaves the queue.
    ///
    /// # Errors
    /// `RateLimited` when the wait would pass the cap of this priority, or too many wait already.
    pub async fn acquire(self: &Arc<Self>, priority: Priority) -> Result<Permit, Problem> {
        let cap = match priority {
            Priority::Run => MAX_WAIT_RUN,
            Priority::Poll => MAX_WAIT_POLL,
        };
        let give_up = Instant::now() + cap;
        let mut place: Option<Place> = None;
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let wake_at = match self.with(|ledger, now_ms| ledger.ask(now_ms, priority)) {
                Turn::Go => return Ok(Permit { budget: Arc::clone(self), told: Told::default() }),
                Turn::InMs(wait_ms) => {
                    let wake_at = Instant::now() + Duration::from_millis(wait_ms);
                    if wake_at > give_up {
                        return Err(self.used_up(wait_ms));
                    }
                    wake_at
                }
                Turn::AfterAnother => give_up,
            };
            if place.is_none() {
                place = Some(self.queue(priority)?);
            }
            if Instant::now() >= give_up {
                return Err(self.used_up(DEFAULT_PAUSE_MS));
            }
            tokio::select! {
                () = tokio::time::sleep_until(wake_at) => {}
                () = changed => {}
            }
        }
    }

    fn queue(self: &Arc<Self>, priority: Priority) -> Result<Place, Problem> {
        self.with(|ledger, _| {
            if ledger.runs_waiting + ledger.polls_waiting >= MAX_WAITING {
                return Err(self.used_up(DEFAULT_PAUSE_MS));
            }
            *ledger.waiting_of(priority) += 1;
            Ok(Place { budget: Arc::clone(self), priority })
        })
    }

    fn used_up(&self, wait_ms: u64) -> Problem {
        Problem {
            kind: ProblemKind::RateLimited,
            fault: Fault::Provider,
            retry: Retry::AfterMs(wait_ms),
            effect: Effect::None,
            message: format!(
                "the request budget of {} is used up for {} s",
                self.name,
                wait_ms.div_ceil(1000)
            ),
            advice: "it refills by itself; a user of its own for Quarterdeck keeps others from using it up"
                .to_owned(),
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut Ledger, u64) -> R) -> R {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A poisoned ledger is still a ledger: it holds counters only.
        act(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner), now_ms)
    }
}

/// A place in the queue; given up when dropped.
struct Place {
    budget: Arc<Budget>,
    priority: Priority,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.budget.with(|ledger, _| {
            let waiting = ledger.waiting_of(self.priority);
            *waiting = waiting.saturating_sub(1);
        });
        self.budget.changed.notify_waiters();
    }
}

/// The right to one request; dropped, the request has ended.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    told: Told,
}

impl Permit {
    /// Notes what the answer said; counted when the permit is dropped.
    pub fn note(&mut self, told: Told) {
        self.told = Told {
            limit: told.limit.or(self.told.limit),
            remaining: told.remaining.or(self.told.remaining),
            pause_ms: told.pause_ms.or(self.told.pause_ms),
        };
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let told = self.told;
        self.budget.with(|ledger, now_ms| ledger.ended(now_ms, told));
        self.budget.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(limit: u32, remaining: u32) -> Told {
        Told { limit: Some(limit), remaining: Some(remaining), pause_ms: None }
    }

    fn known(limit: u32, remaining: u32) -> Ledger {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.ask(0, Priority::Run), Turn::Go);
        ledger.ended(0, told(limit, remaining));
        ledger
    }

    #[test]
    fn before_the_first_answer_only_a_few_go() {
        let mut ledger = Ledger::default();
        for _ in 0..MAX_IN_FLIGHT_UNKNOWN {
            assert_eq!(ledger.ask(0, Priority::Poll), Turn::Go);
        }
        assert_eq!(ledger.ask(0, Priority::Run), Turn::AfterAnother);
        ledger.ended(5, told(240, 239));
        assert_eq!(ledger.level().limit, Some(240));
        assert_eq!(ledger.level().remaining, Some(236), "three more are under way");
    }

    #[test]
    fn polls_leave_a_reserve_that_runs_may_use() {
        let mut ledger = known(240, 48);
        assert_eq!(ledger.ask(1_000, Priority::Poll), Turn::InMs(59_000));
        assert_eq!(ledger.ask(1_000, Priority::Run), Turn::Go);
        let mut empty = known(240, 0);
        assert_eq!(empty.ask(1_000, Priority::Run), Turn::InMs(59_000));
        assert_eq!(empty.ask(60_000, Priority::Run), Turn::Go);
        assert_eq!(empty.level().remaining, Some(239), "a new window is full");
    }

    #[test]
    fn a_waiting_run_goes_before_polls() {
        let mut ledger = known(240, 200);
        ledger.runs_waiting = 1;
        assert_eq!(ledger.ask(1, Priority::Poll), Turn::AfterAnother);
        assert_eq!(ledger.ask(1, Priority::Run), Turn::Go);
    }

    #[test]
    fn a_429_stops_everybody_for_its_pause() {
        let mut ledger = known(240, 200);
        assert_eq!(ledger.ask(1_000, Priority::Run), Turn::Go);
        ledger.ended(1_000, Told { limit: Some(240), remaining: Some(0), pause_ms: Some(45_000) });
        assert_eq!(ledger.ask(2_000, Priority::Run), Turn::InMs(44_000));
        assert_eq!(ledger.ask(46_000, Priority::Run), Turn::Go);
        assert_eq!(ledger.level().remaining, Some(239));
    }

    #[test]
    fn a_429_as_the_first_answer_lasts_no_longer_than_its_pause() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.ask(0, Priority::Run), Turn::Go);
        ledger.ended(0, Told { limit: Some(240), remaining: Some(0), pause_ms: Some(1_000) });
        assert_eq!(ledger.ask(999, Priority::Run), Turn::InMs(1));
        assert_eq!(ledger.ask(1_000, Priority::Run), Turn::Go);
    }

    #[test]
    fn others_using_the_same_user_are_seen_and_a_jump_up_is_a_new_window() {
        let mut ledger = known(240, 200);
        assert_eq!(ledger.ask(10_000, Priority::Run), Turn::Go);
        ledger.ended(10_000, told(240, 120));
        assert_eq!(ledger.level().remaining, Some(120));
        assert_eq!(ledger.ask(20_000, Priority::Run), Turn::Go);
        ledger.ended(20_000, told(240, 239));
        assert_eq!(ledger.level().remaining, Some(239));
        assert_eq!(ledger.ask(79_000, Priority::Run), Turn::Go, "still the window of 20 s");
        assert_eq!(ledger.level().remaining, Some(238));
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_gives_way_and_a_run_waits_out_the_window() {
        let budget = Budget::new("account main, application API".to_owned());
        let mut first = budget.acquire(Priority::Run).await.unwrap();
        first.note(told(10, 0));
        drop(first);
        let problem = budget.acquire(Priority::Poll).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::RateLimited);
        assert_eq!(problem.effect, Effect::None);
        assert!(matches!(problem.retry, Retry::AfterMs(ms) if ms > 59_000), "{problem:?}");
        let began = Instant::now();
        let permit = budget.acquire(Priority::Run).await.unwrap();
        assert!(began.elapsed() >= Duration::from_secs(59), "paused time, moved by the wait alone");
        drop(permit);
        assert_eq!(budget.level().waiting, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn runs_overtake_polls_that_wait_longer() {
        let budget = Budget::new("account main, application API".to_owned());
        let mut first = budget.acquire(Priority::Run).await.unwrap();
        first.note(Told { limit: Some(240), remaining: Some(200), pause_ms: Some(10_000) });
        drop(first);
        let (sender, mut order) = tokio::sync::mpsc::channel(8);
        for priority in [Priority::Poll, Priority::Poll, Priority::Run] {
            let (budget, sender) = (Arc::clone(&budget), sender.clone());
            tokio::spawn(async move {
                let permit = budget.acquire(priority).await.unwrap();
                sender.send(priority).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(permit);
            });
            tokio::task::yield_now().await;
        }
        assert_eq!(order.recv().await, Some(Priority::Run));
        assert_eq!(order.recv().await, Some(Priority::Poll));
        assert_eq!(order.recv().await, Some(Priority::Poll));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_wait_leaves_the_queue() {
        let budget = Budget::new("account main, client API".to_owned());
        let mut first = budget.acquire(Priority::Run).await.unwrap();
        first.note(Told::refused(Some(5_000)));
        drop(first);
        {
            let wait = std::pin::pin!(budget.acquire(Priority::Run));
            assert!(futures::poll!(wait).is_pending());
            assert_eq!(budget.level().waiting, 1);
        }
        assert_eq!(budget.level().waiting, 0);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_per_window(steps in proptest::collection::vec((0_u64..4_000, any::<bool>()), 1..400)) {
            // A provider that counts exactly; what the ledger lets through must never be refused.
            let (limit, mut now, mut used, mut window_start) = (20_u32, 0_u64, 0_u32, None::<u64>);
            let mut ledger = Ledger::default();
            for (gap, is_run) in steps {
                now += gap;
                let priority = if is_run { Priority::Run } else { Priority::Poll };
                if ledger.ask(now, priority) == Turn::Go {
                    if window_start.is_none_or(|start| now >= start + WINDOW_MS) {
                        window_start = Some(now);
                        used = 0;
                    }
                    used += 1;
                    prop_assert!(used <= limit);
                    ledger.ended(now, told(limit, limit - used));
                }
            }
        }
    }
}
