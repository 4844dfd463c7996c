//! What a server is set to: memory, message of the day, player lists; and its log.

use serde_json::json;

use super::ExarotonClient;
use crate::model::credits::RAM_GIB;
use crate::model::problem::Problem;
use crate::model::sanitise::sanitise;
use crate::providers::exaroton::endpoint::Endpoint;
use crate::providers::exaroton::types::SharedLog;
use crate::providers::exaroton::{map, wire};
use crate::providers::transport::Priority;

impl ExarotonClient {
    /// A server's memory, GiB.
    pub async fn ram(&self, id: &str, p: Priority) -> Result<u32, Problem> {
        let ram: wire::Ram = self.ask_for(Endpoint::Ram { id }, None, p).await?;
        Ok(ram.ram)
    }

    /// Sets a server's memory, 2 to 16 GiB, and returns what the provider says it is now. `Conflict` where the server's state
    /// forbids it; of one that runs it holds from the next start.
    pub async fn set_ram(&self, id: &str, ram_gib: u32) -> Result<u32, Problem> {
        if !RAM_GIB.contains(&ram_gib) {
            return Err(Problem::refused(format!("{ram_gib} GiB: exaroton gives 2 to 16 GiB"), ""));
        }
        let body = json!({ "ram": ram_gib });
        let ram: wire::Ram = self.ask_for(Endpoint::SetRam { id }, Some(body), Priority::Run).await?;
        Ok(ram.ram)
    }

    /// A server's message of the day, with its formatting codes.
    pub async fn motd(&self, id: &str, p: Priority) -> Result<String, Problem> {
        let motd: wire::Motd = self.ask_for(Endpoint::Motd { id }, None, p).await?;
        Ok(motd.motd.unwrap_or_default())
    }

    /// Sets a server's message of the day and returns what it is now.
    pub async fn set_motd(&self, id: &str, motd: &str) -> Result<String, Problem> {
        let body = json!({ "motd": motd });
        let motd: wire::Motd = self.ask_for(Endpoint::SetMotd { id }, Some(body), Priority::Run).await?;
        Ok(motd.motd.unwrap_or_default())
    }

    /// The last log's lines, sanitised. Cached by the provider, not live; nothing while the server loads, stops or saves.
    pub async fn log(&self, id: &str, p: Priority) -> Result<Option<Vec<String>>, Problem> {
        let log: wire::Log = self.ask_for(Endpoint::Log { id }, None, p).await?;
        Ok(log.content.map(|content| content.lines().map(sanitise).collect()))
    }

    /// Uploads the log for everyone who knows its address. Changes something although it is a GET: never repeated.
    pub async fn share_log(&self, id: &str) -> Result<SharedLog, Problem> {
        let log: wire::SharedLog = self.ask_for(Endpoint::ShareLog { id }, None, Priority::Run).await?;
        Ok(map::shared_log(&log))
    }

    /// The names of a server's player lists: `whitelist`, `ops`, `banned-players` …
    pub async fn player_lists(&self, id: &str, p: Priority) -> Result<Vec<String>, Problem> {
        self.ask_for(Endpoint::PlayerLists { id }, None, p).await.map(|texts: Vec<String>| cleaned(&texts))
    }

    /// The entries of a list.
    pub async fn player_list(&self, id: &str, list: &str, p: Priority) -> Result<Vec<String>, Problem> {
        self.ask_for(Endpoint::PlayerList { id, list }, None, p)
            .await
            .map(|texts: Vec<String>| cleaned(&texts))
    }

    /// Adds entries to a list and returns the whole of it.
    pub async fn add_to_player_list(
        &self,
        id: &str,
        list: &str,
        entries: &[String],
    ) -> Result<Vec<String>, Problem> {
        self.change_list(Endpoint::AddToPlayerList { id, list }, entries).await
    }

    /// Removes entries from a list and returns the whole of it.
    pub async fn remove_from_player_list(
        &self,
        id: &str,
        list: &str,
        entries: &[String],
    ) -> Result<Vec<String>, Problem> {
        self.change_list(Endpoint::RemoveFromPlayerList { id, list }, entries).await
    }

    async fn change_list(&self, endpoint: Endpoint<'_>, entries: &[String]) -> Result<Vec<String>, Problem> {
        let body = json!({ "entries": entries });
        self.ask_for(endpoint, Some(body), Priority::Run).await.map(|texts: Vec<String>| cleaned(&texts))
    }
}

fn cleaned(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| sanitise(text)).collect()
}
