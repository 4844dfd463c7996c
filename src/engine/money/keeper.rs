//! Keeps the books: what was seen goes in, records are on the disk before anybody is told, and a restart goes on from
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio_util::sync::CancellationToken;

use super::billed::BilledServer;
use super::book::Entry;
use super::bookkeeper::{Bookkeeper, Effect, MoneyPolicy};
use super::changes::ChangeRecord;
use super::condensed;
use super::ledger;
use super::restore::Records;
use super::snapshot::{Snapshot, SnapshotKind};
use super::snapshot_record::SnapshotRecord;
use super::snapshots;
use crate::engine::observation::Observation;
use crate::engine::requests::blocking;
use crate::engine::shared::SharedFleet;
use crate::model::account::Provider;
use crate::model::balance::{Balance, BalanceKey};
use crate::model::fleet::Change;
use crate::model::ids::{AccountId, OperatorName};
use crate::model::problem::Problem;
use crate::model::spend::{AlertEvent, AlertKey, BurnChange, BurnerOwner, Meter, Silence};
use crate::model::time::Timestamp;
use crate::store::{Record, RecordKind, Store};

/// The name of the cached meter, with the number of its shape.
const METER_CACHE: &str = "money/meter/2";

/// The key of every record of a book: one list, in its order.
pub const BOOK_KEY: &str = "book";

/// Changes that wait for a disk that fails: the oldest are given up beyond every server of a large site.
const UNKEPT_MAX: usize = 20_000;

/// The key of every record of an alert.
pub const ALERT_KEY: &str = "alert";

/// What the ledger keeps of money.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerBody {
    /// An entry of a balance's book.
    Book {
        /// The balance.
        balance: BalanceKey,
        /// The entry.
        entry: Entry,
    },
}

/// The books of a site with the store that keeps them.
pub struct Keeper {
    store: Store,
    fleet: Arc<SharedFleet>,
    policy: MoneyPolicy,
    providers: BTreeMap<AccountId, Provider>,
    /// Opened by whoever needs them first, so that reading two years of records holds up no start. One at a time: an effect
    /// is kept before the next reading is taken.
    books: OnceCell<Mutex<Bookkeeper>>,
    /// Changes of panels' servers that are not kept yet: those of one tick, or of more while the disk fails, and then at most
    /// [`UNKEPT_MAX`].
    unkept: Mutex<Vec<BurnChange>>,
}

impl Keeper {
    /// A keeper of the books in `store`; providers are those of the accounts configured.
    #[must_use]
    pub fn new(
        store: Store,
        fleet: Arc<SharedFleet>,
        policy: MoneyPolicy,
        providers: BTreeMap<AccountId, Provider>,
    ) -> Self {
        Self { store, fleet, policy, providers, books: OnceCell::new(), unkept: Mutex::default() }
    }

