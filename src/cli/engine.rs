//! The engine as a process: start it in the background, run it, look at it, stop it.
//!
//! ```text
//! data folder/  engine.lock  held by the living engine        engine.pid  its process
//!               start.lock   held while somebody starts one   engine.log  what a background engine says
//!               engine.sock  where it listens (or in the runtime folder)
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::engine::{EngineSetup, start};
use crate::link::transport::UnixTransport;
use crate::link::unix::{EngineSocket, private_directory};
use crate::link::{LinkClient, LinkOptions, connect};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{EngineStatus, Reply, Request};

/// An engine that was started must answer by then: opening a large record log takes seconds, not minutes.
const STARTED_WITHIN: Duration = Duration::from_mins(1);

/// An engine that was asked to stop must be gone by then; runs may take some seconds to reach their next safe point.
const STOPPED_WITHIN: Duration = Duration::from_mins(1);

/// How often a condition of another process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often attaching is tried: an idle engine may leave just when it is found.
const ATTACH_ATTEMPTS: u32 = 3;

/// How often a new engine tries to lock before it says that another one runs.
const LOCK_ATTEMPTS: u32 = 10;

/// A log of a background engine is set aside (as `engine.log.old`) when it is larger than this at a start.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where one site's engine keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnginePaths {
    /// Record log and cache.
    pub data_dir: PathBuf,
    /// The socket.
    pub socket: PathBuf,
    /// Locked by the living engine.
    pub lock: PathBuf,
    /// Locked by whoever starts one.
    pub start_lock: PathBuf,
    /// The living engine's process number.
    pub pid: PathBuf,
    /// What a background engine says.
    pub log: PathBuf,
}

impl EnginePaths {
    /// All files in the data folder. A socket's path has at most 107 bytes, so a long folder name needs
    /// [`EnginePaths::with_socket`].
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            socket: data_dir.join("run").join("engine.sock"),
            lock: data_dir.join("engine.lock"),
            start_lock: data_dir.join("start.lock"),
            pid: data_dir.join("engine.pid"),
            log: data_dir.join("engine.log"),
        }
    }

    /// The same, with the socket elsewhere.
    #[must_use]
    pub fn with_socket(self, socket: PathBuf) -> Self {
        Self { socket, ..self }
    }
}

/// How an engine is started in the background: `program arguments… engine run --background`.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program; normally this one.
    pub program: PathBuf,
    /// The whole command line after it, with the data folder and configuration of the caller.
    pub arguments: Vec<String>,
}

/// Connects to the site's engine and starts one in the background when none answers. Any number of callers may do this at
/// once: they make one engine.
///
/// # Errors
/// The engine does not start (with the last line of its log), or another version with another protocol answers.
pub async fn attach_or_start(
    paths: &EnginePaths,
    launch: &Launch,
    options: LinkOptions,
) -> Result<LinkClient, Problem> {
    let mut attempts_left = ATTACH_ATTEMPTS;
    loop {
        start_if_needed(paths, launch).await?;
        attempts_left -= 1;
        match attach(paths, options.clone()).await {
            Err(problem) if problem.kind == ProblemKind::Unreachable && attempts_left > 0 => {}
            attached => return attached,
        }
    }
}

/// Connects to the site's engine, if one runs.
///
/// # Errors
/// `Unreachable`: none answers; `Conflict`: it speaks another protocol.
pub async fn attach(paths: &EnginePaths, options: LinkOptions) -> Result<LinkClient, Problem> {
    connect(UnixTransport(paths.socket.clone()), options).await
}

/// A sentence for the operator when the engine runs another version than this program: it goes on, and a restart is offered.
#[must_use]
pub fn version_notice(client: &LinkClient, own_version: &str) -> Option<String> {
    let engine = client.engine().filter(|engine| engine.version != own_version)?;
    Some(format!(
        "the engine runs version {}, this program is {own_version}: `quarterdeck engine stop` and a new start make them one (runs go on)",
        engine.version
    ))
}

/// Makes sure that an engine answers at the socket.
///
/// # Errors
/// It does not start; the message carries the last line of its log.
pub async fn start_if_needed(paths: &EnginePaths, launch: &Launch) -> Result<(), Problem> {
    if answers(&paths.socket).await {
        return Ok(());
    }
    private_directory(&paths.data_dir)
        .map_err(|error| failed("making the folder", &paths.data_dir, &error))?;
    let start_lock = paths.start_lock.clone();
    let locking = tokio::task::spawn_blocking(move || {
        let file = lock_file(&start_lock)?;
        file.lock().map_err(|error| failed("locking", &start_lock, &error))?;
        Ok(file)
    });
    // Held until the engine answers, so that those who wait for it find one and start none.
    let _one_at_a_time: File =
        locking.await.unwrap_or_else(|error| Err(Problem::storage(error.to_string())))?;
    if answers(&paths.socket).await {
        return Ok(());
    }
    launch_and_wait(paths, launch).await
}

