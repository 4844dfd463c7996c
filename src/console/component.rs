//! The small trait that every view and dialog has, and what it may answer with.
//!
//! A component never acts by itself: handlers return [`Effects`] as data and the app carries them out. Drawing is a
//! pure function of the component and the [`ViewContext`]. What must be drawn again is asked for with
//! [`Component::take_dirty`], so that a key press costs what it changes and not what the screen holds.

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::actions::{Action, Scope};
use super::context::ViewContext;
use super::keys::Key;
use crate::model::fleet::Change;
use crate::model::ids::{MatchId, NodeKey, OrderKey, RunId, ServerKey};
use crate::model::problem::Problem;
use crate::model::request::{ConsoleItem, Focus, Reply, Request, Tab};
use crate::model::time::Timestamp;

/// Whether a component took what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It did; nobody else hears of it.
    Consumed,
    /// It did not; the app may use it.
    Ignored,
}

/// A view or a dialog.
pub trait Component {
    /// Where its keys are looked up; may change with its state (a filter being typed is `Scope::Text`).
    fn scope(&self) -> Scope;

    /// Draws at least everything inside `context.clip`; what it draws outside is thrown away.
    ///
    /// Pure: the same state and context give the same cells. Must cope with any area, empty ones included.
    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>);

    /// What must be drawn again since it was last asked, when drawn at `area`; asking makes it clean.
    ///
    /// Layout that depends on the area (scroll offsets) is settled here, just before drawing. The app itself
    /// redraws everything on resize, theme switch and when layers open or close.
    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty;

    /// Hears once that it was put on screen: the moment to ask the engine for what it shows.
    fn on_open(&mut self, _context: &ViewContext<'_>, _effects: &mut Effects) {}

    /// Does an action. Handlers that changed nothing visible cost nothing.
    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled;

    /// Takes a key that is no action here; only for text fields (`scope()` is `Scope::Text`).
    fn on_text_key(&mut self, _key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        Handled::Ignored
    }

    /// Takes pasted text, already sanitised and on one line.
    fn on_paste(&mut self, _text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        Handled::Ignored
    }

    /// Takes a click or a turn of the wheel inside `area`.
    fn on_mouse(
        &mut self,
        _mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) -> Handled {
        Handled::Ignored
    }

    /// Hears what changed in the fleet; `context.fleet` already holds it.
    fn on_changes(&mut self, _touched: &Touched, _context: &ViewContext<'_>, _effects: &mut Effects) {}

    /// Gets the answer to a request that it sent with this ticket.
    fn on_reply(
        &mut self,
        _ticket: Ticket,
        _result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) {
    }

    /// Gets an item of a console stream that it opened with this ticket.
    fn on_stream(
        &mut self,
        _ticket: Ticket,
        _item: &ConsoleItem,
        _context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) {
    }

    /// Whether the action would do something now: greys hints, help and palette out. Cheap.
    fn is_enabled(&self, _action: Action, _context: &ViewContext<'_>) -> bool {
        true
    }

    /// When something on screen changes by itself (ages, elapsed times) next; nothing means never.
    ///
    /// The app wakes up exactly then and asks [`Component::take_dirty`] again.
    fn next_change(&self, _context: &ViewContext<'_>) -> Option<Timestamp> {
        None
    }

    /// Where the text cursor stands when drawn at `area`, while text is being typed.
    fn cursor(&self, _area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        None
    }

    /// What it shows of the site, for the engine's polling; asked of the tab in front and of the layers above it.
    fn focus(&self, _context: &ViewContext<'_>) -> Focus {
        Focus::default()
    }

    /// The size a dialog wants, width and height; the app clamps it to the screen and centres it.
    /// Nothing means the whole area below the tab bar.
    fn wanted_size(&self, _screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        None
    }

    /// Shows one thing; asked of the tab (or the runs view) that lists things of its kind.
    fn on_reveal(&mut self, _reveal: &Reveal, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        Handled::Ignored
    }

    /// Tells a tab whether its order must stand still because a dialog is open above it.
    fn set_frozen(&mut self, _is_frozen: bool, _context: &ViewContext<'_>) {}

    /// Tells a dialog which key opened it; the app also refuses that key as `Action::Confirm`.
    fn set_opening_key(&mut self, _key: Key) {}
}

/// A request's name of the component's own choosing; replies come back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket(pub u64);

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// Something worked.
    Good,
    /// Worth knowing.
    Info,
    /// Did not work, or might not.
    Warning,
    /// Failed.
    Bad,
}

/// Something the app shall do for a component.
pub enum Effect {
    /// Ask the engine; the reply comes to `on_reply` (streams to `on_stream`) of the same component.
    Send {
        /// What.
        request: Request,
        /// The component's name for it.
        ticket: Ticket,
    },
    /// Detach the console stream that this component opened with this ticket.
    CloseStream(Ticket),
    /// Put a dialog or view above everything.
    Open(Box<dyn Component>),
    /// Take the component that says so off the layers.
    Close,
    /// Do an action as if its key had been pressed; a dialog that wants it done below itself closes first.
    Perform(Action),
    /// Go to a tab.
    GoTo(Tab),
    /// Go to a tab and show one thing there.
    Reveal(Reveal),
    /// Put text into the operator's clipboard; the label says what it is, in the notice.
    Copy {
        /// The text.
        text: String,
        /// What it is: `address`.
        label: String,
    },
    /// Write a file on the console's machine, beside its place and then there; the answer comes under the ticket as one of
    /// the engine's would: `Done`, or why not (`Conflict`: it exists and shall not be replaced).
    SaveFile {
        /// Where.
        path: PathBuf,
        /// What goes in.
        contents: Vec<u8>,
        /// Whether a file that is there is replaced.
        is_replacing: bool,
        /// Comes back with the answer.
        ticket: Ticket,
    },
    /// Write a file into the working folder.
    WriteFile {
        /// Its name, without folders.
        name: String,
        /// What goes in.
        contents: String,
    },
    /// Say something on the notice line.
    Notice(Loudness, String),
    /// What the tab shows of the site changed.
    FocusChanged,
    /// Switch to the next theme.
    NextTheme,
    /// Leave the console.
    Quit,
}

/// A thing that one component asks another to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reveal {
    /// An order.
    Order(OrderKey),
    /// A server, on its node.
    Server(ServerKey),
    /// A node.
    Node(NodeKey),
    /// A run, in the runs view.
    Run(RunId),
}

