//! An order: what is wrong with it first, then order, customer, server, plan, addons, Stripe ids and every run.

use ratatui::text::{Line, Span};

use super::{clean, heading, moment, optional_row, pane, run, subject};
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::widgets::paragraph::Lines;
use crate::console::{format, words};
use crate::model::fleet::OrderEntry;
use crate::model::ids::OrderKey;
use crate::model::order::{Addon, Order, ShopPlan};
use crate::model::run::Run;

/// Runs of an order shown with all their steps; older ones take a line each.
const RUNS_IN_FULL: usize = 3;

/// Everything about an order.
#[must_use]
pub fn lines(context: &ViewContext<'_>, entry: &OrderEntry, cells: usize) -> Vec<Line<'static>> {
    let mut lines = pane(context, cells);
    let state = words::order_status(&entry.order.status, context);
    subject(
        &mut lines,
        &format!("Order {}", context.fleet.order_name(&entry.order.key())),
        state.span(),
        context,
    );
    trouble(&mut lines, context, entry);
    order(&mut lines, context, &entry.order);
    server(&mut lines, context, entry);
    plan(&mut lines, context, &entry.order);
    addons(&mut lines, context, &entry.order.addons);
    stripe(&mut lines, context, &entry.order);
    runs(&mut lines, context, &entry.order.key());
    lines.finish()
}

/// The runs that worked on an order, newest first.
pub fn runs_of<'a>(context: &ViewContext<'a>, id: &OrderKey) -> Vec<&'a Run> {
    let target = format!("order/{id}");
    context.fleet.runs.values().rev().filter(|run| run.plan.request.target() == target).collect()
}

fn trouble(lines: &mut Lines, context: &ViewContext<'_>, entry: &OrderEntry) {
    let theme = context.theme;
    let Some(trouble) = &entry.trouble else {
        if let Some(message) = &entry.order.error_message {
            lines.row("last message", &clean(message), theme.muted);
        }
        return;
    };
    lines.row("stuck", &clean(&words::order_trouble(entry, context.now)), theme.bad);
    let key = |action| context.keymap.label(action);
    let advice = words::order_advice(trouble, &key(Action::ProvisionOrder), &key(Action::RetryOrder));
    lines.row("what to do", &advice, theme.strong);
}

fn order(lines: &mut Lines, context: &ViewContext<'_>, order: &Order) {
    let theme = context.theme;
    heading(lines, "Order", context);
    if let Some(at) = order.created_at {
        lines.row("placed", &moment(at, context), theme.text);
    }
    if let Some(at) = order.updated_at {
        lines.row("changed", &moment(at, context), theme.text);
    }
    if let Some(amount) = &order.amount {
        lines.row("amount", &format::money(amount), theme.text);
    }
    optional_row(lines, "region", order.region.as_deref(), context);
    optional_row(lines, "server name", order.server_name.as_deref(), context);
    optional_row(lines, "claimed by", order.claim_token.as_deref(), context);
    lines.row("database", order.account.as_str(), theme.muted);
    heading(lines, "Customer", context);
    optional_row(lines, "name", order.customer.name.as_deref(), context);
    match order.customer.email.as_deref().filter(|email| !email.is_empty()) {
        Some(email) => lines.row("e-mail", &clean(email), theme.text),
        None => lines.row("e-mail", "none: provisioning needs one", theme.warning),
    }
    optional_row(lines, "shop user", Some(&order.customer.user_id), context);
    let user = order.customer.panel_user_id.map(|id| id.to_string());
    lines.row("panel user", user.as_deref().unwrap_or("not linked yet"), theme.text);
}

fn server(lines: &mut Lines, context: &ViewContext<'_>, entry: &OrderEntry) {
    let theme = context.theme;
    heading(lines, "Server", context);
    let found = entry.server.as_ref().and_then(|key| context.fleet.servers.get(key));
    if let Some(server) = found {
        let state = words::server_state(&server, context);
        lines.row_of(
            "name",
            vec![Span::styled(clean(&server.name), theme.text), Span::raw("  "), state.span()],
        );
        lines.row("address", server.address.as_deref().unwrap_or("not known"), theme.strong);
        let node =
            context.fleet.nodes.get(&server.node).map_or(server.node.id.as_str(), |node| node.name.as_str());
        lines.row("node", &clean(node), theme.text);
        if let Some(cost) = &server.burn_per_hour {
            lines.row("cost", &format::money_per_hour(cost), theme.text);
        }
    } else if let Some(id) = entry.order.panel_server_id {
        let identifier = entry.order.panel_identifier.as_deref().unwrap_or("?");
        lines.row("panel id", &format!("{id} ({identifier}): not found on the panel"), theme.bad);
    } else {
        lines.row("", "none yet", theme.muted);
    }
}

