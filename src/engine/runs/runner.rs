//! The runner: plans actions, starts runs, resumes what an earlier process left, cancels.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use ulid::Ulid;

use crate::engine::handle::Caller;
use crate::engine::matches::hooks::HookVerdict;
use crate::engine::matches::settlements::Settlements;
use crate::engine::matches::setup::MatchSetup;
use crate::engine::money::CreditAccounts;
use crate::engine::money::keeper::Keeper;
use crate::engine::observation::Observation;
use crate::engine::panics::caught;
use crate::engine::shared::SharedFleet;
use crate::model::action::{ActionPlan, ActionRequest, Confirmation};
use crate::model::ids::{AccountId, MatchId, PlanId, RunId};
use crate::model::matches::{ConnectString, RosterPlayer, Side};
use crate::model::problem::{Effect as Possible, Fault, Problem, ProblemKind, Retry};
use crate::model::request::AuditEntry;
use crate::model::run::{Run, RunStatus, StepState, StepStatus};
use crate::model::spend::BudgetWarning;
use crate::model::time::Clock;
use crate::providers::pterodactyl::PanelClient;
use crate::store::Store;

use super::actions;
use super::driver::{CANCEL_QUEUE, CancelWish, Driver, audit_of};
use super::events::JournalEvent;
use super::journal::{RunHistory, RunLog};
use super::machine::{Effect, RunMachine, Stage};
use super::policy::RunPolicy;
use super::registry::{LiveRun, Registry, locks_of};
use super::services::{OrdersAccount, Services};
use super::step::{Orders, Progress};

/// What a runner is made of.
pub struct RunContext {
    /// The durable memory.
    pub store: Store,
    /// Panels by account.
    pub panels: BTreeMap<AccountId, PanelClient>,
    /// Orders databases by account, each with the account of its panel.
    pub orders: BTreeMap<AccountId, OrdersAccount>,
    /// Accounts whose servers burn credits.
    pub credits: CreditAccounts,
    /// Accounts that rent servers for matches, and how matches are settled.
    pub matches: MatchSetup,
    /// What is known and shown.
    pub fleet: Arc<SharedFleet>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How patient to be.
    pub policy: RunPolicy,
}

/// What an operator said to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consent<'a> {
    /// What was typed, for plans that ask for a name.
    pub typed: Option<&'a str>,
    /// Whether the operator was asked once more and goes over the budget.
    pub is_over_budget_accepted: bool,
}

impl<'a> From<Option<&'a str>> for Consent<'a> {
    fn from(typed: Option<&'a str>) -> Self {
        Self { typed, ..Self::default() }
    }
}

/// Plans actions and carries them out; cheap to clone.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
}

struct Shared {
    services: Arc<Services>,
    /// The books that the budget is judged by; nothing where nobody keeps any.
    books: OnceLock<Arc<Keeper>>,
    registry: Mutex<Registry>,
    /// One start at a time: a plan's run and its target's lock are decided before the next start looks.
    starting: tokio::sync::Mutex<()>,
    drivers: Mutex<JoinSet<()>>,
}

