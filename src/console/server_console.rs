//! A server's live console: scrollback, follow or hold, search, command line with history, power actions; and always
//! how the connection is and what was lost.

mod credit_server;
mod painted;
mod view;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::actions::{Action, Scope};
use super::component::{
    Component, Dirty, Effect, Effects, Handled, Loudness, Mouse, MouseKind, Ticket, Touched,
};
use super::context::ViewContext;
use super::details;
use super::dialogs::server_actions;
use super::format;
use super::keys::Key;
use super::widgets::form::{History, TextField};
use super::widgets::log_view::{Emphasis, LogView};
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;
use crate::model::request::{ConsoleItem, Focus, Reply, Request, Tab};
use crate::model::server::{PowerState, Usage};
use crate::model::time::Timestamp;
use painted::Painted;

/// Lines kept for scrolling back; the oldest is dropped for a new one.
const SCROLLBACK_LINES: usize = 5_000;
/// Commands remembered for the up key; the oldest is dropped.
const HISTORY_KEPT: usize = 100;
/// The name of the stream's request.
const STREAM: Ticket = Ticket(0);
/// The name of requests that carry commands.
const COMMAND: Ticket = Ticket(1);

/// How the stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Connection {
    /// Asked for, nothing arrived yet.
    Connecting,
    /// Lines arrive.
    Live,
    /// It broke and is being made again.
    Reconnecting(String),
    /// It is over.
    Closed(String),
}

/// What is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typing {
    Nothing,
    Command,
    Search,
}

/// The view.
pub struct ServerConsole {
    server: ServerKey,
    log: LogView,
    connection: Connection,
    power: Option<PowerState>,
    usage: Option<Usage>,
    /// How long a tick of the game takes on average, milliseconds.
    tick_ms: Option<f32>,
    /// Bytes that the game itself uses.
    heap_bytes: Option<u64>,
    lost_lines: u64,
    typing: Typing,
    command: TextField,
    query: TextField,
    history: History,
    /// Cells and rows of the log as last laid out, for scrolling.
    page: (usize, usize),
    painted: Option<Painted>,
    is_dirty: bool,
}

impl ServerConsole {
    /// The console of a server; it attaches when it is opened.
    #[must_use]
    pub fn new(server: ServerKey) -> Self {
        Self {
            server,
            log: LogView::new(SCROLLBACK_LINES),
            connection: Connection::Connecting,
            power: None,
            usage: None,
            tick_ms: None,
            heap_bytes: None,
            lost_lines: 0,
            typing: Typing::Nothing,
            command: TextField::default(),
            query: TextField::default(),
            history: History::new(HISTORY_KEPT),
            page: (80, 20),
            painted: None,
            is_dirty: true,
        }
    }

    fn attach(&mut self, effects: &mut Effects) {
        self.connection = Connection::Connecting;
        effects.send(Request::ConsoleOpen(self.server.clone()), STREAM);
    }

    fn note(&mut self, words: &str) {
        self.log.push(words.to_owned(), Emphasis::Notice);
    }

    fn submit(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        match self.typing {
            Typing::Nothing => {}
            Typing::Search => {
                self.typing = Typing::Nothing;
                let query = self.query.text().to_owned();
                if !self.log.search(&query) && !query.is_empty() {
                    effects.notice(Loudness::Info, format!("`{query}` is not in the lines kept"));
                }
            }
            Typing::Command => self.send_command(context, effects),
        }
    }

    fn send_command(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        let line = self.command.text().trim().to_owned();
        if line.is_empty() {
            return;
        }
        if context.is_read_only {
            effects.notice(Loudness::Warning, "read-only: nothing can be typed into a server");
            return;
        }
        if self.connection != Connection::Live {
            effects.notice(Loudness::Warning, "not connected: the command was not sent");
            return;
        }
        self.history.push(&line);
        self.command.set("");
        self.log.push(format!("> {line}"), Emphasis::Dim);
        self.log.follow();
        effects.send(Request::ConsoleCommand { server: self.server.clone(), line }, COMMAND);
    }

    fn recall(&mut self, is_older: bool) {
        if self.typing != Typing::Command {
            return;
        }
        let present = self.command.text().to_owned();
        let entry = if is_older { self.history.older(&present) } else { self.history.newer() };
        if let Some(entry) = entry.map(str::to_owned) {
            self.command.set(&entry);
        }
    }

    fn back(&mut self, effects: &mut Effects) {
        if self.log.query().is_some() {
            self.log.search("");
            self.query.set("");
        } else {
            effects.push(Effect::CloseStream(STREAM));
            effects.close();
        }
    }

