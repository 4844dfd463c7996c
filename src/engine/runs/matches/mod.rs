//! Matches: rent a server, play, settle, destroy. Nothing of it is connected yet: every plan is refused.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::model::action::ActionRequest;
use crate::model::problem::Problem;

use super::actions::{Action, StepDefinition};
use super::plan::Draft;
use super::services::Services;

/// The actions on matches and their servers.
pub struct Matches;

impl Action for Matches {
    fn plan<'a>(
        &'a self,
        _services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        let mut draft = Draft::titled(title(request));
        if let ActionRequest::RunMatch { request } = request {
            for fault in request.faults() {
                draft.refuse("request", fault);
            }
        }
        draft.refuse("provider", "matches are not connected yet");
        Box::pin(std::future::ready(Ok(draft)))
    }

    fn steps(&self, _request: &ActionRequest) -> Vec<StepDefinition> {
        Vec::new()
    }
}

fn title(request: &ActionRequest) -> String {
    match request {
        ActionRequest::RunMatch { request } => format!("play {} on {}", request.kind(), request.map),
        other => format!("{} {}", other.name().replace('_', " "), other.target()),
    }
}
