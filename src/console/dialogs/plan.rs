//! From an action to its run: ask for the plan, show it, ask for confirmation, carry it out.
//!
//! ```text
//! asking ─▶ shown ─▶ (confirmed) ─▶ starting ─▶ run view
//!    │                    └─ over the budget: asked once more ─▶ (confirmed) starting
//!    └──▶ failed        └─ the target changed or the plan grew old: asking again, shown again
//! ```
//! Several requests are planned and started one after another, and confirmed once with count, names and money.

mod target;
mod view;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::run::RunDialog;
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Loudness, Ticket, Touched};
use crate::console::context::ViewContext;
use crate::console::keys::Key;
use crate::console::runs_view::RunsView;
use crate::console::widgets::confirm::{Answer, Prompt, Question};
use crate::console::widgets::scroll::Scroll;
use crate::console::words;
use crate::model::action::{ActionPlan, ActionRequest, Confirmation};
use crate::model::ids::RunId;
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::spend::BudgetWarning;
use crate::model::time::Timestamp;
use target::Fingerprint;

/// At most this many things at once: more is a mistake more often than a wish.
pub const MOST_AT_ONCE: usize = 50;

/// One request on its way.
struct Item {
    request: ActionRequest,
    stage: Stage,
    /// The target as it was when the plan was made.
    seen: Fingerprint,
}

enum Stage {
    /// The engine makes the plan.
    Asking,
    /// The plan is there.
    Planned(Box<ActionPlan>),
    /// There is no plan, or it was not started.
    Failed(Problem),
    /// Confirmed; the engine was asked to start.
    Starting,
    /// It runs.
    Started(RunId),
}

/// What the dialog as a whole does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Plans are being made.
    Planning,
    /// The operator reads and decides.
    Deciding,
    /// It was confirmed and goes over the budget: the operator decides once more.
    DecidingAgain,
    /// Runs are being started.
    Starting,
    /// Nothing can be done but close.
    Over,
}

/// The dialog.
pub struct PlanDialog {
    items: Vec<Item>,
    phase: Phase,
    prompt: Prompt,
    opened_by: Option<Key>,
    /// What the operator typed when confirming.
    typed: Option<String>,
    /// Whether the operator was asked once more and goes over the budget.
    is_over_budget_accepted: bool,
    /// Why the plan must be looked at again.
    note: Option<String>,
    scroll: Scroll,
    is_dirty: bool,
}

/// Opens the dialog, or says why not.
pub fn open(requests: Vec<ActionRequest>, context: &ViewContext<'_>, effects: &mut Effects) {
    if context.is_read_only {
        effects.notice(Loudness::Warning, "read-only: nothing can be changed from here");
    } else if requests.len() > MOST_AT_ONCE {
        let text = format!("{} marked; at most {MOST_AT_ONCE} at once", requests.len());
        effects.notice(Loudness::Warning, text);
    } else if !requests.is_empty() {
        effects.open(PlanDialog::new(requests, context));
    }
}

impl PlanDialog {
    /// A dialog that will ask for these plans when it is opened.
    #[must_use]
    pub fn new(requests: Vec<ActionRequest>, context: &ViewContext<'_>) -> Self {
        let item = |request: ActionRequest| Item {
            seen: Fingerprint::of(&request, context.fleet),
            request,
            stage: Stage::Asking,
        };
        Self {
            items: requests.into_iter().map(item).collect(),
            phase: Phase::Planning,
            prompt: Prompt::new(Question::YesNo, "", None),
            opened_by: context.key,
            typed: None,
            is_over_budget_accepted: false,
            note: None,
            scroll: Scroll::default(),
            is_dirty: true,
        }
    }

    /// A dialog over a plan that is there already: whoever asked for it has read its refusals.
    #[must_use]
    pub fn of_plan(plan: Box<ActionPlan>, context: &ViewContext<'_>) -> Self {
        let mut dialog = Self::new(vec![plan.request.clone()], context);
        if let Some(item) = dialog.items.first_mut() {
            item.stage = Stage::Planned(plan);
        }
        dialog.decide();
        dialog
    }

