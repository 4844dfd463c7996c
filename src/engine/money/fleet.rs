//! Servers that burn credits in the fleet: a complete list replaces an account's rows. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::credits::CreditServer;
use crate::model::fleet::{Change, Fleet};
use crate::model::ids::{AccountId, ServerKey};

/// Puts a complete list of an account's servers into the fleet; only real differences become changes.
pub fn replace_servers(fleet: &mut Fleet, account: &AccountId, servers: Vec<CreditServer>) -> Vec<Change> {
    let here: BTreeSet<ServerKey> = servers.iter().map(|server| server.key.clone()).collect();
    let gone: Vec<ServerKey> = fleet
        .credit_servers
        .keys()
        .filter(|key| key.account == *account && !here.contains(*key))
        .cloned()
        .collect();
    let mut changes: Vec<Change> = gone.into_iter().map(Change::CreditServerRemoved).collect();
    for mut server in servers {
        if let Some(known) = fleet.credit_servers.get(&server.key) {
            let observed_at = std::mem::replace(&mut server.observed_at, known.observed_at);
            if server == **known {
                continue;
            }
            server.observed_at = observed_at;
        }
        changes.push(Change::CreditServer(Arc::new(server)));
    }
    for change in &changes {
        fleet.apply(change.clone());
    }
    changes
}
