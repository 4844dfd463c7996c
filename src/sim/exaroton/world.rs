//! The world as one value: what there is, what time it is, and who is told of what happens.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::broadcast;

use super::bill::{Bill, Charge, ChargeKind, Ledger};
use super::entities::{Account, PayerId, Pool, Run, Server};
use super::money::{runtime_cost, seconds_until};
use super::options::{Booking, ExarotonSimOptions, Language, Timings};
use crate::model::time::Timestamp;
use crate::sim::micro::{MICRO, signed};
use crate::sim::records::Records;

/// Notices a socket may be behind before it loses the oldest.
const NOTICES: usize = 1_024;

/// What sockets are told.
#[derive(Debug, Clone)]
pub(super) enum Notice {
    /// The server object changed.
    Status,
    /// The game wrote a line.
    Line(String),
    /// The game's management protocol notifies: what of, and with what.
    Managed(&'static str, serde_json::Value),
    /// The socket is to be dropped.
    Drop,
}

/// Everything there is.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) now: Timestamp,
    pub(super) timings: Timings,
    pub(super) is_eventful: bool,
    pub(super) booking: Booking,
    pub(super) language: Language,
    pub(super) refuses_ram_while_running: bool,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) pools: BTreeMap<String, Pool>,
    pub(super) servers: BTreeMap<String, Server>,
    pub(super) ledger: Ledger,
    pub(super) records: Records,
    /// Frames that came before `ready`, which clients must not send.
    pub(super) early_frames: u64,
    pub(super) sockets_opened: u64,
    pub(super) logs_shared: u64,
    depletion: Depletion,
    listeners: HashMap<String, broadcast::Sender<Notice>>,
}

impl World {
    /// A world without anything in it.
    pub(super) fn new(options: &ExarotonSimOptions, now: Timestamp) -> Self {
        Self {
            seed: options.seed,
            now,
            timings: options.timings,
            is_eventful: options.is_eventful,
            booking: options.booking,
            language: options.language,
            refuses_ram_while_running: options.refuses_ram_while_running,
            accounts: BTreeMap::new(),
            pools: BTreeMap::new(),
            servers: BTreeMap::new(),
            ledger: Ledger::default(),
            records: Records::default(),
            early_frames: 0,
            sockets_opened: 0,
            logs_shared: 0,
            depletion: Depletion::Stale,
            listeners: HashMap::new(),
        }
    }

    /// Moves the world to a moment, event by event: how often this is called changes nothing.
    pub(super) fn advance(&mut self, to: Timestamp) {
        while let Some((at, happening)) = self.next_happening().filter(|(at, _)| *at <= to) {
            self.now = self.now.max(at);
            match happening {
                Happening::Of(server) => self.happens_at(&server),
                Happening::Depleted(payer) => self.runs_dry(&payer),
            }
        }
        self.now = self.now.max(to);
    }

    fn next_happening(&mut self) -> Option<(Timestamp, Happening)> {
        let of_server = self
            .servers
            .values()
            .filter_map(|server| server.next_at().map(|at| (at, &server.id)))
            .min()
            .map(|(at, id)| (at, Happening::Of(id.clone())));
        let dry = self.depletion().map(|(at, payer)| (at, Happening::Depleted(payer)));
        match (of_server, dry) {
            (Some(server), Some(dry)) => Some(if dry.0 < server.0 { dry } else { server }),
            (server, dry) => server.or(dry),
        }
    }

    /// When the first payer runs dry, if nothing changes.
    fn depletion(&mut self) -> Option<(Timestamp, PayerId)> {
        match &self.depletion {
            Depletion::Stale => {}
            Depletion::Never => return None,
            Depletion::At(at, payer) => return Some((*at, payer.clone())),
        }
        let mut ram: BTreeMap<PayerId, u32> = BTreeMap::new();
        for run in self.servers.values().filter_map(|server| server.run.as_ref()) {
            *ram.entry(run.payer.clone()).or_default() += run.ram_gib;
        }
        let first = ram
            .into_iter()
            .map(|(payer, ram_gib)| {
                let left = u64::try_from(self.balance(&payer)).unwrap_or(0);
                // Runs round down, so the moment may come a second later; then it is looked for again.
                let at = self.now.plus_millis(seconds_until(ram_gib, left).max(1).saturating_mul(1_000));
                (at, payer)
            })
            .min();
        self.depletion = first.clone().map_or(Depletion::Never, |(at, payer)| Depletion::At(at, payer));
        first
    }

    /// What was burned so far in a run.
    pub(super) fn burned(&self, run: &Run) -> u64 {
        runtime_cost(run.ram_gib, self.now.millis_since(run.since) / 1_000)
    }

    /// A payer's balance, runs that go on taken off.
    pub(super) fn balance(&self, payer: &PayerId) -> i64 {
        let open: u64 = self
            .servers
            .values()
            .filter_map(|server| server.run.as_ref())
            .filter(|run| run.payer == *payer)
            .map(|run| self.burned(run))
            .sum();
        self.ledger.closed_balance(payer) - signed(open)
    }

    /// A payer's balance as the API tells it.
    pub(super) fn told_balance(&self, payer: &PayerId) -> i64 {
        match self.booking {
            Booking::Continuous => self.balance(payer),
            Booking::AtTheEnd => self.ledger.closed_balance(payer),
        }
    }

    /// Adds credits to a payer's balance.
    pub(super) fn top_up(&mut self, payer: &PayerId, micro: u64) {
        self.ledger.top_up(self.now, payer.clone(), micro);
        self.depletion = Depletion::Stale;
    }

