//! Where the burn of a window went and what changed it: by server, by provider, by owner, and each change by who did it. Pure.
//!
//! What a server burnt is its price over time, and its price over time is what its changes say: so any window can be told
//! from the changes kept and from what burns now. What is committed (storage) is not here: it is no matter of what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::burn::BurnerOwner;
use super::change::{BurnChange, Cause, ChangeKind};
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::ids::{OperatorName, OrderKey, ServerKey};
use crate::model::money::Currency;
use crate::model::time::Timestamp;

const HOUR_MS: u32 = 3_600_000;

/// Digits kept of what was burnt.
const BURNT_DIGITS: u32 = 6;

/// Rows of one list at most: more than anybody reads; the rest is one row.
pub const SHARES_MAX: usize = 200;

/// Changes told one by one at most.
pub const CHANGES_MAX: usize = 500;

/// Something that burns now, with its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burning {
    /// The server.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// The balance or the account that pays.
    pub payer: BalanceKey,
    /// Who runs it.
    pub provider: Provider,
    /// For whom it runs.
    pub owner: BurnerOwner,
    /// What it costs per hour.
    pub per_hour: Decimal,
    /// What that is counted in.
    pub unit: Currency,
    /// Since when it can be known to have burnt.
    pub since: Option<Timestamp>,
}

/// A change with what the reader of its record knows besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownChange {
    /// The record.
    pub change: BurnChange,
    /// Who runs the server.
    pub provider: Provider,
    /// What its prices are counted in.
    pub unit: Currency,
}

/// Whom a part of the burn is told for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A server.
    Server {
        /// Which.
        key: ServerKey,
        /// Its name.
        name: String,
    },
    /// Everything at a provider.
    Provider(Provider),
    /// Everything of an owner.
    Owner(BurnerOwner),
    /// What did not fit into the list: how many.
    Others(u32),
}

/// A part of the burn, in one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Whose.
    pub who: Who,
    /// What the amounts are counted in.
    pub unit: Currency,
    /// What it burnt in the window, as declared.
    pub burnt: Decimal,
    /// What it burnt per hour when the window began.
    pub per_hour_before: Decimal,
    /// What it burns per hour at the window's end.
    pub per_hour: Decimal,
}

/// Changes of one kind by one operator, or from outside, in one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseSum {
    /// What happened.
    pub kind: ChangeKind,
    /// Who approved the runs that did it; nothing for what no action of ours did.
    pub by: Option<OperatorName>,
    /// The orders it was about, as people call them.
    pub orders: Vec<String>,
    /// How many.
    pub count: u32,
    /// By how much the burn per hour changed.
    pub by_per_hour: Decimal,
    /// What that is counted in.
    pub unit: Currency,
}

impl fmt::Display for CauseSum {
    /// `4 starts by ann@bastion, order 812`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, many] = self.kind.nouns();
        let noun = if self.count == 1 { one } else { many };
        match &self.by {
            Some(by) => write!(f, "{} {noun} by {by}", self.count)?,
            None => write!(f, "{} {noun} from outside", self.count)?,
        }
        match self.orders.as_slice() {
            [] => Ok(()),
            [order] => write!(f, ", order {order}"),
            [first, second] => write!(f, ", orders {first} and {second}"),
            [first, second, rest @ ..] => write!(f, ", orders {first}, {second} and {} more", rest.len()),
        }
    }
}

/// Where the burn of a window went, and what changed it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attribution {
    /// The window's first moment: later than asked for where nothing was known by then.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// By server, what burnt most first.
    pub by_server: Vec<Share>,
    /// By provider.
    pub by_provider: Vec<Share>,
    /// By owner.
    pub by_owner: Vec<Share>,
    /// Every change of the window summed up by who did it, what changed most first.
    pub sums: Vec<CauseSum>,
    /// The changes, newest first, at most [`CHANGES_MAX`] of them.
    pub changes: Vec<BurnChange>,
}

impl Attribution {
    /// By how much the burn per hour changed in the window, by unit.
    #[must_use]
    pub fn changed(&self) -> BTreeMap<Currency, Decimal> {
        let mut changed = BTreeMap::new();
        for sum in &self.sums {
            *changed.entry(sum.unit.clone()).or_default() += sum.by_per_hour;
        }
        changed
    }
}

type Place = (BalanceKey, ServerKey, Currency);

/// One server's price over time.
#[derive(Default)]
struct Line<'a> {
    now: Option<&'a Burning>,
    changes: Vec<&'a KnownChange>,
}