/// The collector of a handler's effects.
#[derive(Default)]
pub struct Effects {
    list: Vec<Effect>,
}

impl Effects {
    /// Adds one.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Asks the engine.
    pub fn send(&mut self, request: Request, ticket: Ticket) {
        self.push(Effect::Send { request, ticket });
    }

    /// Opens a dialog.
    pub fn open(&mut self, component: impl Component + 'static) {
        self.push(Effect::Open(Box::new(component)));
    }

    /// Closes the component itself.
    pub fn close(&mut self) {
        self.push(Effect::Close);
    }

    /// Says something on the notice line.
    pub fn notice(&mut self, loudness: Loudness, text: impl Into<String>) {
        self.push(Effect::Notice(loudness, text.into()));
    }

    /// Takes what was collected, in order.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.list)
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// A click or a turn of the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What was done.
    pub kind: MouseKind,
    /// Where.
    pub at: Position,
}

/// What was done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The main button went down.
    Press,
    /// The wheel turned up.
    WheelUp,
    /// The wheel turned down.
    WheelDown,
}

/// Rows of the screen that moved as they are; cheaper for the terminal than painting them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrolled {
    /// The area whose rows moved.
    pub area: Rect,
    /// By how many rows: positive moves the text up.
    pub rows: i16,
}

/// What must be drawn again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dirty {
    /// Rows that moved; applied before the areas are drawn.
    pub scrolled: Option<Scrolled>,
    /// Areas to draw again.
    pub areas: Vec<Rect>,
}

