//! What is in front of what: five tabs, one of them in front, and dialogs and views in layers above it.
//!
//! A key goes to the top layer only; exactly one component has the focus at any time.

use ratatui::layout::Rect;

use super::component::Component;
use super::context::ViewContext;
use super::keys::Key;
use crate::model::request::{Focus, Tab};

/// The tabs in their order.
pub const TABS: [Tab; 5] = [Tab::Orders, Tab::Nodes, Tab::Matches, Tab::Deployments, Tab::Credits];

/// The name of a tab on screen.
#[must_use]
pub fn tab_title(tab: Tab) -> &'static str {
    match tab {
        Tab::Orders => "Orders",
        Tab::Nodes => "Nodes",
        Tab::Matches => "Matches",
        Tab::Deployments => "Deployments",
        Tab::Credits => "Credits",
    }
}

/// Who asked for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The app itself.
    App,
    /// A tab, by its place.
    Tab(usize),
    /// A layer, by its number.
    Layer(u64),
}

/// A dialog or view above the tabs.
pub struct Layer {
    /// Its number, never used twice.
    pub number: u64,
    /// What it is.
    pub component: Box<dyn Component>,
    /// The key that opened it: never confirms it.
    pub opened_by: Option<Key>,
    /// Where it was drawn last.
    pub area: Rect,
}

/// The tabs and the layers above them.
pub struct Views {
    tabs: Vec<Box<dyn Component>>,
    active: usize,
    /// Tabs that were not told of changes while they were hidden.
    is_behind: Vec<bool>,
    layers: Vec<Layer>,
    next_number: u64,
}

impl Views {
    /// These components as the tabs, in the order of [`TABS`].
    #[must_use]
    pub fn new(tabs: Vec<Box<dyn Component>>) -> Self {
        let is_behind = vec![true; tabs.len()];
        Self { tabs, active: 0, is_behind, layers: Vec::new(), next_number: 1 }
    }

    /// The tab in front.
    #[must_use]
    pub fn active(&self) -> Tab {
        TABS[self.active]
    }

    /// The place of the tab in front.
    #[must_use]
    pub fn active_index(&self) -> usize {
        self.active
    }

    /// Brings a tab to the front.
    pub fn activate(&mut self, tab: Tab) {
        self.active = TABS.iter().position(|other| *other == tab).unwrap_or(0);
    }

    /// The component of the tab in front.
    #[must_use]
    pub fn tab(&self) -> &dyn Component {
        self.tabs[self.active].as_ref()
    }

    /// The component of the tab in front, to change it.
    pub fn tab_mut(&mut self) -> &mut dyn Component {
        self.tabs[self.active].as_mut()
    }

    /// The layers, lowest first.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layers, to change them.
    pub fn layers_mut(&mut self) -> &mut [Layer] {
        &mut self.layers
    }

    /// Who has the focus.
    #[must_use]
    pub fn top_owner(&self) -> Owner {
        self.layers.last().map_or(Owner::Tab(self.active), |layer| Owner::Layer(layer.number))
    }

    /// The component that has the focus.
    #[must_use]
    pub fn top(&self) -> &dyn Component {
        self.layers.last().map_or_else(|| self.tab(), |layer| layer.component.as_ref())
    }

    /// The component that has the focus, to change it.
    pub fn top_mut(&mut self) -> &mut dyn Component {
        match self.layers.last_mut() {
            Some(layer) => layer.component.as_mut(),
            None => self.tabs[self.active].as_mut(),
        }
    }

    /// The component behind an owner, if it still is there.
    pub fn owned_by(&mut self, owner: Owner) -> Option<&mut dyn Component> {
        match owner {
            Owner::App => None,
            Owner::Tab(index) => {
                let tab = self.tabs.get_mut(index)?;
                Some(tab.as_mut())
            }
            Owner::Layer(number) => {
                let layer = self.layers.iter_mut().find(|layer| layer.number == number)?;
                Some(layer.component.as_mut())
            }
        }
    }