impl Runner {
    /// Loads the journal, shows past runs and resumes unfinished ones.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn start(context: RunContext) -> Result<Self, Problem> {
        let log: Arc<dyn RunLog> = Arc::new(context.store.clone());
        Self::start_with_log(context, log).await
    }

    /// As [`Self::start`], remembering in `log` instead of the context's store: tests put a crash into it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn start_with_log(context: RunContext, log: Arc<dyn RunLog>) -> Result<Self, Problem> {
        let services = Arc::new(Services::new(context, log));
        let reading = Arc::clone(&services);
        let (histories, notes) =
            tokio::task::spawn_blocking(move || Ok((reading.log.histories()?, reading.log.notes()?)))
                .await
                .map_err(|failure| Problem::storage(format!("reading the journal failed: {failure}")))??;
        for note in notes {
            services.fleet.observe(Observation::Kept {
                server: note.server,
                by: note.by,
                reason: note.reason,
                until: note.until,
            });
        }
        let runner = Self {
            shared: Arc::new(Shared {
                services,
                books: OnceLock::new(),
                registry: Mutex::new(Registry::default()),
                starting: tokio::sync::Mutex::new(()),
                drivers: Mutex::new(JoinSet::new()),
            }),
        };
        runner.load(histories);
        runner.shared.services.matches.show_settlements().await?;
        Ok(runner)
    }

    /// From now on plans that add burn are judged by these books; the first ones named stay.
    pub fn keep_to_budget(&self, books: Arc<Keeper>) {
        self.shared.books.get_or_init(|| books);
    }

    /// The ledger of settled matches.
    #[must_use]
    pub fn settlements(&self) -> Arc<Settlements> {
        Arc::clone(&self.shared.services.matches.settlements)
    }

    /// Judges a call of the provider about a match; one that tells of something new leads to a look at once.
    pub fn judge_hook(&self, match_id: &MatchId, authorization: Option<&[u8]>, body: &[u8]) -> HookVerdict {
        self.shared.services.matches.hooks.judge(match_id, authorization, body)
    }

    /// How to join a match, asked of the provider at this moment.
    ///
    /// # Errors
    /// `NotFound`: no such match, or its server is not up; what the provider answered.
    pub async fn connect_string(&self, id: &MatchId) -> Result<ConnectString, Problem> {
        self.shared.services.matches.connect_string(id).await
    }

    /// Lets another player in while a match goes on.
    ///
    /// # Errors
    /// `NotFound`: no such match goes on; what the provider answered.
    pub async fn add_player(
        &self,
        id: &MatchId,
        player: &RosterPlayer,
        side: Option<Side>,
    ) -> Result<(), Problem> {
        self.shared.services.matches.add_player(id, player, side).await
    }

    /// Says what an action would do. Asks providers; changes nothing.
    ///
    /// # Errors
    /// `Refused` for a read-only caller; what a provider answered when it could not be asked. Cancel-safe.
    pub async fn plan(&self, caller: &Caller, request: ActionRequest) -> Result<ActionPlan, Problem> {
        self.refuse_read_only(caller)?;
        let services = &self.shared.services;
        let draft = actions::of(&request).plan(services, caller, &request).await?;
        let made_at = services.now();
        let mut plan = draft.into_plan(
            PlanId(Ulid::new().to_string()),
            request,
            made_at,
            made_at.plus_millis(services.policy.plan_valid_ms),
            &services.fleet,
        );
        let warnings = self.over_budget(&plan).await?;
        if let Some(budget) = &mut plan.budget {
            budget.warnings = warnings;
        }
        self.registry().keep_plan(plan.clone(), services.policy.plans_kept);
        Ok(plan)
    }

    /// Carries out a plan that was shown; returns once the run is in the journal. The same plan twice is the same run.
    ///
    /// # Errors
    /// `Refused`: read-only, a failed check, the wrong name typed, a plan too old or unknown; `Conflict`: another run
    /// works on the target; `Storage`: the journal cannot be written, nothing was done. Cancel-safe: a dropped call
    /// may have started the run, which then goes on.
    pub async fn execute(
        &self,
        caller: &Caller,
        plan: &PlanId,
        consent: impl Into<Consent<'_>>,
    ) -> Result<RunId, Problem> {
        let consent = consent.into();
        self.refuse_read_only(caller)?;
        let _one_at_a_time = self.shared.starting.lock().await;
        if let Some(run) = self.registry().run_of(plan) {
            return Ok(run.clone());
        }
        let plan = self.registry().plan(plan).cloned().ok_or_else(|| {
            Problem::refused("this plan is not known any more", "plan the action again and confirm it")
        })?;
        let judged = match self.judge(&plan, consent.typed) {
            Ok(()) => self.judge_budget(&plan, consent.is_over_budget_accepted).await,
            refused => refused,
        };
        if let Err(refusal) = judged {
            self.audit_refusal(caller, &plan.request, &refusal).await;
            return Err(refusal);
        }
        self.begin(caller, plan).await
    }

    /// Asks a run to stop after its present step and undo; returns once the wish is in the journal.
    ///
    /// # Errors
    /// `NotFound`: no such run goes on; `Refused` for a read-only caller; `Storage`.
    pub async fn cancel(&self, caller: &Caller, run: &RunId) -> Result<(), Problem> {
        self.refuse_read_only(caller)?;
        let live = self.registry().live(run).cloned();
        let over = || Problem::not_found(format!("run {run} does not go on any more"));
        let live = live.ok_or_else(over)?;
        let (done, answer) = oneshot::channel();
        let wish = CancelWish { by: caller.operator.clone(), done };
        live.cancels.send(wish).await.map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    /// Stops every run at its next safe point; unfinished ones resume at the next start. What is still acting after the
    /// policy's patience is cut, which the next start treats like a crash.
    pub async fn shutdown(&self) {
        for live in self.registry().all_live() {
            live.orders.send_modify(|orders| orders.is_shutting_down = true);
        }
        let mut drivers = std::mem::take(&mut *self.drivers());
        let patience = Duration::from_millis(self.shared.services.policy.shutdown_ms);
        let all = async { while drivers.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("some runs were still acting at shutdown; the next start looks what they did");
        }
        drivers.shutdown().await;
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.shared.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drivers(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.shared.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse_read_only(&self, caller: &Caller) -> Result<(), Problem> {
        let is_site_read_only = self.shared.services.fleet.read(|fleet| fleet.site.is_read_only);
        if caller.is_read_only || is_site_read_only {
            return Err(Problem::refused(
                "this is read-only: nothing is planned or done",
                "attach without read-only",
            ));
        }
        Ok(())
    }

    /// Whether a plan may be carried out now.
    fn judge(&self, plan: &ActionPlan, typed: Option<&str>) -> Result<(), Problem> {
        if plan.is_refused() {
            return Err(Problem::refused(
                "a check of this plan refuses the action",
                "solve what the check says",
            ));
        }
        if self.shared.services.now() > plan.valid_until {
            return Err(Problem::refused("this plan is too old", "plan the action again and confirm it"));
        }
        if let Confirmation::TypeName(name) = &plan.confirmation
            && typed.map(str::trim) != Some(name.trim())
        {
            return Err(Problem::refused(
                format!("'{name}' was not typed"),
                "type the name exactly to confirm",
            ));
        }
        if let Some(holder) = self.registry().holder(&locks_of(plan)) {
            return Err(busy(&plan.request, holder));
        }
        Ok(())
    }

    /// The limits of the budget that a plan would pass now.
    async fn over_budget(&self, plan: &ActionPlan) -> Result<Vec<BudgetWarning>, Problem> {
        let (Some(books), Some(budget)) = (self.shared.books.get(), &plan.budget) else {
            return Ok(Vec::new());
        };
        let now = self.shared.services.now();
        books.read(|books| books.over_budget(&budget.adds_per_hour, budget.payer.as_ref(), now)).await
    }

    /// Whether the budget lets a plan be carried out: no client can leave the second question out, and one that holds now and
    /// was not asked must be asked.
    async fn judge_budget(&self, plan: &ActionPlan, is_accepted: bool) -> Result<(), Problem> {
        let shown = plan.budget_warnings();
        if let Some(warning) = shown.first()
            && !is_accepted
        {
            return Err(Problem::refused(
                format!("this goes over the budget: {}", warning.text),
                "say that it shall be done all the same (--over-budget)",
            ));
        }
        let now = self.over_budget(plan).await?;
        let is_new = |warning: &&BudgetWarning| !shown.iter().any(|known| known.limit == warning.limit);
        match now.iter().find(is_new) {
            Some(warning) => Err(Problem::refused(
                format!("since this was planned the budget changed: {}", warning.text),
                "plan the action again and confirm it",
            )),
            None => Ok(()),
        }
    }

    /// Journals the start of a run and sets its driver going.
    async fn begin(&self, caller: &Caller, plan: ActionPlan) -> Result<RunId, Problem> {
        let services = &self.shared.services;
        let run = new_run(caller, plan, RunId(Ulid::new().to_string()), services.now());
        let event = JournalEvent::RunStarted {
            run: Box::new(run.clone()),
            origin: caller.origin.clone(),
            hand_back: actions::of(&run.plan.request).hand_back(),
        };
        services
            .log
            .append_audit(&audit_of(&run, &caller.origin, run.started_at, "started".to_owned()))
            .await?;
        services.log.append_event(&run.id, &event).await?;
        let id = run.id.clone();
        self.registry().remember(run.plan.id.clone(), id.clone());
        let machine = RunMachine::begin(event).map_err(|illegal| Problem::storage(illegal.to_string()))?;
        let first = machine.resume();
        self.spawn(machine, first);
        Ok(id)
    }

    /// Sets a driver going and frees the run's target when it stops.
    fn spawn(&self, machine: RunMachine, first: Effect) {
        let run = machine.run().clone();
        let definitions = actions::of(&run.plan.request).steps(&run.plan.request);
        let (cancels, cancel_wishes) = mpsc::channel(CANCEL_QUEUE);
        let orders =
            watch::Sender::new(Orders { is_canceled: run.is_cancel_requested, is_shutting_down: false });
        let live = LiveRun { cancels, orders: orders.clone(), locks: locks_of(&run.plan) };
        self.registry().begin(run.id.clone(), live);
        let services = Arc::clone(&self.shared.services);
        let shared = Arc::downgrade(&self.shared);
        let driver = Driver {
            progress: Arc::new(Progress::new(run.clone(), Arc::clone(&services.fleet))),
            services,
            machine,
            steps: definitions.into_iter().map(|definition| definition.step).collect(),
            cancels: cancel_wishes,
            orders,
            on_end: Box::new(move |run| {
                if let Some(shared) = shared.upgrade() {
                    shared.registry.lock().unwrap_or_else(PoisonError::into_inner).end(run);
                }
            }),
        };
        let mut drivers = self.drivers();
        while drivers.try_join_next().is_some() {}
        let (fleet, id) = (Arc::clone(&self.shared.services.fleet), run.id);
        drivers.spawn(async move {
            if let Err(problem) = caught("the run", driver.drive(first)).await {
                say_that_it_stands(&fleet, &id, problem);
            }
        });
    }

    /// Shows past runs and resumes unfinished ones.
    fn load(&self, histories: Vec<RunHistory>) {
        let mut ended = Vec::new();
        for history in histories {
            let replayed = history
                .events
                .and_then(|events| RunMachine::replay(events).map_err(|illegal| illegal.to_string()));
            let machine = match replayed {
                Ok(Some(machine)) => machine,
                Ok(None) => continue,
                Err(reason) => {
                    let text = format!(
                        "run {} cannot be resumed: {reason}; look at what it did by hand",
                        history.run
                    );
                    self.shared.services.fleet.observe(Observation::Notice { text });
                    continue;
                }
            };
            self.registry().remember(machine.run().plan.id.clone(), machine.run().id.clone());
            self.shared.services.matches.show(machine.run(), &machine.facts().of_match);
            if machine.stage() == Stage::Ended {
                self.shared.services.note_ended(machine.run().id.clone());
                ended.push(machine);
            } else {
                self.resume(machine);
            }
        }
        let surplus = ended.len().saturating_sub(self.shared.services.policy.ended_runs_kept);
        for machine in ended.into_iter().skip(surplus) {
            self.shared.services.fleet.observe(Observation::Run(Box::new(machine.run().clone())));
        }
    }

    /// Goes on with an unfinished run, if this version still knows its steps.
    fn resume(&self, machine: RunMachine) {
        let run = machine.run();
        let known = actions::of(&run.plan.request).steps(&run.plan.request);
        if run.steps.iter().map(|step| step.name.as_str()).ne(known.iter().map(|known| known.name)) {
            let mut run = run.clone();
            run.status = RunStatus::NeedsOperator;
            run.problem = Some(Problem::refused(
                "this version of Quarterdeck does not know the run's steps",
                "finish it with the version that began it, or by hand",
            ));
            self.shared.services.fleet.observe(Observation::Run(Box::new(run)));
            return;
        }
        tracing::info!(run = %run.id, stage = ?machine.stage(), "resuming a run");
        let first = machine.resume();
        self.spawn(machine, first);
    }

    async fn audit_refusal(&self, caller: &Caller, request: &ActionRequest, refusal: &Problem) {
        let entry = AuditEntry {
            at: self.shared.services.now(),
            by: caller.operator.clone(),
            origin: caller.origin.clone(),
            action: request.name().to_owned(),
            target: request.target(),
            run: None,
            outcome: format!("refused: {}", refusal.message),
        };
        if let Err(problem) = self.shared.services.log.append_audit(&entry).await {
            tracing::error!(%problem, "a refusal is not in the audit log");
        }
    }
}

/// A run that a bug of ours ended stands where it was: its target stays locked, and the next start resumes it.
fn say_that_it_stands(fleet: &SharedFleet, id: &RunId, problem: Problem) {
    tracing::error!(run = %id, "a run ended in a panic");
    if let Some(mut run) = fleet.read(|fleet| fleet.runs.get(id).cloned()) {
        run.status = RunStatus::NeedsOperator;
        let advice =
            "restart the engine (`quarterdeck engine stop`): it looks what happened and goes on".to_owned();
        run.problem = Some(Problem { advice, ..problem });
        fleet.observe(Observation::Run(Box::new(run)));
    }
}

fn new_run(caller: &Caller, plan: ActionPlan, id: RunId, at: crate::model::time::Timestamp) -> Run {
    let state = |step: &crate::model::action::PlannedStep| StepState {
        name: step.name.clone(),
        title: step.title.clone(),
        status: StepStatus::Waiting,
        started_at: None,
        ended_at: None,
        detail: String::new(),
        attempts: 0,
    };
    Run {
        id,
        steps: plan.steps.iter().map(state).collect(),
        plan,
        by: caller.operator.clone(),
        status: RunStatus::Running,
        started_at: at,
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    }
}

fn busy(request: &ActionRequest, holder: &RunId) -> Problem {
    Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Request,
        retry: Retry::Backoff,
        effect: Possible::None,
        message: format!("run {holder} already works on {}", request.target()),
        advice: "wait for it, or cancel it".to_owned(),
    }
}
