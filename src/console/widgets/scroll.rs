//! How far a long text is scrolled.

use std::ops::Range;

use crate::console::actions::Action;

/// The first line shown, kept within what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    offset: usize,
    page: usize,
    lines: usize,
}

impl Scroll {
    /// The first line shown.
    #[must_use]
    pub fn offset(self) -> usize {
        self.offset
    }

    /// Says how many lines there are and how many fit; keeps the offset within them.
    pub fn settle(&mut self, lines: usize, page: usize) {
        self.lines = lines;
        self.page = page;
        self.offset = self.offset.min(lines.saturating_sub(page));
    }

    /// Moves, if the action is one of moving; says whether it is.
    pub fn on_action(&mut self, action: Action) -> bool {
        let page = self.page.max(1);
        let wanted = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset.saturating_add(1),
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset.saturating_add(page),
            Action::HalfPageUp => self.offset.saturating_sub(page.div_ceil(2)),
            Action::HalfPageDown => self.offset.saturating_add(page.div_ceil(2)),
            Action::Home => 0,
            Action::End => usize::MAX,
            _ => return false,
        };
        self.offset = wanted.min(self.lines.saturating_sub(self.page));
        true
    }

    /// Moves as little as needed for these lines to stand clear of the rows that say how much is above and below; of
    /// more lines than fit, the first are shown.
    pub fn reveal(&mut self, wanted: &Range<usize>) {
        let lowest = (wanted.end + 1).saturating_sub(self.page);
        let highest = wanted.start.saturating_sub(1);
        self.offset = self.offset.max(lowest).min(highest).min(self.lines.saturating_sub(self.page));
    }

    /// Whether these lines are on screen.
    #[must_use]
    pub fn shows(self, wanted: &Range<usize>) -> bool {
        let mut moved = self;
        moved.reveal(wanted);
        moved == self
    }

    /// `1-20 of 57`, or nothing when everything is shown.
    #[must_use]
    pub fn position(self) -> Option<String> {
        let last = (self.offset + self.page).min(self.lines);
        (self.page < self.lines).then(|| format!("{}-{last} of {}", self.offset + 1, self.lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_the_lines() {
        let mut scroll = Scroll::default();
        scroll.settle(57, 20);
        scroll.on_action(Action::End);
        assert_eq!(scroll.position().unwrap(), "38-57 of 57");
        scroll.on_action(Action::Down);
        assert_eq!(scroll.offset(), 37);
        scroll.settle(10, 20);
        assert_eq!((scroll.offset(), scroll.position()), (0, None));
        assert!(!scroll.on_action(Action::Help));
    }

    #[test]
    fn what_matters_is_moved_to_by_the_shortest_way() {
        let mut scroll = Scroll::default();
        scroll.settle(30, 10);
        assert!(scroll.shows(&(0..9)) && !scroll.shows(&(9..10)), "the last row says how much is below");
        scroll.reveal(&(14..16));
        assert_eq!(scroll.offset(), 7);
        scroll.reveal(&(10..12));
        assert_eq!(scroll.offset(), 7);
        scroll.reveal(&(3..4));
        assert_eq!(scroll.offset(), 2);
        scroll.reveal(&(29..30));
        assert_eq!(scroll.offset(), 20);
        scroll.reveal(&(5..29));
        assert_eq!(scroll.offset(), 4);
    }
}
