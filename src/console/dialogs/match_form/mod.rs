//! The form of a match: who, where, which map; read with every key, checked before anything is asked. Its plan opens above it,
//! so that a price that is too high loses no typing; when the run has started, the form goes.

mod draft;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{frame, plan::PlanDialog};
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Ticket, Touched};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::format;
use crate::console::keys::Key;
use crate::console::widgets::fields::Edited;
use crate::console::widgets::text;
use crate::model::action::{ActionPlan, ActionRequest, CheckOutcome};
use crate::model::ids::AccountId;
use crate::model::matches::{COMMON_MAPS, MatchRequest, SavedRoster, Side, city_of, location_id, place_of};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::time::Timestamp;
use draft::Draft;

/// The widest it is drawn.
const WIDTH_MAX: u16 = 84;

/// Rows below the fields: what is asked for, two for what is wrong, how to go on.
const FOOT_ROWS: usize = 4;

/// The names of its requests.
const PLAN: Ticket = Ticket(0);
const ROSTERS: Ticket = Ticket(1);
const SAVE: Ticket = Ticket(2);

/// How far it is.
enum Stage {
    /// It is typed.
    Typing,
    /// The engine makes the plan.
    Asking,
    /// This plan was shown: a run of it closes the form.
    Planned { request: ActionRequest, made_at: Timestamp },
}

/// The dialog.
pub struct MatchForm {
    draft: Draft,
    rosters: Vec<SavedRoster>,
    stage: Stage,
    /// What the engine said, and whether it is bad.
    note: Option<(String, bool)>,
    /// Whether it was tried to go on: before that, what is missing is no fault.
    is_tried: bool,
    is_dirty: bool,
}

impl MatchForm {
    /// An empty form; map and place as in the last match.
    #[must_use]
    pub fn new(accounts: Vec<AccountId>, last: Option<&MatchRequest>) -> Self {
        Self::with(Draft::new(accounts, last))
    }

    /// A form that holds the request of a match.
    #[must_use]
    pub fn rematch(accounts: Vec<AccountId>, request: &MatchRequest) -> Self {
        Self::with(Draft::of(accounts, request))
    }

    fn with(draft: Draft) -> Self {
        Self { draft, rosters: Vec::new(), stage: Stage::Typing, note: None, is_tried: false, is_dirty: true }
    }

    fn edited(&mut self, edited: Edited) {
        self.is_dirty = true;
        match edited {
            Edited::Chosen(at @ (draft::TEAM1 | draft::TEAM2)) => self.draft.choose_team(at, &self.rosters),
            Edited::Nothing | Edited::Focus => return,
            Edited::Text(_) | Edited::Chosen(_) => {}
        }
        self.note = None;
        self.stage = Stage::Typing;
    }

    fn submit(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.is_tried = true;
        let (request, wrong) = self.draft.request();
        if wrong.is_empty() && context.link.is_up() && !matches!(self.stage, Stage::Asking) {
            self.stage = Stage::Asking;
            self.note = None;
            effects.send(Request::Plan(ActionRequest::RunMatch { request: Box::new(request) }), PLAN);
        }
    }

    fn save_roster(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        let Some(at) = self.draft.focused_team() else {
            self.note = Some(("go to the team that shall be saved".to_owned(), true));
            return;
        };
        let (team, wrong) = self.draft.team(at);
        let fault = if team.name.is_empty() {
            Some("a team needs a name to be saved".to_owned())
        } else if team.players.is_empty() {
            Some("there is nobody in the team yet".to_owned())
        } else {
            wrong.into_iter().next()
        };
        match fault {
            Some(fault) => self.note = Some((fault, true)),
            None if context.link.is_up() => {
                effects.send(Request::SaveRoster { name: team.name.clone(), team }, SAVE);
            }
            None => {}
        }
    }

    fn take_rosters(&mut self, rosters: &[SavedRoster]) {
        self.rosters = rosters.to_vec();
        for at in [draft::TEAM1, draft::TEAM2] {
            self.draft.fields.set_choices(at, rosters.iter().map(|roster| roster.name.clone()));
        }
    }

