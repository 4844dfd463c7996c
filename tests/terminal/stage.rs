//! A whole console without a terminal: keys in, bytes out, a vt100 that reads them.

use quarterdeck::console::app::App;
use quarterdeck::console::keys::Key;
use quarterdeck::console::screen::Screen;
use quarterdeck::console::{ConsoleSettings, TerminalEnvironment, registry};
use quarterdeck::link::LinkEvent;
use quarterdeck::model::time::Timestamp;

use crate::large_site;

/// A console, its screen and what a terminal shows of it.
pub struct Stage {
    pub app: App,
    pub screen: Screen,
    pub shown: vt100::Parser,
    pub now: Timestamp,
}

impl Stage {
    pub fn new(servers: usize, width: u16, height: u16) -> Self {
        Self::with(servers, width, height, &ConsoleSettings::default())
    }

    pub fn with(servers: usize, width: u16, height: u16, settings: &ConsoleSettings) -> Self {
        let now = large_site::NOW;
        let environment = TerminalEnvironment {
            term: "xterm-256color".to_owned(),
            colour_term: "truecolor".to_owned(),
            locale: "C.UTF-8".to_owned(),
            ..TerminalEnvironment::default()
        };
        let mut app = App::new(settings, &environment, registry(), now);
        app.on_link(LinkEvent::Snapshot, now);
        app.on_link(LinkEvent::Changes { sequence: 1, changes: large_site::changes(servers, now) }, now);
        app.on_link(LinkEvent::SnapshotEnd, now);
        let mut stage = Self { app, screen: Screen::new(width, height), shown: parser(width, height), now };
        stage.frame();
        stage
    }

    /// Draws a frame; returns how many bytes it took.
    pub fn frame(&mut self) -> usize {
        self.app.on_time(self.now);
        let bytes = self.app.frame(&mut self.screen, self.now);
        self.shown.process(bytes);
        bytes.len()
    }

    /// Presses a key and draws; returns how many bytes it took.
    pub fn press(&mut self, key: &str) -> usize {
        self.app.on_key(Key::parse(key).expect("the name of a key"), self.now);
        self.frame()
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.screen.resize(width, height);
        self.shown = parser(width, height);
        self.frame();
    }

    /// What the terminal shows, without trailing blanks.
    pub fn text(&self) -> String {
        let contents = self.shown.screen().contents();
        contents.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

/// How many cases of a costly property are tried: `usual`, or what `PROPTEST_CASES` says.
pub fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

fn parser(width: u16, height: u16) -> vt100::Parser {
    let side = |cells: u16| cells.max(1).try_into().expect("not zero");
    vt100::Parser::new(side(height), side(width), 0)
}
