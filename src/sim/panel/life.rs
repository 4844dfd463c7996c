//! The life of a server's process on its node: `(process, event) -> (process, effects)`, without time or IO of its own.
//!
//! Power actions are accepted and then done or silently not done, as the daemon does it (`providers/pterodactyl.md` §4.3).

use std::collections::VecDeque;

use crate::model::server::{PowerSignal, PowerState};
use crate::model::time::Timestamp;
use crate::sim::random;

/// Lines of console that a node keeps (the daemon's default).
pub(super) const LOG_LINES: usize = 150;
/// A second crash within this time is not followed by a start.
const CRASH_PAUSE_MS: u64 = 60_000;

/// A server's process, as its node knows it.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) state: PowerState,
    /// Since when it is in this state (world time).
    pub(super) since: Timestamp,
    /// Since when the container runs; meaningful unless offline.
    pub(super) started_at: Timestamp,
    /// Events of older generations no longer count.
    pub(super) generation: u32,
    /// A power action is under way: everything but kill is dropped without a word.
    pub(super) is_locked: bool,
    is_restarting: bool,
    last_crash: Option<Timestamp>,
    /// How often it crashed.
    pub(super) crashes: u32,
    /// How often it was started.
    pub(super) starts: u32,
    /// The install that runs on the node.
    pub(super) install: Option<Install>,
    /// Number of the latest install.
    pub(super) install_run: u32,
    /// Notices and echoes, newest last; the oldest leaves at [`LOG_LINES`].
    pub(super) log: VecDeque<(Timestamp, String)>,
    /// Milliseconds it ran until `since`, for the bill.
    pub(super) ran_ms: u64,
}

/// An install script at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Install {
    pub(super) run: u32,
    pub(super) started_at: Timestamp,
    pub(super) is_reinstall: bool,
    pub(super) will_succeed: bool,
    pub(super) starts_after: bool,
}

/// What can happen to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcessEvent {
    /// Someone asked for it.
    Signal(PowerSignal),
    /// The egg's "done" line appeared.
    Booted,
    /// The container ended as asked.
    Stopped,
    /// The container ended by itself.
    Crashed,
    /// The daemon starts it again after a crash.
    StartsAgain,
}

/// What follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// This event happens after that many milliseconds, unless something newer came.
    After(u64, ProcessEvent),
    /// A line of the daemon on the console.
    Say(String),
    /// The state changed.
    Changed,
}

/// How long things take for one server, and its share of luck.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) seed: u64,
    pub(super) server: u64,
    pub(super) boot_min_ms: u64,
    pub(super) boot_max_ms: u64,
    pub(super) stop_max_ms: u64,
    /// Mean time to a crash; `None`: never by itself.
    pub(super) crash_mean_ms: Option<u64>,
}

impl Process {
    /// A process that does not run.
    pub(super) fn offline(now: Timestamp) -> Self {
        Self {
            state: PowerState::Offline,
            since: now,
            started_at: now,
            generation: 0,
            is_locked: false,
            is_restarting: false,
            last_crash: None,
            crashes: 0,
            starts: 0,
            install: None,
            install_run: 0,
            log: VecDeque::new(),
            ran_ms: 0,
        }
    }

    /// Keeps a line; the oldest leaves when there are too many.
    pub(super) fn remember(&mut self, now: Timestamp, line: String) {
        if self.log.len() >= LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back((now, line));
    }

    /// Milliseconds it has run in all, up to `now`.
    pub(super) fn ran_until(&self, now: Timestamp) -> u64 {
        self.ran_ms + if self.state == PowerState::Offline { 0 } else { now.millis_since(self.since) }
    }

    /// Milliseconds since the container started; 0 when offline.
    pub(super) fn uptime_ms(&self, now: Timestamp) -> u64 {
        if self.state == PowerState::Offline { 0 } else { now.millis_since(self.started_at) }
    }

