//! Making a report: which period, a preview to read, which format, which file. Enter writes, from wherever one is.
//!
//! ```text
//! period changed ─▶ asking for the preview ─▶ shown (one question at a time; a late answer changes nothing)
//! enter ─▶ making: the file comes in parts ─▶ saving ─▶ closed
//!             └── failed: said, and enter tries again ◀──┘ (a file that exists is replaced by a second enter)
//! ```
//! The file is written by this console's machine, wherever the engine is.

mod view;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effect, Effects, Handled, Loudness, Ticket};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::format;
use crate::console::keys::{Key, KeyCode};
use crate::console::widgets::form::TextField;
use crate::console::widgets::scroll::Scroll;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::report::{
    Assembled, ReportAssembly, ReportFile, ReportFormat, ReportPart, ReportPeriod, ReportRequest,
};
use crate::model::request::{Reply, Request};

/// The answer to whether the file was saved.
const SAVED: Ticket = Ticket(0);
/// Parts of the file.
const FILE: Ticket = Ticket(1);
/// Parts of previews count from here: one number for each preview asked for.
const FIRST_PREVIEW: u64 = 2;

/// The widest text that is asked for: what a terminal of 80 columns shows of it.
const PREVIEW_COLUMNS: u16 = 76;

/// What can be chosen and typed, in the order of the tab key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Period,
    From,
    To,
    Format,
    File,
}

/// What the dialog waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For its operator.
    Choosing,
    /// For the file.
    Making,
    /// For the disk.
    Saving,
}

/// A preview that was asked for.
struct Asked {
    ticket: Ticket,
    period: ReportPeriod,
    assembly: ReportAssembly,
}

/// What is shown of the period.
#[derive(Default)]
struct Preview {
    /// The period that it tells of.
    of: Option<ReportPeriod>,
    /// Its days in words; empty while not known.
    period: String,
    lines: Vec<String>,
    problem: Option<Problem>,
}

/// The dialog.
pub struct ReportDialog {
    /// The place among the named periods; behind the last one days are typed.
    period: usize,
    days: [TextField; 2],
    format: usize,
    file: TextField,
    /// Whether somebody typed a name: else it follows the period.
    is_named: bool,
    focused: Field,
    stage: Stage,
    asked: Option<Asked>,
    previews: u64,
    preview: Preview,
    assembly: ReportAssembly,
    /// A file that exists, and that the next enter replaces.
    existing: Option<PathBuf>,
    note: Option<String>,
    scroll: Scroll,
    is_dirty: bool,
}

impl Default for ReportDialog {
    /// Last week as PDF: what is asked for most needs one key more.
    fn default() -> Self {
        Self {
            period: 0,
            days: [TextField::default(), TextField::default()],
            format: 0,
            file: TextField::default(),
            is_named: false,
            focused: Field::Period,
            stage: Stage::Choosing,
            asked: None,
            previews: FIRST_PREVIEW,
            preview: Preview::default(),
            assembly: ReportAssembly::default(),
            existing: None,
            note: None,
            scroll: Scroll::default(),
            is_dirty: true,
        }
    }
}

impl ReportDialog {
    /// Whether days are typed.
    fn is_custom(&self) -> bool {
        self.period >= ReportPeriod::NAMED.len()
    }

    /// The period chosen; nothing while the days typed are none.
    fn chosen(&self) -> Option<ReportPeriod> {
        if let Some((_, period)) = ReportPeriod::NAMED.get(self.period) {
            return Some(*period);
        }
        let [from, to] = &self.days;
        let day = |field: &TextField| field.text().trim().parse::<NaiveDate>().ok();
        Some(ReportPeriod::Days { from: day(from)?, to: day(to)? })
    }

    fn format(&self) -> ReportFormat {
        ReportFormat::ALL.get(self.format).map_or(ReportFormat::Pdf, |(_, format)| *format)
    }

