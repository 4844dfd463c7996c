//! The console as a value: events in, effects and dirty areas out. No terminal, no sockets, no clock of its own.
//!
//! `run` feeds it from the real terminal and the link; tests feed it by hand.

mod acting;
mod effects;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use ratatui::layout::Rect;

use super::component::{Component, Effects, Loudness, Ticket};
use super::context::{ASCII, Glyphs, LinkState, UNICODE, ViewContext};
use super::frame::Chrome;
use super::keymap::Keymap;
use super::keys::Key;
use super::layers::{Owner, Views};
use super::mirror::Mirror;
use super::settings::{ConsoleSettings, Switch, TerminalEnvironment};
use super::theme::{self, ColourDepth, Theme};
use crate::model::request::{Focus, Request};
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
    /// Write a file where it is wanted; tell the app how it went with [`App::saved`].
    SaveFile {
        /// Who asked.
        owner: Owner,
        /// Under which name.
        ticket: Ticket,
        /// Where.
        path: PathBuf,
        /// What goes in.
        contents: Vec<u8>,
        /// Whether a file that is there is replaced.
        is_replacing: bool,
    },
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
    /// One component per tab, in the order of [`TABS`](super::layers::TABS).
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
        // The header counts live matches.
        if touched.is_header || touched.is_everything || !touched.matches.is_empty() {
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
