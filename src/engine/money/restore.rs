//! Books as their records tell them: what an engine that was killed at any moment goes on from. Pure.

use super::billed::BilledServer;
use super::bookkeeper::{Bookkeeper, Kept, MoneyPolicy, StoragePeriod};
use super::changes::{ChangeRecord, Changes};
use super::condensed::Condensed;
use super::snapshot::{Snapshot, SnapshotKind, SnapshotServer};
use crate::model::account::Provider;
use crate::model::ids::AccountId;
use crate::model::spend::{AlertEvent, Meter};
use crate::model::time::Timestamp;

/// What was kept.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// What snapshots and entries of the books come to.
    pub condensed: Condensed,
    /// The last snapshot.
    pub last_snapshot: Option<Snapshot>,
    /// What became of alerts, oldest first.
    pub alerts: Vec<AlertEvent>,
    /// The meter as it was last cached; the last snapshot's where there is none or an older one.
    pub meter: Option<Meter>,
    /// What changed the burn of late, oldest first.
    pub changes: Vec<ChangeRecord>,
}

impl Bookkeeper {
    /// The books as their records tell them. Balances count as not read; the meter goes on at the prices of the last
    /// snapshot until servers are listed again.
    #[must_use]
    pub fn restored(
        policy: MoneyPolicy,
        records: Records,
        provider_of: impl Fn(&AccountId) -> Provider,
    ) -> Self {
        let mut keeper = Self::new(policy);
        keeper.taken = records.condensed.taken;
        for (key, book) in records.condensed.books {
            let movements = keeper.policy.movements(&key, provider_of(&key.account));
            keeper.books.insert(key, Kept::of(book.under(movements)));
        }
        for event in &records.alerts {
            keeper.alerts.apply(event);
        }
        if let Some(last) = records.last_snapshot {
            keeper.go_on_from(&last, records.meter);
            keeper.last_snapshot = Some(Box::new(last));
        }
        keeper.remember_changes(&records.changes);
        keeper
    }

    /// Changes go on from what ran at the last snapshot.
    fn remember_changes(&mut self, records: &[ChangeRecord]) {
        let Some(last) = &self.last_snapshot else {
            self.changes = Changes::restored(Timestamp(i64::MIN), [], &[], records);
            return;
        };
        let of_servers = last.servers.iter().map(|server| server.key.account.clone());
        let of_balances = last.balances.values().map(|(key, _)| key.account.clone());
        let accounts = of_servers.chain(of_balances);
        self.changes = Changes::restored(last.taken_at, accounts, &self.burners, records);
    }

    fn go_on_from(&mut self, last: &Snapshot, cached: Option<Meter>) {
        for server in &last.servers {
            if let Some(began) = server.period_began {
                let period = StoragePeriod { began, run_before: server.run_before_period };
                self.periods.insert(server.key.clone(), period);
            }
            self.servers.insert(server.key.clone(), billed(server));
        }
        if last.kind != SnapshotKind::StartOfDay {
            self.gone = last.gone.iter().map(|server| (server.key.clone(), billed(server))).collect();
        }
        let of_snapshot = || {
            let counted = last.servers.iter().chain(&last.gone).flat_map(|server| {
                server
                    .counted()
                    .map(|(payer, kind, counted)| (payer.clone(), server.key.clone(), kind, counted))
            });
            Meter::restored(last.taken_at, counted)
        };
        self.meter = cached.filter(|meter| meter.until() >= Some(last.taken_at)).unwrap_or_else(of_snapshot);
        let until = self.meter.until().unwrap_or(last.taken_at);
        self.reprice(until);
    }
}

