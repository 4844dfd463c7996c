//! The actions that can be planned and run: one file each, one table here.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::model::action::ActionRequest;
use crate::model::problem::Problem;

use super::plan::Draft;
use super::services::Services;
use super::step::Step;
use super::{credit_servers, destroy, keep, matches, power, provision_order, reinstall, suspend};

/// A step of an action with its words.
pub struct StepDefinition {
    /// Stable name, as journaled.
    pub name: &'static str,
    /// What it does, for people.
    pub title: &'static str,
    /// What an undo of it does; empty for nothing.
    pub undo: &'static str,
    /// The step.
    pub step: Box<dyn Step>,
}

/// One kind of action.
pub trait Action: Send + Sync {
    /// Looks at the world and says what the action would do.
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>>;

    /// Its steps, in order.
    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition>;

    /// The step whose undo hands the target back even when everything else is kept.
    fn hand_back(&self) -> Option<usize> {
        None
    }
}

/// The action that a request asks for.
#[must_use]
pub fn of(request: &ActionRequest) -> &'static dyn Action {
    match request {
        ActionRequest::ProvisionOrder { .. } | ActionRequest::TakeOverOrder { .. } => {
            &provision_order::ProvisionOrder
        }
        ActionRequest::Power { .. } => &power::Power,
        ActionRequest::Suspend { .. } | ActionRequest::Unsuspend { .. } => &suspend::Suspend,
        ActionRequest::Reinstall { .. } => &reinstall::Reinstall,
        ActionRequest::Destroy { .. } => &destroy::Destroy,
        ActionRequest::Keep { .. } => &keep::Keep,
        ActionRequest::SignalCreditServer { .. } => &credit_servers::SignalServer,
        ActionRequest::SetCreditServerRam { .. } => &credit_servers::SetRam,
        ActionRequest::ExtendCreditServer { .. } => &credit_servers::ExtendAutoStop,
        ActionRequest::RunMatch { .. } => &matches::RunMatch,
        ActionRequest::DestroyMatchServer { .. } => &matches::DestroyServer,
        ActionRequest::KeepMatchServer { .. } => &matches::KeepServer,
    }
}