    fn fields(&self) -> &'static [Field] {
        if self.is_custom() {
            &[Field::Period, Field::From, Field::To, Field::Format, Field::File]
        } else {
            &[Field::Period, Field::Format, Field::File]
        }
    }

    fn step_field(&mut self, is_forward: bool) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.focused).unwrap_or(0);
        let step = if is_forward { 1 } else { fields.len() - 1 };
        self.focused = fields.get((at + step) % fields.len()).copied().unwrap_or(Field::Period);
    }

    /// The next or previous choice of the field in front, where it has choices.
    fn step_choice(&mut self, is_forward: bool, effects: &mut Effects) -> bool {
        let step = |at: usize, count: usize| (at + if is_forward { 1 } else { count - 1 }) % count;
        match self.focused {
            Field::Period => {
                self.period = step(self.period, ReportPeriod::NAMED.len() + 1);
                self.changed(effects);
            }
            Field::Format => {
                self.format = step(self.format, ReportFormat::ALL.len());
                self.rename();
            }
            Field::From | Field::To | Field::File => return false,
        }
        true
    }

    fn typing(&mut self) -> Option<&mut TextField> {
        match self.focused {
            Field::Period | Field::Format => None,
            Field::From => self.days.first_mut(),
            Field::To => self.days.last_mut(),
            Field::File => Some(&mut self.file),
        }
    }

    /// The period may have changed: what is shown is another one's.
    fn changed(&mut self, effects: &mut Effects) {
        self.note = None;
        self.existing = None;
        if !self.is_named {
            // Named after the period again, once its days are known.
            self.file = TextField::default();
        }
        self.ask_preview(effects);
    }

    /// Asks for the preview of the period chosen, unless it is there or another answer is still awaited.
    fn ask_preview(&mut self, effects: &mut Effects) {
        let Some(period) = self.chosen() else { return };
        if self.asked.is_some() || self.preview.of == Some(period) {
            return;
        }
        let ticket = Ticket(self.previews);
        self.previews += 1;
        self.asked = Some(Asked { ticket, period, assembly: ReportAssembly::default() });
        let columns = Some(PREVIEW_COLUMNS);
        effects.send(Request::Report(ReportRequest { period, format: ReportFormat::Text, columns }), ticket);
    }

    /// The file's name after the period and the format, unless somebody typed another one.
    fn rename(&mut self) {
        self.existing = None;
        let current = PathBuf::from(self.file.text());
        if !self.file.is_empty() {
            self.file.set(&current.with_extension(self.format().ending()).display().to_string());
        }
    }

    /// Takes the answer to the preview in.
    fn on_preview(&mut self, result: &Result<Reply, Problem>, effects: &mut Effects) {
        let Some(mut asked) = self.asked.take() else { return };
        let outcome = match result {
            Ok(Reply::ReportPart(part)) => {
                let period = part.period.clone();
                asked.assembly.take(ReportPart::clone(part)).map(|assembled| (period, assembled))
            }
            Ok(_) => Err(another_answer()),
            Err(problem) => Err(problem.clone()),
        };
        self.preview = match outcome {
            Ok((_, Assembled::More(request))) => {
                effects.send(request, asked.ticket);
                self.asked = Some(asked);
                return;
            }
            Ok((period, Assembled::Whole(file))) => {
                if !self.is_named && self.chosen() == Some(asked.period) {
                    self.file.set(&file.name);
                    self.rename();
                }
                let text = String::from_utf8_lossy(&file.bytes);
                let lines = text.lines().map(clean).collect();
                Preview { of: Some(asked.period), period: clean(&period), lines, problem: None }
            }
            Err(problem) => Preview { of: Some(asked.period), problem: Some(problem), ..Preview::default() },
        };
        self.scroll = Scroll::default();
        self.ask_preview(effects);
    }

    /// Asks for the file.
    fn submit(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        if self.stage != Stage::Choosing || !context.link.is_up() {
            return;
        }
        let Some(period) = self.chosen() else {
            self.note = Some("days are written as 2026-11-01, the first and the last one".to_owned());
            return;
        };
        self.note = None;
        self.stage = Stage::Making;
        self.assembly = ReportAssembly::default();
        effects.send(Request::Report(ReportRequest { period, format: self.format(), columns: None }), FILE);
    }

    fn on_file(&mut self, result: &Result<Reply, Problem>, effects: &mut Effects) {
        let assembled = match result {
            Ok(Reply::ReportPart(part)) => self.assembly.take(ReportPart::clone(part)),
            Ok(_) => Err(another_answer()),
            Err(problem) => Err(problem.clone()),
        };
        match assembled {
            Ok(Assembled::More(request)) => effects.send(request, FILE),
            Ok(Assembled::Whole(file)) => self.save(file, effects),
            Err(problem) => self.failed(&problem),
        }
    }

    fn save(&mut self, file: ReportFile, effects: &mut Effects) {
        if self.file.text().trim().is_empty() {
            self.file.set(&file.name);
        }
        let path = path_of(self.file.text());
        let is_replacing = self.existing.as_ref() == Some(&path);
        self.stage = Stage::Saving;
        let size = format::bytes(u64::try_from(file.bytes.len()).unwrap_or(u64::MAX));
        self.note = Some(size);
        effects.push(Effect::SaveFile { path, contents: file.bytes, is_replacing, ticket: SAVED });
    }

    fn on_saved(&mut self, result: &Result<Reply, Problem>, effects: &mut Effects) {
        let path = path_of(self.file.text());
        match result {
            Ok(_) => {
                let size = self.note.take().unwrap_or_default();
                effects.notice(Loudness::Good, format!("wrote {} ({size})", shown(&path)));
                effects.close();
            }
            Err(problem) => {
                self.failed(problem);
                if problem.kind == ProblemKind::Conflict {
                    self.note = Some(format!("{} exists: enter replaces it", shown(&path)));
                    self.existing = Some(path);
                }
            }
        }
    }

    fn failed(&mut self, problem: &Problem) {
        self.stage = Stage::Choosing;
        self.note = Some(clean(&problem.message));
    }

    /// Whether what is typed now names a file: then it stays, whatever period is chosen.
    fn typed(&mut self, effects: &mut Effects) {
        if self.focused == Field::File {
            self.is_named = !self.file.is_empty();
            self.existing = None;
            self.note = None;
            let ending = Path::new(self.file.text()).extension().and_then(|ending| ending.to_str());
            let format = ending.and_then(ReportFormat::from_ending);
            if let Some(at) = ReportFormat::ALL.iter().position(|(_, known)| Some(*known) == format) {
                self.format = at;
            }
        } else {
            self.changed(effects);
        }
    }
}

