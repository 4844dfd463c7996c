//! What the pollers ask: one small adapter per kind of feed.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;

use super::observation::Observation;
use super::poll::Source;
use crate::model::account::{FeedKind, Provider};
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::providers::orders::OrdersDatabase;
use crate::providers::pterodactyl::PanelClient;
use crate::providers::transport::Priority;

/// The orders, plans and regions of one database.
pub struct OrdersSource {
    database: Arc<dyn OrdersDatabase>,
    /// What the last read complained of: said to everyone once, not at every poll.
    said: Mutex<Vec<String>>,
}

impl OrdersSource {
    /// Reads from `database`.
    #[must_use]
    pub fn new(database: Arc<dyn OrdersDatabase>) -> Self {
        Self { database, said: Mutex::default() }
    }

    /// The complaints that are new since the last read.
    fn news(&self, notices: Vec<String>) -> Vec<Observation> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |notice: &&String| !said.contains(notice);
        let text = |notice: &String| format!("{}: {notice}", self.database.account());
        let news =
            notices.iter().filter(is_new).map(|notice| Observation::Notice { text: text(notice) }).collect();
        *said = notices;
        news
    }
}

impl Source for OrdersSource {
    fn account(&self) -> &AccountId {
        self.database.account()
    }

    fn provider(&self) -> Provider {
        Provider::Orders
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Orders
    }

    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move {
            let snapshot = self.database.read_all().await?;
            let mut observations = self.news(snapshot.notices);
            observations.push(Observation::Orders {
                account: self.database.account().clone(),
                asked_at,
                orders: snapshot.orders,
                plans: snapshot.plans,
                region_nodes: snapshot.region_nodes,
            });
            Ok(observations)
        })
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        self.database.wait_for_change()
    }
}

/// The nodes of one panel.
pub struct NodesSource(pub PanelClient);

impl Source for NodesSource {
    fn account(&self) -> &AccountId {
        self.0.account()
    }

    fn provider(&self) -> Provider {
        Provider::Pterodactyl
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Nodes
    }

    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move {
            let nodes = self.0.nodes(Priority::Poll).await?;
            Ok(vec![Observation::Nodes { account: self.0.account().clone(), asked_at, nodes }])
        })
    }

    fn budget_remaining(&self) -> Option<u32> {
        self.0.budget().application.remaining
    }
}

/// The servers of one panel.
pub struct ServersSource(pub PanelClient);

impl Source for ServersSource {
    fn account(&self) -> &AccountId {
        self.0.account()
    }

    fn provider(&self) -> Provider {
        Provider::Pterodactyl
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Servers
    }

    fn read(&self, asked_at: Timestamp) -> BoxFuture<'_, Result<Vec<Observation>, Problem>> {
        Box::pin(async move {
            let servers = self.0.servers(Priority::Poll).await?;
            Ok(vec![Observation::Servers { account: self.0.account().clone(), asked_at, servers }])
        })
    }

    fn budget_remaining(&self) -> Option<u32> {
        self.0.budget().application.remaining
    }
}
