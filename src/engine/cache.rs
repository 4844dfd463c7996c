//! The last known state of every provider, kept in the store so that a new engine starts with full lists, marked by age.
//!
//! It may be lost: everything in it can be read again. Runs are not here; they come from the journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::account::Feed;
use crate::model::credits::CreditServer;
use crate::model::fleet::{Change, Fleet, OrderEntry};
use crate::model::ids::AccountId;
use crate::model::node::Node;
use crate::model::order::{RegionNode, ShopPlan};
use crate::model::problem::Problem;
use crate::model::server::Server;
use crate::store::Store;

/// What is kept of a fleet.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    feeds: Vec<Feed>,
    orders: Vec<Arc<OrderEntry>>,
    plans: Vec<ShopPlan>,
    region_nodes: Vec<RegionNode>,
    nodes: Vec<Node>,
    servers: Vec<Arc<Server>>,
    credit_servers: Vec<Arc<CreditServer>>,
}

impl Remembered {
    /// Copies what is kept; cheap enough to do under the fleet's lock.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Self {
        Self {
            feeds: fleet.feeds.values().cloned().collect(),
            orders: fleet.orders.values().cloned().collect(),
            plans: fleet.shop_plans.values().cloned().collect(),
            region_nodes: fleet.region_nodes.clone(),
            nodes: fleet.nodes.values().cloned().collect(),
            servers: fleet.servers.values().cloned().collect(),
            credit_servers: fleet.credit_servers.values().cloned().collect(),
        }
    }

    /// Copies only how the feeds are.
    #[must_use]
    pub fn feeds_of(fleet: &Fleet) -> Self {
        Self { feeds: fleet.feeds.values().cloned().collect(), ..Self::default() }
    }

    /// Writes how the feeds are. Blocks.
    ///
    /// # Errors
    /// `Storage`: it was not written; the next attempt may.
    pub fn save_feeds(&self, store: &Store) -> Result<(), Problem> {
        store.put_cache("fleet/feeds", &self.feeds)
    }

    /// Writes all of it to the store. Blocks.
    ///
    /// # Errors
    /// `Storage`: it was not written; the next attempt may.
    pub fn save(&self, store: &Store) -> Result<(), Problem> {
        self.save_feeds(store)?;
        store.put_cache("fleet/orders", &self.orders)?;
        store.put_cache("fleet/plans", &self.plans)?;
        store.put_cache("fleet/region-nodes", &self.region_nodes)?;
        store.put_cache("fleet/nodes", &self.nodes)?;
        store.put_cache("fleet/servers", &self.servers)?;
        store.put_cache("fleet/credit-servers", &self.credit_servers)
    }

    /// Reads what an earlier engine kept; a part that is missing or not understood is empty. Blocks.
    ///
    /// # Errors
    /// `Storage`: the store cannot be read.
    pub fn load(store: &Store) -> Result<Self, Problem> {
        Ok(Self {
            feeds: store.get_cache("fleet/feeds")?.unwrap_or_default(),
            orders: store.get_cache("fleet/orders")?.unwrap_or_default(),
            plans: store.get_cache("fleet/plans")?.unwrap_or_default(),
            region_nodes: store.get_cache("fleet/region-nodes")?.unwrap_or_default(),
            nodes: store.get_cache("fleet/nodes")?.unwrap_or_default(),
            servers: store.get_cache("fleet/servers")?.unwrap_or_default(),
            credit_servers: store.get_cache("fleet/credit-servers")?.unwrap_or_default(),
        })
    }

    /// The changes that put it into a fleet: only of accounts still configured, since nobody would ever remove the rest.
    /// Feeds keep the time of their last good answer, which is the age shown, and forget how they were doing.
    #[must_use]
    pub fn into_changes(self, accounts: &BTreeSet<AccountId>) -> Vec<Change> {
        let feed = |feed: Feed| Feed {
            next_at: None,
            problem: None,
            failures: 0,
            budget_remaining: None,
            is_late: true,
            ..feed
        };
        let feeds = self.feeds.into_iter().filter(|feed| accounts.contains(&feed.account)).map(feed);
        let orders = self.orders.into_iter().filter(|entry| accounts.contains(&entry.order.account));
        let plans = self.plans.into_iter().filter(|plan| accounts.contains(&plan.account));
        let nodes = self.nodes.into_iter().filter(|node| accounts.contains(&node.key.account));
        let servers = self.servers.into_iter().filter(|server| accounts.contains(&server.key.account));
        let credit_servers = self.credit_servers.into_iter();
        let credit_servers = credit_servers.filter(|server| accounts.contains(&server.key.account));
        feeds
            .map(|feed| Change::Feed(Box::new(feed)))
            .chain(orders.map(Change::Order))
            .chain(plans.map(|plan| Change::ShopPlan(Box::new(plan))))
            .chain([Change::RegionNodes(self.region_nodes)])
            .chain(nodes.map(|node| Change::Node(Box::new(node))))
            .chain(servers.map(Change::Server))
            .chain(credit_servers.map(Change::CreditServer))
            .collect()
    }
}
