//! The loop: what came in is handled, then one frame is drawn, then it waits. Nothing happens while nothing happens.
//!
//! Order matters: keys before data, everything that is already here before a frame, at most a quantum of data between
//! two looks at the keyboard. The terminal and the link are parameters, so tests run this very loop.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use super::app::{App, ExitReason, Outbound, Registry};
use super::clipboard;
use super::component::Loudness;
use super::files;
use super::pacer::{Cause, Pacer};
use super::screen::Screen;
use super::settings::{ConsoleSettings, Switch, TerminalEnvironment};
use super::terminal::{RealTerminal, TerminalEvent, TerminalPort};
use crate::link::{LinkClient, LinkEvent};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::Request;
use crate::model::time::{Clock, Timestamp};

/// Link events that are handled before the keyboard is looked at again.
const LINK_QUANTUM: usize = 32;

/// Opens the console on this process's terminal and stays until it ends. Needs a runtime with IO and time; one thread
/// is enough.
///
/// # Errors
/// Standard input or output is no terminal.
///
/// # Panics
/// Only when the environment asks for it: a test checks that the terminal is given back.
pub async fn run(
    mut link: LinkClient,
    settings: ConsoleSettings,
    environment: TerminalEnvironment,
    registry: Registry,
    clock: Arc<dyn Clock>,
) -> Result<ExitReason, Problem> {
    let can_ask = settings.synchronised_output == Switch::Auto && environment.may_synchronise();
    let mut app = App::new(&settings, &environment, registry, clock.now());
    let mut terminal = RealTerminal::enter(&environment, can_ask).map_err(|error| no_terminal(&error))?;
    assert!(!environment.is_panic_wanted, "QD_CONSOLE_PANIC is set");
    let is_synchronised = settings.synchronised_output == Switch::On;
    let mut console = Console::new(&mut app, &mut terminal, clock.as_ref());
    console.screen.set_synchronised(is_synchronised);
    Ok(console.run(&mut link).await)
}

fn no_terminal(error: &std::io::Error) -> Problem {
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Request,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("the console needs a terminal: {error}"),
        advice: "run it in a terminal, or use `quarterdeck get` and the other commands".to_owned(),
    }
}

/// The loop's state.
pub struct Console<'a, T> {
    app: &'a mut App,
    terminal: &'a mut T,
    clock: &'a dyn Clock,
    /// What the terminal shows.
    pub screen: Screen,
    pacer: Pacer,
    started: Instant,
    wanted: Option<Cause>,
    is_terminal_gone: bool,
}

impl<'a, T: TerminalPort> Console<'a, T> {
    /// A console on this terminal; nothing is drawn yet.
    pub fn new(app: &'a mut App, terminal: &'a mut T, clock: &'a dyn Clock) -> Self {
        let (width, height) = terminal.size();
        Self {
            app,
            terminal,
            clock,
            screen: Screen::new(width, height),
            pacer: Pacer::default(),
            started: Instant::now(),
            wanted: Some(Cause::Key),
            is_terminal_gone: false,
        }
    }

    /// Runs until the operator, a signal or the terminal ends it.
    pub async fn run(&mut self, link: &mut LinkClient) -> ExitReason {
        if self.app.is_mouse_on() {
            let switched = self.terminal.set_mouse(true);
            self.note_write(&switched);
        }
        loop {
            while let Some(event) = self.terminal.try_next() {
                self.on_terminal(event);
            }
            let is_busy = self.drain_link(link);
            self.app.on_time(self.clock.now());
            self.carry_out(link);
            if self.is_terminal_gone {
                return ExitReason::TerminalGone;
            }
            if let Some(reason) = self.app.exit() {
                return reason;
            }
            let frame_wait = self.draw_if_due();
            if is_busy {
                // More is waiting: look at the keyboard (the runtime's IO) before going on.
                tokio::task::yield_now().await;
                while let Some(event) = self.terminal.next().now_or_never() {
                    self.on_terminal(event);
                }
            } else {
                self.wait(link, frame_wait).await;
            }
        }
    }

    /// Takes in what the link has ready, up to a quantum; says whether there may be more.
    fn drain_link(&mut self, link: &mut LinkClient) -> bool {
        for _ in 0..LINK_QUANTUM {
            let Some(event) = link.next_event().now_or_never() else { return false };
            self.on_link(event);
            if self.app.has_first_rows() {
                return true; // the rest of the snapshot can wait for this frame
            }
        }
        true
    }