impl Line<'_> {
    /// What it cost per hour at a moment.
    fn price_at(&self, at: Timestamp) -> Decimal {
        let until = self.changes.partition_point(|known| known.change.at <= at);
        match (until.checked_sub(1).and_then(|last| self.changes.get(last)), self.changes.first()) {
            (Some(last), _) => last.change.after,
            (None, Some(first)) => first.change.before,
            (None, None) => {
                let is_there = |now: &&Burning| now.since.is_none_or(|since| since <= at);
                self.now.filter(is_there).map_or(Decimal::ZERO, |now| now.per_hour)
            }
        }
    }

    /// What it burnt between two moments.
    fn burnt(&self, from: Timestamp, to: Timestamp) -> Decimal {
        let began = self.now.and_then(|now| now.since).filter(|_| self.changes.is_empty());
        let moments = self.changes.iter().map(|known| known.change.at).chain(began);
        let mut edges: Vec<Timestamp> =
            std::iter::once(from).chain(moments.filter(|at| from < *at && *at < to)).chain([to]).collect();
        edges.sort_unstable();
        let price_ms: Decimal = edges
            .windows(2)
            .map(|edge| self.price_at(edge[0]) * Decimal::from(edge[1].millis_since(edge[0])))
            .sum();
        price_ms / Decimal::from(HOUR_MS)
    }

    fn share(&self, who: Who, unit: &Currency, from: Timestamp, to: Timestamp) -> Share {
        Share {
            who,
            unit: unit.clone(),
            burnt: self.burnt(from, to),
            per_hour_before: self.price_at(from),
            per_hour: self.price_at(to),
        }
    }

    /// Name, provider and owner, as known last.
    fn subject(&self) -> Option<(&str, Provider, &BurnerOwner)> {
        let now = self.now.map(|now| (now.name.as_str(), now.provider, &now.owner));
        let last = self
            .changes
            .last()
            .map(|known| (known.change.name.as_str(), known.provider, &known.change.owner));
        now.or(last)
    }
}

/// Where the burn between two moments went and what changed it. `changes` are all that were kept since `from`, also those
/// after `to`; `order_name` says how people call an order.
#[must_use]
pub fn attribution(
    burning: &[Burning],
    changes: &[KnownChange],
    (from, to): (Timestamp, Timestamp),
    order_name: impl Fn(&OrderKey) -> String,
) -> Attribution {
    let mut lines: BTreeMap<Place, Line<'_>> = BTreeMap::new();
    for now in burning {
        let place = (now.payer.clone(), now.server.clone(), now.unit.clone());
        lines.entry(place).or_default().now = Some(now);
    }
    for known in changes {
        let place = (known.change.payer.clone(), known.change.server.clone(), known.unit.clone());
        lines.entry(place).or_default().changes.push(known);
    }
    let (mut by_server, mut by_provider, mut by_owner) =
        (Shares::default(), Shares::default(), Shares::default());
    for ((_, server, unit), line) in &mut lines {
        line.changes.sort_by_key(|known| known.change.at);
        let Some((name, provider, owner)) = line.subject() else { continue };
        let who = Who::Server { key: server.clone(), name: name.to_owned() };
        let (provider, owner) = (Who::Provider(provider), Who::Owner(group_of(owner)));
        let share = line.share(who, unit, from, to);
        by_provider.add(Share { who: provider, ..share.clone() });
        by_owner.add(Share { who: owner, ..share.clone() });
        by_server.add(share);
    }
    let mut inside: Vec<&KnownChange> =
        changes.iter().filter(|known| from < known.change.at && known.change.at <= to).collect();
    inside.sort_by_key(|known| std::cmp::Reverse(known.change.at));
    Attribution {
        from,
        to,
        by_server: by_server.listed(),
        by_provider: by_provider.listed(),
        by_owner: by_owner.listed(),
        sums: summed_up(&inside, order_name),
        changes: inside.into_iter().take(CHANGES_MAX).map(|known| known.change.clone()).collect(),
    }
}

/// Whoever keeps several servers is one owner, whatever the reasons.
fn group_of(owner: &BurnerOwner) -> BurnerOwner {
    match owner {
        BurnerOwner::Kept { by, .. } => BurnerOwner::Kept { by: by.clone(), reason: String::new() },
        other => other.clone(),
    }
}

/// Parts by whom they are told for.
#[derive(Default)]
struct Shares(BTreeMap<(Who, Currency), Share>);

impl Shares {
    fn add(&mut self, share: Share) {
        let place = (share.who.clone(), share.unit.clone());
        match self.0.get_mut(&place) {
            Some(known) => known.add(&share),
            None => {
                self.0.insert(place, share);
            }
        }
    }

