//! Looking into a simulated DatHost and steering it, from tests and from the demo.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::bill::Bill;
use super::entities::{BootFate, Server};
use super::hooks::{HookRates, HookRecord};
use super::matches::{Match, MatchFate, MatchRates};
use super::shared::Shared;
use super::world::World;
use super::{players, seed};
use crate::model::time::Timestamp;
use crate::sim::faults::{Fault, FaultRates};
use crate::sim::micro::MICRO;
use crate::sim::records::RequestRecord;

/// A server as it is, not as the API tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its maker wrote on it.
    pub user_data: String,
    /// Whether it is on.
    pub is_on: bool,
    /// Whether it boots.
    pub is_booting: bool,
    /// Who plays.
    pub players: Vec<String>,
    /// The match that goes on there.
    pub match_id: Option<String>,
    /// When it stops if it stays empty.
    pub autostop_at: Option<Timestamp>,
}

/// Looks into the world; every answer is of the moment it is asked. Cheap to clone.
#[derive(Clone)]
pub struct DathostWorld(pub(super) Arc<Shared>);

impl DathostWorld {
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        self.0.with(work)
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.with(|world| world.now)
    }

    /// All servers, in order of their making.
    pub fn servers(&self) -> Vec<ServerView> {
        self.with(|world| {
            let mut servers: Vec<&Server> = world.servers.values().collect();
            servers.sort_by_key(|server| server.number);
            servers.into_iter().map(view).collect()
        })
    }

    /// One server, by name.
    pub fn server(&self, name: &str) -> Option<ServerView> {
        self.servers().into_iter().find(|server| server.name == name)
    }

    /// The whole bill until now.
    pub fn bill(&self) -> Bill {
        self.with(|world| world.bill())
    }

    /// An account's true balance now.
    pub fn balance(&self, account: &str) -> Decimal {
        self.with(|world| Decimal::from_i128_with_scale(i128::from(world.balance(account)), 6))
    }

    /// Adds whole credits to an account.
    pub fn top_up(&self, account: &str, credits: u64) {
        self.with(|world| world.top_up(account, credits * MICRO));
    }

    /// Switches a server on or off as somebody would on the provider's page: nobody of ours asked.
    pub fn switch_from_outside(&self, id: &str, is_on: bool) {
        self.with(|world| if is_on { world.switch_on(id) } else { world.switch_off(id) });
    }

    /// Pays a server by the month, this many ahead; false where the credits do not suffice.
    pub fn subscribe(&self, id: &str, months: u32) -> bool {
        self.with(|world| world.subscribe(id, months))
    }

    /// Does not renew a server's subscription.
    pub fn end_subscription(&self, id: &str) {
        self.change(id, |server| {
            if let Some(subscription) = &mut server.subscription {
                subscription.is_ending = true;
            }
        });
    }

    /// A player comes; false when the server is not ready, is full, or they are there.
    pub fn join(&self, id: &str, player: &str) -> bool {
        self.with(|world| players::join(world, id, player))
    }

    /// A player goes.
    pub fn leave(&self, id: &str, player: &str) -> bool {
        self.with(|world| players::leave(world, id, player))
    }

    /// The game crashes now; the server stays on.
    pub fn crash(&self, id: &str) {
        self.with(|world| world.crash(id));
    }

    /// How the next boot of a server goes.
    pub fn set_fate(&self, id: &str, fate: BootFate) {
        self.change(id, |server| server.fate = fate);
    }

    /// Leaves out of the API's answer what may be missing.
    pub fn make_bare(&self, id: &str) {
        self.change(id, |server| server.is_bare = true);
    }

    /// Sets a top-level field as the provider's page would, without a restart: `deletion_protection`, `user_data` …
    pub fn set_field(&self, id: &str, name: &str, value: &str) {
        self.change(id, |server| drop(server.fields.insert(name.to_owned(), value.to_owned())));
    }

    /// A new server of our account, off. Returns its id.
    pub fn add_server(&self, account: &str, name: &str) -> String {
        self.with(|world| {
            let id = seed::add_server(world, account, "cs2", "stockholm");
            if let Some(server) = world.servers.get_mut(&id) {
                server.fields.insert("name".to_owned(), name.to_owned());
            }
            id
        })
    }

    /// Removes a server as its owner would on the provider's page; what it cost stays on the bill.
    pub fn remove_server(&self, id: &str) {
        self.with(|world| world.remove(id));
    }

    /// How the next match goes; asked again, the one after it.
    pub fn set_next_match(&self, fate: MatchFate) {
        self.with(|world| world.next_fates.push_back(fate));
    }

    /// Shares of further matches that go wrong by themselves.
    pub fn set_match_rates(&self, rates: MatchRates) {
        self.with(|world| world.match_rates = rates);
    }

    /// Shares of further calls about matches that go wrong.
    pub fn set_hook_rates(&self, rates: HookRates) {
        self.with(|world| world.hooks.rates = rates);
    }

    /// All matches, in order of their making.
    pub fn matches(&self) -> Vec<MatchView> {
        self.with(|world| {
            let mut matches: Vec<&Match> = world.matches.values().collect();
            matches.sort_by_key(|one| one.number);
            matches.into_iter().map(match_view).collect()
        })
    }

    /// What came of the calls about matches so far, oldest first.
    pub fn hooks(&self) -> Vec<HookRecord> {
        self.with(|world| world.hooks.records())
    }

    /// A server's file.
    pub fn file(&self, id: &str, path: &str) -> Option<Vec<u8>> {
        self.with(|world| world.servers.get(id)?.files.get(path).cloned())
    }

    /// Writes a file as the game would.
    pub fn write_file(&self, id: &str, path: &str, bytes: Vec<u8>) {
        self.change(id, |server| drop(server.files.insert(path.to_owned(), bytes)));
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.with(|world| world.records.all())
    }

    /// How often a method and path was asked, of the latest requests.
    pub fn request_count(&self, method: &str, path_part: &str) -> usize {
        self.with(|world| world.records.count(method, path_part))
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Server)) {
        self.with(|world| {
            if let Some(server) = world.servers.get_mut(id) {
                change(server);
            }
        });
    }
}

