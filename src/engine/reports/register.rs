//! What the register tells of a period: what was billed later, by server; orphans found and ended. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::engine::money::register::{RegisterChange, RegisterEntry, RegisterRecord};
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::money::{Currency, Money};
use crate::model::spend::{BurnerOwner, next_day};
use crate::model::time::Timestamp;
use crate::report::{OrphanRecord, PayerInput, ServerSpend, SpendSource, Stretch};

const HOUR_MS: u32 = 3_600_000;

/// Digits kept of what a server cost in a stretch: payers are the exact sums of these.
const DIGITS: u32 = 9;

/// What the register tells.
#[derive(Debug, Default)]
pub struct Told {
    /// Accounts that are billed later.
    pub payers: Vec<PayerInput>,
    /// What their servers cost.
    pub servers: Vec<ServerSpend>,
    /// What belonged to nobody.
    pub orphans: Vec<OrphanRecord>,
    /// What else the reader must know.
    pub notes: Vec<String>,
}

/// A server as it was for a while.
struct Life<'a> {
    server: &'a ServerKey,
    entry: &'a RegisterEntry,
    from: Timestamp,
    to: Timestamp,
}

/// The register's history: every while of every server, and when nobody looked.
struct History<'a> {
    lives: Vec<Life<'a>>,
    unwatched: Vec<(Timestamp, Timestamp)>,
    began: Option<Timestamp>,
}

impl<'a> History<'a> {
    fn of(records: &'a [RegisterRecord], until: Timestamp) -> Self {
        let (mut lives, mut unwatched, mut began) = (Vec::new(), Vec::new(), None);
        let mut open: BTreeMap<&ServerKey, (Timestamp, &RegisterEntry)> = BTreeMap::new();
        for record in records {
            match record {
                RegisterRecord::Unwatched { from, to } => unwatched.push((*from, *to)),
                RegisterRecord::Changes(changes) => {
                    for RegisterChange { server, at, now, .. } in changes {
                        began.get_or_insert(*at);
                        if let Some((from, entry)) = open.remove(server) {
                            lives.push(Life { server, entry, from, to: *at });
                        }
                        if let Some(entry) = now {
                            open.insert(server, (*at, entry));
                        }
                    }
                }
            }
        }
        let last = |(server, (from, entry)): (&'a ServerKey, (Timestamp, &'a RegisterEntry))| Life {
            server,
            entry,
            from,
            to: until,
        };
        lives.extend(open.into_iter().map(last));
        Self { lives, unwatched, began }
    }
}

/// Reads the period out of the register's records, which reach back to its beginning. `to` is no later than now.
#[must_use]
pub fn told(
    records: &[RegisterRecord],
    (from, to): (Timestamp, Timestamp),
    zone: Tz,
    reporting: &Currency,
) -> Told {
    let history = History::of(records, to);
    let mut told = Told { orphans: orphans(records, reporting), ..Told::default() };
    let Some(began) = history.began.filter(|began| *began < to) else { return told };
    let slices = slices(from.max(began), to, zone, &history.unwatched);
    let billed: Vec<&Life<'_>> =
        history.lives.iter().filter(|life| life.entry.is_billed_later && life.to > from).collect();
    let units = units(&billed);
    let mut sums: BTreeMap<BalanceKey, Vec<Decimal>> = BTreeMap::new();
    let mut spends: BTreeMap<(ServerKey, BalanceKey), ServerSpend> = BTreeMap::new();
    for life in &billed {
        let Some(price) = &life.entry.per_hour else { continue };
        let payer = payer_of(&life.server.account, &price.currency, &units);
        let sums = sums.entry(payer.clone()).or_insert_with(|| vec![Decimal::ZERO; slices.len()]);
        let place = (life.server.clone(), payer.clone());
        let spend = spends.entry(place).or_insert_with(|| empty(life, payer));
        spend.name.clone_from(&life.entry.name);
        // Once somebody's, an orphan's days are still that owner's story.
        if life.entry.owner != BurnerOwner::Unowned {
            spend.owner = life.entry.owner.clone();
        }
        for (slice, sum) in slices_of(&slices, life).zip(sums_of(&slices, life, sums)) {
            let ms = slice.to.min(life.to).millis_since(slice.from.max(life.from));
            let cost = (price.amount * Decimal::from(ms) / Decimal::from(HOUR_MS)).round_dp(DIGITS);
            spend.running += cost;
            *sum += cost;
        }
    }
    told.payers = sums.into_iter().map(|(key, sums)| payer(key, &slices, sums, &units)).collect();
    told.servers = spends.into_values().collect();
    told.notes = notes(&billed, &told.orphans, (from, to));
    told
}

