//! Acting from the command line: plan, show, confirm, run, follow to the end.

use std::io::{BufRead, IsTerminal, Write};

use super::args::{ActArguments, Format};
use super::clock::SystemClock;
use super::exit::Exit;
use super::session::Session;
use crate::model::account::FeedKind;
use crate::model::action::{ActionPlan, ActionRequest, CheckOutcome, Confirmation};
use crate::model::fleet::Fleet;
use crate::model::ids::{AccountId, OrderKey, RunId};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::run::{Run, StepStatus};
use crate::model::sanitise::sanitise;
use crate::model::time::Clock;

/// Plans an action, asks, runs it and waits for its end.
///
/// # Errors
/// The engine refused or went away; a run that was started goes on without us.
pub async fn act(
    session: &mut Session,
    request: ActionRequest,
    arguments: &ActArguments,
) -> Result<Exit, Problem> {
    let Reply::Plan(plan) = session.ask(Request::Plan(request)).await? else {
        return Err(unexpected());
    };
    print_plan(&plan, arguments.json);
    if plan.is_refused() {
        return Ok(Exit::Refused);
    }
    if arguments.dry_run {
        return Ok(Exit::Done);
    }
    let typed = match consent(&plan, arguments)? {
        Consent::Given { typed } => typed,
        Consent::Withheld => {
            match &plan.confirmation {
                Confirmation::TypeName(name) => {
                    eprintln!(
                        "quarterdeck: not confirmed, nothing was done: the name is {name:?} (--name in scripts)"
                    );
                }
                Confirmation::YesNo => eprintln!("quarterdeck: not confirmed; nothing was done"),
            }
            return Ok(Exit::Refused);
        }
    };
    if !plan.budget_warnings().is_empty() && !accepts_over_budget(arguments)? {
        eprintln!("quarterdeck: over the budget; nothing was done (--over-budget in scripts)");
        return Ok(Exit::Refused);
    }
    let is_over_budget_accepted = !plan.budget_warnings().is_empty();
    let execute = Request::Execute { plan: plan.id.clone(), typed, is_over_budget_accepted };
    let reply = session.ask(execute).await?;
    let Reply::RunStarted(run) = reply else { return Err(unexpected()) };
    follow(session, &run, arguments.json).await
}

pub(super) fn unexpected() -> Problem {
    Problem::refused(
        "the engine answered something else than was asked",
        "are both ends of the same version?",
    )
}

/// Prints the plan: to standard error for people, to standard output as JSON when asked.
fn print_plan(plan: &ActionPlan, is_json: bool) {
    if is_json {
        if let Ok(text) = serde_json::to_string(plan) {
            println!("{text}");
        }
        return;
    }
    eprintln!("{}", sanitise(&plan.title));
    for check in &plan.checks {
        let word = match check.outcome {
            CheckOutcome::Pass => "ok     ",
            CheckOutcome::Warn => "WARN   ",
            CheckOutcome::Refuse => "REFUSED",
        };
        eprintln!("  {word} {}: {}", check.title, sanitise(&check.detail));
    }
    for warning in plan.budget_warnings() {
        eprintln!("  OVER    budget: {}", sanitise(&warning.text));
    }
    for (number, step) in plan.steps.iter().enumerate() {
        let undo = if step.undo.is_empty() { String::new() } else { format!("  (undo: {})", step.undo) };
        eprintln!("  {:>2}. {}{undo}", number + 1, step.title);
    }
    match (&plan.burn_before, &plan.burn_after) {
        (Some(before), Some(after)) => eprintln!("  cost per hour: {before} -> {after}"),
        (None, Some(after)) => eprintln!("  cost per hour: adds {after}; what else burns is not known"),
        (Some(before), None) => eprintln!("  cost per hour: {before} -> not known"),
        (None, None) => {}
    }
}

/// The operator's answer to a plan.
enum Consent {
    /// Go on, with what was typed where a name is asked for.
    Given {
        /// The name.
        typed: Option<String>,
    },
    /// Do nothing.
    Withheld,
}

/// Asks as the plan demands, or takes the answer from the flags.
fn consent(plan: &ActionPlan, arguments: &ActArguments) -> Result<Consent, Problem> {
    let (is_given, typed) = match &plan.confirmation {
        Confirmation::YesNo if arguments.yes => (true, None),
        Confirmation::YesNo => (says_yes()?, None),
        Confirmation::TypeName(name) => {
            let typed = match &arguments.name {
                Some(typed) => typed.clone(),
                None if arguments.yes => String::new(),
                None => ask(&format!("Type the name {name:?} to go on: "))?,
            };
            (typed == *name, Some(typed))
        }
    };
    Ok(if is_given { Consent::Given { typed } } else { Consent::Withheld })
}

/// Asks y or n on the terminal.
///
/// # Errors
/// Nobody is there to answer.
pub(super) fn says_yes() -> Result<bool, Problem> {
    let answer = ask("Do it? Type y to go on [N]: ")?;
    Ok(matches!(answer.as_str(), "y" | "Y" | "yes"))
}

