//! What happens at a server when its time comes: the end of a boot, of a month, of patience; players.

use super::entities::{BootFate, Server, Subscription};
use super::money;
use super::players;
use super::world::World;
use crate::model::time::Timestamp;
use crate::sim::micro::signed;

/// A month of a server: 30 days, which the reference leaves open.
pub(super) const MONTH_MS: u64 = 30 * 24 * 3_600_000;
/// Between two attempts at a renewal that was not paid.
const RENEWAL_AGAIN_MS: u64 = 24 * 3_600_000;
/// Attempts at a renewal before the server is suspended.
const RENEWAL_ATTEMPTS: u32 = 3;

impl Server {
    /// When something happens here next.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        [
            self.boot.and_then(|boot| boot.ready_at),
            self.autostop_at,
            self.counted_at,
            self.stirs_at,
            self.renewed_at(),
            Some(self.month.ends_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When its subscription is renewed, or tried to be.
    pub(super) fn renewed_at(&self) -> Option<Timestamp> {
        let subscription = self.subscription.as_ref()?;
        let tries = u64::from(subscription.failed_attempts);
        (subscription.failed_attempts < RENEWAL_ATTEMPTS)
            .then(|| subscription.paid_until.plus_millis(tries * RENEWAL_AGAIN_MS))
    }
}

impl Subscription {
    /// The provider's word for how it stands.
    pub(super) fn word(&self) -> &'static str {
        match self.failed_attempts {
            0 if self.is_ending => "CANCELING",
            0 => "ACTIVE",
            tries if tries < RENEWAL_ATTEMPTS => "RENEWAL_FAILED",
            _ => "SUSPENDED",
        }
    }
}

impl World {
    /// Does the one thing that is due first at a server.
    pub(super) fn happens_at(&mut self, id: &str) {
        let now = self.now;
        let Some(server) = self.servers.get_mut(id) else { return };
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if server.month.ends_at <= now {
            self.month_ends(id);
        } else if is_due(server.renewed_at()) {
            self.renew(id);
        } else if is_due(server.boot.and_then(|boot| boot.ready_at)) {
            self.boot_ends(id);
        } else if is_due(server.counted_at) {
            players::count(self, id);
        } else if is_due(server.autostop_at) {
            self.say(id, "Server stopped: nobody plays");
            self.switch_off(id);
        } else if is_due(server.stirs_at) {
            server.stirs_at = None;
            players::stir(self, id);
        }
    }

    /// What was used in a month is counted from nothing again.
    fn month_ends(&mut self, id: &str) {
        self.put_on_bill(id, 0);
        let Some(server) = self.servers.get_mut(id) else { return };
        server.month.used = 0;
        server.month.ends_at = server.month.ends_at.plus_millis(MONTH_MS);
    }

    fn boot_ends(&mut self, id: &str) {
        let Some(server) = self.servers.get_mut(id) else { return };
        server.boot = None;
        if server.fate == BootFate::Crash {
            server.fate = BootFate::Normal;
            "The game ended while it was starting".clone_into(&mut server.error);
            self.say(id, "Segmentation fault (core dumped)");
            self.switch_off(id);
            return;
        }
        self.say(id, "Connection to Steam servers successful.");
        self.say(id, "Server is ready");
        players::plan(self, id);
    }

    /// The paid time of a subscription is over.
    fn renew(&mut self, id: &str) {
        let Some(server) = self.servers.get(id) else { return };
        let Some(subscription) = server.subscription.clone() else { return };
        if subscription.is_ending {
            if let Some(server) = self.servers.get_mut(id) {
                server.subscription = None;
            }
            self.meter(id);
            return;
        }
        let price = price_of(server, subscription.months);
        if self.balance(&server.owner) < signed(price) {
            self.renewal_fails(id);
            return;
        }
        self.charge_subscription(id, price);
        let months = u64::from(subscription.months);
        if let Some(subscription) = self.servers.get_mut(id).and_then(|server| server.subscription.as_mut()) {
            subscription.paid_until = subscription.paid_until.plus_millis(months * MONTH_MS);
            subscription.failed_attempts = 0;
        }
    }

    fn renewal_fails(&mut self, id: &str) {
        let Some(subscription) = self.servers.get_mut(id).and_then(|server| server.subscription.as_mut())
        else {
            return;
        };
        subscription.failed_attempts += 1;
        if subscription.failed_attempts >= RENEWAL_ATTEMPTS {
            self.switch_off(id);
        }
    }

    /// Pays a server by the month from now on; false where the credits do not suffice.
    pub(super) fn subscribe(&mut self, id: &str, months: u32) -> bool {
        let Some(server) = self.servers.get(id) else { return false };
        let price = price_of(server, months);
        if self.balance(&server.owner) < signed(price) {
            return false;
        }
        let paid_until = self.now.plus_millis(u64::from(months) * MONTH_MS);
        self.charge_subscription(id, price);
        if let Some(server) = self.servers.get_mut(id) {
            server.subscription =
                Some(Subscription { months, paid_until, failed_attempts: 0, is_ending: false });
        }
        self.meter(id);
        true
    }
}

/// What so many months cost, paid ahead.
fn price_of(server: &Server, months: u32) -> u64 {
    money::per_month(server) * u64::from(months) * (100 - discount_percent(months)) / 100
}

/// What is taken off the price of a cycle of so many months.
pub(super) fn discount_percent(months: u32) -> u64 {
    match months {
        3 => 5,
        6 => 10,
        12 => 15,
        _ => 0,
    }
}
