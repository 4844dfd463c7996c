//! What bills compared with what matches own: every read of an account's servers is judged, and judged anew when a match ends or
//! a person says that one stays. Pure; kept between reads so that nothing has to be asked for that.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::fleet::Fleet;
use crate::model::game_server::GameServer;
use crate::model::ids::{AccountId, MatchId, ServerKey};
use crate::model::matches::{KeptServer, RentedOwners, RentedStanding, RentedView, judge_rented};
use crate::model::time::Timestamp;

/// The servers of every account as they were last read.
#[derive(Debug, Default)]
pub struct Rented {
    servers: BTreeMap<AccountId, Vec<GameServer>>,
}

impl Rented {
    /// Takes a complete read of an account.
    pub fn read(&mut self, account: &AccountId, servers: Vec<GameServer>) {
        self.servers.insert(account.clone(), servers);
    }

    /// Forgets a server that was seen to be gone.
    pub fn gone(&mut self, key: &ServerKey) {
        if let Some(servers) = self.servers.get_mut(&key.account) {
            servers.retain(|server| server.key != *key);
        }
    }

    /// Every server with who answers for it. `read` is the account whose read this follows: only reads count as sightings.
    #[must_use]
    pub fn judge(
        &self,
        fleet: &Fleet,
        kept: &BTreeMap<ServerKey, KeptServer>,
        now: Timestamp,
        read: Option<&AccountId>,
    ) -> Vec<RentedView> {
        let goes_on = |run| fleet.runs.get(run).is_some_and(|run| !run.status.is_ended());
        let running: BTreeSet<MatchId> =
            fleet.matches.values().filter(|one| goes_on(&one.run)).map(|one| one.id.clone()).collect();
        let mut views = Vec::new();
        for (account, servers) in &self.servers {
            let is_sighting = read == Some(account);
            let owners = RentedOwners { matches: &fleet.matches, running: &running, kept, is_sighting, now };
            views.extend(judge_rented(servers, &owners, &fleet.rented));
        }
        views
    }
}

/// Rows for people: what stands there, since when, and what it costs.
#[must_use]
pub fn rows(rented: &[RentedView], now: Timestamp, wanted: fn(&RentedStanding) -> bool) -> Vec<String> {
    rented.iter().filter(|view| wanted(&view.standing)).map(|view| row(view, now)).collect()
}

fn row(view: &RentedView, now: Timestamp) -> String {
    let why = match &view.standing {
        RentedStanding::Orphan { of: Some(id), is_over: true, .. } => format!("match {id} is over"),
        RentedStanding::Orphan { of: Some(id), .. } => format!("match {id} is not known here"),
        RentedStanding::Orphan { of: None, .. } => "named like ours, of no match".to_owned(),
        RentedStanding::Ending(id) => format!("match {id} is over, its run works on it"),
        RentedStanding::Match(id) => format!("match {id}"),
        RentedStanding::Kept(kept) => {
            let until = kept.until.map_or_else(
                || "no end".to_owned(),
                |until| until.to_datetime().format("until %-d %b %H:%M UTC").to_string(),
            );
            format!("kept by {}: {} ({until})", kept.by, kept.reason)
        }
        RentedStanding::Unknown => "not ours as far as anybody can tell".to_owned(),
    };
    let age = view.created_at.map(|at| format!(", {} old", age(now.millis_since(at))));
    let cost = view.cost.as_ref().map(|cost| format!(", {cost} this month"));
    let burn = view.burn_per_hour.as_ref().map_or_else(|| ", off".to_owned(), |burn| format!(", {burn}/h"));
    format!("{} {}: {why}{}{}{burn}", view.key, view.name, age.unwrap_or_default(), cost.unwrap_or_default())
}

fn age(millis: u64) -> String {
    let minutes = millis / 60_000;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}