/// Days of the period, cut where watching began and ended, oldest first.
fn slices(from: Timestamp, to: Timestamp, zone: Tz, unwatched: &[(Timestamp, Timestamp)]) -> Vec<Stretch> {
    let mut edges = BTreeSet::from([from, to]);
    let mut day = next_day(from, zone);
    while day < to {
        edges.insert(day);
        day = next_day(day, zone);
    }
    edges.extend(unwatched.iter().flat_map(|(a, b)| [*a, *b]).filter(|edge| *edge > from && *edge < to));
    let edges: Vec<Timestamp> = edges.into_iter().collect();
    let slice = |pair: &[Timestamp]| Stretch {
        from: pair[0],
        to: pair[1],
        spent: Decimal::ZERO,
        is_gap: unwatched.iter().any(|(a, b)| *a <= pair[0] && pair[1] <= *b),
    };
    edges.windows(2).map(slice).collect()
}

/// The places of the slices that a life touches.
fn range_of(slices: &[Stretch], life: &Life<'_>) -> std::ops::Range<usize> {
    let first = slices.partition_point(|slice| slice.to <= life.from);
    let behind = slices.partition_point(|slice| slice.from < life.to);
    first..behind.max(first)
}

fn slices_of<'s>(slices: &'s [Stretch], life: &Life<'_>) -> impl Iterator<Item = &'s Stretch> {
    slices.get(range_of(slices, life)).into_iter().flatten()
}

fn sums_of<'s>(
    slices: &[Stretch],
    life: &Life<'_>,
    sums: &'s mut [Decimal],
) -> impl Iterator<Item = &'s mut Decimal> {
    sums.get_mut(range_of(slices, life)).into_iter().flatten()
}

/// The currencies that each account is billed in.
type Units = BTreeMap<AccountId, BTreeSet<Currency>>;

