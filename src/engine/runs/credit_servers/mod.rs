//! Actions on servers that burn credits (`providers/exaroton.md` §3, §8): signals, memory, the auto-stop.
//!
//! `verdict` decides from a status what a signal needs and what became of it (pure); `money` says in a plan who pays, what
//! it costs and how long that lasts; each action has its file. Must not: take a 200 for done, nor repeat a change whose
//! answer was lost without looking.

mod extend;
mod money;
mod ram;
mod signal;
pub mod verdict;

pub use extend::ExtendAutoStop;
pub use ram::SetRam;
pub use signal::SignalServer;

use crate::engine::observation::Observation;
use crate::model::action::{CreditServerParameters, Parameters};
use crate::model::credits::CreditServer;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::providers::exaroton::ExarotonClient;
use crate::providers::transport::Priority;

use super::plan::Draft;
use super::services::{Services, not_configured};
use super::step::{Scene, StepFailure};

/// The client of an account.
fn client<'a>(services: &'a Services, account: &AccountId) -> Result<&'a ExarotonClient, Problem> {
    services.credits.clients.get(account).ok_or_else(|| not_configured("exaroton account", account))
}

/// A server as the provider has it now, with payer and memory as they are known; everybody sees what was read.
async fn read(services: &Services, key: &ServerKey) -> Result<CreditServer, Problem> {
    let server = client(services, &key.account)?.server(&key.id, Priority::Run).await?;
    services.fleet.observe(Observation::OneCreditServer(Box::new(server.clone())));
    Ok(services
        .fleet
        .read(|fleet| fleet.credit_servers.get(key).map(|known| CreditServer::clone(known)))
        .unwrap_or(server))
}

/// As [`read`], asking for the memory too: the list's may be minutes old. Nothing where the owner does not share it.
async fn read_with_ram(services: &Services, key: &ServerKey) -> Result<CreditServer, Problem> {
    let mut server = read(services, key).await?;
    match client(services, &key.account)?.ram(&key.id, Priority::Run).await {
        Ok(ram_gib) => {
            server.ram_gib = Some(ram_gib);
            services.fleet.observe(Observation::OneCreditServer(Box::new(server.clone())));
        }
        Err(problem) if problem.kind == ProblemKind::Forbidden => {}
        Err(problem) => return Err(problem),
    }
    Ok(server)
}

/// The beginning of every plan on such a server: what it is, and its parameters.
fn begin_draft(verb: &str, server: &CreditServer) -> Draft {
    let mut draft = Draft::titled(format!("{verb} {} ({})", server.name, server.key));
    draft.parameters = Parameters::CreditServer(CreditServerParameters {
        server: server.key.clone(),
        name: server.name.clone(),
        status: server.status,
        ram_gib: server.ram_gib,
    });
    if server.is_shared {
        draft.warn("owner", "somebody else owns it and shares it with this account");
    }
    draft
}

/// What a run was planned for, and the client of its account.
fn target<'a>(scene: &'a Scene<'_>) -> Result<(&'a ExarotonClient, &'a CreditServerParameters), Problem> {
    let planned = scene.credit_server()?;
    Ok((client(scene.services, &planned.server.account)?, planned))
}

/// The planned server as it is now.
///
/// # Errors
/// `Conflict` when it is gone.
async fn reread(scene: &Scene<'_>) -> Result<CreditServer, StepFailure> {
    match read(scene.services, &scene.credit_server()?.server).await {
        Ok(server) => Ok(server),
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            Err(StepFailure::conflict("the server is gone from its account", "look at exaroton's page"))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What was done cannot be told from the outside: a person has to look.
fn nobody_knows(message: String, advice: &str) -> StepFailure {
    StepFailure::keeping(Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Provider,
        retry: Retry::Never,
        effect: Effect::None,
        message,
        advice: advice.to_owned(),
    })
}
