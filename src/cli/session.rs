//! One command's conversation with an engine: attach, read the fleet, follow it.

use std::time::Duration;

use crate::link::{LinkClient, LinkEvent};
use crate::model::account::{FeedKind, Freshness};
use crate::model::fleet::Fleet;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{Reply, Request};
use crate::model::time::Timestamp;

/// How long a command waits for an engine that was just started to hear from its providers.
const FIRST_ANSWER_MS: u64 = 20_000;

/// A link with the fleet that it describes.
pub struct Session {
    link: LinkClient,
    /// The mirror.
    pub fleet: Fleet,
    is_building: bool,
}

impl Session {
    /// Reads the snapshot.
    ///
    /// # Errors
    /// The engine went away before it was complete.
    pub async fn begin(link: LinkClient) -> Result<Self, Problem> {
        let mut session = Self { link, fleet: Fleet::default(), is_building: false };
        while !matches!(session.next().await?, LinkEvent::SnapshotEnd) {}
        Ok(session)
    }

    /// Waits for one event and applies it. Cancel-safe.
    ///
    /// # Errors
    /// The engine went away.
    pub async fn next(&mut self) -> Result<LinkEvent, Problem> {
        let event = self.link.next_event().await;
        match &event {
            LinkEvent::Snapshot => {
                self.fleet = Fleet::default();
                self.is_building = true;
            }
            LinkEvent::SnapshotEnd => self.is_building = false,
            LinkEvent::Changes { changes, .. } => {
                for change in changes {
                    self.fleet.apply(change.clone());
                }
            }
            LinkEvent::Disconnected(problem) => return Err(problem.clone()),
            LinkEvent::Reply { .. } | LinkEvent::Console { .. } | LinkEvent::Reconnected => {}
        }
        Ok(event)
    }

    /// Asks the engine and follows the fleet until the answer is there: events that nobody takes would hold the answer up.
    ///
    /// # Errors
    /// The engine's own refusal, or it went away.
    pub async fn ask(&mut self, request: Request) -> Result<Reply, Problem> {
        let asked = self.link.send(request).await;
        loop {
            if let LinkEvent::Reply { id, result } = self.next().await?
                && id == asked
            {
                return result;
            }
        }
    }

    /// Whether the mirror is complete (no snapshot is arriving).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.is_building
    }

    /// Waits until every feed of these kinds was asked at least once, so that an empty list means "none". Of the first kind
    /// something must be known at the end; the others are worth waiting for, and named by [`Session::warnings`] when they
    /// did not come.
    ///
    /// # Errors
    /// The engine went away, or a provider of the first kind did not answer in time.
    pub async fn settle(&mut self, kinds: &[FeedKind], now: Timestamp) -> Result<(), Problem> {
        let waited = tokio::time::timeout(Duration::from_millis(FIRST_ANSWER_MS), async {
            while self.is_waiting_for(kinds, now) {
                self.next().await?;
            }
            Ok(())
        });
        waited.await.unwrap_or_else(|_| {
            if !self.is_waiting_for(kinds.get(..1).unwrap_or_default(), now) {
                return Ok(());
            }
            Err(Problem {
                kind: ProblemKind::Timeout,
                fault: Fault::Provider,
                retry: Retry::Backoff,
                effect: Effect::None,
                message: "no provider answered yet".to_owned(),
                advice: "see `quarterdeck get feeds`".to_owned(),
            })
        })
    }

    fn is_waiting_for(&self, kinds: &[FeedKind], now: Timestamp) -> bool {
        self.is_building
            || self
                .fleet
                .feeds
                .values()
                .any(|feed| kinds.contains(&feed.kind) && feed.freshness(now) == Freshness::Never)
    }

    /// One line for each feed whose data is old or failing: what the list below it is worth.
    #[must_use]
    pub fn warnings(&self, kinds: &[FeedKind], now: Timestamp) -> Vec<String> {
        self.fleet
            .feeds
            .values()
            .filter(|feed| kinds.contains(&feed.kind))
            .filter_map(|feed| {
                let age = feed.succeeded_at.map_or_else(
                    || "never read".to_owned(),
                    |at| format!("last read {} ago", super::listing::age_text(now.millis_since(at))),
                );
                let kind = format!("{:?}", feed.kind).to_lowercase();
                match feed.freshness(now) {
                    Freshness::Fresh | Freshness::Aging => None,
                    Freshness::Stale | Freshness::Never => {
                        Some(format!("{} of {}: {age}", kind, feed.account))
                    }
                    Freshness::Failed => {
                        let problem = feed.problem.as_ref().map(ToString::to_string).unwrap_or_default();
                        Some(format!("{} of {}: {age}; {problem}", kind, feed.account))
                    }
                }
            })
            .collect()
    }
}
