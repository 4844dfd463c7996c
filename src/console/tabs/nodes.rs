//! The nodes, and as the next level the servers of one node or of all.

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::list::List;
use super::servers::{self, Servers};
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effect, Effects, Handled, Mouse, Reveal, Touched};
use crate::console::context::ViewContext;
use crate::console::dialogs::server_actions;
use crate::console::keys::Key;
use crate::console::widgets::table::Direction;
use crate::model::ids::{NodeKey, ServerKey};
use crate::model::request::{Focus, Tab};
use crate::model::time::Timestamp;
pub use columns::Nodes;

/// Which level is in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Nodes,
    Servers,
}

/// The tab.
pub struct NodesTab {
    nodes: List<Nodes>,
    servers: List<Servers>,
    level: Level,
    has_switched: bool,
}

impl Default for NodesTab {
    fn default() -> Self {
        Self {
            nodes: List::new(Nodes, columns::NAME, Direction::Ascending),
            servers: List::new(Servers::default(), servers::NAME, Direction::Ascending),
            level: Level::Nodes,
            has_switched: false,
        }
    }
}

impl NodesTab {
    fn enter(&mut self, node: Option<NodeKey>, context: &ViewContext<'_>, effects: &mut Effects) {
        self.servers.kind = Servers { node };
        self.servers.reset(context);
        self.level = Level::Servers;
        self.has_switched = true;
        effects.push(Effect::FocusChanged);
    }

    fn leave(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.level = Level::Nodes;
        self.nodes.refresh(context);
        self.has_switched = true;
        effects.push(Effect::FocusChanged);
    }

    /// The servers an action is about.
    fn targets(&self) -> Vec<ServerKey> {
        self.servers.table.targets()
    }

    fn on_nodes_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        match action {
            Action::Details => {
                if let Some(node) = self.nodes.table.selected().cloned() {
                    self.enter(Some(node), context, effects);
                }
            }
            Action::AllServers => self.enter(None, context, effects),
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
        let handled = self.servers.on_action(action, context, effects);
        if action == Action::Back && handled == Handled::Ignored {
            self.leave(context, effects);
            return Handled::Consumed;
        }
        handled
    }
}

impl Component for NodesTab {
    fn scope(&self) -> Scope {
        match self.level {
            Level::Nodes => self.nodes.scope(Scope::Nodes),
            Level::Servers => self.servers.scope(Scope::Servers),
        }
    }

    fn on_open(&mut self, context: &ViewContext<'_>, _effects: &mut Effects) {
        self.nodes.refresh(context);
        self.servers.refresh(context);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        match self.level {
            Level::Nodes => self.nodes.draw(area, buffer, context),
            Level::Servers => self.servers.draw(area, buffer, context),
        }
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let dirty = match self.level {
            Level::Nodes => self.nodes.take_dirty(area, context),
            Level::Servers => self.servers.take_dirty(area, context),
        };
        if std::mem::take(&mut self.has_switched) { Dirty::area(area) } else { dirty }
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match self.level {
            Level::Nodes => self.on_nodes_action(action, context, effects),
            Level::Servers => self.on_servers_action(action, context, effects),
        }
    }

    fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        match self.level {
            Level::Nodes => self.nodes.on_text_key(key, context),
            Level::Servers => self.servers.on_text_key(key, context),
        }
    }

    fn on_paste(&mut self, text: &str, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        match self.level {
            Level::Nodes => self.nodes.on_paste(text, context),
            Level::Servers => self.servers.on_paste(text, context),
        }
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        match self.level {
            Level::Nodes => self.nodes.on_mouse(mouse, effects),
            Level::Servers => self.servers.on_mouse(mouse, effects),
        }
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, _effects: &mut Effects) {
        if touched.is_everything {
            self.nodes.refresh(context);
            self.servers.refresh(context);
            return;
        }
        self.nodes.update(&touched.nodes, context);
        self.servers.update(&touched.servers, context);
        if touched.is_series {
            self.nodes.table.touch_visible();
            self.servers.table.touch_visible();
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        match self.level {
            Level::Nodes => self.nodes.is_enabled(action),
            Level::Servers if server_actions::is_one(action) => {
                server_actions::is_enabled(action, &self.targets(), context)
            }
            Level::Servers => action == Action::Back || self.servers.is_enabled(action),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        match self.level {
            Level::Nodes => self.nodes.next_change(context),
            Level::Servers => self.servers.next_change(context),
        }
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        match self.level {
            Level::Nodes => self.nodes.cursor(area, context),
            Level::Servers => self.servers.cursor(area, context),
        }
    }

    fn focus(&self, _context: &ViewContext<'_>) -> Focus {
        let mut focus = Focus { tab: Tab::Nodes, ..Focus::default() };
        match self.level {
            Level::Nodes => focus.nodes = self.nodes.table.visible().cloned().collect(),
            Level::Servers => {
                focus.servers = self.servers.table.visible().cloned().collect();
                focus.nodes = self.servers.kind.node.iter().cloned().collect();
            }
        }
        focus
    }

    fn on_reveal(&mut self, reveal: &Reveal, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        match reveal {
            Reveal::Node(key) if self.nodes.reveal(key, context) => {
                self.leave(context, effects);
                Handled::Consumed
            }
            Reveal::Server(key) => {
                let Some(server) = context.fleet.servers.get(key) else { return Handled::Ignored };
                let node = server.node.clone();
                self.nodes.reveal(&node, context);
                self.enter(Some(node), context, effects);
                self.servers.reveal(key, context);
                Handled::Consumed
            }
            _ => Handled::Ignored,
        }
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.nodes.set_frozen(is_frozen, context);
        self.servers.set_frozen(is_frozen, context);
    }
}