/// A server as a snapshot tells it.
fn billed(server: &SnapshotServer) -> BilledServer {
    BilledServer {
        key: server.key.clone(),
        name: server.name.clone(),
        state: server.state.clone(),
        ram_gib: server.ram_gib,
        is_running: server.is_running,
        payer: server.payer.clone(),
        per_hour: if server.is_running { Some(server.per_hour) } else { server.price_per_hour },
        // Nobody knows what was left until the first list is read.
        cap: None,
        committed: server.committed.clone(),
        owner: server.owner.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::engine::money::billed::Committed;
    use crate::engine::money::bookkeeper::Effect;
    use crate::engine::money::snapshot_record::{SnapshotReader, SnapshotRecord};
    use crate::model::balance::{Balance, BalanceKey};
    use crate::model::fleet::Change;
    use crate::model::ids::ServerKey;
    use crate::model::money::Currency;
    use crate::model::spend::{BurnerKind, BurnerOwner};
    use crate::model::time::Timestamp;

    const MINUTE_MS: u64 = 60_000;
    const SERVERS: usize = 4;

    fn policy() -> MoneyPolicy {
        MoneyPolicy {
            zone: Berlin,
            gap_after_ms: 10 * MINUTE_MS,
            top_up_units: BTreeMap::from([(Provider::Exaroton, Decimal::from(1_000))]),
            ..MoneyPolicy::default()
        }
    }

    fn payer() -> BalanceKey {
        BalanceKey::account("exa".into())
    }

    /// What really happens: servers of 4 GiB that run or not, one credit per GiB-hour, and top-ups.
    struct World {
        now: Timestamp,
        running: [bool; SERVERS],
        balance: Decimal,
        billed: Decimal,
        topped_up: Decimal,
    }

    impl World {
        fn pass(&mut self, millis: u64) {
            let running = self.running.iter().filter(|is_running| **is_running).count();
            let bill = Decimal::from(4 * running) * Decimal::from(millis) / Decimal::from(60 * MINUTE_MS);
            let bill = bill.round_dp(9);
            self.now = self.now.plus_millis(millis);
            self.billed += bill;
            self.balance -= bill;
        }

        fn servers(&self) -> Vec<BilledServer> {
            let server = |(index, is_running): (usize, &bool)| BilledServer {
                key: ServerKey { account: "exa".into(), id: format!("s{index}") },
                name: format!("server {index}"),
                state: if *is_running { "online" } else { "offline" }.to_owned(),
                ram_gib: Some(4),
                is_running: *is_running,
                payer: Some(payer()),
                per_hour: Some(Decimal::from(4)),
                cap: None,
                committed: Committed::Nothing,
                owner: BurnerOwner::Unowned,
            };
            self.running.iter().enumerate().map(server).collect()
        }

        fn balance(&self) -> Balance {
            Balance {
                key: payer(),
                provider: Provider::Exaroton,
                name: "exa".to_owned(),
                amount: self.balance,
                unit: Currency("credits".to_owned()),
                share: None,
                observed_at: self.now,
            }
        }
    }

    /// Keeps what is to be kept, as the log would: through JSON.
    fn keep(keeper: &mut Bookkeeper, records: &mut Records, slots: &mut Vec<String>, effects: Vec<Effect>) {
        fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
            serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
        }
        for effect in effects {
            match &effect {
                Effect::KeepEntry(key, entry) => {
                    records.condensed.take_entry(key, &through_json(&**entry));
                }
                Effect::KeepSnapshot(snapshot) => {
                    let record = SnapshotRecord::of(snapshot, records.last_snapshot.as_ref(), Berlin);
                    let body = serde_json::to_string(&record).unwrap();
                    let head = serde_json::from_str(&body).unwrap();
                    let mut reader = SnapshotReader::after(records.last_snapshot.take());
                    reader.read(&head, &body).unwrap();
                    records.last_snapshot = reader.into_last();
                    records.condensed.take_snapshot(&head);
                    slots.push(Snapshot::record_key(snapshot.kind, snapshot.slot));
                }
                Effect::KeepAlert(event) => records.alerts.push(through_json(event)),
                Effect::KeepChanges(changes) => {
                    records.changes.push(through_json(&ChangeRecord::Changed(changes.clone())));
                }
                Effect::KeepAcknowledgement(payer, at) => {
                    let (payer, at) = (payer.clone(), *at);
                    records.changes.push(through_json(&ChangeRecord::Acknowledged { payer, at }));
                }
                Effect::Tell(_) => {}
            }
            keeper.kept(&effect);
        }
    }

    #[test]
    fn what_burns_is_told_again_after_a_restart_and_after_its_balance_was_gone() {
        let now = Timestamp(1_792_000_000_000);
        let mut world = World {
            now,
            running: [true, false, false, true],
            balance: Decimal::from(5_000),
            billed: Decimal::ZERO,
            topped_up: Decimal::ZERO,
        };
        let told = |effects: &[Effect]| -> Vec<usize> {
            let burners = effects.iter().filter_map(|effect| match effect {
                Effect::Tell(Change::Burners { burners, .. }) => Some(burners.len()),
                _ => None,
            });
            burners.collect()
        };
        let (mut keeper, mut records) = (Bookkeeper::new(policy()), Records::default());
        assert_eq!(told(&keeper.servers(&"exa".into(), world.servers(), now)), [2]);
        let read = keeper.balance(world.balance());
        keep(&mut keeper, &mut records, &mut Vec::new(), read);
        let ticked = keeper.tick(now);
        keep(&mut keeper, &mut records, &mut Vec::new(), ticked);
        assert!(records.last_snapshot.is_some(), "there is something to go on from");

        let mut keeper = Bookkeeper::restored(policy(), records, |_| Provider::Exaroton);
        world.pass(MINUTE_MS);
        assert_eq!(told(&keeper.tick(world.now)), [0; 0], "nobody listed the servers yet");
        assert_eq!(told(&keeper.servers(&"other".into(), Vec::new(), world.now)), [0; 0]);
        assert_eq!(told(&keeper.servers(&"exa".into(), world.servers(), world.now)), [2]);
        assert_eq!(told(&keeper.servers(&"exa".into(), world.servers(), world.now)), [0; 0], "told once");

        keeper.balance(world.balance());
        let gone = keeper.only_balances(&"exa".into(), &BTreeSet::new());
        assert_eq!(gone.len(), 1);
        assert_eq!(told(&keeper.servers(&"exa".into(), world.servers(), world.now)), [2]);
    }

    #[derive(Debug, Clone)]
    enum Event {
        /// Time passes, polled every minute.
        Watched(u64),
        /// Time passes and no poll succeeds.
        Unwatched(u64),
        Switch(usize),
        TopUp,
        Kill,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            8 => (1..60_u64).prop_map(Event::Watched),
            1 => (1..600_u64).prop_map(Event::Unwatched),
            4 => (0..SERVERS).prop_map(Event::Switch),
            1 => Just(Event::TopUp),
            2 => Just(Event::Kill),
        ];
        prop::collection::vec(event, 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_was_observed_is_what_was_billed_over_kills_and_lost_polls(events in events()) {
            let mut world = World {
                now: Timestamp(1_792_000_000_000),
                running: [true, false, false, true],
                balance: Decimal::from(5_000),
                billed: Decimal::ZERO,
                topped_up: Decimal::ZERO,
            };
            let (mut keeper, mut records) = (Bookkeeper::new(policy()), Records::default());
            let mut slots = Vec::new();
            let mut poll = |keeper: &mut Bookkeeper, records: &mut Records, world: &World| {
                let effects = keeper.servers(&"exa".into(), world.servers(), world.now);
                keep(keeper, records, &mut slots, effects);
                let effects = keeper.balance(world.balance());
                keep(keeper, records, &mut slots, effects);
                let effects = keeper.tick(world.now);
                keep(keeper, records, &mut slots, effects);
            };
            poll(&mut keeper, &mut records, &world);
            for event in events {
                match event {
                    Event::Watched(minutes) => for _ in 0..minutes {
                        world.pass(MINUTE_MS);
                        poll(&mut keeper, &mut records, &world);
                    },
                    Event::Unwatched(minutes) => world.pass(minutes * MINUTE_MS),
                    Event::Switch(index) => world.running[index] = !world.running[index],
                    Event::TopUp => {
                        world.balance += Decimal::from(1_000);
                        world.topped_up += Decimal::from(1_000);
                        poll(&mut keeper, &mut records, &world);
                    }
                    Event::Kill => keeper = Bookkeeper::restored(policy(), records.clone(), |_| Provider::Exaroton),
                }
            }
            poll(&mut keeper, &mut records, &world);
            let last = keeper.checkpoint(&payer()).unwrap();
            prop_assert_eq!(last.spent_total, world.billed);
            prop_assert_eq!(last.topped_up_total, world.topped_up);
            prop_assert_eq!(keeper.book(&payer()).unwrap().curve().total(), world.billed);
            // No slot twice.
            let count = slots.len();
            slots.sort();
            slots.dedup();
            prop_assert_eq!(slots.len(), count);
            prop_assert!(keeper.meter().of_balance(&payer(), Some(BurnerKind::Running)) >= Decimal::ZERO);
        }
    }
}
