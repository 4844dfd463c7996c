//! Snapshots as records: the first and the last of a day whole, those between as what changed since the one before. Pure.
//!
//! Most servers do in an hour what they did before: they run on at their price, or stand. What is told of a server is only
//! what that does not foresee, so that an hour of five hundred servers takes a few KiB of text and not hundreds.
//! Records from before this was so are whole, and stay readable.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::book::Checkpoint;
use super::snapshot::{BalanceLabel, Snapshot, SnapshotKind, SnapshotServer};
use crate::model::balance::BalanceKey;
use crate::model::ids::OperatorName;
use crate::model::spend::{BurnerKind, start_of_day};
use crate::model::time::Timestamp;

/// What every snapshot's record tells by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotHead {
    /// Why it was taken.
    pub kind: SnapshotKind,
    /// What it stands for.
    pub slot: Timestamp,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// The record before it, without which it cannot be read whole; nothing for one that is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Every balance's book.
    pub balances: BTreeMap<String, (BalanceKey, Checkpoint)>,
}

/// A snapshot as what changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Changed {
    #[serde(flatten)]
    head: SnapshotHead,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<OperatorName>,
    running: u32,
    ram_gib_in_use: u64,
    /// What each balance is, where that is otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, BalanceLabel>>,
    /// As [`Snapshot::gone`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<SnapshotServer>,
    /// Servers of the snapshot before, by their place in it, with the fields that are otherwise than foreseen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    servers: Vec<ServerChange>,
    /// Servers that are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    added: Vec<SnapshotServer>,
    /// Servers that went, by their place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<usize>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ServerChange {
    server: usize,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// A snapshot as the log keeps it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum SnapshotRecord {
    /// By itself.
    Whole(Box<Snapshot>),
    /// Beside the one before.
    #[expect(private_interfaces, reason = "its shape is nobody else's business")]
    Changed(Box<Changed>),
}

impl SnapshotRecord {
    /// The record of a snapshot, given the one that was kept before it.
    #[must_use]
    pub fn of(snapshot: &Snapshot, before: Option<&Snapshot>, zone: Tz) -> Self {
        // The ends of days are what a report of a long period reads, each by itself.
        let is_end = matches!(snapshot.kind, SnapshotKind::StartOfDay | SnapshotKind::EndOfDay);
        let is_of_its_day = |before: &&Snapshot| {
            !is_end && start_of_day(before.taken_at, zone) == start_of_day(snapshot.taken_at, zone)
        };
        match before.filter(is_of_its_day).and_then(|before| Changed::between(before, snapshot)) {
            Some(changed) => Self::Changed(Box::new(changed)),
            None => Self::Whole(Box::new(snapshot.clone())),
        }
    }

    /// Whether it can be read by itself.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

impl Changed {
    /// Nothing when it cannot be told in this way.
    fn between(before: &Snapshot, after: &Snapshot) -> Option<Self> {
        let passed_ms = after.taken_at.millis_since(before.taken_at);
        let known: BTreeMap<_, _> = after.servers.iter().map(|server| (&server.key, server)).collect();
        let mut changed = Self {
            head: SnapshotHead {
                kind: after.kind,
                slot: after.slot,
                taken_at: after.taken_at,
                since: Some(Snapshot::record_key(before.kind, before.slot)),
                balances: after.balances.clone(),
            },
            by: after.by.clone(),
            running: after.running,
            ram_gib_in_use: after.ram_gib_in_use,
            labels: (before.labels != after.labels).then(|| after.labels.clone()),
            gone: after.gone.clone(),
            servers: Vec::new(),
            added: Vec::new(),
            left: Vec::new(),
        };
        for (place, server) in before.servers.iter().enumerate() {
            let Some(after) = known.get(&server.key) else {
                changed.left.push(place);
                continue;
            };
            let fields = otherwise(&foreseen(server, passed_ms), after)?;
            if !fields.is_empty() {
                changed.servers.push(ServerChange { server: place, fields });
            }
        }
        let was_there: BTreeSet<_> = before.servers.iter().map(|server| &server.key).collect();
        let is_new = |server: &&SnapshotServer| !was_there.contains(&server.key);
        changed.added = after.servers.iter().filter(is_new).cloned().collect();
        Some(changed)
    }

