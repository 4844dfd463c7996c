//! What is done to servers: made, started, stopped, deleted.
//!
//! No change is ever sent twice from here. When its answer is lost the problem says that it may have taken effect, and the
//! caller reads the server before it decides anything.

use super::{Body, DathostClient};
use crate::model::game_server::GameServer;
use crate::model::problem::{Problem, ProblemKind};
use crate::providers::dathost::endpoint::Endpoint;
use crate::providers::dathost::{ServerSettings, map, wire};
use crate::providers::transport::{Field, Priority};

impl DathostClient {
    /// Makes a server; it is off and bills nothing. With [`crate::model::problem::Effect::Possible`] there may be one all the
    /// same: look with [`Self::servers_marked`] before another is made, so give it a `user_data` of its own.
    pub async fn create(&self, game: &str, settings: &ServerSettings) -> Result<GameServer, Problem> {
        let mut fields = settings.fields();
        fields.push(Field::new("game", game));
        let body = Body::form(fields, settings.secrets());
        let server: wire::GameServer = self.ask_for(Endpoint::CreateServer, body, Priority::Run).await?;
        Ok(map::server(server, self.account(), self.now()))
    }

    /// Copies a server with its settings and files, as they were up to an hour ago (§3.3); the copy is off, carries no
    /// `user_data` of its own and inherits the deletion protection. With [`crate::model::problem::Effect::Possible`] there may
    /// be one all the same: look for copies of `template` before another is made.
    pub async fn duplicate(&self, template: &str, location: Option<&str>) -> Result<GameServer, Problem> {
        let fields = location.map(|location| Field::new("location", location)).into_iter().collect();
        let body = Body::form(fields, Vec::new());
        let endpoint = Endpoint::DuplicateServer { id: template };
        let server: wire::GameServer = self.ask_for(endpoint, body, Priority::Run).await?;
        Ok(map::server(server, self.account(), self.now()))
    }

    /// Changes settings; what is left out stays. One that is on is **restarted** (§3.1), and another place means another
    /// address: read it again.
    pub async fn update(&self, id: &str, settings: &ServerSettings) -> Result<(), Problem> {
        let body = Body::form(settings.fields(), settings.secrets());
        self.ask(Endpoint::UpdateServer { id }, body, Priority::Run).await.map(drop)
    }

    /// Puts the files of a server that runs into the cache that duplicates are made of, so that a copy has them.
    pub async fn sync_files(&self, id: &str) -> Result<(), Problem> {
        self.ask(Endpoint::SyncFiles { id }, Body::none(), Priority::Run).await.map(drop)
    }

    /// Puts settings and files back to what they were when the server was made; nothing brings them back.
    pub async fn reset(&self, id: &str) -> Result<(), Problem> {
        self.ask(Endpoint::ResetServer { id }, Body::none(), Priority::Run).await.map(drop)
    }

    /// Starts a server; one that is on already is **rebooted** (§3.1). Accepted is not ready: read the server until it is on
    /// and not booting, with a deadline.
    pub async fn start(&self, id: &str) -> Result<(), Problem> {
        self.ask(Endpoint::Start { id }, Body::none(), Priority::Run).await.map(drop)
    }

    /// Stops a server. Safe to repeat: off is what it asks for.
    pub async fn stop(&self, id: &str) -> Result<(), Problem> {
        self.ask(Endpoint::Stop { id }, Body::none(), Priority::Run).await.map(drop)
    }

    /// Deletes a server with its files, on or off; one that is gone already is a success. `Conflict` while it is protected.
    pub async fn delete(&self, id: &str) -> Result<(), Problem> {
        match self.ask(Endpoint::DeleteServer { id }, Body::none(), Priority::Run).await {
            Err(problem) if problem.kind == ProblemKind::NotFound => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}
