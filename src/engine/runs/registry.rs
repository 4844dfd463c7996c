//! What the runner remembers between requests: plans that wait for approval, runs by plan, and locks on targets.
//!
//! Must not: await or touch disk; it is used under a short lock.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::{mpsc, watch};

use crate::model::action::{ActionPlan, Parameters};
use crate::model::ids::{PlanId, RunId};

use super::driver::CancelWish;
use super::step::Orders;

/// A way to reach the driver of a run that goes on.
#[derive(Clone)]
pub struct LiveRun {
    /// Where cancel wishes go.
    pub cancels: mpsc::Sender<CancelWish>,
    /// Where it is told to leave.
    pub orders: watch::Sender<Orders>,
    /// What it keeps others from touching.
    pub locks: Vec<String>,
}

/// Plans, runs and locks.
#[derive(Default)]
pub struct Registry {
    plans: BTreeMap<PlanId, ActionPlan>,
    plan_order: VecDeque<PlanId>,
    run_of_plan: BTreeMap<PlanId, RunId>,
    live: BTreeMap<RunId, LiveRun>,
}

impl Registry {
    /// Keeps a plan; when `kept` are kept already, the oldest is dropped.
    pub fn keep_plan(&mut self, plan: ActionPlan, kept: usize) {
        self.plan_order.push_back(plan.id.clone());
        self.plans.insert(plan.id.clone(), plan);
        while self.plan_order.len() > kept.max(1) {
            if let Some(oldest) = self.plan_order.pop_front() {
                self.plans.remove(&oldest);
            }
        }
    }

    /// A plan that waits.
    #[must_use]
    pub fn plan(&self, id: &PlanId) -> Option<&ActionPlan> {
        self.plans.get(id)
    }

    /// The run that carries a plan out, also when it is over.
    #[must_use]
    pub fn run_of(&self, plan: &PlanId) -> Option<&RunId> {
        self.run_of_plan.get(plan)
    }

    /// Remembers which run carries a plan out.
    pub fn remember(&mut self, plan: PlanId, run: RunId) {
        self.run_of_plan.insert(plan, run);
    }

    /// The run that holds one of these locks.
    #[must_use]
    pub fn holder(&self, locks: &[String]) -> Option<&RunId> {
        let holds = |live: &LiveRun| live.locks.iter().any(|lock| locks.contains(lock));
        self.live.iter().find(|(_, live)| holds(live)).map(|(run, _)| run)
    }

    /// Adds a run that goes on.
    pub fn begin(&mut self, run: RunId, live: LiveRun) {
        self.live.insert(run, live);
    }

    /// A run that goes on.
    #[must_use]
    pub fn live(&self, run: &RunId) -> Option<&LiveRun> {
        self.live.get(run)
    }

    /// Every run that goes on.
    pub fn all_live(&self) -> impl Iterator<Item = &LiveRun> {
        self.live.values()
    }

    /// Removes a run that is over (or stands still) and frees its target.
    pub fn end(&mut self, run: &RunId) {
        self.live.remove(run);
    }
}

/// What a run of this plan keeps others from touching: its target, and what carries the same external id on the panel (a
/// server is not destroyed while its order is being provisioned). Many matches may run at once, each under its own id.
#[must_use]
pub fn locks_of(plan: &ActionPlan) -> Vec<String> {
    if let Parameters::Match(wanted) = &plan.parameters {
        return vec![format!("match/{}", wanted.match_id)];
    }
    let carried = match &plan.parameters {
        Parameters::Server(server) => {
            server.external_id.as_ref().map(|external_id| (&server.server.account, external_id))
        }
        Parameters::Provision(wanted) => Some((&wanted.node.account, &wanted.external_id)),
        Parameters::CreditServer(_)
        | Parameters::Match(_)
        | Parameters::Rented(_)
        | Parameters::Undecided => None,
    };
    let carried = carried.map(|(panel, external_id)| format!("external/{panel}/{external_id}"));
    std::iter::once(plan.request.target()).chain(carried).collect()
}
