//! A program in a pseudo-terminal: keys go in, bytes and a screen come out.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take: far beyond what it takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// What came out so far.
pub struct Seen {
    /// Every byte.
    pub raw: Vec<u8>,
    /// What a terminal shows of them.
    pub shown: vt100::Parser,
    is_over: bool,
}

impl Seen {
    /// The screen as text.
    pub fn text(&self) -> String {
        self.shown.screen().contents()
    }

    /// Whether these words are on the screen.
    pub fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }
}

/// A program in a pseudo-terminal; killed when a test fails before its end.
pub struct Pty {
    pub child: Box<dyn Child + Send + Sync>,
    pub master: Option<Box<dyn MasterPty + Send>>,
    pub writer: Option<Box<dyn Write + Send>>,
    pub seen: Arc<(Mutex<Seen>, Condvar)>,
}

/// A size in cells as the kernel wants it.
pub fn size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// A count of cells as the made-up terminal wants it.
pub fn cells(count: u16) -> std::num::NonZeroU16 {
    count.try_into().expect("not zero")
}

impl Pty {
    /// Starts `words` in `folder` on a terminal of so many columns and rows, with these variables and no others.
    pub fn start(words: &[&str], folder: &Path, variables: &[(&str, &str)], sides: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size(sides)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.cwd(folder);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(variables) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let shown = vt100::Parser::new(cells(sides.1), cells(sides.0), 0);
        let seen = Arc::new((Mutex::new(Seen { raw: Vec::new(), shown, is_over: false }), Condvar::new()));
        let reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let told = Arc::clone(&seen);
        std::thread::spawn(move || read_on(reader, &told));
        Self { child, master: Some(pair.master), writer: Some(writer), seen }
    }

    /// Presses keys.
    pub fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("the terminal takes keys");
    }

    /// Waits until what came out fulfils a condition, and gives the screen.
    pub fn wait_until(&self, what: &str, is_met: impl Fn(&Seen) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = self.seen.0.lock().expect("no panic elsewhere");
        loop {
            if is_met(&seen) {
                return seen.text();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let raw = String::from_utf8_lossy(&seen.raw[seen.raw.len().saturating_sub(800)..]).into_owned();
            let has_time = !left.is_zero() && !seen.is_over;
            assert!(has_time, "{what} never came:\n{}\nlast bytes {raw:?}", seen.text());
            seen = self.seen.1.wait_timeout(seen, left).expect("no panic elsewhere").0;
        }
    }

    /// Waits for words on the screen.
    pub fn wait_for(&self, words: &str) -> String {
        self.wait_until(words, |seen| seen.shows(words))
    }

    /// Waits until it has ended and everything it wrote was read; gives also every byte it wrote.
    pub fn end(&mut self) -> (ExitStatus, Vec<u8>) {
        self.wait_until("the end", |seen| seen.is_over);
        let raw = self.seen.0.lock().expect("no panic elsewhere").raw.clone();
        (self.child.wait().expect("it ended"), raw)
    }

    /// Asserts that every mode that was switched on was switched off again.
    pub fn assert_given_back(&self) {
        let seen = self.seen.0.lock().expect("no panic elsewhere");
        let screen = seen.shown.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        let raw = String::from_utf8_lossy(&seen.raw);
        let (pushed, popped) = (raw.matches("\u{1b}[>1u").count(), raw.matches("\u{1b}[<u").count());
        assert!(pushed <= popped, "kitty keys are still on");
    }
}

/// Reads until the program's end.
fn read_on(mut reader: Box<dyn Read + Send>, told: &(Mutex<Seen>, Condvar)) {
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
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ended = self.child.kill();
        drop(self.master.take());
    }
}
