//! What components ask for, carried out; and whose requests and streams are under way.

use super::{App, ExitReason, FOCUS_DELAY_MS, Outbound};
use crate::console::clipboard;
use crate::console::component::{Effect, Effects, Loudness, Reveal, Ticket};
use crate::console::keys::Key;
use crate::console::layers::Owner;
use crate::model::request::{ConsoleItem, Request, Tab};
use crate::model::time::Timestamp;

impl App {
    /// Does what a component asked for.
    pub(in crate::console) fn apply(
        &mut self,
        owner: Owner,
        mut effects: Effects,
        key: Option<Key>,
        now: Timestamp,
    ) {
        for effect in effects.take() {
            match effect {
                Effect::Send { request, ticket } => self.send(owner, ticket, request),
                Effect::CloseStream(ticket) => self.close_stream(owner, ticket),
                Effect::Open(component) => self.open(component, key, now),
                Effect::Close => self.close(owner, now),
                Effect::Perform(action) => self.perform(action, key, now),
                Effect::GoTo(tab) => self.go_to(tab, now),
                Effect::Reveal(reveal) => self.reveal(&reveal, key, now),
                Effect::Copy { text, label } => self.copy(text, &label, now),
                Effect::WriteFile { name, contents } => {
                    self.outbox.push(Outbound::WriteFile { name, contents });
                }
                Effect::SaveFile { path, contents, is_replacing, ticket } => {
                    self.outbox.push(Outbound::SaveFile { owner, ticket, path, contents, is_replacing });
                }
                Effect::Notice(loudness, text) => self.notice(loudness, text, now),
                Effect::FocusChanged => {
                    self.focus_due.get_or_insert(now.plus_millis(FOCUS_DELAY_MS));
                }
                Effect::NextTheme => self.next_theme(now),
                Effect::Quit => self.exit = Some(ExitReason::Quit),
            }
        }
    }

    fn copy(&mut self, text: String, label: &str, now: Timestamp) {
        if text.len() > clipboard::LONGEST_COPY_BYTES {
            self.notice(Loudness::Warning, format!("{label} is too long to copy; export it instead"), now);
        } else {
            self.outbox.push(Outbound::Copy(text));
            self.notice(Loudness::Good, format!("copied {label}"), now);
        }
    }

    fn reveal(&mut self, reveal: &Reveal, key: Option<Key>, now: Timestamp) {
        match reveal {
            Reveal::Order(_) => self.go_to(Tab::Orders, now),
            Reveal::Server(_) | Reveal::Node(_) => self.go_to(Tab::Nodes, now),
            Reveal::Run(_) => self.open((self.registry_runs)(), key, now),
        }
        self.with_top(key, now, |top, context, effects| top.on_reveal(reveal, context, effects));
    }

    pub(super) fn send(&mut self, owner: Owner, ticket: Ticket, request: Request) {
        self.outbox.push(Outbound::Send { owner, ticket, request });
    }

    fn close_stream(&mut self, owner: Owner, ticket: Ticket) {
        let found = self.streams.iter().find(|(_, asked)| **asked == (owner, ticket)).map(|(id, _)| *id);
        if let Some(stream) = found {
            self.streams.remove(&stream);
            self.send(Owner::App, Ticket::default(), Request::ConsoleClose { stream });
        }
    }

    /// Notes which id a request got.
    pub fn sent(&mut self, owner: Owner, ticket: Ticket, is_stream: bool, id: u64) {
        self.waiting.insert(id, (owner, ticket));
        if is_stream {
            self.streams.insert(id, (owner, ticket));
        }
    }

    /// Takes the asker of a request out of those that wait.
    pub(in crate::console) fn take_waiting(&mut self, id: u64) -> Option<(Owner, Ticket)> {
        self.waiting.remove(&id)
    }

    /// Whose stream an item belongs to; a closed one is forgotten.
    pub(in crate::console) fn stream_owner(
        &mut self,
        id: u64,
        item: &ConsoleItem,
    ) -> Option<(Owner, Ticket)> {
        if matches!(item, ConsoleItem::Closed(_)) {
            self.streams.remove(&id)
        } else {
            self.streams.get(&id).copied()
        }
    }

    /// Forgets every stream: the connection they came over is gone.
    pub(in crate::console) fn take_streams(&mut self) -> Vec<(Owner, Ticket)> {
        std::mem::take(&mut self.streams).into_values().collect()
    }
}
