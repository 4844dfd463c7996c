//! The real terminal: switched into our modes and, whatever happens, back again.
//!
//! The guard restores on drop, after a panic and around a stop; a closed terminal is an event, never a panic. Input is
//! read on the console's own thread when the runtime says that there is some: no helper thread, no wake-up without it.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::thread::ThreadId;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal as UnixSignal, kill};
use nix::unistd::Pid;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::app::ExitReason;
use super::component::Mouse;
use super::decode::{Decoded, Decoder};
use super::keys::Key;
use super::settings::TerminalEnvironment;

/// How long an escape may be the beginning of a sequence: longer than the gap between packets of one sequence on a
/// slow line, shorter than anyone notices.
const ESCAPE_WAIT: Duration = Duration::from_millis(25);

/// Bytes read at once: what a terminal's line discipline holds.
const READ_BYTES: usize = 4096;

/// Alternate screen, no cursor, bracketed paste.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";

/// The kitty keyboard protocol, first level: escape and control keys are told apart.
const ENTER_KITTY: &[u8] = b"\x1b[>1u";

/// Everything back. Harmless where a mode was never set.
const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?2026l\x1b[r\x1b[m\x1b[?25h\x1b[?1049l";

const LEAVE_KITTY: &[u8] = b"\x1b[<u";

/// Mouse reports in SGR form.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Asks whether synchronised output is known.
const ASK_SYNCHRONISED: &[u8] = b"\x1b[?2026$p";

/// The thread whose terminal is in our modes, and whether it has the kitty protocol. The panic hook reads it.
static ENTERED: Mutex<Option<(ThreadId, bool)>> = Mutex::new(None);

/// What comes from a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// A mouse event.
    Mouse(Mouse),
    /// Whether synchronised output is known.
    SynchronisedOutput(bool),
    /// The size changed.
    Resized,
    /// Somebody asked us to stop for a while (SIGTSTP).
    StopRequested,
    /// The console must end.
    Ended(ExitReason),
}

impl From<Decoded> for TerminalEvent {
    fn from(decoded: Decoded) -> Self {
        match decoded {
            Decoded::Key(key) => Self::Key(key),
            Decoded::Paste(text) => Self::Paste(text),
            Decoded::Mouse(mouse) => Self::Mouse(mouse),
            Decoded::SynchronisedOutput(is_known) => Self::SynchronisedOutput(is_known),
        }
    }
}

/// A terminal, real or made up.
pub trait TerminalPort {
    /// Columns and rows.
    fn size(&self) -> (u16, u16);
    /// An event that is already here.
    fn try_next(&mut self) -> Option<TerminalEvent>;
    /// The next event; waits until there is one. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = TerminalEvent>;
    /// Writes a frame in one go.
    ///
    /// # Errors
    /// The terminal is gone.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Switches mouse reports.
    ///
    /// # Errors
    /// The terminal is gone.
    fn set_mouse(&mut self, is_on: bool) -> io::Result<()>;
    /// Gives the terminal back, stops the program until it is continued, and takes the terminal again.
    ///
    /// # Errors
    /// The terminal is gone.
    fn suspend(&mut self) -> io::Result<()>;
}

/// The terminal of this process.
pub struct RealTerminal {
    input: AsyncFd<File>,
    output: File,
    decoder: Decoder,
    events: VecDeque<TerminalEvent>,
    signals: Signals,
    is_mouse_on: bool,
    has_kitty: bool,
}

struct Signals {
    resized: Signal,
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    continued: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(UnixSignal::SIGTSTP as i32))?,
            continued: signal(SignalKind::from_raw(UnixSignal::SIGCONT as i32))?,
        })
    }

    /// The next signal as an event. Cancel-safe.
    async fn next(&mut self) -> TerminalEvent {
        tokio::select! {
            _ = self.resized.recv() => TerminalEvent::Resized,
            _ = self.terminate.recv() => TerminalEvent::Ended(ExitReason::Signal),
            _ = self.hang_up.recv() => TerminalEvent::Ended(ExitReason::Signal),
            _ = self.interrupt.recv() => TerminalEvent::Ended(ExitReason::Signal),
            _ = self.stop.recv() => TerminalEvent::StopRequested,
            // Continued after a stop that was not ours (SIGSTOP): the screen may hold anything.
            _ = self.continued.recv() => TerminalEvent::Resized,
        }
    }
}

