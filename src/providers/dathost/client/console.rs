//! A server's console and figures (`providers/dathost.md` §3.1, §3.6).

use super::{Body, DathostClient};
use crate::model::problem::Problem;
use crate::model::sanitise::sanitise;
use crate::providers::dathost::endpoint::Endpoint;
use crate::providers::dathost::types::Metrics;
use crate::providers::dathost::{map, wire};
use crate::providers::transport::{Field, Priority};

/// Lines that are told at once.
const MOST_LINES: u32 = 100_000;
/// The longest command.
const MAX_COMMAND_BYTES: usize = 3_000;

impl DathostClient {
    /// The last lines of a server's console, oldest first, at most so many (1 to 100,000); sanitised.
    pub async fn console(&self, id: &str, most: u32, p: Priority) -> Result<Vec<String>, Problem> {
        let most = most.clamp(1, MOST_LINES).to_string();
        let body = Body::query(vec![("max_lines", most)]);
        let console: wire::Console = self.ask_for(Endpoint::Console { id }, body, p).await?;
        Ok(console.lines.unwrap_or_default().iter().map(|line| sanitise(line)).collect())
    }

    /// Sends a line to a server's console. Its answer comes in the console only, so read it afterwards.
    pub async fn command(&self, id: &str, line: &str) -> Result<(), Problem> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() || line.len() > MAX_COMMAND_BYTES || line.contains(['\r', '\n', '\0']) {
            return Err(Problem::refused(
                "this command was not sent: it is empty, too long or has several lines",
                "",
            ));
        }
        let body = Body::form(vec![Field::new("line", line)], Vec::new());
        self.ask(Endpoint::Command { id }, body, Priority::Run).await.map(drop)
    }

    /// Who plays, and which maps were played.
    pub async fn metrics(&self, id: &str, p: Priority) -> Result<Metrics, Problem> {
        let metrics: wire::Metrics = self.ask_for(Endpoint::Metrics { id }, Body::none(), p).await?;
        Ok(map::metrics(metrics))
    }
}
