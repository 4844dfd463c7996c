//! `get`: lists for people and programs.

use std::io::Write;

use super::args::{GetArguments, Kind};
use super::exit::Exit;
use super::listing::{self, ListedRow};
use super::matches;
use super::output::Listing;
use super::session::Session;
use crate::link::LinkEvent;
use crate::model::account::FeedKind;
use crate::model::filter::Filter;
use crate::model::problem::Problem;
use crate::model::request::{AuditEntry, Reply, Request};
use crate::model::time::Clock;

/// How many audit entries are listed.
const AUDIT_LIMIT: u32 = 1_000;

/// How many records of the ledger are listed: all that the engine tells at once.
const LEDGER_LIMIT: u32 = u32::MAX;

/// The feeds that a kind is made from.
fn feeds_of(kind: Kind) -> &'static [FeedKind] {
    match kind {
        // The first is what the list is of; the others fill columns of it.
        Kind::Orders => &[FeedKind::Orders, FeedKind::Servers],
        Kind::Nodes => &[FeedKind::Nodes, FeedKind::Servers],
        Kind::Servers | Kind::Findings => &[FeedKind::Servers, FeedKind::Orders, FeedKind::Nodes],
        Kind::Credits | Kind::Alerts => &[FeedKind::Credits, FeedKind::Servers],
        Kind::Runs
        | Kind::Feeds
        | Kind::Audit
        | Kind::Matches
        | Kind::Players
        | Kind::Ledger
        | Kind::Deployments => &[],
    }
}

/// Runs `get`.
///
/// # Errors
/// The engine went away, or a provider never answered.
pub async fn run(
    session: &mut Session,
    arguments: &GetArguments,
    clock: &dyn Clock,
) -> Result<Exit, Problem> {
    let filter = match Filter::parse(arguments.filter.as_deref().unwrap_or("")) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("quarterdeck: --filter: {error}");
            return Ok(Exit::Usage);
        }
    };
    let feeds = feeds_of(arguments.kind);
    session.settle(feeds, clock.now()).await?;
    if !is_connected(session, arguments.kind) {
        eprintln!("quarterdeck: no account for this is connected; see `quarterdeck config init`");
    }
    let mut last = None;
    loop {
        let text = written(session, arguments, &filter, clock).await?;
        if last.as_ref() != Some(&text) {
            for warning in session.warnings(feeds, clock.now()) {
                eprintln!("quarterdeck: {warning}");
            }
            if std::io::stdout().write_all(&text).and_then(|()| std::io::stdout().flush()).is_err() {
                return Ok(Exit::Done); // the reader closed the pipe
            }
            last = Some(text);
        }
        if !arguments.watch {
            return Ok(ended(session, arguments.kind, clock));
        }
        loop {
            let event = session.next().await?;
            if session.is_complete() && matches!(event, LinkEvent::Changes { .. } | LinkEvent::SnapshotEnd) {
                break;
            }
        }
    }
}

/// Whether an account can have what is listed: an empty list of credits must not read as "no credits".
fn is_connected(session: &Session, kind: Kind) -> bool {
    match kind {
        Kind::Deployments => false,
        Kind::Matches | Kind::Players | Kind::Ledger => matches::is_connected(&session.fleet),
        Kind::Credits | Kind::Alerts => {
            session.fleet.feeds.keys().any(|(_, kind)| *kind == FeedKind::Credits)
        }
        _ => true,
    }
}

/// A list is done when it is written; that of alerts says whether somebody has to look.
fn ended(session: &Session, kind: Kind, clock: &dyn Clock) -> Exit {
    let now = clock.now();
    let is_alarmed = kind == Kind::Alerts && session.fleet.alerts.iter().any(|alert| !alert.is_silenced(now));
    if is_alarmed { Exit::Refused } else { Exit::Done }
}

async fn written(
    session: &mut Session,
    arguments: &GetArguments,
    filter: &Filter,
    clock: &dyn Clock,
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let write = if arguments.kind == Kind::Audit {
        audit(session).await?.write(arguments.output.format(), &mut bytes)
    } else {
        let rows = rows(session, arguments.kind, clock).await?;
        let rows: Vec<ListedRow> = rows.into_iter().filter(|row| filter.matches(row)).collect();
        listing_of(arguments.kind, rows).write(arguments.output.format(), &mut bytes)
    };
    write.map_err(|error| Problem::storage(format!("writing the list: {error}")))?;
    Ok(bytes)
}

/// The rows of a kind: of what the fleet holds, or what only the engine's ledger knows.
async fn rows(session: &mut Session, kind: Kind, clock: &dyn Clock) -> Result<Vec<ListedRow>, Problem> {
    Ok(match kind {
        Kind::Players => match session.ask(Request::Standings).await? {
            Reply::Standings(standings) => matches::listing::players(&standings, clock.now()),
            _ => Vec::new(),
        },
        Kind::Ledger => match session.ask(Request::LedgerRecords { limit: LEDGER_LIMIT }).await? {
            Reply::LedgerRecords(records) => matches::listing::ledger(&records),
            _ => Vec::new(),
        },
        kind => listing::rows(&session.fleet, kind, clock.now()),
    })
}

/// Rows as a listing.
fn listing_of(kind: Kind, rows: Vec<ListedRow>) -> Listing<serde_json::Value> {
    let mut listing =
        Listing { columns: listing::columns(kind).to_vec(), rows: Vec::new(), items: Vec::new() };
    for row in rows {
        listing.rows.push(row.cells.into_iter().map(|cell| cell.text).collect());
        listing.items.push(row.item);
    }
    listing
}

async fn audit(session: &mut Session) -> Result<Listing<AuditEntry>, Problem> {
    let reply = session.ask(Request::Audit { limit: AUDIT_LIMIT }).await?;
    let items = if let Reply::Audit(entries) = reply { entries } else { Vec::new() };
    let rows = items
        .iter()
        .map(|entry| {
            vec![
                entry.at.to_string(),
                entry.by.to_string(),
                entry.origin.clone(),
                entry.action.clone(),
                entry.target.clone(),
                entry.outcome.clone(),
            ]
        })
        .collect();
    Ok(Listing { columns: vec!["at", "by", "from", "action", "target", "outcome"], rows, items })
}
