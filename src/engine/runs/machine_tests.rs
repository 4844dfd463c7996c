//! The machine without a runtime: the table of transitions, replay, and every prefix of random journals.

use proptest::prelude::*;

use super::*;
use crate::model::action::{ActionPlan, ActionRequest, Confirmation, Parameters};
use crate::model::run::StepState;

const MOMENT: Timestamp = Timestamp(1_000);

fn started(steps: usize, hand_back: Option<usize>) -> JournalEvent {
    let plan = ActionPlan {
        id: "plan".into(),
        request: ActionRequest::ProvisionOrder {
            order: crate::model::ids::OrderKey { account: "shop".into(), id: "812".into() },
        },
        title: String::new(),
        checks: Vec::new(),
        steps: Vec::new(),
        burn_before: None,
        burn_after: None,
        confirmation: Confirmation::YesNo,
        parameters: Parameters::Undecided,
        made_at: MOMENT,
        valid_until: MOMENT,
        budget: None,
    };
    let state = |index: usize| StepState {
        name: format!("step_{index}"),
        title: format!("step {index}"),
        status: StepStatus::Waiting,
        started_at: None,
        ended_at: None,
        detail: String::new(),
        attempts: 0,
    };
    let run = Run {
        id: "run".into(),
        plan,
        by: "ann@host".into(),
        status: RunStatus::Running,
        steps: (0..steps).map(state).collect(),
        started_at: MOMENT,
        ended_at: None,
        problem: None,
        result: None,
        is_cancel_requested: false,
    };
    JournalEvent::RunStarted { run: Box::new(run), origin: "console".to_owned(), hand_back }
}

fn intent(step: usize) -> JournalEvent {
    JournalEvent::StepIntent { step, at: MOMENT }
}

fn done(step: usize) -> JournalEvent {
    let facts = Facts { server_id: Some(i64::try_from(step).unwrap()), ..Facts::default() };
    let outcome = StepOutcome::Done { facts: Box::new(facts), detail: "ok".to_owned(), result: None };
    JournalEvent::StepOutcome { step, at: MOMENT, attempts: 1, outcome }
}

fn failed(step: usize, then: AfterFailure) -> JournalEvent {
    let outcome = StepOutcome::Failed { problem: Problem::refused("no", ""), then };
    JournalEvent::StepOutcome { step, at: MOMENT, attempts: 1, outcome }
}

fn undone(step: usize) -> JournalEvent {
    JournalEvent::UndoOutcome {
        step,
        at: MOMENT,
        outcome: UndoOutcome::Undone { detail: "gone".to_owned(), facts: Box::default() },
    }
}

fn undo_failed(step: usize) -> JournalEvent {
    let problem = Problem::refused("cannot", "delete it by hand");
    JournalEvent::UndoOutcome { step, at: MOMENT, outcome: UndoOutcome::Failed { problem } }
}

fn undo(step: usize) -> JournalEvent {
    JournalEvent::UndoIntent { step, at: MOMENT }
}

fn cancel() -> JournalEvent {
    JournalEvent::CancelRequested { at: MOMENT, by: "bob@host".into() }
}

fn end(status: RunStatus) -> JournalEvent {
    JournalEvent::RunEnded { at: MOMENT, status }
}

fn replayed(events: Vec<JournalEvent>) -> RunMachine {
    RunMachine::replay(events).unwrap().unwrap()
}

#[test]
fn a_run_goes_forward_and_ends() {
    let machine = replayed(vec![started(2, None), intent(0), done(0), intent(1), done(1)]);
    assert_eq!(machine.resume(), Effect::RecordEnd(RunStatus::Succeeded));
    let (machine, effect) = machine.apply(end(RunStatus::Succeeded)).unwrap();
    assert_eq!(effect, Effect::Nothing);
    assert_eq!(machine.run().status, RunStatus::Succeeded);
    assert_eq!(machine.facts().server_id, Some(1));
    assert_eq!(machine.run().problem, None);
}