/// A path as it was typed; `~/` is the operator's home.
fn path_of(text: &str) -> PathBuf {
    let text = text.trim();
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// A path for people: one of the working folder begins with a dot.
fn shown(path: &Path) -> String {
    let text = clean(&path.display().to_string());
    if path.parent().is_some_and(|folder| folder.as_os_str().is_empty()) { format!("./{text}") } else { text }
}

fn another_answer() -> Problem {
    Problem::refused("the engine gave another kind of answer", "update both programs")
}

impl Component for ReportDialog {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn on_open(&mut self, _context: &ViewContext<'_>, effects: &mut Effects) {
        self.ask_preview(effects);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        view::draw(self, area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let (lines, rows) = view::extent(self, area, context);
        self.scroll.settle(lines, rows);
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::LeaveText => effects.close(),
            Action::Submit => self.submit(context, effects),
            Action::TextNextField => self.step_field(true),
            Action::TextPreviousField => self.step_field(false),
            Action::TextDown => drop(self.step_choice(true, effects)),
            Action::TextUp => drop(self.step_choice(false, effects)),
            Action::TextPageDown => drop(self.scroll.on_action(Action::PageDown)),
            Action::TextPageUp => drop(self.scroll.on_action(Action::PageUp)),
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        let is_forward = matches!(key.code, KeyCode::Right | KeyCode::Char(' '));
        let is_backward = key.code == KeyCode::Left;
        if (is_forward || is_backward) && self.step_choice(is_forward, effects) {
            return Handled::Consumed;
        }
        if self.stage == Stage::Choosing && self.typing().is_some_and(|field| field.key(key)) {
            self.typed(effects);
        }
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        if let Some(field) = self.typing() {
            field.paste(text);
            self.typed(effects);
        }
        Handled::Consumed
    }

    fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        self.is_dirty = true;
        match ticket {
            SAVED if self.stage == Stage::Saving => self.on_saved(result, effects),
            FILE if self.stage == Stage::Making => self.on_file(result, effects),
            _ if self.asked.as_ref().is_some_and(|asked| asked.ticket == ticket) => {
                self.on_preview(result, effects);
            }
            _ => {}
        }
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        view::cursor(self, area, context)
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        Some((screen.width.min(view::WIDTH), screen.height))
    }
}