impl RealTerminal {
    /// Takes the terminal: raw mode, alternate screen. Needs a runtime with IO.
    ///
    /// # Errors
    /// Standard input or output is no terminal, or it is gone.
    pub fn enter(environment: &TerminalEnvironment, asks_synchronised: bool) -> io::Result<Self> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        #[expect(
            deprecated,
            reason = "its replacement is unsafe; the soundness that it asks for is that of `File`"
        )]
        let input = AsyncFd::with_interest(input, Interest::READABLE)?;
        let signals = Signals::new()?;
        // The text consoles of kernels print what they do not know.
        let has_kitty = !matches!(environment.term.as_str(), "linux" | "dumb" | "vt100" | "");
        let mut terminal = Self {
            input,
            output,
            decoder: Decoder::default(),
            events: VecDeque::new(),
            signals,
            is_mouse_on: false,
            has_kitty,
        };
        install_panic_hook();
        terminal.take()?;
        if asks_synchronised {
            terminal.write(ASK_SYNCHRONISED)?;
        }
        Ok(terminal)
    }

    /// Switches into our modes.
    fn take(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        if let Ok(mut entered) = ENTERED.lock() {
            *entered = Some((std::thread::current().id(), self.has_kitty));
        }
        let mut bytes = ENTER.to_vec();
        if self.has_kitty {
            bytes.extend_from_slice(ENTER_KITTY);
        }
        if self.is_mouse_on {
            bytes.extend_from_slice(MOUSE_ON);
        }
        self.write(&bytes)
    }

    /// Reads everything there is. Never blocks: readiness may be old news, so the kernel is asked before each read.
    fn read(&mut self) {
        let mut bytes = [0; READ_BYTES];
        while self.is_readable() {
            let mut decoded = Vec::new();
            let count = match self.input.get_ref().read(&mut bytes) {
                Ok(count) if count > 0 => count,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {
                    return;
                }
                Ok(_) | Err(_) => {
                    self.events.push_back(TerminalEvent::Ended(ExitReason::TerminalGone));
                    return;
                }
            };
            self.decoder.feed(&bytes[..count], &mut decoded);
            self.events.extend(decoded.into_iter().map(TerminalEvent::from));
            if count < READ_BYTES {
                return;
            }
        }
    }

    /// Whether a read would return at once: there is input, or the terminal is gone.
    fn is_readable(&self) -> bool {
        let mut fds = [PollFd::new(self.input.get_ref().as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Nothing followed an escape: it was a key.
    fn flush_escape(&mut self) {
        let mut decoded = Vec::new();
        self.decoder.flush(&mut decoded);
        self.events.extend(decoded.into_iter().map(TerminalEvent::from));
    }
}

impl TerminalPort for RealTerminal {
    fn size(&self) -> (u16, u16) {
        crossterm::terminal::size().unwrap_or((80, 24))
    }

    fn try_next(&mut self) -> Option<TerminalEvent> {
        self.events.pop_front()
    }

    async fn next(&mut self) -> TerminalEvent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let is_waiting = self.decoder.is_waiting();
            tokio::select! {
                biased;
                readable = self.input.readable() => match readable {
                    Ok(mut guard) => {
                        // Cleared before the read: whatever arrives from here on is told again.
                        guard.clear_ready();
                        drop(guard);
                        self.read();
                    }
                    Err(_) => return TerminalEvent::Ended(ExitReason::TerminalGone),
                },
                event = self.signals.next() => return event,
                () = tokio::time::sleep(ESCAPE_WAIT), if is_waiting => self.flush_escape(),
            }
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Somebody made the terminal non-blocking: wait until it takes more.
                    let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLOUT)];
                    poll(&mut fds, PollTimeout::NONE)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn set_mouse(&mut self, is_on: bool) -> io::Result<()> {
        self.is_mouse_on = is_on;
        self.write(if is_on { MOUSE_ON } else { MOUSE_OFF })
    }

    fn suspend(&mut self) -> io::Result<()> {
        restore();
        // The whole group, as the shell's own key would: a program that started us stops, too.
        kill(Pid::from_raw(0), UnixSignal::SIGSTOP)?;
        self.take()
    }
}

impl Drop for RealTerminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, once: modes, screen, cursor. Errors have nobody left to be told to.
fn restore() {
    let Some((_, has_kitty)) = ENTERED.lock().ok().and_then(|mut entered| entered.take()) else { return };
    let mut bytes = Vec::new();
    if has_kitty {
        bytes.extend_from_slice(LEAVE_KITTY);
    }
    bytes.extend_from_slice(LEAVE);
    let mut out = io::stdout().lock();
    let _written = out.write_all(&bytes).and_then(|()| out.flush());
    let _restored = crossterm::terminal::disable_raw_mode();
}

/// A panic of the console's thread first gives the terminal back, so that its message can be read; one of another
/// thread (the demo's engine, caught there) must not write over the screen and goes to the log.
fn install_panic_hook() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let owner = ENTERED.lock().ok().and_then(|entered| *entered).map(|(thread, _)| thread);
            match owner {
                Some(thread) if thread != std::thread::current().id() => {
                    tracing::error!("panic behind the console: {info}");
                }
                _ => {
                    restore();
                    previous(info);
                }
            }
        }));
    });
}
