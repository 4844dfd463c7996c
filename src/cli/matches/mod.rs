//! `match …`: asking for matches, looking at them, ending them, settling them.

pub mod args;
pub mod listing;
pub mod request;

use args::MatchCommand;

use super::act;
use super::args::{ActArguments, Format, GetArguments, Kind, OutputArguments};
use super::clock::SystemClock;
use super::exit::Exit;
use super::get;
use super::session::Session;
use crate::model::account::Provider;
use crate::model::action::ActionRequest;
use crate::model::fleet::Fleet;
use crate::model::ids::{AccountId, MatchId, ServerKey};
use crate::model::matches::{HookState, Match, MatchEventKind, RosterPlayer, Side, place_of, read_player};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};
use crate::model::sanitise::sanitise;
use crate::model::time::{Clock, Timestamp};

/// Runs `match …`.
///
/// # Errors
/// What the engine reports; `NotFound`: there is no such match; `Refused`: what is wrong with the request.
pub async fn run(session: &mut Session, command: &MatchCommand) -> Result<Exit, Problem> {
    match command {
        MatchCommand::Create { request, act } => create(session, request, act).await,
        MatchCommand::List(output) => {
            let arguments =
                GetArguments { kind: Kind::Matches, output: output.clone(), filter: None, watch: false };
            get::run(session, &arguments, &SystemClock).await
        }
        MatchCommand::Show { id, connect: true, .. } => show_connect(session, id).await,
        MatchCommand::Show { id, output, .. } => show(find(&session.fleet, id)?, output),
        MatchCommand::Cancel { id } => {
            let run = find(&session.fleet, id)?.run.clone();
            session.ask(Request::CancelRun(run.clone())).await?;
            act::follow(session, &run, false).await
        }
        MatchCommand::Destroy { id, act } => {
            let server = server_of(find(&session.fleet, id)?)?;
            act::act(session, ActionRequest::DestroyMatchServer { server }, act).await
        }
        MatchCommand::Keep { id, reason, until, act } => {
            let server = server_of(find(&session.fleet, id)?)?;
            let until = until.as_deref().map(moment).transpose()?;
            let request = ActionRequest::KeepMatchServer { server, reason: reason.clone(), until };
            act::act(session, request, act).await
        }
        MatchCommand::AddPlayer { id, player, team } => {
            let id = find(&session.fleet, id)?.id.clone();
            let (steam_id, name) =
                read_player(player).map_err(|error| Problem::refused(error.to_string(), ""))?;
            let side = team.map(|team| if team == 1 { Side::Team1 } else { Side::Team2 });
            let player = RosterPlayer { steam_id, name, is_substitute: true };
            ask(session, Request::AddMatchPlayer { id, side, player }, "the player is on the list").await
        }
        MatchCommand::Settle { id, score } => {
            let id = find(&session.fleet, id)?.id.clone();
            ask(session, Request::SettleMatch { id, score: *score }, "settled").await
        }
        MatchCommand::Reverse { id, reason } => {
            // The ledger may know a match that no list shows any more.
            let id = find(&session.fleet, id).map_or_else(|_| MatchId(id.clone()), |one| one.id.clone());
            let request = Request::ReverseSettlement { id, reason: reason.clone() };
            ask(session, request, "the settlement is taken back").await
        }
    }
}

async fn ask(session: &mut Session, request: Request, said: &str) -> Result<Exit, Problem> {
    session.ask(request).await?;
    eprintln!("{said}");
    Ok(Exit::Done)
}

async fn create(
    session: &mut Session,
    arguments: &args::CreateArguments,
    act: &ActArguments,
) -> Result<Exit, Problem> {
    let rosters = if arguments.roster1.is_some() || arguments.roster2.is_some() {
        match session.ask(Request::Rosters).await? {
            Reply::Rosters(rosters) => rosters,
            _ => Vec::new(),
        }
    } else {
        Vec::new()
    };
    let request = request::request(arguments, &accounts(&session.fleet), &rosters)?;
    act::act(session, ActionRequest::RunMatch { request: Box::new(request) }, act).await
}

/// The accounts that can pay for a match.
fn accounts(fleet: &Fleet) -> Vec<AccountId> {
    let feeds = fleet.feeds.values().filter(|feed| feed.provider == Provider::Dathost);
    let mut accounts: Vec<AccountId> = feeds.map(|feed| feed.account.clone()).collect();
    accounts.dedup();
    accounts
}

/// Whether this site has anything to do with matches.
#[must_use]
pub fn is_connected(fleet: &Fleet) -> bool {
    !fleet.matches.is_empty() || !accounts(fleet).is_empty()
}

fn moment(text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text).map_err(|error| {
        Problem::refused(format!("--until {}: {error}", sanitise(text)), "write it as 2026-11-20T18:00:00Z")
    })
}

