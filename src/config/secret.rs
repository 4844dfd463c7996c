//! Secrets: written as a place, read when needed, kept in a type that cannot be printed.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

/// Where a secret is kept. Printing it prints the place, never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable of the engine.
    Env(String),
    /// A file that only its owner can read; its first line is the secret.
    File(PathBuf),
    /// A program whose first line of output is the secret; split at spaces, no shell.
    Command(String),
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{{ env = \"{name}\" }}"),
            Self::File(path) => write!(f, "{{ file = \"{}\" }}", path.display()),
            Self::Command(line) => write!(f, "{{ command = \"{line}\" }}"),
        }
    }
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// What is missing, unreadable, empty or readable by others; never the value.
    pub fn resolve(&self, environment: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, String> {
        let text = match self {
            Self::Env(name) => {
                environment(name).ok_or_else(|| format!("environment variable {name} is not set"))?
            }
            Self::File(path) => read_private_file(path)?,
            Self::Command(line) => run(line)?,
        };
        let first = text.lines().next().unwrap_or_default().trim().to_owned();
        if first.is_empty() {
            return Err(format!("{self} is empty"));
        }
        let secret = SecretString::from(first);
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
        Ok(secret)
    }
}

/// Every secret read by this process: a panic's words may quote anything, and nobody passes them on.
static KNOWN: Mutex<Vec<SecretString>> = Mutex::new(Vec::new());

/// A shorter secret would garble the text that it is taken out of.
const REDACTED_BYTES_MIN: usize = 6;

/// The text without any secret that this process has read, nor the password of a secret address.
#[must_use]
pub fn redact(text: &str) -> String {
    // A panic while the lock is held must not wait for itself.
    let Ok(known) = KNOWN.try_lock() else { return "[not shown: secrets are being read]".to_owned() };
    let mut clean = text.to_owned();
    for secret in known.iter().map(ExposeSecret::expose_secret) {
        for part in std::iter::once(secret).chain(password_of(secret)) {
            if part.len() >= REDACTED_BYTES_MIN {
                clean = clean.replace(part, "[secret]");
            }
        }
    }
    clean
}

/// The password in `scheme://user:password@host/…`, as it is written there.
fn password_of(address: &str) -> Option<&str> {
    let (user_info, _) = address.split_once("://")?.1.rsplit_once('@')?;
    user_info.split_once(':').map(|(_, password)| password)
}

/// Reads a file, refusing one that group or others may read.
fn read_private_file(path: &std::path::Path) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt;
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mode = std::fs::metadata(path).map_err(named)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!(
            "{} can be read by others (mode {:o}): chmod 600 it",
            path.display(),
            mode & 0o777
        ));
    }
    std::fs::read_to_string(path).map_err(named)
}

/// Runs the command and gives what it printed.
fn run(line: &str) -> Result<String, String> {
    let mut words = line.split_whitespace();
    let program = words.next().ok_or("the command is empty")?;
    let output = Command::new(program)
        .args(words)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{program} printed something that is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_that_others_can_read_is_refused_and_nothing_prints_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "ptla_hidden\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let source = SecretSource::File(path.clone());
        let refusal = source.resolve(&|_| None).unwrap_err();
        assert!(refusal.contains("chmod 600"), "{refusal}");
        assert!(!refusal.contains("ptla_hidden"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secret = source.resolve(&|_| None).unwrap();
        assert_eq!(secret.expose_secret(), "ptla_hidden");
        assert!(!format!("{secret:?}").contains("ptla_hidden"));
    }

    #[test]
    fn environment_and_commands_give_their_first_line() {
        let environment = |name: &str| (name == "KEY").then(|| " value \nmore".to_owned());
        assert_eq!(SecretSource::Env("KEY".into()).resolve(&environment).unwrap().expose_secret(), "value");
        assert!(SecretSource::Env("NONE".into()).resolve(&environment).is_err());
        assert_eq!(
            SecretSource::Command("echo word".into()).resolve(&|_| None).unwrap().expose_secret(),
            "word"
        );
        assert!(SecretSource::Command("false".into()).resolve(&|_| None).is_err());
    }
}
