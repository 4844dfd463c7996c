//! What runs: use, power, commands, and the key to a console.

use serde_json::json;

use super::PanelClient;
use crate::model::problem::Problem;
use crate::model::server::{PowerSignal, PowerState, Usage};
use crate::providers::pterodactyl::endpoint::Endpoint;
use crate::providers::pterodactyl::map;
use crate::providers::pterodactyl::wire::{Stats, WebsocketData, WebsocketToken};
use crate::providers::transport::Priority;

impl PanelClient {
    /// Process state and use of a server. The panel caches the answer for 20 s; while the server is installing, suspended
    /// or in maintenance this is a `Conflict`, with its daemon away a `Daemon` problem (§4.0, §4.2).
    pub async fn resources(&self, uuid: &str, p: Priority) -> Result<(PowerState, Option<Usage>), Problem> {
        let stats: Stats = self.ask_for_item(Endpoint::Resources { uuid }, Vec::new(), None, p).await?;
        Ok(map::usage(&stats, self.now()))
    }

    /// Sends a power signal. Accepted is not done, and some signals silently do nothing (§4.3): watch the state.
    pub async fn power(&self, uuid: &str, signal: PowerSignal) -> Result<(), Problem> {
        self.tell(Endpoint::Power { uuid }, Some(json!({ "signal": signal.word() }))).await
    }

    /// Sends a line to a running server's standard input; `Conflict` when it does not run.
    pub async fn command(&self, uuid: &str, line: &str) -> Result<(), Problem> {
        self.tell(Endpoint::Command { uuid }, Some(json!({ "command": line }))).await
    }

    /// A fresh token for a server's console socket, good for 10 minutes. Newer panels give five a minute per server to all
    /// users together: only the console's token shelf asks for them.
    pub(in crate::providers::pterodactyl) async fn websocket_token(
        &self,
        uuid: &str,
    ) -> Result<WebsocketToken, Problem> {
        let answer: WebsocketData =
            self.ask_for(Endpoint::Websocket { uuid }, Vec::new(), None, Priority::Run).await?;
        Ok(answer.data)
    }
}
