//! Balances as rows: accounts and pools with what is left, what burns it and how long it lasts; beside them the accounts
//! that burn and are billed later.

use std::borrow::Cow;

use ratatui::text::Line;
use rust_decimal::Decimal;

use super::amounts::{self, COUNTED_DIGITS, Level};
use super::later;
use crate::console::condition::{self, Condition, Words};
use crate::console::context::ViewContext;
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::{details, format};
use crate::link::packed::PackedFleet;
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::balance_view::BalanceView;
use crate::model::billed_later::BilledLater;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::fleet::{Metric, SeriesOwner};
use crate::model::money::Money;
use crate::model::sanitise::clean;
use crate::model::spend::Period;

/// The balances of every prepaid account, and the accounts that are billed later.
#[derive(Default)]
pub struct Balances {
    /// Whether they count down between readings.
    pub is_live: bool,
}

const NAME: usize = 0;
const STATE: usize = 1;
const BALANCE: usize = 2;
const UNIT: usize = 3;
const BURN: usize = 4;
/// Sorted by at first: what ends soonest.
pub(super) const RUNWAY: usize = 5;
const ENDS: usize = 6;
const REPORTED: usize = 7;
const OBSERVED: usize = 8;
const TODAY: usize = 9;
const THREE_DAYS: usize = 10;
const WEEK: usize = 11;
const MONTH: usize = 12;
const SHARE: usize = 13;
const READ: usize = 14;
const TREND: usize = 15;

const fn amount(name: &'static str, title: &'static str, cells: u16, priority: u8) -> Column {
    column(name, title, Width::Fixed(cells), priority, Align::Right)
}

const fn filter(name: &'static str, kind: ColumnKind) -> FilterColumn {
    FilterColumn { name, kind }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    filter("name", ColumnKind::Text),
    filter("account", ColumnKind::Text),
    filter("pool", ColumnKind::Text),
    filter("state", ColumnKind::Text),
    filter("balance", ColumnKind::Number),
    filter("unit", ColumnKind::Text),
    filter("burn", ColumnKind::Number),
    filter("observed", ColumnKind::Number),
    filter("mismatch", ColumnKind::Text),
    filter("runway", ColumnKind::Duration),
    filter("today", ColumnKind::Number),
    filter("three_days", ColumnKind::Number),
    filter("week", ColumnKind::Number),
    filter("month", ColumnKind::Number),
    filter("share", ColumnKind::Number),
    filter("age", ColumnKind::Duration),
];

/// The providers that keep balances.
const PROVIDERS: [Provider; 2] = [Provider::Exaroton, Provider::Dathost];

/// Whether any account is connected of which it is known what it burns.
#[must_use]
pub fn is_connected(fleet: &PackedFleet) -> bool {
    let has_rows = !fleet.balances.is_empty() || !fleet.billed_later.is_empty();
    has_rows || fleet.feeds.values().any(|feed| PROVIDERS.contains(&feed.provider))
}

fn spent(view: &BalanceView, column: usize) -> Option<Decimal> {
    let wanted = match column {
        TODAY => Period::Today,
        THREE_DAYS => Period::ThreeDays,
        WEEK => Period::Week,
        _ => Period::Month,
    };
    view.windows.iter().find(|(period, _)| *period == wanted).map(|(_, window)| window.spent)
}

/// The part of a pool that is the account's, in percent.
fn share(view: &BalanceView) -> Option<Decimal> {
    view.balance.share.as_ref().map(|share| share.share * Decimal::ONE_HUNDRED)
}

impl Balances {
    fn amount(&self, view: &BalanceView, context: &ViewContext<'_>) -> String {
        if self.is_live {
            format::fixed(view.predicted(context.known_at()), COUNTED_DIGITS)
        } else {
            amounts::amount(view.balance.amount)
        }
    }

