//! The words, glyphs and styles of states: the same word for the same thing on every screen, and never colour alone.

pub mod matches;

use ratatui::style::Style;
use ratatui::text::Span;

use super::context::ViewContext;
use super::format;
use crate::link::packed::PackedFleet;
use crate::model::action::{ActionRequest, CheckOutcome};
use crate::model::balance_view::BalanceView;
use crate::model::credits::{CreditServerStatus, Payer};
use crate::model::finding::Severity;
use crate::model::fleet::{OrderEntry, OrderTrouble};
use crate::model::game_server::{GameServer, GameServerState};
use crate::model::ids::ServerKey;
use crate::model::order::OrderStatus;
use crate::model::run::{Run, RunStatus, StepStatus};
use crate::model::sanitise::clean;
use crate::model::server::{OrphanReason, Ownership, PowerState, Server, ServerStatus};
use crate::model::spend::{Alert, AlertKey, AlertLevel, BURN_WINDOWS};
use crate::model::time::Timestamp;

/// A state as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// One cell.
    pub glyph: &'static str,
    /// The word.
    pub word: String,
    /// The style of both.
    pub style: Style,
}

impl State {
    /// Glyph and word as one text: `● running`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {}", self.glyph, self.word)
    }

    /// Glyph and word in their style.
    #[must_use]
    pub fn span(&self) -> Span<'static> {
        Span::styled(self.text(), self.style)
    }
}

fn state(glyph: &'static str, word: &str, style: Style) -> State {
    State { glyph, word: word.to_owned(), style }
}

/// An order's status.
#[must_use]
pub fn order_status(status: &OrderStatus, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match status {
        OrderStatus::Pending | OrderStatus::Canceled => (glyphs.stopped, theme.muted),
        OrderStatus::Paid => (glyphs.pending, theme.info),
        OrderStatus::Provisioning => (glyphs.pending, theme.accent),
        OrderStatus::Provisioned => (glyphs.good, theme.good),
        OrderStatus::Error => (glyphs.bad, theme.bad),
        OrderStatus::Other(_) => (glyphs.unknown, theme.warning),
    };
    state(glyph, status.word(), style)
}

/// What a server does now: the panel's word when it says more than "ready", else the daemon's.
#[must_use]
pub fn server_state(server: &Server, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match &server.status {
        ServerStatus::Ready => return power_state(server.power, context),
        ServerStatus::Installing | ServerStatus::RestoringBackup => (glyphs.pending, theme.accent),
        ServerStatus::InstallFailed | ServerStatus::ReinstallFailed => (glyphs.bad, theme.bad),
        ServerStatus::Suspended => (glyphs.stopped, theme.warning),
        ServerStatus::Other(_) => (glyphs.unknown, theme.warning),
    };
    state(glyph, server.status.word(), style)
}

/// A process state.
#[must_use]
pub fn power_state(power: PowerState, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match power {
        PowerState::Unknown => (glyphs.unknown, theme.muted),
        PowerState::Offline => (glyphs.stopped, theme.muted),
        PowerState::Starting | PowerState::Stopping => (glyphs.pending, theme.accent),
        PowerState::Running => (glyphs.running, theme.good),
    };
    state(glyph, power.word(), style)
}

/// What a server that burns credits does now, in its provider's words.
#[must_use]
pub fn credit_server_state(status: CreditServerStatus, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match status {
        CreditServerStatus::Crashed => (glyphs.bad, theme.bad),
        CreditServerStatus::Unknown(_) => (glyphs.unknown, theme.warning),
        CreditServerStatus::Online => (glyphs.running, theme.good),
        CreditServerStatus::Offline => (glyphs.stopped, theme.muted),
        _ => (glyphs.pending, theme.accent),
    };
    state(glyph, &status.to_string(), style)
}

/// Whose credits a server burns.
#[must_use]
pub fn payer(payer: &Payer, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    match payer {
        Payer::Undecided => state(glyphs.unknown, "not known yet", theme.muted),
        Payer::Owner => state(glyphs.info, "its owner", theme.info),
        Payer::Balance(key) => {
            let view = context.fleet.balances.get(key);
            let name = view.map_or_else(|| clean(&key.to_string()).into_owned(), balance_name);
            state(" ", &name, theme.text)
        }
    }
}

/// The state of a rented game server.
#[must_use]
pub fn game_server_state(server: &GameServer, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match server.state {
        _ if !server.error.is_empty() => (glyphs.bad, theme.bad),
        GameServerState::On => (glyphs.running, theme.good),
        GameServerState::Off => (glyphs.stopped, theme.muted),
        GameServerState::Booting => (glyphs.pending, theme.accent),
    };
    state(glyph, &server.state.to_string(), style)
}

/// The name of a balance: as its account is configured, and the pool's own.
#[must_use]
pub fn balance_name(view: &BalanceView) -> String {
    let account = clean(view.balance.key.account.as_str());
    match &view.balance.key.pool {
        Some(_) => format!("{account}/{}", clean(&view.balance.name)),
        None => account.into_owned(),
    }
}

