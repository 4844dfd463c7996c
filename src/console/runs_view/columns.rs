//! Runs as rows: columns, sort keys, filter values.

use std::borrow::Cow;

use ratatui::text::Line;

use crate::console::condition::{Condition, Notice, Tone, Words};
use crate::console::context::{LinkState, ViewContext};
use crate::console::details;
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::ids::RunId;
use crate::model::run::{Run, RunStatus};
use crate::model::sanitise::clean;

/// The runs the engine remembers.
pub struct Runs;

const TITLE: usize = 0;
const STATUS: usize = 1;
const STEPS: usize = 2;
const ELAPSED: usize = 3;
/// Sorted by at first: newest first within each group.
pub(super) const STARTED: usize = 4;
const WAITS: usize = 5;
const BY: usize = 6;

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("run"),
    text_column("action"),
    text_column("title"),
    text_column("status"),
    text_column("by"),
    FilterColumn { name: "elapsed", kind: ColumnKind::Duration },
    FilterColumn { name: "age", kind: ColumnKind::Duration },
    text_column("started"),
    text_column("waits"),
    text_column("result"),
];

fn group(status: RunStatus) -> u8 {
    match status {
        RunStatus::NeedsOperator => 0,
        RunStatus::Running | RunStatus::Undoing => 1,
        RunStatus::Succeeded | RunStatus::Failed | RunStatus::Canceled => 2,
    }
}

fn value<'a>(run: &'a Run, context: &ViewContext<'_>, column: &str) -> Option<FilterValue<'a>> {
    let text = |words: &'a str| FilterValue::Text(clean(words));
    match column {
        "run" => Some(text(run.id.as_str())),
        "action" => Some(text(run.plan.request.name())),
        "title" | "name" => Some(text(&run.plan.title)),
        "status" => Some(text(run.status.word())),
        "by" => Some(text(run.by.as_str())),
        "elapsed" => Some(FilterValue::DurationMs(words::run_elapsed_ms(run, context.known_at()))),
        "age" => Some(FilterValue::DurationMs(context.now.millis_since(run.started_at))),
        "started" => Some(FilterValue::Text(run.started_at.to_string().into())),
        "waits" => Some(FilterValue::Text(clean(&words::run_waits_for(run)).into_owned().into())),
        "result" => run.result.as_deref().map(text),
        _ => None,
    }
}

fn cell<'a>(run: &'a Run, context: &ViewContext<'a>, column: usize, width: u16) -> CellText<'a> {
    let theme = context.theme;
    match column {
        TITLE => CellText::new(clean(&run.plan.title), theme.text),
        STATUS => {
            let state = words::run_status(run.status, context);
            CellText::new(state.text(), state.style)
        }
        STEPS => {
            let (done, all) = run.progress();
            CellText::new(format!("{done}/{all}"), theme.text)
        }
        ELAPSED => CellText::new(format::elapsed(words::run_elapsed_ms(run, context.known_at())), theme.text),
        STARTED => CellText::new(format::age_minutes(context.now.millis_since(run.started_at)), theme.muted),
        WAITS => {
            let style = if run.problem.is_some() { theme.bad } else { theme.text };
            let words = words::run_waits_for(run);
            let words = clean(&words);
            // The result is an address more often than not.
            let is_result = run.problem.is_none() && run.acting().is_none();
            let cells = if is_result { usize::from(width) } else { usize::MAX };
            CellText::new(text::cut_address(&words, cells, context.glyphs.ellipsis).into_owned(), style)
        }
        BY => CellText::new(clean(run.by.as_str()), theme.muted),
        _ => CellText::new("", theme.text),
    }
}

impl Kind for Runs {
    type Id = RunId;

