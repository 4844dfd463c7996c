//! The program itself in a pseudo-terminal: it starts, follows the size, and gives the terminal back however it ends.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::pty::{Pty, Seen, cells, size};

/// The demo, and the folder that is its home.
struct Demo {
    pty: Pty,
    _home: tempfile::TempDir,
}

impl std::ops::Deref for Demo {
    type Target = Pty;

    fn deref(&self) -> &Pty {
        &self.pty
    }
}

impl std::ops::DerefMut for Demo {
    fn deref_mut(&mut self) -> &mut Pty {
        &mut self.pty
    }
}

fn demo(environment: &[(&str, &str)]) -> Demo {
    let home = tempfile::tempdir().expect("a folder");
    let place = home.path().to_str().expect("a plain path");
    let folders = ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"];
    let variables: Vec<_> =
        folders.map(|name| (name, place)).into_iter().chain(environment.to_vec()).collect();
    let pty = Pty::start(&[env!("CARGO_BIN_EXE_quarterdeck"), "demo"], home.path(), &variables, (80, 24));
    Demo { pty, _home: home }
}

fn pid(pty: &Pty) -> Pid {
    let pid = pty.child.process_id().expect("it runs");
    Pid::from_raw(i32::try_from(pid).expect("a process id"))
}

fn resize(pty: &Pty, sides: (u16, u16)) {
    let mut seen = pty.seen.0.lock().expect("no panic elsewhere");
    seen.shown.screen_mut().set_size(cells(sides.1), cells(sides.0));
    drop(seen);
    pty.master.as_ref().expect("the terminal is open").resize(size(sides)).expect("a new size");
}

fn count(seen: &Seen, bytes: &str) -> usize {
    String::from_utf8_lossy(&seen.raw).matches(bytes).count()
}

#[test]
fn it_starts_follows_the_size_and_gives_the_terminal_back() {
    let mut pty = demo(&[]);
    pty.wait_for("SIMULATED");
    resize(&pty, (120, 40));
    pty.wait_until("the hint bar in the last row of 40", |seen| {
        seen.shown.screen().rows(0, 120).nth(39).is_some_and(|row| row.contains("quit"))
    });
    resize(&pty, (20, 5));
    pty.wait_for("needs 40x8");
    resize(&pty, (80, 24));
    pty.wait_for("1 Orders");
    pty.send("?");
    pty.wait_for("Keys");
    pty.send("\x1b");
    pty.wait_until("help closed", |seen| !seen.shows("Keys"));
    pty.send("q");
    assert!(pty.end().0.success());
    pty.assert_given_back();
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut pty = demo(&[]);
        pty.wait_for("SIMULATED");
        kill(pid(&pty), signal).expect("a signal");
        pty.end();
        pty.assert_given_back();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let mut pty = demo(&[("QD_CONSOLE_PANIC", "1")]);
    assert!(!pty.end().0.success());
    pty.assert_given_back();
    let seen = pty.seen.0.lock().expect("no panic elsewhere");
    let raw = String::from_utf8_lossy(&seen.raw).into_owned();
    let left = raw.find("\u{1b}[?1049l").expect("it left the alternate screen");
    assert!(raw[left..].contains("QD_CONSOLE_PANIC"), "no message after it: {raw:?}");
}

#[test]
fn a_closed_terminal_ends_it() {
    let mut pty = demo(&[]);
    pty.wait_for("SIMULATED");
    pty.writer = None;
    pty.master = None;
    // The reader thread holds the last descriptor of the master: the hang-up is told by the kernel's own signal.
    kill(pid(&pty), Signal::SIGHUP).expect("a signal");
    pty.end();
}

#[test]
fn it_stops_and_continues() {
    let mut pty = demo(&[]);
    pty.wait_for("SIMULATED");
    pty.send("\x1a");
    pty.wait_until("the shell's screen", |seen| count(seen, "\u{1b}[?1049l") == 1);
    let stopped = waitpid(pid(&pty), Some(WaitPidFlag::WUNTRACED)).expect("a child of ours");
    assert!(matches!(stopped, WaitStatus::Stopped(..)), "{stopped:?}");
    kill(pid(&pty), Signal::SIGCONT).expect("a signal");
    pty.wait_until("the console's screen", |seen| count(seen, "\u{1b}[?1049h") == 2);
    pty.wait_for("SIMULATED");
    pty.send("q");
    assert!(pty.end().0.success());
    pty.assert_given_back();
}
