//! The nodes and the exaroton accounts, and as the next level the servers of one of them or of all.

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::credit_servers::{self, CreditServers};
use super::list::List;
use super::servers::{self, Servers};
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effect, Effects, Handled, Mouse, Reveal, Touched};
use crate::console::context::ViewContext;
use crate::console::details::credit_account;
use crate::console::dialogs::server_actions;
use crate::console::keys::Key;
use crate::console::widgets::table::Direction;
use crate::model::ids::{AccountId, NodeKey, ServerKey};
use crate::model::request::{Focus, Tab};
use crate::model::time::Timestamp;
pub use columns::Nodes;

/// Which level is in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Nodes,
    Servers,
    CreditServers,
}

/// The tab.
pub struct NodesTab {
    nodes: List<Nodes>,
    servers: List<Servers>,
    credit_servers: List<CreditServers>,
    level: Level,
    has_switched: bool,
}

impl Default for NodesTab {
    fn default() -> Self {
        Self {
            nodes: List::new(Nodes, columns::NAME, Direction::Ascending),
            servers: List::new(Servers::default(), servers::NAME, Direction::Ascending),
            credit_servers: List::new(CreditServers::default(), credit_servers::NAME, Direction::Ascending),
            level: Level::Nodes,
            has_switched: false,
        }
    }
}

/// Asks the list in front, whatever its rows are.
macro_rules! in_front {
    ($tab:expr, $list:ident => $asked:expr) => {
        match $tab.level {
            Level::Nodes => {
                let $list = &$tab.nodes;
                $asked
            }
            Level::Servers => {
                let $list = &$tab.servers;
                $asked
            }
            Level::CreditServers => {
                let $list = &$tab.credit_servers;
                $asked
            }
        }
    };
    (mut $tab:expr, $list:ident => $asked:expr) => {
        match $tab.level {
            Level::Nodes => {
                let $list = &mut $tab.nodes;
                $asked
            }
            Level::Servers => {
                let $list = &mut $tab.servers;
                $asked
            }
            Level::CreditServers => {
                let $list = &mut $tab.credit_servers;
                $asked
            }
        }
    };
}

impl NodesTab {
    fn enter_node(&mut self, node: Option<NodeKey>, context: &ViewContext<'_>, effects: &mut Effects) {
        self.servers.kind = Servers { node };
        self.servers.reset(context);
        self.switch(Level::Servers, effects);
    }

    fn enter_account(
        &mut self,
        account: Option<AccountId>,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        self.credit_servers.kind = CreditServers { account };
        self.credit_servers.reset(context);
        self.switch(Level::CreditServers, effects);
    }

    fn leave(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.nodes.refresh(context);
        self.switch(Level::Nodes, effects);
    }

    fn switch(&mut self, level: Level, effects: &mut Effects) {
        self.level = level;
        self.has_switched = true;
        effects.push(Effect::FocusChanged);
    }

    /// The servers an action is about.
    fn targets(&self) -> Vec<ServerKey> {
        match self.level {
            Level::Nodes => Vec::new(),
            Level::Servers => self.servers.table.targets(),
            Level::CreditServers => self.credit_servers.table.targets(),
        }
    }

    fn on_nodes_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        let selected = self.nodes.table.selected().cloned();
        let is_account = selected.as_ref().is_some_and(credit_account::is_one);
        match (action, selected) {
            (Action::Details, Some(key)) if is_account => {
                self.enter_account(Some(key.account), context, effects);
            }
            (Action::Details, Some(key)) => self.enter_node(Some(key), context, effects),
            (Action::Details, None) => {}
            (Action::AllServers, _) if is_account => self.enter_account(None, context, effects),
            (Action::AllServers, _) => self.enter_node(None, context, effects),
            _ => return self.nodes.on_action(action, context, effects),
        }
        Handled::Consumed
    }

    fn on_servers_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        if server_actions::is_one(action) {
            server_actions::perform(action, &self.targets(), context, effects);
            return Handled::Consumed;
        }
        let handled = in_front!(mut self, list => list.on_action(action, context, effects));
        if action == Action::Back && handled == Handled::Ignored {
            self.leave(context, effects);
            return Handled::Consumed;
        }
        handled
    }

    /// Shows a server below the place where it runs; says whether it is known.
    fn reveal_server(&mut self, key: &ServerKey, context: &ViewContext<'_>, effects: &mut Effects) -> bool {
        if context.fleet.credit_servers.contains_key(key) {
            self.nodes.reveal(&credit_account::key_of(&key.account), context);
            self.enter_account(Some(key.account.clone()), context, effects);
            self.credit_servers.reveal(key, context);
            return true;
        }
        let Some(node) = context.fleet.servers.get(key).map(|server| server.node.clone()) else {
            return false;
        };
        self.nodes.reveal(&node, context);
        self.enter_node(Some(node), context, effects);
        self.servers.reveal(key, context);
        true
    }
}

