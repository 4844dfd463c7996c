//! What the attached consoles have on screen, together: pollers ask faster for what somebody looks at.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::account::{FeedKind, Provider};
use crate::model::fleet::SeriesOwner;
use crate::model::ids::ServerKey;
use crate::model::request::{Focus, Tab};

/// How much a feed matters now, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attention {
    /// Nobody is attached.
    Idle,
    /// Somebody is attached but looks at something else.
    Background,
    /// On somebody's screen.
    Visible,
    /// A run goes on.
    Running,
}

/// The focus of every attached client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attended {
    clients: BTreeMap<u64, Focus>,
    runs_active: u32,
}

impl Attended {
    /// Notes what a client shows; also how a client is counted as attached.
    pub fn set(&mut self, client: u64, focus: Focus) {
        self.clients.insert(client, focus);
    }

    /// Forgets a client that is gone.
    pub fn remove(&mut self, client: u64) {
        self.clients.remove(&client);
    }

    /// Notes how many runs go on.
    pub fn set_runs_active(&mut self, runs: u32) {
        self.runs_active = runs;
    }

    /// Clients attached.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Runs going on.
    #[must_use]
    pub fn runs_active(&self) -> u32 {
        self.runs_active
    }

    /// How much a kind of feed of a provider matters now.
    #[must_use]
    pub fn attention(&self, provider: Provider, kind: FeedKind) -> Attention {
        if self.runs_active > 0 {
            return Attention::Running;
        }
        if self.clients.is_empty() {
            return Attention::Idle;
        }
        let is_visible = self.clients.values().any(|focus| match kind {
            FeedKind::Orders => focus.tab == Tab::Orders,
            FeedKind::Credits => focus.tab == Tab::Credits,
            // What burns credits is listed on both tabs.
            FeedKind::Servers if provider == Provider::Exaroton => {
                matches!(focus.tab, Tab::Nodes | Tab::Credits)
            }
            FeedKind::Nodes | FeedKind::Servers | FeedKind::Usage => focus.tab == Tab::Nodes,
        });
        if is_visible { Attention::Visible } else { Attention::Background }
    }

    /// Every server that somebody has on screen.
    #[must_use]
    pub fn servers(&self) -> BTreeSet<ServerKey> {
        self.clients.values().flat_map(|focus| focus.servers.iter().cloned()).collect()
    }

    /// Whether a client has a series' owner on screen; the site always is.
    #[must_use]
    pub fn shows(&self, client: u64, owner: &SeriesOwner) -> bool {
        let Some(focus) = self.clients.get(&client) else { return false };
        match owner {
            SeriesOwner::Site => true,
            SeriesOwner::Node(key) => focus.nodes.contains(key),
            SeriesOwner::Server(key) => focus.servers.contains(key),
            SeriesOwner::Balance(key) => focus.balances.contains(key),
        }
    }

    /// The series owners that `focus` shows and this client's last one did not.
    #[must_use]
    pub fn newly_shown(&self, client: u64, focus: &Focus) -> Vec<SeriesOwner> {
        let is_first = !self.clients.contains_key(&client);
        let servers = focus.servers.iter().cloned().map(SeriesOwner::Server);
        let nodes = focus.nodes.iter().cloned().map(SeriesOwner::Node);
        let balances = focus.balances.iter().cloned().map(SeriesOwner::Balance);
        let site = is_first.then_some(SeriesOwner::Site);
        servers.chain(nodes).chain(balances).filter(|owner| !self.shows(client, owner)).chain(site).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> ServerKey {
        ServerKey { account: "panel".into(), id: id.to_owned() }
    }

    #[test]
    fn attention_follows_the_screens_and_runs_come_first() {
        let mut attended = Attended::default();
        let (orders, servers) = ((Provider::Orders, FeedKind::Orders), FeedKind::Servers);
        assert_eq!(attended.attention(orders.0, orders.1), Attention::Idle);
        attended.set(1, Focus { tab: Tab::Nodes, ..Focus::default() });
        assert_eq!(attended.attention(orders.0, orders.1), Attention::Background);
        assert_eq!(attended.attention(Provider::Pterodactyl, servers), Attention::Visible);
        attended.set(1, Focus { tab: Tab::Credits, ..Focus::default() });
        assert_eq!(attended.attention(Provider::Pterodactyl, servers), Attention::Background);
        assert_eq!(attended.attention(Provider::Exaroton, servers), Attention::Visible);
        attended.set_runs_active(1);
        assert_eq!(attended.attention(orders.0, orders.1), Attention::Running);
        attended.set_runs_active(0);
        attended.remove(1);
        assert_eq!(attended.attention(Provider::Exaroton, servers), Attention::Idle);
    }

    #[test]
    fn only_what_comes_on_screen_is_newly_shown() {
        let mut attended = Attended::default();
        let first = Focus { servers: vec![key("1"), key("2")], ..Focus::default() };
        assert_eq!(attended.newly_shown(7, &first).len(), 3, "two servers and the site");
        attended.set(7, first);
        let second = Focus { servers: vec![key("2"), key("3")], ..Focus::default() };
        assert_eq!(attended.newly_shown(7, &second), [SeriesOwner::Server(key("3"))]);
    }
}
