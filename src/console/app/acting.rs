//! From keys to actions, and what the app itself does: whoever has the focus is asked first.

use std::collections::HashMap;

use ratatui::layout::Rect;

use super::{App, ExitReason, Outbound};
use crate::console::actions::{Action, Scope};
use crate::console::alerts_view::AlertsView;
use crate::console::component::{Component, Effects, Handled, Loudness, Mouse, Ticket};
use crate::console::context::ViewContext;
use crate::console::help::Viewer;
use crate::console::keys::Key;
use crate::console::layers::{Owner, TABS};
use crate::console::palette::Palette;
use crate::console::theme::Theme;
use crate::model::request::{Request, Tab};
use crate::model::time::Timestamp;

impl App {
    /// The operator pressed a key.
    pub fn on_key(&mut self, key: Key, now: Timestamp) {
        self.settle(now);
        let scope = self.views.top().scope();
        if let Some(action) = self.world.keymap.action(scope, key) {
            self.perform(action, Some(key), now);
        } else if scope == Scope::Text {
            self.with_top(Some(key), now, |top, context, effects| top.on_text_key(key, context, effects));
        }
    }

    /// Text was pasted: one line of it, made safe, for whoever has the focus.
    pub fn on_paste(&mut self, text: &str, now: Timestamp) {
        self.settle(now);
        let line: String = text.lines().map(crate::model::sanitise::sanitise).collect::<Vec<_>>().join(" ");
        self.with_top(None, now, |top, context, effects| top.on_paste(&line, context, effects));
    }

    /// Does an action: first whoever has the focus, then the app itself.
    pub(in crate::console) fn perform(&mut self, action: Action, key: Option<Key>, now: Timestamp) {
        let is_read_only = self.world.context(now, &[], key).is_read_only;
        if is_read_only && action.spec().risk.is_removed_by_read_only() {
            let text = format!("read-only: `{}` is not available here", action.spec().label);
            self.notice(Loudness::Warning, text, now);
            return;
        }
        let opened_by = self.views.layers().last().and_then(|layer| layer.opened_by);
        if action == Action::Confirm && key.is_some() && key == opened_by {
            let other = self.world.keymap.confirm_key(opened_by).map(|key| format!(", press {key}"));
            let text = format!("the key that opened this does not confirm it{}", other.unwrap_or_default());
            self.notice(Loudness::Info, text, now);
            return;
        }
        if action.spec().scopes.contains(&Scope::Always) {
            // No component is asked: leaving and suspending work in every state.
            self.perform_global(action, key, now);
            return;
        }
        let handled =
            self.with_top(key, now, |top, context, effects| top.on_action(action, context, effects));
        if handled == Handled::Ignored {
            self.perform_global(action, key, now);
        }
    }

    /// What actions do when no component takes them.
    fn perform_global(&mut self, action: Action, key: Option<Key>, now: Timestamp) {
        match action {
            Action::Quit | Action::QuitAtOnce => self.exit = Some(ExitReason::Quit),
            Action::SuspendConsole => self.outbox.push(Outbound::Suspend),
            Action::RedrawScreen => self.chrome.forget_screen(),
            Action::Help => {
                let help = {
                    let context = self.world.context(now, &[], key);
                    let top = self.views.top();
                    Viewer::help(top.scope(), |action| top.is_enabled(action, &context), &context)
                };
                self.open(Box::new(help), key, now);
            }
            Action::Palette => {
                let palette = {
                    let context = self.world.context(now, &[], key);
                    let top = self.views.top();
                    Palette::new(top.scope(), |action| top.is_enabled(action, &context), &context)
                };
                self.open(Box::new(palette), key, now);
            }
            Action::Notices => {
                let said = self.notices.iter().map(|said| (said.at, said.loudness, said.text.as_str()));
                let viewer = Viewer::notices(said, &self.world.context(now, &[], key));
                self.open(Box::new(viewer), key, now);
            }
            Action::RunsView => self.open((self.registry_runs)(), key, now),
            Action::AlertsView => self.open(Box::new(AlertsView::default()), key, now),
            Action::Doctor => self.open((self.registry_doctor)(), key, now),
            Action::Refresh => self.send(Owner::App, Ticket::default(), Request::Refresh),
            Action::SwitchTheme => self.next_theme(now),
            Action::ToggleMouse => self.toggle_mouse(now),
            Action::NextTab => self.go_to(TABS[(self.views.active_index() + 1) % TABS.len()], now),
            Action::PreviousTab => {
                self.go_to(TABS[(self.views.active_index() + TABS.len() - 1) % TABS.len()], now);
            }
            Action::TabOrders => self.go_to(Tab::Orders, now),
            Action::TabNodes => self.go_to(Tab::Nodes, now),
            Action::TabMatches => self.go_to(Tab::Matches, now),
            Action::TabDeployments => self.go_to(Tab::Deployments, now),
            Action::TabCredits => self.go_to(Tab::Credits, now),
            _ => {}
        }
    }

