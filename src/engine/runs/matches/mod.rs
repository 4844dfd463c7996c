//! Matches: rent a server, play, settle, destroy (`providers/dathost.md` §3, §4); and what is done to rented servers by hand.
//!
//! ```text
//! rent ─► set up (off) ─► create the match (boots it) ─► watch ─► settle ─► switch off ─► delete, see it gone
//! ```
//!
//! Two calls must never be repeated blindly: a second create leaves another server behind, a second match cancels the first.
//! [`decide`] says from what is seen whether a lost one happened (pure). Whatever happens from the rent on, the run ends with
//! the server gone, or calls a person. Must not: keep a password (they are read back from the provider), nor start a server.

pub mod decide;
mod delete;
mod off;
mod plan;
mod play;
mod rent;
mod server_actions;
mod set_up;
mod settings;
mod settle;
mod watch;

pub use server_actions::{DestroyServer, KeepServer};

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::matches::desk::Matches;
use crate::engine::matches::provider::MatchProvider;
use crate::model::action::{ActionRequest, MatchParameters};
use crate::model::matches::MatchRequest;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Timestamp;

use super::actions::{Action, StepDefinition};
use super::events::{Facts, MatchFacts};
use super::plan::Draft;
use super::services::Services;
use super::step::{Made, Scene};

/// The action.
pub struct RunMatch;

impl Action for RunMatch {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::RunMatch { request } = request else {
                return Err(Problem::refused("not a request for a match", ""));
            };
            plan::draft(services, request).await
        })
    }

    fn steps(&self, _: &ActionRequest) -> Vec<StepDefinition> {
        let plain = |name, title, step| StepDefinition { name, title, undo: "", step };
        vec![
            StepDefinition {
                name: "rent_server",
                title: "rent the server",
                undo: "switch it off, delete it and see it gone",
                step: Box::new(rent::RentServer),
            },
            plain("set_up_server", "make its settings while it is off", Box::new(set_up::SetUpServer)),
            StepDefinition {
                name: "create_match",
                title: "create the match, which boots the server",
                undo: "call the match off",
                step: Box::new(play::CreateMatch),
            },
            plain("watch_match", "watch it until it is over", Box::new(watch::WatchMatch)),
            // First of what follows the end: nothing that happens later can lose the result.
            plain("settle_match", "settle the result, once", Box::new(settle::SettleMatch)),
            plain("stop_server", "switch the server off and read what it cost", Box::new(off::SwitchOff)),
            plain("delete_server", "delete the server and see it gone", Box::new(delete::DeleteServer)),
        ]
    }
}

/// What every step of a match run works with.
struct Stage<'a> {
    matches: &'a Matches,
    provider: &'a Arc<dyn MatchProvider>,
    request: &'a MatchRequest,
    plan: &'a MatchParameters,
    facts: &'a MatchFacts,
}

impl<'a> Stage<'a> {
    fn of(scene: &'a Scene<'_>) -> Result<Self, Problem> {
        let ActionRequest::RunMatch { request } = &scene.run.plan.request else {
            return Err(missing("what was asked for"));
        };
        let matches = &scene.services.matches;
        Ok(Self {
            matches,
            provider: matches.provider(&request.account)?,
            request,
            plan: scene.match_plan()?,
            facts: &scene.facts.of_match,
        })
    }

    fn server(&self) -> Result<&'a str, Problem> {
        self.facts.server.as_deref().ok_or_else(|| missing("which server was rented"))
    }

    fn provider_match(&self) -> Result<(&'a str, Timestamp), Problem> {
        let id = self.facts.provider_match.as_deref();
        id.zip(self.facts.match_created_at).ok_or_else(|| missing("which match was created"))
    }
}

/// What a step of a match run found out, with a sentence.
fn made(facts: MatchFacts, detail: impl Into<String>) -> Made {
    Made { facts: Facts { of_match: facts, ..Facts::default() }, ..Made::saying(detail) }
}

/// An earlier step did not leave what a later one needs: a bug.
fn missing(what: &str) -> Problem {
    Problem {
        kind: ProblemKind::Malformed,
        fault: Fault::Internal,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("the journal does not say {what}"),
        advice: "look at the account's servers by hand".to_owned(),
    }
}
