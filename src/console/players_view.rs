//! Players and how they stand: rating, matches, what they earned, as the engine's ledger tells when it is asked.

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::actions::{Action, Scope};
use super::component::{Component, Dirty, Effects, Handled, Mouse, Ticket, Touched};
use super::context::ViewContext;
use super::dialogs::frame;
use super::keys::Key;
use super::tabs::list::List;
use super::widgets::table::Direction;
use crate::model::ids::MatchId;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::time::Timestamp;
use columns::Players;

/// The view.
pub struct PlayersView {
    list: List<Players>,
    /// The settlements that were known when the ledger was asked: others mean that players stand differently.
    settled: Vec<(MatchId, Timestamp)>,
    is_dirty: bool,
}

impl Default for PlayersView {
    fn default() -> Self {
        Self {
            list: List::new(Players::default(), columns::RATING, Direction::Descending),
            settled: Vec::new(),
            is_dirty: true,
        }
    }
}

fn settled(context: &ViewContext<'_>) -> Vec<(MatchId, Timestamp)> {
    let settlement = |one: &crate::model::matches::Match| Some((one.id.clone(), one.settlement.as_ref()?.at));
    context.fleet.matches.values().filter_map(settlement).collect()
}

impl PlayersView {
    fn ask(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.settled = settled(context);
        effects.send(Request::Standings, Ticket(0));
    }
}

impl Component for PlayersView {
    fn scope(&self) -> Scope {
        self.list.scope(Scope::List)
    }

    fn on_open(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.ask(context, effects);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        frame::clear(area, buffer, context);
        self.list.draw(area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let dirty = self.list.take_dirty(area, context);
        if std::mem::take(&mut self.is_dirty) { Dirty::area(area) } else { dirty }
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match action {
            Action::Refresh => self.ask(context, effects),
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

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, effects: &mut Effects) {
        let may_differ = touched.is_everything || !touched.matches.is_empty();
        if may_differ && self.settled != settled(context) {
            self.ask(context, effects);
        }
    }

    fn on_reply(
        &mut self,
        _ticket: Ticket,
        result: &Result<Reply, Problem>,
        context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) {
        self.is_dirty = true;
        match result {
            Ok(Reply::Standings(standings)) => self.list.kind.told(standings),
            Ok(_) => {}
            Err(problem) => self.list.kind.failed(problem.clone()),
        }
        self.list.refresh(context);
    }

    fn is_enabled(&self, action: Action, _context: &ViewContext<'_>) -> bool {
        action == Action::Back || self.list.is_enabled(action)
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