    fn row_cell<'a>(&self, view: &BalanceView, context: &ViewContext<'a>, column: usize) -> CellText<'a> {
        let theme = context.theme;
        let at = amounts::told_at(view, context, self.is_live);
        let runway = view.runway(at);
        let unknown = || format::UNKNOWN.to_owned();
        match column {
            NAME => CellText::new(amounts::name(view), theme.text),
            STATE => {
                let state = Level::of(view, context, at).state(context);
                CellText::new(state.text(), state.style)
            }
            BALANCE => {
                let style = Level::of(view, context, at).state(context).style;
                CellText::new(self.amount(view, context), if self.is_live { style } else { theme.strong })
            }
            UNIT => CellText::new(clean(&view.balance.unit.0).into_owned(), theme.muted),
            BURN => {
                let burn = amounts::rate(view.per_hour());
                match &view.mismatch {
                    Some(_) => CellText::new(format!("{}{burn}", context.glyphs.warning), theme.warning),
                    None => CellText::new(burn, theme.text),
                }
            }
            RUNWAY => CellText::new(amounts::lasts(runway.as_ref(), view.per_hour()), theme.text),
            ENDS => CellText::new(amounts::ends(runway.as_ref()), theme.text),
            REPORTED => match amounts::reported(context, view.per_hour(), &view.balance.unit) {
                Some(money) => {
                    CellText::new(format!("{} {}", amounts::rate(money.amount), money.currency), theme.text)
                }
                None => CellText::new("no rate", theme.muted),
            },
            OBSERVED => {
                let style = if view.mismatch.is_some() { theme.warning } else { theme.text };
                CellText::new(view.observed_per_hour.map_or_else(unknown, amounts::rate), style)
            }
            SHARE => CellText::new(
                share(view).map_or_else(unknown, |percent| format!("{} %", percent.round().normalize())),
                theme.text,
            ),
            READ => {
                let (words, is_old) = amounts::read_words(view, context);
                CellText::new(words, if is_old { theme.warning } else { theme.muted })
            }
            _ => CellText::new(spent(view, column).map_or_else(unknown, amounts::amount), theme.text),
        }
    }
}

/// A cell of an account that is billed later: it has no balance, and nothing of it ends.
fn later_cell<'a>(billed: &BilledLater, context: &ViewContext<'a>, column: usize) -> CellText<'a> {
    let theme = context.theme;
    let per_hour = |money: Option<Money>, has_currency: bool| match money {
        Some(money) if has_currency => {
            CellText::new(format!("{} {}", amounts::rate(money.amount), money.currency), theme.text)
        }
        Some(money) => CellText::new(amounts::rate(money.amount), theme.text),
        None if billed.per_hour.is_empty() => CellText::new(format::UNKNOWN, theme.muted),
        None => CellText::new("no rate", theme.muted),
    };
    match column {
        NAME => CellText::new(clean(billed.account.as_str()).into_owned(), theme.text),
        STATE => {
            let state = later::state(context);
            CellText::new(state.text(), state.style)
        }
        UNIT => CellText::new(later::unit(billed), theme.muted),
        BURN => per_hour(later::burn(context, billed), false),
        REPORTED => per_hour(later::reported(context, billed), true),
        READ => {
            let read = later::read_at(context, billed);
            CellText::new(read.map_or_else(|| format::UNKNOWN.to_owned(), format::time_of_day), theme.muted)
        }
        _ => CellText::new(format::UNKNOWN, theme.muted),
    }
}

fn value<'a>(view: &'a BalanceView, context: &ViewContext<'_>, column: &str) -> Option<FilterValue<'a>> {
    let text = |words: &'a str| Some(FilterValue::Text(clean(words)));
    let at = amounts::told_at(view, context, false);
    match column {
        "name" => Some(FilterValue::Text(amounts::name(view).into())),
        "account" => text(view.balance.key.account.as_str()),
        "pool" => view.balance.key.pool.as_deref().and_then(text),
        "state" => Some(FilterValue::Text(Level::of(view, context, at).state(context).word.into())),
        "balance" => Some(FilterValue::Number(view.balance.amount)),
        "unit" => text(&view.balance.unit.0),
        "burn" => Some(FilterValue::Number(view.per_hour())),
        "observed" => view.observed_per_hour.map(FilterValue::Number),
        "mismatch" => view.mismatch.as_deref().and_then(text),
        "runway" => view.runway(at).map(|runway| FilterValue::DurationMs(runway.lasts_ms)),
        "today" => spent(view, TODAY).map(FilterValue::Number),
        "three_days" => spent(view, THREE_DAYS).map(FilterValue::Number),
        "week" => spent(view, WEEK).map(FilterValue::Number),
        "month" => spent(view, MONTH).map(FilterValue::Number),
        "share" => share(view).map(FilterValue::Number),
        "age" => Some(FilterValue::DurationMs(context.now.millis_since(view.balance.observed_at))),
        _ => None,
    }
}

impl Kind for Balances {
    type Id = BalanceKey;

