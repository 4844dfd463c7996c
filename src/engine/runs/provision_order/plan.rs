//! What provisioning an order would do: every check with its reason, and every parameter decided.

use std::collections::BTreeMap;

use super::Aim;
use crate::engine::observation::Observation;
use crate::engine::runs::environment::{Variable, complete_environment};
use crate::engine::runs::node_choice::{Need, choose_node};
use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::{OrdersAccount, Services};
use crate::model::action::{CheckOutcome, Confirmation, Parameters, ProvisionParameters, SeenClaim};
use crate::model::external_id::{self, Shops};
use crate::model::ids::{NodeKey, OrderKey};
use crate::model::node::Node;
use crate::model::order::{Order, OrderStatus, RegionNode, ShopPlan};
use crate::model::problem::Problem;
use crate::model::server::Limits;
use crate::providers::pterodactyl::{Egg, PanelClient};
use crate::providers::transport::Priority;

/// Longest server name the panel takes, characters.
const NAME_MAX: usize = 191;

/// Plans the provisioning of an order.
pub(super) async fn plan(services: &Services, key: &OrderKey, aim: Aim) -> Result<Draft, Problem> {
    let account = services.orders(&key.account)?;
    let Some(order) = account.0.read_order(&key.id).await? else {
        return Err(Problem::not_found(format!("orders database {} shows no order {}", key.account, key.id)));
    };
    services.fleet.observe(Observation::OneOrder(Box::new(order.clone())));
    let panel = services.panel(&account.1)?;
    let shops = services.shops_of(&account.1);
    let external_id = external_id(&shops, &order, panel).await?;
    let shop = account.0.read_offer(&order.plan).await?;
    let mut draft = Draft::titled(title(&order, None));
    match aim {
        Aim::Provision => check_order(services, &mut draft, &order),
        Aim::TakeOver => {
            draft.title = format!("take over and {}", draft.title);
            draft.confirmation = Confirmation::TypeName(order.id.to_string());
            check_claim(services, &mut draft, &order);
        }
    }
    let email = check_customer(&mut draft, &order);
    let Some(sold) = check_plan(&mut draft, &order, shop.plan.as_ref()) else { return Ok(draft) };
    let bought = Bought::of(&order, sold);
    let Some(egg) = check_egg(&mut draft, sold, panel).await? else { return Ok(draft) };
    let environment = check_environment(&mut draft, sold, &egg);
    let images = check_image(&mut draft, sold, &egg);
    let nodes = read_nodes(services, account, panel).await?;
    let node = check_node(&mut draft, &order, &bought, &shop.region_nodes, &nodes);
    check_leftover(&mut draft, &external_id, panel).await?;
    if shops.are_several() {
        check_unclear_leftover(&mut draft, services, &order, panel).await?;
    }
    draft.burn = sold.burn_per_hour().map_or(BurnChange::Unknown, BurnChange::Adds);
    let (Some(email), Some((node, node_reason)), Some((docker_image, startup))) = (email, node, images)
    else {
        return Ok(draft);
    };
    let node_name =
        nodes.iter().find(|known| known.key.id == node.to_string()).map(|node| node.name.as_str());
    let provisions = title(&order, node_name);
    draft.title = if aim == Aim::TakeOver { format!("take over and {provisions}") } else { provisions };
    draft.parameters = Parameters::Provision(Box::new(ProvisionParameters {
        orders_account: account.0.account().clone(),
        order: order.id.clone(),
        taken_over: (aim == Aim::TakeOver).then(|| SeenClaim { token: order.claim_token.clone() }),
        external_id,
        node: NodeKey { account: account.1.clone(), id: node.to_string() },
        node_reason,
        nest_id: egg.nest_id,
        egg_id: egg.id,
        docker_image,
        startup,
        environment,
        limits: bought.limits,
        io_weight: if sold.io_weight > 0 { sold.io_weight } else { 500 },
        databases: bought.databases,
        backups: bought.backups,
        allocations: bought.allocations,
        server_name: server_name(&order, sold),
        email,
        customer_name: order.customer.name.clone(),
        customer_external_id: shops.external_id(&order.account, &order.customer.user_id),
        customer_id: order.customer.user_id.clone(),
        panel_user_id: order.customer.panel_user_id,
    }));
    Ok(draft)
}

