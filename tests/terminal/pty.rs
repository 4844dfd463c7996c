//! The program itself in a pseudo-terminal: it starts, follows the size, and gives the terminal back however it ends.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take: far beyond what it takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// What came out so far.
struct Seen {
    raw: Vec<u8>,
    shown: vt100::Parser,
    is_over: bool,
}

/// A program in a pseudo-terminal.
struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    _home: tempfile::TempDir,
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> std::num::NonZeroU16 {
    count.try_into().expect("not zero")
}

impl Pty {
    fn demo(environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let pair = native_pty_system().openpty(size(80, 24)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.arg("demo");
        command.cwd(home.path());
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(environment) {
            command.env(name, value);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"] {
            command.env(name, home.path());
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let shown = vt100::Parser::new(cells(24), cells(80), 0);
        let seen = Arc::new((Mutex::new(Seen { raw: Vec::new(), shown, is_over: false }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let told = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                let mut seen = told.0.lock().expect("no panic elsewhere");
                seen.raw.extend_from_slice(&bytes[..count]);
                seen.shown.process(&bytes[..count]);
                seen.is_over = count == 0;
                told.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { child, master: Some(pair.master), writer: Some(writer), seen, _home: home }
    }

    fn pid(&self) -> Pid {
        let pid = self.child.process_id().expect("it runs");
        Pid::from_raw(i32::try_from(pid).expect("a process id"))
    }

    fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(bytes).and_then(|()| writer.flush()).expect("the terminal takes keys");
    }

    /// Waits until what came out fulfils a condition.
    fn wait_until(&self, what: &str, is_met: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = self.seen.0.lock().expect("no panic elsewhere");
        while !is_met(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            let raw = String::from_utf8_lossy(&seen.raw[seen.raw.len().saturating_sub(800)..]).into_owned();
            assert!(
                !(left.is_zero() || seen.is_over && what != "the end"),
                "{what} never came:\n{}\nlast bytes {raw:?}",
                seen.shown.screen().contents()
            );
            seen = self.seen.1.wait_timeout(seen, left).expect("no panic elsewhere").0;
        }
    }

    fn wait_for(&self, words: &str) {
        self.wait_until(words, |seen| seen.shown.screen().contents().contains(words));
    }

    fn resize(&self, cols: u16, rows: u16) {
        let mut seen = self.seen.0.lock().expect("no panic elsewhere");
        seen.shown.screen_mut().set_size(cells(rows), cells(cols));
        drop(seen);
        self.master.as_ref().expect("the terminal is open").resize(size(cols, rows)).expect("a new size");
    }

    /// Waits until it has ended and everything it wrote was read.
    fn end(&mut self) -> ExitStatus {
        self.wait_until("the end", |seen| seen.is_over);
        self.child.wait().expect("it ended")
    }

    /// Asserts that every mode that was switched on was switched off again.
    fn assert_given_back(&self) {
        let seen = self.seen.0.lock().expect("no panic elsewhere");
        let screen = seen.shown.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        let raw = String::from_utf8_lossy(&seen.raw);
        assert!(
            raw.matches("\u{1b}[>1u").count() <= raw.matches("\u{1b}[<u").count(),
            "kitty keys are still on"
        );
    }

    fn count(seen: &Seen, bytes: &str) -> usize {
        String::from_utf8_lossy(&seen.raw).matches(bytes).count()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ended = self.child.kill();
    }
}

#[test]
fn it_starts_follows_the_size_and_gives_the_terminal_back() {
    let mut pty = Pty::demo(&[]);
    pty.wait_for("SIMULATED");
    pty.resize(120, 40);
    pty.wait_until("the hint bar in the last row of 40", |seen| {
        seen.shown.screen().rows(0, 120).nth(39).is_some_and(|row| row.contains("quit"))
    });
    pty.resize(20, 5);
    pty.wait_for("needs 40x8");
    pty.resize(80, 24);
    pty.wait_for("1 Orders");
    pty.send(b"?");
    pty.wait_for("Keys");
    pty.send(b"\x1b");
    pty.wait_until("help closed", |seen| !seen.shown.screen().contents().contains("Keys"));
    pty.send(b"q");
    assert!(pty.end().success());
    pty.assert_given_back();
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut pty = Pty::demo(&[]);
        pty.wait_for("SIMULATED");
        kill(pty.pid(), signal).expect("a signal");
        pty.end();
        pty.assert_given_back();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let mut pty = Pty::demo(&[("QD_CONSOLE_PANIC", "1")]);
    assert!(!pty.end().success());
    pty.assert_given_back();
    let seen = pty.seen.0.lock().expect("no panic elsewhere");
    let raw = String::from_utf8_lossy(&seen.raw).into_owned();
    let left = raw.find("\u{1b}[?1049l").expect("it left the alternate screen");
    assert!(raw[left..].contains("QD_CONSOLE_PANIC"), "no message after it: {raw:?}");
}

#[test]
fn a_closed_terminal_ends_it() {
    let mut pty = Pty::demo(&[]);
    pty.wait_for("SIMULATED");
    pty.writer = None;
    pty.master = None;
    // The reader thread holds the last descriptor of the master: the hang-up is told by the kernel's own signal.
    kill(pty.pid(), Signal::SIGHUP).expect("a signal");
    pty.end();
}

#[test]
fn it_stops_and_continues() {
    let mut pty = Pty::demo(&[]);
    pty.wait_for("SIMULATED");
    pty.send(b"\x1a");
    pty.wait_until("the shell's screen", |seen| Pty::count(seen, "\u{1b}[?1049l") == 1);
    let stopped = waitpid(pty.pid(), Some(WaitPidFlag::WUNTRACED)).expect("a child of ours");
    assert!(matches!(stopped, WaitStatus::Stopped(..)), "{stopped:?}");
    kill(pty.pid(), Signal::SIGCONT).expect("a signal");
    pty.wait_until("the console's screen", |seen| Pty::count(seen, "\u{1b}[?1049h") == 2);
    pty.wait_for("SIMULATED");
    pty.send(b"q");
    assert!(pty.end().success());
    pty.assert_given_back();
}