    fn planned(&mut self, plan: &ActionPlan, context: &ViewContext<'_>, effects: &mut Effects) {
        let refused = plan.checks.iter().find(|check| check.outcome == CheckOutcome::Refuse);
        if let Some(check) = refused {
            self.stage = Stage::Typing;
            self.note = Some((clean(&format!("{}: {}", check.title, check.detail)), true));
            return;
        }
        self.stage = Stage::Planned { request: plan.request.clone(), made_at: plan.made_at };
        effects.open(PlanDialog::of_plan(Box::new(plan.clone()), context));
    }

    /// What is said beside a field.
    fn beside(&self, at: usize, context: &ViewContext<'_>) -> Option<(String, Style)> {
        let theme = context.theme;
        let fields = &self.draft.fields;
        let text = fields.text(at);
        let words = match at {
            draft::TEAM1 | draft::TEAM2 if fields.focused() == at && !self.rosters.is_empty() => {
                format!("up/down: {}", format::count(self.rosters.len(), "team"))
            }
            draft::PLAYERS1..=draft::SUBSTITUTES1 | draft::PLAYERS2..=draft::SPECTATORS => {
                let (players, wrong) = self.draft.players(at);
                let count =
                    if players.is_empty() { String::new() } else { format::count(players.len(), "player") };
                if !wrong.is_empty() {
                    let lead = if count.is_empty() { count } else { count + ", " };
                    return Some((format!("{lead}{} wrong", wrong.len()), theme.bad));
                }
                count
            }
            draft::MAP if fields.focused() == at => format!("up/down: {} maps", COMMON_MAPS.len()),
            draft::PLACE => {
                let id = location_id(text);
                match (city_of(&id) == id, text.is_empty()) {
                    (_, true) => String::new(),
                    (true, _) => "an id of its own".to_owned(),
                    // A city that its id does not name: which id is meant.
                    (false, _) if place_of(&id) != city_of(&id) => id,
                    (false, _) => String::new(),
                }
            }
            draft::TEMPLATE => if text.is_empty() { "a new server" } else { "a copy of it" }.to_owned(),
            draft::CONNECT | draft::COUNTDOWN => {
                text.parse().map_or_else(|_| String::new(), |s: u64| format::elapsed(s.saturating_mul(1_000)))
            }
            draft::RECORDING => "space changes it".to_owned(),
            _ => String::new(),
        };
        (!words.is_empty()).then_some((words, theme.muted))
    }

    /// What is asked for, in a sentence.
    fn headline(request: &MatchRequest) -> String {
        let name = |side| clean(request.team_name(side));
        let place = match &request.source {
            crate::model::matches::ServerSource::Fresh { location } => {
                format!(" in {}", clean(city_of(location)))
            }
            crate::model::matches::ServerSource::Template { location: Some(location), .. } => {
                format!(" on a copy in {}", clean(city_of(location)))
            }
            crate::model::matches::ServerSource::Template { .. } => " on a copy".to_owned(),
        };
        let (kind, map) = (request.kind(), clean(&request.map));
        if request.players().next().is_none() {
            return format!("A match on {map}{place}");
        }
        format!("{kind}: {} against {} on {map}{place}", name(Side::Team1), name(Side::Team2))
    }

    fn foot(&self, cells: usize, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let (theme, ellipsis) = (context.theme, context.glyphs.ellipsis);
        let (request, wrong) = self.draft.request();
        let cut = |words: &str| text::cut(words, cells, ellipsis).into_owned();
        let mut lines = vec![Line::styled(cut(&Self::headline(&request)), theme.strong)];
        let style = if self.is_tried { theme.bad } else { theme.warning };
        match (&self.note, wrong.as_slice()) {
            _ if !context.link.is_up() => {
                lines.push(Line::styled("the engine is lost: nothing can be asked of it now", theme.bad));
            }
            (Some((note, is_bad)), _) => {
                let style = if *is_bad { theme.bad } else { theme.good };
                lines.extend(
                    text::wrap(note, cells).into_iter().take(2).map(|part| Line::styled(part, style)),
                );
            }
            (None, []) => {}
            (None, [first, rest @ ..]) => {
                lines.push(Line::styled(cut(first), style));
                match rest {
                    [] => {}
                    [second] => lines.push(Line::styled(cut(second), style)),
                    [second, more @ ..] => {
                        let more = format!(" (and {} more)", more.len());
                        let second =
                            text::cut(second, cells.saturating_sub(more.len()), ellipsis).into_owned();
                        lines.push(Line::styled(second + &more, style));
                    }
                }
            }
        }
        lines.resize(FOOT_ROWS - 1, Line::default());
        lines.push(self.hint(context));
        lines
    }

