//! The auto-stop, put off. The provider does not tell the timer, so a lost answer cannot be resolved by looking: it is never
//! sent twice.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::model::action::ActionRequest;
use crate::model::credits::{CreditServerStatus, EXTENSION_S_MAX};
use crate::model::problem::Problem;

use super::{begin_draft, money, nobody_knows, read, reread, target};
use crate::engine::runs::actions::{Action, StepDefinition};
use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::Services;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct ExtendAutoStop;

impl Action for ExtendAutoStop {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::ExtendCreditServer { server, seconds } = request else {
                return Err(Problem::refused("not a request to put off the auto-stop", ""));
            };
            let server = read(services, server).await?;
            let mut draft = begin_draft(&format!("put off the auto-stop by {} of", words(*seconds)), &server);
            draft.burn = BurnChange::None;
            if !(1..=EXTENSION_S_MAX).contains(seconds) {
                draft.refuse("time", "it can be put off by a second up to a day at once");
            }
            if server.status == CreditServerStatus::Online {
                draft.pass("state", "it is online");
            } else {
                draft.refuse(
                    "state",
                    format!("it is {}: only what is online has an auto-stop", server.status),
                );
            }
            money::check_extension(&mut draft, services, &server, *seconds);
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let seconds = match request {
            ActionRequest::ExtendCreditServer { seconds, .. } => *seconds,
            _ => 0,
        };
        vec![StepDefinition {
            name: "extend_time",
            title: "put off the auto-stop, once",
            undo: "",
            step: Box::new(Extend { seconds }),
        }]
    }
}

/// A time in the largest unit that tells it whole.
fn words(seconds: u32) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        seconds if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

struct Extend {
    seconds: u32,
}

impl Step for Extend {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            if scene.unsure_since.is_some() {
                return Err(nobody_knows(
                    "nobody can say whether the auto-stop was put off: the answer was lost, and exaroton does not tell the timer"
                        .to_owned(),
                    "look at the timer on exaroton's page; putting it off again adds to it",
                ));
            }
            let status = reread(scene).await?.status;
            if status == CreditServerStatus::Online {
                return Ok(None);
            }
            Err(StepFailure::conflict(format!("it is {status} now: nothing was put off"), ""))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (client, planned) = target(scene)?;
            client.extend_time(&planned.server.id, self.seconds).await?;
            Ok(Made::saying(format!("put off by {}", words(self.seconds))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_whole_unit() {
        assert_eq!([0, 45, 90, 300, 7_200].map(words), ["0 s", "45 s", "90 s", "5 min", "2 h"]);
    }
}
