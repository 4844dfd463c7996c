//! The register of servers: what each costs per hour, for whom it stands, and since when nothing owns it. Pure.
//!
//! Only changes are kept, so a site at rest writes nothing. Reports tell from them what was billed later, and which orphans
//! were found and ended.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::engine::panel_burn::owner_of;
use crate::model::account::FeedKind;
use crate::model::action::ActionRequest;
use crate::model::fleet::Fleet;
use crate::model::ids::{AccountId, OperatorName, ServerKey};
use crate::model::money::Money;
use crate::model::run::{Run, RunStatus};
use crate::model::server::{Ownership, Server};
use crate::model::spend::BurnerOwner;
use crate::model::time::Timestamp;

/// What is known of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// Its name.
    pub name: String,
    /// For whom it stands.
    pub owner: BurnerOwner,
    /// What it costs per hour, where known.
    pub per_hour: Option<Money>,
    /// Whether that is billed later; else a balance pays, and its book tells what was spent.
    pub is_billed_later: bool,
    /// Since when it is known that nothing owns it.
    pub orphan_since: Option<Timestamp>,
}

/// A server that came, changed or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterChange {
    /// Which.
    pub server: ServerKey,
    /// When that was seen.
    pub at: Timestamp,
    /// What it is now; nothing when it is gone.
    pub now: Option<RegisterEntry>,
    /// Whose run did that, where one did.
    pub by: Option<OperatorName>,
}

/// What the ledger keeps of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterRecord {
    /// Changes that were seen together.
    Changes(Vec<RegisterChange>),
    /// Nobody looked: no engine ran.
    Unwatched {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
}

/// The register as it stands.
#[derive(Debug, Clone, Default)]
pub struct Register {
    entries: BTreeMap<ServerKey, RegisterEntry>,
}

/// What a look at the fleet showed.
#[derive(Debug, Clone, Default)]
pub struct Sighting {
    /// Servers that are there.
    here: BTreeMap<ServerKey, RegisterEntry>,
    /// Servers that are there but of which nobody knows yet whose they are: what was known of them stays.
    undecided: BTreeSet<ServerKey>,
    /// Accounts whose servers were read: what they do not have is gone.
    read: BTreeSet<AccountId>,
    /// Who ended or keeps which server, by runs that did not fail.
    doers: BTreeMap<ServerKey, OperatorName>,
}

impl Sighting {
    /// Looks at the servers of panels; `since` is when this engine began: only what was read since tells what is gone.
    #[must_use]
    pub fn of(fleet: &Fleet, since: Timestamp) -> Self {
        let mut sighting = Self { doers: doers(fleet), read: accounts_read(fleet, since), ..Self::default() };
        for server in fleet.servers.values() {
            if server.ownership == Ownership::Undecided {
                sighting.undecided.insert(server.key.clone());
            } else {
                sighting.here.insert(server.key.clone(), entry(fleet, server));
            }
        }
        sighting
    }
}

/// Accounts whose servers were read since.
#[must_use]
pub fn accounts_read(fleet: &Fleet, since: Timestamp) -> BTreeSet<AccountId> {
    let feeds = fleet.feeds.iter().filter(|((_, kind), _)| *kind == FeedKind::Servers);
    let read = feeds.filter(|(_, feed)| feed.succeeded_at >= Some(since));
    read.map(|((account, _), _)| account.clone()).collect()
}

fn entry(fleet: &Fleet, server: &Server) -> RegisterEntry {
    let owner = owner_of(fleet, &server.ownership);
    let orphan_since = match &server.ownership {
        Ownership::Orphan { since, .. } => Some(*since),
        _ => None,
    };
    let per_hour = server.burn_per_hour.clone();
    RegisterEntry { name: server.name.clone(), owner, per_hour, is_billed_later: true, orphan_since }
}

fn doers(fleet: &Fleet) -> BTreeMap<ServerKey, OperatorName> {
    let is_on_its_way =
        |run: &&Run| !matches!(run.status, RunStatus::Failed | RunStatus::Canceled | RunStatus::Undoing);
    let mut runs: Vec<&Run> = fleet.runs.values().filter(is_on_its_way).collect();
    runs.sort_by_key(|run| run.started_at);
    runs.into_iter()
        .filter_map(|run| match &run.plan.request {
            ActionRequest::Destroy { server, .. } | ActionRequest::Keep { server, .. } => {
                Some((server.clone(), run.by.clone()))
            }
            _ => None,
        })
        .collect()
}

impl Register {
    /// What changed since; nothing is changed here.
    #[must_use]
    pub fn changes(&self, sighting: &Sighting, at: Timestamp) -> Vec<RegisterChange> {
        let change = |server: &ServerKey, now: Option<RegisterEntry>| {
            let is_orphans_end = self.entries.get(server).is_some_and(|known| known.orphan_since.is_some())
                && now.as_ref().is_none_or(|now| now.orphan_since.is_none());
            let by = sighting.doers.get(server).filter(|_| is_orphans_end || now.is_none()).cloned();
            RegisterChange { server: server.clone(), at, now, by }
        };
        let came = sighting
            .here
            .iter()
            .filter(|(key, entry)| self.entries.get(*key) != Some(*entry))
            .map(|(key, entry)| change(key, Some(entry.clone())));
        let is_gone = |key: &&ServerKey| {
            sighting.read.contains(&key.account)
                && !sighting.here.contains_key(*key)
                && !sighting.undecided.contains(*key)
        };
        let went = self.entries.keys().filter(is_gone).map(|key| change(key, None));
        came.chain(went).collect()
    }

    /// Takes a change in.
    pub fn apply(&mut self, change: &RegisterChange) {
        match &change.now {
            Some(entry) => drop(self.entries.insert(change.server.clone(), entry.clone())),
            None => drop(self.entries.remove(&change.server)),
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
