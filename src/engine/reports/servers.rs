//! What each server was declared to cost in a period: differences between the totals of snapshots. Pure.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::engine::money::snapshot::{Snapshot, SnapshotServer};
use crate::model::balance::BalanceKey;
use crate::model::ids::ServerKey;
use crate::model::spend::BurnerKind;
use crate::model::time::Timestamp;
use crate::report::ServerSpend;

const HOUR_MS: u32 = 3_600_000;

/// Digits kept of what lies in a part of the time between two snapshots: as many as the report prints from.
const DIGITS: u32 = 9;

/// Sums over the snapshots of a period, which are taken in by rising time.
#[derive(Debug)]
pub struct ServerSums {
    from: Timestamp,
    to: Timestamp,
    before: Option<Before>,
    /// What a server cost per hour when that was last seen.
    prices: BTreeMap<ServerKey, Decimal>,
    /// Servers that ran at several prices within one stretch: how long is not known.
    unclear: BTreeSet<ServerKey>,
    ran_ms: BTreeMap<(ServerKey, BalanceKey), Decimal>,
    sums: BTreeMap<(ServerKey, BalanceKey), ServerSpend>,
}

/// The snapshot before.
#[derive(Debug)]
struct Before {
    at: Timestamp,
    servers: BTreeMap<ServerKey, SnapshotServer>,
}

impl Before {
    fn of(snapshot: &Snapshot) -> Self {
        let servers = snapshot.gone.iter().chain(&snapshot.servers);
        let servers = servers.map(|server| (server.key.clone(), server.clone())).collect();
        Self { at: snapshot.taken_at, servers }
    }
}

impl ServerSums {
    /// Nothing summed yet.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from,
            to,
            before: None,
            prices: BTreeMap::new(),
            unclear: BTreeSet::new(),
            ran_ms: BTreeMap::new(),
            sums: BTreeMap::new(),
        }
    }

    /// Takes the next snapshot in; one that is not later than the one before tells nothing new.
    pub fn snapshot(&mut self, snapshot: &Snapshot) {
        if self.before.as_ref().is_some_and(|before| before.at >= snapshot.taken_at) {
            return;
        }
        let now = Before::of(snapshot);
        if let Some(before) = self.before.take() {
            let length_ms = now.at.millis_since(before.at);
            let inside_ms = now.at.min(self.to).millis_since(before.at.max(self.from)).min(length_ms);
            for server in now.servers.values() {
                self.server(&before, server, (inside_ms, length_ms));
            }
        }
        self.before = Some(now);
    }

    /// Adds what a server was declared to cost since the snapshot before, as far as it lies in the period.
    fn server(&mut self, before: &Before, server: &SnapshotServer, (inside_ms, length_ms): (u64, u64)) {
        let earlier = before.servers.get(&server.key);
        let price = self.price(earlier, server);
        // Known before the snapshot before and not in it: what its totals were then was not kept.
        let has_returned = earlier.is_none() && server.period_began.is_some_and(|began| began < before.at);
        if has_returned || inside_ms == 0 {
            return;
        }
        let share = |amount: Decimal| amount * Decimal::from(inside_ms) / Decimal::from(length_ms);
        for (payer, kind, total) in server.declared() {
            let base = earlier.map_or(Decimal::ZERO, |earlier| total_of(earlier, payer, kind));
            // A meter that began anew counts from zero.
            let grown = if total >= base { total - base } else { total };
            if grown.is_zero() {
                continue;
            }
            let place = (server.key.clone(), payer.clone());
            if kind == BurnerKind::Running {
                let ran_ms = price.and_then(|price| (grown * Decimal::from(HOUR_MS)).checked_div(price));
                match ran_ms {
                    Some(ran_ms) => {
                        let ran_ms = share(ran_ms.min(Decimal::from(length_ms)));
                        *self.ran_ms.entry(place.clone()).or_default() += ran_ms;
                    }
                    None => {
                        self.unclear.insert(server.key.clone());
                    }
                }
            }
            let spend = self.sums.entry(place).or_insert_with(|| empty(server, payer));
            spend.name.clone_from(&server.name);
            spend.owner = server.owner.clone();
            let grown = share(grown).round_dp(DIGITS);
            match kind {
                BurnerKind::Running => spend.running += grown,
                BurnerKind::Committed => spend.committed += grown,
            }
        }
    }

    /// The one price at which a server can have run since the snapshot before; nothing where there may be several.
    fn price(&mut self, earlier: Option<&SnapshotServer>, server: &SnapshotServer) -> Option<Decimal> {
        let running = |server: &SnapshotServer| {
            if server.is_running { Some(server.per_hour) } else { server.price_per_hour }
        };
        let known = self.prices.get(&server.key).copied();
        let price = match (earlier.and_then(running), running(server)) {
            (Some(earlier), Some(now)) if earlier != now => None,
            (Some(price), _) | (None, Some(price)) => Some(price),
            (None, None) => known,
        };
        if let Some(now) = running(server) {
            self.prices.insert(server.key.clone(), now);
        }
        price.filter(|price| *price > Decimal::ZERO)
    }

    /// What each server was declared to cost, from each payer.
    #[must_use]
    pub fn finish(self) -> Vec<ServerSpend> {
        let Self { sums, ran_ms, unclear, .. } = self;
        sums.into_iter()
            .map(|(place, spend)| {
                let ran_ms = if unclear.contains(&place.0) {
                    None
                } else {
                    ran_ms.get(&place).map_or(Some(0), |ran_ms| ran_ms.round().to_u64())
                };
                ServerSpend { ran_ms, ..spend }
            })
            .collect()
    }
}

