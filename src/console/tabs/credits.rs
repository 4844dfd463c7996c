//! The credits tab: balances and what is known of the selected one; as the next level what burns it.
//!
//! Everything is told as of the last reading, so nothing moves between readings; in real-time mode balances count down.

mod acting;
pub(in crate::console) mod amounts;
mod balances;
mod burners;
mod causes;
mod history;
mod later;
mod pane;
mod query;
mod what_if;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::list::{Kind, List};
use super::not_connected::NotConnected;
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Loudness, Mouse, Ticket, Touched};
use crate::console::condition::{self, Condition};
use crate::console::context::{LinkState, ViewContext};
use crate::console::keys::Key;
use crate::console::widgets::paragraph;
use crate::console::widgets::table::Direction;
use crate::model::balance::BalanceKey;
use crate::model::balance_view::BalanceView;
use crate::model::billed_later::BilledLater;
use crate::model::problem::Problem;
use crate::model::request::{Focus, Reply, Tab};
use crate::model::spend::BurnerKind;
use crate::model::time::Timestamp;
pub use balances::{Balances, is_connected};
pub use burners::{BurnerId, Burners};
use pane::{About, Pane, Subject};
use what_if::Supposition;

/// The answer to a request for a snapshot; the history's tickets count from 1.
const SNAPSHOT: Ticket = Ticket(0);

/// The fewest rows of a list; below, it says that it is too small.
const LIST_ROWS_MIN: u16 = condition::SMALLEST.1;

/// The fewest rows that the pane is useful in.
const PANE_ROWS_MIN: u16 = 7;

/// Which level is in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Balances,
    Burners,
}

/// The tab.
pub struct CreditsTab {
    balances: List<Balances>,
    burners: List<Burners>,
    level: Level,
    pane: Pane,
    what_if: Option<Supposition>,
    painted_panel: Vec<Line<'static>>,
    is_live: bool,
    is_connected: bool,
    not_connected: NotConnected,
    has_switched: bool,
}

impl Default for CreditsTab {
    fn default() -> Self {
        Self {
            balances: List::new(Balances::default(), balances::RUNWAY, Direction::Ascending),
            burners: List::new(Burners::default(), burners::COST, Direction::Descending),
            level: Level::Balances,
            pane: Pane::default(),
            what_if: None,
            painted_panel: Vec::new(),
            is_live: false,
            is_connected: false,
            not_connected: NotConnected::new(
                "Credits are not connected",
                &[
                    "This tab shows prepaid credits at exaroton and DatHost: balances and pools, what they burn, how long they last, and the readings kept for every day.",
                    "Add an account with its token or login to config.toml; `quarterdeck config init` writes an example with every key explained.",
                ],
            ),
            has_switched: false,
        }
    }
}

impl CreditsTab {
    /// Whether there is something to list, or will be in a moment.
    fn has_list(&self, context: &ViewContext<'_>) -> bool {
        self.is_connected || (*context.link == LinkState::Loading && context.fleet.feeds.is_empty())
    }