    /// Puts a component above everything; returns its owner.
    pub fn open(&mut self, mut component: Box<dyn Component>, opened_by: Option<Key>) -> Owner {
        if let Some(key) = opened_by {
            component.set_opening_key(key);
        }
        let number = self.next_number;
        self.next_number += 1;
        self.layers.push(Layer { number, component, opened_by, area: Rect::ZERO });
        Owner::Layer(number)
    }

    /// Takes a layer away; returns where it was drawn.
    pub fn close(&mut self, owner: Owner) -> Option<Rect> {
        let Owner::Layer(number) = owner else { return None };
        let at = self.layers.iter().position(|layer| layer.number == number)?;
        Some(self.layers.remove(at).area)
    }

    /// Tells of changes: every layer and the tab in front at once, the other tabs when they come to the front.
    pub fn for_each_told(&mut self, mut tell: impl FnMut(Owner, &mut dyn Component)) {
        for (index, is_behind) in self.is_behind.iter_mut().enumerate() {
            *is_behind |= index != self.active;
        }
        tell(Owner::Tab(self.active), self.tabs[self.active].as_mut());
        for layer in &mut self.layers {
            tell(Owner::Layer(layer.number), layer.component.as_mut());
        }
    }

    /// Whether the tab in front missed changes; asking makes it up to date.
    pub fn take_is_behind(&mut self) -> bool {
        std::mem::take(&mut self.is_behind[self.active])
    }

    /// What everything in front shows of the site: the tab, and a server's console above it.
    #[must_use]
    pub fn focus(&self, context: &ViewContext<'_>) -> Focus {
        let mut focus = self.tab().focus(context);
        focus.tab = self.active();
        for shown in self.layers.iter().map(|layer| layer.component.focus(context)) {
            let servers = shown.servers.into_iter().filter(|key| !focus.servers.contains(key));
            let servers: Vec<_> = servers.collect();
            focus.servers.extend(servers);
            let nodes: Vec<_> = shown.nodes.into_iter().filter(|key| !focus.nodes.contains(key)).collect();
            focus.nodes.extend(nodes);
            let balances = shown.balances.into_iter().filter(|key| !focus.balances.contains(key));
            let balances: Vec<_> = balances.collect();
            focus.balances.extend(balances);
        }
        focus
    }

    /// When anything in front changes by itself next.
    #[must_use]
    pub fn next_change(&self, context: &ViewContext<'_>) -> Option<crate::model::time::Timestamp> {
        let layers = self.layers.iter().map(|layer| layer.component.next_change(context));
        layers.chain([self.tab().next_change(context)]).flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::context::{LinkState, UNICODE};
    use crate::console::keymap::Keymap;
    use crate::console::server_console::ServerConsole;
    use crate::console::tabs;
    use crate::console::theme::{ColourDepth, Palette, Theme};
    use crate::link::packed::PackedFleet;
    use crate::model::ids::ServerKey;
    use crate::model::time::Timestamp;

    #[test]
    fn a_server_is_in_focus_while_its_console_is_open_above_any_tab() {
        let theme = Theme::new(&Palette::embedded()[0], ColourDepth::True);
        let context = ViewContext {
            fleet: &PackedFleet::default(),
            theme: &theme,
            glyphs: &UNICODE,
            keymap: &Keymap::default(),
            now: Timestamp(0),
            is_read_only: false,
            link: &LinkState::Live,
            clip: &[],
            key: None,
        };
        let mut views = Views::new(TABS.into_iter().map(tabs::component).collect());
        assert!(views.focus(&context).servers.is_empty());
        let server = ServerKey { account: "panel".into(), id: "42".to_owned() };
        let console = views.open(Box::new(ServerConsole::new(server.clone())), None);
        let focus = views.focus(&context);
        assert_eq!((focus.tab, focus.servers), (Tab::Orders, vec![server]));
        views.close(console);
        assert!(views.focus(&context).servers.is_empty());
    }
}