fn total_of(server: &SnapshotServer, payer: &BalanceKey, kind: BurnerKind) -> Decimal {
    server.declared().filter(|(of, one, _)| *of == payer && *one == kind).map(|(.., total)| total).sum()
}

fn empty(server: &SnapshotServer, payer: &BalanceKey) -> ServerSpend {
    ServerSpend {
        server: server.key.clone(),
        name: server.name.clone(),
        payer: payer.clone(),
        owner: server.owner.clone(),
        running: Decimal::ZERO,
        committed: Decimal::ZERO,
        ran_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::money::billed::{BilledServer, Committed};
    use crate::engine::money::bookkeeper::{Bookkeeper, Effect, MoneyPolicy};
    use crate::engine::money::snapshot::SnapshotKind;
    use crate::model::spend::BurnerOwner;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600_000;
    const MINUTE: u64 = 60_000;

    fn payer() -> BalanceKey {
        BalanceKey::account("exa".into())
    }

    fn billed(index: usize, is_running: bool, ram: u32) -> BilledServer {
        BilledServer {
            key: ServerKey { account: "exa".into(), id: format!("s{index}") },
            name: format!("server {index}"),
            state: String::new(),
            ram_gib: Some(ram),
            is_running,
            payer: Some(payer()),
            per_hour: Some(Decimal::from(ram)),
            cap: None,
            committed: Committed::Nothing,
            owner: BurnerOwner::Unowned,
        }
    }

    /// A life of three servers: each quarter of an hour every one of them runs, stands or is not there.
    fn lives() -> impl Strategy<Value = Vec<[u8; 3]>> {
        prop::collection::vec([0..4_u8, 0..4, 0..4], 4..60)
    }

    proptest! {
        /// A server that comes, goes and comes back within a day loses nothing of what it burnt, and its hours are told.
        #[test]
        fn the_sums_are_what_ran(lives in lives(), every in 1_usize..6) {
            let mut books = Bookkeeper::new(MoneyPolicy::default());
            let mut now = Timestamp(1_792_000_000_000);
            let began = now;
            let mut sums = ServerSums::new(began, began.plus_millis(1_000 * HOUR));
            let mut ran_ms = [0_u64; 3];
            for (index, life) in lives.iter().enumerate() {
                let here = (0..3).filter(|one| life[*one] > 0).map(|one| billed(one, life[one] > 1, 4)).collect();
                books.servers(&"exa".into(), here, now);
                if index % every == 0 {
                    let snapshot = books.snapshot(SnapshotKind::Hourly, now, now, None);
                    sums.snapshot(&snapshot);
                    books.kept(&Effect::KeepSnapshot(Box::new(snapshot)));
                }
                now = now.plus_millis(15 * MINUTE);
                for (ran_ms, life) in ran_ms.iter_mut().zip(life) {
                    *ran_ms += if *life > 1 { 15 * MINUTE } else { 0 };
                }
            }
            books.servers(&"exa".into(), Vec::new(), now);
            sums.snapshot(&books.snapshot(SnapshotKind::Manual, now, now, None));
            let told = sums.finish();
            for (one, ran_ms) in ran_ms.into_iter().enumerate() {
                let key = billed(one, false, 4).key;
                let spend = told.iter().find(|spend| spend.server == key);
                let running = spend.map_or(Decimal::ZERO, |spend| spend.running);
                prop_assert_eq!(running, Decimal::from(4 * ran_ms) / Decimal::from(HOUR));
                // A price that was never seen at a snapshot tells no hours; one that was tells them exactly.
                if let Some(told_ms) = spend.and_then(|spend| spend.ran_ms) {
                    prop_assert_eq!(told_ms, ran_ms);
                }
            }
        }
    }

    fn at(hours: u64) -> Timestamp {
        Timestamp(1_792_000_000_000).plus_millis(hours * HOUR)
    }

    #[test]
    fn what_lies_across_the_ends_of_the_period_is_shared_by_time_and_two_prices_tell_no_hours() {
        let mut books = Bookkeeper::new(MoneyPolicy::default());
        let mut sums = ServerSums::new(at(1), at(3));
        let account = "exa".into();
        books.servers(&account, vec![billed(0, true, 4), billed(1, true, 2)], at(0));
        sums.snapshot(&books.snapshot(SnapshotKind::Hourly, at(0), at(0), None));
        books.servers(&account, vec![billed(0, true, 4), billed(1, true, 6)], at(2));
        sums.snapshot(&books.snapshot(SnapshotKind::Hourly, at(2), at(2), None));
        books.servers(&account, vec![billed(0, true, 4), billed(1, true, 6)], at(4));
        sums.snapshot(&books.snapshot(SnapshotKind::Hourly, at(4), at(4), None));
        let told = sums.finish();
        let figures: Vec<_> = told.iter().map(|spend| (spend.running, spend.ran_ms)).collect();
        assert_eq!(figures, [(Decimal::from(8), Some(2 * HOUR)), (Decimal::from(8), None)]);
    }
}
