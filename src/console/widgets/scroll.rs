//! How far a long text is scrolled.

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
            Action::Down => self.offset + 1,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset + page,
            Action::HalfPageUp => self.offset.saturating_sub(page.div_ceil(2)),
            Action::HalfPageDown => self.offset + page.div_ceil(2),
            Action::Home => 0,
            Action::End => usize::MAX,
            _ => return false,
        };
        self.offset = wanted.min(self.lines.saturating_sub(self.page));
        true
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
}
