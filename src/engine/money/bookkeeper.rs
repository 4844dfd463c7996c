//! All the books of a site: what was seen goes in, records to keep and changes to tell come out. Pure.
//!
//! The caller keeps the records before it tells the changes: what a screen shows survives a crash.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::billed::{BilledServer, Committed};
use super::book::{Book, Checkpoint, Entry};
use super::changes::Changes;
use super::snapshot::{self, BalanceLabel, Snapshot, SnapshotKind, SnapshotServer};
use super::view;
use crate::model::account::Provider;
use crate::model::balance::{Balance, BalanceKey};
use crate::model::balance_view::Correction;
use crate::model::fleet::Change;
use crate::model::ids::{AccountId, OperatorName, ServerKey};
use crate::model::money::Rates;
use crate::model::spend::{
    AlertEvent, AlertKey, AlertPolicy, Alerts, BurnChange, Burner, BurnerKind, Exposure, GuardPolicy, Meter,
    MovementPolicy,
};
use crate::model::time::Timestamp;

/// A storage period: 30 days (`providers/exaroton.md` §4).
pub const STORAGE_PERIOD_MS: u64 = 30 * 24 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;

/// Ten polls of an idle engine that all failed.
const GAP_AFTER_MS: u64 = 10 * 60_000;

/// Within the last minute of a day, three times.
const TICK_MS: u64 = 20_000;

/// Digits kept of what was declared: finer than any balance is told, coarse enough that sums stay exact.
const DECLARED_DIGITS: u32 = 9;

/// Tunable numbers of the books.
#[derive(Debug, Clone)]
pub struct MoneyPolicy {
    /// Days are those of this zone.
    pub zone: Tz,
    /// How often what depends on the clock is looked at, milliseconds of the process.
    pub tick_ms: u64,
    /// Readings further apart than this leave a gap, milliseconds.
    pub gap_after_ms: u64,
    /// What top-ups come in multiples of, by provider.
    pub top_up_units: BTreeMap<Provider, Decimal>,
    /// When alerts begin and end.
    pub alerts: AlertPolicy,
    /// When a plan that adds burn asks once more.
    pub guard: GuardPolicy,
    /// What is shown in the reporting currency.
    pub rates: Rates,
}

impl Default for MoneyPolicy {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            tick_ms: TICK_MS,
            gap_after_ms: GAP_AFTER_MS,
            top_up_units: BTreeMap::new(),
            alerts: AlertPolicy::default(),
            guard: GuardPolicy::default(),
            rates: Rates::default(),
        }
    }
}

impl MoneyPolicy {
    /// How movements of a provider's balance are told apart. Packs are sold to accounts; members give a pool what they like,
    /// in whole units.
    #[must_use]
    pub fn movements(&self, key: &BalanceKey, provider: Provider) -> MovementPolicy {
        let top_up_unit = match (self.top_up_units.get(&provider), &key.pool) {
            (Some(_), Some(_)) => Decimal::ONE,
            (unit, _) => unit.copied().unwrap_or_default(),
        };
        MovementPolicy { gap_after_ms: self.gap_after_ms, top_up_unit }
    }
}

/// A server's storage period, as far as it can be known: it is taken to begin when the server was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoragePeriod {
    pub(super) began: Timestamp,
    pub(super) run_before: Decimal,
}

/// What the caller has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Keep an entry of a balance's book.
    KeepEntry(BalanceKey, Box<Entry>),
    /// Keep a snapshot, unless one with its key is kept already.
    KeepSnapshot(Box<Snapshot>),
    /// Keep what became of an alert.
    KeepAlert(AlertEvent),
    /// Find out who did these changes, and keep them.
    KeepChanges(Vec<BurnChange>),
    /// Keep that somebody knows what stepped of a balance until then.
    KeepAcknowledgement(BalanceKey, Timestamp),
    /// Tell everybody.
    Tell(Change),
}

