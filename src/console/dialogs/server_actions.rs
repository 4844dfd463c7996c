//! Actions on servers: the same keys do the same in the lists, on an order and in the console of a server.

use crate::console::actions::Action;
use crate::console::component::{Effects, Loudness};
use crate::console::context::ViewContext;
use crate::console::dialogs::{credit_server_actions, keep, plan};
use crate::console::server_console::ServerConsole;
use crate::model::action::ActionRequest;
use crate::model::ids::ServerKey;
use crate::model::problem::ProblemKind;
use crate::model::run::Run;
use crate::model::server::{PowerSignal, PowerState, ServerStatus};

/// Whether the action is about servers.
#[must_use]
pub fn is_one(action: Action) -> bool {
    matches!(action, Action::AttachConsole | Action::KeepServer)
        || signal(action).is_some()
        || is_lasting(action)
        || credit_server_actions::is_one(action)
}

fn is_lasting(action: Action) -> bool {
    matches!(
        action,
        Action::SuspendServer
            | Action::UnsuspendServer
            | Action::ReinstallServer
            | Action::DestroyServer
            | Action::ForceDestroy
    )
}

fn signal(action: Action) -> Option<PowerSignal> {
    match action {
        Action::StartServer => Some(PowerSignal::Start),
        Action::StopServer => Some(PowerSignal::Stop),
        Action::RestartServer => Some(PowerSignal::Restart),
        Action::KillServer => Some(PowerSignal::Kill),
        _ => None,
    }
}

/// What the engine is asked to plan.
fn request(action: Action, server: ServerKey, context: &ViewContext<'_>) -> Option<ActionRequest> {
    if context.fleet.credit_servers.contains_key(&server) {
        return credit_server_actions::request(action, server);
    }
    if let Some(signal) = signal(action) {
        return Some(ActionRequest::Power { server, signal });
    }
    match action {
        Action::SuspendServer => Some(ActionRequest::Suspend { server }),
        Action::UnsuspendServer => Some(ActionRequest::Unsuspend { server }),
        Action::ReinstallServer => Some(ActionRequest::Reinstall { server }),
        Action::DestroyServer => Some(ActionRequest::Destroy { server, is_forced: false }),
        Action::ForceDestroy => Some(ActionRequest::Destroy { server, is_forced: true }),
        _ => None,
    }
}

/// Whether the last attempt to destroy the server failed because its node's daemon did: only then force is offered.
fn needs_force(server: &ServerKey, context: &ViewContext<'_>) -> bool {
    let is_destroy = |run: &&Run| matches!(&run.plan.request, ActionRequest::Destroy { server: target, .. } if target == server);
    let last = context.fleet.runs.values().filter(is_destroy).max_by_key(|run| run.started_at);
    last.and_then(|run| run.problem.as_ref()).is_some_and(|problem| problem.kind == ProblemKind::Daemon)
}

/// Does the action for these servers: opens the plan, the console or the question why to keep one.
pub fn perform(action: Action, servers: &[ServerKey], context: &ViewContext<'_>, effects: &mut Effects) {
    let Some(first) = servers.first() else {
        effects.notice(Loudness::Info, "there is no server here");
        return;
    };
    match action {
        Action::AttachConsole => effects.open(ServerConsole::new(first.clone())),
        Action::ForceDestroy if !servers.iter().any(|server| needs_force(server, context)) => {
            effects.notice(Loudness::Info, "force is for servers whose destroy failed at the node's daemon");
        }
        Action::KeepServer => effects.open(keep::KeepDialog::new(first.clone())),
        _ if credit_server_actions::ask(action, servers, context, effects) => {}
        _ => {
            let requests: Vec<ActionRequest> = servers
                .iter()
                .filter(|server| action != Action::ForceDestroy || needs_force(server, context))
                .filter_map(|server| request(action, server.clone(), context))
                .collect();
            if requests.is_empty() {
                effects.notice(Loudness::Info, format!("{} is nothing for this server", action.spec().label));
            }
            plan::open(requests, context, effects);
        }
    }
}

/// Whether the action may come to something for any of these servers; the plan itself says so for sure.
#[must_use]
pub fn is_enabled(action: Action, servers: &[ServerKey], context: &ViewContext<'_>) -> bool {
    let burning = servers.iter().filter_map(|key| context.fleet.credit_servers.get(key));
    let may_burn = burning.into_iter().any(|server| credit_server_actions::is_enabled(action, server));
    may_burn
        || servers.iter().filter_map(|key| context.fleet.servers.get(key)).any(|server| {
            let is_suspended = server.status == ServerStatus::Suspended;
            match action {
                Action::StartServer => !is_suspended && server.power != PowerState::Running,
                Action::StopServer | Action::KillServer => server.power != PowerState::Offline,
                Action::RestartServer | Action::SuspendServer => !is_suspended,
                Action::UnsuspendServer => is_suspended,
                Action::ForceDestroy => needs_force(&server.key, context),
                Action::KeepServer => {
                    matches!(server.ownership, crate::model::server::Ownership::Orphan { .. })
                }
                _ => !credit_server_actions::is_one(action),
            }
        })
}