    fn selected<'a>(&self, context: &ViewContext<'a>) -> Option<&'a BalanceView> {
        self.balances.table.selected().and_then(|key| amounts::view_of(context, key))
    }

    /// The selected account, where it is one that is billed later.
    fn selected_later<'a>(&self, context: &ViewContext<'a>) -> Option<&'a BilledLater> {
        self.balances.table.selected().and_then(|key| context.fleet.billed_later.get(key))
    }

    /// The balance that the level in front is about.
    fn subject<'a>(&self, context: &ViewContext<'a>) -> Option<Subject<'a>> {
        let view = match self.level {
            Level::Balances => self.selected(context),
            Level::Burners => self.payer().and_then(|key| amounts::view_of(context, key)),
        };
        view.map(|view| Subject { view, is_live: self.is_live })
    }

    /// What the pane below the balances is about.
    fn about<'a>(&self, context: &ViewContext<'a>) -> Option<About<'a>> {
        let later = || self.selected_later(context).map(About::Later);
        self.subject(context).map(About::Balance).or_else(later)
    }

    fn payer(&self) -> Option<&BalanceKey> {
        self.burners.kind.payer.as_ref()
    }

    /// Asks for the past of the balance in front.
    fn ask(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        if let Some(subject) = self.subject(context) {
            let balance = &subject.view.balance;
            self.pane.history.ask(&balance.key, balance.observed_at, effects);
            self.pane.causes.ask(&balance.key, Some(subject.view), effects);
        } else if let Some(later) = self.selected_later(context).filter(|_| self.level == Level::Balances) {
            self.pane.causes.ask(&later.key(), None, effects);
        }
    }

    /// The area of the balances, and below it that of the pane where there is room and something to tell.
    fn split(&self, area: Rect, context: &ViewContext<'_>) -> (Rect, Rect) {
        let rows = self.balances.table.len();
        let condition = self.balances.kind.condition(context, self.balances.kind.count(context.fleet));
        let has_pane = area.height >= LIST_ROWS_MIN + PANE_ROWS_MIN
            && area.width >= condition::SMALLEST.0
            && rows > 0
            && (self.selected(context).is_some() || self.selected_later(context).is_some())
            && !matches!(condition, Condition::Instead(_));
        if !has_pane {
            return (area, Rect { y: area.bottom(), height: 0, ..area });
        }
        let banner = condition::banner_height(&condition, Rect { height: LIST_ROWS_MIN, ..area });
        let wanted = u16::try_from(rows + 2).unwrap_or(u16::MAX).saturating_add(banner);
        split_at(area, wanted.clamp(LIST_ROWS_MIN, (area.height / 3).max(LIST_ROWS_MIN)))
    }

    /// The area of the burners, and below it that of the what-if panel.
    fn split_burners(&self, area: Rect) -> (Rect, Rect) {
        if self.what_if.is_none() {
            return split_at(area, area.height);
        }
        split_at(area, area.height.saturating_sub(what_if::ROWS).max(LIST_ROWS_MIN))
    }

    fn panel(&self, cells: u16, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let (Some(supposed), Some(subject)) = (&self.what_if, self.subject(context)) else {
            return Vec::new();
        };
        let marked = self.burners.table.marked();
        supposed.lines((&self.burners.kind, marked), subject.view, usize::from(cells), context)
    }
}