    fn hint(&self, context: &ViewContext<'_>) -> Line<'static> {
        let theme = context.theme;
        if matches!(self.stage, Stage::Asking) {
            return Line::styled("asking the engine for the plan", theme.accent);
        }
        let key = |action: Action| Span::styled(context.keymap.label(action), theme.key);
        let word = |words: &'static str| Span::styled(words, theme.key_label);
        Line::from(vec![
            key(Action::TextNextField),
            word(" next  "),
            key(Action::Submit),
            word(" plan and price  "),
            key(Action::SaveRoster),
            word(" save team  "),
            key(Action::LeaveText),
            word(" cancel"),
        ])
    }

    /// Rows of the fields and of the foot in a dialog of so many rows.
    fn rows(&self, rows: usize) -> (usize, usize) {
        let foot = FOOT_ROWS.min(rows / 2);
        (self.draft.fields.len().min(rows - foot), foot)
    }
}

impl Component for MatchForm {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn on_open(&mut self, _context: &ViewContext<'_>, effects: &mut Effects) {
        effects.send(Request::Rosters, ROSTERS);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let inner = frame::draw(area, buffer, "New match", context);
        let cells = usize::from(inner.width);
        let (rows, foot_rows) = self.rows(usize::from(inner.height));
        let lines = self.draft.fields.lines((cells, rows), |at| self.beside(at, context), context);
        for (row, line) in inner.rows().zip(&lines) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
        let foot = self.foot(cells, context);
        let from = inner.bottom().saturating_sub(u16::try_from(foot_rows).unwrap_or(0));
        // Where there is little room, what is wrong is worth more than how to go on.
        for (y, line) in (from..inner.bottom()).zip(&foot) {
            buffer.set_line(inner.x, y, line, inner.width);
        }
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::LeaveText => effects.close(),
            Action::Submit => self.submit(context, effects),
            Action::SaveRoster => self.save_roster(context, effects),
            action => {
                let edited = self.draft.fields.on_action(action);
                self.edited(edited);
                if edited == Edited::Nothing {
                    return Handled::Ignored;
                }
            }
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        let edited = self.draft.fields.key(key);
        self.edited(edited);
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        let edited = self.draft.fields.paste(text);
        self.edited(edited);
        Handled::Consumed
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, effects: &mut Effects) {
        let Stage::Planned { request, made_at } = &self.stage else { return };
        let has_started = (touched.is_everything || !touched.runs.is_empty())
            && context
                .fleet
                .runs
                .values()
                .any(|run| run.plan.request == *request && run.plan.made_at >= *made_at);
        if has_started {
            effects.close();
        }
    }

    fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        self.is_dirty = true;
        match (ticket, result) {
            (ROSTERS, Ok(Reply::Rosters(rosters))) => self.take_rosters(rosters),
            (SAVE, Ok(_)) => {
                self.note = Some((
                    "the team is saved; up and down choose it in the name of a team".to_owned(),
                    false,
                ));
                effects.send(Request::Rosters, ROSTERS);
            }
            // An answer to what was typed before is no plan of what is typed now.
            (PLAN, _) if !matches!(self.stage, Stage::Asking) => {}
            (PLAN, Ok(Reply::Plan(plan))) => self.planned(plan, context, effects),
            (_, Ok(_)) => {}
            (ticket, Err(problem)) => {
                if ticket == PLAN {
                    self.stage = Stage::Typing;
                }
                self.note = Some((clean(&problem.to_string()), true));
            }
        }
    }

    fn cursor(&self, area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        let (cells, rows) = (area.width.checked_sub(4)?, area.height.checked_sub(2)?);
        let (rows, _) = self.rows(usize::from(rows));
        let (column, row) = self.draft.fields.cursor((usize::from(cells), rows));
        let at = Position {
            x: area.x + 2 + u16::try_from(column).ok()?,
            y: area.y + 1 + u16::try_from(row).ok()?,
        };
        area.contains(at).then_some(at)
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        let rows = self.draft.fields.len() + 1 + FOOT_ROWS + 2;
        Some((screen.width.min(WIDTH_MAX), u16::try_from(rows).unwrap_or(u16::MAX).min(screen.height)))
    }
}
