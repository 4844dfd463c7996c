//! The panel's client.

use std::sync::Arc;

use super::console::ConsoleConnection;
use super::settings::PanelSettings;
use super::types::{
    Allocation, BudgetView, BuildChange, DetailsChange, Egg, NewServer, NewUser, PanelUser,
    PermissionFinding, StartupChange,
};
use crate::model::ids::AccountId;
use crate::model::node::Node;
use crate::model::problem::Problem;
use crate::model::server::{PowerSignal, PowerState, Server, Usage};
use crate::model::time::Clock;
use crate::providers::transport::Priority;

/// A client of one panel account. Cheap to clone; clones share budget and connections.
#[derive(Debug, Clone)]
pub struct PanelClient {
    account: AccountId,
}

async fn not_built_yet<T>(what: impl std::fmt::Debug + Send) -> Result<T, Problem> {
    futures::future::ready(Err(Problem::refused(
        format!("the panel client cannot do this yet: {what:?}"),
        "",
    )))
    .await
}

impl PanelClient {
    /// A client for these settings. Fails when the address is not a http(s) URL or a key cannot be sent in a header.
    pub fn new(settings: PanelSettings, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        drop(clock);
        Ok(Self { account: settings.account })
    }

    /// The account's configured name.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// What is left of the two request budgets.
    #[must_use]
    pub fn budget(&self) -> BudgetView {
        BudgetView::default()
    }

    /// Attaches to a server's live console: reconnects and renews its token until dropped. Needs a Tokio runtime.
    #[must_use]
    pub fn console(&self, uuid: &str) -> ConsoleConnection {
        debug_assert!(!uuid.is_empty(), "a server has a uuid");
        ConsoleConnection::unavailable()
    }

    /// The panel's nodes, with their location's short name; `servers` is always 0 (the engine counts them) and
    /// allocations are counted for a few nodes at a time.
    pub async fn nodes(&self, p: Priority) -> Result<Vec<Node>, Problem> {
        not_built_yet(("nodes", p)).await
    }

    /// All servers: ownership undecided, power unknown, no usage; the address through `include=allocations`.
    pub async fn servers(&self, p: Priority) -> Result<Vec<Server>, Problem> {
        not_built_yet(("servers", p)).await
    }

    /// One server. `NotFound` when it is gone.
    pub async fn server(&self, id: i64, p: Priority) -> Result<Server, Problem> {
        not_built_yet(("server", id, p)).await
    }

    /// The server that carries exactly this external id.
    pub async fn server_by_external_id(
        &self,
        external_id: &str,
        p: Priority,
    ) -> Result<Option<Server>, Problem> {
        not_built_yet(("server_by_external_id", external_id, p)).await
    }

    /// Free allocations of a node, at most `limit`.
    pub async fn free_allocations(
        &self,
        node_id: i64,
        limit: usize,
        p: Priority,
    ) -> Result<Vec<Allocation>, Problem> {
        not_built_yet(("free_allocations", node_id, limit, p)).await
    }

    /// How many allocations of a node are free.
    pub async fn count_free_allocations(&self, node_id: i64, p: Priority) -> Result<u32, Problem> {
        not_built_yet(("count_free_allocations", node_id, p)).await
    }

    /// The eggs of all nests, with variables.
    pub async fn eggs(&self, p: Priority) -> Result<Vec<Egg>, Problem> {
        not_built_yet(("eggs", p)).await
    }

    /// The user that carries exactly this external id.
    pub async fn user_by_external_id(
        &self,
        external_id: &str,
        p: Priority,
    ) -> Result<Option<PanelUser>, Problem> {
        not_built_yet(("user_by_external_id", external_id, p)).await
    }

    /// The user with exactly this e-mail address, whatever its case.
    pub async fn user_by_email(&self, email: &str, p: Priority) -> Result<Option<PanelUser>, Problem> {
        not_built_yet(("user_by_email", email, p)).await
    }

    /// A user by id.
    pub async fn user(&self, id: i64, p: Priority) -> Result<Option<PanelUser>, Problem> {
        not_built_yet(("user", id, p)).await
    }

    /// Makes a user. `Effect::Possible` when the reply was lost: look it up before repeating.
    pub async fn create_user(&self, new: &NewUser) -> Result<PanelUser, Problem> {
        not_built_yet(("create_user", new)).await
    }

    /// Deletes a user; one that is gone is fine.
    pub async fn delete_user(&self, id: i64) -> Result<(), Problem> {
        not_built_yet(("delete_user", id)).await
    }

    /// Makes a server. `Effect::Possible` on 5xx and lost replies: look the external id up before repeating. `Conflict` when
    /// the allocation or the external id was taken by another.
    pub async fn create_server(&self, new: &NewServer) -> Result<Server, Problem> {
        not_built_yet(("create_server", new)).await
    }

    /// Changes name, owner, external id or description, keeping the rest.
    pub async fn update_details(&self, id: i64, change: &DetailsChange) -> Result<Server, Problem> {
        not_built_yet(("update_details", id, change)).await
    }

    /// Changes limits and allocations, keeping the rest.
    pub async fn update_build(&self, id: i64, change: &BuildChange) -> Result<Server, Problem> {
        not_built_yet(("update_build", id, change)).await
    }

    /// Changes startup command, egg, image and variables, keeping the rest.
    pub async fn update_startup(&self, id: i64, change: &StartupChange) -> Result<Server, Problem> {
        not_built_yet(("update_startup", id, change)).await
    }

    /// Suspends a server; idempotent.
    pub async fn suspend(&self, id: i64) -> Result<(), Problem> {
        not_built_yet(("suspend", id)).await
    }

    /// Ends a suspension; idempotent.
    pub async fn unsuspend(&self, id: i64) -> Result<(), Problem> {
        not_built_yet(("unsuspend", id)).await
    }

    /// Runs the install script again.
    pub async fn reinstall(&self, id: i64) -> Result<(), Problem> {
        not_built_yet(("reinstall", id)).await
    }

    /// Deletes a server; one that is gone is fine. Forced, the panel forgets it even when its daemon does not answer.
    pub async fn delete_server(&self, id: i64, is_forced: bool) -> Result<(), Problem> {
        not_built_yet(("delete_server", id, is_forced)).await
    }

    /// Process state and use of a server. The panel caches the answer for 20 s.
    pub async fn resources(&self, uuid: &str, p: Priority) -> Result<(PowerState, Option<Usage>), Problem> {
        not_built_yet(("resources", uuid, p)).await
    }

    /// Sends a power signal. Accepted is not done: watch the state.
    pub async fn power(&self, uuid: &str, signal: PowerSignal) -> Result<(), Problem> {
        not_built_yet(("power", uuid, signal)).await
    }

    /// Sends a line to a running server's standard input.
    pub async fn command(&self, uuid: &str, line: &str) -> Result<(), Problem> {
        not_built_yet(("command", uuid, line)).await
    }

    /// Which reads and writes that Quarterdeck needs the keys allow, for the doctor.
    pub async fn check_permissions(&self) -> Result<Vec<PermissionFinding>, Problem> {
        not_built_yet("check_permissions").await
    }
}