    /// The books, as the store's records tell them when they are asked for first.
    async fn books(&self) -> Result<MutexGuard<'_, Bookkeeper>, Problem> {
        let books = self.books.get_or_try_init(|| async {
            let now = self.fleet.now();
            let records = blocking(&self.store, move |store| read_records(store, now)).await?;
            let provider_of =
                |account: &AccountId| self.providers.get(account).copied().unwrap_or(Provider::Exaroton);
            let books = Bookkeeper::restored(self.policy.clone(), records, provider_of);
            let alerts: Vec<_> = books.alerts().iter().cloned().collect();
            if !alerts.is_empty() {
                self.tell(Change::Alerts(alerts));
            }
            Ok(Mutex::new(books))
        });
        Ok(books.await?.lock().await)
    }

    /// Takes a complete list of an account's servers in; those whose adapter knows no owner get the one that is known here.
    ///
    /// # Errors
    /// `Storage`: something that has to be kept could not be; nothing of it was told.
    pub async fn servers(&self, account: &AccountId, mut servers: Vec<BilledServer>) -> Result<(), Problem> {
        self.fleet.read_owners(|owners| {
            for server in servers.iter_mut().filter(|server| server.owner == BurnerOwner::Unowned) {
                server.owner = owners.owner(&server.key);
            }
        });
        let mut books = self.books().await?;
        let effects = books.servers(account, servers, self.fleet.now());
        self.carry_out(&mut books, effects).await
    }

    /// Takes readings of all balances of an account in.
    ///
    /// # Errors
    /// As [`Keeper::servers`].
    pub async fn balances(&self, account: &AccountId, balances: Vec<Balance>) -> Result<(), Problem> {
        let mut books = self.books().await?;
        let here: BTreeSet<BalanceKey> = balances.iter().map(|balance| balance.key.clone()).collect();
        for balance in balances {
            let effects = books.balance(balance);
            self.carry_out(&mut books, effects).await?;
        }
        let effects = books.only_balances(account, &here);
        self.carry_out(&mut books, effects).await
    }

    /// Takes a snapshot now.
    ///
    /// # Errors
    /// `Storage`: it is not kept.
    pub async fn take_snapshot(&self, by: OperatorName) -> Result<(), Problem> {
        let mut books = self.books().await?;
        let now = self.fleet.now();
        let snapshot = books.snapshot(SnapshotKind::Manual, now, now, Some(by));
        self.carry_out(&mut books, vec![Effect::KeepSnapshot(Box::new(snapshot))]).await
    }

    /// Silences an alert that holds, or takes a silence back.
    ///
    /// # Errors
    /// `Refused`: there is no such alert; `Storage`: it is not kept.
    pub async fn silence(&self, alert: AlertKey, silence: Option<Silence>) -> Result<(), Problem> {
        let mut books = self.books().await?;
        if !books.alerts().iter().any(|held| held.key == alert) {
            return Err(Problem::refused("this alert does not hold any more", "nothing has to be done"));
        }
        let event = match silence {
            Some(silence) => AlertEvent::Silenced(alert, silence),
            None => AlertEvent::Unsilenced(alert),
        };
        self.carry_out(&mut books, vec![Effect::KeepAlert(event)]).await
    }

    /// The zone whose days are counted.
    #[must_use]
    pub fn zone(&self) -> chrono_tz::Tz {
        self.policy.zone
    }

    /// Reads the books.
    ///
    /// # Errors
    /// `Storage`: their records cannot be read.
    pub async fn read<T>(&self, read: impl FnOnce(&Bookkeeper) -> T) -> Result<T, Problem> {
        Ok(read(&*self.books().await?))
    }

    /// Since when each balance is read.
    ///
    /// # Errors
    /// As [`Keeper::read`].
    pub async fn began(&self) -> Result<BTreeMap<BalanceKey, Timestamp>, Problem> {
        self.read(Bookkeeper::began).await
    }

    /// Looks at what depends on the clock until `shutdown`, then keeps the meter a last time.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut is_failing = false;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(Duration::from_millis(self.policy.tick_ms.max(1))) => {}
            }
            let outcome = self.tick().await;
            if let (Err(problem), false) = (&outcome, is_failing) {
                let text = format!("the books of credits cannot be kept: {problem}");
                self.fleet.observe(Observation::Notice { text });
            }
            is_failing = outcome.is_err();
        }
        let kept = match self.keep_panel_changes().await {
            Ok(()) => self.keep_meter().await,
            failed => failed,
        };
        if let Err(problem) = kept {
            tracing::warn!(%problem, "the last changes of the burn, or the meter, were not kept");
        }
    }

    async fn tick(&self) -> Result<(), Problem> {
        self.look().await?;
        self.keep_panel_changes().await?;
        self.keep_meter().await
    }

    /// Looks once at what depends on the clock.
    ///
    /// # Errors
    /// As [`Keeper::servers`].
    pub(super) async fn look(&self) -> Result<(), Problem> {
        let mut books = self.books().await?;
        let effects = books.tick(self.fleet.now());
        self.carry_out(&mut books, effects).await
    }

    /// Keeps what the burn of panels' servers did.
    ///
    /// # Errors
    /// `Storage`: it is not kept; it is kept with what comes next.
    pub(super) async fn keep_panel_changes(&self) -> Result<(), Problem> {
        let mut unkept = self.unkept.lock().await;
        unkept.extend(self.fleet.take_burn_changes());
        let surplus = unkept.len().saturating_sub(UNKEPT_MAX);
        unkept.drain(..surplus);
        ledger::keep(&self.store, &unkept).await?;
        unkept.clear();
        Ok(())
    }

    /// Keeps what was counted, so that a start goes on from it.
    ///
    /// # Errors
    /// `Storage`: it could not be kept.
    pub(super) async fn keep_meter(&self) -> Result<(), Problem> {
        let meter = self.books().await?.meter().clone();
        if meter.until().is_none() {
            return Ok(());
        }
        blocking(&self.store, move |store| store.put_cache(METER_CACHE, &meter)).await
    }

    /// Keeps and tells, in order; stops at the first that cannot be kept.
    async fn carry_out(&self, books: &mut Bookkeeper, effects: Vec<Effect>) -> Result<(), Problem> {
        for mut effect in effects {
            match &mut effect {
                Effect::KeepEntry(balance, entry) => {
                    let body = LedgerBody::Book { balance: balance.clone(), entry: (**entry).clone() };
                    self.store.append(RecordKind::Ledger, BOOK_KEY, &body).await?;
                }
                Effect::KeepSnapshot(snapshot) => {
                    if !self.keep_snapshot(snapshot, books.last_snapshot()).await? {
                        books.was_kept(snapshot.kind, snapshot.slot);
                        continue;
                    }
                }
                Effect::KeepAlert(event) => {
                    self.store.append(RecordKind::Alert, ALERT_KEY, event).await?;
                }
                Effect::KeepChanges(changes) => {
                    ledger::explain(&self.fleet, changes);
                    ledger::keep(&self.store, changes).await?;
                }
                Effect::KeepAcknowledgement(payer, at) => {
                    let record = ChangeRecord::Acknowledged { payer: payer.clone(), at: *at };
                    self.store.append(RecordKind::Ledger, &ChangeRecord::day_key(*at), &record).await?;
                }
                Effect::Tell(change) => self.tell(change.clone()),
            }
            if let Some(change) = books.kept(&effect) {
                self.tell(change);
            }
        }
        Ok(())
    }

    /// Keeps a snapshot unless its slot is kept already: by an engine that died before it could take note of it. Says whether
    /// it is new.
    async fn keep_snapshot(&self, snapshot: &Snapshot, before: Option<&Snapshot>) -> Result<bool, Problem> {
        let key = Snapshot::record_key(snapshot.kind, snapshot.slot);
        let asked = key.clone();
        let is_new = blocking(&self.store, move |store| store.records_of(RecordKind::Snapshot, &asked))
            .await?
            .is_empty();
        if !is_new {
            return Ok(false);
        }
        let record = SnapshotRecord::of(snapshot, before, self.policy.zone);
        self.store.append(RecordKind::Snapshot, &key, &record).await?;
        if snapshot.kind == SnapshotKind::StartOfDay {
            // Once a day, so that the next start has a day to read.
            blocking(&self.store, |store| condensed::read(store).map(drop)).await?;
        }
        Ok(true)
    }

    /// The snapshots around a moment: the last at or before it, and the first after it.
    ///
    /// # Errors
    /// `Storage`: they cannot be read.
    pub(super) async fn snapshots_around(
        &self,
        at: Timestamp,
    ) -> Result<(Option<Snapshot>, Option<Snapshot>), Problem> {
        blocking(&self.store, move |store| snapshots::around(store, at)).await
    }

    fn tell(&self, change: Change) {
        self.fleet.observe(Observation::Money(vec![change]));
    }
}

/// Everything that was kept.
fn read_records(store: &Store, now: Timestamp) -> Result<Records, Problem> {
    let condensed = condensed::read(store)?;
    let last_snapshot = snapshots::last(store)?;
    let alerts = bodies::<AlertEvent>(store.records_of(RecordKind::Alert, ALERT_KEY)?);
    let meter: Option<Meter> = store.get_cache(METER_CACHE)?;
    let changes = ledger::read(store, ChangeRecord::remembered_from(now), now)?;
    Ok(Records { condensed, last_snapshot, alerts, meter, changes })
}

/// The bodies of records. One of another shape is another program's: it is left out and said.
pub(super) fn bodies<T: for<'de> Deserialize<'de>>(records: Vec<Record>) -> Vec<T> {
    records
        .into_iter()
        .filter_map(|record| {
            let sequence = record.sequence;
            serde_json::from_value(record.body)
                .inspect_err(|error| tracing::warn!(sequence, %error, "a record of money is not understood"))
                .ok()
        })
        .collect()
}
