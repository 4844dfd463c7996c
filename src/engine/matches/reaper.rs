//! Orphans that are surely ours and were seen twice are destroyed without being asked for, where the site says so. Each goes the
//! way of every action: a plan, a run, the audit log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::handle::Caller;
use crate::engine::runs::Runner;
use crate::engine::shared::SharedFleet;
use crate::model::action::{ActionRequest, Confirmation};
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;

/// Reads of an account that must have found a server without an owner: one may be older than the match it belongs to.
const SIGHTINGS: u32 = 2;

/// Between two looks at what the reads found.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Who asks in the audit log.
fn caller() -> Caller {
    Caller { operator: "engine".into(), origin: "reaper".to_owned(), is_read_only: false, client: 0 }
}

/// Reaps until the engine ends. A server whose destruction was refused or failed is left to people from then on.
pub async fn run(fleet: Arc<SharedFleet>, runner: Runner, shutdown: CancellationToken) {
    let mut tried = BTreeSet::new();
    loop {
        for server in due(&fleet, &tried) {
            match destroy(&runner, &server).await {
                Ok(()) => tracing::info!(%server, "an orphan is being destroyed"),
                Err(problem) => tracing::warn!(%server, %problem, "an orphan was not destroyed"),
            }
            tried.insert(server);
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Orphans that may be destroyed and were not tried yet.
fn due(fleet: &SharedFleet, tried: &BTreeSet<ServerKey>) -> Vec<ServerKey> {
    fleet.read(|fleet| {
        let is_due = |key: &ServerKey| !tried.contains(key);
        let orphans = fleet.rented.iter().filter(|view| view.may_be_reaped(SIGHTINGS) && is_due(&view.key));
        orphans.map(|view| view.key.clone()).collect()
    })
}

async fn destroy(runner: &Runner, server: &ServerKey) -> Result<(), Problem> {
    let request = ActionRequest::DestroyMatchServer { server: server.clone() };
    let plan = runner.plan(&caller(), request).await?;
    let typed = match &plan.confirmation {
        Confirmation::TypeName(name) => Some(name.clone()),
        Confirmation::YesNo => None,
    };
    runner.execute(&caller(), &plan.id, typed.as_deref()).await.map(drop)
}
