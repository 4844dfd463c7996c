//! Start, stop and restart. The provider's 200 means accepted, its 208 that somebody was faster; what becomes of it is seen
//! in the status only, so that is watched: a start may fall back to offline or crash.

use futures::future::BoxFuture;

use crate::engine::handle::Caller;
use crate::model::action::ActionRequest;
use crate::model::credits::{CreditServer, CreditServerSignal, CreditServerStatus};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::Timestamp;
use crate::providers::exaroton::Signalled;

use super::verdict::{self, AfterSending, BeforeSending, Doubt, Patience};
use super::{begin_draft, money, nobody_knows, read, read_with_ram, reread, target};
use crate::engine::runs::actions::{Action, StepDefinition};
use crate::engine::runs::events::Facts;
use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::Services;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};

/// The action.
pub struct SignalServer;

impl Action for SignalServer {
    fn plan<'a>(
        &'a self,
        services: &'a Services,
        _caller: &'a Caller,
        request: &'a ActionRequest,
    ) -> BoxFuture<'a, Result<Draft, Problem>> {
        Box::pin(async move {
            let ActionRequest::SignalCreditServer { server, signal } = request else {
                return Err(Problem::refused("not a signal to a server that burns credits", ""));
            };
            // A start is paid for by memory; of one that runs the memory is known well enough.
            let server = match signal {
                CreditServerSignal::Start { .. } => read_with_ram(services, server).await?,
                CreditServerSignal::Stop | CreditServerSignal::Restart => read(services, server).await?,
            };
            let mut draft = begin_draft(signal.word(), &server);
            check_state(&mut draft, *signal, server.status);
            let burns = services.credits.pricing.burns_in(server.status);
            draft.burn = match signal {
                // What already runs is paid for already: to count it twice would frighten for nothing.
                CreditServerSignal::Start { .. } if draft.is_refused() => BurnChange::None,
                CreditServerSignal::Start { with_own_credits } => {
                    money::check_start(&mut draft, services, &server, *with_own_credits)
                }
                CreditServerSignal::Stop if burns => money::check_stop(&mut draft, services, &server),
                CreditServerSignal::Stop | CreditServerSignal::Restart => BurnChange::None,
            };
            if let (Some(count @ 1..), false) =
                (server.players.count, matches!(signal, CreditServerSignal::Start { .. }))
            {
                let players =
                    if count == 1 { "1 player is".to_owned() } else { format!("{count} players are") };
                draft.warn("players", format!("{players} on it and will be thrown out"));
            }
            Ok(draft)
        })
    }

    fn steps(&self, request: &ActionRequest) -> Vec<StepDefinition> {
        let signal = match request {
            ActionRequest::SignalCreditServer { signal, .. } => *signal,
            _ => CreditServerSignal::Stop,
        };
        let (send, watch) = match signal {
            CreditServerSignal::Start { .. } => ("ask for the start", "watch the status until it is online"),
            CreditServerSignal::Stop => ("ask for the stop", "watch the status until it is offline"),
            CreditServerSignal::Restart => {
                ("ask for the restart", "watch the status until it is online again")
            }
        };
        vec![
            StepDefinition {
                name: "send_signal",
                title: send,
                undo: "",
                step: Box::new(SendSignal { signal }),
            },
            StepDefinition {
                name: "watch_status",
                title: watch,
                undo: "",
                step: Box::new(WatchStatus { signal }),
            },
        ]
    }
}

/// What the state at planning means for the signal.
fn check_state(draft: &mut Draft, signal: CreditServerSignal, status: CreditServerStatus) {
    let nothing = |word: &str| format!("it is {status}: there is nothing to {word}");
    match verdict::before_sending(signal, status, status, None, Patience { settle_ms: 0, visible_ms: 0 }) {
        BeforeSending::Send | BeforeSending::Unknown => draft.pass("state", format!("it is {status}")),
        BeforeSending::Done => draft.refuse("state", nothing(signal.word())),
        BeforeSending::Forbidden => {
            draft.refuse("state", format!("it is {status}: exaroton restarts only what is online"));
        }
        BeforeSending::Wait if matches!(status, CreditServerStatus::Unknown(_)) => {
            draft.warn(
                "state",
                format!("it is {status}, which this version does not know: the run waits until it is clear"),
            );
        }
        BeforeSending::Wait => {
            draft.warn(
                "state",
                format!("it is {status}: the run waits until exaroton takes a {}", signal.word()),
            );
        }
    }
}

fn patience(services: &Services) -> Patience {
    Patience { settle_ms: services.policy.signal_settle_ms, visible_ms: services.policy.signal_visible_ms }
}

/// How long what a signal leads to may take.
fn deadline_ms(services: &Services, signal: CreditServerSignal) -> u64 {
    let policy = &services.policy;
    match signal {
        CreditServerSignal::Start { .. } => policy.credit_start_deadline_ms,
        CreditServerSignal::Stop => policy.credit_stop_deadline_ms,
        CreditServerSignal::Restart => {
            policy.credit_stop_deadline_ms.saturating_add(policy.credit_start_deadline_ms)
        }
    }
}