    /// What burnt most first; what did not burn at all is left out, what does not fit is one row of its unit.
    fn listed(self) -> Vec<Share> {
        let is_told = |share: &Share| !share.burnt.is_zero() || !share.per_hour.is_zero();
        let mut shares: Vec<Share> = self.0.into_values().filter(is_told).collect();
        shares.sort_by(|a, b| b.burnt.cmp(&a.burnt).then_with(|| a.who.cmp(&b.who)));
        let mut others: BTreeMap<Currency, (u32, Share)> = BTreeMap::new();
        for share in shares.split_off(shares.len().min(SHARES_MAX)) {
            match others.get_mut(&share.unit) {
                Some((count, sum)) => {
                    *count += 1;
                    sum.add(&share);
                }
                None => {
                    others.insert(share.unit.clone(), (1, share));
                }
            }
        }
        shares.extend(others.into_values().map(|(count, share)| Share { who: Who::Others(count), ..share }));
        for share in &mut shares {
            share.burnt = share.burnt.round_dp(BURNT_DIGITS).normalize();
        }
        shares
    }
}

impl Share {
    fn add(&mut self, other: &Self) {
        self.burnt += other.burnt;
        self.per_hour_before += other.per_hour_before;
        self.per_hour += other.per_hour;
    }
}

/// What changes are summed up by.
type SumPlace = (ChangeKind, Option<OperatorName>, Currency);

/// Changes by kind and by who did them, what changed most first.
fn summed_up(changes: &[&KnownChange], order_name: impl Fn(&OrderKey) -> String) -> Vec<CauseSum> {
    let mut sums: BTreeMap<SumPlace, (CauseSum, BTreeSet<String>)> = BTreeMap::new();
    for known in changes {
        let change = &known.change;
        let by = change.cause.operator().cloned();
        let (sum, orders) = sums.entry((change.kind, by.clone(), known.unit.clone())).or_insert_with(|| {
            let sum = CauseSum {
                kind: change.kind,
                by,
                orders: Vec::new(),
                count: 0,
                by_per_hour: Decimal::ZERO,
                unit: known.unit.clone(),
            };
            (sum, BTreeSet::new())
        });
        sum.count += 1;
        sum.by_per_hour += change.by_per_hour();
        orders.extend(orders_of(change, &order_name));
    }
    let mut sums: Vec<CauseSum> = sums
        .into_values()
        .map(|(sum, orders)| CauseSum { orders: orders.into_iter().collect(), ..sum })
        .collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.by_per_hour.abs()));
    sums
}

