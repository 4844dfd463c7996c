//! Servers that burn credits in the fleet: a complete list replaces an account's rows, a look at one touches one. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::credits::{CreditServer, Payer};
use crate::model::fleet::{Change, Fleet};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::time::Timestamp;

/// Puts a complete list of an account's servers into the fleet; only real differences become changes. What was seen of a
/// server after the list was asked for is newer than the list; only memory and payer are taken over then.
pub fn replace_servers(
    fleet: &mut Fleet,
    account: &AccountId,
    asked_at: Timestamp,
    servers: Vec<CreditServer>,
) -> Vec<Change> {
    let here: BTreeSet<ServerKey> = servers.iter().map(|server| server.key.clone()).collect();
    let gone: Vec<ServerKey> = fleet
        .credit_servers
        .keys()
        .filter(|key| key.account == *account && !here.contains(*key))
        .cloned()
        .collect();
    let mut changes: Vec<Change> = gone.into_iter().map(Change::CreditServerRemoved).collect();
    for server in servers {
        let known = fleet.credit_servers.get(&server.key);
        let newer = known.filter(|known| known.observed_at > asked_at);
        let server = match newer {
            Some(known) => {
                CreditServer { ram_gib: server.ram_gib, payer: server.payer, ..CreditServer::clone(known) }
            }
            None => server,
        };
        changes.extend(difference(fleet, server));
    }
    for change in &changes {
        fleet.apply(change.clone());
    }
    changes
}

/// Puts one server into the fleet; what a look at one does not tell, memory and payer, stays as it is known.
pub fn put_server(fleet: &mut Fleet, mut server: CreditServer) -> Option<Change> {
    if let Some(known) = fleet.credit_servers.get(&server.key) {
        server.ram_gib = server.ram_gib.or(known.ram_gib);
        if server.payer == Payer::Undecided {
            server.payer = known.payer.clone();
        }
    }
    let change = difference(fleet, server)?;
    fleet.apply(change.clone());
    Some(change)
}

/// The change that a server's row needs; nothing where it is as it is known.
fn difference(fleet: &Fleet, mut server: CreditServer) -> Option<Change> {
    if let Some(known) = fleet.credit_servers.get(&server.key) {
        let observed_at = std::mem::replace(&mut server.observed_at, known.observed_at);
        if server == **known {
            return None;
        }
        server.observed_at = observed_at;
    }
    Some(Change::CreditServer(Arc::new(server)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::balance::BalanceKey;
    use crate::model::credits::{CreditServerPlayers, CreditServerStatus as Status};

    fn server(status: Status, at: i64) -> CreditServer {
        CreditServer {
            key: ServerKey { account: "exa".into(), id: "Ab12".to_owned() },
            name: "weekend".to_owned(),
            address: String::new(),
            motd: String::new(),
            status,
            host: None,
            port: None,
            players: CreditServerPlayers::default(),
            software: None,
            is_shared: false,
            ram_gib: None,
            payer: Payer::Undecided,
            observed_at: Timestamp(at),
        }
    }

    fn listed(status: Status, at: i64, ram_gib: u32) -> CreditServer {
        let payer = Payer::Balance(BalanceKey::account("exa".into()));
        CreditServer { ram_gib: Some(ram_gib), payer, ..server(status, at) }
    }

    fn shown(fleet: &Fleet) -> (Status, Option<u32>) {
        fleet.credit_servers.values().map(|server| (server.status, server.ram_gib)).next().unwrap()
    }

    #[test]
    fn a_list_that_was_asked_for_before_a_look_at_one_does_not_undo_it() {
        let (mut fleet, account) = (Fleet::default(), AccountId::from("exa"));
        replace_servers(&mut fleet, &account, Timestamp(0), vec![listed(Status::Offline, 5, 4)]);
        assert!(put_server(&mut fleet, server(Status::Preparing, 20)).is_some());
        assert_eq!(shown(&fleet), (Status::Preparing, Some(4)), "a look at one does not tell the memory");
        let late = replace_servers(&mut fleet, &account, Timestamp(10), vec![listed(Status::Offline, 30, 6)]);
        assert_eq!((late.len(), shown(&fleet)), (1, (Status::Preparing, Some(6))));
        replace_servers(&mut fleet, &account, Timestamp(40), vec![listed(Status::Online, 50, 6)]);
        assert_eq!(shown(&fleet), (Status::Online, Some(6)));
        assert_eq!(put_server(&mut fleet, server(Status::Online, 60)), None, "nothing new is no change");
    }
}