fn server_of(one: &Match) -> Result<ServerKey, Problem> {
    let rented = one.rented.as_ref().filter(|_| one.is_billing());
    rented
        .map(|rented| rented.key.clone())
        .ok_or_else(|| Problem::refused(format!("match {} has no server that bills", one.id), ""))
}

/// The one match that a text means: its id, or an end of it that only one has.
fn find<'a>(fleet: &'a Fleet, wanted: &str) -> Result<&'a Match, Problem> {
    if let Some(exact) = fleet.matches.get(&MatchId::from(wanted)) {
        return Ok(exact);
    }
    let ends = |one: &&Match| !wanted.is_empty() && one.id.as_str().ends_with(wanted);
    let found: Vec<&Match> = fleet.matches.values().filter(ends).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(Problem::not_found(format!("there is no match {}", sanitise(wanted)))),
        several => Err(Problem::refused(
            format!("{} matches end in {}", several.len(), sanitise(wanted)),
            "use the whole id",
        )),
    }
}

/// Only what players type, so that it can be given on.
async fn show_connect(session: &mut Session, wanted: &str) -> Result<Exit, Problem> {
    let id = find(&session.fleet, wanted)?.id.clone();
    match session.ask(Request::MatchConnect { id }).await? {
        Reply::MatchConnect { connect } => {
            println!("{}", sanitise(connect.expose()));
            Ok(Exit::Done)
        }
        _ => Err(act::unexpected()),
    }
}

fn show(one: &Match, output: &OutputArguments) -> Result<Exit, Problem> {
    if output.format() == Format::Json {
        let text = serde_json::to_string_pretty(one);
        println!("{}", text.map_err(|error| Problem::storage(error.to_string()))?);
    } else {
        for line in words(one, SystemClock.now()) {
            println!("{}", sanitise(&line));
        }
    }
    Ok(Exit::Done)
}

/// A match in lines for people.
fn words(one: &Match, now: Timestamp) -> Vec<String> {
    let age = |at: Timestamp| super::listing::age_text(now.millis_since(at));
    let (score, (here, wanted)) = (one.score(), one.connected());
    let mut lines = vec![
        format!("{} · {} · {} · {}", one.id, listing::teams(one), one.phase.word(), one.request.map),
        format!("  asked for {} ago by {} · run {}", age(one.requested_at), one.by, one.run),
        format!("  score {}:{} · {here} of {wanted} players", score.team1, score.team2),
    ];
    if let Some(rented) = &one.rented {
        let address = rented.address.as_deref().unwrap_or("no address yet");
        let state = if one.is_billing() { "up" } else { "gone" };
        lines.push(format!(
            "  server {} · {} · {address} · {state}",
            rented.name,
            place_of(&rented.location)
        ));
    }
    let money = |money: Option<&crate::model::money::Money>| {
        money.map_or_else(|| "not known".to_owned(), ToString::to_string)
    };
    lines.push(format!(
        "  cost {} · per hour {}",
        money(one.cost.as_ref()),
        money(one.burn_per_hour.as_ref())
    ));
    if let Some(until) = one.until.filter(|_| !one.phase.is_over()) {
        lines.push(format!("  until {until}"));
    }
    if let HookState::Heard(at) = one.hooks {
        lines.push(format!("  last webhook {} ago", age(at)));
    }
    for player in one.reading.iter().flat_map(|reading| &reading.players) {
        let side = player.side.map_or("spectator", |side| one.request.team_name(side));
        let (kills, deaths, assists) = (player.kills, player.deaths, player.assists);
        lines.push(format!("  {side}: {} {} · {kills}/{deaths}/{assists}", player.steam_id, player.name));
    }
    for event in one.reading.iter().flat_map(|reading| &reading.events) {
        // Rounds and joins are many; the score and the players say the same.
        if !matches!(event.kind, MatchEventKind::RoundEnd(_) | MatchEventKind::PlayerConnected(_)) {
            lines.push(format!("  {} {}", event.at, event_word(&event.kind)));
        }
    }
    if let Some(end) = &one.end {
        lines.push(format!("  {}", end.words()));
    }
    for entry in one.settlement.iter().flat_map(|settlement| &settlement.entries) {
        let (before, change) = (entry.rating_before, entry.rating_change);
        lines.push(format!("  {} {before}{change:+} · {}", entry.name, entry.reward));
    }
    lines
}

/// An event's name as in JSON, where it is one word; else its words.
fn event_word(kind: &MatchEventKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        Ok(serde_json::Value::Object(fields)) => {
            let words = fields.iter().map(|(word, value)| format!("{} {value}", word.replace('_', " ")));
            words.collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}
