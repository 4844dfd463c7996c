//! How the dialog of reports is drawn: the choices, what is going on, and below them the preview, scrolled.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Field, PREVIEW_COLUMNS, ReportDialog, Stage};
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::dialogs::frame;
use crate::console::widgets::form::TextField;
use crate::console::widgets::paragraph;
use crate::console::widgets::text;
use crate::model::report::{ReportFormat, ReportPeriod};

/// The width: the preview and the frame.
pub(super) const WIDTH: u16 = PREVIEW_COLUMNS + 4;

/// Cells of the labels.
const LABEL_CELLS: usize = 8;

/// What each format is, for people.
fn about(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Pdf => "pages with everything in it",
        ReportFormat::Png => "a picture of the first page",
        ReportFormat::Svg => "the first page as vectors",
        ReportFormat::Csv => "one table for a spreadsheet",
        ReportFormat::Json => "every figure, for programs",
        ReportFormat::Text => "the first page as text",
    }
}

/// How many lines the preview has, and how many rows there are for it.
pub(super) fn extent(dialog: &ReportDialog, area: Rect, context: &ViewContext<'_>) -> (usize, usize) {
    let inner = inner(area);
    let preview = preview_area(dialog, inner, context);
    (preview_lines(dialog, usize::from(inner.width), context).len(), usize::from(preview.height))
}

/// Where the text cursor stands, where a text is typed.
pub(super) fn cursor(dialog: &ReportDialog, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
    let inner = inner(area);
    let row = rows(dialog).iter().position(|field| *field == dialog.focused)?;
    let field = field_of(dialog, dialog.focused)?;
    let (_, column) = field.visible(field_cells(inner));
    let y = inner.y + u16::try_from(row).ok()?;
    let x = inner.x + u16::try_from(LABEL_CELLS + column).ok()?;
    let is_there = y < preview_area(dialog, inner, context).y.min(inner.bottom()) && x < inner.right();
    is_there.then_some(Position { x, y })
}

/// Draws the dialog.
pub(super) fn draw(dialog: &ReportDialog, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
    let inner = frame::draw(area, buffer, "Spend report", context);
    if inner.is_empty() {
        return;
    }
    let head = head(dialog, inner, context);
    for (row, line) in inner.rows().zip(&head) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
    let preview = preview_area(dialog, inner, context);
    let lines = preview_lines(dialog, usize::from(inner.width), context);
    paragraph::draw(&lines, dialog.scroll.offset(), preview, buffer, context.theme.muted);
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    if preview.height > 0 {
        buffer.set_line(foot.x, foot.y, &keys(dialog, context), foot.width);
    }
}