impl Component for NodesTab {
    fn scope(&self) -> Scope {
        match self.level {
            Level::Nodes => self.nodes.scope(Scope::Nodes),
            Level::Servers => self.servers.scope(Scope::Servers),
            Level::CreditServers => self.credit_servers.scope(Scope::CreditServers),
        }
    }

    fn on_open(&mut self, context: &ViewContext<'_>, _effects: &mut Effects) {
        self.nodes.refresh(context);
        self.servers.refresh(context);
        self.credit_servers.refresh(context);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        in_front!(self, list => list.draw(area, buffer, context));
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let dirty = in_front!(mut self, list => list.take_dirty(area, context));
        if std::mem::take(&mut self.has_switched) { Dirty::area(area) } else { dirty }
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match self.level {
            Level::Nodes => self.on_nodes_action(action, context, effects),
            Level::Servers | Level::CreditServers => self.on_servers_action(action, context, effects),
        }
    }

    fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        in_front!(mut self, list => list.on_text_key(key, context))
    }

    fn on_paste(&mut self, text: &str, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        in_front!(mut self, list => list.on_paste(text, context))
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        in_front!(mut self, list => list.on_mouse(mouse, effects))
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, _effects: &mut Effects) {
        if touched.is_everything {
            self.nodes.refresh(context);
            self.servers.refresh(context);
            self.credit_servers.refresh(context);
            return;
        }
        self.nodes.update(&touched.nodes, context);
        self.servers.update(&touched.servers, context);
        if touched.is_money || touched.is_header {
            // An account's row adds its servers up, and tells how its feed is.
            let accounts: Vec<NodeKey> =
                credit_account::all(context.fleet).into_iter().map(credit_account::key_of).collect();
            self.nodes.update(&accounts, context);
        }
        if touched.is_money {
            self.credit_servers.update(&touched.servers, context);
            self.credit_servers.table.touch_visible();
        }
        if touched.is_series {
            self.nodes.table.touch_visible();
            self.servers.table.touch_visible();
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        match self.level {
            Level::Nodes => self.nodes.is_enabled(action),
            _ if server_actions::is_one(action) => {
                server_actions::is_enabled(action, &self.targets(), context)
            }
            _ => action == Action::Back || in_front!(self, list => list.is_enabled(action)),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        in_front!(self, list => list.next_change(context))
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        in_front!(self, list => list.cursor(area, context))
    }

    fn focus(&self, _context: &ViewContext<'_>) -> Focus {
        let mut focus = Focus { tab: Tab::Nodes, ..Focus::default() };
        match self.level {
            Level::Nodes => {
                let is_node = |key: &&NodeKey| !credit_account::is_one(key);
                focus.nodes = self.nodes.table.visible().filter(is_node).cloned().collect();
            }
            Level::Servers => {
                focus.servers = self.servers.table.visible().cloned().collect();
                focus.nodes = self.servers.kind.node.iter().cloned().collect();
            }
            Level::CreditServers => {
                focus.servers = self.credit_servers.table.visible().cloned().collect();
            }
        }
        focus
    }

    fn on_reveal(&mut self, reveal: &Reveal, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        let is_shown = match reveal {
            Reveal::Node(key) if self.nodes.reveal(key, context) => {
                self.leave(context, effects);
                true
            }
            Reveal::Server(key) => self.reveal_server(key, context, effects),
            _ => false,
        };
        if is_shown { Handled::Consumed } else { Handled::Ignored }
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.nodes.set_frozen(is_frozen, context);
        self.servers.set_frozen(is_frozen, context);
        self.credit_servers.set_frozen(is_frozen, context);
    }
}
