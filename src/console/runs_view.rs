//! Every run: those that need a person first, then those going on, then what ended; with steps, times and waits.

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::actions::{Action, Scope};
use super::component::{Component, Dirty, Effects, Handled, Mouse, Reveal, Touched};
use super::context::ViewContext;
use super::dialogs::{frame, run};
use super::keys::Key;
use super::tabs::list::List;
use super::widgets::table::Direction;
use crate::model::run::Run;
use crate::model::time::Timestamp;
use columns::Runs;

/// The view.
pub struct RunsView {
    list: List<Runs>,
    /// The second that was drawn: the times of runs that go on count.
    second: i64,
}

impl Default for RunsView {
    fn default() -> Self {
        Self { list: List::new(Runs, columns::STARTED, Direction::Descending), second: 0 }
    }
}

impl RunsView {
    /// Whether a run on screen has not ended.
    fn is_any_going_on(&self, context: &ViewContext<'_>) -> bool {
        let mut visible = self.list.table.visible().filter_map(|id| context.fleet.runs.get(id));
        visible.any(|run| !run.status.is_ended())
    }

    fn selected<'a>(&self, context: &ViewContext<'a>) -> Option<&'a Run> {
        self.list.table.selected().and_then(|id| context.fleet.runs.get(id))
    }
}

impl Component for RunsView {
    fn scope(&self) -> Scope {
        self.list.scope(Scope::Runs)
    }

    fn on_open(&mut self, context: &ViewContext<'_>, _effects: &mut Effects) {
        self.list.rebuild(context);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        frame::clear(area, buffer, context);
        self.list.draw(area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let second = context.now.0.div_euclid(1_000);
        if std::mem::replace(&mut self.second, second) != second && self.is_any_going_on(context) {
            self.list.table.touch_visible();
        }
        self.list.take_dirty(area, context)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match action {
            Action::CancelRun => run::ask_to_cancel(self.selected(context), context, effects),
            Action::Details => {
                if let Some(selected) = self.selected(context) {
                    effects.open(run::RunDialog::new(selected.id.clone()));
                }
            }
            Action::RunsView => effects.close(),
            Action::Back => {
                if self.list.on_action(action, context, effects) == Handled::Ignored {
                    effects.close();
                }
            }
            _ => return self.list.on_action(action, context, effects),
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.list.on_text_key(key, context)
    }

    fn on_paste(&mut self, text: &str, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.list.on_paste(text, context)
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        self.list.on_mouse(mouse, effects)
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, _effects: &mut Effects) {
        if touched.is_everything {
            self.list.refresh(context);
        } else {
            self.list.update(&touched.runs, context);
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        match action {
            Action::CancelRun => self.selected(context).is_some_and(|run| !run.status.is_ended()),
            Action::Back => true,
            _ => self.list.is_enabled(action),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        if self.is_any_going_on(context) {
            return Some(Timestamp((context.now.0.div_euclid(1_000) + 1) * 1_000));
        }
        self.list.next_change(context)
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        self.list.cursor(area, context)
    }

    fn on_reveal(&mut self, reveal: &Reveal, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        match reveal {
            Reveal::Run(id) if self.list.reveal(id, context) => Handled::Consumed,
            _ => Handled::Ignored,
        }
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.list.set_frozen(is_frozen, context);
    }
}
