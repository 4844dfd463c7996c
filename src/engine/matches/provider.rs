//! What a match needs of its provider, as a narrow trait: the engine's side of it is tested without a network.

use futures::future::BoxFuture;
use secrecy::SecretString;

use crate::model::game_server::{GameServer, GameServerAccount};
use crate::model::ids::AccountId;
use crate::model::matches::{MatchReading, RosterPlayer, Side};
use crate::model::problem::Problem;
use crate::providers::dathost::{DathostClient, NewMatch, ServerSettings};
use crate::providers::transport::Priority;

/// An answer that is waited for.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, Problem>>;

/// One account that rents servers for matches. No change is ever repeated by an implementation: whoever gets
/// [`crate::model::problem::Effect::Possible`] looks before asking again.
pub trait MatchProvider: Send + Sync {
    /// The account's configured name.
    fn account(&self) -> &AccountId;

    /// What is left to pay with.
    fn balance(&self) -> Asked<'_, GameServerAccount>;

    /// Every server of the account.
    fn servers(&self) -> Asked<'_, Vec<GameServer>>;

    /// One server as it is at this moment; `NotFound` when it is gone.
    fn server<'a>(&'a self, id: &'a str) -> Asked<'a, GameServer>;

    /// Makes a CS2 server; it is off.
    fn create<'a>(&'a self, settings: &'a ServerSettings) -> Asked<'a, GameServer>;

    /// Copies a server; the copy is off and carries the original's settings.
    fn duplicate<'a>(&'a self, template: &'a str, location: Option<&'a str>) -> Asked<'a, GameServer>;

    /// Changes a server's settings; one that is on is restarted by that.
    fn update<'a>(&'a self, id: &'a str, settings: &'a ServerSettings) -> Asked<'a, ()>;

    /// Switches a server off; safe to repeat.
    fn stop<'a>(&'a self, id: &'a str) -> Asked<'a, ()>;

    /// Deletes a server; one that is gone already is a success.
    fn delete<'a>(&'a self, id: &'a str) -> Asked<'a, ()>;

    /// The password that players join with, read from the server.
    fn join_password<'a>(&'a self, id: &'a str) -> Asked<'a, Option<SecretString>>;

    /// Begins a match, which switches its server on; a second one on the same server cancels the first.
    fn create_match<'a>(&'a self, new: NewMatch<'a>) -> Asked<'a, MatchReading>;

    /// A match as it is at this moment.
    fn match_reading<'a>(&'a self, id: &'a str) -> Asked<'a, MatchReading>;

    /// What the provider was told to prove itself with, read from the match.
    fn hook_secret<'a>(&'a self, id: &'a str) -> Asked<'a, Option<SecretString>>;

    /// Calls a match off.
    fn cancel_match<'a>(&'a self, id: &'a str) -> Asked<'a, ()>;

    /// Puts somebody on the list of a match.
    fn add_player<'a>(&'a self, id: &'a str, player: &'a RosterPlayer, side: Option<Side>) -> Asked<'a, ()>;
}

/// What servers are rented for.
const GAME: &str = "cs2";

impl MatchProvider for DathostClient {
    fn account(&self) -> &AccountId {
        Self::account(self)
    }

    fn balance(&self) -> Asked<'_, GameServerAccount> {
        Box::pin(self.game_server_account(Priority::Run))
    }

    fn servers(&self) -> Asked<'_, Vec<GameServer>> {
        Box::pin(Self::servers(self, Priority::Run))
    }

    fn server<'a>(&'a self, id: &'a str) -> Asked<'a, GameServer> {
        Box::pin(Self::server(self, id, Priority::Run))
    }

    fn create<'a>(&'a self, settings: &'a ServerSettings) -> Asked<'a, GameServer> {
        Box::pin(Self::create(self, GAME, settings))
    }

    fn duplicate<'a>(&'a self, template: &'a str, location: Option<&'a str>) -> Asked<'a, GameServer> {
        Box::pin(Self::duplicate(self, template, location))
    }

    fn update<'a>(&'a self, id: &'a str, settings: &'a ServerSettings) -> Asked<'a, ()> {
        Box::pin(Self::update(self, id, settings))
    }

    fn stop<'a>(&'a self, id: &'a str) -> Asked<'a, ()> {
        Box::pin(Self::stop(self, id))
    }

    fn delete<'a>(&'a self, id: &'a str) -> Asked<'a, ()> {
        Box::pin(Self::delete(self, id))
    }

    fn join_password<'a>(&'a self, id: &'a str) -> Asked<'a, Option<SecretString>> {
        Box::pin(Self::join_password(self, id, Priority::Run))
    }

    fn create_match<'a>(&'a self, new: NewMatch<'a>) -> Asked<'a, MatchReading> {
        Box::pin(Self::create_match(self, new))
    }

    fn match_reading<'a>(&'a self, id: &'a str) -> Asked<'a, MatchReading> {
        Box::pin(Self::match_reading(self, id, Priority::Run))
    }

    fn hook_secret<'a>(&'a self, id: &'a str) -> Asked<'a, Option<SecretString>> {
        Box::pin(Self::hook_secret(self, id, Priority::Run))
    }

    fn cancel_match<'a>(&'a self, id: &'a str) -> Asked<'a, ()> {
        Box::pin(Self::cancel_match(self, id))
    }

    fn add_player<'a>(&'a self, id: &'a str, player: &'a RosterPlayer, side: Option<Side>) -> Asked<'a, ()> {
        Box::pin(self.add_match_player(id, player, side))
    }
}
