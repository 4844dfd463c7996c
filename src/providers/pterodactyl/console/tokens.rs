//! Console tokens, fetched sparingly and shared by every console of one server.
//!
//! Newer panels give five tokens a minute per server to all users together (`providers/pterodactyl.md` §5.5), and a token
//! may be used often until it ends. So: one that is young enough is used again, fetching waits its turn, and two consoles
//! that want a token at once get the same one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::model::problem::{Problem, Retry};
use crate::providers::pterodactyl::client::PanelClient;

/// Tokens live 10 minutes; one older than this is not used for a new login.
const USABLE: Duration = Duration::from_mins(8);
/// Fetches of one server's token per minute: two fewer than the panel allows, which are left to people's browsers.
const FETCHES_PER_MINUTE: usize = 3;
/// The panel's window.
const WINDOW: Duration = Duration::from_mins(1);
/// Servers remembered at most; beyond that the one longest unused is forgotten.
const MAX_SERVERS: usize = 256;

/// A token with the socket it opens.
#[derive(Clone)]
pub(in crate::providers::pterodactyl) struct Token {
    pub(super) secret: SecretString,
    pub(super) socket: String,
    pub(super) fetched: Instant,
}

impl Token {
    /// Milliseconds since it was fetched.
    pub(super) fn age_ms(&self) -> u64 {
        u64::try_from(self.fetched.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The tokens of one panel account.
#[derive(Default)]
pub(in crate::providers::pterodactyl) struct TokenShelf {
    servers: Mutex<BTreeMap<String, Slot>>,
}

#[derive(Clone)]
struct Slot {
    used: Instant,
    shelf: Arc<AsyncMutex<Place>>,
}

#[derive(Default)]
struct Place {
    token: Option<Token>,
    fetches: VecDeque<Instant>,
    not_before: Option<Instant>,
}

impl TokenShelf {
    /// A usable token other than `refused`. Waits for its turn to fetch where it must; cancel-safe.
    pub(super) async fn take(
        &self,
        client: &PanelClient,
        uuid: &str,
        refused: Option<&Token>,
    ) -> Result<Token, Problem> {
        let place = self.place(uuid);
        let mut place = place.lock().await;
        if let Some(token) = &place.token
            && token.fetched.elapsed() < USABLE
            && refused.is_none_or(|refused| refused.fetched != token.fetched)
        {
            return Ok(token.clone());
        }
        if let Some(turn) = place.turn(Instant::now()) {
            tokio::time::sleep_until(turn).await;
        }
        place.fetches.push_back(Instant::now());
        let fetched = client.websocket_token(uuid).await;
        if let Err(Problem { retry: Retry::AfterMs(ms), .. }) = &fetched {
            place.not_before = Some(Instant::now() + Duration::from_millis(*ms).min(WINDOW));
        }
        let answer = fetched?;
        let token = Token { secret: answer.token.into(), socket: answer.socket, fetched: Instant::now() };
        place.token = Some(token.clone());
        Ok(token)
    }

    fn place(&self, uuid: &str) -> Arc<AsyncMutex<Place>> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if servers.len() >= MAX_SERVERS && !servers.contains_key(uuid) {
            let oldest = servers.iter().min_by_key(|(_, slot)| slot.used).map(|(uuid, _)| uuid.clone());
            oldest.and_then(|uuid| servers.remove(&uuid));
        }
        let slot =
            servers.entry(uuid.to_owned()).or_insert_with(|| Slot { used: now, shelf: Arc::default() });
        slot.used = now;
        Arc::clone(&slot.shelf)
    }
}

impl Place {
    /// When the next fetch may be made; nothing when now.
    fn turn(&mut self, now: Instant) -> Option<Instant> {
        while self.fetches.front().is_some_and(|fetch| *fetch + WINDOW <= now) {
            self.fetches.pop_front();
        }
        let by_count = (self.fetches.len() >= FETCHES_PER_MINUTE)
            .then(|| self.fetches.front().map(|fetch| *fetch + WINDOW));
        by_count.flatten().max(self.not_before.filter(|moment| *moment > now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fetches_are_spread_over_the_panels_minute() {
        let mut place = Place::default();
        let began = Instant::now();
        for _ in 0..FETCHES_PER_MINUTE {
            assert_eq!(place.turn(Instant::now()), None);
            place.fetches.push_back(Instant::now());
            tokio::time::advance(Duration::from_secs(5)).await;
        }
        assert_eq!(place.turn(Instant::now()), Some(began + WINDOW));
        tokio::time::advance(WINDOW).await;
        assert_eq!(place.turn(Instant::now()), None);
        place.not_before = Some(Instant::now() + Duration::from_secs(9));
        assert_eq!(place.turn(Instant::now()), place.not_before);
    }
}