/// One balance with its book.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) balance: Option<Balance>,
    pub(super) book: Book,
    pub(super) correction: Option<Correction>,
    /// The most that could leave it when it was read last, where that is known.
    pub(super) exposure: Option<Exposure>,
}

impl Kept {
    /// A book whose balance was not read yet.
    pub(super) fn of(book: Book) -> Self {
        Self { balance: None, book, correction: None, exposure: None }
    }
}

/// All the books of a site.
#[derive(Debug, Clone)]
pub struct Bookkeeper {
    pub(super) policy: MoneyPolicy,
    pub(super) books: BTreeMap<BalanceKey, Kept>,
    pub(super) servers: BTreeMap<ServerKey, BilledServer>,
    /// Servers that went since the last start of a day was kept.
    pub(super) gone: BTreeMap<ServerKey, BilledServer>,
    pub(super) periods: BTreeMap<ServerKey, StoragePeriod>,
    pub(super) burners: Vec<Burner>,
    /// Balances whose burners nobody was told as they stand: they are once their account's servers are listed.
    untold: BTreeSet<BalanceKey>,
    pub(super) meter: Meter,
    pub(super) alerts: Alerts,
    pub(super) changes: Changes,
    pub(super) taken: BTreeMap<SnapshotKind, Timestamp>,
    pub(super) last_snapshot: Option<Box<Snapshot>>,
    /// When the books were thinned last.
    thinned_at: Option<Timestamp>,
}

impl Bookkeeper {
    /// Books without an entry.
    #[must_use]
    pub fn new(policy: MoneyPolicy) -> Self {
        Self {
            policy,
            books: BTreeMap::new(),
            servers: BTreeMap::new(),
            gone: BTreeMap::new(),
            periods: BTreeMap::new(),
            burners: Vec::new(),
            untold: BTreeSet::new(),
            meter: Meter::default(),
            alerts: Alerts::default(),
            changes: Changes::default(),
            taken: BTreeMap::new(),
            last_snapshot: None,
            thinned_at: None,
        }
    }

    /// Takes a complete list of an account's servers in, as of `now`: until then the earlier list held.
    pub fn servers(
        &mut self,
        account: &AccountId,
        servers: Vec<BilledServer>,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.meter.advance(now, &self.burners);
        let left = self.servers.extract_if(.., |key, _| key.account == *account);
        self.gone.extend(left.map(|(key, server)| (key, BilledServer { is_running: false, ..server })));
        self.servers.extend(servers.into_iter().map(|server| (server.key.clone(), server)));
        self.gone.retain(|key, _| !self.servers.contains_key(key));
        for (key, server) in &self.servers {
            if matches!(server.committed, Committed::Storage { .. }) && !self.periods.contains_key(key) {
                let run_before = self.meter.run_by(key);
                self.periods.insert(key.clone(), StoragePeriod { began: now, run_before });
            }
        }
        let untold = self.untold.extract_if(.., |payer| payer.account == *account).collect();
        let mut effects = self.price(now, &untold);
        let changes = self.changes.list(account, &self.burners, now);
        effects.extend((!changes.is_empty()).then_some(Effect::KeepChanges(changes)));
        effects
    }

    /// Computes what burns from the servers, and tells the balances whose burners changed or were not told yet.
    fn price(&mut self, now: Timestamp, untold: &BTreeSet<BalanceKey>) -> Vec<Effect> {
        let before = std::mem::take(&mut self.burners);
        let servers: Vec<BilledServer> = self.servers.values().cloned().collect();
        self.burners = servers.iter().flat_map(|server| self.burners_of(server, now)).collect();
        let payers: BTreeSet<BalanceKey> =
            before.iter().chain(&self.burners).map(|burner| &burner.payer).chain(untold).cloned().collect();
        let mut effects = Vec::new();
        for payer in payers {
            let of = |burners: &[Burner]| -> Vec<Burner> {
                burners.iter().filter(|burner| burner.payer == payer).cloned().collect()
            };
            let mut now_burning = of(&self.burners);
            if of(&before) == now_burning && !untold.contains(&payer) {
                continue;
            }
            now_burning.sort_by(|a, b| b.per_hour.cmp(&a.per_hour).then_with(|| a.name.cmp(&b.name)));
            effects.push(Effect::Tell(Change::Burners { payer: payer.clone(), burners: now_burning }));
            effects.extend(self.tell(&payer, now));
        }
        effects
    }

