//! Reading a period's records: only those that the period needs, and the ones just before and behind it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use chrono_tz::Tz;

use super::balances::BalanceRecords;
use super::register;
use super::servers::ServerSums;
use crate::engine::money::keeper::{self, LedgerBody};
use crate::engine::money::registrar;
use crate::engine::money::snapshot::{Snapshot, SnapshotKind};
use crate::engine::money::snapshot_record::SnapshotHead;
use crate::engine::money::snapshots::{self, span};
use crate::model::balance::BalanceKey;
use crate::model::problem::Problem;
use crate::model::site::Site;
use crate::model::time::Timestamp;
use crate::report::ReportInput;
use crate::store::{KeySpan, RecordKind, SpanEnd, Store, TypedRecord};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: u64 = 24 * 3_600_000;

/// Of longer periods the starts and ends of days are read only: sums by day need no more, and a year of 500 servers would be
/// gigabytes.
const HOURLY_UP_TO_MS: u64 = 40 * DAY_MS;

/// What is asked, with what only a running engine knows.
#[derive(Debug, Clone)]
pub struct Question {
    /// The site.
    pub site: Site,
    /// Whose midnights divide the days.
    pub zone: Tz,
    /// The first moment reported.
    pub from: Timestamp,
    /// The end of the period, perhaps still to come.
    pub to: Timestamp,
    /// The present.
    pub now: Timestamp,
    /// Everything as it stands now: what no snapshot behind the period tells yet.
    pub present: Snapshot,
}

impl Question {
    /// The end of what can be told.
    fn end(&self) -> Timestamp {
        self.to.min(self.now).max(self.from)
    }
}

/// The facts of the period. Blocks.
///
/// # Errors
/// `Storage`: the records cannot be read.
pub fn gather(store: &Store, question: &Question) -> Result<ReportInput, Problem> {
    let Question { from, zone, site, .. } = question;
    let period = (*from, question.end());
    let mut balances = BalanceRecords::default();
    let mut sums = ServerSums::new(period.0, period.1);
    let mut notes = Vec::new();
    // What is known of a balance now stands for snapshots of versions that kept no names.
    balances.snapshot(&question.present);
    let left_out = each_snapshot(store, question, &mut |snapshot| {
        balances.snapshot(snapshot);
        sums.snapshot(snapshot);
    })?;
    if left_out > 0 {
        notes.push(format!("{left_out} snapshots of another version were left out."));
    }
    let book = KeySpan { from: keeper::BOOK_KEY.to_owned(), to: format!("{}\u{1}", keeper::BOOK_KEY) };
    store.visit_spans(
        RecordKind::Ledger,
        &[book],
        &mut |TypedRecord { body: LedgerBody::Book { balance, entry }, .. }| balances.entry(balance, entry),
    )?;
    let present: BTreeSet<BalanceKey> =
        question.present.balances.values().map(|(key, _)| key.clone()).collect();
    let (mut payers, unlabelled) = balances.payers(period, &present);
    for key in unlabelled {
        notes.push(format!(
            "{key} is not read any more, and what it was counted in was not kept: it is not in this report."
        ));
    }
    notes.extend(missed_hours(store, question)?);
    let records = registrar::read(store, Some(question.to))?;
    let told = register::told(&records, period, *zone, &site.rates.reporting);
    payers.extend(told.payers);
    notes.extend(told.notes);
    Ok(ReportInput {
        site: site.clone(),
        zone: *zone,
        from: *from,
        to: question.to,
        generated_at: question.now,
        payers,
        servers: sums.finish().into_iter().chain(told.servers).collect(),
        alerts: alerts(store, question.to)?,
        orphans: told.orphans,
        notes,
    })
}

/// Visits the snapshots that the period needs by rising time: the last before it, those in it, the first behind it. Returned is
/// how many are of another program.
fn each_snapshot(
    store: &Store,
    question: &Question,
    visit: &mut dyn FnMut(&Snapshot),
) -> Result<usize, Problem> {
    let (from, to) = (question.from, question.end());
    let is_long = to.millis_since(from) > HOURLY_UP_TO_MS;
    if !is_long {
        return each_of_short(store, question, visit);
    }
    let (before, _) = snapshots::around(store, Timestamp(from.0.saturating_sub(1)))?;
    let (_, behind) = snapshots::around(store, to)?;
    if let Some(before) = &before {
        visit(before);
    }
    // These are whole.
    let kinds = [SnapshotKind::StartOfDay, SnapshotKind::EndOfDay];
    let spans = kinds.map(|kind| span(kind, Some(from), Some(to)));
    let left_out =
        store.visit_spans(RecordKind::Snapshot, &spans, &mut |TypedRecord { body, .. }: TypedRecord<
            Snapshot,
        >| visit(&body))?;
    visit(behind.as_ref().unwrap_or(&question.present));
    Ok(left_out)
}

/// As [`each_snapshot`], every one.
fn each_of_short(
    store: &Store,
    question: &Question,
    visit: &mut dyn FnMut(&Snapshot),
) -> Result<usize, Problem> {
    let (from, to) = (question.from, question.end());
    let mut before: Option<Snapshot> = None;
    let mut has_behind = false;
    let left_out = snapshots::visit_from(store, from, &mut |snapshot| {
        if snapshot.taken_at < from {
            before = Some(snapshot.clone());
            return ControlFlow::Continue(());
        }
        if let Some(before) = before.take() {
            visit(&before);
        }
        visit(snapshot);
        has_behind = snapshot.taken_at >= to;
        if has_behind { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some(before) = before {
        visit(&before);
    }
    if !has_behind {
        visit(&question.present);
    }
    Ok(left_out)
}

/// Says how many hours have no snapshot of their own: no engine ran, or nothing could be read.
fn missed_hours(store: &Store, question: &Question) -> Result<Option<String>, Problem> {
    let everything = span(SnapshotKind::Hourly, None, None);
    let first: Option<TypedRecord<SnapshotHead>> =
        store.at_end_of_span(RecordKind::Snapshot, &everything, SpanEnd::First)?;
    let Some(first) = first else { return Ok(None) };
    let hour = |at: Timestamp| at.0.div_euclid(HOUR_MS);
    let (from, to) = (hour(question.from.max(first.body.slot)), hour(question.end()));
    let wanted = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
    let hours = span(SnapshotKind::Hourly, Some(Timestamp(from * HOUR_MS)), Some(Timestamp(to * HOUR_MS)));
    let missed = wanted.saturating_sub(store.count_in_span(RecordKind::Snapshot, &hours)?);
    Ok((missed > 0).then(|| {
        let hours = if missed == 1 { "1 hour has".to_owned() } else { format!("{missed} hours have") };
        format!("{hours} no snapshot: no engine ran, or no balance could be read.")
    }))
}

/// What became of alerts until the period's end; earlier ones tell what held when it began.
fn alerts(
    store: &Store,
    to: Timestamp,
) -> Result<Vec<(Timestamp, crate::model::spend::AlertEvent)>, Problem> {
    let span = KeySpan { from: keeper::ALERT_KEY.to_owned(), to: format!("{}\u{1}", keeper::ALERT_KEY) };
    let mut events = Vec::new();
    store.visit_spans(RecordKind::Alert, &[span], &mut |record| {
        if record.at < to {
            events.push((record.at, record.body));
        }
    })?;
    Ok(events)
}
