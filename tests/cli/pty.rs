//! The program in a pseudo-terminal: keys go in, a screen comes out.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::site::DEADLINE;

/// The size of every terminal here.
const ROWS: u16 = 40;
const COLUMNS: u16 = 140;

/// What came out so far.
struct Seen {
    raw: Vec<u8>,
    shown: vt100::Parser,
    is_over: bool,
}

/// A program in a pseudo-terminal; killed when a test fails before its end.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    _master: Box<dyn MasterPty + Send>,
}

impl Pty {
    /// Starts `words` in `folder` with these variables and no others.
    pub fn start(words: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.cwd(folder);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(variables) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let cells = |count: u16| count.try_into().expect("not zero");
        let shown = vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0);
        let seen = Arc::new((Mutex::new(Seen { raw: Vec::new(), shown, is_over: false }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let told = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                // A test that failed while it held the screen needs no more of it.
                let Ok(mut seen) = told.0.lock() else { return };
                seen.raw.extend_from_slice(&bytes[..count]);
                seen.shown.process(&bytes[..count]);
                seen.is_over = count == 0;
                told.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { child, writer, seen, _master: pair.master }
    }

    /// Presses keys.
    pub fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("keys go in");
    }

    /// Waits until the screen fulfils a condition, and gives the screen.
    pub fn wait_until(&self, what: &str, is_met: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = self.seen.0.lock().expect("no panic elsewhere");
        loop {
            let screen = seen.shown.screen().contents();
            if is_met(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !seen.is_over, "{what} never came:\n{screen}");
            seen = self.seen.1.wait_timeout(seen, left).expect("no panic elsewhere").0;
        }
    }

    /// Waits for words on the screen.
    pub fn wait_for(&self, words: &str) -> String {
        self.wait_until(words, |screen| screen.contains(words))
    }

    /// Waits until it has ended and everything it wrote was read; gives also every byte it wrote.
    pub fn end(mut self) -> (ExitStatus, Vec<u8>) {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = self.seen.0.lock().expect("no panic elsewhere");
        while !seen.is_over {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it never ended:\n{}", seen.shown.screen().contents());
            seen = self.seen.1.wait_timeout(seen, left).expect("no panic elsewhere").0;
        }
        let screen = seen.shown.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        let raw = std::mem::take(&mut seen.raw);
        drop(seen);
        (self.child.wait().expect("it ended"), raw)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ended = self.child.kill();
    }
}