    /// Waits for whatever comes first: a key, data, the time for a frame, a moment that something changes by itself.
    async fn wait(&mut self, link: &mut LinkClient, frame_wait: Option<Duration>) {
        let now = self.clock.now();
        let change_wait = self.app.next_time(now).map(|at| Duration::from_millis(at.millis_since(now)));
        let wait = [frame_wait, change_wait].into_iter().flatten().min();
        tokio::select! {
            biased;
            event = self.terminal.next() => self.on_terminal(event),
            event = link.next_event() => self.on_link(event),
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {
                self.want(Cause::Data);
            }
        }
    }

    fn want(&mut self, cause: Cause) {
        self.wanted = self.wanted.max(Some(cause));
    }

    fn on_link(&mut self, event: LinkEvent) {
        self.app.on_link(event, self.clock.now());
        // Whoever opened the console waits for its first rows as for a key.
        self.want(if self.app.has_first_rows() { Cause::Key } else { Cause::Data });
    }

    fn on_terminal(&mut self, event: TerminalEvent) {
        let now = self.clock.now();
        self.want(Cause::Key);
        match event {
            TerminalEvent::Key(key) => self.app.on_key(key, now),
            TerminalEvent::Paste(text) => self.app.on_paste(&text, now),
            TerminalEvent::Mouse(mouse) => {
                let area = self.screen.area();
                self.app.on_mouse(mouse, area, now);
            }
            TerminalEvent::SynchronisedOutput(is_known) => self.screen.set_synchronised(is_known),
            TerminalEvent::Resized => {
                let (width, height) = self.terminal.size();
                self.screen.resize(width, height);
            }
            TerminalEvent::StopRequested => self.suspend(),
            TerminalEvent::Ended(reason) => self.app.end(reason),
        }
    }

    fn suspend(&mut self) {
        let resumed = self.terminal.suspend();
        self.note_write(&resumed);
        let (width, height) = self.terminal.size();
        self.screen.resize(width, height);
        self.want(Cause::Key);
    }

    /// Draws the frame that is wanted if it may be drawn now; otherwise says how long to wait.
    fn draw_if_due(&mut self) -> Option<Duration> {
        let cause = self.wanted?;
        let wait = self.pacer.wait(self.started.elapsed(), cause);
        if !wait.is_zero() {
            return Some(wait);
        }
        self.wanted = None;
        self.pacer.drawn();
        let bytes = self.app.frame(&mut self.screen, self.clock.now());
        if !bytes.is_empty() {
            let written = self.terminal.write(bytes);
            self.note_write(&written);
            self.screen.shrink();
        }
        None
    }

    fn note_write(&mut self, written: &std::io::Result<()>) {
        self.is_terminal_gone |= written.is_err();
    }

    /// Does what the app asked for.
    fn carry_out(&mut self, link: &LinkClient) {
        for outbound in self.app.take_outbox() {
            let now = self.clock.now();
            match outbound {
                Outbound::Send { owner, ticket, request } => {
                    let is_stream = matches!(request, Request::ConsoleOpen(_));
                    // Never waits: a link whose queue is full does not hold the keyboard up.
                    match tokio::task::unconstrained(link.send(request)).now_or_never() {
                        Some(id) => self.app.sent(owner, ticket, is_stream, id),
                        None => self.app.refused(owner, ticket, now),
                    }
                }
                Outbound::Focus(focus) => link.set_focus(focus),
                Outbound::Copy(text) => {
                    if let Some(bytes) = clipboard::sequence(&text) {
                        let written = self.terminal.write(bytes.as_bytes());
                        self.note_write(&written);
                    }
                }
                Outbound::WriteFile { name, contents } => self.write_file(&name, &contents, now),
                Outbound::SaveFile { owner, ticket, path, contents, is_replacing } => {
                    let saved = files::write_beside(&path, &contents, is_replacing);
                    self.app.saved(owner, ticket, saved, now);
                }
                Outbound::Mouse(is_on) => {
                    let switched = self.terminal.set_mouse(is_on);
                    self.note_write(&switched);
                }
                Outbound::Suspend => self.suspend(),
            }
            self.want(Cause::Key);
        }
    }

    /// Writes an export into the working folder; never over a file that is there.
    fn write_file(&mut self, name: &str, contents: &str, now: Timestamp) {
        let is_plain = !name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.');
        let written = if is_plain {
            files::write_beside(Path::new(name), contents.as_bytes(), false)
        } else {
            Err(Problem::refused(format!("{name:?} is no name of a file"), ""))
        };
        // Whoever asked has said what is written where; only a failure is news.
        if let Err(problem) = written {
            self.app.notice(Loudness::Bad, problem.to_string(), now);
        }
    }
}