    fn apply(self, before: &Snapshot) -> Result<Snapshot, String> {
        let passed_ms = self.head.taken_at.millis_since(before.taken_at);
        let mut servers: Vec<Option<SnapshotServer>> =
            before.servers.iter().map(|server| Some(foreseen(server, passed_ms))).collect();
        for place in self.left {
            *servers.get_mut(place).ok_or("a server that went was not there")? = None;
        }
        for change in self.servers {
            let place = servers.get_mut(change.server).ok_or("a server that changed was not there")?;
            let server = place.take().ok_or("a server changed and went")?;
            *place = Some(changed(&server, change.fields)?);
        }
        let mut servers: Vec<SnapshotServer> = servers.into_iter().flatten().chain(self.added).collect();
        servers.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Snapshot {
            kind: self.head.kind,
            slot: self.head.slot,
            taken_at: self.head.taken_at,
            by: self.by,
            balances: self.head.balances,
            labels: self.labels.unwrap_or_else(|| before.labels.clone()),
            servers,
            gone: self.gone,
            running: self.running,
            ram_gib_in_use: self.ram_gib_in_use,
        })
    }
}

/// A server after so long if nothing happened to it: what it burns is counted on.
#[must_use]
pub(super) fn foreseen(server: &SnapshotServer, passed_ms: u64) -> SnapshotServer {
    let mut server = server.clone();
    if !server.totals.is_empty() {
        server.counted =
            server.counted().map(|(payer, kind, counted)| (payer.clone(), kind, counted)).collect();
        server.totals.clear();
    }
    let running = if server.is_running { server.per_hour } else { Decimal::ZERO };
    let burning = [(BurnerKind::Running, running), (BurnerKind::Committed, server.committed_per_hour)];
    for (kind, per_hour) in burning {
        let Some(payer) = server.payer.as_ref().filter(|_| !per_hour.is_zero() && passed_ms > 0) else {
            continue;
        };
        let more = per_hour * Decimal::from(passed_ms);
        let counted = server.counted.iter_mut().find(|(of, what, _)| of == payer && *what == kind);
        if let Some((.., counted)) = counted {
            *counted += more;
        } else {
            server.counted.push((payer.clone(), kind, more));
            server.counted.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        }
    }
    server
}

/// The fields that are otherwise; nothing when they are not told as fields.
fn otherwise(foreseen: &SnapshotServer, server: &SnapshotServer) -> Option<Map<String, Value>> {
    if foreseen == server {
        return Some(Map::new());
    }
    let (foreseen, server) = (fields_of(foreseen)?, fields_of(server)?);
    if foreseen.keys().any(|name| !server.contains_key(name)) {
        return None;
    }
    Some(server.into_iter().filter(|(name, value)| foreseen.get(name) != Some(value)).collect())
}

fn changed(server: &SnapshotServer, fields: Map<String, Value>) -> Result<SnapshotServer, String> {
    let mut all = fields_of(server).ok_or("a server is no list of fields")?;
    all.extend(fields);
    serde_json::from_value(Value::Object(all)).map_err(|error| format!("a changed server: {error}"))
}