/// Whether an engine listens at a socket.
pub(super) async fn answers(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

async fn launch_and_wait(paths: &EnginePaths, launch: &Launch) -> Result<(), Problem> {
    let log = open_log(&paths.log)?;
    let errors = log.try_clone().map_err(|error| failed("opening", &paths.log, &error))?;
    let mut child = Command::new(&launch.program)
        .args(&launch.arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|error| failed("starting", &launch.program, &error))?;
    let starting = async {
        loop {
            if answers(&paths.socket).await {
                return Ok(());
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(not_started(paths, &status.to_string()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(STARTED_WITHIN, starting)
        .await
        .unwrap_or_else(|_| Err(not_started(paths, "no answer in time")))
}

fn not_started(paths: &EnginePaths, what: &str) -> Problem {
    let text = std::fs::read(&paths.log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Problem {
        kind: ProblemKind::Unavailable,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: format!("the engine did not start ({what}): {}", crate::model::sanitise::sanitise(last)),
        advice: format!("read {}, or run `quarterdeck engine run` to see it start", paths.log.display()),
    }
}

/// How an engine process is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// By hand, in the foreground: it stays until it is stopped.
    Foreground,
    /// Started by a console: a session of its own, and it leaves when idle as the policy says.
    Background,
}

/// Runs an engine in this process until it is told to stop: `engine stop`, SIGTERM, SIGINT, SIGHUP, or idle for too long. The
/// setup's `lifetime.idle_exit_ms` counts only in the background.
///
/// # Errors
/// `Conflict`: an engine runs already; whatever keeps the store or the socket from being opened.
pub async fn run_engine(paths: &EnginePaths, mode: RunMode, mut setup: EngineSetup) -> Result<(), Problem> {
    match mode {
        RunMode::Background => leave_session(),
        RunMode::Foreground => setup.policy.lifetime.idle_exit_ms = None,
    }
    private_directory(&paths.data_dir)
        .map_err(|error| failed("making the folder", &paths.data_dir, &error))?;
    let _alive = lock_engine(paths).await?;
    let version = env!("CARGO_PKG_VERSION");
    let (engine, task) = start(setup).await?;
    // Only now: whoever can connect finds an engine that answers.
    let socket = EngineSocket::bind(&paths.socket)?;
    std::fs::write(&paths.pid, format!("{}\n", std::process::id()))
        .map_err(|error| failed("writing", &paths.pid, &error))?;
    let hang_up = CancellationToken::new();
    let mut serving = tokio::spawn(socket.serve(engine.clone(), version, hang_up.clone()));
    let signals = tokio::spawn(stop_on_signal(engine.clone()));
    tracing::info!(version, socket = %paths.socket.display(), "the engine runs");
    let mut stopped = std::pin::pin!(task.stopped());
    let is_served = tokio::select! {
        () = &mut stopped => true,
        // Only a panic ends it before it is told: nobody could reach this engine any more.
        _ = &mut serving => false,
        () = super::panics::provoked() => true,
    };
    if is_served {
        hang_up.cancel();
        // Its panic is in the log.
        let _served = serving.await;
    } else {
        tracing::error!("the socket is not served any more: ending");
        engine.shut_down();
        stopped.await;
    }
    signals.abort();
    drop(engine);
    let _removed = std::fs::remove_file(&paths.pid);
    tracing::info!("the engine ended");
    Ok(())
}

/// A background engine must outlive the terminal: no signal of its session may reach it.
fn leave_session() {
    if let Err(error) = nix::unistd::setsid() {
        // Fails only where this process already leads a group, which is as good.
        tracing::debug!(%error, "no new session");
    }
}

async fn stop_on_signal(engine: crate::engine::handle::EngineHandle) {
    let listen = |kind| signal(kind).ok();
    let (Some(mut terminate), Some(mut interrupt), Some(mut hangup)) =
        (listen(SignalKind::terminate()), listen(SignalKind::interrupt()), listen(SignalKind::hangup()))
    else {
        tracing::warn!("signals cannot be heard: stop this engine with `quarterdeck engine stop`");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
        _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        _ = hangup.recv() => tracing::info!("SIGHUP: the terminal is gone, stopping"),
    }
    engine.shut_down();
}

/// The living engine's lock; a second engine is told who holds it. Looked at more than once, because `engine stop` holds it
/// for a moment too, to see whether the engine is gone.
async fn lock_engine(paths: &EnginePaths) -> Result<File, Problem> {
    let file = lock_file(&paths.lock)?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK_EVERY).await,
            Err(TryLockError::Error(error)) => return Err(failed("locking", &paths.lock, &error)),
        }
    }
    Err(Problem {
        kind: ProblemKind::Conflict,
        advice: "`quarterdeck engine status` looks at it, `quarterdeck engine stop` ends it".to_owned(),
        ..Problem::refused(format!("an engine of this site runs already{}", process_words(&paths.pid)), "")
    })
}

fn process_words(pid: &Path) -> String {
    read_pid(pid).map_or_else(String::new, |pid| format!(" (process {pid})"))
}

fn read_pid(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok().filter(|pid| *pid > 1)
}

/// How the engine is; nothing when none runs.
///
/// # Errors
/// It runs but does not answer as it should.
pub async fn status(paths: &EnginePaths, options: LinkOptions) -> Result<Option<EngineStatus>, Problem> {
    if !answers(&paths.socket).await {
        return Ok(None);
    }
    let client = attach(paths, without_fleet(options)).await?;
    match client.ask(Request::Status).await? {
        Reply::Status(status) => Ok(Some(*status)),
        other => {
            Err(Problem { fault: Fault::Internal, ..Problem::refused(format!("no status: {other:?}"), "") })
        }
    }
}

/// Asks for no fleet: who reads no events must not be sent any, for its answer would wait behind them.
fn without_fleet(mut options: LinkOptions) -> LinkOptions {
    options.hello.wants_fleet = false;
    options
}

/// Ends the engine and waits until it is gone; false when none ran. An engine of another protocol, or one that does not
/// answer, gets SIGTERM.
///
/// # Errors
/// It refuses (read-only), or does not end in time.
pub async fn stop(paths: &EnginePaths, options: LinkOptions) -> Result<bool, Problem> {
    if !paths.lock.exists() || lock_file(&paths.lock)?.try_lock().is_ok() {
        return Ok(false);
    }
    match ask_to_stop(paths, options).await {
        Ok(()) => {}
        Err(problem) if problem.kind == ProblemKind::Refused => return Err(problem),
        Err(problem) => {
            tracing::info!(%problem, "the engine does not understand; sending SIGTERM");
            terminate(paths)?;
        }
    }
    let gone = async {
        while !matches!(lock_file(&paths.lock).map(|file| file.try_lock()), Ok(Ok(()))) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(STOPPED_WITHIN, gone).await.map(|()| true).map_err(|_| Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::Possible,
        message: format!("the engine{} was asked to stop and has not ended yet", process_words(&paths.pid)),
        advice: "wait, or look into its log".to_owned(),
    })
}

async fn ask_to_stop(paths: &EnginePaths, options: LinkOptions) -> Result<(), Problem> {
    let client = attach(paths, without_fleet(options)).await?;
    match client.ask(Request::Shutdown).await {
        // The engine may be gone before its answer arrives.
        Err(problem) if problem.effect != Effect::Possible => Err(problem),
        _ => Ok(()),
    }
}

/// The lock is held, so the process of the pidfile lives and is an engine of ours.
fn terminate(paths: &EnginePaths) -> Result<(), Problem> {
    let pid = read_pid(&paths.pid).ok_or_else(|| Problem::not_found("the engine's process is not known"))?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)
        .map_err(|error| failed("stopping", &paths.pid, &std::io::Error::from(error)))
}

/// Opens a lock's file; it is never removed, or two could hold locks on two files of one name.
fn lock_file(path: &Path) -> Result<File, Problem> {
    if let Some(folder) = path.parent() {
        private_directory(folder).map_err(|error| failed("making the folder", folder, &error))?;
    }
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    opened.map_err(|error| failed("opening", path, &error))
}

fn open_log(path: &Path) -> Result<File, Problem> {
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
        let old = path.with_extension("log.old");
        std::fs::rename(path, old).map_err(|error| failed("setting aside", path, &error))?;
    }
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened.map_err(|error| failed("opening", path, &error))
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Problem {
    Problem::storage(format!("{what} {}: {error}", path.display()))
}
