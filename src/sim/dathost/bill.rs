//! The exact bill: every charge and every top-up, in whole millionths of a credit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::model::time::Timestamp;
use crate::sim::micro::{decimal, signed};

/// What a charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeKind {
    /// Minutes of being on.
    Minutes,
    /// Months paid ahead.
    Subscription,
}

/// One charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// When it ended: the stop, the month's end, or now for what goes on.
    pub at: Timestamp,
    /// When it began.
    pub since: Timestamp,
    /// The server's id.
    pub server: String,
    /// Who paid: an account's id.
    pub account: String,
    /// What for.
    pub kind: ChargeKind,
    /// Whole minutes; 0 for a subscription.
    pub minutes: u64,
    /// How much, millionths of a credit; less than its minutes where the month's cap was reached.
    pub micro: u64,
}

/// One top-up, the first balance included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// When.
    pub at: Timestamp,
    /// Whose balance: an account's id.
    pub account: String,
    /// How much, millionths of a credit.
    pub micro: u64,
}

/// Everything charged and topped up so far, what goes on included.
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

    /// What one account paid.
    pub fn of_account(&self, account: &str) -> Decimal {
        self.sum(|charge| charge.account == account)
    }

    /// What one kind came to.
    pub fn of_kind(&self, kind: ChargeKind) -> Decimal {
        self.sum(|charge| charge.kind == kind)
    }

    /// One account's balance now: what came in less what was charged.
    pub fn balance(&self, account: &str) -> Decimal {
        let came_in: u64 =
            self.top_ups.iter().filter(|top_up| top_up.account == account).map(|t| t.micro).sum();
        decimal(came_in) - self.of_account(account)
    }

    fn sum(&self, is_counted: impl Fn(&Charge) -> bool) -> Decimal {
        decimal(self.charges.iter().filter(|charge| is_counted(charge)).map(|charge| charge.micro).sum())
    }
}

/// The part of the bill that is closed, with a running sum for each account.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) charges: Vec<Charge>,
    pub(super) top_ups: Vec<TopUp>,
    closed: BTreeMap<String, i64>,
}

impl Ledger {
    /// Writes a charge down.
    pub(super) fn charge(&mut self, charge: Charge) {
        *self.closed.entry(charge.account.clone()).or_default() -= signed(charge.micro);
        self.charges.push(charge);
    }

    /// Writes a top-up down.
    pub(super) fn top_up(&mut self, at: Timestamp, account: &str, micro: u64) {
        *self.closed.entry(account.to_owned()).or_default() += signed(micro);
        self.top_ups.push(TopUp { at, account: account.to_owned(), micro });
    }

    /// An account's balance without what goes on.
    pub(super) fn closed_balance(&self, account: &str) -> i64 {
        self.closed.get(account).copied().unwrap_or(0)
    }
}
