//! The console as a value: events in, effects and dirty areas out. No terminal, no sockets, no clock of its own.
//!
//! `run` feeds it from the real terminal and the link; tests feed it by hand.

use std::collections::{HashMap, VecDeque};

use ratatui::layout::Rect;

use super::actions::Action;
use super::component::{Component, Effect, Effects, Handled, Loudness, Reveal, Ticket};
use super::context::{ASCII, Glyphs, LinkState, UNICODE, ViewContext};
use super::frame::Chrome;
use super::help::Viewer;
use super::keymap::Keymap;
use super::keys::Key;
use super::layers::{Owner, TABS, Views};
use super::mirror::Mirror;
use super::palette::Palette;
use super::settings::{ConsoleSettings, Switch, TerminalEnvironment};
use super::theme::{self, ColourDepth, Theme};
use crate::model::request::{ConsoleItem, Focus, Request, Tab};
use crate::model::time::Timestamp;

/// How long a notice stays in the hint bar.
const NOTICE_MS: u64 = 6_000;

/// Notices that can be read again; the oldest is dropped.
const NOTICES_KEPT: usize = 100;

/// How long scrolling must rest before the engine is told what is on screen.
const FOCUS_DELAY_MS: u64 = 250;

/// Why the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// The operator quit.
    Quit,
    /// The terminal is gone: closed, or the connection to it lost.
    TerminalGone,
    /// A signal asked for it (SIGTERM, SIGHUP, SIGINT).
    Signal,
}

/// Something for the outside to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Outbound {
    /// Ask the engine; tell the app the id with [`App::sent`], or [`App::refused`].
    Send {
        /// Who asked.
        owner: Owner,
        /// Under which name.
        ticket: Ticket,
        /// What.
        request: Request,
    },
    /// Tell the engine what is on screen.
    Focus(Focus),
    /// Put text into the clipboard.
    Copy(String),
    /// Write a file into the working folder; tell the app how it went with [`App::notice`].
    WriteFile {
        /// Its name.
        name: String,
        /// What goes in.
        contents: String,
    },
    /// Switch the mouse on or off.
    Mouse(bool),
    /// Put the program into the background of its shell.
    Suspend,
}

/// The views that the app puts on screen.
pub struct Registry {
    /// One component per tab, in the order of [`TABS`].
    pub tabs: Vec<Box<dyn Component>>,
    /// Makes the view of runs.
    pub runs: fn() -> Box<dyn Component>,
    /// Makes the doctor's view.
    pub doctor: fn() -> Box<dyn Component>,
}

/// What every context is made of.
pub(super) struct World {
    pub(super) mirror: Mirror,
    pub(super) link: LinkState,
    pub(super) theme: Theme,
    pub(super) keymap: Keymap,
    pub(super) glyphs: &'static Glyphs,
    is_read_only: bool,
}

impl World {
    pub(super) fn context<'a>(
        &'a self,
        now: Timestamp,
        clip: &'a [Rect],
        key: Option<Key>,
    ) -> ViewContext<'a> {
        let fleet = self.mirror.fleet();
        ViewContext {
            fleet,
            theme: &self.theme,
            glyphs: self.glyphs,
            keymap: &self.keymap,
            now,
            is_read_only: self.is_read_only || fleet.site.is_read_only,
            link: &self.link,
            clip,
            key,
        }
    }
}

/// A line that was said.
pub(super) struct Said {
    pub(super) at: Timestamp,
    pub(super) loudness: Loudness,
    pub(super) text: String,
}

/// The console.
pub struct App {
    pub(super) world: World,
    pub(super) views: Views,
    pub(super) chrome: Chrome,
    pub(super) notices: VecDeque<Said>,
    pub(super) notice_until: Option<Timestamp>,
    palettes: Vec<theme::Palette>,
    depth: ColourDepth,
    registry_runs: fn() -> Box<dyn Component>,
    registry_doctor: fn() -> Box<dyn Component>,
    waiting: HashMap<u64, (Owner, Ticket)>,
    streams: HashMap<u64, (Owner, Ticket)>,
    outbox: Vec<Outbound>,
    focus_due: Option<Timestamp>,
    focus_told: Option<Focus>,
    notices_told: usize,
    is_mouse_on: bool,
    exit: Option<ExitReason>,
}

