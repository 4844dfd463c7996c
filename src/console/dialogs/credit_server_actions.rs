//! Actions on servers that burn credits: what their keys ask the engine to plan, and what may come to something.

use super::credit_server_form::{CreditServerForm, Question};
use crate::console::actions::Action;
use crate::console::component::{Effects, Loudness};
use crate::console::context::ViewContext;
use crate::model::action::ActionRequest;
use crate::model::credits::{CreditServer, CreditServerSignal, CreditServerStatus, Payer};
use crate::model::ids::ServerKey;

/// Whether the action is about these servers only: the others have none of it.
#[must_use]
pub fn is_one(action: Action) -> bool {
    matches!(action, Action::StartWithOwnCredits | Action::SetRam | Action::ExtendTime)
}

/// What the engine is asked to plan; nothing for what exaroton has not.
#[must_use]
pub fn request(action: Action, server: ServerKey) -> Option<ActionRequest> {
    let signal = match action {
        Action::StartServer => CreditServerSignal::Start { with_own_credits: false },
        Action::StartWithOwnCredits => CreditServerSignal::Start { with_own_credits: true },
        Action::StopServer => CreditServerSignal::Stop,
        Action::RestartServer => CreditServerSignal::Restart,
        _ => return None,
    };
    Some(ActionRequest::SignalCreditServer { server, signal })
}

/// Asks for the number that an action needs; says whether it needs one.
pub fn ask(action: Action, servers: &[ServerKey], context: &ViewContext<'_>, effects: &mut Effects) -> bool {
    let question = match action {
        Action::SetRam => Question::Ram,
        Action::ExtendTime => Question::Minutes,
        _ => return false,
    };
    let servers: Vec<ServerKey> =
        servers.iter().filter(|key| context.fleet.credit_servers.contains_key(*key)).cloned().collect();
    if servers.is_empty() {
        effects.notice(Loudness::Info, "only servers at exaroton have this");
    } else {
        effects.open(CreditServerForm::new(question, servers, context));
    }
    true
}

/// Whether the action may come to something for this server; the plan itself says so for sure.
#[must_use]
pub fn is_enabled(action: Action, server: &CreditServer) -> bool {
    let status = server.status;
    match action {
        Action::StartServer => status.is_stopped() || status.is_going_down(),
        Action::StartWithOwnCredits => {
            let is_own = matches!(&server.payer, Payer::Balance(key) if key.pool.is_none());
            !is_own && (status.is_stopped() || status.is_going_down())
        }
        Action::StopServer => !status.is_stopped() && !status.is_going_down(),
        Action::RestartServer | Action::ExtendTime => status == CreditServerStatus::Online,
        Action::SetRam | Action::AttachConsole => true,
        _ => false,
    }
}
