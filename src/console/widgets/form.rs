//! A line of text being typed, with cursor, length limit and history.

use std::collections::VecDeque;

use tui_input::{Input, InputRequest};
use unicode_segmentation::UnicodeSegmentation;

use super::text::{beginning, width};
use crate::console::keys::{Key, KeyCode};

/// Characters a field takes at most; longer pastes are cut.
const LENGTH_MAX: usize = 1_000;

/// A text field.
#[derive(Debug, Clone, Default)]
pub struct TextField {
    input: Input,
}

impl TextField {
    /// A field that holds `text`, the cursor at its end.
    #[must_use]
    pub fn with_text(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()) }
    }

    /// What is in it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Replaces what is in it; the cursor goes to the end.
    pub fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
    }

    /// Takes a key: characters and the usual line editing. Says whether it was one of these.
    pub fn key(&mut self, key: Key) -> bool {
        let Some(request) = request_of(key) else { return false };
        if matches!(request, InputRequest::InsertChar(_)) && self.text().chars().count() >= LENGTH_MAX {
            return true;
        }
        self.input.handle(request);
        true
    }

    /// Puts text in at the cursor, cut to the room there is.
    pub fn paste(&mut self, text: &str) {
        let room = LENGTH_MAX.saturating_sub(self.text().chars().count());
        for character in text.chars().filter(|c| !c.is_control()).take(room) {
            self.input.handle(InputRequest::InsertChar(character));
        }
    }

    /// The part that fits in `cells` around the cursor, and the cursor's column in it.
    #[must_use]
    pub fn visible(&self, cells: usize) -> (&str, usize) {
        let Some(room) = cells.checked_sub(1) else { return ("", 0) };
        let text = self.text();
        let cursor = text.char_indices().nth(self.input.cursor()).map_or(text.len(), |(at, _)| at);
        let starts = text[..cursor].grapheme_indices(true).map(|(at, _)| at).chain([cursor]);
        let start = starts.into_iter().find(|at| width(&text[*at..cursor]) <= room).unwrap_or(cursor);
        let (seen, _) = beginning(&text[start..], cells);
        (seen, width(&text[start..cursor]))
    }
}

/// What a key does to a line, after the habits of shells.
fn request_of(key: Key) -> Option<InputRequest> {
    if let Some(character) = key.typed() {
        return Some(InputRequest::InsertChar(character));
    }
    let plain = match key.code {
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left if key.is_ctrl || key.is_alt => InputRequest::GoToPrevWord,
        KeyCode::Right if key.is_ctrl || key.is_alt => InputRequest::GoToNextWord,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        KeyCode::Char(letter) if key.is_ctrl => match letter {
            'a' => InputRequest::GoToStart,
            'e' => InputRequest::GoToEnd,
            'b' => InputRequest::GoToPrevChar,
            'f' => InputRequest::GoToNextChar,
            'h' => InputRequest::DeletePrevChar,
            'w' => InputRequest::DeletePrevWord,
            'u' => InputRequest::DeleteLine,
            'k' => InputRequest::DeleteTillEnd,
            _ => return None,
        },
        _ => return None,
    };
    Some(plain)
}

/// What was entered before, oldest first; bounded, the oldest is dropped.
#[derive(Debug, Clone)]
pub struct History {
    entries: VecDeque<String>,
    capacity: usize,
    /// Steps back from the newest; nothing while a new text is typed.
    back: Option<usize>,
    /// What was being typed when going back began.
    draft: String,
}

impl History {
    /// An empty history of at most `capacity` entries.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { entries: VecDeque::new(), capacity: capacity.max(1), back: None, draft: String::new() }
    }

    /// Remembers an entry; blanks and repetitions of the newest are not kept.
    pub fn push(&mut self, entry: &str) {
        self.back = None;
        if entry.trim().is_empty() || self.entries.back().is_some_and(|newest| newest == entry) {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.to_owned());
    }

    /// The entry before; `present` is kept for coming back to it.
    pub fn older(&mut self, present: &str) -> Option<&str> {
        let next = self.back.map_or(0, |back| back + 1);
        if next >= self.entries.len() {
            return None;
        }
        if self.back.is_none() {
            present.clone_into(&mut self.draft);
        }
        self.back = Some(next);
        self.entries.iter().rev().nth(next).map(String::as_str)
    }

    /// The entry after, and at last what was being typed.
    pub fn newer(&mut self) -> Option<&str> {
        let back = self.back?;
        self.back = back.checked_sub(1);
        match self.back {
            None => Some(&self.draft),
            Some(back) => self.entries.iter().rev().nth(back).map(String::as_str),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_edit_the_line() {
        let mut field = TextField::with_text("say hello");
        assert!(field.key(Key::ctrl('w')));
        assert!(field.key(Key::char('x')));
        assert!(field.key(Key::plain(KeyCode::Home)));
        assert!(field.key(Key::char('Ä')));
        assert_eq!(field.text(), "Äsay x");
        assert!(!field.key(Key::plain(KeyCode::Enter)));
        field.paste("a\nb\u{1b}");
        assert_eq!(field.text(), "Äabsay x");
    }

    #[test]
    fn the_part_around_the_cursor_is_seen() {
        let mut field = TextField::with_text("0123456789");
        assert_eq!(field.visible(5), ("6789", 4));
        assert_eq!(field.visible(20), ("0123456789", 10));
        field.key(Key::plain(KeyCode::Home));
        assert_eq!(field.visible(5), ("01234", 0));
    }

    #[test]
    fn history_goes_back_and_returns_to_the_draft() {
        let mut history = History::new(2);
        for entry in ["one", "two", "two", " ", "three"] {
            history.push(entry);
        }
        assert_eq!(history.older("dra"), Some("three"));
        assert_eq!(history.older("three"), Some("two"));
        assert_eq!(history.older("two"), None);
        assert_eq!(history.newer(), Some("three"));
        assert_eq!(history.newer(), Some("dra"));
        assert_eq!(history.newer(), None);
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_inside(text in any::<String>(), cells in 0_usize..20, left in 0_usize..10) {
            let mut field = TextField::with_text(&text);
            for _ in 0..left {
                field.key(Key::plain(KeyCode::Left));
            }
            let (seen, cursor) = field.visible(cells);
            prop_assert!(width(seen) <= cells);
            prop_assert!(cursor <= cells.saturating_sub(1));
        }
    }
}