/// What the order's server carries: also what it was given while more shops sold on the panel than now.
async fn external_id(shops: &Shops, order: &Order, panel: &PanelClient) -> Result<String, Problem> {
    let qualified = external_id::qualified(&order.account, order.id.as_str());
    if !shops.are_several() && panel.server_by_external_id(&qualified, Priority::Run).await?.is_none() {
        return Ok(shops.external_id(&order.account, order.id.as_str()));
    }
    Ok(qualified)
}

fn title(order: &Order, node: Option<&str>) -> String {
    let who = order.customer.email.as_deref().unwrap_or("a customer without e-mail");
    let place = node.map_or_else(String::new, |node| format!(" on {node}"));
    format!("provision order {} for {who}{place}", order.id)
}

fn check_order(services: &Services, draft: &mut Draft, order: &Order) {
    let holder = order.claim_token.as_deref();
    match &order.status {
        OrderStatus::Paid => draft.pass("order", "paid"),
        OrderStatus::Error => {
            let why = order.error_message.as_deref().unwrap_or("no message");
            draft.warn("order", format!("in error: this tries again. It said: {why}"));
        }
        OrderStatus::Provisioning if holder.is_some_and(|token| services.is_ended_run(token)) => {
            draft.warn("order", "left claimed by a run of ours that ended: it is taken over");
        }
        OrderStatus::Provisioning => draft.refuse(
            "order",
            format!(
                "already being provisioned by {}; a claim that is stuck can be taken over",
                holder.unwrap_or("somebody who left no name")
            ),
        ),
        other => draft
            .refuse("order", format!("it is {other}: only paid orders and those in error are provisioned")),
    }
}

/// Whether the claim may be taken over: old enough, and of nobody who works on it here.
fn check_claim(services: &Services, draft: &mut Draft, order: &Order) {
    if order.status != OrderStatus::Provisioning {
        return draft
            .refuse("claim", format!("the order is {}: nobody holds it, provision it", order.status));
    }
    let holder = order.claim_token.as_deref();
    if holder.is_some_and(|token| services.is_ended_run(token)) {
        return draft.pass("claim", "left by a run of this engine that ended");
    }
    let is_working = holder.is_some_and(|token| {
        let run = token.into();
        services.fleet.read(|fleet| fleet.runs.get(&run).is_some_and(|run| !run.status.is_ended()))
    });
    let name = holder.map_or_else(|| "somebody who left no name".to_owned(), |token| format!("run {token}"));
    let claimed_at = order.claimed_at();
    let age_ms = services.now().millis_since(claimed_at);
    let (age, limit) = (minutes(age_ms), minutes(services.policy.claim_stuck_ms));
    if is_working {
        draft.refuse("claim", format!("{name} works on it in this engine: cancel that run instead"));
    } else if age_ms < services.policy.claim_stuck_ms {
        draft.refuse(
            "claim",
            format!("{name} claimed it {age} ago and may be working: it can be taken over after {limit}"),
        );
    } else {
        draft.warn(
            "claim",
            format!(
                "{name} claimed it {age} ago (at {claimed_at}) and did not finish: it loses the claim and, \
                 should it still live, stops at its next step"
            ),
        );
    }
}

fn minutes(millis: u64) -> String {
    format!("{} min", millis / 60_000)
}

fn check_customer(draft: &mut Draft, order: &Order) -> Option<String> {
    let email = order.customer.email.as_deref().map(str::trim).filter(|email| email.contains('@'));
    if email.is_none() {
        draft.refuse("customer", "no e-mail address: the panel needs one; add it in the shop");
    } else if order.customer.user_id.is_empty() {
        draft.refuse("customer", "the order names no customer");
        return None;
    } else {
        let user = match order.customer.panel_user_id {
            Some(id) => format!("linked to panel user {id}"),
            None => "the panel user is found or created".to_owned(),
        };
        draft.pass("customer", user);
    }
    email.map(str::to_owned)
}

