//! The world as one value: what there is and what time it is; how it moves, and what is charged while it does.

use std::collections::{BTreeMap, VecDeque};

use super::agenda::Servers;
use super::bill::{Bill, Charge, ChargeKind, Ledger};
use super::entities::{Account, Run, Server};
use super::hooks::Hooks;
use super::matches::{Match, MatchFate, MatchRates, MatchTimings};
use super::money::{self, minutes_cost};
use super::options::{AtZero, BootTimings, DathostSimOptions, LastMinute, Rules};
use crate::model::time::Timestamp;
use crate::sim::micro::{MICRO, signed};
use crate::sim::records::Records;

const MINUTE_MS: u64 = 60_000;

/// Everything there is.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) now: Timestamp,
    pub(super) boot: BootTimings,
    pub(super) rules: Rules,
    pub(super) is_eventful: bool,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) servers: Servers,
    pub(super) matches: BTreeMap<String, Match>,
    /// Matches made so far.
    pub(super) matches_made: u64,
    /// How the next matches go; after them, by luck.
    pub(super) next_fates: VecDeque<MatchFate>,
    pub(super) match_rates: MatchRates,
    pub(super) match_timings: MatchTimings,
    pub(super) hooks: Hooks,
    /// Servers made so far: the next one's number.
    pub(super) made: u64,
    pub(super) ledger: Ledger,
    pub(super) records: Records,
    depletion: Depletion,
}

impl World {
    /// A world without anything in it.
    pub(super) fn new(options: &DathostSimOptions, now: Timestamp) -> Self {
        Self {
            seed: options.seed,
            now,
            boot: options.boot,
            rules: options.rules,
            is_eventful: options.is_eventful,
            accounts: BTreeMap::new(),
            servers: Servers::default(),
            matches: BTreeMap::new(),
            matches_made: 0,
            next_fates: VecDeque::new(),
            match_rates: options.match_rates,
            match_timings: options.matches,
            hooks: Hooks::new(options.seed, options.hooks),
            made: 0,
            ledger: Ledger::default(),
            records: Records::default(),
            depletion: Depletion::Stale,
        }
    }

    /// Moves the world to a moment, event by event: how often this is called changes nothing.
    pub(super) fn advance(&mut self, to: Timestamp) {
        while let Some((at, happening)) = self.next_happening().filter(|(at, _)| *at <= to) {
            self.now = self.now.max(at);
            match happening {
                Happening::Of(server) => self.happens_at(&server),
                Happening::InMatch(id) => self.match_happens(&id),
                Happening::Depleted(account) => self.runs_dry(&account),
            }
        }
        self.now = self.now.max(to);
    }

    fn next_happening(&mut self) -> Option<(Timestamp, Happening)> {
        let of_server = self.servers.first().map(|(at, id)| (at, Happening::Of(id)));
        let in_match = self
            .matches
            .values()
            .filter_map(|one| one.next_at.map(|at| (at, &one.id)))
            .min()
            .map(|(at, id)| (at, Happening::InMatch(id.clone())));
        let dry = self.depletion().map(|(at, account)| (at, Happening::Depleted(account)));
        // What comes first; of what comes at once, in this order.
        [dry, of_server, in_match].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Servers of an account that pay by the minute now.
    fn paying<'a>(&'a self, account: &'a str) -> impl Iterator<Item = (&'a Server, &'a Run)> {
        self.servers
            .values()
            .filter(move |server| server.owner == account)
            .filter_map(|server| Some((server, server.run.as_ref()?)))
    }

    /// When it is to be looked next whether an account has run dry: never later than it can.
    fn depletion(&mut self) -> Option<(Timestamp, String)> {
        match &self.depletion {
            Depletion::Stale => {}
            Depletion::Never => return None,
            Depletion::LookAt(at, account) => return Some((*at, account.clone())),
        }
        let first = match self.rules.at_zero {
            AtZero::GoesOn => None,
            AtZero::Stops => self.accounts.keys().filter_map(|account| self.look_at(account)).min(),
        };
        self.depletion =
            first.clone().map_or(Depletion::Never, |(at, account)| Depletion::LookAt(at, account));
        first
    }

    /// The next end of a whole minute, or as many minutes later as the credits certainly last.
    fn look_at(&self, account: &str) -> Option<(Timestamp, String)> {
        let per_hour: u64 = self.paying(account).map(|(server, _)| money::per_hour(server)).sum();
        let next_minute = self.paying(account).map(|(_, run)| next_minute(run, self.now)).min()?;
        let left = u64::try_from(self.balance(account)).unwrap_or(0);
        // Every server may be about to end a minute, and rounding may cost a millionth more: two minutes less.
        let lasts = u128::from(left) * 60 / u128::from(per_hour.max(1));
        let lasts_min = u64::try_from(lasts).unwrap_or(u64::MAX).saturating_sub(2);
        let certain = self.now.plus_millis(lasts_min.saturating_mul(MINUTE_MS));
        Some((next_minute.max(certain), account.to_owned()))
    }

