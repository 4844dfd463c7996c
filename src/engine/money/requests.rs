//! What clients may ask of the books.

use rust_decimal::Decimal;

use super::bookkeeper::Bookkeeper;
use super::keeper::Keeper;
use super::snapshot::Snapshot;
use crate::model::balance::BalanceKey;
use crate::model::ids::{OperatorName, ServerKey};
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
    let of = |books: &Bookkeeper| history_of(books, balance, from, to, points);
    keeper.read(of).await?.ok_or_else(|| Problem::not_found(format!("there is no balance {balance}")))
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
    Some(CreditsHistory { points, days, by_server: by_server(books, balance), last_snapshot })
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

/// What was declared for each server since the meter began, largest first.
fn by_server(books: &Bookkeeper, balance: &BalanceKey) -> Vec<(ServerKey, String, Decimal)> {
    let mut sums: std::collections::BTreeMap<ServerKey, Decimal> = std::collections::BTreeMap::new();
    for (payer, server, _, total) in books.meter().totals() {
        if payer == balance {
            *sums.entry(server.clone()).or_default() += total;
        }
    }
    let mut servers: Vec<_> = sums
        .into_iter()
        .filter(|(_, total)| !total.is_zero())
        .map(|(key, total)| {
            let name = books.server_name(&key).unwrap_or(&key.id).to_owned();
            (key, name, total.round_dp(6).normalize())
        })
        .collect();
    servers.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    servers
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
