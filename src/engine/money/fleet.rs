//! Servers of prepaid accounts in the fleet: a complete list replaces an account's rows, a look at one touches one. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::credits::{CreditServer, Payer};
use crate::model::fleet::{Change, Fleet};
use crate::model::game_server::GameServer;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::time::Timestamp;

/// A row that complete lists replace.
trait Row: PartialEq + Sized {
    fn key(&self) -> &ServerKey;
    /// When it was observed.
    fn observed_at(&self) -> Timestamp;
    /// The same, observed at another time.
    fn observed(self, at: Timestamp) -> Self;
    /// It is there, or is another than before.
    fn changed(row: Arc<Self>) -> Change;
    /// It is gone from its account.
    fn removed(key: ServerKey) -> Change;
}

impl Row for CreditServer {
    fn key(&self) -> &ServerKey {
        &self.key
    }

    fn observed_at(&self) -> Timestamp {
        self.observed_at
    }

    fn observed(self, at: Timestamp) -> Self {
        Self { observed_at: at, ..self }
    }

    fn changed(row: Arc<Self>) -> Change {
        Change::CreditServer(row)
    }

    fn removed(key: ServerKey) -> Change {
        Change::CreditServerRemoved(key)
    }
}

impl Row for GameServer {
    fn key(&self) -> &ServerKey {
        &self.key
    }

    fn observed_at(&self) -> Timestamp {
        self.observed_at
    }

    fn observed(self, at: Timestamp) -> Self {
        Self { observed_at: at, ..self }
    }

    fn changed(row: Arc<Self>) -> Change {
        Change::GameServer(row)
    }

    fn removed(key: ServerKey) -> Change {
        Change::GameServerRemoved(key)
    }
}

/// Puts a complete list of an account's servers into the fleet; only real differences become changes. What was seen of a
/// server after the list was asked for is newer than the list; only memory and payer are taken over then.
pub fn replace_servers(
    fleet: &mut Fleet,
    account: &AccountId,
    asked_at: Timestamp,
    servers: Vec<CreditServer>,
) -> Vec<Change> {
    let known = &fleet.credit_servers;
    let newest = |server: CreditServer| match newer(known, &server, asked_at) {
        Some(known) => CreditServer { ram_gib: server.ram_gib, payer: server.payer, ..known },
        None => server,
    };
    let servers = servers.into_iter().map(newest).collect();
    let changes = changes(known, account, servers);
    apply(fleet, changes)
}

/// Puts a complete list of an account's rented game servers into the fleet, as [`replace_servers`] does. What they used of
/// their month moves with every minute: the books tell it, and rows do not.
pub fn replace_game_servers(
    fleet: &mut Fleet,
    account: &AccountId,
    asked_at: Timestamp,
    servers: Vec<GameServer>,
) -> Vec<Change> {
    let known = &fleet.game_servers;
    let newest = |server: GameServer| still(newer(known, &server, asked_at).unwrap_or(server));
    let servers = servers.into_iter().map(newest).collect();
    let changes = changes(known, account, servers);
    apply(fleet, changes)
}

/// Puts one server into the fleet; what a look at one does not tell, memory and payer, stays as it is known.
pub fn put_server(fleet: &mut Fleet, mut server: CreditServer) -> Option<Change> {
    if let Some(known) = fleet.credit_servers.get(&server.key) {
        server.ram_gib = server.ram_gib.or(known.ram_gib);
        if server.payer == Payer::Undecided {
            server.payer = known.payer.clone();
        }
    }
    let change = difference(&fleet.credit_servers, server)?;
    fleet.apply(change.clone());
    Some(change)
}

/// Without what moves with every minute.
fn still(mut server: GameServer) -> GameServer {
    server.price.used_in_month = None;
    server
}

/// What was seen of a row after `asked_at`.
fn newer<R: Row + Clone>(known: &BTreeMap<ServerKey, Arc<R>>, row: &R, asked_at: Timestamp) -> Option<R> {
    let known = known.get(row.key()).filter(|known| known.observed_at() > asked_at)?;
    Some(R::clone(known))
}

fn apply(fleet: &mut Fleet, changes: Vec<Change>) -> Vec<Change> {
    for change in &changes {
        fleet.apply(change.clone());
    }
    changes
}

/// The changes that a complete list of an account's rows needs.
fn changes<R: Row>(known: &BTreeMap<ServerKey, Arc<R>>, account: &AccountId, rows: Vec<R>) -> Vec<Change> {
    let here: BTreeSet<ServerKey> = rows.iter().map(|row| row.key().clone()).collect();
    let gone = known.keys().filter(|key| key.account == *account && !here.contains(*key)).cloned();
    gone.map(R::removed).chain(rows.into_iter().filter_map(|row| difference(known, row))).collect()
}

/// The change that a row needs; nothing where it is as it is known.
fn difference<R: Row>(known: &BTreeMap<ServerKey, Arc<R>>, row: R) -> Option<Change> {
    let Some(known) = known.get(row.key()) else { return Some(R::changed(Arc::new(row))) };
    let observed_at = row.observed_at();
    let row = row.observed(known.observed_at());
    (row != **known).then(|| R::changed(Arc::new(row.observed(observed_at))))
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
