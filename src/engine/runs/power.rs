//! Power: start, stop, restart, kill. The panel accepts a signal and does it later, or silently not at all
//! (`providers/pterodactyl.md` §4.3), so the state is watched.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::engine::observation::Observation;
use crate::model::action::{ActionRequest, Confirmation};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::server::{PowerSignal, PowerState, ServerStatus, Usage};
use crate::providers::transport::Priority;

use super::actions::{Action, StepDefinition};
use super::events::Facts;
use super::identity;
use super::plan::{BurnChange, Draft};
use super::services::Services;
use super::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct Power;

impl Action for Power {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::Power { server, signal } = request else {
                return Err(Problem::refused("not a power request", ""));
            };
            let server = identity::read_for_plan(services, server).await?;
            let mut draft = identity::begin_draft(signal.word(), &server);
            // What is sold is paid for whether its process runs or not.
            draft.burn = BurnChange::None;
            if *signal == PowerSignal::Kill {
                draft.confirmation = Confirmation::TypeName(server.name.clone());
                draft.warn("data", "the process ends at once: what it has not saved is lost");
            }
            match server.status {
                ServerStatus::Installing | ServerStatus::InstallFailed => {
                    draft.refuse("state", "it is not installed: the panel refuses power signals");
                }
                ServerStatus::Suspended => draft.refuse("state", "it is suspended: lift that first"),
                ServerStatus::RestoringBackup => draft.refuse("state", "a backup is being restored"),
                _ => draft.pass("state", server.status.word()),
            }
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let signal = match request {
            ActionRequest::Power { signal, .. } => *signal,
            _ => PowerSignal::Stop,
        };
        vec![
            StepDefinition {
                name: "send_signal",
                title: "send the signal",
                undo: "",
                step: Box::new(SendSignal { signal }),
            },
            StepDefinition {
                name: "watch_state",
                title: "watch the state until it is reached",
                undo: "",
                step: Box::new(WatchState { signal }),
            },
        ]
    }
}

/// The state a signal leads to.
fn goal(signal: PowerSignal) -> PowerState {
    match signal {
        PowerSignal::Start | PowerSignal::Restart => PowerState::Running,
        PowerSignal::Stop | PowerSignal::Kill => PowerState::Offline,
    }
}

async fn state(scene: &Scene<'_>) -> Result<(PowerState, Option<Usage>), StepFailure> {
    let (panel, _, planned) = identity::target(scene)?;
    let (power, usage) = panel.resources(&planned.uuid, Priority::Run).await?;
    scene.services.fleet.observe(Observation::Usage { key: planned.server.clone(), power, usage });
    Ok((power, usage))
}

/// Whether a process that has been up this long began after `since`. Seconds of slack: two clocks and one cache.
fn began_after(usage: Option<Usage>, elapsed_ms: u64) -> bool {
    const SLACK_MS: u64 = 2_000;
    usage.is_some_and(|usage| usage.uptime_ms <= elapsed_ms.saturating_add(SLACK_MS))
}

struct SendSignal {
    signal: PowerSignal,
}

impl Step for SendSignal {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            identity::reread_present(scene).await?;
            // Start, stop and kill repeat harmlessly; only a restart that may have happened must not happen again.
            if scene.unsure_since.is_none() || self.signal != PowerSignal::Restart {
                return Ok(None);
            }
            let (power, usage) = state(scene).await?;
            let is_on_its_way = matches!(power, PowerState::Starting | PowerState::Stopping);
            let is_done = power == PowerState::Running && began_after(usage, scene.elapsed_ms());
            Ok((is_on_its_way || is_done).then(|| Made {
                facts: Facts { signalled_at: Some(scene.intent_at), ..Facts::default() },
                detail: "the restart is on its way already".to_owned(),
                result: None,
            }))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (panel, _, planned) = identity::target(scene)?;
            let before = match self.signal {
                PowerSignal::Restart => state(scene).await?.1,
                _ => None,
            };
            let signalled_at = scene.services.now();
            panel.power(&planned.uuid, self.signal).await?;
            Ok(Made {
                facts: Facts {
                    signalled_at: Some(signalled_at),
                    uptime_before_ms: before.map(|usage| usage.uptime_ms),
                    ..Facts::default()
                },
                detail: format!("{} accepted by the daemon", self.signal),
                result: None,
            })
        })
    }
}

struct WatchState {
    signal: PowerSignal,
}

impl WatchState {
    fn deadline_ms(&self, scene: &Scene<'_>) -> u64 {
        let policy = &scene.services.policy;
        match self.signal {
            PowerSignal::Start => policy.start_deadline_ms,
            PowerSignal::Stop => policy.stop_deadline_ms,
            PowerSignal::Restart => policy.stop_deadline_ms.saturating_add(policy.start_deadline_ms),
            PowerSignal::Kill => policy.kill_deadline_ms,
        }
    }

    /// Whether what is seen is the signal's work, not the state of before in the panel's cache.
    fn is_reached(
        &self,
        scene: &Scene<'_>,
        power: PowerState,
        usage: Option<Usage>,
        has_moved: bool,
    ) -> bool {
        if power != goal(self.signal) {
            return false;
        }
        if self.signal != PowerSignal::Restart {
            return true;
        }
        let signalled_at = scene.facts.signalled_at.unwrap_or(scene.intent_at);
        let is_younger = match (usage, scene.facts.uptime_before_ms) {
            (Some(usage), Some(before_ms)) => usage.uptime_ms < before_ms,
            _ => false,
        };
        has_moved || is_younger || began_after(usage, scene.services.now().millis_since(signalled_at))
    }
}

impl Step for WatchState {
    fn check<'a>(&'a self, _scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let mut has_moved = false;
            let mut last = PowerState::Unknown;
            loop {
                match state(scene).await {
                    Ok((power, usage)) => {
                        if self.is_reached(scene, power, usage, has_moved) {
                            return Ok(Made::saying(format!("it is {}", power.word())));
                        }
                        has_moved |= !matches!(power, PowerState::Running | PowerState::Unknown);
                        last = power;
                    }
                    Err(StepFailure::Failed { problem, .. }) if problem.retry != Retry::Never => {
                        scene.say(&format!("cannot see the state: {problem}"));
                    }
                    Err(failure) => return Err(failure),
                }
                if scene.elapsed_ms() > self.deadline_ms(scene) {
                    return self.at_deadline(last);
                }
                let what = format!("'{}' (now {})", goal(self.signal).word(), last.word());
                scene.say_waiting(&what, scene.intent_at);
                scene.wait(scene.services.policy.power_poll_ms).await?;
            }
        })
    }
}

impl WatchState {
    /// A server whose egg never reports that it is up stays `starting` for ever and works (§4.3).
    fn at_deadline(&self, last: PowerState) -> Result<Made, StepFailure> {
        if goal(self.signal) == PowerState::Running && last == PowerState::Starting {
            return Ok(Made::saying("it is starting; its egg has not reported that it is up"));
        }
        Err(StepFailure::keeping(Problem {
            kind: ProblemKind::Timeout,
            fault: Fault::Provider,
            retry: Retry::Never,
            effect: Effect::Possible,
            message: format!("'{}' was accepted, but the server is {}", self.signal, last.word()),
            advice: "open its console: the daemon says there why it did not; a stuck stop needs a kill"
                .to_owned(),
        }))
    }
}
