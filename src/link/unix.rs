//! The engine's unix socket: a private directory, a private socket, and only our own user may talk.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::server::serve;
use crate::engine::handle::EngineHandle;
use crate::model::problem::Problem;

/// Clients at once; more are not accepted until one goes.
const CLIENTS_AT_ONCE: usize = 64;

/// A listening socket; its file is removed when dropped.
pub struct EngineSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl EngineSocket {
    /// Listens at `path`, in a directory of mode 0700, with a socket of mode 0600. A file left by an engine that died
    /// is replaced: the caller holds the engine's lock, so no living engine can own it.
    ///
    /// # Errors
    /// `Storage`: the directory belongs to somebody else or the socket cannot be made.
    pub fn bind(path: &Path) -> Result<Self, Problem> {
        let failed = |what: &str, error: std::io::Error| {
            Problem::storage(format!("{what} {}: {error}", path.display()))
        };
        if let Some(directory) = path.parent() {
            private_directory(directory).map_err(|error| failed("making the folder of", error))?;
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("replacing", error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(|error| failed("listening at", error))?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))
            .map_err(|error| failed("protecting", error))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Accepts clients until `shutdown`, then drops their connections.
    pub async fn serve(self, engine: EngineHandle, version: &'static str, shutdown: CancellationToken) {
        let permits = Arc::new(Semaphore::new(CLIENTS_AT_ONCE));
        let mut clients = JoinSet::new();
        loop {
            // A closed semaphore cannot happen: nobody closes it.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let stream = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            while clients.try_join_next().is_some() {}
            match stream {
                Ok((stream, _)) if is_ours(&stream) => {
                    let engine = engine.clone();
                    clients.spawn(async move {
                        let (reader, writer) = stream.into_split();
                        if let Err(problem) = serve(reader, writer, engine, version).await {
                            tracing::info!(%problem, "a client's connection ended");
                        }
                        drop(permit);
                    });
                }
                Ok(_) => tracing::warn!("a process of another user was turned away"),
                Err(error) => {
                    // Out of file descriptors, mostly: give those that hold some time to let go.
                    tracing::warn!(%error, "accepting a client failed");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for EngineSocket {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _removed = std::fs::remove_file(&self.path);
    }
}

/// Whether the process at the other end runs as our user (root may not pretend either: it has no business here).
fn is_ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == nix::unistd::geteuid().as_raw())
}

/// Makes a directory of mode 0700, or checks that an existing one is ours and narrows it to 0700.
///
/// # Errors
/// It cannot be made, or it belongs to another user.
pub fn private_directory(directory: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let metadata = std::fs::symlink_metadata(directory)?;
    if !metadata.is_dir() || metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(std::io::Error::new(
            ErrorKind::PermissionDenied,
            "it belongs to somebody else, or is a link",
        ));
    }
    if metadata.mode() & 0o077 != 0 {
        std::fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    }
    Ok(())
}