fn units(lives: &[&Life<'_>]) -> Units {
    let mut units = Units::new();
    for life in lives {
        let unit = life.entry.per_hour.iter().map(|price| price.currency.clone());
        units.entry(life.server.account.clone()).or_default().extend(unit);
    }
    units
}

/// An account is one payer; one that is billed in several currencies is one in each.
fn payer_of(account: &AccountId, unit: &Currency, units: &Units) -> BalanceKey {
    let is_one = units.get(account).is_none_or(|units| units.len() < 2);
    BalanceKey { account: account.clone(), pool: (!is_one).then(|| unit.0.clone()) }
}

fn payer(key: BalanceKey, slices: &[Stretch], sums: Vec<Decimal>, units: &Units) -> PayerInput {
    let only = units.get(&key.account).and_then(|units| units.first().cloned());
    let unit = key.pool.clone().map(Currency).or(only).unwrap_or_else(|| Currency(String::new()));
    let stretch = |(slice, spent): (&Stretch, Decimal)| Stretch { spent, ..slice.clone() };
    PayerInput {
        name: key.to_string(),
        provider: Provider::Pterodactyl,
        unit,
        spend: SpendSource::Declared(slices.iter().zip(sums).map(stretch).collect()),
        key,
    }
}

fn empty(life: &Life<'_>, payer: BalanceKey) -> ServerSpend {
    ServerSpend {
        server: life.server.clone(),
        name: life.entry.name.clone(),
        payer,
        owner: life.entry.owner.clone(),
        running: Decimal::ZERO,
        committed: Decimal::ZERO,
        // It is billed for being there: how long its process ran is not in the register.
        ran_ms: None,
    }
}

/// Every time that a server belonged to nobody. One whose price is not known costs nothing here, and a note says so.
fn orphans(records: &[RegisterRecord], reporting: &Currency) -> Vec<OrphanRecord> {
    let mut open: BTreeMap<&ServerKey, OrphanRecord> = BTreeMap::new();
    let mut all = Vec::new();
    let changes = records.iter().flat_map(crate::engine::money::registrar::changes_of);
    for RegisterChange { server, at, now, by } in changes {
        let since = now.as_ref().and_then(|entry| Some((entry, entry.orphan_since?)));
        match (since, open.remove(server)) {
            (Some((entry, since)), known) => {
                let per_hour = entry.per_hour.clone();
                let nothing = || Money { amount: Decimal::ZERO, currency: reporting.clone() };
                let record = OrphanRecord {
                    server: server.clone(),
                    name: entry.name.clone(),
                    per_hour: per_hour.unwrap_or_else(nothing),
                    found_at: known.map_or(since, |known| known.found_at),
                    ended_at: None,
                    ended_by: None,
                };
                open.insert(server, record);
            }
            (None, Some(known)) => {
                all.push(OrphanRecord { ended_at: Some(*at), ended_by: by.clone(), ..known });
            }
            (None, None) => {}
        }
    }
    all.extend(open.into_values());
    all
}

fn notes(billed: &[&Life<'_>], orphans: &[OrphanRecord], (from, to): (Timestamp, Timestamp)) -> Vec<String> {
    let unpriced: BTreeSet<&ServerKey> =
        billed.iter().filter(|life| life.entry.per_hour.is_none()).map(|life| life.server).collect();
    let in_period =
        |orphan: &&OrphanRecord| orphan.found_at < to && orphan.ended_at.is_none_or(|ended| ended > from);
    let free = orphans.iter().filter(in_period).filter(|orphan| orphan.per_hour.amount.is_zero()).count();
    let mut notes = Vec::new();
    if !unpriced.is_empty() {
        notes.push(format!(
            "{} servers had no known price for a time: what they cost then is in no sum.",
            unpriced.len()
        ));
    }
    if free > 0 {
        notes.push(format!(
            "{free} orphans had no known price: what they cost and what was saved is not told."
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::OperatorName;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600_000;

    fn at(hours: u64) -> Timestamp {
        Timestamp::parse("2026-10-23T22:00:00Z").unwrap().plus_millis(hours * HOUR)
    }

    fn eur() -> Currency {
        Currency("EUR".to_owned())
    }

    fn key(id: u64) -> ServerKey {
        ServerKey { account: "panel".into(), id: id.to_string() }
    }

    fn standing(cents: i64, orphan_since: Option<Timestamp>) -> RegisterEntry {
        RegisterEntry {
            name: "a server".to_owned(),
            owner: BurnerOwner::Unowned,
            per_hour: Some(Money { amount: Decimal::new(cents, 2), currency: eur() }),
            is_billed_later: true,
            orphan_since,
        }
    }

    fn change(id: u64, hours: u64, now: Option<RegisterEntry>) -> RegisterChange {
        RegisterChange { server: key(id), at: at(hours), now, by: Some("ann".into()) }
    }

    fn spent_of(told: &Told) -> Decimal {
        let SpendSource::Declared(stretches) = &told.payers[0].spend else { panic!("billed later") };
        stretches.iter().map(|stretch| stretch.spent).sum()
    }

    #[test]
    fn what_stood_is_billed_by_the_day_and_an_orphans_end_is_told_with_its_ender() {
        let records = [
            RegisterRecord::Changes(vec![
                change(1, 0, Some(standing(10, None))),
                change(2, 0, Some(standing(20, None))),
            ]),
            RegisterRecord::Changes(vec![change(2, 24, Some(standing(20, Some(at(24)))))]),
            RegisterRecord::Unwatched { from: at(26), to: at(28) },
            RegisterRecord::Changes(vec![change(2, 30, None)]),
        ];
        // 25 October has 25 hours in Berlin: the period is 24 + 25.
        let told = told(&records, (at(0), at(49)), chrono_tz::Europe::Berlin, &eur());
        assert_eq!(spent_of(&told), "10.9".parse().unwrap(), "49 x 0.10 + 30 x 0.20");
        let SpendSource::Declared(stretches) = &told.payers[0].spend else { panic!() };
        let edges: Vec<_> = stretches.iter().map(|stretch| (stretch.from, stretch.is_gap)).collect();
        assert_eq!(edges, [(at(0), false), (at(24), false), (at(26), true), (at(28), false)]);
        let servers: Vec<Decimal> = told.servers.iter().map(|server| server.running).collect();
        assert_eq!(servers, ["4.9".parse().unwrap(), "6".parse().unwrap()]);
        let [orphan] = told.orphans.as_slice() else { panic!("{:?}", told.orphans) };
        assert_eq!((orphan.found_at, orphan.ended_at), (at(24), Some(at(30))));
        assert_eq!(orphan.ended_by.as_ref().map(OperatorName::as_str), Some("ann"));
    }

    #[test]
    fn nothing_is_invented_before_the_register_began_nor_for_a_server_without_a_price() {
        let unpriced = RegisterEntry { per_hour: None, ..standing(0, Some(at(10))) };
        let records = [RegisterRecord::Changes(vec![
            change(1, 10, Some(standing(10, None))),
            change(2, 10, Some(unpriced)),
        ])];
        let told = told(&records, (at(0), at(20)), Tz::UTC, &eur());
        assert_eq!(spent_of(&told), Decimal::ONE);
        let SpendSource::Declared(stretches) = &told.payers[0].spend else { panic!() };
        assert_eq!(stretches.first().map(|stretch| stretch.from), Some(at(10)));
        assert_eq!(told.notes.len(), 2, "{:?}", told.notes);
        let earlier = super::told(&records, (at(0), at(5)), Tz::UTC, &eur());
        assert!(earlier.payers.is_empty() && earlier.servers.is_empty());
    }

    #[test]
    fn an_account_that_is_billed_in_two_currencies_is_two_payers() {
        let dollars = Money::new(Decimal::ONE, "USD");
        let records = [RegisterRecord::Changes(vec![
            change(1, 0, Some(standing(10, None))),
            change(2, 0, Some(RegisterEntry { per_hour: Some(dollars), ..standing(0, None) })),
        ])];
        let told = told(&records, (at(0), at(1)), Tz::UTC, &eur());
        let units: Vec<_> =
            told.payers.iter().map(|payer| (payer.name.as_str(), payer.unit.0.as_str())).collect();
        assert_eq!(units, [("panel/EUR", "EUR"), ("panel/USD", "USD")]);
    }

    proptest! {
        /// However prices change: payers are the sums of their servers, and periods that follow each other add up.
        #[test]
        fn periods_add_up_and_payers_are_their_servers(
            steps in prop::collection::vec((0..4_u64, 0..60_u64, prop::option::of(1..999_i64)), 1..40),
            cut in 1..2_000_u64,
        ) {
            let mut hours = 0;
            let records: Vec<RegisterRecord> = steps
                .into_iter()
                .map(|(id, later, cents)| {
                    hours += later;
                    RegisterRecord::Changes(vec![change(id, hours, cents.map(|cents| standing(cents, None)))])
                })
                .collect();
            let total = |from: u64, to: u64| -> (Decimal, Decimal) {
                let told = told(&records, (at(from), at(to)), chrono_tz::Europe::Berlin, &eur());
                let servers = told.servers.iter().map(|server| server.running).sum();
                (if told.payers.is_empty() { Decimal::ZERO } else { spent_of(&told) }, servers)
            };
            let (whole, by_server) = total(0, 2_400);
            prop_assert_eq!(whole, by_server);
            prop_assert_eq!(total(0, cut).0 + total(cut, 2_400).0, whole);
        }
    }
}