impl App {
    /// A console with these settings, for a terminal of this kind, that has heard nothing yet.
    #[must_use]
    pub fn new(
        settings: &ConsoleSettings,
        environment: &TerminalEnvironment,
        registry: Registry,
        now: Timestamp,
    ) -> Self {
        let depth = settings.colours.unwrap_or_else(|| environment.colour_depth());
        let (mut palettes, theme_problems) = theme::Palette::load(settings.theme_folder.as_deref());
        let place = palettes.iter().position(|palette| palette.name == settings.theme);
        palettes.rotate_left(place.unwrap_or(0));
        let (keymap, key_problems) = Keymap::new(&settings.keys);
        let is_unicode = match settings.unicode {
            Switch::Auto => environment.has_unicode(),
            Switch::On => true,
            Switch::Off => false,
        };
        let world = World {
            mirror: Mirror::default(),
            link: LinkState::Loading,
            theme: Theme::new(&palettes[0], depth),
            keymap,
            glyphs: if is_unicode { &UNICODE } else { &ASCII },
            is_read_only: settings.is_read_only,
        };
        let mut app = Self {
            world,
            views: Views::new(registry.tabs),
            chrome: Chrome::default(),
            notices: VecDeque::new(),
            notice_until: None,
            palettes,
            depth,
            registry_runs: registry.runs,
            registry_doctor: registry.doctor,
            waiting: HashMap::new(),
            streams: HashMap::new(),
            outbox: Vec::new(),
            focus_due: Some(now),
            focus_told: None,
            notices_told: 0,
            is_mouse_on: settings.is_mouse_on,
            exit: None,
        };
        let unknown = place.is_none().then(|| format!("no theme is called `{}`", settings.theme));
        let problems = theme_problems.into_iter().chain(unknown);
        for problem in problems.chain(key_problems.iter().map(ToString::to_string)) {
            app.notice(Loudness::Warning, problem, now);
        }
        app
    }

    /// Why the console shall end, once it shall.
    #[must_use]
    pub fn exit(&self) -> Option<ExitReason> {
        self.exit
    }

    /// A new connection: the engine at its other end knows nothing of what is on screen.
    pub(super) fn forget_focus(&mut self, now: Timestamp) {
        self.focus_told = None;
        self.focus_due = Some(now);
    }

    /// The outside ends the console: a signal, a terminal that is gone.
    pub fn end(&mut self, reason: ExitReason) {
        self.exit.get_or_insert(reason);
    }

    /// Whether the mouse is wanted.
    #[must_use]
    pub fn is_mouse_on(&self) -> bool {
        self.is_mouse_on
    }

    /// What the outside has to do, in order; asking empties it.
    pub fn take_outbox(&mut self) -> Vec<Outbound> {
        std::mem::take(&mut self.outbox)
    }

    /// Says something in the hint bar and remembers it.
    pub fn notice(&mut self, loudness: Loudness, text: impl Into<String>, now: Timestamp) {
        self.notices.truncate(NOTICES_KEPT - 1);
        self.notices.push_front(Said { at: now, loudness, text: text.into() });
        self.notice_until = Some(now.plus_millis(NOTICE_MS));
    }

