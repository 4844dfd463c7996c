//! The exact bill: every charge and every top-up, in whole millionths of a credit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::entities::PayerId;
use crate::model::time::Timestamp;
use crate::sim::micro::{decimal, signed};

/// What a charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeKind {
    /// A run of a server.
    Runtime,
    /// A server's storage for a period.
    Storage,
}

/// One charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// When it ended: the run's end, the period's end, or now for a run that goes on.
    pub at: Timestamp,
    /// When it began.
    pub since: Timestamp,
    /// The server's id.
    pub server: String,
    /// Who paid.
    pub payer: PayerId,
    /// What for.
    pub kind: ChargeKind,
    /// Memory, GiB; 0 for storage.
    pub ram_gib: u32,
    /// How much, millionths of a credit.
    pub micro: u64,
}

/// One top-up, the first balance included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// When.
    pub at: Timestamp,
    /// Whose balance.
    pub payer: PayerId,
    /// How much, millionths of a credit.
    pub micro: u64,
}

/// Everything charged and topped up so far, runs that go on included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bill {
    /// Every charge, in order of their ends.
    pub charges: Vec<Charge>,
    /// Every top-up, in order.
    pub top_ups: Vec<TopUp>,
}

impl Bill {
    /// What all charges come to.
    pub fn total(&self) -> Decimal {
        self.sum(|_| true)
    }

    /// What one server cost.
    pub fn of_server(&self, server: &str) -> Decimal {
        self.sum(|charge| charge.server == server)
    }

    /// What one payer paid.
    pub fn of_payer(&self, payer: &PayerId) -> Decimal {
        self.sum(|charge| charge.payer == *payer)
    }

    /// What one kind came to.
    pub fn of_kind(&self, kind: ChargeKind) -> Decimal {
        self.sum(|charge| charge.kind == kind)
    }

    /// What one payer was charged for one kind.
    pub fn of_payer_and_kind(&self, payer: &PayerId, kind: ChargeKind) -> Decimal {
        self.sum(|charge| charge.payer == *payer && charge.kind == kind)
    }

    /// What one payer was topped up with after its first balance.
    pub fn topped_up(&self, payer: &PayerId) -> Decimal {
        let micro: u64 =
            self.top_ups.iter().filter(|top_up| top_up.payer == *payer).skip(1).map(|t| t.micro).sum();
        decimal(micro)
    }

    /// One payer's balance now: what came in less what was charged.
    pub fn balance(&self, payer: &PayerId) -> Decimal {
        let came_in: u64 = self.top_ups.iter().filter(|top_up| top_up.payer == *payer).map(|t| t.micro).sum();
        decimal(came_in) - self.of_payer(payer)
    }

    fn sum(&self, is_counted: impl Fn(&Charge) -> bool) -> Decimal {
        decimal(self.charges.iter().filter(|charge| is_counted(charge)).map(|charge| charge.micro).sum())
    }
}

/// The part of the bill that is closed, with a running sum for each payer.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) charges: Vec<Charge>,
    pub(super) top_ups: Vec<TopUp>,
    closed: BTreeMap<PayerId, i64>,
}

impl Ledger {
    /// Writes a charge down.
    pub(super) fn charge(&mut self, charge: Charge) {
        *self.closed.entry(charge.payer.clone()).or_default() -= signed(charge.micro);
        self.charges.push(charge);
    }

    /// Writes a top-up down.
    pub(super) fn top_up(&mut self, at: Timestamp, payer: PayerId, micro: u64) {
        *self.closed.entry(payer.clone()).or_default() += signed(micro);
        self.top_ups.push(TopUp { at, payer, micro });
    }

    /// A payer's balance without the runs that go on.
    pub(super) fn closed_balance(&self, payer: &PayerId) -> i64 {
        self.closed.get(payer).copied().unwrap_or(0)
    }
}
