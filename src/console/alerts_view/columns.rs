//! Alerts as rows: columns, sort keys, filter values.

use std::borrow::Cow;

use ratatui::text::Line;

use crate::console::condition::{Condition, Notice, Tone, Words};
use crate::console::context::{LinkState, ViewContext};
use crate::console::details::{clean, moment, pane, subject};
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::sanitise;
use crate::model::spend::{Alert, AlertKey, AlertLevel};

/// The alerts that hold.
pub struct Alerts;

const LEVEL: usize = 0;
/// Sorted by at first: the newest first within each group.
pub(super) const SINCE: usize = 1;
const AGE: usize = 2;
const ABOUT: usize = 3;
const TEXT: usize = 4;

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("text"),
    text_column("about"),
    text_column("level"),
    text_column("silenced"),
    text_column("by"),
    text_column("reason"),
    FilterColumn { name: "age", kind: ColumnKind::Duration },
];

/// The alert of this key.
pub(super) fn find<'a>(fleet: &'a PackedFleet, key: &AlertKey) -> Option<&'a Alert> {
    fleet.alerts.iter().find(|alert| alert.key == *key)
}

/// Who silenced it, until when and why; empty while nobody does.
fn silence(alert: &Alert, context: &ViewContext<'_>) -> String {
    match alert.silence.as_ref().filter(|_| alert.is_silenced(context.now)) {
        Some(silence) => {
            let until = format::day_minute(silence.until);
            clean(&format!("until {until} by {}: {}", silence.by, silence.reason))
        }
        None => String::new(),
    }
}

fn silenced_word(alert: &Alert, context: &ViewContext<'_>) -> &'static str {
    if alert.is_silenced(context.now) { "yes" } else { "no" }
}

impl Kind for Alerts {
    type Id = AlertKey;

    const COLUMNS: &'static [Column] = &[
        column("level", "LEVEL", Width::Fixed(10), 0, Align::Left),
        column("since", "SINCE UTC", Width::Fixed(12), 2, Align::Right),
        column("age", "AGE", Width::Fixed(9), 1, Align::Right),
        column("about", "ABOUT", flexible(12, 1), 0, Align::Left),
        column("text", "WHAT", flexible(28, 4), 0, Align::Left),
        column("silenced", "SILENCED", flexible(14, 2), 1, Align::Left),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "alerts";
    const WORDS: Words = Words { things: "alerts", empty: "", not_connected: "", configuration: &[] };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&AlertKey)) {
        fleet.alerts.iter().for_each(|alert| each(&alert.key));
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.alerts.len()
    }

    fn exists(&self, fleet: &PackedFleet, id: &AlertKey) -> bool {
        find(fleet, id).is_some()
    }

    fn group(&self, context: &ViewContext<'_>, id: &AlertKey) -> u8 {
        match find(context.fleet, id) {
            Some(alert) if !alert.is_silenced(context.now) => u8::from(alert.level == AlertLevel::Warning),
            _ => 2,
        }
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &AlertKey, column: usize) -> SortKey {
        let Some(alert) = find(context.fleet, id) else { return SortKey::Missing };
        match column {
            LEVEL => SortKey::Integer(i64::from(alert.level == AlertLevel::Critical)),
            SINCE => SortKey::Integer(alert.since.0),
            AGE => SortKey::Integer(-alert.since.0),
            ABOUT => SortKey::text(&words::alert_subject(&alert.key, context)),
            TEXT => SortKey::text(&alert.text),
            _ => SortKey::text(&silence(alert, context)),
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &AlertKey, column: usize, _width: u16) -> CellText<'a> {
        let theme = context.theme;
        let Some(alert) = find(context.fleet, id) else { return CellText::new("", theme.text) };
        match column {
            LEVEL => {
                let state = words::alert_level(alert, context);
                CellText::new(state.text(), state.style)
            }
            SINCE => CellText::new(format::day_minute(alert.since), theme.text),
            AGE => CellText::new(format::age_minutes(context.now.millis_since(alert.since)), theme.text),
            ABOUT => CellText::new(words::alert_subject(&alert.key, context), theme.text),
            TEXT => CellText::new(sanitise::clean(&alert.text), theme.text),
            _ => CellText::new(silence(alert, context), theme.muted),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &AlertKey, column: &str) -> Option<FilterValue<'a>> {
        let alert = find(context.fleet, id)?;
        let silence = alert.silence.as_ref().filter(|_| alert.is_silenced(context.now));
        match column {
            "text" | "name" => Some(FilterValue::Text(sanitise::clean(&alert.text))),
            "about" => Some(FilterValue::Text(words::alert_subject(&alert.key, context).into())),
            "level" => Some(FilterValue::Text(words::level_word(alert.level).into())),
            "silenced" => Some(FilterValue::Text(silenced_word(alert, context).into())),
            "by" => silence.map(|silence| FilterValue::Text(sanitise::clean(silence.by.as_str()))),
            "reason" => silence.map(|silence| FilterValue::Text(sanitise::clean(&silence.reason))),
            "age" => Some(FilterValue::DurationMs(context.now.millis_since(alert.since))),
            _ => None,
        }
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &AlertKey) -> Cow<'a, str> {
        let Some(alert) = find(context.fleet, id) else { return Cow::Borrowed("") };
        let silence = silence(alert, context);
        let (about, level) = (words::alert_subject(&alert.key, context), words::level_word(alert.level));
        Cow::Owned(format!("{} {about} {level} {silence}", alert.text))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        if total > 0 {
            return Condition::Ready;
        }
        let (title, words, tone) = match context.link {
            LinkState::Loading => ("Loading alerts", "Waiting for the engine's snapshot.", Tone::Waiting),
            LinkState::Lost { .. } => (
                "No alert was known when the engine was lost",
                "The console reconnects by itself.",
                Tone::Bad,
            ),
            LinkState::Live => (
                "No alerts",
                "Money burns as declared, nothing stepped up that no action explains, budgets and balances last longer than the configured limits.",
                Tone::Calm,
            ),
        };
        Condition::Instead(Notice {
            title: title.to_owned(),
            paragraphs: vec![words.to_owned()],
            verbatim: Vec::new(),
            tone,
        })
    }

    fn details(&self, context: &ViewContext<'_>, id: &AlertKey, cells: usize) -> Vec<Line<'static>> {
        let Some(alert) = find(context.fleet, id) else { return Vec::new() };
        let theme = context.theme;
        let mut lines = pane(context, cells);
        subject(&mut lines, "Alert", words::alert_level(alert, context).span(), context);
        lines.text(&clean(&alert.text), theme.text);
        lines.gap();
        lines.row("since", &moment(alert.since, context), theme.text);
        lines.row("about", &words::alert_subject(&alert.key, context), theme.text);
        match alert.silence.as_ref().filter(|_| alert.is_silenced(context.now)) {
            Some(silence) => {
                let until = format!("until {}", format::date_time(silence.until));
                lines.row("silenced", &until, theme.text);
                lines.row("by", &clean(silence.by.as_str()), theme.text);
                lines.row("reason", &clean(&silence.reason), theme.text);
            }
            None => lines.row("silenced", "no", theme.muted),
        }
        lines.finish()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &AlertKey) -> Option<(String, &'static str)> {
        find(context.fleet, id).map(|alert| (clean(&alert.text), "alert"))
    }

    fn gone_text(&self, _id: &AlertKey) -> String {
        "resolved".to_owned()
    }
}