    /// Adds a member's credits to a pool; the parts are those of what is left and what is new.
    pub(super) fn top_up_pool(&mut self, pool: &str, account: &str, micro: u64) {
        let left = self.member_credits(pool);
        let Some(pool) = self.pools.get_mut(pool) else { return };
        for (member, left) in pool.members.iter_mut().zip(left) {
            member.given = u64::try_from(left).unwrap_or(0);
            if member.account == account {
                member.given += micro;
            }
        }
        let payer = PayerId::Pool(pool.id.clone());
        self.top_up(&payer, micro);
    }

    /// The credits of each member of a pool, in millionths: their parts of the balance, the remainder to the first.
    pub(super) fn member_credits(&self, pool: &str) -> Vec<i64> {
        let Some(pool) = self.pools.get(pool) else { return Vec::new() };
        let balance = i128::from(self.told_balance(&PayerId::Pool(pool.id.clone())));
        let given: u64 = pool.members.iter().map(|member| member.given).sum();
        let part = |member: u64| {
            let part = balance * i128::from(member) / i128::from(given.max(1));
            i64::try_from(part).unwrap_or(0)
        };
        let mut parts: Vec<i64> = pool.members.iter().map(|member| part(member.given)).collect();
        let rest = i64::try_from(balance).unwrap_or(0) - parts.iter().sum::<i64>();
        if let Some(first) = parts.iter_mut().zip(&pool.members).find(|(_, member)| member.given > 0) {
            *first.0 += rest;
        }
        parts
    }

    /// Begins or ends a server's run as its state demands.
    pub(super) fn meter(&mut self, id: &str) {
        let now = self.now;
        let Some(server) = self.servers.get_mut(id) else { return };
        if server.status.burns() {
            if server.run.is_none() {
                let payer =
                    server.next_payer.take().unwrap_or_else(|| PayerId::Account(server.owner.clone()));
                server.run = Some(Run { payer, ram_gib: server.ram_gib, since: now });
                self.depletion = Depletion::Stale;
            }
            return;
        }
        let Some(run) = server.run.take() else { return };
        let micro = runtime_cost(run.ram_gib, now.millis_since(run.since) / 1_000);
        server.storage.burned += micro.saturating_sub(server.storage.burned_before);
        server.storage.burned_before = 0;
        self.ledger.charge(Charge {
            at: now,
            since: run.since,
            server: id.to_owned(),
            payer: run.payer,
            kind: ChargeKind::Runtime,
            ram_gib: run.ram_gib,
            micro,
        });
        self.depletion = Depletion::Stale;
    }

    /// The moment at which a payer was to run dry has come.
    fn runs_dry(&mut self, payer: &PayerId) {
        self.depletion = Depletion::Stale;
        if self.balance(payer) > 0 {
            return;
        }
        let is_theirs = |server: &&Server| server.run.as_ref().is_some_and(|run| run.payer == *payer);
        let ids: Vec<String> =
            self.servers.values().filter(is_theirs).map(|server| server.id.clone()).collect();
        for id in ids {
            self.cut_off(&id);
        }
    }

    /// The whole bill, runs that go on included as if they ended now.
    pub(super) fn bill(&self) -> Bill {
        let mut charges = self.ledger.charges.clone();
        charges.extend(self.servers.values().filter_map(|server| {
            let run = server.run.as_ref()?;
            Some(Charge {
                at: self.now,
                since: run.since,
                server: server.id.clone(),
                payer: run.payer.clone(),
                kind: ChargeKind::Runtime,
                ram_gib: run.ram_gib,
                micro: self.burned(run),
            })
        }));
        Bill { charges, top_ups: self.ledger.top_ups.clone() }
    }

    /// The end of a server's storage period.
    pub(super) fn storage_is_due(&mut self, id: &str, period_ms: u64) {
        let now = self.now;
        let Some(server) = self.servers.get(id) else { return };
        let open = server.run.as_ref().map_or(0, |run| self.burned(run));
        let burned = server.storage.burned + open.saturating_sub(server.storage.burned_before);
        let due = server.storage.basic.saturating_sub(burned);
        let payer = server.usual_payer();
        let Some(server) = self.servers.get_mut(id) else { return };
        let since = Timestamp(server.storage.period_ends.0.saturating_sub_unsigned(period_ms));
        server.storage.period_ends = server.storage.period_ends.plus_millis(period_ms);
        server.storage.burned = 0;
        server.storage.burned_before = open;
        if due > 0 {
            self.ledger.charge(Charge {
                at: now,
                since,
                server: id.to_owned(),
                payer,
                kind: ChargeKind::Storage,
                ram_gib: 0,
                micro: due,
            });
            self.depletion = Depletion::Stale;
        }
    }

    /// Whether a payer can pay for a start.
    pub(super) fn can_pay(&self, payer: &PayerId) -> bool {
        self.balance(payer) >= signed(MICRO / 100)
    }

    /// Listens to what happens at a server.
    pub(super) fn listen(&mut self, id: &str) -> broadcast::Receiver<Notice> {
        self.listeners.entry(id.to_owned()).or_insert_with(|| broadcast::channel(NOTICES).0).subscribe()
    }

    /// Tells everyone who listens to a server.
    pub(super) fn tell(&self, id: &str, notice: Notice) {
        if let Some(sender) = self.listeners.get(id) {
            // Nobody listening is no failure.
            drop(sender.send(notice));
        }
    }

    /// Tells every socket to go.
    pub(super) fn drop_sockets(&self) {
        for sender in self.listeners.values() {
            drop(sender.send(Notice::Drop));
        }
    }
}

/// When the first payer runs dry.
enum Depletion {
    /// Something changed since it was last computed.
    Stale,
    Never,
    At(Timestamp, PayerId),
}

/// What comes next.
enum Happening {
    Of(String),
    Depleted(PayerId),
}