fn split_at(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

impl Component for CreditsTab {
    fn scope(&self) -> Scope {
        match self.level {
            _ if !self.is_connected => Scope::Empty,
            Level::Balances => self.balances.scope(Scope::Credits),
            Level::Burners => self.burners.scope(Scope::Burners),
        }
    }

    fn on_open(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.on_changes(&Touched::everything(), context, effects);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        if !self.has_list(context) {
            self.not_connected.draw(area, buffer, context);
            return;
        }
        match self.level {
            Level::Balances => {
                let (list, pane) = self.split(area, context);
                self.balances.draw(list, buffer, context);
                if let Some(about) = self.about(context).filter(|_| pane.height > 0) {
                    self.pane.draw(pane, about, buffer, context);
                }
            }
            Level::Burners => {
                let (list, panel) = self.split_burners(area);
                self.burners.draw(list, buffer, context);
                if context.is_visible(panel) {
                    paragraph::draw(&self.panel(panel.width, context), 0, panel, buffer, context.theme.muted);
                }
            }
        }
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        if !self.has_list(context) {
            return self.not_connected.take_dirty(area, context);
        }
        if self.is_live {
            // Each row is compared cell by cell: only digits that changed are written.
            self.balances.table.touch_visible();
        }
        let dirty = match self.level {
            Level::Balances => {
                let (list, pane) = self.split(area, context);
                let mut dirty = self.balances.take_dirty(list, context);
                match self.about(context).filter(|_| pane.height > 0) {
                    Some(about) => dirty.merge(self.pane.take_dirty(pane, about, context)),
                    None => self.pane.invalidate(),
                }
                dirty
            }
            Level::Burners => {
                let (list, panel) = self.split_burners(area);
                let mut dirty = self.burners.take_dirty(list, context);
                let lines = self.panel(panel.width, context);
                if lines != self.painted_panel {
                    dirty.add(panel);
                    self.painted_panel = lines;
                }
                dirty
            }
        };
        if std::mem::take(&mut self.has_switched) { Dirty::area(area) } else { dirty }
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        if !self.is_connected {
            return Handled::Ignored;
        }
        if self.on_money_action(action, context, effects) == Handled::Consumed {
            return Handled::Consumed;
        }
        let handled = match self.level {
            Level::Balances => self.on_balances_action(action, context, effects),
            Level::Burners => self.on_burners_action(action, context, effects),
        };
        if handled == Handled::Consumed {
            self.ask(context, effects);
        }
        handled
    }

    fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        let handled = match self.level {
            Level::Balances => self.balances.on_text_key(key, context),
            Level::Burners => self.burners.on_text_key(key, context),
        };
        self.ask(context, effects);
        handled
    }

    fn on_paste(&mut self, text: &str, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        match self.level {
            Level::Balances => self.balances.on_paste(text, context),
            Level::Burners => self.burners.on_paste(text, context),
        }
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        let handled = match self.level {
            Level::Balances => self.balances.on_mouse(mouse, effects),
            Level::Burners => self.burners.on_mouse(mouse, effects),
        };
        self.ask(context, effects);
        handled
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, effects: &mut Effects) {
        if touched.is_everything {
            self.pane.history.forget();
            self.pane.causes.forget();
        }
        let was_connected = std::mem::replace(&mut self.is_connected, is_connected(context.fleet));
        self.has_switched |= was_connected != self.is_connected;
        if touched.is_everything || touched.is_money || self.has_switched {
            self.balances.refresh(context);
            self.burners.refresh(context);
            self.balances.table.touch_visible();
            self.burners.table.touch_visible();
            self.pane.causes.note(context.now);
            self.ask(context, effects);
        } else if !touched.servers.is_empty() && self.level == Level::Burners {
            if let Some(billed) = self.burners.kind.billed_later(context.fleet) {
                let of_account = touched.servers.iter().filter(|key| key.account == billed.account);
                let ids: Vec<_> = of_account.map(|key| (key.clone(), BurnerKind::Running)).collect();
                self.burners.update(&ids, context);
            }
            self.burners.table.touch_visible();
        }
        if touched.is_series && self.level == Level::Balances {
            self.balances.table.touch_visible();
        }
    }

    fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        match result {
            _ if ticket != SNAPSHOT => {
                let is_own = self.pane.history.on_reply(ticket, result, effects)
                    || self.pane.causes.on_reply(ticket, result, effects);
                if is_own {
                    self.ask(context, effects);
                }
            }
            Ok(_) => effects.notice(Loudness::Good, "a snapshot of every balance and server is kept"),
            Err(problem) => effects.notice(Loudness::Warning, format!("no snapshot: {}", problem.message)),
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        self.can_do(action, context)
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        if !self.is_connected {
            return None;
        }
        let list = match self.level {
            Level::Balances => self.balances.next_change(context),
            Level::Burners => self.burners.next_change(context),
        };
        let is_counting = self.is_live && context.link.is_up();
        let shown = context.fleet.balances.iter().filter(|(key, _)| match self.level {
            Level::Balances => self.balances.table.visible().any(|shown| shown == *key),
            Level::Burners => self.payer() == Some(*key),
        });
        let ticks =
            shown.filter(|_| is_counting).filter_map(|(_, view)| amounts::next_tick(view, context.now));
        ticks.chain(list).min()
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        match self.level {
            _ if !self.has_list(context) => None,
            Level::Balances => self.balances.cursor(self.split(area, context).0, context),
            Level::Burners => self.burners.cursor(self.split_burners(area).0, context),
        }
    }

    fn focus(&self, _context: &ViewContext<'_>) -> Focus {
        let (mut servers, mut balances) = (Vec::new(), Vec::new());
        match self.level {
            Level::Balances => balances.extend(self.balances.table.visible().cloned()),
            Level::Burners => servers.extend(self.burners.table.visible().map(|id| id.0.clone())),
        }
        Focus { tab: Tab::Credits, servers, balances, ..Focus::default() }
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.balances.set_frozen(is_frozen, context);
        self.burners.set_frozen(is_frozen, context);
    }
}
