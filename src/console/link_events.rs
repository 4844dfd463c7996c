//! What the link says, taken in: changes into the mirror, replies and streams to whoever asked.

use super::app::App;
use super::component::{Effects, Loudness, Ticket};
use super::context::LinkState;
use super::layers::Owner;
use crate::link::LinkEvent;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::request::{ConsoleItem, Reply};
use crate::model::time::Timestamp;

impl App {
    /// Whether rows are here for a screen that has shown none yet.
    pub fn has_first_rows(&self) -> bool {
        self.world.mirror.has_first_rows()
    }

    /// Takes one event in.
    pub fn on_link(&mut self, event: LinkEvent, now: Timestamp) {
        match event {
            LinkEvent::Snapshot => {
                self.forget_focus(now);
                self.world.mirror.begin_snapshot();
                self.set_link(LinkState::Loading);
            }
            LinkEvent::Changes { changes, .. } => self.world.mirror.apply(changes),
            LinkEvent::SnapshotEnd => {
                self.world.mirror.end_snapshot();
                self.set_link(LinkState::Live);
            }
            LinkEvent::Reply { id, result } => self.on_reply(id, &result, now),
            LinkEvent::Console { id, item } => {
                if let Some((owner, ticket)) = self.stream_owner(id, &item) {
                    self.deliver_item(owner, ticket, &item, now);
                }
            }
            LinkEvent::Disconnected(problem) => self.on_lost(&problem, now),
            LinkEvent::Reconnected => {
                if matches!(self.world.link, LinkState::Lost { .. }) {
                    self.set_link(LinkState::Loading);
                    self.notice(Loudness::Good, "the engine is back", now);
                }
            }
        }
    }

    fn set_link(&mut self, link: LinkState) {
        if self.world.link != link {
            self.world.link = link;
            // Every view shows what the link is like.
            self.chrome.redraw_everything();
        }
    }

    fn on_lost(&mut self, problem: &Problem, now: Timestamp) {
        for (owner, ticket) in self.take_streams() {
            let item = ConsoleItem::Closed(format!("the engine was lost: {problem}"));
            self.deliver_item(owner, ticket, &item, now);
        }
        let since = match &self.world.link {
            LinkState::Lost { since, .. } => *since,
            _ => now,
        };
        self.set_link(LinkState::Lost { since, problem: problem.to_string() });
    }

    fn on_reply(&mut self, id: u64, result: &Result<Reply, Problem>, now: Timestamp) {
        if let Some((owner, ticket)) = self.take_waiting(id) {
            self.deliver(owner, ticket, result, now);
        }
    }

    /// A request could not even be queued: the link is stuck.
    pub fn refused(&mut self, owner: Owner, ticket: Ticket, now: Timestamp) {
        let problem = Problem {
            kind: ProblemKind::Unavailable,
            fault: Fault::Internal,
            retry: Retry::Backoff,
            effect: Effect::None,
            message: "the engine does not take requests at the moment; nothing was sent".to_owned(),
            advice: "try again".to_owned(),
        };
        self.deliver(owner, ticket, &Err(problem), now);
    }

    /// A file was saved, or not: whoever asked hears it as an answer.
    pub fn saved(&mut self, owner: Owner, ticket: Ticket, saved: Result<(), Problem>, now: Timestamp) {
        self.deliver(owner, ticket, &saved.map(|()| Reply::Done), now);
    }

    /// Gives an answer to whoever asked; the app itself only wants to hear of failures.
    fn deliver(&mut self, owner: Owner, ticket: Ticket, result: &Result<Reply, Problem>, now: Timestamp) {
        if owner == Owner::App {
            if let Err(problem) = result {
                self.notice(Loudness::Warning, problem.to_string(), now);
            }
            return;
        }
        self.settle(now);
        let mut effects = Effects::default();
        let context = self.world.context(now, &[], None);
        if let Some(component) = self.views.owned_by(owner) {
            component.on_reply(ticket, result, &context, &mut effects);
        }
        self.apply(owner, effects, None, now);
    }

    fn deliver_item(&mut self, owner: Owner, ticket: Ticket, item: &ConsoleItem, now: Timestamp) {
        let mut effects = Effects::default();
        let context = self.world.context(now, &[], None);
        if let Some(component) = self.views.owned_by(owner) {
            component.on_stream(ticket, item, &context, &mut effects);
        }
        self.apply(owner, effects, None, now);
    }
}
