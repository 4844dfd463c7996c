//! What a live stream's reader has not read yet: bounded, never in the way of the socket.
//!
//! Rule for full: the oldest line is dropped and counted, and the reader is told how many before it reads on. Changes of
//! state are never dropped while there is a line to drop; use is only worth its latest value.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

use crate::model::request::ConsoleItem;

/// Items held at most.
pub const MAX_ITEMS: usize = 2_000;

/// What an item is worth when too much is waiting.
pub trait LiveItem: Sized {
    /// Whether it may be dropped, oldest first, when there are too many.
    fn is_line(&self) -> bool;
    /// Whether it makes the one waiting before it worthless.
    fn replaces(&self, previous: &Self) -> bool;
    /// What tells the reader that so many were dropped.
    fn lost(count: u64) -> Self;
}

impl LiveItem for ConsoleItem {
    fn is_line(&self) -> bool {
        matches!(self, Self::Line(_) | Self::Daemon(_))
    }

    fn replaces(&self, previous: &Self) -> bool {
        matches!((self, previous), (Self::Usage(_), Self::Usage(_)))
    }

    fn lost(count: u64) -> Self {
        Self::Lost(count)
    }
}

/// The queue of one stream, with one reader.
#[derive(Debug)]
pub struct LiveQueue<T> {
    state: Mutex<State<T>>,
    ready: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    lost: u64,
    is_over: bool,
}

impl<T> Default for LiveQueue<T> {
    fn default() -> Self {
        let state = State { items: VecDeque::new(), lost: 0, is_over: false };
        Self { state: Mutex::new(state), ready: Notify::new() }
    }
}

impl<T: LiveItem> LiveQueue<T> {
    /// Adds an item; never waits.
    pub fn push(&self, item: T) {
        self.with(|state| state.push(item));
        self.ready.notify_one();
    }

    /// Nothing will come any more.
    pub fn end(&self) {
        self.with(|state| state.is_over = true);
        self.ready.notify_one();
    }

    /// The next item; nothing after the end. Cancel-safe: an item is taken only when returned.
    pub async fn next(&self) -> Option<T> {
        loop {
            let ready = self.ready.notified();
            if let Poll::Ready(outcome) = self.with(State::take) {
                return outcome;
            }
            ready.await;
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State<T>) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: LiveItem> State<T> {
    fn push(&mut self, item: T) {
        if self.items.back().is_some_and(|previous| item.replaces(previous)) {
            self.items.pop_back();
        }
        if self.items.len() >= MAX_ITEMS {
            let oldest_line = self.items.iter().position(T::is_line);
            if self.items.remove(oldest_line.unwrap_or(0)).is_some() && oldest_line.is_some() {
                self.lost += 1;
            }
        }
        self.items.push_back(item);
    }

    /// The next item, or nothing at the end.
    fn take(&mut self) -> Poll<Option<T>> {
        if self.lost > 0 {
            return Poll::Ready(Some(T::lost(std::mem::take(&mut self.lost))));
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
        let queue = LiveQueue::default();
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
        let queue = LiveQueue::default();
        {
            let read = std::pin::pin!(queue.next());
            assert!(futures::poll!(read).is_pending());
        }
        queue.push(line(1));
        assert_eq!(queue.next().await, Some(line(1)));
    }
}