    pub(super) fn next_theme(&mut self, now: Timestamp) {
        self.palettes.rotate_left(1);
        self.world.theme = Theme::new(&self.palettes[0], self.depth);
        self.chrome.redraw_everything();
        let text = format!("theme: {}", self.world.theme.name);
        self.notice(Loudness::Info, text, now);
    }

    fn toggle_mouse(&mut self, now: Timestamp) {
        self.is_mouse_on = !self.is_mouse_on;
        self.outbox.push(Outbound::Mouse(self.is_mouse_on));
        let text = if self.is_mouse_on {
            "the mouse works here; shift selects text in most terminals"
        } else {
            "the mouse is the terminal's"
        };
        self.notice(Loudness::Info, text, now);
    }

    /// Brings a tab to the front, without any layer above it.
    pub(in crate::console) fn go_to(&mut self, tab: Tab, now: Timestamp) {
        while let Owner::Layer(_) = self.views.top_owner() {
            self.close(self.views.top_owner(), now);
        }
        if self.views.active() != tab {
            self.views.activate(tab);
            self.chrome.redraw_everything();
            self.catch_up(now);
        }
        self.focus_due = Some(now);
    }

    /// Opens a component above everything and tells it so.
    pub(super) fn open(&mut self, component: Box<dyn Component>, key: Option<Key>, now: Timestamp) {
        let was_bare = self.views.layers().is_empty();
        let owner = self.views.open(component, key);
        self.chrome.redraw_layers();
        if was_bare {
            self.set_frozen(true, now);
        }
        let mut effects = Effects::default();
        self.views.top_mut().on_open(&self.world.context(now, &[], key), &mut effects);
        self.apply(owner, effects, key, now);
    }

    /// Closes a layer; its streams end, its replies are dropped.
    pub(super) fn close(&mut self, owner: Owner, now: Timestamp) {
        let Some(area) = self.views.close(owner) else { return };
        self.chrome.uncover(area);
        let (ended, kept) =
            std::mem::take(&mut self.streams).into_iter().partition(|(_, (o, _))| *o == owner);
        self.streams = kept;
        let ended: HashMap<_, _> = ended;
        for stream in ended.into_keys() {
            self.send(Owner::App, Ticket::default(), Request::ConsoleClose { stream });
        }
        self.waiting.retain(|_, (waiting, _)| *waiting != owner);
        if self.views.layers().is_empty() {
            self.set_frozen(false, now);
        }
        self.focus_due = Some(now);
    }

    fn set_frozen(&mut self, is_frozen: bool, now: Timestamp) {
        let context = self.world.context(now, &[], None);
        self.views.tab_mut().set_frozen(is_frozen, &context);
    }

    /// Lets whoever has the focus do something, and then does what it asks for.
    pub(super) fn with_top(
        &mut self,
        key: Option<Key>,
        now: Timestamp,
        act: impl FnOnce(&mut dyn Component, &ViewContext<'_>, &mut Effects) -> Handled,
    ) -> Handled {
        let owner = self.views.top_owner();
        let mut effects = Effects::default();
        let context = self.world.context(now, &[], key);
        let handled = act(self.views.top_mut(), &context, &mut effects);
        self.apply(owner, effects, key, now);
        handled
    }

    /// Gives a mouse event to whoever has the focus.
    pub(in crate::console) fn with_top_mouse(&mut self, mouse: Mouse, area: Rect, now: Timestamp) {
        self.with_top(None, now, |top, context, effects| top.on_mouse(mouse, area, context, effects));
    }
}