fn fields_of(server: &SnapshotServer) -> Option<Map<String, Value>> {
    match serde_json::to_value(server) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// Reads records in their order.
#[derive(Debug, Clone, Default)]
pub struct SnapshotReader {
    last: Option<Snapshot>,
}

impl SnapshotReader {
    /// Goes on after a snapshot.
    #[must_use]
    pub fn after(last: Option<Snapshot>) -> Self {
        Self { last }
    }

    /// The next snapshot.
    ///
    /// # Errors
    /// It is no snapshot, or the one that it goes on from was not read just before it.
    pub fn read(&mut self, head: &SnapshotHead, body: &str) -> Result<&Snapshot, String> {
        let before = self.last.take();
        let snapshot = match &head.since {
            None => serde_json::from_str(body).map_err(|error| error.to_string())?,
            Some(since) => {
                let before = before.filter(|before| Snapshot::record_key(before.kind, before.slot) == *since);
                let before = before.ok_or_else(|| format!("the snapshot {since} before it is missing"))?;
                let changed: Changed = serde_json::from_str(body).map_err(|error| error.to_string())?;
                changed.apply(&before)?
            }
        };
        Ok(self.last.insert(snapshot))
    }

    /// The last snapshot read.
    #[must_use]
    pub fn into_last(self) -> Option<Snapshot> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::money::billed::Committed;
    use crate::model::account::Provider;
    use crate::model::ids::ServerKey;
    use crate::model::money::Currency;
    use crate::model::spend::{BurnerOwner, Reading};
    use proptest::prelude::*;

    const HOUR_MS: i64 = 3_600_000;
    /// Midnight in UTC.
    const START: Timestamp = Timestamp(1_792_022_400_000);

    fn payer(pool: bool) -> BalanceKey {
        if pool { BalanceKey::pool("exa".into(), "p1") } else { BalanceKey::account("exa".into()) }
    }

    fn label() -> BalanceLabel {
        BalanceLabel {
            name: "exa".to_owned(),
            provider: Provider::Exaroton,
            unit: Currency("credits".to_owned()),
        }
    }

    /// What may become of a server in an hour.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Same,
        Switched,
        Repriced(u32),
        Gone,
        PaidByPool(bool),
        Counted(i64),
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            6 => Just(Fate::Same),
            2 => Just(Fate::Switched),
            1 => (1..16_u32).prop_map(Fate::Repriced),
            1 => Just(Fate::Gone),
            1 => any::<bool>().prop_map(Fate::PaidByPool),
            1 => (0..1_000_000_i64).prop_map(Fate::Counted),
        ]
    }

    fn server(number: usize) -> SnapshotServer {
        SnapshotServer {
            key: ServerKey { account: "exa".into(), id: format!("s{number}") },
            name: format!("server {number}"),
            state: "offline".to_owned(),
            ram_gib: number.is_multiple_of(3).then_some(4),
            is_running: false,
            payer: Some(payer(false)),
            per_hour: Decimal::ZERO,
            price_per_hour: None,
            committed: Committed::Storage { per_period: Decimal::TEN },
            committed_per_hour: Decimal::new(1_388_889, 8),
            totals: Vec::new(),
            counted: Vec::new(),
            period_began: Some(START),
            run_before_period: Decimal::ZERO,
            owner: BurnerOwner::Unowned,
        }
    }

    fn live(server: Option<SnapshotServer>, number: usize, fate: Fate) -> Option<SnapshotServer> {
        let Some(server) = server else {
            return matches!(fate, Fate::Switched).then(|| self::server(number));
        };
        let mut next = foreseen(&server, HOUR_MS.unsigned_abs());
        match fate {
            Fate::Same => {}
            Fate::Switched => {
                next.is_running = !next.is_running;
                next.per_hour = if next.is_running { Decimal::from(4) } else { Decimal::ZERO };
                next.state = if next.is_running { "online" } else { "offline" }.to_owned();
            }
            Fate::Repriced(ram) => {
                next.ram_gib = Some(ram);
                next.price_per_hour = Some(ram.into());
            }
            Fate::Gone => return None,
            Fate::PaidByPool(pool) => next.payer = Some(payer(pool)),
            Fate::Counted(more) => {
                next.counted.push((payer(true), BurnerKind::Running, Decimal::new(more, 3)));
                next.counted.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
                next.counted.dedup_by(|later, earlier| (&later.0, later.1) == (&earlier.0, earlier.1));
            }
        }
        Some(next)
    }

    fn snapshot(hour: i64, servers: &[Option<SnapshotServer>]) -> Snapshot {
        let taken_at = Timestamp(START.0 + hour * HOUR_MS);
        let reading =
            Reading { sequence: 1, at: taken_at, balance: Decimal::TEN, declared_total: Decimal::ONE };
        let checkpoint = Checkpoint { reading, spent_total: Decimal::ZERO, topped_up_total: Decimal::ZERO };
        Snapshot {
            kind: if hour % 24 == 0 { SnapshotKind::StartOfDay } else { SnapshotKind::Hourly },
            slot: taken_at,
            taken_at,
            by: None,
            balances: [("exa".to_owned(), (payer(false), checkpoint))].into(),
            labels: (0..hour / 10).map(|number| (number.to_string(), label())).collect(),
            gone: servers.iter().flatten().skip(3).cloned().collect(),
            servers: servers.iter().flatten().cloned().collect(),
            running: 0,
            ram_gib_in_use: 0,
        }
    }

    proptest! {
        /// Whatever servers do: what is read back is what was taken, also from the middle of the log on.
        #[test]
        fn snapshots_come_back_as_they_were(
            hours in prop::collection::vec(prop::collection::vec(fate(), 5), 1..60),
            from in any::<prop::sample::Index>(),
        ) {
            let mut servers: Vec<_> = (0..5).map(|number| Some(server(number))).collect();
            let (mut taken, mut records): (Vec<Snapshot>, Vec<(bool, String)>) = (Vec::new(), Vec::new());
            for (hour, fates) in hours.iter().enumerate() {
                for (number, fate) in fates.iter().enumerate() {
                    servers[number] = live(servers[number].take(), number, *fate);
                }
                let snapshot = snapshot(i64::try_from(hour).unwrap(), &servers);
                let record = SnapshotRecord::of(&snapshot, taken.last(), Tz::UTC);
                records.push((record.is_whole(), serde_json::to_string(&record).unwrap()));
                taken.push(snapshot);
            }
            let from = from.index(records.len()) / 24 * 24;
            prop_assert!(records[from].0, "the first of a day is whole");
            let mut reader = SnapshotReader::default();
            for ((_, body), expected) in records.iter().zip(&taken).skip(from) {
                let head: SnapshotHead = serde_json::from_str(body).unwrap();
                prop_assert_eq!(reader.read(&head, body).unwrap(), expected);
            }
        }
    }

    #[test]
    fn an_hour_in_which_nothing_happened_tells_no_server() {
        let mut running = server(0);
        running.is_running = true;
        running.per_hour = Decimal::from(4);
        let servers: Vec<_> = [running, server(1)].into_iter().map(Some).collect();
        let before = snapshot(1, &servers);
        let later: Vec<_> = servers
            .into_iter()
            .enumerate()
            .map(|(number, server)| live(server, number, Fate::Same))
            .collect();
        let record = serde_json::to_value(SnapshotRecord::of(&snapshot(2, &later), Some(&before), Tz::UTC));
        let record = record.unwrap();
        assert_eq!(record["servers"], Value::Null, "{record}");
        assert_eq!(record["since"], Snapshot::record_key(before.kind, before.slot));
    }

    #[test]
    fn a_record_without_the_one_before_it_is_not_guessed_at() {
        let later = live(Some(server(0)), 0, Fate::Same);
        let (first, second) = (snapshot(1, &[Some(server(0))]), snapshot(2, &[later]));
        let body = serde_json::to_string(&SnapshotRecord::of(&second, Some(&first), Tz::UTC)).unwrap();
        let head: SnapshotHead = serde_json::from_str(&body).unwrap();
        assert!(SnapshotReader::default().read(&head, &body).is_err());
    }

    #[test]
    fn a_record_of_before_this_was_so_is_whole_and_counts_on() {
        let mut old = server(0);
        old.totals = vec![(payer(false), BurnerKind::Running, Decimal::TWO)];
        let mut body = serde_json::to_value(snapshot(5, &[Some(old)])).unwrap();
        let fields = body["servers"][0].as_object_mut().unwrap();
        for name in ["price_per_hour", "committed_per_hour", "committed", "owner"] {
            fields.remove(name);
        }
        fields.insert("storage_per_period".to_owned(), Value::from("10"));
        let body = body.to_string();
        let head: SnapshotHead = serde_json::from_str(&body).unwrap();
        let mut reader = SnapshotReader::default();
        let read = reader.read(&head, &body).unwrap();
        assert_eq!(read.servers[0].declared().next().unwrap().2, Decimal::TWO);
        assert_eq!(read.servers[0].counted().next().unwrap().2, Decimal::from(7_200_000));
    }
}
