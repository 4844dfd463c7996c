//! Every alert that holds: the worst first, silenced ones last; silencing needs an end and a reason.

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::actions::{Action, Scope};
use super::component::{Component, Dirty, Effects, Handled, Loudness, Mouse, Ticket, Touched};
use super::context::ViewContext;
use super::dialogs::frame;
use super::dialogs::silence::SilenceDialog;
use super::keys::Key;
use super::tabs::list::List;
use super::widgets::table::Direction;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::spend::Alert;
use crate::model::time::Timestamp;
use columns::Alerts;

/// The view.
pub struct AlertsView {
    list: List<Alerts>,
}

impl Default for AlertsView {
    fn default() -> Self {
        Self { list: List::new(Alerts, columns::SINCE, Direction::Descending) }
    }
}

impl AlertsView {
    fn selected<'a>(&self, context: &ViewContext<'a>) -> Option<&'a Alert> {
        self.list.table.selected().and_then(|key| columns::find(context.fleet, key))
    }

    fn is_selected_silenced(&self, context: &ViewContext<'_>) -> bool {
        self.selected(context).is_some_and(|alert| alert.is_silenced(context.now))
    }

    fn unsilence(&self, context: &ViewContext<'_>, effects: &mut Effects) {
        match self.selected(context).filter(|alert| alert.is_silenced(context.now)) {
            Some(alert) => effects.send(Request::UnsilenceAlert(alert.key.clone()), Ticket(0)),
            None => effects.notice(Loudness::Info, "this alert is not silenced"),
        }
    }
}

impl Component for AlertsView {
    fn scope(&self) -> Scope {
        self.list.scope(Scope::Alerts)
    }

    fn on_open(&mut self, context: &ViewContext<'_>, _effects: &mut Effects) {
        self.list.rebuild(context);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        frame::clear(area, buffer, context);
        self.list.draw(area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        self.list.take_dirty(area, context)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match action {
            Action::SilenceAlert => {
                if let Some(alert) = self.selected(context) {
                    effects.open(SilenceDialog::new(alert, context));
                }
            }
            Action::UnsilenceAlert => self.unsilence(context, effects),
            Action::AlertsView => effects.close(),
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
        if touched.is_everything || touched.is_header {
            self.list.refresh(context);
            self.list.table.touch_visible();
        }
    }

    fn on_reply(
        &mut self,
        _ticket: Ticket,
        result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        match result {
            Ok(_) => effects.notice(Loudness::Good, "the silence is taken back"),
            Err(problem) => effects.notice(Loudness::Warning, problem.message.clone()),
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        match action {
            Action::SilenceAlert => self.selected(context).is_some() && context.link.is_up(),
            Action::UnsilenceAlert => self.is_selected_silenced(context) && context.link.is_up(),
            Action::Back => true,
            _ => self.list.is_enabled(action),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        self.list.next_change(context)
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        self.list.cursor(area, context)
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.list.set_frozen(is_frozen, context);
    }
}
