//! Accounts that are billed later: a panel's servers at their plans' prices. They have no balance; what burns there is read
//! off the servers, which the console has.

use ratatui::text::{Line, Span};

use super::amounts;
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::words::State;
use crate::model::account::FeedKind;
use crate::model::billed_later::BilledLater;
use crate::model::filter::FilterValue;
use crate::model::money::Money;
use crate::model::sanitise::clean;
use crate::model::time::Timestamp;

/// The state of its row.
pub(super) fn state(context: &ViewContext<'_>) -> State {
    State { glyph: context.glyphs.info, word: "later".to_owned(), style: context.theme.muted }
}

/// The unit of its amounts: of several currencies only the sum in the reporting currency can be told.
pub(super) fn unit(later: &BilledLater) -> String {
    later.in_one_currency().map_or_else(|| "mixed".to_owned(), |money| clean(&money.currency.0).into_owned())
}

/// What it burns per hour in one amount: in its own currency, or in the reporting currency where it has several.
pub(super) fn burn(context: &ViewContext<'_>, later: &BilledLater) -> Option<Money> {
    later.in_one_currency().cloned().or_else(|| reported(context, later))
}

/// What it burns per hour in the reporting currency.
pub(super) fn reported(context: &ViewContext<'_>, later: &BilledLater) -> Option<Money> {
    later.reported(&context.fleet.site.rates)
}

/// When its servers were listed last.
pub(super) fn read_at(context: &ViewContext<'_>, later: &BilledLater) -> Option<Timestamp> {
    let feed = context.fleet.feeds.get(&(later.account.clone(), FeedKind::Servers))?;
    feed.read_at(context.known_at())
}

/// The value of a column that can be filtered by.
pub(super) fn value<'a>(
    later: &'a BilledLater,
    context: &ViewContext<'_>,
    column: &str,
) -> Option<FilterValue<'a>> {
    match column {
        "name" | "account" => Some(FilterValue::Text(clean(later.account.as_str()))),
        "state" => Some(FilterValue::Text("billed later".into())),
        "unit" => Some(FilterValue::Text(unit(later).into())),
        "burn" => burn(context, later).map(|money| FilterValue::Number(money.amount)),
        "age" => {
            let read_at = read_at(context, later)?;
            Some(FilterValue::DurationMs(context.now.millis_since(read_at)))
        }
        _ => None,
    }
}

/// The line above its burners.
pub(super) fn header(later: &BilledLater, context: &ViewContext<'_>) -> Vec<Line<'static>> {
    let theme = context.theme;
    let count = usize::try_from(later.servers).unwrap_or(usize::MAX);
    let burns = later
        .per_hour
        .iter()
        .map(|money| format!("{} {}/h", amounts::rate(money.amount), clean(&money.currency.0)));
    let burns: Vec<String> = burns.collect();
    vec![
        Line::from(vec![
            Span::styled(format!("{}  ", clean(later.account.as_str())), theme.title),
            Span::styled("billed later", theme.muted),
            Span::styled(format!("  burns {}", burns.join(" + ")), theme.strong),
            Span::styled(format!(", {}", format::count(count, "server")), theme.text),
        ]),
        Line::default(),
    ]
}
