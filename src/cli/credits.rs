//! `credits`: snapshots for cron, and what was spent for programs.

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::args::{BurnWindow, CreditsCommand};
use super::exit::Exit;
use super::money_listing::exact;
use super::session::Session;
use super::{burn, moment};
use crate::model::account::FeedKind;
use crate::model::balance_view::BalanceView;
use crate::model::problem::Problem;
use crate::model::request::{CreditsHistory, Reply, Request};
use crate::model::spend::{Period, WindowSpend};
use crate::model::time::Clock;

/// Only the days are told: the fewest points that the engine gives.
const POINTS: u32 = 1;

/// Runs a command about credits.
///
/// # Errors
/// The engine went away or refused, or no provider answered.
pub async fn run(
    session: &mut Session,
    command: &CreditsCommand,
    clock: &dyn Clock,
    zone: Tz,
) -> Result<Exit, Problem> {
    // An engine that was just started knows no balance yet: a snapshot of nothing would help nobody.
    // What was is in the records: for a report no provider has to answer.
    if !matches!(command, CreditsCommand::Report(_)) {
        let feeds = [FeedKind::Credits, FeedKind::Servers, FeedKind::Orders];
        session.settle(&feeds, clock.now()).await?;
        for warning in session.warnings(&[FeedKind::Credits], clock.now()) {
            eprintln!("quarterdeck: {warning}");
        }
    }
    match command {
        CreditsCommand::Snapshot => {
            session.ask(Request::TakeSnapshot).await?;
            println!("kept a snapshot of {}", count(session.fleet.balances.len()));
            Ok(Exit::Done)
        }
        CreditsCommand::History { balance } => history(session, balance.as_deref(), clock).await,
        CreditsCommand::Report(arguments) => super::report::run(session, arguments).await,
        CreditsCommand::Changes { window } => match asked(window, clock, zone) {
            Ok(asked) => burn::changes(session, &asked).await,
            Err(exit) => Ok(exit),
        },
        CreditsCommand::Burn { by, window } => match asked(window, clock, zone) {
            Ok(asked) => burn::burn(session, &asked, *by).await,
            Err(exit) => Ok(exit),
        },
    }
}

/// What is asked about the burn; why it cannot be, said already.
fn asked<'a>(window: &'a BurnWindow, clock: &dyn Clock, zone: Tz) -> Result<burn::Asked<'a>, Exit> {
    let to = clock.now();
    match moment::before(&window.since, to, zone) {
        Ok(from) => {
            let output = window.output.format();
            Ok(burn::Asked { payer: window.balance.as_deref(), from, to, output })
        }
        Err(wrong) => {
            eprintln!("quarterdeck: --since: {wrong}");
            Err(Exit::Usage)
        }
    }
}

fn count(balances: usize) -> String {
    crate::console::format::count(balances, "balance")
}

async fn history(session: &mut Session, wanted: Option<&str>, clock: &dyn Clock) -> Result<Exit, Problem> {
    let views: Vec<BalanceView> = session
        .fleet
        .balances
        .values()
        .filter(|view| wanted.is_none_or(|wanted| view.balance.key.to_string() == wanted))
        .cloned()
        .collect();
    if views.is_empty() {
        let what = wanted
            .map_or_else(|| "no balance is known".to_owned(), |key| format!("there is no balance {key}"));
        return Err(Problem::not_found(what));
    }
    let now = clock.now();
    let mut balances = Vec::new();
    for view in views {
        // The same days as the month's: a window that began before the book tells where it began.
        let month = view.windows.iter().find(|(period, _)| *period == Period::Month);
        let request = Request::CreditsHistory {
            balance: view.balance.key.clone(),
            from: month.map_or(view.balance.observed_at, |(_, window)| window.from),
            to: now.max(view.balance.observed_at),
            points: POINTS,
        };
        let Reply::CreditsHistory(history) = session.ask(request).await? else {
            return Err(Problem::refused("the engine answered something else than was asked", ""));
        };
        balances.push(told(&view, &history));
    }
    let document = json!({ "generatedAt": now, "balances": balances });
    println!("{}", serde_json::to_string_pretty(&document).unwrap_or_default());
    Ok(Exit::Done)
}

/// A balance in the words of the tools that read it before: spending by period, day by day, the last snapshot.
fn told(view: &BalanceView, history: &CreditsHistory) -> Value {
    let spent = |period: Period| {
        let window = view.windows.iter().find(|(one, _)| *one == period);
        window.map_or(Value::Null, |(_, window)| spend(window))
    };
    let days: Vec<Value> = history
        .days
        .iter()
        .map(|day| {
            let mut item = spend(&day.spend);
            if let Value::Object(fields) = &mut item {
                fields.insert("date".to_owned(), json!(day.date));
            }
            item
        })
        .collect();
    let servers: Vec<Value> = history
        .by_server
        .iter()
        .map(|(key, name, declared)| {
            json!({ "server": key.to_string(), "name": name, "declared": exact(*declared) })
        })
        .collect();
    let last_snapshot = history.last_snapshot.as_ref().map(|note| {
        json!({
            "takenAt": note.taken_at,
            "kind": note.kind,
            "credits": note.balance.map(exact),
            "running": note.running,
            "ramGibInUse": note.ram_gib_in_use,
        })
    });
    json!({
        "balance": view.balance.key.to_string(),
        "name": view.balance.name,
        "unit": view.balance.unit,
        "currentCredits": exact(view.balance.amount),
        "readAt": view.balance.observed_at,
        "burnPerHour": exact(view.per_hour()),
        "spending": {
            "day": spent(Period::Today),
            "threeDays": spent(Period::ThreeDays),
            "week": spent(Period::Week),
            "month": spent(Period::Month),
        },
        "dailyBreakdown": days,
        "byServer": servers,
        "lastSnapshot": last_snapshot,
    })
}

fn spend(window: &WindowSpend) -> Value {
    json!({
        "from": window.from,
        "to": window.to,
        "spent": exact(window.spent),
        "averagePerHour": window.per_hour.map(exact),
        "averagePerDay": window.per_day.map(exact),
        "watchedMs": window.watched_ms,
    })
}
