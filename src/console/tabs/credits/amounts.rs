//! Amounts, states and moments of a balance as every part of the tab shows them.
//!
//! Without real-time mode everything is told as of the reading, so that nothing moves between readings; only a reading
//! that grows old moves on, in coarse steps.

use rust_decimal::Decimal;

use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::words::State;
pub(in crate::console) use crate::console::words::balance_name as name;
use crate::model::balance::BalanceKey;
use crate::model::balance_view::BalanceView;
use crate::model::money::{Currency, Money};
use crate::model::sanitise::clean;
use crate::model::spend::{AlertKey, AlertLevel, AlertPolicy, Runway};
use crate::model::time::Timestamp;

/// Digits of what is left and what was spent.
const AMOUNT_DIGITS: u32 = 2;

/// Digits of what burns per hour: one small server costs about a cent an hour.
const RATE_DIGITS: u32 = 4;

/// Digits of a balance that counts down: as many as the prediction has.
pub(in crate::console) const COUNTED_DIGITS: u32 = 4;

/// A reading older than this is told to be; below, it is as fresh as polling makes it.
const OLD_AFTER_MS: u64 = 600_000;

/// What is left, or was spent.
pub(in crate::console) fn amount(value: Decimal) -> String {
    format::fixed(value, AMOUNT_DIGITS)
}

/// What burns per hour.
pub(in crate::console) fn rate(value: Decimal) -> String {
    format::fixed(value, RATE_DIGITS)
}

/// A difference of rates, with its sign.
pub(in crate::console) fn signed_rate(value: Decimal) -> String {
    format!("{}{}", if value >= Decimal::ZERO { "+" } else { "" }, rate(value))
}

/// The amount in the reporting currency; nothing where no rate is configured.
pub(in crate::console) fn reported(
    context: &ViewContext<'_>,
    value: Decimal,
    unit: &Currency,
) -> Option<Money> {
    context.fleet.site.rates.convert(&Money { amount: value, currency: unit.clone() })
}

/// One of a unit: `credit`.
fn one(unit: &Currency) -> &str {
    unit.0.strip_suffix('s').unwrap_or(&unit.0)
}

/// The rate of a unit to the reporting currency: `(1 credit = 0.012 EUR)`; why there is none.
pub(in crate::console) fn rate_words(context: &ViewContext<'_>, unit: &Currency) -> String {
    let rates = &context.fleet.site.rates;
    if *unit == rates.reporting {
        return String::new();
    }
    match rates.per_unit.get(unit) {
        Some(rate) => format!("(1 {} = {} {})", one(unit), rate.normalize(), rates.reporting),
        None => format!("no rate from {unit} to {} is configured", rates.reporting),
    }
}

/// The moment that a balance is told for.
pub(in crate::console) fn told_at(view: &BalanceView, context: &ViewContext<'_>, is_live: bool) -> Timestamp {
    let (read_at, now) = (view.balance.observed_at, context.known_at());
    if is_live {
        return now;
    }
    let age_ms = now.millis_since(read_at);
    let step_ms = match age_ms {
        0..OLD_AFTER_MS => return read_at,
        OLD_AFTER_MS..3_600_000 => OLD_AFTER_MS,
        _ => 3_600_000,
    };
    read_at.plus_millis(age_ms / step_ms * step_ms)
}

/// When it was read: the time of day, the age once it is old.
pub(in crate::console) fn read_words(view: &BalanceView, context: &ViewContext<'_>) -> (String, bool) {
    let read_at = view.balance.observed_at;
    let age_ms = context.known_at().millis_since(read_at);
    if age_ms < OLD_AFTER_MS {
        (format::time_of_day(read_at), false)
    } else {
        let age_ms = told_at(view, context, false).millis_since(read_at);
        (format!("{} {} old", context.glyphs.warning, format::age_short(age_ms)), true)
    }
}

/// How long until a balance is empty, as a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum Level {
    Idle,
    Ok,
    Low,
    Critical,
    Empty,
}