struct SendSignal {
    signal: CreditServerSignal,
}

impl SendSignal {
    /// When a signal of this run may have been sent first; nothing when none was.
    fn sent_at(scene: &Scene<'_>) -> Option<Timestamp> {
        scene.unsure_since.map(|_| scene.learned.sent_at().unwrap_or(scene.intent_at))
    }

    /// Looks until the status says what to do.
    async fn decide(&self, scene: &Scene<'_>) -> Result<(BeforeSending, CreditServer), StepFailure> {
        let (_, planned) = target(scene)?;
        let services = scene.services;
        let first_look = services.now();
        loop {
            let server = reread(scene).await?;
            let doubt = Self::sent_at(scene).map(|sent_at| Doubt {
                age_ms: first_look.millis_since(sent_at),
                watched_ms: services.now().millis_since(first_look),
            });
            let decided = verdict::before_sending(
                self.signal,
                planned.status,
                server.status,
                doubt,
                patience(services),
            );
            if decided != BeforeSending::Wait {
                return Ok((decided, server));
            }
            if services.now().millis_since(first_look) > deadline_ms(services, self.signal) {
                return Err(StepFailure::conflict(
                    format!("it stays {}: the {} was not sent", server.status, self.signal.word()),
                    "look at exaroton's page; if the state is right, ask again",
                ));
            }
            scene.say_waiting(&format!("its state (now {})", server.status), first_look);
            scene.wait(services.policy.power_poll_ms).await?;
        }
    }

    /// The provider says that it is at it already: the status has to agree.
    async fn already(&self, scene: &Scene<'_>, signalled_at: Timestamp) -> Result<Made, StepFailure> {
        let server = reread(scene).await?;
        if self.signal.is_seen_in(server.status) == Some(false) {
            return Err(Problem {
                kind: ProblemKind::Conflict,
                fault: Fault::Provider,
                retry: Retry::Backoff,
                effect: Effect::None,
                message: format!(
                    "exaroton says that the {} is under way, but the server is {}",
                    self.signal.word(),
                    server.status
                ),
                advice: String::new(),
            }
            .into());
        }
        let detail = format!("it was under way already: the server is {}", server.status);
        Ok(made(signalled_at, detail))
    }

    /// The provider's refusal: by the state, which may have changed since the look, or for a reason of its own.
    async fn refused(
        &self,
        scene: &Scene<'_>,
        signalled_at: Timestamp,
        refusal: Problem,
    ) -> Result<Made, StepFailure> {
        let server = reread(scene).await?;
        if self.signal.is_seen_in(server.status) == Some(true) {
            let detail = format!("somebody was faster: the server is {}", server.status);
            return Ok(made(signalled_at, detail));
        }
        let takes_it = match self.signal {
            CreditServerSignal::Start { .. } => server.status.is_stopped(),
            CreditServerSignal::Stop | CreditServerSignal::Restart => {
                server.status == CreditServerStatus::Online
            }
        };
        if !takes_it {
            return Err(refusal.into());
        }
        Err(Problem {
            retry: Retry::Never,
            message: format!("{} although the server is {}", refusal.message, server.status),
            advice: "look whether its payer has credits left, and at its page on exaroton".to_owned(),
            ..refusal
        }
        .into())
    }
}

impl Step for SendSignal {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let (decided, server) = self.decide(scene).await?;
            match decided {
                BeforeSending::Send | BeforeSending::Wait => Ok(None),
                BeforeSending::Done => {
                    let since = Self::sent_at(scene).unwrap_or(scene.intent_at);
                    let detail = format!("nothing had to be sent: the server is {}", server.status);
                    Ok(Some(made(since, detail)))
                }
                BeforeSending::Forbidden => Err(StepFailure::conflict(
                    format!("it is {}: there is nothing to {}", server.status, self.signal.word()),
                    "start it instead, if it shall run",
                )),
                BeforeSending::Unknown => Err(nobody_knows(
                    format!(
                        "nobody can say whether the {} was sent before the engine ended; the server is {}",
                        self.signal.word(),
                        server.status
                    ),
                    "if that is not what it shall be, ask for it again",
                )),
            }
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (client, planned) = target(scene)?;
            let signalled_at = scene.services.now();
            match client.signal(&planned.server.id, self.signal).await {
                Ok(Signalled::Accepted) => {
                    let detail = format!("exaroton accepted the {}", self.signal.word());
                    Ok(made(signalled_at, detail))
                }
                Ok(Signalled::AlreadyUnderWay) => self.already(scene, signalled_at).await,
                Ok(Signalled::Seen(server)) => {
                    let detail = format!("the answer was lost, but the server is {}", server.status);
                    Ok(made(signalled_at, detail))
                }
                Err(problem) if problem.kind == ProblemKind::Conflict => {
                    self.refused(scene, signalled_at, problem).await
                }
                Err(problem) => {
                    if problem.effect == Effect::Possible {
                        scene.learned.note_sent(signalled_at);
                    }
                    Err(problem.into())
                }
            }
        })
    }

    fn undo<'a>(&'a self, _scene: &'a Scene<'a>) -> BoxFuture<'a, Result<String, StepFailure>> {
        let words = format!("the {} is not taken back: look at the server's state", self.signal.word());
        Box::pin(std::future::ready(Ok(words)))
    }
}