    fn ask(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        self.phase = Phase::Planning;
        self.is_over_budget_accepted = false;
        for (index, item) in self.items.iter_mut().enumerate() {
            item.stage = Stage::Asking;
            item.seen = Fingerprint::of(&item.request, context.fleet);
            effects.send(Request::Plan(item.request.clone()), ticket(index));
        }
    }

    /// The plans that would be carried out.
    fn viable(&self) -> impl Iterator<Item = &ActionPlan> {
        self.items.iter().filter_map(|item| match &item.stage {
            Stage::Planned(plan) if !plan.is_refused() => Some(plan.as_ref()),
            _ => None,
        })
    }

    /// All plans are there: decide what to ask.
    fn decide(&mut self) {
        if self.items.iter().any(|item| matches!(item.stage, Stage::Asking)) {
            return;
        }
        let count = self.viable().count();
        let Some(first) = self.viable().next() else {
            self.phase = Phase::Over;
            return;
        };
        let verb = words::verb(&first.request).to_owned();
        let needs_typing = self.viable().any(|plan| matches!(plan.confirmation, Confirmation::TypeName(_)));
        let question = match (&first.confirmation, needs_typing) {
            (Confirmation::TypeName(name), _) if count == 1 => Question::TypeName(name.clone()),
            (_, true) => Question::TypeName(format!("{verb} {count}")),
            _ => Question::YesNo,
        };
        let label = if count > 1 { format!("{verb} {count}") } else { verb };
        self.prompt = Prompt::new(question, &label, self.opened_by);
        self.phase = Phase::Deciding;
    }

    fn confirmed(&mut self, typed: Option<String>, context: &ViewContext<'_>, effects: &mut Effects) {
        if !context.link.is_up() {
            return; // the foot says so
        }
        if let Some(reason) = self.reason_to_look_again(context) {
            self.note = Some(reason);
            self.ask(context, effects);
            return;
        }
        if self.phase == Phase::DecidingAgain {
            self.is_over_budget_accepted = true;
        } else {
            self.typed = typed;
            if self.warnings().next().is_some() {
                self.ask_again(context.key);
                return;
            }
        }
        self.phase = Phase::Starting;
        self.start_next(effects);
    }

    /// The limits of the budget that the plans would pass.
    fn warnings(&self) -> impl Iterator<Item = &BudgetWarning> {
        self.viable().flat_map(ActionPlan::budget_warnings)
    }

    /// Asks once more, cancel selected; the key that confirmed does not confirm this.
    fn ask_again(&mut self, confirmed_by: Option<Key>) {
        let verb = self.viable().next().map(|plan| words::verb(&plan.request)).unwrap_or_default();
        let label = format!("{verb}, over the budget");
        self.prompt = Prompt::new(Question::YesNo, &label, confirmed_by);
        self.phase = Phase::DecidingAgain;
        self.scroll = Scroll::default();
    }

    fn is_deciding(&self) -> bool {
        matches!(self.phase, Phase::Deciding | Phase::DecidingAgain)
    }

    /// Why the plan that is shown must not be carried out as it is.
    fn reason_to_look_again(&self, context: &ViewContext<'_>) -> Option<String> {
        let is_old = self.viable().any(|plan| plan.valid_until <= context.now);
        let changed = self.items.iter().find_map(|item| item.seen.change(&item.request, context.fleet));
        changed.or_else(|| is_old.then(|| "the plan had grown old and was made again".to_owned()))
    }

    /// Starts the next plan; when there is none left, goes to the runs.
    fn start_next(&mut self, effects: &mut Effects) {
        let next = self.items.iter_mut().enumerate().find_map(|(index, item)| match &item.stage {
            Stage::Planned(plan) if !plan.is_refused() => {
                Some((index, plan.id.clone(), plan.confirmation.clone()))
            }
            _ => None,
        });
        if let Some((index, plan, confirmation)) = next {
            self.items[index].stage = Stage::Starting;
            let typed = match confirmation {
                Confirmation::YesNo => None,
                // For several, the operator typed their count; the engine is told each one's name.
                Confirmation::TypeName(name) if self.items.len() > 1 => Some(name),
                Confirmation::TypeName(_) => self.typed.clone(),
            };
            let is_over_budget_accepted = self.is_over_budget_accepted;
            effects.send(Request::Execute { plan, typed, is_over_budget_accepted }, ticket(index));
            return;
        }
        self.finish(effects);
    }