fn inner(area: Rect) -> Rect {
    if area.width < 4 || area.height < 3 {
        return Rect { width: 0, height: 0, ..area };
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// The rows of the choices.
fn rows(dialog: &ReportDialog) -> &'static [Field] {
    dialog.fields()
}

fn field_of(dialog: &ReportDialog, field: Field) -> Option<&TextField> {
    match field {
        Field::Period | Field::Format => None,
        Field::From => dialog.days.first(),
        Field::To => dialog.days.last(),
        Field::File => Some(&dialog.file),
    }
}

fn field_cells(inner: Rect) -> usize {
    usize::from(inner.width).saturating_sub(LABEL_CELLS)
}

/// Between the choices with a rule below them, and the foot.
fn preview_area(dialog: &ReportDialog, inner: Rect, context: &ViewContext<'_>) -> Rect {
    let above = u16::try_from(head(dialog, inner, context).len()).unwrap_or(u16::MAX).min(inner.height);
    let height = inner.height.saturating_sub(above + 1);
    Rect { y: inner.y + above, height, ..inner }
}

fn head(dialog: &ReportDialog, inner: Rect, context: &ViewContext<'_>) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> =
        rows(dialog).iter().map(|field| row(dialog, *field, inner, context)).collect();
    lines.push(note(dialog, context));
    let rule = context.glyphs.horizontal.repeat(usize::from(inner.width));
    lines.push(Line::styled(rule, context.theme.border));
    lines
}

fn row(dialog: &ReportDialog, field: Field, inner: Rect, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let is_focused = dialog.focused == field;
    let label = match field {
        Field::Period => "period",
        Field::From => "from",
        Field::To => "to",
        Field::Format => "format",
        Field::File => "file",
    };
    let head = Span::styled(text::left(label, LABEL_CELLS, ""), theme.muted);
    if let Some(typed) = field_of(dialog, field) {
        let cells = field_cells(inner);
        let cells = if field == Field::File { cells } else { cells.min("2026-11-01 ".len()) };
        let (seen, _) = typed.visible(cells);
        return Line::from(vec![head, Span::styled(text::left(seen, cells, ""), theme.input)]);
    }
    let (choice, words) = match field {
        Field::Format => (dialog.format().ending().to_owned(), about(dialog.format()).to_owned()),
        _ => period_words(dialog),
    };
    let style: Style = if is_focused { theme.button_focused } else { theme.button };
    let choice = if is_focused { format!("[ {choice} ]") } else { format!("  {choice}  ") };
    Line::from(vec![head, Span::styled(choice, style), Span::styled(format!("  {words}"), theme.text)])
}

/// The period chosen and its days, where they are known.
fn period_words(dialog: &ReportDialog) -> (String, String) {
    let Some((name, period)) = ReportPeriod::NAMED.get(dialog.period) else {
        return ("days".to_owned(), "the first and the last one, both included".to_owned());
    };
    let is_known = dialog.preview.of == Some(*period);
    ((*name).to_owned(), if is_known { dialog.preview.period.clone() } else { String::new() })
}

/// The line below the choices: what is wrong, or what goes on.
fn note(dialog: &ReportDialog, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    match (dialog.stage, &dialog.note) {
        _ if !context.link.is_up() => {
            Line::styled("the engine is lost: no report can be made now", theme.bad)
        }
        (Stage::Making, _) => Line::styled("making the report", theme.accent),
        (Stage::Saving, _) => Line::styled("writing the file", theme.accent),
        (Stage::Choosing, Some(note)) if dialog.existing.is_some() => {
            Line::styled(format!("{} {note}", context.glyphs.warning), theme.warning)
        }
        (Stage::Choosing, Some(note)) => Line::styled(format!("{} {note}", context.glyphs.bad), theme.bad),
        (Stage::Choosing, None) => Line::default(),
    }
}

fn preview_lines(dialog: &ReportDialog, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
    let theme = context.theme;
    let preview = &dialog.preview;
    if dialog.chosen().is_none() {
        return vec![Line::styled("give the first and the last day, such as 2026-11-01", theme.muted)];
    }
    if preview.of.is_none() || (preview.of != dialog.chosen() && dialog.asked.is_some()) {
        return vec![Line::styled("reading what was kept of the period", theme.accent)];
    }
    if let Some(problem) = &preview.problem {
        let words = format!("{} {}", context.glyphs.bad, clean(&problem.message));
        let why = text::wrap(&words, cells).into_iter().map(|part| Line::styled(part, theme.bad));
        let advice = text::wrap(&clean(&problem.advice), cells);
        return why.chain(advice.into_iter().map(|part| Line::styled(part, theme.text))).collect();
    }
    let line = |words: &String| {
        let cut = text::cut(words, cells, context.glyphs.ellipsis).into_owned();
        let is_heading = !words.is_empty() && !words.contains("  ") && !words.starts_with(['-', ' ']);
        Line::styled(cut, if is_heading { theme.strong } else { theme.text })
    };
    preview.lines.iter().map(line).collect()
}

fn keys(dialog: &ReportDialog, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let verb = if dialog.existing.is_some() { "replace" } else { "write" };
    let label = |action| context.keymap.label(action);
    let scroll = format!("{}/{}", label(Action::TextPageUp), label(Action::TextPageDown));
    let choose = format!("{}/{}", label(Action::TextUp), label(Action::TextDown));
    let all = [
        (label(Action::Submit), verb),
        (choose, "choose"),
        (label(Action::TextNextField), "next"),
        (scroll, "scroll"),
        (label(Action::LeaveText), "close"),
    ];
    let mut spans = Vec::new();
    for (key, words) in all {
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {words}  "), theme.key_label));
    }
    Line::from(spans)
}