    /// Computes what burns anew; it is told once the servers are listed.
    pub(super) fn reprice(&mut self, now: Timestamp) {
        let _told_later = self.price(now, &BTreeSet::new());
        self.untold.extend(self.burners.iter().map(|burner| burner.payer.clone()));
    }

    fn burners_of(&mut self, server: &BilledServer, now: Timestamp) -> Vec<Burner> {
        let Some(payer) = server.payer.clone() else { return Vec::new() };
        let burner = |per_hour, kind| Burner {
            server: server.key.clone(),
            name: server.name.clone(),
            payer: payer.clone(),
            per_hour,
            kind,
            owner: server.owner.clone(),
        };
        let running = server.running_per_hour(now).map(|price| burner(price, BurnerKind::Running));
        let committed =
            self.committed_per_hour(server, now).map(|price| burner(price, BurnerKind::Committed));
        running.into_iter().chain(committed).collect()
    }

    /// What a server accrues per hour whether it runs or not. Storage: what its period will cost after what it burnt by
    /// running.
    fn committed_per_hour(&mut self, server: &BilledServer, now: Timestamp) -> Option<Decimal> {
        let Committed::Storage { per_period } = server.committed else {
            return server.committed.flat_per_hour().map(|price| price.round_dp(view::RATE_DIGITS));
        };
        let run = self.meter.run_by(&server.key);
        let period = self.periods.get_mut(&server.key)?;
        while now.millis_since(period.began) >= STORAGE_PERIOD_MS {
            *period = StoragePeriod { began: period.began.plus_millis(STORAGE_PERIOD_MS), run_before: run };
        }
        let due = per_period - (run - period.run_before);
        let hours = Decimal::from(STORAGE_PERIOD_MS / HOUR_MS);
        (due > Decimal::ZERO).then(|| (due / hours).round_dp(view::RATE_DIGITS))
    }

    /// Takes a reading of a balance in.
    pub fn balance(&mut self, balance: Balance) -> Vec<Effect> {
        let (key, at, amount) = (balance.key.clone(), balance.observed_at, balance.amount);
        self.meter.advance(at, &self.burners);
        // Storage is charged in lumps at the end of its period: between readings only what runs is expected.
        let declared = self.meter.of_balance(&key, Some(BurnerKind::Running)).round_dp(DECLARED_DIGITS);
        let movements = self.policy.movements(&key, balance.provider);
        let exposure = self.is_priced(&key).then(|| self.exposure(&key, at));
        let kept = self.books.entry(key.clone()).or_insert_with(|| Kept::of(Book::new(movements)));
        let passed_ms = kept.book.last().map_or(0, |last| at.millis_since(last.reading.at));
        // Since the reading before a server may have been added or taken away.
        let at_most = exposure.map(|now| kept.exposure.unwrap_or(now).max(now).in_ms(passed_ms));
        let told = kept.book.read(at, amount, declared, at_most);
        kept.exposure = exposure;
        if let Some(movement) = &told.movement {
            let predicted = movement.opening - movement.declared;
            kept.correction = Some(Correction { at, predicted, read: movement.closing - movement.topped_up });
        }
        kept.balance = Some(balance);
        let keep = told.entry.map(|entry| Effect::KeepEntry(key.clone(), Box::new(entry)));
        keep.into_iter().chain(self.tell(&key, at)).collect()
    }

