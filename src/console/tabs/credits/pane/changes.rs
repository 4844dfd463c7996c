//! What changed the burn and who did it, and whom it was burnt for, as lines.

use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::super::amounts;
use super::super::causes::Causes;
use super::chart::{bar, nothing_yet};
use crate::console::context::ViewContext;
use crate::console::format;
use crate::console::widgets::text;
use crate::model::balance::BalanceKey;
use crate::model::money::{Currency, Money};
use crate::model::sanitise::clean;
use crate::model::spend::{Attribution, BurnChange, BurnerOwner, Cause, CauseSum, Share, Who};

/// Cells of a difference per hour.
const BY_CELLS: usize = 10;

/// Causes named in one line.
const CAUSES_IN_A_LINE: usize = 3;

/// What changed the burn since the chosen moment: the sums by who did it, then the newest changes.
pub(super) fn lines(
    causes: &Causes,
    payer: &BalanceKey,
    cells: usize,
    rows: usize,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let theme = context.theme;
    let Some(told) = causes.told(payer) else {
        let mut lines = vec![Line::styled("Changes of the burn", theme.table_head)];
        match causes.pressed(payer) {
            Some(at) => {
                let words = format!("none since {} UTC", format::day_minute(at));
                lines.push(Line::styled(words, theme.muted));
            }
            None => lines.extend(nothing_yet(causes.problem(), cells, context)),
        }
        return lines;
    };
    let title = format!("Burn {} since {} UTC", total_words(told), format::day_minute(told.from));
    let mut lines = vec![Line::styled(title, theme.table_head)];
    if told.sums.is_empty() {
        lines.push(Line::styled("nothing began to burn, stopped or got another price", theme.muted));
        return lines;
    }
    lines.extend(told.sums.iter().map(|sum| sum_line(sum, cells, context)));
    let room = rows.saturating_sub(lines.len());
    let shown = if told.changes.len() > room { room.saturating_sub(1) } else { room };
    lines.extend(told.changes.iter().take(shown).map(|change| change_line(change, cells, context)));
    let more = told.changes.len().saturating_sub(shown);
    if more > 0 && room > 0 {
        lines.push(Line::styled(format!("and {more} more changes"), theme.muted));
    }
    lines
}

/// The difference per hour: `+3.2000 credits/h`.
fn total_words(told: &Attribution) -> String {
    let changed = told.changed();
    let words: Vec<String> = changed
        .iter()
        .map(|(unit, by)| format!("{} {}/h", amounts::signed_rate(*by), clean(&unit.0)))
        .collect();
    if words.is_empty() { "unchanged".to_owned() } else { words.join(", ") }
}

fn sum_line(sum: &CauseSum, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let by = text::right(&amounts::signed_rate(sum.by_per_hour), BY_CELLS, context.glyphs.ellipsis);
    let style = if sum.by.is_none() && sum.by_per_hour > Decimal::ZERO { theme.warning } else { theme.text };
    let words = clean(&sum.to_string()).into_owned();
    let room = cells.saturating_sub(BY_CELLS + 1);
    Line::from(vec![
        Span::styled(by, style),
        Span::styled(format!(" {}", text::cut(&words, room, context.glyphs.ellipsis)), style),
    ])
}

/// `20 Nov 03:01    +4.0000 survival started: ann@bastion (order 812)`.
fn change_line(change: &BurnChange, cells: usize, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let at = format!("{:>12}", format::day_minute(change.at));
    let by = text::right(&amounts::signed_rate(change.by_per_hour()), BY_CELLS, context.glyphs.ellipsis);
    let who = match &change.cause {
        Cause::Run { by, .. } => by.to_string(),
        Cause::Outside => "from outside".to_owned(),
    };
    let owner = match &change.owner {
        BurnerOwner::Unowned => String::new(),
        owner => format!(" ({})", owner.words()),
    };
    let words = format!(" {} {}: {who}{owner}", change.name, change.kind.verb());
    let room = cells.saturating_sub(12 + BY_CELLS);
    Line::from(vec![
        Span::styled(at, theme.muted),
        Span::styled(by, theme.text),
        Span::styled(text::cut(&clean(&words), room, context.glyphs.ellipsis).into_owned(), theme.text),
    ])
}

/// In one line: `since 14:00 +3.2000 credits/h: 4 starts by ann@bastion, order 812`; nothing where nothing changed.
pub(super) fn sentence(causes: &Causes, payer: &BalanceKey) -> Option<String> {
    let told = causes.told(payer).filter(|told| !told.sums.is_empty())?;
    let mut words: Vec<String> = told.sums.iter().take(CAUSES_IN_A_LINE).map(ToString::to_string).collect();
    let more = told.sums.len().saturating_sub(CAUSES_IN_A_LINE);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    let is_today = told.to.millis_since(told.from) <= 24 * 3_600_000;
    let since = if is_today {
        told.from.to_datetime().format("%H:%M").to_string()
    } else {
        format::day_minute(told.from)
    };
    let words = format!("since {since} {}: {}", total_words(told), words.join("; "));
    Some(clean(&words).into_owned())
}

/// Whom it was burnt for since the chosen moment, what burnt most first.
pub(super) fn shares(
    causes: &Causes,
    payer: &BalanceKey,
    cells: usize,
    rows: usize,
    context: &ViewContext<'_>,
) -> Vec<Line<'static>> {
    let theme = context.theme;
    let by = causes.by();
    let Some(told) = causes.told(payer) else {
        let title = format!("Burnt by {}", by.word());
        let mut lines = vec![Line::styled(title, theme.table_head)];
        if causes.pressed(payer).is_none() {
            lines.extend(nothing_yet(causes.problem(), cells, context));
        }
        return lines;
    };
    let shares = by.shares(told);
    let unit = match shares {
        [first, rest @ ..] if rest.iter().all(|share| share.unit == first.unit) => {
            format!(", {}", clean(&first.unit.0))
        }
        _ => String::new(),
    };
    let title = format!("Burnt by {} since {} UTC{unit}", by.word(), format::day_minute(told.from));
    let mut lines =
        vec![Line::styled(text::cut(&title, cells, context.glyphs.ellipsis).into_owned(), theme.table_head)];
    let highest = shares.iter().map(|share| worth(share, context)).max().unwrap_or_default();
    let room = rows.saturating_sub(1);
    let shown = if shares.len() > room { room.saturating_sub(1) } else { room };
    for share in shares.iter().take(shown) {
        let note = if unit.is_empty() { format!(" {}", clean(&share.unit.0)) } else { String::new() };
        let scale = (share.burnt, worth(share, context), highest);
        lines.push(bar(&who_words(&share.who), scale, (cells, note.len(), &note), context));
    }
    if let Some(rest) = shares.get(shown..).filter(|rest| !rest.is_empty() && room > 0) {
        lines.push(Line::styled(format!("and {} more", rest.len()), theme.muted));
    }
    if shares.is_empty() {
        lines.push(Line::styled("nothing burnt in this time", theme.muted));
    }
    lines
}

/// What parts of different units are compared by: the reporting currency where a rate is configured.
fn worth(share: &Share, context: &ViewContext<'_>) -> Decimal {
    let money = Money { amount: share.burnt, currency: Currency(share.unit.0.clone()) };
    context.fleet.site.rates.convert(&money).map_or(share.burnt, |money| money.amount)
}

fn who_words(who: &Who) -> String {
    let words = match who {
        Who::Server { name, .. } => name.clone(),
        Who::Provider(provider) => provider.word().to_owned(),
        Who::Owner(owner) => owner.words(),
        Who::Others(count) => format!("{count} others"),
    };
    clean(&words).into_owned()
}
