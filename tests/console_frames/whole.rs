//! The whole console on a stage: header, tabs, view, layers and hint bar, drawn as the terminal would show them.

use quarterdeck::console::app::{App, Outbound};
use quarterdeck::console::component::Ticket;
use quarterdeck::console::keys::Key;
use quarterdeck::console::layers::Owner;
use quarterdeck::console::screen::Screen;
use quarterdeck::console::views::registry;
use quarterdeck::console::{ConsoleSettings, TerminalEnvironment};
use quarterdeck::link::LinkEvent;
use quarterdeck::model::fleet::{Change, Fleet};
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{ConsoleItem, Reply, Request};
use quarterdeck::model::time::Timestamp;

use crate::fixture::{NOW, ago};
use crate::stage::{Stage, text};

/// A console with a screen, and the other end of its link in the test's hands.
pub struct Whole {
    app: App,
    screen: Screen,
    now: Timestamp,
    asked: Vec<(u64, Request)>,
    next_id: u64,
    /// Knows the theme that frames are drawn in.
    roles: Stage,
}

impl Whole {
    /// A console whose engine has said nothing yet.
    pub fn new() -> Self {
        let environment = TerminalEnvironment {
            term: "xterm-256color".to_owned(),
            colour_term: "truecolor".to_owned(),
            locale: "C.UTF-8".to_owned(),
            ..TerminalEnvironment::default()
        };
        let settings = ConsoleSettings { theme: "dark".to_owned(), ..ConsoleSettings::default() };
        let app = App::new(&settings, &environment, registry(), NOW);
        let mut whole = Self {
            app,
            screen: Screen::new(80, 24),
            now: NOW,
            asked: Vec::new(),
            next_id: 1,
            roles: Stage::new(Fleet::default(), NOW),
        };
        whole.settle();
        whole
    }

    /// The engine sends its snapshot.
    pub fn snapshot(&mut self, fleet: &Fleet) {
        self.link(LinkEvent::Snapshot);
        let series = fleet
            .series
            .iter()
            .map(|(series, points)| Change::Samples { series: series.clone(), points: points.clone() });
        let changes = fleet.snapshot().chain(series).collect();
        self.link(LinkEvent::Changes { sequence: 1, changes });
        self.link(LinkEvent::SnapshotEnd);
    }

    /// The engine says that something changed.
    pub fn change(&mut self, change: Change) {
        self.link(LinkEvent::Changes { sequence: 2, changes: vec![change] });
    }

    /// The engine is lost, and was half a minute ago.
    pub fn lose(&mut self) {
        let problem = Problem::not_found("the engine closed the connection");
        self.app.on_link(LinkEvent::Disconnected(problem), ago(30_000));
        self.settle();
    }

    /// Presses keys by their names, one frame after each.
    pub fn press(&mut self, keys: &[&str]) {
        for key in keys {
            self.app.on_key(Key::parse(key).expect("the name of a key"), self.now);
            self.settle();
        }
    }

    /// Types text.
    pub fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            self.app.on_key(Key::char(character), self.now);
        }
        self.settle();
    }

    /// Answers the oldest request that has had no answer and is no stream.
    pub fn reply(&mut self, result: Result<Reply, Problem>) {
        assert!(!self.asked.is_empty(), "nothing was asked");
        let (id, _) = self.asked.remove(0);
        self.link(LinkEvent::Reply { id, result });
    }

    /// Answers everything that was asked and that `answer` knows, until nothing more is asked.
    pub fn answer(&mut self, answer: impl Fn(&Request) -> Option<Reply>) {
        while let Some(at) = self.asked.iter().position(|(_, request)| answer(request).is_some()) {
            let (id, request) = self.asked.remove(at);
            let reply = answer(&request).expect("it knows");
            self.link(LinkEvent::Reply { id, result: Ok(reply) });
        }
    }

    /// Sends lines to the console that was opened.
    pub fn stream(&mut self, items: impl IntoIterator<Item = ConsoleItem>) {
        let is_stream = |(_, request): &&(u64, Request)| matches!(request, Request::ConsoleOpen(_));
        let id = self.asked.iter().find(is_stream).map(|(id, _)| *id).expect("a console was opened");
        for item in items {
            self.link(LinkEvent::Console { id, item });
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, millis: u64) {
        self.now = self.now.plus_millis(millis);
        self.settle();
    }

    fn link(&mut self, event: LinkEvent) {
        self.app.on_link(event, self.now);
        self.settle();
    }

    /// Draws, and takes what was asked for.
    fn settle(&mut self) {
        self.app.on_time(self.now);
        self.app.frame(&mut self.screen, self.now);
        for outbound in self.app.take_outbox() {
            if let Outbound::Send { owner, ticket, request } = outbound {
                self.sent(owner, ticket, request);
            }
        }
    }

    fn sent(&mut self, owner: Owner, ticket: Ticket, request: Request) {
        let is_stream = matches!(request, Request::ConsoleOpen(_));
        self.app.sent(owner, ticket, is_stream, self.next_id);
        self.asked.push((self.next_id, request));
        self.next_id += 1;
    }

    /// What the screen shows at this size.
    pub fn text(&mut self, width: u16, height: u16) -> String {
        self.resize(width, height);
        text(self.screen.shown())
    }

    /// What the screen shows at this size, with its map of styles.
    pub fn frame(&mut self, width: u16, height: u16) -> String {
        let text = self.text(width, height);
        format!("{width}x{height}\n{text}styles\n{}", self.roles.styles(self.screen.shown()))
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.screen.resize(width, height);
        self.settle();
    }
}
