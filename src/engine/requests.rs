//! The answers to requests: one function per kind.

use std::sync::Arc;

use super::handle::{Caller, Engine};
use super::runs::Consent;
use super::{audit, examination, matches, money, reports};
use crate::model::fleet::SeriesKey;
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;
use crate::model::request::{EngineStatus, Reply, Request};
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;
use crate::store::Store;

/// Longest line typed into a console: the panel takes no longer ones over its socket either.
const LINE_CHARACTERS_MAX: usize = 2_048;

/// Audit entries returned at most.
const AUDIT_ENTRIES_MAX: u32 = 5_000;

pub(super) async fn answer(
    engine: &Arc<Engine>,
    caller: &Caller,
    request: Request,
) -> Result<Reply, Problem> {
    match request {
        Request::Plan(action) => {
            engine.runner.plan(caller, action).await.map(|plan| Reply::Plan(Box::new(plan)))
        }
        Request::Execute { plan, typed, is_over_budget_accepted } => {
            let consent = Consent { typed: typed.as_deref(), is_over_budget_accepted };
            engine.runner.execute(caller, &plan, consent).await.map(Reply::RunStarted)
        }
        Request::CancelRun(run) => engine.runner.cancel(caller, &run).await.map(|()| Reply::Done),
        Request::Refresh => Ok(refresh(engine)),
        Request::Doctor => Ok(Reply::Findings(examination::examine(engine).await)),
        Request::Series { series, since } => samples(engine, series, since).await,
        Request::ConsoleCommand { server, line } => console_command(engine, caller, server, line).await,
        Request::CreditsHistory { balance, from, to, points } => {
            let history = money::requests::history(&engine.keeper, &balance, from, to, points).await?;
            Ok(Reply::CreditsHistory(Box::new(history)))
        }
        Request::TakeSnapshot => take_snapshot(engine, caller).await,
        Request::SilenceAlert { alert, until, reason } => {
            refuse_read_only(engine, caller)?;
            let (keeper, by) = (&engine.keeper, caller.operator.clone());
            let now = engine.fleet.now();
            money::requests::silence(keeper, alert, by, until, &reason, now).await.map(|()| Reply::Done)
        }
        Request::UnsilenceAlert(alert) => {
            refuse_read_only(engine, caller)?;
            engine.keeper.silence(alert, None).await.map(|()| Reply::Done)
        }
        Request::Audit { limit } => {
            let limit = limit.min(AUDIT_ENTRIES_MAX) as usize;
            blocking(&engine.store, move |store| audit::last(store, limit)).await.map(Reply::Audit)
        }
        Request::Status => Ok(Reply::Status(Box::new(status(engine)))),
        Request::Shutdown => shut_down(engine, caller).await,
        Request::MatchConnect { id } => matches::requests::connect(engine, caller, &id).await,
        Request::AddMatchPlayer { id, side, player } => {
            matches::requests::add_player(engine, caller, &id, side, &player).await
        }
        Request::SettleMatch { id, score } => matches::requests::settle(engine, caller, id, score).await,
        Request::ReverseSettlement { id, reason } => {
            matches::requests::reverse(engine, caller, id, &reason).await
        }
        Request::Standings => matches::requests::standings(&engine.settlements).await,
        Request::LedgerRecords { limit } => {
            matches::requests::ledger_records(&engine.settlements, limit).await
        }
        Request::Rosters => matches::requests::saved_rosters(engine).await,
        Request::SaveRoster { name, team } => {
            matches::requests::save_roster(engine, caller, name, team).await
        }
        Request::BurnAttribution { payer, from, to } => {
            let told = money::attribution::burn(engine, payer, from, to).await?;
            Ok(Reply::BurnAttribution(Box::new(told)))
        }
        Request::Report(request) => Ok(Reply::ReportPart(Box::new(reports::make(engine, request).await?))),
        Request::ReportPart { report, offset } => {
            Ok(Reply::ReportPart(Box::new(reports::part(engine, report, offset)?)))
        }
        // Streams belong to a connection: the link opens and closes them there.
        Request::ConsoleOpen(_) | Request::ConsoleClose { .. } => {
            Err(Problem::refused("a console stream needs a connection of its own", ""))
        }
    }
}

fn refresh(engine: &Engine) -> Reply {
    for poller in &engine.refresh {
        poller.notify_one();
    }
    Reply::Done
}

async fn samples(engine: &Engine, series: SeriesKey, since: Timestamp) -> Result<Reply, Problem> {
    let until = engine.fleet.now();
    blocking(&engine.store, move |store| store.samples(&series, since, until)).await.map(Reply::Samples)
}

/// The line is in the audit log before it is sent.
async fn console_command(
    engine: &Engine,
    caller: &Caller,
    server: ServerKey,
    line: String,
) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    if line.chars().count() > LINE_CHARACTERS_MAX {
        return Err(Problem::refused("the line is too long for a console", "send it in parts"));
    }
    let target = format!("server/{server}");
    let outcome = format!("asked: {}", sanitise(&line));
    audit::append(engine, caller, "console_command", &target, outcome).await?;
    if let Err(problem) = engine.consoles.command(&server, &line).await {
        audit::append(engine, caller, "console_command", &target, format!("failed: {problem}")).await?;
        return Err(problem);
    }
    Ok(Reply::Done)
}

/// A snapshot changes nothing at a provider: read-only clients may take one; it is in the audit log.
async fn take_snapshot(engine: &Engine, caller: &Caller) -> Result<Reply, Problem> {
    if engine.credits.is_empty() {
        return Err(Problem::refused("no account with credits is configured", "add one, see the README"));
    }
    engine.keeper.take_snapshot(caller.operator.clone()).await?;
    audit::append(engine, caller, "take_snapshot", "credits", "taken".to_owned()).await?;
    Ok(Reply::Done)
}

async fn shut_down(engine: &Engine, caller: &Caller) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    audit::append(engine, caller, "stop_engine", "engine", "asked".to_owned()).await?;
    engine.shutdown.cancel();
    Ok(Reply::Done)
}

pub(super) fn refuse_read_only(engine: &Engine, caller: &Caller) -> Result<(), Problem> {
    if caller.is_read_only || engine.fleet.read(|fleet| fleet.site.is_read_only) {
        return Err(Problem::refused(
            "this is read-only: nothing is planned or done",
            "attach without read-only",
        ));
    }
    Ok(())
}

fn status(engine: &Engine) -> EngineStatus {
    let (runs_active, servers, orders) = engine
        .fleet
        .read(|fleet| (fleet.summary.runs_active, count(fleet.servers.len()), count(fleet.orders.len())));
    EngineStatus {
        version: engine.version.clone(),
        pid: std::process::id(),
        started_at: engine.started_at,
        clients: *engine.clients.borrow(),
        runs_active,
        memory_bytes: resident_bytes().unwrap_or(0),
        data_dir: engine.data_dir.display().to_string(),
        servers,
        orders,
        condition: engine.fleet.read(|fleet| fleet.engine.clone()),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Resident memory of this process, where the system says (Linux).
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Reads from the store on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    store: &Store,
    read: impl FnOnce(&Store) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || read(&store)).await;
    done.unwrap_or_else(|error| Err(Problem::storage(format!("reading the store failed: {error}"))))
}