    const COLUMNS: &'static [Column] = &[
        column("name", "ACCOUNT", flexible(12, 1), 0, Align::Left),
        column("state", "STATE", Width::Fixed(10), 0, Align::Left),
        amount("balance", "BALANCE", 12, 0),
        column("unit", "UNIT", Width::Fixed(7), 1, Align::Left),
        amount("burn", "BURN/H", 10, 1),
        amount("runway", "RUNWAY", 9, 1),
        amount("ends", "ENDS UTC", 12, 2),
        amount("reported", "REPORTED/H", 13, 3),
        amount("observed", "OBSERVED/H", 11, 5),
        amount("today", "TODAY", 9, 4),
        amount("three_days", "3 DAYS", 9, 8),
        amount("week", "WEEK", 9, 7),
        amount("month", "MONTH", 10, 6),
        amount("share", "SHARE", 6, 9),
        amount("age", "READ UTC", 9, 3),
        Column {
            name: "trend",
            title: "TREND",
            width: Width::Fixed(12),
            priority: 3,
            align: Align::Left,
            is_sortable: false,
        },
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "balances";
    const WORDS: Words = Words {
        things: "credits",
        empty: "The accounts answered, but none of them has told a balance yet.",
        not_connected: "Credits come from prepaid accounts.",
        configuration: &[],
    };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&BalanceKey)) {
        fleet.balances.keys().chain(fleet.billed_later.keys()).for_each(each);
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.balances.len() + fleet.billed_later.len()
    }

    fn exists(&self, fleet: &PackedFleet, id: &BalanceKey) -> bool {
        fleet.balances.contains_key(id) || fleet.billed_later.contains_key(id)
    }

    /// What can run out comes first.
    fn group(&self, context: &ViewContext<'_>, id: &BalanceKey) -> u8 {
        u8::from(!context.fleet.balances.contains_key(id))
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &BalanceKey, column: usize) -> SortKey {
        let number = |value: Option<Decimal>| value.map_or(SortKey::Missing, SortKey::Decimal);
        let Some(view) = amounts::view_of(context, id) else {
            return context.fleet.billed_later.get(id).map_or(SortKey::Missing, |billed| match column {
                NAME => SortKey::text(billed.account.as_str()),
                UNIT => SortKey::text(&later::unit(billed)),
                BURN => number(later::burn(context, billed).map(|money| money.amount)),
                REPORTED => number(later::reported(context, billed).map(|money| money.amount)),
                _ => SortKey::Missing,
            });
        };
        match column {
            NAME => SortKey::text(&amounts::name(view)),
            STATE => SortKey::Integer(-(Level::of(view, context, view.balance.observed_at) as i64)),
            BALANCE => SortKey::Decimal(view.balance.amount),
            UNIT => SortKey::text(&view.balance.unit.0),
            BURN => SortKey::Decimal(view.per_hour()),
            RUNWAY | ENDS => {
                // As of the reading: an order that moved with the clock would move rows by itself.
                SortKey::integer(view.runway(view.balance.observed_at).map(|runway| runway.ends_at.0))
            }
            REPORTED => {
                let money = amounts::reported(context, view.per_hour(), &view.balance.unit);
                number(money.map(|money| money.amount))
            }
            OBSERVED => number(view.observed_per_hour),
            SHARE => number(share(view)),
            READ => SortKey::Integer(-view.balance.observed_at.0),
            _ => number(spent(view, column)),
        }
    }

    fn cell<'a>(
        &self,
        context: &ViewContext<'a>,
        id: &BalanceKey,
        column: usize,
        width: u16,
    ) -> CellText<'a> {
        if column == TREND {
            let owner = SeriesOwner::Balance(id.clone());
            let drawn = details::spark(context, owner, Metric::BurnPerHour, usize::from(width), None);
            return CellText::new(drawn, context.theme.accent);
        }
        match (amounts::view_of(context, id), context.fleet.billed_later.get(id)) {
            (Some(view), _) => self.row_cell(view, context, column),
            (None, Some(billed)) => later_cell(billed, context, column),
            (None, None) => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &BalanceKey, column: &str) -> Option<FilterValue<'a>> {
        match amounts::view_of(context, id) {
            Some(view) => value(view, context, column),
            None => later::value(context.fleet.billed_later.get(id)?, context, column),
        }
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &BalanceKey) -> Cow<'a, str> {
        match (amounts::view_of(context, id), context.fleet.billed_later.get(id)) {
            (Some(view), _) => {
                Cow::Owned(format!("{} {} {}", amounts::name(view), view.balance.unit, view.balance.key))
            }
            (None, Some(billed)) => {
                Cow::Owned(format!("{} {} billed later", billed.account, later::unit(billed)))
            }
            (None, None) => Cow::Borrowed(""),
        }
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        condition::of_providers(context, &PROVIDERS, total, &Self::WORDS)
    }

    fn details(&self, _context: &ViewContext<'_>, _id: &BalanceKey, _cells: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &BalanceKey) -> Option<(String, &'static str)> {
        if let Some(BalanceView { balance, .. }) = amounts::view_of(context, id) {
            return Some((format!("{} {}", balance.amount, clean(&balance.unit.0)), "balance"));
        }
        let burn = later::burn(context, context.fleet.billed_later.get(id)?)?;
        Some((format!("{} {}/h", burn.amount, clean(&burn.currency.0)), "burn"))
    }

    fn gone_text(&self, id: &BalanceKey) -> String {
        clean(&id.to_string()).into_owned()
    }
}
