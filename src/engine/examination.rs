//! Collects what the doctor looks at: fresh reads of the orders and of each panel; what cannot be read is a finding too.

use std::collections::{BTreeMap, BTreeSet};

use super::doctor::{self, DoctorInput};
use super::handle::Engine;
use super::money;
use crate::model::condition::EngineCondition;
use crate::model::finding::{Finding, Severity};
use crate::model::ids::AccountId;
use crate::model::node::Node;
use crate::model::problem::Problem;
use crate::providers::orders::{OrdersDatabase, OrdersSnapshot};
use crate::providers::pterodactyl::{Access, PanelApi, PanelClient, PermissionFinding};
use crate::providers::transport::Priority;

/// Nodes whose free allocations are counted anew; each costs a request or more. Further ones use what polls counted.
const NODES_COUNTED: usize = 60;

/// Examines every orders database with its panel, then panels without one, then adds what the reconciler found.
pub(super) async fn examine(engine: &Engine) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        engine.fleet.read(|fleet| of_engine(&fleet.engine)).into_iter().collect();
    for account in engine.panels.keys() {
        let panel = read_panel(engine, account).await;
        let shops: Vec<&dyn OrdersDatabase> = engine
            .orders
            .iter()
            .filter(|(_, sold)| sold == account)
            .map(|(database, _)| database.as_ref())
            .collect();
        if shops.is_empty() {
            findings.extend(examine_shop(None, &panel).await);
        }
        for shop in shops {
            let found = examine_shop(Some(shop), &panel).await;
            // One shop's checks read like another's: with several each says whose it is.
            let is_only = engine.orders.len() == 1;
            findings.extend(
                found.into_iter().map(
                    |finding| {
                        if is_only { finding } else { named(shop.account(), finding) }
                    },
                ),
            );
        }
        findings.extend(panel.findings);
    }
    for account in &engine.credits {
        findings.push(match account.check().await {
            Ok(()) => readable(account.account(), account.login()),
            Err(problem) => unreadable(account.account(), "balance", &problem),
        });
    }
    if !engine.credits.is_empty() {
        findings.extend(engine.fleet.read(money::doctor::examine));
    }
    findings.extend(engine.fleet.read(|fleet| fleet.findings.clone()));
    findings
}

/// The engine's own condition, when there is something to know.
fn of_engine(condition: &EngineCondition) -> Option<Finding> {
    let has_failed = !condition.failed_parts.is_empty();
    let (severity, title, advice) = match condition.rebuild {
        _ if has_failed => (
            Severity::Error,
            "the engine failed in part".to_owned(),
            "start it anew with `quarterdeck engine stop`: runs go on; its log tells where it failed",
        ),
        Some(rebuild) => (
            Severity::Info,
            format!("the index over the records is being rebuilt: {}%", rebuild.percent()),
            "nothing to do: everything works meanwhile",
        ),
        None => return None,
    };
    Some(Finding {
        check: "engine".to_owned(),
        severity,
        title,
        why: "What the engine does not do any more, nobody sees or ends.".to_owned(),
        advice: advice.to_owned(),
        rows: condition.sentences(),
    })
}

/// The finding with the shop's name before its title, unless the title names it already.
fn named(shop: &AccountId, finding: Finding) -> Finding {
    let name = format!("{shop}: ");
    if finding.title.starts_with(&name) {
        return finding;
    }
    Finding { title: format!("{name}{}", finding.title), ..finding }
}

/// What one shop and its panel say together.
async fn examine_shop(database: Option<&dyn OrdersDatabase>, panel: &PanelRead) -> Vec<Finding> {
    let orders = read_orders(database).await;
    let input = DoctorInput {
        orders: &orders.snapshot.orders,
        plans: &orders.snapshot.plans,
        region_nodes: &orders.snapshot.region_nodes,
        nodes: panel.nodes.as_deref(),
        egg_ids: panel.egg_ids.as_ref(),
        free_allocations: &panel.free_allocations,
        found_elsewhere: &orders.findings,
    };
    doctor::examine(&input)
}

#[derive(Default)]
struct OrdersRead {
    snapshot: OrdersSnapshot,
    findings: Vec<Finding>,
}