/// Asks once more for a plan that goes over the budget; `--yes` alone is not enough.
fn accepts_over_budget(arguments: &ActArguments) -> Result<bool, Problem> {
    if arguments.over_budget || arguments.yes {
        return Ok(arguments.over_budget);
    }
    let answer = ask("It goes over the budget. Do it all the same? Type over to go on [N]: ")?;
    Ok(answer == "over")
}

/// Asks on the terminal.
fn ask(question: &str) -> Result<String, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::refused(
            "nobody is there to confirm",
            "use --yes, and --name where a name is asked for",
        ));
    }
    eprint!("{question}");
    let mut line = String::new();
    let read = std::io::stderr().flush().and_then(|()| std::io::stdin().lock().read_line(&mut line));
    read.map_err(|error| Problem::refused(format!("reading the answer: {error}"), ""))?;
    Ok(line.trim().to_owned())
}

/// Follows a run to its end, printing each step as it ends.
///
/// # Errors
/// The engine went away; the run goes on when it is back.
pub async fn follow(session: &mut Session, id: &RunId, is_json: bool) -> Result<Exit, Problem> {
    eprintln!("run {id}");
    let mut printed = vec![None; 0];
    loop {
        if let Some(run) = session.fleet.runs.get(id) {
            print_progress(run, &mut printed);
            if run.status.is_ended() {
                return Ok(conclude(run, is_json));
            }
        }
        session.next().await?;
    }
}

fn print_progress(run: &Run, printed: &mut Vec<Option<StepStatus>>) {
    printed.resize(run.steps.len(), None);
    for (step, last) in run.steps.iter().zip(printed.iter_mut()) {
        if *last != Some(step.status) && !matches!(step.status, StepStatus::Waiting | StepStatus::Acting) {
            eprintln!("  {:<12} {}: {}", step_word(step.status), step.title, sanitise(&step.detail));
        }
        *last = Some(step.status);
    }
}

/// The word for a step's status.
#[must_use]
pub fn step_word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Waiting => "waiting",
        StepStatus::Acting => "acting",
        StepStatus::Done => "done",
        StepStatus::Failed => "FAILED",
        StepStatus::Undone => "undone",
        StepStatus::UndoFailed => "UNDO FAILED",
        StepStatus::Skipped => "skipped",
    }
}

fn conclude(run: &Run, is_json: bool) -> Exit {
    if let Some(problem) = &run.problem {
        eprintln!("{}: {problem}", run.status.word());
    }
    if is_json {
        if let Ok(text) = serde_json::to_string(run) {
            println!("{text}");
        }
    } else if let Some(result) = &run.result {
        println!("{result}");
    }
    Exit::of_run(run.status)
}

/// Acts on an order once the orders were read: an engine that was just started knows none yet.
///
/// # Errors
/// As [`act`].
pub async fn act_on_order(
    session: &mut Session,
    wanted: &str,
    request: fn(OrderKey) -> ActionRequest,
    arguments: &ActArguments,
) -> Result<Exit, Problem> {
    session.settle(&[FeedKind::Orders, FeedKind::Nodes, FeedKind::Servers], SystemClock.now()).await?;
    let order = find_order(&session.fleet, wanted)?;
    act(session, request(order), arguments).await
}

/// The one order that a text on the command line means: an id, or `SHOP/ID` where several shops have it. What no list shows
/// yet may be new: planning asks the shop itself.
fn find_order(fleet: &Fleet, wanted: &str) -> Result<OrderKey, Problem> {
    let shops: Vec<&AccountId> =
        fleet.feeds.keys().filter(|(_, kind)| *kind == FeedKind::Orders).map(|(shop, _)| shop).collect();
    if let Some((name, id)) = wanted.split_once('/')
        && let Some(shop) = shops.iter().find(|shop| shop.as_str() == name)
    {
        return Ok(OrderKey { account: (*shop).clone(), id: id.into() });
    }
    let key = |shop: &&AccountId| OrderKey { account: (*shop).clone(), id: wanted.into() };
    let known: Vec<OrderKey> = shops.iter().map(key).filter(|key| fleet.orders.contains_key(key)).collect();
    match (known.as_slice(), shops.as_slice()) {
        ([only], _) => Ok(only.clone()),
        ([], [shop]) => Ok(key(shop)),
        ([], _) => Err(Problem::not_found(format!("no shop has an order {}", sanitise(wanted)))),
        (several, _) => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Problem::refused(
                format!("{} shops have an order {}", several.len(), sanitise(wanted)),
                format!("name the shop too: {}", names.join(", ")),
            ))
        }
    }
}

/// Prints one run.
///
/// # Errors
/// There is no such run.
pub fn show_run(session: &Session, id: &RunId, format: Format) -> Result<Exit, Problem> {
    let run =
        session.fleet.runs.get(id).ok_or_else(|| Problem::not_found(format!("there is no run {id}")))?;
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(run).unwrap_or_default());
        return Ok(Exit::of_run(run.status));
    }
    println!("{} · {} · by {} at {}", sanitise(&run.plan.title), run.status.word(), run.by, run.started_at);
    for step in &run.steps {
        println!("  {:<12} {}: {}", step_word(step.status), step.title, sanitise(&step.detail));
    }
    Ok(conclude(run, false))
}