/// What an alert is about: a balance, or the budget over a window.
#[must_use]
pub fn alert_subject(key: &AlertKey, context: &ViewContext<'_>) -> String {
    match key {
        AlertKey::BudgetBurn(window) => {
            let name = BURN_WINDOWS.get(usize::from(*window)).map_or("?", |window| window.name);
            format!("budget, {name}")
        }
        AlertKey::Runway(key) | AlertKey::Mismatch(key) | AlertKey::Step(key) => {
            let view = context.fleet.balances.get(key);
            view.map_or_else(|| clean(&key.to_string()).into_owned(), balance_name)
        }
    }
}

/// The word of an alert's level.
#[must_use]
pub fn level_word(level: AlertLevel) -> &'static str {
    match level {
        AlertLevel::Warning => "warning",
        AlertLevel::Critical => "critical",
    }
}

/// An alert's level; a silenced one is no news.
#[must_use]
pub fn alert_level(alert: &Alert, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match alert.level {
        _ if alert.is_silenced(context.now) => (glyphs.stopped, theme.muted),
        AlertLevel::Critical => (glyphs.bad, theme.bad),
        AlertLevel::Warning => (glyphs.warning, theme.warning),
    };
    state(glyph, level_word(alert.level), style)
}

/// Who answers for a server, in a few words for a column.
#[must_use]
pub fn owner(ownership: &Ownership, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    match ownership {
        Ownership::Undecided => state(glyphs.unknown, "not decided yet", theme.muted),
        Ownership::Order(order) => {
            state(" ", &format!("order {}", context.fleet.order_name(order)), theme.text)
        }
        Ownership::NoShop => state(" ", "no shop connected", theme.muted),
        Ownership::Ambiguous(orders) => state(
            glyphs.unknown,
            &format!("UNCLEAR {}", orders.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")),
            theme.warning,
        ),
        Ownership::Kept { by, .. } => state(glyphs.info, &format!("kept by {by}"), theme.info),
        Ownership::Orphan { reason, .. } => {
            state(glyphs.bad, &format!("ORPHAN {}", orphan_cause(reason, context)), theme.bad)
        }
    }
}

/// Why nothing owns a server, the telling word first: a narrow column cuts only the order's id.
fn orphan_cause(reason: &OrphanReason, context: &ViewContext<'_>) -> String {
    let name = |order| context.fleet.order_name(order);
    match reason {
        OrphanReason::NoOwner => "no order".to_owned(),
        OrphanReason::OrderMissing(id) => format!("missing {id}"),
        OrphanReason::OrderNotLive(order, status) => format!("{status} {}", name(order)),
        OrphanReason::OrderHasAnother(order) => format!("doubled {}", name(order)),
    }
}

/// Why nothing owns a server, as half a sentence.
#[must_use]
pub fn orphan_reason(reason: &OrphanReason, context: &ViewContext<'_>) -> String {
    let name = |order| context.fleet.order_name(order);
    match reason {
        OrphanReason::NoOwner => "no order names it".to_owned(),
        OrphanReason::OrderMissing(id) => format!("order {id} does not exist"),
        OrphanReason::OrderNotLive(order, status) => format!("order {} is {status}", name(order)),
        OrphanReason::OrderHasAnother(order) => format!("order {} has another server", name(order)),
    }
}

/// A run's status.
#[must_use]
pub fn run_status(status: RunStatus, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match status {
        RunStatus::Running => (glyphs.pending, theme.accent),
        RunStatus::Undoing => (glyphs.pending, theme.warning),
        RunStatus::Succeeded => (glyphs.good, theme.good),
        RunStatus::Failed => (glyphs.bad, theme.bad),
        RunStatus::Canceled => (glyphs.stopped, theme.muted),
        RunStatus::NeedsOperator => (glyphs.warning, theme.bad),
    };
    state(glyph, status.word(), style)
}

/// A step's status.
#[must_use]
pub fn step_status(status: StepStatus, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    match status {
        StepStatus::Waiting => state(glyphs.stopped, "waiting", theme.muted),
        StepStatus::Acting => state(glyphs.pending, "acting", theme.accent),
        StepStatus::Done => state(glyphs.good, "done", theme.good),
        StepStatus::Failed => state(glyphs.bad, "failed", theme.bad),
        StepStatus::Undone => state(glyphs.stopped, "undone", theme.warning),
        StepStatus::UndoFailed => state(glyphs.bad, "undo failed", theme.bad),
        StepStatus::Skipped => state(glyphs.separator, "skipped", theme.muted),
    }
}

/// How a check of a plan came out.
#[must_use]
pub fn check_outcome(outcome: CheckOutcome, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    match outcome {
        CheckOutcome::Pass => state(glyphs.good, "ok", theme.good),
        CheckOutcome::Warn => state(glyphs.warning, "warning", theme.warning),
        CheckOutcome::Refuse => state(glyphs.bad, "refused", theme.bad),
    }
}

/// How bad a finding is.
#[must_use]
pub fn severity(severity: Severity, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    match severity {
        Severity::Ok => state(glyphs.good, "ok", theme.good),
        Severity::Info => state(glyphs.info, "info", theme.info),
        Severity::Warning => state(glyphs.warning, "warning", theme.warning),
        Severity::Error => state(glyphs.bad, "error", theme.bad),
    }
}

/// Since when an order is in its state, as well as the row says.
#[must_use]
pub fn order_since(entry: &OrderEntry) -> Option<Timestamp> {
    entry.order.updated_at.or(entry.order.created_at)
}

/// Why an order stands out, in a few words for a column; empty when it does not.
#[must_use]
pub fn order_trouble(entry: &OrderEntry, now: Timestamp) -> String {
    let age = order_since(entry).map(|at| format::age_short(now.millis_since(at)).replace(' ', ""));
    let since = |word: &str| age.as_ref().map_or_else(|| word.to_owned(), |age| format!("{word} {age} ago"));
    match entry.trouble {
        None => String::new(),
        Some(OrderTrouble::PaidTooLong) => format!("{}, unclaimed", since("paid")),
        Some(OrderTrouble::ProvisioningTooLong) => {
            let by = entry.order.claim_token.as_deref().map_or_else(|| "nobody named".to_owned(), short_run);
            format!("{} by {by}, stuck", since("claimed"))
        }
        Some(OrderTrouble::InError) => {
            entry.order.error_message.clone().unwrap_or_else(|| "in error, no message".to_owned())
        }
        Some(OrderTrouble::ServerGone) => "its server is gone".to_owned(),
    }
}

/// A run's id, shortened to the end that tells runs apart.
fn short_run(id: &str) -> String {
    const KEPT: usize = 6;
    let length = id.chars().count();
    if length <= KEPT {
        id.to_owned()
    } else {
        format!("…{}", id.chars().skip(length - KEPT).collect::<String>())
    }
}

/// The run that works on this target now, if one does.
#[must_use]
pub fn active_run<'a>(fleet: &'a PackedFleet, target: &str) -> Option<&'a Run> {
    fleet.runs.values().rev().find(|run| !run.status.is_ended() && run.plan.request.target() == target)
}

