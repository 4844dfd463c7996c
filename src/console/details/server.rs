//! A server: who answers for it, what it uses, its limits, its runs.

use ratatui::text::Line;

use super::{clean, heading, moment, optional_row, pane, runs, seen, spark_row, subject};
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::widgets::paragraph::Lines;
use crate::console::{format, words};
use crate::model::account::FeedKind;
use crate::model::fleet::{Metric, SeriesOwner};
use crate::model::server::{Limits, Ownership, Server, Usage};

/// Everything about a server.
#[must_use]
pub fn lines(context: &ViewContext<'_>, server: &Server, cells: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines = pane(context, cells);
    subject(&mut lines, &server.name, words::server_state(server, context).span(), context);
    lines.row("address", server.address.as_deref().unwrap_or("not known"), theme.strong);
    owner(&mut lines, context, server);
    if let Some(cost) = &server.burn_per_hour {
        lines.row("cost", &format::money_per_hour(cost), theme.text);
    } else {
        lines.row("cost", "not known: no plan says what it costs", theme.muted);
    }
    usage(&mut lines, context, server);
    heading(&mut lines, "Limits", context);
    limits(&mut lines, context, &server.limits);
    identity(&mut lines, context, server);
    runs(&mut lines, context, &server.key);
    lines.finish()
}

fn owner(lines: &mut Lines, context: &ViewContext<'_>, server: &Server) {
    let theme = context.theme;
    let state = words::owner(&server.ownership, context);
    lines.row("owner", state.text().trim_start(), state.style);
    match &server.ownership {
        Ownership::Orphan { reason, since } => {
            lines.row("why", &clean(&words::orphan_reason(reason, context)), theme.text);
            lines.row("since", &moment(*since, context), theme.text);
            let keep = context.keymap.label(Action::KeepServer);
            let destroy = context.keymap.label(Action::DestroyServer);
            let advice = format!(
                "Nothing owns it and it may cost money: {destroy} destroys it, {keep} keeps it with a reason."
            );
            lines.row("what to do", &advice, theme.strong);
        }
        Ownership::Kept { reason, .. } => lines.row("reason", &clean(reason), theme.text),
        Ownership::Ambiguous(_) => lines.row(
            "what to do",
            "Its external id does not name the shop: set it to SHOP:ORDER on the panel, or write its number into its order.",
            theme.strong,
        ),
        Ownership::NoShop => lines.row(
            "why",
            "No orders database is configured for its panel: whether an order stands behind it is not known here.",
            theme.muted,
        ),
        Ownership::Order(_) | Ownership::Undecided => {}
    }
}

fn usage(lines: &mut Lines, context: &ViewContext<'_>, server: &Server) {
    let theme = context.theme;
    heading(lines, "Use", context);
    match &server.usage {
        None => lines.text("not read yet: it is asked while it is on screen", theme.muted),
        Some(usage) => usage_now(lines, context, usage, &server.limits),
    }
    let of = |metric| (SeriesOwner::Server(server.key.clone()), metric);
    spark_row(lines, context, "cpu", of(Metric::CpuPercent), cpu_top(&server.limits), format::percent);
    spark_row(lines, context, "memory", of(Metric::MemoryBytes), memory_top(&server.limits), bytes);
    spark_row(lines, context, "network", of(Metric::NetworkBytesPerSecond), None, format::bytes_per_second);
}

/// The scale of a server's CPU: its limit, where it has one.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a limit in percent is far below what f32 holds exactly")]
pub fn cpu_top(limits: &Limits) -> Option<f32> {
    (limits.cpu_percent > 0).then_some(limits.cpu_percent as f64 as f32)
}

/// The scale of a server's memory in bytes: its limit, where it has one.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a sparkline has eight heights")]
pub fn memory_top(limits: &Limits) -> Option<f32> {
    (limits.memory_mib > 0).then_some((limits.memory_mib as f64 * 1_048_576.0) as f32)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates; a negative reading is drawn as zero"
)]
fn bytes(value: f32) -> String {
    format::bytes(value as u64)
}

fn usage_now(lines: &mut Lines, context: &ViewContext<'_>, usage: &Usage, limits: &Limits) {
    let theme = context.theme;
    let age = format::age(context.now.millis_since(usage.observed_at));
    let memory = format!("{} of {}", format::bytes(usage.memory_bytes), format::mib_limit(limits.memory_mib));
    let now = format!("{} CPU, {memory} RAM ({age} ago)", format::percent(usage.cpu_percent));
    lines.row("now", &now, theme.text);
    lines.row(
        "disk",
        &format!("{} of {}", format::bytes(usage.disk_bytes), format::mib_limit(limits.disk_mib)),
        theme.text,
    );
    if usage.uptime_ms > 0 {
        let traffic = format!(
            "{} in, {} out",
            format::bytes(usage.network_rx_bytes),
            format::bytes(usage.network_tx_bytes)
        );
        lines.row("up for", &format!("{}, {traffic}", format::age(usage.uptime_ms)), theme.text);
    }
}

fn limits(lines: &mut Lines, context: &ViewContext<'_>, limits: &Limits) {
    let theme = context.theme;
    let cpu =
        if limits.cpu_percent == 0 { "unlimited".to_owned() } else { format!("{} %", limits.cpu_percent) };
    let swap = match limits.swap_mib {
        0 => "none".to_owned(),
        -1 => "unlimited".to_owned(),
        mib => format::mib(mib),
    };
    lines.row("memory", &format!("{}, swap {swap}", format::mib_limit(limits.memory_mib)), theme.text);
    lines.row("disk", &format::mib_limit(limits.disk_mib), theme.text);
    lines.row("cpu", &cpu, theme.text);
}

fn identity(lines: &mut Lines, context: &ViewContext<'_>, server: &Server) {
    let theme = context.theme;
    heading(lines, "Panel", context);
    let node =
        context.fleet.nodes.get(&server.node).map_or(server.node.id.as_str(), |node| node.name.as_str());
    lines.row("node", &clean(node), theme.text);
    lines.row("id", &format!("{} ({})", server.key.id, clean(&server.identifier)), theme.text);
    lines.row("uuid", &clean(&server.uuid), theme.text);
    optional_row(lines, "external id", server.external_id.as_deref(), context);
    lines.row("panel user", &server.panel_user_id.to_string(), theme.text);
    lines.row("egg", &server.egg_id.to_string(), theme.text);
    if let Some(at) = server.created_at {
        lines.row("created", &moment(at, context), theme.text);
    }
    let seen = seen(context, &server.key.account, FeedKind::Servers, server.observed_at);
    lines.row("seen", &moment(seen, context), theme.muted);
}
