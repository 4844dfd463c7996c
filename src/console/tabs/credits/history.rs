//! What the engine is asked about the past of a balance, and its last answers.

use super::query::{Query, Question};
use crate::console::component::{Effects, Ticket};
use crate::model::balance::BalanceKey;
use crate::model::problem::Problem;
use crate::model::request::{CreditsHistory, Reply, Request};
use crate::model::time::Timestamp;

const HOUR_MS: u64 = 3_600_000;

/// A length of time that the chart can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The words: `6 hours`.
    pub(super) words: &'static str,
    /// Milliseconds.
    pub(super) millis: u64,
}

const fn span(words: &'static str, hours: u64) -> Span {
    Span { words, millis: hours * HOUR_MS }
}

/// What zooming goes through, shortest first.
pub(super) const SPANS: [Span; 6] = [
    span("last hour", 1),
    span("6 hours", 6),
    span("day", 24),
    span("3 days", 72),
    span("week", 7 * 24),
    span("month", 30 * 24),
];

/// What the chart shows at first: the day.
const FIRST_SPAN: usize = 2;

/// Days in the daily breakdown: a month, so that every window of the figures can be read off it.
const DAYS_SHOWN: u64 = 30;

/// A question about the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) balance: BalanceKey,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    points: u32,
}

impl Question for Window {
    type Answer = CreditsHistory;

    fn request(&self) -> Request {
        let Self { balance, from, to, points } = self.clone();
        Request::CreditsHistory { balance, from, to, points }
    }

    fn answer(reply: &Reply) -> Option<CreditsHistory> {
        match reply {
            Reply::CreditsHistory(history) => Some((**history).clone()),
            _ => None,
        }
    }
}

/// The past of the selected balance.
pub(super) struct History {
    chart: Query<Window>,
    days: Query<Window>,
    span: usize,
    /// The end of the chart; nothing while it follows the readings.
    end: Option<Timestamp>,
    /// Points worth asking for: as many as the chart has columns of dots.
    points: u32,
}

/// What a chart is taken to hold before it was drawn for the first time.
const POINTS_AT_FIRST: u32 = 140;

impl Default for History {
    fn default() -> Self {
        Self {
            chart: Query::of_lane(1),
            days: Query::of_lane(2),
            span: FIRST_SPAN,
            end: None,
            points: POINTS_AT_FIRST,
        }
    }
}

impl History {
    /// Asks for what is shown of a balance that was last read then, unless that is known or on its way.
    pub(super) fn ask(&mut self, balance: &BalanceKey, read_at: Timestamp, effects: &mut Effects) {
        let (from, to) = self.bounds(read_at);
        let window = |from, to, points| Window { balance: balance.clone(), from, to, points };
        self.chart.want(window(from, to, self.points), effects);
        let month = back(read_at, DAYS_SHOWN * 24 * HOUR_MS);
        self.days.want(window(month, read_at, 1), effects);
    }

    /// Takes an answer; says whether it belonged here. Asks for what became wanted meanwhile.
    pub(super) fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        effects: &mut Effects,
    ) -> bool {
        let is_own = self.chart.answer(ticket, result) || self.days.answer(ticket, result);
        if is_own {
            self.chart.ask(effects);
            self.days.ask(effects);
        }
        is_own
    }

    /// A snapshot arrived: whatever was asked over the last connection is not waited for.
    pub(super) fn forget(&mut self) {
        self.chart.forget();
        self.days.forget();
    }

    /// The chart's bounds for a balance that was last read then.
    pub(super) fn bounds(&self, read_at: Timestamp) -> (Timestamp, Timestamp) {
        let to = self.end.unwrap_or(read_at);
        (back(to, self.span().millis), to)
    }

    /// The chart's length.
    pub(super) fn span(&self) -> Span {
        SPANS[self.span]
    }

    /// Whether the chart ends in the past.
    pub(super) fn is_panned(&self) -> bool {
        self.end.is_some()
    }

    /// Shows a shorter or longer time, around the same end; says whether there is one.
    pub(super) fn zoom(&mut self, is_in: bool) -> bool {
        let next = if is_in { self.span.checked_sub(1) } else { Some(self.span + 1) };
        match next.filter(|next| *next < SPANS.len()) {
            Some(next) => {
                self.span = next;
                true
            }
            None => false,
        }
    }

    /// Whether zooming has further to go.
    pub(super) fn can_zoom(&self, is_in: bool) -> bool {
        if is_in { self.span > 0 } else { self.span + 1 < SPANS.len() }
    }

    /// Moves the chart by half its length; forward at most to the last reading.
    pub(super) fn pan(&mut self, is_back: bool, read_at: Timestamp) {
        let half = self.span().millis / 2;
        let end = self.end.unwrap_or(read_at);
        let moved = if is_back { back(end, half) } else { end.plus_millis(half) };
        self.end = Some(moved).filter(|moved| *moved < read_at);
    }

    /// Lets the chart follow the readings again.
    pub(super) fn follow(&mut self) {
        self.end = None;
    }

    /// Says how many columns of dots the chart has, for the next question.
    pub(super) fn set_points(&mut self, points: usize) {
        self.points = u32::try_from(points).unwrap_or(POINTS_AT_FIRST).max(2);
    }

    /// The last answer for the chart, whatever window it was for.
    pub(super) fn chart(&self, balance: &BalanceKey) -> Option<&CreditsHistory> {
        of(&self.chart, balance).map(|(_, history)| history)
    }

    /// The end of the last answer's window: its last slice ends there.
    pub(super) fn chart_end(&self, balance: &BalanceKey) -> Option<Timestamp> {
        of(&self.chart, balance).map(|(window, _)| window.to)
    }

    /// The last answer for the days.
    pub(super) fn days(&self, balance: &BalanceKey) -> Option<&CreditsHistory> {
        of(&self.days, balance).map(|(_, history)| history)
    }

    /// Why there is no answer.
    pub(super) fn problem(&self) -> Option<&Problem> {
        self.chart.problem().or(self.days.problem())
    }
}

