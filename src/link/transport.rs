//! Ways to an engine: a unix socket, a command's standard streams (ssh), or a pipe inside one process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use super::server::{broken, serve};
use crate::engine::handle::EngineHandle;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::sanitise::sanitise;

/// Bytes that wait inside an in-process pipe, each way: about what a unix socket holds.
const PIPE_BYTES: usize = 128 * 1024;

/// An open connection.
pub struct Connection {
    /// What the engine says.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What we say.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whatever must live as long: a child process.
    pub companion: Companion,
}

/// What lives beside a connection.
pub enum Companion {
    /// Nothing.
    None,
    /// The command whose streams are used; ended when dropped.
    Child {
        /// The process.
        child: Box<Child>,
        /// The last line it wrote to its standard error.
        last_words: Arc<Mutex<String>>,
        /// The task that reads it.
        listening: JoinHandle<()>,
    },
}

/// A command that ended has said its last words by then.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);

impl Companion {
    /// The last complaint of the command, for the message about a lost connection.
    #[must_use]
    pub fn last_words(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Child { last_words, .. } => {
                last_words.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
        }
    }

    /// Waits until a command that closed its output has also said why.
    pub async fn settle(&mut self) {
        if let Self::Child { listening, .. } = self {
            // Too late or not: what was said is kept.
            let _ended = tokio::time::timeout(LAST_WORDS_WITHIN, listening).await;
        }
    }
}

/// A way to an engine; connecting may be repeated.
pub trait Transport: Send + Sync + 'static {
    /// Opens a connection.
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Problem>>;
}

/// The engine's unix socket on this machine.
pub struct UnixTransport(pub PathBuf);

impl Transport for UnixTransport {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Problem>> {
        Box::pin(async move {
            let stream = UnixStream::connect(&self.0).await.map_err(|error| unreachable(&self.0, &error))?;
            let (reader, writer) = stream.into_split();
            Ok(Connection { reader: Box::new(reader), writer: Box::new(writer), companion: Companion::None })
        })
    }
}

fn unreachable(path: &Path, error: &std::io::Error) -> Problem {
    Problem {
        kind: ProblemKind::Unreachable,
        fault: Fault::Internal,
        retry: Retry::Backoff,
        effect: Effect::None,
        message: format!("no engine answers at {}: {error}", path.display()),
        advice: "`quarterdeck` starts one; `quarterdeck engine status` looks".to_owned(),
    }
}

/// A command whose standard streams are the connection: `ssh host quarterdeck dial-stdio`. Never a shell string.
pub struct CommandTransport {
    /// The program.
    pub program: String,
    /// Its arguments, passed as they are.
    pub arguments: Vec<String>,
}

impl Transport for CommandTransport {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Problem>> {
        Box::pin(async move { self.spawn() })
    }
}

impl CommandTransport {
    fn spawn(&self) -> Result<Connection, Problem> {
        let failed = |what: &str| Problem {
            fault: Fault::Configuration,
            advice: String::new(),
            ..unreachable(Path::new(&self.program), &std::io::Error::other(what.to_owned()))
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&error.to_string()))?;
        let (Some(writer), Some(reader), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("its streams are not there"));
        };
        let last_words = Arc::new(Mutex::new(String::new()));
        let listening = tokio::spawn(listen(errors, Arc::clone(&last_words)));
        let companion = Companion::Child { child: Box::new(child), last_words, listening };
        Ok(Connection { reader: Box::new(reader), writer: Box::new(writer), companion })
    }
}

/// Keeps the last line of a command's standard error; it must be read, or the command would block.
async fn listen(errors: ChildStderr, last_words: Arc<Mutex<String>>) {
    /// Longest line kept; the rest of a longer one is read and dropped.
    const LINE: u64 = 4096;
    use tokio::io::AsyncReadExt;
    let mut errors = BufReader::new(errors);
    loop {
        let mut line = Vec::new();
        match (&mut errors).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let clean = sanitise(&String::from_utf8_lossy(&line));
        if !clean.trim().is_empty() {
            clean.trim().clone_into(&mut last_words.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// An engine in this process: the demo and most tests.
pub struct InProcessTransport(pub EngineHandle);

impl Transport for InProcessTransport {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Problem>> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
            let engine = self.0.clone();
            tokio::spawn(async move {
                let (reader, writer) = tokio::io::split(theirs);
                if let Err(problem) = serve(reader, writer, engine, env!("CARGO_PKG_VERSION")).await {
                    tracing::debug!(%problem, "an in-process client's connection ended");
                }
            });
            let (reader, writer) = tokio::io::split(ours);
            Ok(Connection { reader: Box::new(reader), writer: Box::new(writer), companion: Companion::None })
        })
    }
}

/// Reads `ssh://[user@]host[:port]` into the arguments of `ssh`. Every part is checked, so that none can be an option
/// or anything else than a name.
///
/// # Errors
/// `Invalid`: the text is not such an address.
pub fn ssh_transport(address: &str) -> Result<CommandTransport, Problem> {
    let invalid = || Problem {
        kind: ProblemKind::Invalid,
        ..Problem::refused(
            format!("`{}` is not an ssh address", sanitise(address)),
            "write ssh://user@host or ssh://user@host:port",
        )
    };
    let rest = address.strip_prefix("ssh://").ok_or_else(invalid)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (user, place) = rest.split_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
    let (host, port) = split_port(place).ok_or_else(invalid)?;
    if !is_name(host) && !is_ipv6(host) || user.is_some_and(|user| !is_name(user)) {
        return Err(invalid());
    }
    // Keep-alives notice a dead way within 30 s; no terminal, no escape character: the stream is binary.
    let fixed = ["-T", "-e", "none", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"];
    let mut arguments: Vec<String> = fixed.map(str::to_owned).into();
    if let Some(port) = port {
        let port: u16 = port.parse().map_err(|_| invalid())?;
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = user {
        arguments.extend(["-l".to_owned(), user.to_owned()]);
    }
    arguments.extend(["--", host, "quarterdeck", "dial-stdio"].map(str::to_owned));
    Ok(CommandTransport { program: "ssh".to_owned(), arguments })
}

/// Host and port of `host`, `host:22`, `[::1]` or `[::1]:22`.
fn split_port(place: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    Some(place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// The connection failed after it stood; with the command's last words, where there are some.
pub(super) fn lost(companion: &Companion, error: &std::io::Error) -> Problem {
    let mut problem = broken(error);
    let last_words = companion.last_words();
    if !last_words.is_empty() {
        problem.message = format!("{} ({last_words})", problem.message);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssh_address_becomes_arguments_and_never_an_option() {
        let ssh = ssh_transport("ssh://ann@bastion.example.net:2222").unwrap();
        assert_eq!(ssh.program, "ssh");
        assert_eq!(
            ssh.arguments.join(" "),
            "-T -e none -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -p 2222 -l ann -- bastion.example.net \
             quarterdeck dial-stdio"
        );
        assert!(ssh_transport("ssh://[2001:db8::1]:22").is_ok());
        for bad in [
            "bastion",
            "ssh://",
            "ssh://-oProxyCommand=x",
            "ssh://-l@host",
            "ssh://a b",
            "ssh://host;reboot",
            "ssh://$(x)@host",
            "ssh://host:99999",
            "ssh://host:-1",
            "ssh://[::1]x",
            "ssh://host/path",
        ] {
            assert!(ssh_transport(bad).is_err(), "{bad}");
        }
    }
}