    fn scroll(&mut self, action: Action) -> bool {
        let (cells, rows) = self.page;
        let page = i64::try_from(rows).unwrap_or(1).max(1);
        let lines = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::HalfPageUp => -(page / 2).max(1),
            Action::HalfPageDown => (page / 2).max(1),
            Action::Home => {
                self.log.scroll_to_start(cells, rows);
                return true;
            }
            Action::End => {
                self.log.follow();
                return true;
            }
            _ => return false,
        };
        self.log.scroll(lines, cells, rows);
        true
    }

    fn field(&mut self) -> Option<&mut TextField> {
        match self.typing {
            Typing::Nothing => None,
            Typing::Command => Some(&mut self.command),
            Typing::Search => Some(&mut self.query),
        }
    }

    fn copy(&self, context: &ViewContext<'_>, effects: &mut Effects) {
        let burning = context.fleet.credit_servers.get(&self.server).map(|server| server.address.clone());
        let address = context.fleet.servers.get(&self.server).and_then(|server| server.address.clone());
        let address = address.or(burning).filter(|address| !address.is_empty());
        match address {
            Some(text) => effects.push(Effect::Copy { text, label: "address".to_owned() }),
            None => effects.notice(Loudness::Info, "the address is not known"),
        }
    }

    fn take(&mut self, item: &ConsoleItem) {
        match item {
            ConsoleItem::Connected => {
                if matches!(self.connection, Connection::Reconnecting(_)) {
                    self.note("connected again");
                }
                self.connection = Connection::Live;
            }
            ConsoleItem::Line(line) => self.log.push(details::clean(line), Emphasis::Plain),
            ConsoleItem::Daemon(line) => {
                self.log.push(format!("[daemon] {}", details::clean(line)), Emphasis::Notice);
            }
            ConsoleItem::Power(power) => {
                if self.power.replace(*power) != Some(*power) {
                    self.note(&format!("the server is {}", power.word()));
                }
            }
            ConsoleItem::Usage(usage) => self.usage = Some(*usage),
            ConsoleItem::Tick(average_ms) => self.tick_ms = Some(*average_ms),
            ConsoleItem::Heap(bytes) => self.heap_bytes = Some(*bytes),
            ConsoleItem::Signal(signal) => self.note(&format!("{signal} was sent from here")),
            ConsoleItem::Lost(count) => {
                self.lost_lines = self.lost_lines.saturating_add(*count);
                let lines = format::count(usize::try_from(*count).unwrap_or(usize::MAX), "line");
                self.log.push(format!("{lines} lost here: more came than could be carried"), Emphasis::Bad);
            }
            ConsoleItem::Reconnecting(why) => {
                let why = details::clean(why);
                if !matches!(self.connection, Connection::Reconnecting(_)) {
                    self.log.push(format!("connection lost: {why}"), Emphasis::Bad);
                }
                self.connection = Connection::Reconnecting(why);
            }
            ConsoleItem::Closed(why) => {
                let why = details::clean(why);
                self.log.push(format!("console closed: {why}"), Emphasis::Bad);
                self.connection = Connection::Closed(why);
            }
        }
    }
}

impl Component for ServerConsole {
    fn scope(&self) -> Scope {
        if self.typing == Typing::Nothing { Scope::Console } else { Scope::Text }
    }

    fn on_open(&mut self, _context: &ViewContext<'_>, effects: &mut Effects) {
        self.attach(effects);
        effects.push(Effect::FocusChanged);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        view::draw(self, area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let areas = view::areas(area);
        self.page = (usize::from(areas.log.width), usize::from(areas.log.height));
        let is_same_area = self.painted.as_ref().is_some_and(|painted| painted.area == area);
        if !std::mem::take(&mut self.is_dirty) && is_same_area {
            return Dirty::nothing();
        }
        let painted = view::painted(self, area, context);
        let dirty = painted.difference(self.painted.as_ref(), &areas);
        self.painted = Some(painted);
        dirty
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::ConsoleType => {
                if matches!(self.connection, Connection::Closed(_)) {
                    self.attach(effects);
                } else {
                    self.typing = Typing::Command;
                }
            }
            Action::ConsoleSearch => self.typing = Typing::Search,
            Action::ConsoleFollow if self.log.is_following() => self.log.hold(),
            Action::ConsoleFollow => self.log.follow(),
            Action::SearchNext => {
                self.log.search_next();
            }
            Action::SearchPrevious => {
                self.log.search_previous();
            }
            Action::Submit => self.submit(context, effects),
            Action::LeaveText => self.typing = Typing::Nothing,
            Action::TextUp => self.recall(true),
            Action::TextDown => self.recall(false),
            Action::Back => self.back(effects),
            Action::Copy => self.copy(context, effects),
            action if server_actions::is_one(action) => {
                server_actions::perform(action, std::slice::from_ref(&self.server), context, effects);
            }
            action if self.scroll(action) => {}
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        if let Some(field) = self.field() {
            field.key(key);
        }
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match self.field() {
            Some(field) => {
                field.paste(text);
                Handled::Consumed
            }
            None => Handled::Ignored,
        }
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) -> Handled {
        self.is_dirty = true;
        let (cells, rows) = self.page;
        match mouse.kind {
            MouseKind::WheelUp => self.log.scroll(-3, cells, rows),
            MouseKind::WheelDown => self.log.scroll(3, cells, rows),
            MouseKind::Press => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_changes(&mut self, touched: &Touched, _context: &ViewContext<'_>, _effects: &mut Effects) {
        self.is_dirty |= touched.is_everything || touched.is_series || touched.servers.contains(&self.server);
    }

    fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        self.is_dirty = true;
        let Err(problem) = result else { return };
        if ticket == COMMAND {
            self.log.push(format!("not sent: {}", details::clean(&problem.to_string())), Emphasis::Bad);
            effects.notice(Loudness::Bad, problem.message.clone());
        } else {
            self.take(&ConsoleItem::Closed(problem.to_string()));
        }
    }

    fn on_stream(
        &mut self,
        _ticket: Ticket,
        item: &ConsoleItem,
        _context: &ViewContext<'_>,
        _effects: &mut Effects,
    ) {
        self.is_dirty = true;
        self.take(item);
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        match action {
            Action::SearchNext | Action::SearchPrevious => self.log.query().is_some(),
            action if server_actions::is_one(action) => {
                server_actions::is_enabled(action, std::slice::from_ref(&self.server), context)
            }
            _ => true,
        }
    }

    fn next_change(&self, _context: &ViewContext<'_>) -> Option<Timestamp> {
        None
    }

    fn cursor(&self, area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        view::cursor(self, area)
    }

    fn focus(&self, _context: &ViewContext<'_>) -> Focus {
        Focus { tab: Tab::Nodes, servers: vec![self.server.clone()], ..Focus::default() }
    }
}
