//! Keeps the register: looks at the fleet, and what changed is on the disk before it counts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

use super::register::{Register, RegisterChange, RegisterRecord, Sighting, accounts_read};
use crate::engine::requests::blocking;
use crate::engine::shared::SharedFleet;
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::store::{KeySpan, RecordKind, Store};

/// The key of every record of the register: one list, in its order.
pub const REGISTER_KEY: &str = "register";

/// The name of the cached moment until which somebody looked.
const WATCHED_CACHE: &str = "money/register-watched-until";

/// As long without an engine is said; shorter restarts miss nothing worth telling.
const UNWATCHED_AFTER_MS: u64 = 10 * 60_000;

/// Changes in one record: far below the largest record allowed, also with long names.
const CHANGES_IN_A_RECORD: usize = 500;

/// The register of a site with the store that keeps it.
pub struct Registrar {
    store: Store,
    fleet: Arc<SharedFleet>,
    began: Timestamp,
    kept: OnceCell<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    register: Register,
    /// What the last look saw: with nothing of it changed there is nothing to see.
    seen: Option<(u64, BTreeSet<AccountId>)>,
}

impl Registrar {
    /// A registrar that writes into `store`.
    #[must_use]
    pub fn new(store: Store, fleet: Arc<SharedFleet>) -> Self {
        let began = fleet.now();
        Self { store, fleet, began, kept: OnceCell::new() }
    }

    /// Looks now, and keeps what changed.
    ///
    /// # Errors
    /// `Storage`: the register cannot be read or kept; the next look tries again.
    pub async fn look(&self) -> Result<(), Problem> {
        let mut kept = self.kept.get_or_try_init(|| self.open()).await?.lock().await;
        let read = self.fleet.read(|fleet| accounts_read(fleet, self.began));
        let seen = Some((self.fleet.revision(), read));
        if kept.seen != seen {
            let sighting = self.fleet.read(|fleet| Sighting::of(fleet, self.began));
            let changes = kept.register.changes(&sighting, self.fleet.now());
            for some in changes.chunks(CHANGES_IN_A_RECORD) {
                self.keep(&RegisterRecord::Changes(some.to_vec())).await?;
                for change in some {
                    kept.register.apply(change);
                }
            }
            kept.seen = seen;
        }
        let now = self.fleet.now();
        blocking(&self.store, move |store| store.put_cache(WATCHED_CACHE, &now)).await
    }

    /// The register as its records tell it; time in which no engine ran is noted.
    async fn open(&self) -> Result<Mutex<Kept>, Problem> {
        let (records, watched_until) = blocking(&self.store, |store| {
            let watched_until: Option<Timestamp> = store.get_cache(WATCHED_CACHE)?;
            Ok((read(store, None)?, watched_until))
        })
        .await?;
        let mut kept = Kept::default();
        let mut last = None;
        for change in records.iter().flat_map(changes_of) {
            kept.register.apply(change);
            last = last.max(Some(change.at));
        }
        if let Some(from) = watched_until.max(last)
            && !kept.register.is_empty()
            && self.began.millis_since(from) > UNWATCHED_AFTER_MS
        {
            self.keep(&RegisterRecord::Unwatched { from, to: self.began }).await?;
        }
        Ok(Mutex::new(kept))
    }

    async fn keep(&self, record: &RegisterRecord) -> Result<(), Problem> {
        self.store.append(RecordKind::Ledger, REGISTER_KEY, record).await.map(|_| ())
    }

    /// Looks every so often until `shutdown`.
    pub async fn run(self: Arc<Self>, every: Duration, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            if let Err(problem) = self.look().await {
                tracing::warn!(%problem, "the register of servers was not kept");
            }
        }
    }
}

/// The changes of a record.
pub fn changes_of(record: &RegisterRecord) -> &[RegisterChange] {
    match record {
        RegisterRecord::Changes(changes) => changes,
        RegisterRecord::Unwatched { .. } => &[],
    }
}

/// Every record of the register, oldest first; those written after `until` are left out. Blocks.
///
/// # Errors
/// `Storage`: the records cannot be read.
pub fn read(store: &Store, until: Option<Timestamp>) -> Result<Vec<RegisterRecord>, Problem> {
    let span = KeySpan { from: REGISTER_KEY.to_owned(), to: format!("{REGISTER_KEY}\u{1}") };
    let mut records = Vec::new();
    let left_out = store.visit_spans(RecordKind::Ledger, &[span], &mut |record| {
        if until.is_none_or(|until| record.at < until) {
            records.push(record.body);
        }
    })?;
    if left_out > 0 {
        tracing::warn!(left_out, "records of the register are not understood");
    }
    Ok(records)
}