    /// Takes note that an account has no other balances than these any more.
    pub fn only_balances(&mut self, account: &AccountId, here: &BTreeSet<BalanceKey>) -> Vec<Effect> {
        let gone: Vec<BalanceKey> = self
            .books
            .iter()
            .filter(|(key, kept)| key.account == *account && kept.balance.is_some() && !here.contains(*key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &gone {
            if let Some(kept) = self.books.get_mut(key) {
                kept.balance = None;
            }
        }
        // With the balance its burners are forgotten.
        self.untold.extend(gone.iter().cloned());
        gone.into_iter().map(|key| Effect::Tell(Change::BalanceRemoved(key))).collect()
    }

    fn tell(&self, key: &BalanceKey, now: Timestamp) -> Option<Effect> {
        let view = self.view(key, now)?;
        Some(Effect::Tell(Change::Balance(Box::new(view))))
    }

    /// What depends on the clock: snapshots that are due, alerts, storage periods that end.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        self.meter.advance(now, &self.burners);
        let mut effects = self.price(now, &BTreeSet::new());
        if self.thinned_at.is_none_or(|at| now.millis_since(at) >= HOUR_MS) {
            self.thinned_at = Some(now);
            self.books.values_mut().for_each(|kept| kept.book.thin(now));
        }
        if self.books.values().any(|kept| kept.balance.is_some()) {
            let due = snapshot::due(&self.taken, now, self.policy.zone);
            effects
                .extend(due.into_iter().map(|(kind, slot)| {
                    Effect::KeepSnapshot(Box::new(self.snapshot(kind, slot, now, None)))
                }));
        }
        self.changes.thin(now);
        effects.extend(self.acknowledgements(now));
        effects.extend(
            self.alerts.judge(&self.policy.alerts, &self.facts(now), now).into_iter().map(Effect::KeepAlert),
        );
        effects
    }

    /// Steps whose alert somebody silenced: they are known, and end with that.
    fn acknowledgements(&self, now: Timestamp) -> Vec<Effect> {
        let silenced = self.alerts.iter().filter(|alert| alert.is_silenced(now));
        silenced
            .filter_map(|alert| match &alert.key {
                AlertKey::Step(payer) if self.changes.steps().has(payer) => {
                    Some(Effect::KeepAcknowledgement(payer.clone(), now))
                }
                _ => None,
            })
            .collect()
    }

    /// A snapshot of everything as it stands.
    #[must_use]
    pub fn snapshot(
        &self,
        kind: SnapshotKind,
        slot: Timestamp,
        now: Timestamp,
        by: Option<OperatorName>,
    ) -> Snapshot {
        let mut meter = self.meter.clone();
        meter.advance(now, &self.burners);
        let read = || self.books.iter().filter_map(|(key, kept)| Some((key, kept, kept.balance.as_ref()?)));
        let balances = read()
            .filter_map(|(key, kept, _)| Some((key.to_string(), (key.clone(), kept.book.last()?.clone()))))
            .collect();
        let label = |balance: &Balance| BalanceLabel {
            name: balance.name.clone(),
            provider: balance.provider,
            unit: balance.unit.clone(),
        };
        let labels = read().map(|(key, _, balance)| (key.to_string(), label(balance))).collect();
        let committed = self.burners.iter().filter(|burner| burner.kind == BurnerKind::Committed);
        let committed: BTreeMap<&ServerKey, Decimal> =
            committed.map(|burner| (&burner.server, burner.per_hour)).collect();
        let servers: Vec<SnapshotServer> = self
            .servers
            .values()
            .map(|server| SnapshotServer {
                committed_per_hour: committed.get(&server.key).copied().unwrap_or_default(),
                ..self.snapshot_server(server, &meter)
            })
            .collect();
        let running = servers.iter().filter(|server| server.is_running);
        Snapshot {
            kind,
            slot,
            taken_at: now,
            by,
            balances,
            labels,
            running: u32::try_from(running.clone().count()).unwrap_or(u32::MAX),
            ram_gib_in_use: running.filter_map(|server| server.ram_gib).map(u64::from).sum(),
            servers,
            gone: self.gone.values().map(|server| self.snapshot_server(server, &meter)).collect(),
        }
    }

    fn snapshot_server(&self, server: &BilledServer, meter: &Meter) -> SnapshotServer {
        let period = self.periods.get(&server.key);
        SnapshotServer {
            key: server.key.clone(),
            name: server.name.clone(),
            state: server.state.clone(),
            ram_gib: server.ram_gib,
            is_running: server.is_running,
            payer: server.payer.clone(),
            per_hour: server.per_hour.filter(|_| server.is_running).unwrap_or_default(),
            committed: server.committed.clone(),
            price_per_hour: server.per_hour,
            committed_per_hour: Decimal::ZERO,
            totals: Vec::new(),
            counted: meter
                .counted_of(&server.key)
                .map(|(payer, kind, counted)| (payer.clone(), kind, counted))
                .collect(),
            period_began: period.map(|period| period.began),
            run_before_period: period.map(|period| period.run_before).unwrap_or_default(),
            owner: server.owner.clone(),
        }
    }

    /// Takes note that a snapshot of this slot was kept already, by an engine that died before it could.
    pub(super) fn was_kept(&mut self, kind: SnapshotKind, slot: Timestamp) {
        let taken = self.taken.entry(kind).or_insert(slot);
        *taken = (*taken).max(slot);
    }

    /// Takes note that a record is kept: only now it counts.
    pub fn kept(&mut self, effect: &Effect) -> Option<Change> {
        match effect {
            Effect::KeepSnapshot(snapshot) => {
                self.was_kept(snapshot.kind, snapshot.slot);
                if snapshot.kind == SnapshotKind::StartOfDay {
                    self.gone.retain(|key, _| !snapshot.gone.iter().any(|gone| gone.key == *key));
                }
                self.last_snapshot = Some(snapshot.clone());
                None
            }
            Effect::KeepAlert(event) => {
                self.alerts.apply(event);
                Some(Change::Alerts(self.alerts.iter().cloned().collect()))
            }
            Effect::KeepChanges(changes) => {
                self.changes.kept(changes);
                None
            }
            Effect::KeepAcknowledgement(payer, at) => {
                self.changes.acknowledged(payer, *at);
                None
            }
            Effect::KeepEntry(..) | Effect::Tell(_) => None,
        }
    }

    /// The alerts that hold.
    #[must_use]
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// The snapshot that was kept last.
    #[must_use]
    pub fn last_snapshot(&self) -> Option<&Snapshot> {
        self.last_snapshot.as_deref()
    }

    /// The last checkpoint of a balance's book.
    #[must_use]
    pub fn checkpoint(&self, key: &BalanceKey) -> Option<&Checkpoint> {
        self.books.get(key)?.book.last()
    }

    /// Spend of a balance over time.
    #[must_use]
    pub fn book(&self, key: &BalanceKey) -> Option<&Book> {
        self.books.get(key).map(|kept| &kept.book)
    }

    /// Since when each balance is read.
    #[must_use]
    pub fn began(&self) -> BTreeMap<BalanceKey, Timestamp> {
        let of = |book: &Book| {
            let last = book.last().map(|last| last.reading.at);
            book.curve().known().map(|(first, _)| first).or(last)
        };
        self.books.iter().filter_map(|(key, kept)| Some((key.clone(), of(&kept.book)?))).collect()
    }

    /// The zone whose days are counted.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.policy.zone
    }

    /// The name of a server that was listed last.
    #[must_use]
    pub fn server_name(&self, key: &ServerKey) -> Option<&str> {
        self.servers.get(key).map(|server| server.name.as_str())
    }

    /// The declared meter.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }
}