/// The last answer about a balance, whatever window it was for.
fn of<'a>(query: &'a Query<Window>, balance: &BalanceKey) -> Option<&'a (Window, CreditsHistory)> {
    query.got().filter(|(window, _)| window.balance == *balance)
}

/// A moment before another.
pub(super) fn back(from: Timestamp, millis: u64) -> Timestamp {
    Timestamp(from.0.saturating_sub(i64::try_from(millis).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::component::Effect;

    fn asked(effects: &mut Effects) -> Vec<Ticket> {
        let sent = effects.take().into_iter();
        sent.filter_map(|effect| match effect {
            Effect::Send { ticket, .. } => Some(ticket),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn a_held_key_asks_once_and_again_when_the_answer_is_there() {
        let (mut history, mut effects) = (History::default(), Effects::default());
        let (balance, read_at) = (BalanceKey::account("exa".into()), Timestamp(1_795_143_845_000));
        history.ask(&balance, read_at, &mut effects);
        let first = asked(&mut effects);
        assert_eq!(first.len(), 2, "the chart and the days");
        for _ in 0..5 {
            history.pan(true, read_at);
            history.ask(&balance, read_at, &mut effects);
        }
        assert!(asked(&mut effects).is_empty(), "one question is on its way");
        let answer = Ok(Reply::CreditsHistory(Box::default()));
        assert!(history.on_reply(first[0], &answer, &mut effects));
        assert_eq!(asked(&mut effects).len(), 1, "what is wanted now");
        assert!(!history.on_reply(first[0], &answer, &mut effects), "an old ticket");
        assert!(history.on_reply(first[1], &answer, &mut effects));
        history.ask(&balance, read_at, &mut effects);
        assert!(asked(&mut effects).is_empty(), "known, or on its way");
    }

    #[test]
    fn a_refusal_is_not_asked_for_again_until_something_else_is_wanted() {
        let (mut history, mut effects) = (History::default(), Effects::default());
        let (balance, read_at) = (BalanceKey::account("exa".into()), Timestamp(1_795_143_845_000));
        history.ask(&balance, read_at, &mut effects);
        let refused = Err(Problem::refused("no account with credits is connected", ""));
        for ticket in asked(&mut effects) {
            history.on_reply(ticket, &refused, &mut effects);
        }
        history.ask(&balance, read_at, &mut effects);
        assert!(asked(&mut effects).is_empty());
        assert!(history.problem().is_some());
        history.ask(&balance, read_at.plus_millis(60_000), &mut effects);
        assert_eq!(asked(&mut effects).len(), 2);
    }

    #[test]
    fn the_chart_pans_by_halves_and_returns_to_now() {
        let mut history = History::default();
        let read_at = Timestamp(1_795_143_845_000);
        let (from, to) = history.bounds(read_at);
        assert_eq!((to, to.millis_since(from)), (read_at, 24 * HOUR_MS));
        history.pan(true, read_at);
        assert_eq!(history.bounds(read_at).1, back(read_at, 12 * HOUR_MS));
        assert!(history.zoom(true));
        assert_eq!(history.bounds(read_at).1, back(read_at, 12 * HOUR_MS), "zooming keeps the end");
        for _ in 0..6 {
            history.pan(false, read_at);
        }
        assert!(!history.is_panned());
        while history.zoom(true) {}
        assert_eq!(history.span(), SPANS[0]);
    }
}