/// The order a change was about: its run's, and the one that its server stands for.
fn orders_of(change: &BurnChange, order_name: impl Fn(&OrderKey) -> String) -> Vec<String> {
    let of_run = match &change.cause {
        Cause::Run { order, .. } => order.as_ref().map(order_name),
        Cause::Outside => None,
    };
    let of_server = match &change.owner {
        BurnerOwner::Order(order) => Some(order.to_string()),
        _ => None,
    };
    of_run.into_iter().chain(of_server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    fn credits() -> Currency {
        Currency("credits".to_owned())
    }

    fn key(id: &str) -> ServerKey {
        ServerKey { account: "exa".into(), id: id.to_owned() }
    }

    fn burning(id: &str, per_hour: i64) -> Burning {
        Burning {
            server: key(id),
            name: format!("server {id}"),
            payer: BalanceKey::account("exa".into()),
            provider: Provider::Exaroton,
            owner: BurnerOwner::Unowned,
            per_hour: Decimal::from(per_hour),
            unit: credits(),
            since: None,
        }
    }

    fn changed(id: &str, hour: i64, before: i64, after: i64, cause: Cause) -> KnownChange {
        let (before, after) = (Decimal::from(before), Decimal::from(after));
        let change = BurnChange {
            at: Timestamp(hour * HOUR),
            since: Timestamp(hour * HOUR - 60_000),
            server: key(id),
            name: format!("server {id}"),
            payer: BalanceKey::account("exa".into()),
            unit: None,
            owner: BurnerOwner::Order("812".into()),
            kind: ChangeKind::of(before, after).unwrap(),
            before,
            after,
            cause,
        };
        KnownChange { change, provider: Provider::Exaroton, unit: credits() }
    }

    fn by_ann() -> Cause {
        let (run, by, action) = ("r1".into(), "ann@bastion".into(), "start_server".to_owned());
        Cause::Run { run, by, action, order: None }
    }

    fn told(burning: &[Burning], changes: &[KnownChange], from: i64, to: i64) -> Attribution {
        let window = (Timestamp(from * HOUR), Timestamp(to * HOUR));
        attribution(burning, changes, window, ToString::to_string)
    }

    #[test]
    fn the_issues_own_sentence() {
        let changes: Vec<KnownChange> = ["a", "b", "c", "d"]
            .iter()
            .map(|id| changed(id, 15, 0, 4, by_ann()))
            .chain([changed("e", 15, 8, 0, Cause::Outside)])
            .collect();
        let told = told(&[], &changes, 14, 16);
        let sentences: Vec<String> =
            told.sums.iter().map(|sum| format!("{:+} {sum}", sum.by_per_hour)).collect();
        assert_eq!(
            sentences,
            ["+16 4 starts by ann@bastion, order 812", "-8 1 stop from outside, order 812"]
        );
        assert_eq!(told.changed(), BTreeMap::from([(credits(), Decimal::from(8))]));
    }

    #[test]
    fn prices_hold_between_changes_and_before_the_first_what_it_says_held() {
        let changes = [
            changed("a", 10, 4, 0, by_ann()),
            changed("a", 12, 0, 4, by_ann()),
            changed("b", 13, 0, 2, by_ann()),
        ];
        let burning = [burning("a", 4), burning("b", 2), burning("c", 1)];
        let told = told(&burning, &changes, 8, 14);
        let shares: Vec<(String, Decimal, Decimal, Decimal)> = told
            .by_server
            .iter()
            .map(|share| match &share.who {
                Who::Server { key, .. } => {
                    (key.id.clone(), share.burnt, share.per_hour_before, share.per_hour)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let number = |number: i64| Decimal::from(number);
        assert_eq!(
            shares,
            [
                ("a".to_owned(), number(16), number(4), number(4)),
                ("c".to_owned(), number(6), number(1), number(1)),
                ("b".to_owned(), number(2), number(0), number(2)),
            ]
        );
        assert_eq!(told.by_provider[0].burnt, number(24));
        assert_eq!(told.changes.len(), 3);
    }

    #[test]
    fn a_server_made_in_the_window_did_not_burn_before() {
        let new = Burning { since: Some(Timestamp(3 * HOUR)), ..burning("a", 4) };
        let told = told(&[new], &[], 0, 4);
        assert_eq!(
            (told.by_server[0].burnt, told.by_server[0].per_hour_before),
            (Decimal::from(4), Decimal::ZERO)
        );
    }

    #[test]
    fn what_does_not_fit_is_one_row() {
        let burning: Vec<Burning> =
            (0..250).map(|number| burning(&format!("{number:03}"), 250 - number)).collect();
        let told = told(&burning, &[], 0, 1);
        assert_eq!(told.by_server.len(), SHARES_MAX + 1);
        let last = told.by_server.last().unwrap();
        assert_eq!((&last.who, last.burnt), (&Who::Others(50), Decimal::from(50 * 51 / 2)));
        let bytes = postcard::to_stdvec(&told).unwrap();
        assert_eq!(postcard::from_bytes::<Attribution>(&bytes).unwrap(), told);
    }

    proptest! {
        /// Any split of a window burns what the whole does, every list adds up to the same, and the changes explain the
        /// difference between its ends.
        #[test]
        fn lists_and_windows_add_up(
            steps in prop::collection::vec((0_usize..4, 1_i64..40, 0_i64..9), 0..25),
            split in 0_i64..1_000,
        ) {
            let mut price = [3_i64, 0, 5, 1];
            let (mut hour, mut changes) = (0, Vec::new());
            for (server, later, after) in steps {
                hour += later;
                if price[server] != after {
                    let cause = if server == 0 { by_ann() } else { Cause::Outside };
                    changes.push(changed(&server.to_string(), hour, price[server], after, cause));
                    price[server] = after;
                }
            }
            let burning: Vec<Burning> =
                price.iter().enumerate().map(|(id, price)| burning(&id.to_string(), *price)).collect();
            let sum = |shares: &[Share]| shares.iter().map(|share| share.burnt).sum::<Decimal>();
            let whole = told(&burning, &changes, 0, 1_000);
            let (first, second) = (told(&burning, &changes, 0, split), told(&burning, &changes, split, 1_000));
            prop_assert_eq!(sum(&first.by_server) + sum(&second.by_server), sum(&whole.by_server));
            prop_assert_eq!(sum(&whole.by_server), sum(&whole.by_provider));
            prop_assert_eq!(sum(&whole.by_server), sum(&whole.by_owner));
            let total = |price: fn(&Share) -> Decimal| whole.by_provider.iter().map(price).sum::<Decimal>();
            let changed = whole.changed().into_values().sum::<Decimal>();
            prop_assert_eq!(total(|share| share.per_hour) - total(|share| share.per_hour_before), changed);
        }
    }
}