#[test]
fn a_first_act_is_sure_and_a_resumed_one_is_not() {
    let machine = RunMachine::begin(started(1, None)).unwrap();
    let (machine, effect) = machine.apply(intent(0)).unwrap();
    assert_eq!(effect, Effect::Perform { step: 0, unsure_since: None });
    assert_eq!(machine.resume(), Effect::Perform { step: 0, unsure_since: Some(MOMENT) });
    let (_, after_cancel) = machine.apply(cancel()).unwrap();
    assert_eq!(after_cancel, Effect::Perform { step: 0, unsure_since: Some(MOMENT) });
}

#[test]
fn a_failure_undoes_in_reverse_order_including_the_failed_step() {
    let machine =
        replayed(vec![started(3, None), intent(0), done(0), intent(1), failed(1, AfterFailure::Undo)]);
    assert_eq!(machine.resume(), Effect::RecordUndoIntent(1));
    let (machine, _) = machine.apply(undo(1)).unwrap();
    let (machine, effect) = machine.apply(undone(1)).unwrap();
    assert_eq!(effect, Effect::RecordUndoIntent(0));
    let (machine, _) = machine.apply(undo(0)).unwrap();
    let (machine, effect) = machine.apply(undone(0)).unwrap();
    assert_eq!(effect, Effect::RecordEnd(RunStatus::Failed));
    let (machine, _) = machine.apply(end(RunStatus::Failed)).unwrap();
    let statuses: Vec<StepStatus> = machine.run().steps.iter().map(|step| step.status).collect();
    assert_eq!(statuses, [StepStatus::Undone, StepStatus::Failed, StepStatus::Skipped]);
}

#[test]
fn a_kept_failure_only_hands_the_target_back_and_calls_an_operator() {
    let machine = replayed(vec![
        started(3, Some(0)),
        intent(0),
        done(0),
        intent(1),
        done(1),
        intent(2),
        failed(2, AfterFailure::Keep),
    ]);
    assert_eq!(machine.resume(), Effect::RecordUndoIntent(0));
    let (machine, _) = machine.apply(undo(0)).unwrap();
    let (_, effect) = machine.apply(undone(0)).unwrap();
    assert_eq!(effect, Effect::RecordEnd(RunStatus::NeedsOperator));
}

#[test]
fn a_failed_undo_goes_on_with_the_others_and_says_what_to_do_by_hand() {
    let machine = replayed(vec![
        started(2, None),
        intent(0),
        done(0),
        cancel(),
        undo(0),
        undo_failed(0),
        end(RunStatus::NeedsOperator),
    ]);
    let problem = machine.run().problem.clone().unwrap();
    assert_eq!(problem.advice, "undo of 'step 0' failed: cannot · delete it by hand");
    assert_eq!(machine.run().steps[0].status, StepStatus::UndoFailed);
}

#[test]
fn a_cancel_stops_between_steps_and_is_too_late_in_the_last() {
    let early = replayed(vec![started(2, None), cancel()]);
    assert_eq!(early.resume(), Effect::RecordEnd(RunStatus::Canceled));
    let between = replayed(vec![started(2, None), intent(0), cancel(), done(0)]);
    assert_eq!(between.resume(), Effect::RecordUndoIntent(0));
    let canceled =
        || JournalEvent::StepOutcome { step: 0, at: MOMENT, attempts: 1, outcome: StepOutcome::Canceled };
    let waiting = replayed(vec![started(1, None), intent(0), cancel(), canceled(), undo(0), undone(0)]);
    assert_eq!(waiting.resume(), Effect::RecordEnd(RunStatus::Canceled));
    assert!(replayed(vec![started(1, None), intent(0)]).apply(canceled()).is_err(), "nobody canceled");
    let late = replayed(vec![started(1, None), intent(0), cancel(), done(0)]);
    assert_eq!(late.resume(), Effect::RecordEnd(RunStatus::Succeeded));
}

#[test]
fn what_the_table_does_not_know_is_refused() {
    let ready = || RunMachine::begin(started(2, None)).unwrap();
    let acting = || ready().apply(intent(0)).unwrap().0;
    let ended = || replayed(vec![started(0, None), end(RunStatus::Succeeded)]);
    assert!(RunMachine::begin(intent(0)).is_err());
    assert!(ready().apply(intent(1)).is_err());
    assert!(ready().apply(done(0)).is_err());
    assert!(ready().apply(undo(0)).is_err());
    assert!(ready().apply(end(RunStatus::Succeeded)).is_err());
    assert!(ready().apply(started(2, None)).is_err());
    assert!(acting().apply(intent(0)).is_err());
    assert!(acting().apply(done(1)).is_err());
    assert!(acting().apply(end(RunStatus::Failed)).is_err());
    assert!(ended().apply(cancel()).is_err());
    assert!(ended().apply(end(RunStatus::Succeeded)).is_err());
}