fn check_plan<'a>(draft: &mut Draft, order: &Order, plan: Option<&'a ShopPlan>) -> Option<&'a ShopPlan> {
    match plan {
        None => draft.refuse("plan", format!("the shop has no plan {}", order.plan)),
        Some(plan) if !plan.is_active => {
            draft.warn("plan", format!("{} is not sold any more, but this order bought it", plan.name));
        }
        Some(plan) => draft
            .pass("plan", format!("{}: {} MiB memory, {} MiB disk", plan.name, plan.ram_mib, plan.disk_mib)),
    }
    plan
}

/// What the customer bought: the plan and its addons.
struct Bought {
    limits: Limits,
    databases: i64,
    backups: i64,
    allocations: i64,
}

impl Bought {
    fn of(order: &Order, plan: &ShopPlan) -> Self {
        let sum = |of: fn(&crate::model::order::Addon) -> i64| -> i64 { order.addons.iter().map(of).sum() };
        // Unlimited (0) stays unlimited whatever is bought on top.
        let more = |base: i64, extra: i64| if base == 0 { 0 } else { base.saturating_add(extra) };
        Self {
            limits: Limits {
                memory_mib: more(plan.ram_mib, sum(|addon| addon.ram_mib)),
                swap_mib: plan.swap_mib,
                disk_mib: more(plan.disk_mib, sum(|addon| addon.disk_mib)),
                cpu_percent: more(plan.cpu_percent, sum(|addon| addon.cpu_percent)),
            },
            databases: plan.databases.saturating_add(sum(|addon| addon.databases)),
            backups: plan.backups.saturating_add(sum(|addon| addon.backups)),
            allocations: plan.allocations.saturating_add(sum(|addon| addon.allocations)),
        }
    }
}

async fn check_egg(draft: &mut Draft, plan: &ShopPlan, panel: &PanelClient) -> Result<Option<Egg>, Problem> {
    let Some(id) = plan.egg_id else {
        draft.refuse("egg", format!("plan {} names no egg: set it in the shop", plan.name));
        return Ok(None);
    };
    let egg = panel.egg(id, Priority::Run).await?;
    match &egg {
        Some(egg) => draft.pass("egg", format!("{} (id {id})", egg.name)),
        None => {
            draft.refuse("egg", format!("the panel has no egg {id}: correct plan {} in the shop", plan.name));
        }
    }
    Ok(egg)
}

fn check_environment(draft: &mut Draft, plan: &ShopPlan, egg: &Egg) -> BTreeMap<String, String> {
    let variables: Vec<Variable<'_>> = egg
        .variables
        .iter()
        .map(|variable| Variable {
            name: &variable.name,
            key: &variable.env_variable,
            default_value: &variable.default_value,
            rules: &variable.rules,
        })
        .collect();
    let environment = complete_environment(&variables, &plan.environment);
    if !environment.faults.is_empty() {
        draft.refuse("variables", environment.faults.join("; "));
    } else if !environment.unknown.is_empty() {
        draft.warn("variables", format!("the egg does not know {}", environment.unknown.join(", ")));
    } else {
        draft.pass("variables", format!("{} set", environment.values.len()));
    }
    environment.values
}