async fn read_orders(database: Option<&dyn OrdersDatabase>) -> OrdersRead {
    let mut read = OrdersRead::default();
    let Some(database) = database else { return read };
    match database.read_all().await {
        Ok(snapshot) => read.snapshot = snapshot,
        Err(problem) => read.findings.push(unreadable(database.account(), "orders", &problem)),
    }
    match database.problems_of_configuration().await {
        Ok(findings) => read.findings.extend(findings),
        Err(problem) => read.findings.push(unreadable(database.account(), "tables", &problem)),
    }
    read
}

#[derive(Default)]
struct PanelRead {
    nodes: Option<Vec<Node>>,
    egg_ids: Option<BTreeSet<i64>>,
    free_allocations: BTreeMap<i64, u32>,
    findings: Vec<Finding>,
}

async fn read_panel(engine: &Engine, account: &AccountId) -> PanelRead {
    let mut read = PanelRead::default();
    let Some(panel) = engine.panels.get(account) else { return read };
    match panel.nodes(Priority::Run).await {
        Ok(nodes) => read.nodes = Some(nodes),
        Err(problem) => read.findings.push(unreadable(account, "nodes", &problem)),
    }
    match panel.eggs(Priority::Run).await {
        Ok(eggs) => read.egg_ids = Some(eggs.iter().map(|egg| egg.id).collect()),
        Err(problem) => read.findings.push(unreadable(account, "eggs", &problem)),
    }
    read.free_allocations = free_allocations(panel, read.nodes.as_deref().unwrap_or_default()).await;
    match panel.check_permissions().await {
        Ok(permissions) => read.findings.push(of_permissions(account, &permissions)),
        Err(problem) => read.findings.push(unreadable(account, "permissions of the keys", &problem)),
    }
    read
}

async fn free_allocations(panel: &PanelClient, nodes: &[Node]) -> BTreeMap<i64, u32> {
    let mut free = BTreeMap::new();
    for (position, node) in nodes.iter().enumerate() {
        let Ok(id) = node.key.id.parse::<i64>() else { continue };
        let counted = match node.allocations_free {
            Some(known) => Some(known),
            None if position < NODES_COUNTED => panel.count_free_allocations(id, Priority::Run).await.ok(),
            None => None,
        };
        if let Some(counted) = counted {
            free.insert(id, counted);
        }
    }
    free
}

fn readable(account: &AccountId, login: &str) -> Finding {
    Finding {
        check: "credits-readable".to_owned(),
        severity: Severity::Ok,
        title: format!("{account}: the {login} is accepted"),
        why: "Without it nothing is known of the balance.".to_owned(),
        advice: String::new(),
        rows: Vec::new(),
    }
}

fn unreadable(account: &AccountId, what: &str, problem: &Problem) -> Finding {
    Finding {
        check: "readable".to_owned(),
        severity: Severity::Error,
        title: format!("{account}: the {what} cannot be read"),
        why: "What cannot be read cannot be checked, sold or billed.".to_owned(),
        advice: problem.advice.clone(),
        rows: vec![problem.message.clone()],
    }
}

fn of_permissions(account: &AccountId, permissions: &[PermissionFinding]) -> Finding {
    let lacking: Vec<&PermissionFinding> =
        permissions.iter().filter(|permission| permission.is_granted != Some(true)).collect();
    let is_refused = lacking.iter().any(|permission| permission.is_granted == Some(false));
    let (severity, title) = match (lacking.len(), is_refused) {
        (0, _) => (Severity::Ok, format!("{account}: the keys may do everything that is needed")),
        (number, true) => (Severity::Error, format!("{account}: the keys lack {number} permissions")),
        (number, false) => (Severity::Info, format!("{account}: {number} permissions could not be checked")),
    };
    Finding {
        check: "key-permissions".to_owned(),
        severity,
        title,
        why: "Without them reading or provisioning fails halfway.".to_owned(),
        advice: lacking.first().map(|permission| permission.advice.clone()).unwrap_or_default(),
        rows: lacking.into_iter().map(permission_row).collect(),
    }
}

fn permission_row(permission: &PermissionFinding) -> String {
    let api = match permission.api {
        PanelApi::Application => "application key",
        PanelApi::Client => "client key",
    };
    let access = match permission.access {
        Access::Read => "read",
        Access::Write => "write",
    };
    format!("{api}: {access} {}: {}", permission.resource, permission.detail)
}
