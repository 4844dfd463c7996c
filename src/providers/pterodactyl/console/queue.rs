//! What a console's reader has not read yet: bounded, never in the way of the socket.
//!
//! Rule for full: the oldest line is dropped and counted, and the reader is told how many before it reads on. Changes of
//! state are never dropped while there is a line to drop; use is only worth its latest value.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

use crate::model::request::ConsoleItem;

/// Items held at most.
pub(super) const MAX_ITEMS: usize = 2_000;

/// The queue of one console, with one reader.
#[derive(Debug, Default)]
pub(super) struct ItemQueue {
    state: Mutex<State>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<ConsoleItem>,
    lost: u64,
    is_over: bool,
}

impl ItemQueue {
    /// Adds an item; never waits.
    pub(super) fn push(&self, item: ConsoleItem) {
        self.with(|state| state.push(item));
        self.ready.notify_one();
    }

    /// Nothing will come any more.
    pub(super) fn end(&self) {
        self.with(|state| state.is_over = true);
        self.ready.notify_one();
    }

    /// The next item; nothing after the end. Cancel-safe: an item is taken only when returned.
    pub(super) async fn next(&self) -> Option<ConsoleItem> {
        loop {
            let ready = self.ready.notified();
            if let Poll::Ready(outcome) = self.with(State::take) {
                return outcome;
            }
            ready.await;
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn push(&mut self, item: ConsoleItem) {
        if matches!(item, ConsoleItem::Usage(_)) && matches!(self.items.back(), Some(ConsoleItem::Usage(_))) {
            self.items.pop_back();
        }
        if self.items.len() >= MAX_ITEMS {
            let is_line = |item: &ConsoleItem| matches!(item, ConsoleItem::Line(_) | ConsoleItem::Daemon(_));
            let oldest_line = self.items.iter().position(is_line);
            if self.items.remove(oldest_line.unwrap_or(0)).is_some() && oldest_line.is_some() {
                self.lost += 1;
            }
        }
        self.items.push_back(item);
    }

    /// The next item, or nothing at the end.
    fn take(&mut self) -> Poll<Option<ConsoleItem>> {
        if self.lost > 0 {
            return Poll::Ready(Some(ConsoleItem::Lost(std::mem::take(&mut self.lost))));
        }
        match self.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if self.is_over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::server::PowerState;

    fn line(number: usize) -> ConsoleItem {
        ConsoleItem::Line(number.to_string())
    }

    #[tokio::test]
    async fn the_oldest_lines_are_dropped_and_counted_and_states_survive() {
        let queue = ItemQueue::default();
        queue.push(ConsoleItem::Power(PowerState::Starting));
        for number in 0..MAX_ITEMS + 9 {
            queue.push(line(number));
        }
        queue.end();
        assert_eq!(queue.next().await, Some(ConsoleItem::Lost(10)));
        assert_eq!(queue.next().await, Some(ConsoleItem::Power(PowerState::Starting)));
        assert_eq!(queue.next().await, Some(line(10)));
        let mut last = None;
        while let Some(item) = queue.next().await {
            last = Some(item);
        }
        assert_eq!(last, Some(line(MAX_ITEMS + 8)));
        assert_eq!(queue.next().await, None);
    }

    #[tokio::test]
    async fn a_cancelled_read_loses_nothing() {
        let queue = ItemQueue::default();
        {
            let read = std::pin::pin!(queue.next());
            assert!(futures::poll!(read).is_pending());
        }
        queue.push(line(1));
        assert_eq!(queue.next().await, Some(line(1)));
    }
}
