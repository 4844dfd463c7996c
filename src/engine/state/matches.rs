//! Matches and rented servers in the fleet: what is seen of either may change who answers for a server.

use super::{FleetState, Observation, Reconcile, Touched};
use crate::engine::matches::shown::surplus;
use crate::engine::money;
use crate::model::fleet::Change;
use crate::model::game_server::GameServer;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::matches::{KeptServer, Match};
use crate::model::time::Timestamp;

impl FleetState {
    /// Takes in what is about matches and rented servers; everything else is taken in elsewhere.
    pub(super) fn reduce_matches(&mut self, observation: Observation, now: Timestamp, touched: &mut Touched) {
        match observation {
            Observation::Kept { server, by, reason, until } => {
                self.kept.insert(server, KeptServer { by, reason, until });
                self.judge_rented(None, now, touched);
                touched.reconcile = Reconcile::Everything;
            }
            Observation::GameServers { account, asked_at, servers } => {
                self.game_servers(&account, asked_at, servers, now, touched);
            }
            Observation::Match(one) => self.one_match(*one, now, touched),
            Observation::MatchSettled { id, settlement } => {
                if let Some(one) = self.fleet.matches.get_mut(&id) {
                    one.settlement = settlement.map(|settlement| *settlement);
                    touched.direct.push(Change::Match(Box::new(one.clone())));
                }
            }
            _ => {}
        }
    }

    fn game_servers(
        &mut self,
        account: &AccountId,
        asked_at: Timestamp,
        mut servers: Vec<GameServer>,
        now: Timestamp,
        touched: &mut Touched,
    ) {
        // What was seen to vanish after this read began is not brought back by it.
        servers.retain(|server| self.gone.get(&server.key).is_none_or(|at| *at <= asked_at));
        self.gone.retain(|key, at| key.account != *account || *at > asked_at);
        self.rented.read(account, servers.clone());
        self.judge_rented(Some(account), now, touched);
        touched.direct.extend(money::fleet::replace_game_servers(
            &mut self.fleet,
            account,
            asked_at,
            servers,
        ));
    }

    fn one_match(&mut self, one: Match, now: Timestamp, touched: &mut Touched) {
        let known = self.fleet.matches.get(&one.id);
        let is_as_before = known.is_some_and(|known| known.phase == one.phase && known.rented == one.rented);
        if known == Some(&one) {
            return;
        }
        self.fleet.matches.insert(one.id.clone(), one.clone());
        touched.direct.push(Change::Match(Box::new(one)));
        if is_as_before {
            return;
        }
        for id in surplus(self.fleet.matches.values(), self.policy.ended_runs_kept) {
            self.fleet.matches.remove(&id);
            touched.direct.push(Change::MatchRemoved(id));
        }
        self.judge_rented(None, now, touched);
    }

    /// Judges rented servers anew; told when anything is another way than before. `read` is the account that was just read.
    pub(super) fn judge_rented(&mut self, read: Option<&AccountId>, now: Timestamp, touched: &mut Touched) {
        let rented = self.rented.judge(&self.fleet, &self.kept, now, read);
        if rented != self.fleet.rented {
            self.fleet.rented.clone_from(&rented);
            touched.direct.push(Change::Rented(rented));
            touched.reconcile = touched.reconcile.max(Reconcile::Orders);
        }
    }

    /// A server that somebody saw vanish.
    pub(super) fn rented_gone(&mut self, key: &ServerKey, now: Timestamp, touched: &mut Touched) {
        if self.fleet.game_servers.remove(key).is_some() {
            touched.direct.push(Change::GameServerRemoved(key.clone()));
        }
        self.rented.gone(key);
        self.judge_rented(None, now, touched);
    }
}