    /// Carries the process through an event.
    pub(super) fn on(&mut self, event: ProcessEvent, now: Timestamp, manner: &Manner) -> Vec<Effect> {
        if self.install.is_some() && matches!(event, ProcessEvent::Signal(_)) {
            return Vec::new();
        }
        match event {
            ProcessEvent::Signal(PowerSignal::Kill) => self.kill(now),
            ProcessEvent::Signal(_) if self.is_locked => Vec::new(),
            ProcessEvent::Signal(PowerSignal::Start) | ProcessEvent::StartsAgain => self.start(now, manner),
            ProcessEvent::Signal(PowerSignal::Stop) => self.stop(now, manner, false),
            ProcessEvent::Signal(PowerSignal::Restart) if self.state == PowerState::Offline => {
                self.start(now, manner)
            }
            ProcessEvent::Signal(PowerSignal::Restart) => self.stop(now, manner, true),
            ProcessEvent::Booted => self.booted(now, manner),
            ProcessEvent::Stopped => self.stopped(now, manner),
            ProcessEvent::Crashed => self.crashed(now),
        }
    }

    fn enter(&mut self, state: PowerState, now: Timestamp) {
        self.ran_ms = self.ran_until(now);
        self.state = state;
        self.since = now;
        self.generation = self.generation.wrapping_add(1);
    }

    fn start(&mut self, now: Timestamp, manner: &Manner) -> Vec<Effect> {
        if self.state != PowerState::Offline {
            return Vec::new();
        }
        self.enter(PowerState::Starting, now);
        self.started_at = now;
        self.starts = self.starts.wrapping_add(1);
        self.is_locked = false;
        let parts = [manner.server, u64::from(self.starts), 1];
        let boot = random::between(manner.seed, &parts, manner.boot_min_ms, manner.boot_max_ms);
        vec![
            Effect::Changed,
            Effect::Say("Server marked as starting...".to_owned()),
            Effect::Say("Checking file permissions and disk space, this could take a moment...".to_owned()),
            Effect::After(boot, ProcessEvent::Booted),
        ]
    }

    fn booted(&mut self, now: Timestamp, manner: &Manner) -> Vec<Effect> {
        if self.state != PowerState::Starting {
            return Vec::new();
        }
        self.enter(PowerState::Running, now);
        let mut effects = vec![Effect::Changed, Effect::Say("Server marked as running...".to_owned())];
        if let Some(mean) = manner.crash_mean_ms {
            let luck = random::share(manner.seed, &[manner.server, u64::from(self.starts), 2]).min(0.999_999);
            effects
                .push(Effect::After(random::to_u64(-(1.0 - luck).ln() * mean as f64), ProcessEvent::Crashed));
        }
        effects
    }

    fn stop(&mut self, now: Timestamp, manner: &Manner, is_restart: bool) -> Vec<Effect> {
        if self.state == PowerState::Offline {
            return Vec::new();
        }
        self.enter(PowerState::Stopping, now);
        self.is_locked = true;
        self.is_restarting = is_restart;
        let parts = [manner.server, u64::from(self.starts), 3];
        let pause = random::between(manner.seed, &parts, manner.stop_max_ms / 4, manner.stop_max_ms);
        vec![
            Effect::Changed,
            Effect::Say("Server marked as stopping...".to_owned()),
            Effect::After(pause, ProcessEvent::Stopped),
        ]
    }

    fn kill(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.state == PowerState::Offline {
            return Vec::new();
        }
        self.enter(PowerState::Stopping, now);
        self.is_locked = true;
        self.is_restarting = false;
        vec![Effect::Changed, Effect::After(200, ProcessEvent::Stopped)]
    }

    fn stopped(&mut self, now: Timestamp, manner: &Manner) -> Vec<Effect> {
        if self.state != PowerState::Stopping {
            return Vec::new();
        }
        self.enter(PowerState::Offline, now);
        self.is_locked = false;
        let mut effects = vec![Effect::Changed, Effect::Say("Server marked as offline...".to_owned())];
        if std::mem::take(&mut self.is_restarting) {
            effects.extend(self.start(now, manner));
        }
        effects
    }