fn plan(lines: &mut Lines, context: &ViewContext<'_>, order: &Order) {
    let theme = context.theme;
    heading(lines, "Plan", context);
    let Some(plan) = context.fleet.shop_plans.get(&order.plan_key()) else {
        lines.row("id", &format!("{}: not in the shop's plans", order.plan), theme.warning);
        return;
    };
    lines.row("name", &clean(&plan.name), theme.text);
    lines.row("size", &size(plan), theme.text);
    if let Some(price) = &plan.price {
        lines.row("price", &format!("{} a month", format::money(price)), theme.text);
    }
    match plan.egg_id {
        Some(egg) => lines.row("egg", &egg.to_string(), theme.text),
        None => lines.row("egg", "none: the plan cannot be provisioned", theme.bad),
    }
}

fn size(plan: &ShopPlan) -> String {
    let cpu = if plan.cpu_percent == 0 { "unlimited".to_owned() } else { format!("{} %", plan.cpu_percent) };
    format!("{} RAM, {} disk, {cpu} CPU", format::mib_limit(plan.ram_mib), format::mib_limit(plan.disk_mib))
}

fn addons(lines: &mut Lines, context: &ViewContext<'_>, addons: &[Addon]) {
    if addons.is_empty() {
        return;
    }
    heading(lines, "Addons", context);
    for addon in addons {
        lines.row(&clean(&addon.name), &addition(addon), context.theme.text);
    }
}

/// What an addon adds, without what it does not.
fn addition(addon: &Addon) -> String {
    let sizes = [(addon.ram_mib, "RAM"), (addon.disk_mib, "disk")]
        .into_iter()
        .filter(|(size, _)| *size != 0)
        .map(|(size, what)| format!("+{} {what}", format::mib(size)));
    let cpu = (addon.cpu_percent != 0).then(|| format!("+{} % CPU", addon.cpu_percent));
    let counts = [(addon.backups, "backup"), (addon.databases, "database"), (addon.allocations, "port")]
        .into_iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, what)| format!("+{}", format::count(usize::try_from(count).unwrap_or(0), what)));
    let parts: Vec<String> = sizes.chain(cpu).chain(counts).collect();
    if parts.is_empty() { "adds no size".to_owned() } else { parts.join(", ") }
}

fn stripe(lines: &mut Lines, context: &ViewContext<'_>, order: &Order) {
    let ids = [
        ("checkout", &order.stripe.checkout_session),
        ("subscription", &order.stripe.subscription),
        ("payment", &order.stripe.payment_intent),
        ("customer", &order.stripe.customer),
    ];
    if ids.iter().all(|(_, id)| id.is_none()) {
        return;
    }
    heading(lines, "Stripe", context);
    for (label, id) in ids {
        optional_row(lines, label, id.as_deref(), context);
    }
}

fn runs(lines: &mut Lines, context: &ViewContext<'_>, id: &OrderKey) {
    let theme = context.theme;
    heading(lines, "Runs", context);
    let runs = runs_of(context, id);
    if runs.is_empty() {
        lines.text("none known: nothing was tried here yet", theme.muted);
    }
    for (index, run) in runs.iter().enumerate() {
        if index > 0 {
            lines.gap();
        }
        let elapsed = format::elapsed(words::run_elapsed_ms(run, context.known_at()));
        lines.line(Line::from(vec![
            words::run_status(run.status, context).span(),
            Span::styled(
                format!("  {} in {elapsed} by {}", moment(run.started_at, context), run.by),
                theme.muted,
            ),
        ]));
        if index < RUNS_IN_FULL {
            run::outcome(lines, context, run);
            run::steps(lines, context, run);
        }
    }
}