    /// The moment at which an account was to be looked at has come.
    fn runs_dry(&mut self, account: &str) {
        self.depletion = Depletion::Stale;
        if self.balance(account) > 0 {
            return;
        }
        let ids: Vec<String> = self.paying(account).map(|(server, _)| server.id.clone()).collect();
        for id in ids {
            self.say(&id, "Server stopped: no credits left");
            self.switch_off(&id);
        }
    }

    /// What a run costs since the last time it was put on the bill: whole minutes, up to what the month may still cost.
    fn open(&self, server: &Server, run: &Run) -> (u64, u64) {
        let minutes = self.now.millis_since(run.since) / MINUTE_MS - run.minutes_billed;
        (minutes, self.capped(server, minutes_cost(money::per_hour(server), minutes)))
    }

    fn capped(&self, server: &Server, micro: u64) -> u64 {
        if !self.rules.caps_month {
            return micro;
        }
        micro.min(money::per_month(server).saturating_sub(server.month.used))
    }

    /// What a server used in its present month.
    pub(super) fn used_in_month(&self, server: &Server) -> u64 {
        server.month.used + server.run.as_ref().map_or(0, |run| self.open(server, run).1)
    }

    /// An account's balance.
    pub(super) fn balance(&self, account: &str) -> i64 {
        let open: u64 = self.paying(account).map(|(server, run)| self.open(server, run).1).sum();
        self.ledger.closed_balance(account) - signed(open)
    }

    /// Adds credits to an account.
    pub(super) fn top_up(&mut self, account: &str, micro: u64) {
        self.ledger.top_up(self.now, account, micro);
        self.depletion = Depletion::Stale;
    }

    /// Whether an account can pay for a start.
    pub(super) fn can_pay(&self, account: &str) -> bool {
        self.rules.at_zero == AtZero::GoesOn || self.balance(account) >= signed(MICRO / 100)
    }

    /// Begins or ends a server's run as its state demands.
    pub(super) fn meter(&mut self, id: &str) {
        let now = self.now;
        let Some(server) = self.servers.get_mut(id) else { return };
        let pays = server.is_on && server.pays_by_minute();
        if pays && server.run.is_none() {
            server.run = Some(Run { since: now, minutes_billed: 0, part_since: now });
            self.depletion = Depletion::Stale;
        } else if !pays && server.run.is_some() {
            let ran_ms = now.millis_since(server.run.as_ref().map_or(now, |run| run.since));
            let is_cut = !ran_ms.is_multiple_of(MINUTE_MS);
            let extra = u64::from(is_cut && self.rules.last_minute == LastMinute::Charged);
            self.put_on_bill(id, extra);
            if let Some(server) = self.servers.get_mut(id) {
                server.run = None;
            }
        }
    }

    /// Puts what a run cost so far on the bill; the run goes on. Before a price changes and before a month begins anew.
    pub(super) fn put_on_bill(&mut self, id: &str, extra_minutes: u64) {
        let Some(server) = self.servers.get(id) else { return };
        let Some(run) = server.run.clone() else { return };
        let minutes = self.open(server, &run).0 + extra_minutes;
        let micro = self.capped(server, minutes_cost(money::per_hour(server), minutes));
        let account = server.owner.clone();
        let now = self.now;
        if let Some(server) = self.servers.get_mut(id) {
            server.month.used += micro;
            let minutes_billed = run.minutes_billed + minutes;
            server.run = Some(Run { since: run.since, minutes_billed, part_since: now });
        }
        self.depletion = Depletion::Stale;
        if minutes > 0 {
            self.ledger.charge(Charge {
                at: now,
                since: run.part_since,
                server: id.to_owned(),
                account,
                kind: ChargeKind::Minutes,
                minutes,
                micro,
            });
        }
    }

    /// Charges months paid ahead.
    pub(super) fn charge_subscription(&mut self, id: &str, micro: u64) {
        let Some(server) = self.servers.get_mut(id) else { return };
        server.month.used += micro;
        let charge = Charge {
            at: self.now,
            since: self.now,
            server: id.to_owned(),
            account: server.owner.clone(),
            kind: ChargeKind::Subscription,
            minutes: 0,
            micro,
        };
        self.ledger.charge(charge);
        self.depletion = Depletion::Stale;
    }

    /// The whole bill, runs that go on included as if they ended now, without their last minute.
    pub(super) fn bill(&self) -> Bill {
        let mut charges = self.ledger.charges.clone();
        charges.extend(self.servers.values().filter_map(|server| {
            let run = server.run.as_ref()?;
            let (minutes, micro) = self.open(server, run);
            Some(Charge {
                at: self.now,
                since: run.part_since,
                server: server.id.clone(),
                account: server.owner.clone(),
                kind: ChargeKind::Minutes,
                minutes,
                micro,
            })
        }));
        Bill { charges, top_ups: self.ledger.top_ups.clone() }
    }
}

/// The next end of a whole minute of a run.
fn next_minute(run: &Run, now: Timestamp) -> Timestamp {
    let passed = now.millis_since(run.since);
    run.since.plus_millis((passed / MINUTE_MS + 1) * MINUTE_MS)
}

/// When it is looked whether an account has run dry.
enum Depletion {
    /// Something changed since it was last computed.
    Stale,
    Never,
    LookAt(Timestamp, String),
}

/// What comes next.
enum Happening {
    Of(String),
    InMatch(String),
    Depleted(String),
}