/// A match as it is, not as the API tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchView {
    /// Its id.
    pub id: String,
    /// Its server's id.
    pub server: String,
    /// The names of what happened.
    pub events: Vec<&'static str>,
    /// Rounds won.
    pub scores: [u32; 2],
    /// Whether it is over.
    pub is_finished: bool,
    /// Why it was called off.
    pub cancel_reason: Option<String>,
}

fn match_view(one: &Match) -> MatchView {
    MatchView {
        id: one.id.clone(),
        server: one.server.clone(),
        events: one.events.iter().map(|event| event.name).collect(),
        scores: one.scores,
        is_finished: one.is_finished,
        cancel_reason: one.cancel_reason.clone(),
    }
}

fn view(server: &Server) -> ServerView {
    ServerView {
        id: server.id.clone(),
        name: server.field("name").to_owned(),
        user_data: server.field("user_data").to_owned(),
        is_on: server.is_on,
        is_booting: server.boot.is_some(),
        players: server.players.iter().cloned().collect(),
        match_id: server.match_id.clone(),
        autostop_at: server.autostop_at,
    }
}

/// Sets faults while it runs. Cheap to clone.
#[derive(Clone)]
pub struct DathostFaults(pub(super) Arc<Shared>);

impl DathostFaults {
    /// Replaces the random faults.
    pub fn set_rates(&self, rates: FaultRates) {
        self.0.faults().strikes.rates = rates;
    }

    /// Strikes the next request of `method` (`*`: any) whose path contains `path_part` (ending in `$`: ends with it).
    pub fn next(&self, method: &str, path_part: &str, fault: Fault) {
        self.times(method, path_part, fault, 1);
    }

    /// As [`Self::next`], for that many requests.
    pub fn times(&self, method: &str, path_part: &str, fault: Fault, times: u32) {
        self.0.faults().strikes.targets.add(method, path_part, fault, times);
    }

    /// How many requests are still to be struck by targeted faults.
    pub fn left(&self) -> u64 {
        self.0.faults().strikes.targets.left()
    }

    /// Removes random and targeted faults.
    pub fn clear(&self) {
        self.0.faults().strikes.clear();
    }

    /// Sets how many requests a minute an account may make; nothing: as many as it likes.
    pub fn set_requests_per_minute(&self, limit: Option<u32>) {
        self.0.faults().limit.per_minute = limit;
    }
}