impl Level {
    /// The level of a balance at a moment: the limits that alerts have by default, and never better than its alert.
    pub(in crate::console) fn of(view: &BalanceView, context: &ViewContext<'_>, at: Timestamp) -> Self {
        let own = Self::of_runway(view, at);
        let is_of = |key: &AlertKey| *key == AlertKey::Runway(view.balance.key.clone());
        match context.fleet.alerts.iter().find(|alert| is_of(&alert.key)).map(|alert| alert.level) {
            Some(AlertLevel::Critical) => own.max(Self::Critical),
            Some(AlertLevel::Warning) => own.max(Self::Low),
            None => own,
        }
    }

    fn of_runway(view: &BalanceView, at: Timestamp) -> Self {
        let limits = AlertPolicy::default();
        if view.per_hour() <= Decimal::ZERO {
            return Self::Idle;
        }
        match view.runway(at).map(|runway| runway.lasts_ms) {
            Some(0) => Self::Empty,
            Some(lasts_ms) if lasts_ms < limits.runway_critical_ms => Self::Critical,
            Some(lasts_ms) if lasts_ms < limits.runway_warning_ms => Self::Low,
            None | Some(_) => Self::Ok,
        }
    }

    /// Glyph, word and style.
    pub(in crate::console) fn state(self, context: &ViewContext<'_>) -> State {
        let (glyphs, theme) = (context.glyphs, context.theme);
        let (glyph, word, style) = match self {
            Self::Idle => (glyphs.stopped, "idle", theme.muted),
            Self::Ok => (glyphs.running, "ok", theme.good),
            Self::Low => (glyphs.warning, "low", theme.warning),
            Self::Critical => (glyphs.bad, "critical", theme.bad),
            Self::Empty => (glyphs.bad, "empty", theme.bad),
        };
        State { glyph, word: word.to_owned(), style }
    }
}

/// How long it lasts: `4 d 01 h`; why there is no end.
pub(in crate::console) fn lasts(runway: Option<&Runway>, per_hour: Decimal) -> String {
    match runway {
        Some(runway) => format::age_minutes(runway.lasts_ms),
        None if per_hour > Decimal::ZERO => "100 years".to_owned(),
        None => "no end".to_owned(),
    }
}

/// When it ends; nothing where it does not.
pub(in crate::console) fn ends(runway: Option<&Runway>) -> String {
    runway.map_or_else(|| format::UNKNOWN.to_owned(), |runway| format::day_minute(runway.ends_at))
}

/// The balance of this key.
pub(in crate::console) fn view_of<'a>(
    context: &ViewContext<'a>,
    key: &BalanceKey,
) -> Option<&'a BalanceView> {
    context.fleet.balances.get(key)
}

/// When a balance that counts down changes its last digit next: at most four times a second, never for one that stands.
pub(in crate::console) fn next_tick(view: &BalanceView, now: Timestamp) -> Option<Timestamp> {
    let per_hour = view.declared.running_per_hour;
    if per_hour <= Decimal::ZERO || view.predicted(now) <= Decimal::ZERO {
        return None;
    }
    // Milliseconds in which the last digit is burnt.
    let digit_ms = (Decimal::from(3_600_000) * Decimal::new(1, COUNTED_DIGITS)).checked_div(per_hour)?;
    let passed = Decimal::from(now.millis_since(view.balance.observed_at));
    let digits = passed.checked_div(digit_ms)?.floor() + Decimal::ONE;
    let at_ms = u64::try_from(digits.checked_mul(digit_ms)?.ceil()).ok()?;
    Some(view.balance.observed_at.plus_millis(at_ms).max(now.plus_millis(REDRAW_MS)))
}

/// The shortest time between two redraws of a countdown, milliseconds: four a second.
const REDRAW_MS: u64 = 250;

/// A burn in its own unit and in the reporting currency, with the rate: `4.2000 credits/h = 0.0504 EUR/h (1 credit = …)`.
pub(in crate::console) fn burn_words(
    context: &ViewContext<'_>,
    per_hour: Decimal,
    unit: &Currency,
) -> String {
    let own = format!("{} {}/h", rate(per_hour), clean(&unit.0));
    let words = rate_words(context, unit);
    match reported(context, per_hour, unit) {
        Some(_) if words.is_empty() => own,
        Some(money) => format!("{own} = {} {}/h {words}", rate(money.amount), money.currency),
        None => format!("{own}; {words}"),
    }
}