    fn crashed(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.state != PowerState::Running {
            return Vec::new();
        }
        self.enter(PowerState::Offline, now);
        self.is_locked = false;
        self.crashes = self.crashes.wrapping_add(1);
        let is_again = self.last_crash.is_some_and(|last| now.millis_since(last) < CRASH_PAUSE_MS);
        self.last_crash = Some(now);
        let mut effects = vec![
            Effect::Changed,
            Effect::Say("Server marked as offline...".to_owned()),
            Effect::Say("---------- Detected server process in a crashed state! ----------".to_owned()),
            Effect::Say("Exit code: 137".to_owned()),
            Effect::Say("Out of memory: false".to_owned()),
        ];
        if is_again {
            effects.push(Effect::Say(
                "Aborting automatic restart, last crash occurred less than 60 seconds ago.".to_owned(),
            ));
        } else {
            effects.push(Effect::After(2_000, ProcessEvent::StartsAgain));
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANNER: Manner = Manner {
        seed: 1,
        server: 9,
        boot_min_ms: 1_000,
        boot_max_ms: 2_000,
        stop_max_ms: 800,
        crash_mean_ms: Some(100_000),
    };

    fn signal(process: &mut Process, signal: PowerSignal, at: i64) -> Vec<Effect> {
        process.on(ProcessEvent::Signal(signal), Timestamp(at), &MANNER)
    }

    #[test]
    fn start_run_stop() {
        let mut process = Process::offline(Timestamp(0));
        assert!(signal(&mut process, PowerSignal::Start, 0).contains(&Effect::Changed));
        assert_eq!(process.state, PowerState::Starting);
        assert!(signal(&mut process, PowerSignal::Start, 10).is_empty(), "start while starting does nothing");
        let effects = process.on(ProcessEvent::Booted, Timestamp(1_500), &MANNER);
        assert!(effects.iter().any(|effect| matches!(effect, Effect::After(_, ProcessEvent::Crashed))));
        signal(&mut process, PowerSignal::Stop, 5_000);
        assert!(process.is_locked);
        assert!(signal(&mut process, PowerSignal::Start, 5_100).is_empty(), "the lock drops it");
        process.on(ProcessEvent::Stopped, Timestamp(5_500), &MANNER);
        assert_eq!((process.state, process.is_locked, process.ran_ms), (PowerState::Offline, false, 5_500));
    }

    #[test]
    fn restart_goes_through_all_states_and_kill_breaks_the_lock() {
        let mut process = Process::offline(Timestamp(0));
        signal(&mut process, PowerSignal::Restart, 0);
        process.on(ProcessEvent::Booted, Timestamp(10), &MANNER);
        signal(&mut process, PowerSignal::Restart, 20);
        assert_eq!(process.state, PowerState::Stopping);
        process.on(ProcessEvent::Stopped, Timestamp(30), &MANNER);
        assert_eq!(process.state, PowerState::Starting);
        signal(&mut process, PowerSignal::Restart, 40);
        signal(&mut process, PowerSignal::Kill, 50);
        process.on(ProcessEvent::Stopped, Timestamp(60), &MANNER);
        assert_eq!(process.state, PowerState::Offline, "kill forgets the restart");
    }

    #[test]
    fn a_second_crash_within_a_minute_is_final() {
        let mut process = Process::offline(Timestamp(0));
        signal(&mut process, PowerSignal::Start, 0);
        process.on(ProcessEvent::Booted, Timestamp(10), &MANNER);
        let first = process.on(ProcessEvent::Crashed, Timestamp(20), &MANNER);
        assert!(first.contains(&Effect::After(2_000, ProcessEvent::StartsAgain)));
        process.on(ProcessEvent::StartsAgain, Timestamp(2_020), &MANNER);
        process.on(ProcessEvent::Booted, Timestamp(2_030), &MANNER);
        let second = process.on(ProcessEvent::Crashed, Timestamp(2_040), &MANNER);
        assert!(!second.iter().any(|effect| matches!(effect, Effect::After(..))));
        assert_eq!(process.crashes, 2);
    }

    #[test]
    fn nothing_is_powered_during_an_install() {
        let mut process = Process::offline(Timestamp(0));
        process.install = Some(Install {
            run: 1,
            started_at: Timestamp(0),
            is_reinstall: false,
            will_succeed: true,
            starts_after: false,
        });
        assert!(signal(&mut process, PowerSignal::Start, 1).is_empty());
    }
}
