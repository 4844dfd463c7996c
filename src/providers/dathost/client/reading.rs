//! What is there: the account and its servers.

use secrecy::{ExposeSecret, SecretString};

use super::{Body, DathostClient};
use crate::model::game_server::{GameServer, GameServerAccount};
use crate::model::problem::Problem;
use crate::providers::dathost::endpoint::Endpoint;
use crate::providers::dathost::locations::{self, Location};
use crate::providers::dathost::{map, wire};
use crate::providers::transport::Priority;

impl DathostClient {
    /// The account with the credits that are left. They move once for every whole minute of a server that is on (§5).
    pub async fn game_server_account(&self, p: Priority) -> Result<GameServerAccount, Problem> {
        let account: wire::Account = self.ask_for(Endpoint::Account, Body::none(), p).await?;
        Ok(map::account(&account, self.account(), self.now()))
    }

    /// Every server of the account. Their `booting` may be long over: read one of them to know (§3.1).
    pub async fn servers(&self, p: Priority) -> Result<Vec<GameServer>, Problem> {
        let servers: Vec<wire::GameServer> = self.ask_for(Endpoint::Servers, Body::none(), p).await?;
        let now = self.now();
        Ok(servers.into_iter().map(|server| map::server(server, self.account(), now)).collect())
    }

    /// One server, its `booting` true at this moment. `NotFound` when it is gone.
    pub async fn server(&self, id: &str, p: Priority) -> Result<GameServer, Problem> {
        let server: wire::GameServer = self.ask_for(Endpoint::Server { id }, Body::none(), p).await?;
        Ok(map::server(server, self.account(), self.now()))
    }

    /// The password that players join a CS2 server with; nothing where it has none.
    pub async fn join_password(&self, id: &str, p: Priority) -> Result<Option<SecretString>, Problem> {
        let server: wire::JoinPassword = self.ask_for(Endpoint::Server { id }, Body::none(), p).await?;
        let password = server.cs2_settings.and_then(|settings| settings.password);
        Ok(password.filter(|password| !password.expose_secret().is_empty()))
    }

    /// Where servers of a game can stand. The shape of the answer is not documented (§3.1): ids as texts or in objects are read,
    /// and cities are those that the ids are known to mean.
    pub async fn locations(&self, game: &str, p: Priority) -> Result<Vec<Location>, Problem> {
        let body = Body::query(vec![("game", game.to_owned())]);
        let rows: serde_json::Value = self.ask_for(Endpoint::Locations, body, p).await?;
        Ok(locations::read(&rows))
    }

    /// The servers that carry exactly this `user_data`: how a server is found again whose create lost its answer (§1.2).
    pub async fn servers_marked(&self, user_data: &str, p: Priority) -> Result<Vec<GameServer>, Problem> {
        let mut servers = self.servers(p).await?;
        servers.retain(|server| server.user_data == user_data);
        Ok(servers)
    }
}