/// The signal counts as sent at this moment.
fn made(signalled_at: Timestamp, detail: String) -> Made {
    Made { facts: Facts { signalled_at: Some(signalled_at), ..Facts::default() }, detail, result: None }
}

struct WatchStatus {
    signal: CreditServerSignal,
}

impl Step for WatchStatus {
    fn check<'a>(&'a self, _scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let services = scene.services;
            let signalled_at = scene.facts.signalled_at.unwrap_or(scene.intent_at);
            let mut has_moved = false;
            let mut last = None;
            loop {
                match reread(scene).await {
                    Ok(server) => {
                        has_moved |= verdict::is_moved(self.signal, server.status);
                        let since_ms = services.now().millis_since(signalled_at);
                        match verdict::after_sending(
                            self.signal,
                            server.status,
                            has_moved,
                            since_ms,
                            patience(services),
                        ) {
                            AfterSending::Reached => return Ok(self.reached(&server)),
                            AfterSending::Failed => return Err(self.failed(server.status, has_moved)),
                            AfterSending::Waiting => last = Some(server.status),
                        }
                    }
                    Err(StepFailure::Failed { problem, .. }) if problem.retry != Retry::Never => {
                        scene.say(&format!("cannot see the status: {problem}"));
                    }
                    Err(failure) => return Err(failure),
                }
                if scene.elapsed_ms() > deadline_ms(services, self.signal) {
                    return Err(self.too_long(scene, last));
                }
                let now = last.map_or_else(|| "not seen yet".to_owned(), |status| format!("now {status}"));
                scene.say_waiting(&format!("'{}' ({now})", self.goal()), scene.intent_at);
                scene.wait(services.policy.power_poll_ms).await?;
            }
        })
    }
}

impl WatchStatus {
    fn goal(&self) -> &'static str {
        match self.signal {
            CreditServerSignal::Start { .. } | CreditServerSignal::Restart => "online",
            CreditServerSignal::Stop => "offline",
        }
    }

    fn reached(&self, server: &CreditServer) -> Made {
        let address = Some(server.address.clone()).filter(|address| !address.is_empty());
        let result = address.filter(|_| self.signal != CreditServerSignal::Stop);
        Made { detail: format!("it is {}", server.status), result, ..Made::default() }
    }

    fn failed(&self, status: CreditServerStatus, has_moved: bool) -> StepFailure {
        let (message, advice) = match self.signal {
            CreditServerSignal::Stop if has_moved => (
                format!("it was stopped and is {status} again"),
                "somebody, or a player who wants to join, started it: look who, then stop it again",
            ),
            CreditServerSignal::Stop => (
                format!("the stop was accepted, but the server stays {status}"),
                "it burns on: look at its console, then stop it again",
            ),
            _ if status == CreditServerStatus::Crashed => (
                format!("the {} was accepted, but the server crashed", self.signal.word()),
                "read its log: memory, a broken mod or world; it burns nothing now",
            ),
            _ => (
                format!("the {} was accepted, but the server fell back to {status}", self.signal.word()),
                "an update of its software ends a start like this: start it once more; it burns nothing now",
            ),
        };
        Problem {
            kind: ProblemKind::Daemon,
            fault: Fault::Provider,
            retry: Retry::Never,
            effect: Effect::None,
            message,
            advice: advice.to_owned(),
        }
        .into()
    }

    fn too_long(&self, scene: &Scene<'_>, last: Option<CreditServerStatus>) -> StepFailure {
        let status = last.map_or_else(|| "not seen".to_owned(), |status| status.to_string());
        let burns = last.is_none_or(|status| scene.services.credits.pricing.burns_in(status));
        let cost = scene.credit_server().ok().and_then(|planned| planned.ram_gib).filter(|_| burns);
        let cost = cost.map(|ram| format!(" and burns {}/h", scene.services.credits.pricing.per_hour(ram)));
        StepFailure::keeping(Problem {
            kind: ProblemKind::Timeout,
            fault: Fault::Provider,
            retry: Retry::Never,
            effect: Effect::Possible,
            message: format!(
                "the {} was accepted, but the server is {status}{}",
                self.signal.word(),
                cost.unwrap_or_default()
            ),
            advice: "open its console: what it does is written there; on exaroton's page it can be ended"
                .to_owned(),
        })
    }
}
