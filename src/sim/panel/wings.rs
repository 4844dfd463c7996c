//! The websocket of a node's daemon.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::shared::Shared;

/// Serves a node's daemon until stopped.
pub(super) async fn serve(
    socket: TcpListener,
    _node_id: i64,
    _shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let served = axum::serve(socket, Router::new()).with_graceful_shutdown(async move {
        drop(stopped.wait_for(|is_stopped| *is_stopped).await);
    });
    drop(served.await);
}