/// A run's progress in a few words for a column: `3/9 wait until installed`.
#[must_use]
pub fn run_progress(run: &Run) -> String {
    let (done, all) = run.progress();
    let waits = run.acting().map_or("", |step| step.title.as_str());
    if run.status == RunStatus::Undoing {
        format!("undoing: {waits}")
    } else {
        format!("{done}/{all} {waits}")
    }
}

/// What to do about an order that stands out.
#[must_use]
pub fn order_advice(trouble: &OrderTrouble, provision_key: &str, retry_key: &str) -> String {
    match trouble {
        OrderTrouble::PaidTooLong => format!("Press {provision_key} to see the plan and provision it."),
        OrderTrouble::ProvisioningTooLong => format!(
            "Whoever claimed it is not working on it here. If no other engine is, press {retry_key} to take it over: what it made is adopted."
        ),
        OrderTrouble::InError => format!("Mend the cause, then press {retry_key} to try again."),
        OrderTrouble::ServerGone => format!(
            "Somebody deleted the server at the panel. Press {provision_key} to see whether it can be made again, or cancel the order in the shop."
        ),
    }
}

/// How long a run has taken, or took.
#[must_use]
pub fn run_elapsed_ms(run: &Run, now: Timestamp) -> u64 {
    run.ended_at.unwrap_or(now).millis_since(run.started_at)
}

/// What a run waits for, in one line; for an ended one what came of it.
#[must_use]
pub fn run_waits_for(run: &Run) -> String {
    if let Some(problem) = &run.problem {
        return problem.message.clone();
    }
    if let Some(step) = run.acting() {
        let attempts =
            if step.attempts > 1 { format!(" (attempt {})", step.attempts) } else { String::new() };
        let detail = if step.detail.is_empty() { String::new() } else { format!(": {}", step.detail) };
        return format!("{}{detail}{attempts}", step.title);
    }
    run.result.clone().unwrap_or_default()
}

/// What an action does, as the label of its confirm button: `provision`, `destroy`.
#[must_use]
pub fn verb(request: &ActionRequest) -> &'static str {
    if matches!(request, ActionRequest::TakeOverOrder { .. }) {
        return "take over";
    }
    let name = request.name();
    name.split_once('_').map_or(name, |(verb, _)| verb)
}

/// A server's name, or its key when it is not known.
#[must_use]
pub fn server_name(fleet: &PackedFleet, key: &ServerKey) -> String {
    let burns_credits = || fleet.credit_servers.get(key).map(|server| server.name.clone());
    let name = fleet.servers.get(key).map(|server| server.name.clone()).or_else(burns_credits);
    name.unwrap_or_else(|| format!("server {key}"))
}