impl Dirty {
    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// One area.
    #[must_use]
    pub fn area(area: Rect) -> Self {
        Self { scrolled: None, areas: vec![area] }
    }

    /// The area if the condition holds, else nothing.
    #[must_use]
    pub fn area_if(condition: bool, area: Rect) -> Self {
        if condition { Self::area(area) } else { Self::nothing() }
    }

    /// Adds an area; empty ones are left out.
    pub fn add(&mut self, area: Rect) {
        if !area.is_empty() {
            self.areas.push(area);
        }
    }

    /// Adds what another part of the same component says; two scrolls become areas.
    pub fn merge(&mut self, other: Self) {
        match (self.scrolled, other.scrolled) {
            (None, Some(scrolled)) => self.scrolled = Some(scrolled),
            (Some(_), Some(scrolled)) => self.add(scrolled.area),
            (_, None) => {}
        }
        self.areas.extend(other.areas);
    }

    /// Whether nothing must be drawn.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.areas.is_empty() && self.scrolled.is_none()
    }
}

/// What a batch of changes touched.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each names a part of the fleet that was touched or not")]
pub struct Touched {
    /// Everything: a snapshot was taken in.
    pub is_everything: bool,
    /// Orders, new, changed or gone.
    pub orders: Vec<OrderKey>,
    /// Servers, those that burn credits too, new, changed or gone; also when only their use changed.
    pub servers: Vec<ServerKey>,
    /// Nodes, new, changed or gone.
    pub nodes: Vec<NodeKey>,
    /// Runs, new, changed or gone.
    pub runs: Vec<RunId>,
    /// Matches, new, changed or gone.
    pub matches: Vec<MatchId>,
    /// The site's description, its totals or a feed: what the header shows.
    pub is_header: bool,
    /// Shop plans or the map of regions.
    pub is_shop: bool,
    /// The reconciler's findings.
    pub is_findings: bool,
    /// Balances and what burns them.
    pub is_money: bool,
    /// Series of samples.
    pub is_series: bool,
    /// Lines for everyone.
    pub is_notices: bool,
}

impl Touched {
    /// Notes one change, before it is applied.
    pub fn note(&mut self, change: &Change) {
        match change {
            Change::Site(_)
            | Change::Summary(_)
            | Change::Feed(_)
            | Change::Alerts(_)
            | Change::Engine(_) => self.is_header = true,
            Change::Order(entry) => self.orders.push(entry.order.key()),
            Change::OrderRemoved(id) => self.orders.push(id.clone()),
            Change::ShopPlan(_) | Change::ShopPlanRemoved(_) | Change::RegionNodes(_) => self.is_shop = true,
            Change::Node(node) => self.nodes.push(node.key.clone()),
            Change::NodeRemoved(key) => self.nodes.push(key.clone()),
            Change::Server(server) => self.servers.push(server.key.clone()),
            Change::ServerUsage { key, .. } | Change::ServerRemoved(key) => self.servers.push(key.clone()),
            Change::Run(run) => self.runs.push(run.id.clone()),
            Change::RunRemoved(id) => self.runs.push(id.clone()),
            Change::Match(one) => self.matches.push(one.id.clone()),
            Change::MatchRemoved(id) => self.matches.push(id.clone()),
            Change::Findings(_) => self.is_findings = true,
            Change::CreditServer(server) => self.credit_server(&server.key),
            Change::CreditServerRemoved(key) => self.credit_server(key),
            Change::GameServer(_)
            | Change::GameServerRemoved(_)
            | Change::Rented(_)
            | Change::Balance(_)
            | Change::BalanceRemoved(_)
            | Change::Burners { .. }
            | Change::BilledLater(_) => self.is_money = true,
            Change::Samples { .. } => self.is_series = true,
            Change::Notice { .. } => self.is_notices = true,
        }
    }

    /// A server that burns credits is a server, and money.
    fn credit_server(&mut self, key: &ServerKey) {
        self.servers.push(key.clone());
        self.is_money = true;
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { is_everything: true, ..Self::default() }
    }
}
