//! What changed the burn since a moment of the operator's choice, and whom it was burnt for: asked of the engine, which keeps
//! every change.

use super::history::back;
use super::query::{Query, Question};
use crate::console::component::{Effects, Ticket};
use crate::model::balance::BalanceKey;
use crate::model::balance_view::BalanceView;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::spend::{Attribution, Period, Share};
use crate::model::time::Timestamp;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// The moment that changes are told from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// The last hour.
    Hour,
    /// Midnight of the site's day.
    Today,
    /// The last 24 hours.
    Day,
    /// The last seven days.
    Week,
    /// When the operator said so.
    Pressed(Timestamp),
}

impl Since {
    /// The next one, going round; whoever pressed chooses again.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Hour => Self::Today,
            Self::Today => Self::Day,
            Self::Day => Self::Week,
            Self::Week | Self::Pressed(_) => Self::Hour,
        }
    }

    /// The words: `the last hour`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Hour => "the last hour",
            Self::Today => "today",
            Self::Day => "24 hours",
            Self::Week => "the week",
            Self::Pressed(_) => "since then",
        }
    }

    fn moment(self, view: Option<&BalanceView>, as_of: Timestamp) -> Timestamp {
        match self {
            Self::Hour => back(as_of, HOUR_MS),
            Self::Today => {
                // The day of the site's zone, where a balance says when it began.
                let windows = view.map(|view| view.windows.as_slice()).unwrap_or_default();
                let today = windows.iter().find(|(period, _)| *period == Period::Today);
                let utc = || Timestamp(as_of.0.div_euclid(DAY_MS) * DAY_MS);
                today.map_or_else(utc, |(_, window)| window.from)
            }
            Self::Day => back(as_of, 24 * HOUR_MS),
            Self::Week => back(as_of, 7 * 24 * HOUR_MS),
            Self::Pressed(at) => at,
        }
    }
}

/// Whom the burn is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Server by server.
    Server,
    /// Order, match, deployment or person.
    Owner,
    /// Provider by provider.
    Provider,
}

impl By {
    /// The next one, going round.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Server => Self::Owner,
            Self::Owner => Self::Provider,
            Self::Provider => Self::Server,
        }
    }

    /// The word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Owner => "owner",
            Self::Provider => "provider",
        }
    }

    /// The list of an answer.
    pub(super) fn shares(self, told: &Attribution) -> &[Share] {
        match self {
            Self::Server => &told.by_server,
            Self::Owner => &told.by_owner,
            Self::Provider => &told.by_provider,
        }
    }
}

/// A question about a window.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    payer: BalanceKey,
    from: Timestamp,
    to: Timestamp,
}

impl Question for Window {
    type Answer = Attribution;

    fn request(&self) -> Request {
        let Self { payer, from, to } = self.clone();
        Request::BurnAttribution { payer: Some(payer), from, to }
    }

    fn answer(reply: &Reply) -> Option<Attribution> {
        match reply {
            Reply::BurnAttribution(told) => Some((**told).clone()),
            _ => None,
        }
    }
}

/// What is told of changes, and by whom.
pub(super) struct Causes {
    since: Since,
    by: By,
    /// The moment that is told up to: when something last changed, so that nothing moves by itself.
    as_of: Timestamp,
    query: Query<Window>,
}

impl Default for Causes {
    fn default() -> Self {
        Self { since: Since::Today, by: By::Server, as_of: Timestamp(0), query: Query::of_lane(3) }
    }
}

impl Causes {
    /// Takes note that something about money changed.
    pub(super) fn note(&mut self, now: Timestamp) {
        self.as_of = now;
    }

    /// Asks for what is shown of a balance or an account, unless that is known or on its way.
    pub(super) fn ask(&mut self, payer: &BalanceKey, view: Option<&BalanceView>, effects: &mut Effects) {
        let from = self.since.moment(view, self.as_of);
        if from < self.as_of {
            self.query.want(Window { payer: payer.clone(), from, to: self.as_of }, effects);
        }
    }

    /// Takes an answer; says whether it belonged here. Asks for what became wanted meanwhile.
    pub(super) fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        effects: &mut Effects,
    ) -> bool {
        let is_own = self.query.answer(ticket, result);
        if is_own {
            self.query.ask(effects);
        }
        is_own
    }

    /// A snapshot arrived: whatever was asked over the last connection is not waited for.
    pub(super) fn forget(&mut self) {
        self.query.forget();
    }

    /// Tells changes from another moment.
    pub(super) fn since_next(&mut self) -> Since {
        self.since = self.since.next();
        self.since
    }

    /// Tells changes from now on.
    pub(super) fn since_now(&mut self, now: Timestamp) {
        self.since = Since::Pressed(now);
    }

    /// Tells the burn by others.
    pub(super) fn by_next(&mut self) -> By {
        self.by = self.by.next();
        self.by
    }

    /// Whom the burn is told by.
    pub(super) fn by(&self) -> By {
        self.by
    }

    /// What is known of a balance or an account since the moment chosen: nothing yet, or nothing since then.
    pub(super) fn told(&self, payer: &BalanceKey) -> Option<&Attribution> {
        let is_asked = |window: &Window| window.payer == *payer && !self.is_newer_than(window);
        self.query.got().filter(|(window, _)| is_asked(window)).map(|(_, told)| told)
    }

    /// The moment that was pressed, while nothing was told since.
    pub(super) fn pressed(&self, payer: &BalanceKey) -> Option<Timestamp> {
        match self.since {
            Since::Pressed(at) if self.told(payer).is_none() => Some(at),
            _ => None,
        }
    }

    fn is_newer_than(&self, window: &Window) -> bool {
        matches!(self.since, Since::Pressed(at) if window.from < at)
    }

    /// Why there is no answer.
    pub(super) fn problem(&self) -> Option<&Problem> {
        self.query.problem()
    }
}