    const COLUMNS: &'static [Column] = &[
        column("title", "RUN", flexible(25, 4), 0, Align::Left),
        column("status", "STATUS", Width::Fixed(16), 0, Align::Left),
        column("steps", "STEPS", Width::Fixed(5), 2, Align::Right),
        column("elapsed", "TOOK", Width::Fixed(9), 1, Align::Right),
        column("started", "AGO", Width::Fixed(9), 3, Align::Right),
        column("waits", "WAITS FOR / RESULT", flexible(24, 5), 0, Align::Left),
        column("by", "BY", flexible(10, 1), 4, Align::Left),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "runs";
    const WORDS: Words = Words { things: "runs", empty: "", not_connected: "", configuration: &[] };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&RunId)) {
        fleet.runs.keys().for_each(each);
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.runs.len()
    }

    fn exists(&self, fleet: &PackedFleet, id: &RunId) -> bool {
        fleet.runs.contains_key(id)
    }

    fn group(&self, context: &ViewContext<'_>, id: &RunId) -> u8 {
        context.fleet.runs.get(id).map_or(2, |run| group(run.status))
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &RunId, column: usize) -> SortKey {
        let Some(run) = context.fleet.runs.get(id) else { return SortKey::Missing };
        match column {
            TITLE => SortKey::text(&run.plan.title),
            STATUS => SortKey::text(run.status.word()),
            STEPS => SortKey::integer(i64::try_from(run.progress().0).ok()),
            // Runs that go on are sorted as of their start, which does not change with every second.
            ELAPSED => SortKey::integer(run.ended_at.map(|at| at.0 - run.started_at.0)),
            STARTED => SortKey::Integer(run.started_at.0),
            WAITS => SortKey::text(&words::run_waits_for(run)),
            BY => SortKey::text(run.by.as_str()),
            _ => SortKey::Missing,
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &RunId, column: usize, width: u16) -> CellText<'a> {
        match context.fleet.runs.get(id) {
            Some(run) => cell(run, context, column, width),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &RunId, column: &str) -> Option<FilterValue<'a>> {
        context.fleet.runs.get(id).and_then(|run| value(run, context, column))
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &RunId) -> Cow<'a, str> {
        let Some(run) = context.fleet.runs.get(id) else { return Cow::Borrowed("") };
        let result = run.result.as_deref().unwrap_or_default();
        Cow::Owned(format!("{} {} {} {} {result}", run.plan.title, run.status.word(), run.by, run.id))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        match (context.link, total) {
            (LinkState::Loading, 0) => Condition::Instead(Notice {
                title: "Loading runs".to_owned(),
                paragraphs: vec!["Waiting for the engine's snapshot.".to_owned()],
                verbatim: Vec::new(),
                tone: Tone::Waiting,
            }),
            (LinkState::Lost { since, problem }, _) => Condition::Banner {
                lines: vec![
                    format!(
                        "engine lost {} ago: runs are as they were then and may have gone on",
                        format::age_minutes(context.now.millis_since(*since))
                    ),
                    problem.clone(),
                ],
                is_failure: true,
            },
            (LinkState::Live, 0) => Condition::Instead(Notice {
                title: "No runs yet".to_owned(),
                paragraphs: vec![
                    "A run is an action being carried out: provision an order or stop a server, and it appears here with every step, its time and what it waits for.".to_owned(),
                ],
                verbatim: Vec::new(),
                tone: Tone::Calm,
            }),
            _ => Condition::Ready,
        }
    }

    fn details(&self, context: &ViewContext<'_>, id: &RunId, cells: usize) -> Vec<Line<'static>> {
        context
            .fleet
            .runs
            .get(id)
            .map(|run| details::run::lines(context, run, cells).lines)
            .unwrap_or_default()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &RunId) -> Option<(String, &'static str)> {
        let run = context.fleet.runs.get(id)?;
        match (&run.result, &run.problem) {
            (Some(result), _) => Some((result.clone(), "address")),
            (None, Some(problem)) => Some((problem.to_string(), "problem")),
            (None, None) => Some((run.id.to_string(), "run id")),
        }
    }

    fn gone_text(&self, id: &RunId) -> String {
        id.to_string()
    }
}
