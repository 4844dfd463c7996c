//! A body that is read piece by piece: files that memory should not hold.

use bytes::Bytes;
use tokio::time::Instant;

use super::{Call, Transport, failure};
use crate::model::problem::Problem;

/// A body under way. Dropped, the rest is not read.
pub struct Download {
    pub(super) transport: Transport,
    pub(super) response: reqwest::Response,
    pub(super) call: Call,
    pub(super) cap_bytes: u64,
    pub(super) read_bytes: u64,
    /// When all of it has to be here.
    pub(super) ends_at: Instant,
}

impl Download {
    /// The next piece; nothing at its end. Fails when the body is over the cap, breaks off, or takes too long. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let host = &self.transport.host;
        let chunk = tokio::time::timeout_at(self.ends_at, self.response.chunk())
            .await
            .map_err(|_| failure::timed_out(&self.call, host))?
            .map_err(|error| self.transport.failed(&self.call, error))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.read_bytes = self.read_bytes.saturating_add(chunk.len() as u64);
        if self.read_bytes > self.cap_bytes {
            let cap = usize::try_from(self.cap_bytes).unwrap_or(usize::MAX);
            return Err(failure::too_large(&self.call, host, cap));
        }
        Ok(Some(chunk))
    }
}