#[test]
fn events_survive_the_journals_json() {
    for event in [
        started(2, Some(0)),
        intent(0),
        done(0),
        failed(1, AfterFailure::Keep),
        undo(0),
        undo_failed(0),
        cancel(),
    ] {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<JournalEvent>(&text).unwrap(), event);
    }
}

/// One legal way to answer an effect; `dice` decides outcomes, `cancel_at` where a cancel is put in.
fn answer(effect: Effect, dice: u8, is_canceled: bool) -> Option<JournalEvent> {
    Some(match effect {
        Effect::RecordIntent(step) => intent(step),
        Effect::Perform { step, .. } => match dice % 5 {
            0 => failed(step, AfterFailure::Undo),
            1 => failed(step, AfterFailure::Keep),
            2 if is_canceled => {
                JournalEvent::StepOutcome { step, at: MOMENT, attempts: 1, outcome: StepOutcome::Canceled }
            }
            _ => done(step),
        },
        Effect::RecordUndoIntent(step) => undo(step),
        Effect::Undo { step } => {
            if dice.is_multiple_of(4) {
                undo_failed(step)
            } else {
                undone(step)
            }
        }
        Effect::RecordEnd(status) => end(status),
        Effect::Nothing => return None,
    })
}

/// A whole legal journal driven by `dice`.
fn journal(steps: usize, dice: &[u8], cancel_at: Option<usize>) -> Vec<JournalEvent> {
    let mut events = vec![started(steps, (steps > 0).then_some(0))];
    let mut machine = RunMachine::begin(events[0].clone()).unwrap();
    for turn in 0.. {
        let event = if cancel_at == Some(turn) && machine.stage() != Stage::Ended {
            cancel()
        } else {
            match answer(machine.resume(), dice[turn % dice.len()], machine.run().is_cancel_requested) {
                Some(event) => event,
                None => break,
            }
        };
        machine = machine.apply(event.clone()).unwrap().0;
        events.push(event);
    }
    events
}

proptest! {
    #[test]
    fn any_prefix_of_any_legal_journal_resumes_to_a_legal_end(
        steps in 0_usize..7,
        dice in proptest::collection::vec(any::<u8>(), 1..20),
        other_dice in proptest::collection::vec(any::<u8>(), 1..20),
        cancel_at in proptest::option::of(0_usize..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = journal(steps, &dice, cancel_at);
        let length = 1 + cut.index(whole.len());
        let mut machine = replayed(whole[..length].to_vec());
        // Replay of the same journal is the same state, and continuing from it needs only the state.
        prop_assert_eq!(&machine, &replayed(whole[..length].to_vec()));
        for turn in 0.. {
            prop_assert!(turn < 4 * steps + 8, "the run does not end");
            let effect = machine.resume();
            if let (Effect::Perform { unsure_since, .. }, 0) = (effect, turn) {
                prop_assert!(unsure_since.is_some(), "an open intent may have happened");
            }
            let Some(event) = answer(effect, other_dice[turn % other_dice.len()], machine.run().is_cancel_requested) else { break };
            machine = machine.apply(event).unwrap().0;
        }
        let run = machine.run();
        prop_assert!(run.status.is_ended());
        prop_assert!(run.ended_at.is_some());
        prop_assert!(!run.steps.iter().any(|step| matches!(step.status, StepStatus::Waiting | StepStatus::Acting)));
        if run.status == RunStatus::Succeeded {
            prop_assert!(run.steps.iter().all(|step| step.status == StepStatus::Done));
        }
        if matches!(run.status, RunStatus::Failed | RunStatus::Canceled) {
            prop_assert!(!run.steps.iter().any(|step| matches!(step.status, StepStatus::Done | StepStatus::UndoFailed)));
        }
    }
}