    fn finish(&mut self, effects: &mut Effects) {
        let mut started = self.items.iter().filter_map(|item| match &item.stage {
            Stage::Started(run) => Some(run.clone()),
            _ => None,
        });
        let (first, more) = (started.next(), started.next());
        let has_failed = self.items.iter().any(|item| matches!(item.stage, Stage::Failed(_)));
        match (first, more) {
            _ if has_failed => self.phase = Phase::Over,
            (Some(run), None) => {
                effects.close();
                effects.open(RunDialog::new(run));
            }
            (Some(_), Some(_)) => {
                effects.close();
                effects.open(RunsView::default());
            }
            (None, _) => self.phase = Phase::Over,
        }
    }

    fn answered(&mut self, answer: Answer, context: &ViewContext<'_>, effects: &mut Effects) {
        match answer {
            Answer::Open => {}
            Answer::Cancelled => effects.close(),
            Answer::Confirmed(typed) => self.confirmed(typed, context, effects),
        }
    }
}

fn ticket(index: usize) -> Ticket {
    Ticket(index as u64)
}

impl Component for PlanDialog {
    fn scope(&self) -> Scope {
        if self.is_deciding() { self.prompt.scope() } else { Scope::Dialog }
    }

    fn on_open(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        if self.phase == Phase::Planning {
            self.ask(context, effects);
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        view::draw(self, area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        let (lines, rows) = view::extent(self, area, context);
        self.scroll.settle(lines, rows);
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        if self.scroll.on_action(action) {
            return Handled::Consumed;
        }
        if self.is_deciding() {
            let answer = self.prompt.action(action, context.key);
            self.answered(answer, context, effects);
        } else if matches!(action, Action::Cancel | Action::Activate | Action::LeaveText) {
            effects.close();
        } else {
            return Handled::Ignored;
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.prompt.text_key(key);
        Handled::Consumed
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, _effects: &mut Effects) {
        let concerns =
            touched.is_everything || self.items.iter().any(|item| target::is_touched(&item.request, touched));
        if concerns && self.is_deciding() {
            self.note = self.items.iter().find_map(|item| item.seen.change(&item.request, context.fleet));
            self.is_dirty = true;
        }
    }

    fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        self.is_dirty = true;
        let index = usize::try_from(ticket.0).unwrap_or(usize::MAX);
        // Only what waits for an answer takes one: a late answer to an older question changes nothing.
        let waits = |item: &&mut Item| matches!(item.stage, Stage::Asking | Stage::Starting);
        let Some(item) = self.items.get_mut(index).filter(waits) else { return };
        let is_start = matches!(item.stage, Stage::Starting);
        item.stage = match (result, is_start) {
            (Ok(Reply::Plan(plan)), false) => Stage::Planned(plan.clone()),
            (Ok(Reply::RunStarted(run)), true) => Stage::Started(run.clone()),
            (Err(problem), _) => Stage::Failed(problem.clone()),
            (Ok(_), _) => Stage::Failed(Problem::refused(
                "the engine gave another kind of answer",
                "update both programs",
            )),
        };
        if is_start {
            self.start_next(effects);
        } else {
            item.seen = Fingerprint::of(&item.request, context.fleet);
            self.decide();
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        let is_answer = matches!(action, Action::Confirm | Action::Activate);
        !is_answer || (self.is_deciding() && context.link.is_up())
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        // Only the moment at which the plan grows old changes what is said.
        let ends = self.viable().map(|plan| plan.valid_until).filter(|at| *at > context.now);
        if self.is_deciding() { ends.min() } else { None }
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        self.is_deciding().then(|| view::cursor(self, area, context)).flatten()
    }

    fn wanted_size(&self, screen: Rect, context: &ViewContext<'_>) -> Option<(u16, u16)> {
        Some(view::wanted_size(self, screen, context))
    }

    fn set_opening_key(&mut self, key: Key) {
        self.opened_by = Some(key);
    }
}
