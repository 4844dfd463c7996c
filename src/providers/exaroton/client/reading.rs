//! What is there: the account, its servers, and the pools that pay for them.

use super::ExarotonClient;
use crate::model::credits::{CreditAccount, CreditPool, CreditPoolMember, CreditServer};
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;
use crate::providers::exaroton::endpoint::Endpoint;
use crate::providers::exaroton::{map, wire};
use crate::providers::transport::Priority;

impl ExarotonClient {
    /// The account with its balance. The balance may move while servers run, or only when they stop (§4).
    pub async fn credit_account(&self, p: Priority) -> Result<CreditAccount, Problem> {
        let account: wire::Account = self.ask_for(Endpoint::Account, None, p).await?;
        Ok(map::account(&account, self.account(), self.now()))
    }

    /// Every server the account can see, shared ones included, in one request; memory unknown and payer undecided.
    pub async fn servers(&self, p: Priority) -> Result<Vec<CreditServer>, Problem> {
        let servers: Vec<wire::Server> = self.ask_for(Endpoint::Servers, None, p).await?;
        Ok(self.rows(servers))
    }

    /// One server; memory unknown and payer undecided. `NotFound` when it is gone.
    pub async fn server(&self, id: &str, p: Priority) -> Result<CreditServer, Problem> {
        let server: wire::Server = self.ask_for(Endpoint::Server { id }, None, p).await?;
        Ok(map::server(server, self.account(), self.now()))
    }

    /// The credit pools the account is a member of, without members and servers.
    pub async fn pools(&self, p: Priority) -> Result<Vec<CreditPool>, Problem> {
        let pools: Vec<wire::Pool> = self.ask_for(Endpoint::Pools, None, p).await?;
        let now = self.now();
        Ok(pools.into_iter().map(|pool| map::pool(pool, self.account(), now)).collect())
    }

    /// One pool, without members and servers.
    pub async fn pool(&self, id: &str, p: Priority) -> Result<CreditPool, Problem> {
        let pool: wire::Pool = self.ask_for(Endpoint::Pool { id }, None, p).await?;
        Ok(map::pool(pool, self.account(), self.now()))
    }

    /// A pool's members with their shares.
    pub async fn pool_members(&self, id: &str, p: Priority) -> Result<Vec<CreditPoolMember>, Problem> {
        let members: Vec<wire::PoolMember> = self.ask_for(Endpoint::PoolMembers { id }, None, p).await?;
        Ok(members.iter().map(map::pool_member).collect())
    }

    /// The servers a pool pays for.
    pub async fn pool_servers(&self, id: &str, p: Priority) -> Result<Vec<CreditServer>, Problem> {
        let servers: Vec<wire::Server> = self.ask_for(Endpoint::PoolServers { id }, None, p).await?;
        Ok(self.rows(servers))
    }

    /// Every pool with its members and the servers it pays for: one request, and two more for each pool.
    pub async fn whole_pools(&self, p: Priority) -> Result<Vec<CreditPool>, Problem> {
        let mut pools = self.pools(p).await?;
        for pool in &mut pools {
            pool.members = self.pool_members(pool.id(), p).await?;
            pool.servers = self.server_keys_of(pool.id(), p).await?;
        }
        Ok(pools)
    }

    async fn server_keys_of(&self, pool: &str, p: Priority) -> Result<Vec<ServerKey>, Problem> {
        Ok(self.pool_servers(pool, p).await?.into_iter().map(|server| server.key).collect())
    }

    fn rows(&self, servers: Vec<wire::Server>) -> Vec<CreditServer> {
        let now = self.now();
        servers.into_iter().map(|server| map::server(server, self.account(), now)).collect()
    }
}