fn check_image(draft: &mut Draft, plan: &ShopPlan, egg: &Egg) -> Option<(String, String)> {
    fn filled(text: Option<&str>) -> Option<String> {
        text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }
    let image = filled(plan.docker_image.as_deref())
        .or_else(|| filled(Some(&egg.docker_image)))
        .or_else(|| egg.docker_images.values().next().cloned());
    let startup = filled(plan.startup.as_deref()).or_else(|| filled(Some(&egg.startup)));
    match (image, startup) {
        (Some(image), Some(startup)) => {
            let is_known =
                egg.docker_images.is_empty() || egg.docker_images.values().any(|known| *known == image);
            let outcome = if is_known { CheckOutcome::Pass } else { CheckOutcome::Warn };
            let note = if is_known { "" } else { " (not among the egg's images)" };
            draft.check("image", outcome, format!("{image}{note}"));
            Some((image, startup))
        }
        (None, _) => {
            draft.refuse("image", "neither the plan nor the egg names a docker image");
            None
        }
        (_, None) => {
            draft.refuse("startup", "neither the plan nor the egg has a startup line");
            None
        }
    }
}

async fn read_nodes(
    services: &Services,
    account: &OrdersAccount,
    panel: &PanelClient,
) -> Result<Vec<Node>, Problem> {
    let asked_at = services.now();
    let nodes = panel.nodes(Priority::Run).await?;
    services.fleet.observe(Observation::Nodes { account: account.1.clone(), asked_at, nodes: nodes.clone() });
    Ok(nodes)
}

fn check_node(
    draft: &mut Draft,
    order: &Order,
    bought: &Bought,
    map: &[RegionNode],
    nodes: &[Node],
) -> Option<(i64, String)> {
    let need = Need {
        region: order.region.as_deref(),
        memory_mib: bought.limits.memory_mib,
        disk_mib: bought.limits.disk_mib,
    };
    let choice = choose_node(need, map, nodes);
    let region = order.region.as_deref().unwrap_or("any region");
    match choice.best() {
        Some((node, reason)) => {
            let others: Vec<&str> =
                choice.fitting.iter().skip(1).map(|(_, reason)| reason.as_str()).collect();
            let mut detail = format!("{region}: {reason}");
            for more in [others.join("; "), choice.rejections()] {
                if !more.is_empty() {
                    detail.push_str("; ");
                    detail.push_str(&more);
                }
            }
            draft.pass("node", detail);
            Some((node, reason.to_owned()))
        }
        None if choice.rejected.is_empty() => {
            draft.refuse("node", format!("the shop's map names no node for {region}"));
            None
        }
        None => {
            draft.refuse("node", format!("{region}: {}", choice.rejections()));
            None
        }
    }
}

/// A server with the order's id that stands already will be adopted, not doubled.
async fn check_leftover(draft: &mut Draft, external_id: &str, panel: &PanelClient) -> Result<(), Problem> {
    if let Some(server) = panel.server_by_external_id(external_id, Priority::Run).await? {
        draft.warn(
            "server",
            format!("{} ({}) carries this order's id already: it is adopted", server.name, server.key),
        );
    }
    Ok(())
}

/// A server with the order's bare id, made when one shop sold on the panel: whose it is only the orders that point at
/// servers tell. While none of them points at it, a second server might be created beside this order's own.
async fn check_unclear_leftover(
    draft: &mut Draft,
    services: &Services,
    order: &Order,
    panel: &PanelClient,
) -> Result<(), Problem> {
    let Some(server) = panel.server_by_external_id(order.id.as_str(), Priority::Run).await? else {
        return Ok(());
    };
    for shop in services.shops_of(panel.account()).iter().filter(|shop| **shop != order.account) {
        let other = services.orders(shop)?.0.read_order(&order.id).await?;
        if other.and_then(|other| other.panel_server_id).is_some_and(|id| id.to_string() == server.key.id) {
            return Ok(());
        }
    }
    let own = services.shops_of(panel.account()).external_id(&order.account, order.id.as_str());
    draft.refuse(
        "server",
        format!(
            "{} ({}) carries the id {} and nothing says which shop's order that is: if it is this one's, \
             set its external id to {own} on the panel; if not, to that of its own shop, or destroy it",
            server.name, server.key, order.id
        ),
    );
    Ok(())
}

fn server_name(order: &Order, plan: &ShopPlan) -> String {
    let wished = order.server_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = wished.map_or_else(|| format!("{} {}", plan.name, order.id), str::to_owned);
    name.chars().take(NAME_MAX).collect()
}