    /// The operator pressed a key.
    pub fn on_key(&mut self, key: Key, now: Timestamp) {
        self.settle(now);
        let scope = self.views.top().scope();
        if let Some(action) = self.world.keymap.action(scope, key) {
            self.perform(action, Some(key), now);
        } else if scope == super::actions::Scope::Text {
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
    pub(super) fn perform(&mut self, action: Action, key: Option<Key>, now: Timestamp) {
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
        if action.spec().scopes.contains(&super::actions::Scope::Always) {
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

    fn next_theme(&mut self, now: Timestamp) {
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
    pub(super) fn go_to(&mut self, tab: Tab, now: Timestamp) {
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
    fn open(&mut self, component: Box<dyn Component>, key: Option<Key>, now: Timestamp) {
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
    fn close(&mut self, owner: Owner, now: Timestamp) {
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
    fn with_top(
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
    pub(super) fn with_top_mouse(&mut self, mouse: super::component::Mouse, area: Rect, now: Timestamp) {
        self.with_top(None, now, |top, context, effects| top.on_mouse(mouse, area, context, effects));
    }

    /// Does what a component asked for.
    pub(super) fn apply(&mut self, owner: Owner, mut effects: Effects, key: Option<Key>, now: Timestamp) {
        for effect in effects.take() {
            match effect {
                Effect::Send { request, ticket } => self.send(owner, ticket, request),
                Effect::CloseStream(ticket) => self.close_stream(owner, ticket),
                Effect::Open(component) => self.open(component, key, now),
                Effect::Close => self.close(owner, now),
                Effect::Perform(action) => self.perform(action, key, now),
                Effect::GoTo(tab) => self.go_to(tab, now),
                Effect::Reveal(reveal) => self.reveal(&reveal, key, now),
                Effect::Copy { text, label } => self.copy(text, &label, now),
                Effect::WriteFile { name, contents } => {
                    self.outbox.push(Outbound::WriteFile { name, contents });
                }
                Effect::Notice(loudness, text) => self.notice(loudness, text, now),
                Effect::FocusChanged => {
                    self.focus_due.get_or_insert(now.plus_millis(FOCUS_DELAY_MS));
                }
                Effect::NextTheme => self.next_theme(now),
                Effect::Quit => self.exit = Some(ExitReason::Quit),
            }
        }
    }

    fn copy(&mut self, text: String, label: &str, now: Timestamp) {
        if text.len() > super::clipboard::LONGEST_COPY_BYTES {
            self.notice(Loudness::Warning, format!("{label} is too long to copy; export it instead"), now);
        } else {
            self.outbox.push(Outbound::Copy(text));
            self.notice(Loudness::Good, format!("copied {label}"), now);
        }
    }

    fn reveal(&mut self, reveal: &Reveal, key: Option<Key>, now: Timestamp) {
        match reveal {
            Reveal::Order(_) => self.go_to(Tab::Orders, now),
            Reveal::Server(_) | Reveal::Node(_) => self.go_to(Tab::Nodes, now),
            Reveal::Run(_) => self.open((self.registry_runs)(), key, now),
        }
        self.with_top(key, now, |top, context, effects| top.on_reveal(reveal, context, effects));
    }

    fn send(&mut self, owner: Owner, ticket: Ticket, request: Request) {
        self.outbox.push(Outbound::Send { owner, ticket, request });
    }

    fn close_stream(&mut self, owner: Owner, ticket: Ticket) {
        let found = self.streams.iter().find(|(_, asked)| **asked == (owner, ticket)).map(|(id, _)| *id);
        if let Some(stream) = found {
            self.streams.remove(&stream);
            self.send(Owner::App, Ticket::default(), Request::ConsoleClose { stream });
        }
    }

    /// Notes which id a request got.
    pub fn sent(&mut self, owner: Owner, ticket: Ticket, is_stream: bool, id: u64) {
        self.waiting.insert(id, (owner, ticket));
        if is_stream {
            self.streams.insert(id, (owner, ticket));
        }
    }

    /// Takes the asker of a request out of those that wait.
    pub(super) fn take_waiting(&mut self, id: u64) -> Option<(Owner, Ticket)> {
        self.waiting.remove(&id)
    }

    /// Whose stream an item belongs to; a closed one is forgotten.
    pub(super) fn stream_owner(&mut self, id: u64, item: &ConsoleItem) -> Option<(Owner, Ticket)> {
        if matches!(item, ConsoleItem::Closed(_)) {
            self.streams.remove(&id)
        } else {
            self.streams.get(&id).copied()
        }
    }

    /// Forgets every stream: the connection they came over is gone.
    pub(super) fn take_streams(&mut self) -> Vec<(Owner, Ticket)> {
        std::mem::take(&mut self.streams).into_values().collect()
    }

    /// Tells the tab in front what it missed while it was hidden.
    fn catch_up(&mut self, now: Timestamp) {
        if self.views.take_is_behind() {
            let mut effects = Effects::default();
            let touched = super::component::Touched::everything();
            let context = self.world.context(now, &[], None);
            self.views.tab_mut().on_changes(&touched, &context, &mut effects);
            self.apply(self.views.top_owner(), effects, None, now);
        }
    }

    /// Tells components what changed in the fleet since they were last told.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let Some(touched) = self.world.mirror.take_touched() else { return };
        let mut asked = Vec::new();
        let context = self.world.context(now, &[], None);
        self.views.for_each_told(|owner, component| {
            let mut effects = Effects::default();
            component.on_changes(&touched, &context, &mut effects);
            if !effects.is_empty() {
                asked.push((owner, effects));
            }
        });
        for (owner, effects) in asked {
            self.apply(owner, effects, None, now);
        }
        if touched.is_header || touched.is_everything {
            self.chrome.header_changed();
        }
        if touched.is_everything {
            self.views.take_is_behind();
        }
        self.tell_notices(now);
    }

    /// Shows lines for everyone that are new.
    fn tell_notices(&mut self, now: Timestamp) {
        let told = self.world.mirror.fleet().notices.last().cloned();
        let count = self.world.mirror.fleet().notices.len();
        if let Some((_, text)) =
            told.filter(|_| count > self.notices_told || count == crate::model::fleet::NOTICES_KEPT)
            && self.notices.front().is_none_or(|said| said.text != text)
        {
            self.notice(Loudness::Warning, text, now);
        }
        self.notices_told = count;
    }

    /// Puts what is on screen into the outbox, when it is time to.
    pub fn on_time(&mut self, now: Timestamp) {
        if self.focus_due.is_some_and(|due| due <= now) {
            self.focus_due = None;
            let focus = self.views.focus(&self.world.context(now, &[], None));
            // The engine is told only what is new to it.
            if self.focus_told.as_ref() != Some(&focus) {
                self.focus_told = Some(focus.clone());
                self.outbox.push(Outbound::Focus(focus));
            }
        }
        if self.notice_until.is_some_and(|until| until <= now) {
            self.notice_until = None;
        }
    }

    /// When something happens by itself next: a focus is due, a notice goes, an age changes.
    #[must_use]
    pub fn next_time(&self, now: Timestamp) -> Option<Timestamp> {
        let views = self.views.next_change(&self.world.context(now, &[], None));
        [self.focus_due, self.notice_until, self.chrome.next_change(), views].into_iter().flatten().min()
    }
}
