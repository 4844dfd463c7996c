//! What clients may ask of the books.

use super::bookkeeper::Bookkeeper;
use super::declared::Declared;
use super::keeper::Keeper;
use super::snapshot::Snapshot;
use crate::model::balance::BalanceKey;
use crate::model::ids::OperatorName;
use crate::model::problem::Problem;
use crate::model::request::{CreditsHistory, HistoryPoint, SnapshotNote};
use crate::model::spend::{AlertKey, Silence, days_of};
use crate::model::time::Timestamp;

/// Points of a chart at most: wider than any terminal.
const POINTS_MAX: u32 = 2_000;

/// Days told at most: two years and a bit.
const DAYS_MAX: usize = 800;

/// Longest reason kept with a silence, characters.
const REASON_MAX: usize = 500;

/// Spend of a balance over time.
///
/// # Errors
/// `NotFound`: no such balance; `Storage`: the records cannot be read.
pub async fn history(
    keeper: &Keeper,
    balance: &BalanceKey,
    from: Timestamp,
    to: Timestamp,
    points: u32,
) -> Result<CreditsHistory, Problem> {
    let of = |books: &Bookkeeper| {
        let history = history_of(books, balance, from, to, points)?;
        Some((history, Declared::now(books, balance), books.meter().until()))
    };
    let read = keeper.read(of).await?;
    let (mut history, now, counted_until) =
        read.ok_or_else(|| Problem::not_found(format!("there is no balance {balance}")))?;
    let at_end = if counted_until.is_none_or(|until| until <= to) {
        now.clone()
    } else {
        declared_at(keeper, balance, to, &now).await?
    };
    let at_beginning = declared_at(keeper, balance, from, &at_end).await?;
    history.by_server = at_end.since(&at_beginning);
    Ok(history)
}

/// What was declared for each server until a moment, given what was at a later one.
async fn declared_at(
    keeper: &Keeper,
    balance: &BalanceKey,
    at: Timestamp,
    later: &Declared,
) -> Result<Declared, Problem> {
    let (before, after) = keeper.snapshots_around(at).await?;
    let after = after.map(|after| Declared::of(&after, balance));
    Ok(Declared::at(at, before.as_ref(), after.as_ref().unwrap_or(later), balance))
}

fn history_of(
    books: &Bookkeeper,
    balance: &BalanceKey,
    from: Timestamp,
    to: Timestamp,
    points: u32,
) -> Option<CreditsHistory> {
    let book = books.book(balance)?;
    let curve = book.curve();
    let slices = curve.slices(from, to, points.clamp(1, POINTS_MAX));
    let ends = slices.iter().skip(1).map(|(at, _)| *at).chain([to]);
    let points = slices
        .iter()
        .zip(ends)
        .map(|((at, spent), end)| HistoryPoint {
            at: *at,
            spent: *spent,
            balance: book.balance_at(end),
            is_gap: curve.watched(*at, end).0 < end.millis_since(*at),
        })
        .collect();
    // After one reading nothing is known of any day yet.
    let known_from = curve.known().map_or(to, |(first, _)| first.max(from));
    let mut days = days_of(curve, known_from, to, books.zone());
    let surplus = days.len().saturating_sub(DAYS_MAX);
    days.drain(..surplus);
    let last_snapshot = books.last_snapshot().map(|snapshot| note(snapshot, balance));
    Some(CreditsHistory { points, days, by_server: Vec::new(), last_snapshot })
}

fn note(snapshot: &Snapshot, balance: &BalanceKey) -> SnapshotNote {
    let kept = snapshot.balances.values().find(|(key, _)| key == balance);
    SnapshotNote {
        taken_at: snapshot.taken_at,
        kind: snapshot.kind.word().to_owned(),
        balance: kept.map(|(_, checkpoint)| checkpoint.reading.balance),
        running: snapshot.running,
        ram_gib_in_use: snapshot.ram_gib_in_use,
    }
}

/// Silences an alert until a moment, for a reason.
///
/// # Errors
/// `Refused`: no reason, a moment that is over, or the alert does not hold; `Storage`: it is not kept.
pub async fn silence(
    keeper: &Keeper,
    alert: AlertKey,
    by: OperatorName,
    until: Timestamp,
    reason: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let reason: String = crate::model::sanitise::sanitise(reason.trim()).chars().take(REASON_MAX).collect();
    if reason.is_empty() {
        return Err(Problem::refused("a silence needs a reason", "say why it is known"));
    }
    if until <= now {
        return Err(Problem::refused("the silence would be over already", "choose a later moment"));
    }
    keeper.silence(alert, Some(Silence { by, reason, until })).await
}
