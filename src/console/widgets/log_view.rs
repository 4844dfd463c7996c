//! A log with bounded scrollback: follow or hold still, search with highlights. Lines know no source.
//!
//! Held still, the view is anchored to a line's number, so new lines below do not move what is being read; a line
//! that falls out of the scrollback moves the anchor to the oldest one kept.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::text::width;

/// How a line stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    /// Ordinary output.
    Plain,
    /// Less important than the output: what the operator typed.
    Dim,
    /// About the log, not of it: the connection, lost lines.
    Notice,
    /// Something went wrong.
    Bad,
}

#[derive(Debug, Clone)]
struct LogLine {
    text: String,
    emphasis: Emphasis,
}

/// One row of the screen: a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line's number, counted from the first ever pushed.
    pub number: u64,
    /// The part drawn.
    pub text: &'a str,
    /// How it stands out.
    pub emphasis: Emphasis,
    /// What the search found in it, as byte ranges of `text`.
    pub matches: Vec<Range<usize>>,
    /// Whether the search stands on this line.
    pub is_current: bool,
}

/// A search over the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Search {
    query: String,
    current: Option<u64>,
}

/// The log.
#[derive(Debug, Clone)]
pub struct LogView {
    lines: VecDeque<LogLine>,
    /// Number of the oldest line kept.
    first: u64,
    capacity: usize,
    /// The line at the bottom while held still; nothing while following.
    anchor: Option<u64>,
    search: Option<Search>,
}

/// The longest line kept, bytes: a runaway line must not take the scrollback's memory.
const LINE_BYTES: usize = 8 * 1024;

impl LogView {
    /// An empty log that keeps the last `capacity` lines; the oldest is dropped for a new one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { lines: VecDeque::new(), first: 0, capacity: capacity.max(1), anchor: None, search: None }
    }

    /// Adds a line at the end.
    pub fn push(&mut self, mut text: String, emphasis: Emphasis) {
        if text.len() > LINE_BYTES {
            let end = (0..=LINE_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
        if self.lines.len() == self.capacity {
            self.lines.pop_front();
            self.first += 1;
        }
        self.lines.push_back(LogLine { text, emphasis });
        if let Some(anchor) = &mut self.anchor {
            *anchor = (*anchor).max(self.first);
        }
    }

    /// Lines kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing was ever pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether new lines are followed.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.anchor.is_none()
    }

    /// Lines below the view while it is held still.
    #[must_use]
    pub fn lines_below(&self) -> u64 {
        self.anchor.map_or(0, |anchor| self.last().saturating_sub(anchor))
    }

    /// Follows new lines from now on.
    pub fn follow(&mut self) {
        self.anchor = None;
    }

    /// Holds the view still.
    pub fn hold(&mut self) {
        if self.anchor.is_none() && !self.is_empty() {
            self.anchor = Some(self.last());
        }
    }

    /// Moves the view by lines, down for positive; reaching the end by moving down follows again.
    pub fn scroll(&mut self, lines: i64, cells: usize, rows: usize) {
        if self.is_empty() {
            return;
        }
        let anchor = self.anchor.unwrap_or_else(|| self.last());
        let lowest = self.lowest_anchor(cells, rows);
        let moved = anchor.saturating_add_signed(lines).clamp(lowest, self.last());
        self.anchor = if lines > 0 && moved == self.last() { None } else { Some(moved) };
    }

    /// Goes to the oldest line.
    pub fn scroll_to_start(&mut self, cells: usize, rows: usize) {
        if !self.is_empty() {
            self.anchor = Some(self.lowest_anchor(cells, rows));
        }
    }

    /// Starts a search and goes to the last match at or above the view; an empty query ends the search.
    pub fn search(&mut self, query: &str) -> bool {
        if query.is_empty() {
            self.search = None;
            return false;
        }
        let bottom = self.anchor.unwrap_or_else(|| self.last());
        self.search = Some(Search { query: query.to_owned(), current: Some(bottom.saturating_add(1)) });
        self.search_previous()
    }

    /// What is searched for.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.search.as_ref().map(|search| search.query.as_str())
    }

    /// Goes to the nearest match above, round to the last; says whether there is one.
    pub fn search_previous(&mut self) -> bool {
        self.go_to_match(|current, found| {
            found.iter().rev().find(|n| **n < current).or(found.last()).copied()
        })
    }

    /// Goes to the nearest match below, round to the first; says whether there is one.
    pub fn search_next(&mut self) -> bool {
        self.go_to_match(|current, found| found.iter().find(|n| **n > current).or(found.first()).copied())
    }

    /// Which match of how many the search stands on, counted from 1; nothing without a match.
    #[must_use]
    pub fn search_place(&self) -> Option<(usize, usize)> {
        let search = self.search.as_ref()?;
        let found = self.numbers_matching(&search.query);
        let place = found.iter().position(|number| Some(*number) == search.current)?;
        Some((place + 1, found.len()))
    }

    fn go_to_match(&mut self, choose: impl Fn(u64, &[u64]) -> Option<u64>) -> bool {
        let Some(search) = &self.search else { return false };
        let found = self.numbers_matching(&search.query);
        let current = search.current.unwrap_or_else(|| self.last());
        let chosen = choose(current, &found);
        if let Some(search) = &mut self.search {
            search.current = chosen;
        }
        if chosen.is_some() {
            self.anchor = chosen;
        }
        chosen.is_some()
    }

    fn numbers_matching(&self, query: &str) -> Vec<u64> {
        (self.first..)
            .zip(&self.lines)
            .filter(|(_, line)| !find_all(&line.text, query).is_empty())
            .map(|(number, _)| number)
            .collect()
    }

    /// The rows to draw, top first; at most `rows`, and its cost does not depend on how many lines are kept.
    #[must_use]
    pub fn rows(&self, cells: usize, rows: usize) -> Vec<Row<'_>> {
        if self.is_empty() || rows == 0 {
            return Vec::new();
        }
        let bottom = self.anchor.unwrap_or_else(|| self.last()).max(self.lowest_anchor(cells, rows));
        let mut drawn: Vec<Row<'_>> = Vec::new();
        let mut number = bottom;
        loop {
            let mut parts = self.rows_of(number, cells);
            parts.reverse();
            drawn.extend(parts);
            if drawn.len() >= rows || number == self.first {
                break;
            }
            number -= 1;
        }
        drawn.truncate(rows);
        drawn.reverse();
        drawn
    }

    fn rows_of(&self, number: u64, cells: usize) -> Vec<Row<'_>> {
        let Some(line) = self.line(number) else { return Vec::new() };
        let found =
            self.search.as_ref().map(|search| find_all(&line.text, &search.query)).unwrap_or_default();
        let is_current = self.search.as_ref().is_some_and(|search| search.current == Some(number));
        let part = |range: Range<usize>| Row {
            number,
            text: &line.text[range.clone()],
            emphasis: line.emphasis,
            matches: found.iter().filter_map(|hit| overlap(hit, &range)).collect(),
            is_current,
        };
        pieces(&line.text, cells).into_iter().map(part).collect()
    }

    fn line(&self, number: u64) -> Option<&LogLine> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Number of the newest line.
    fn last(&self) -> u64 {
        (self.first + self.lines.len() as u64).saturating_sub(1)
    }

    /// The first line which, at the bottom, leaves no row empty above: scrolling further up would show nothing new.
    fn lowest_anchor(&self, cells: usize, rows: usize) -> u64 {
        let mut filled = 0;
        for (number, line) in (self.first..).zip(&self.lines) {
            filled += pieces(&line.text, cells).len();
            if filled >= rows {
                return number;
            }
        }
        self.last()
    }
}

/// The text in pieces of at most `cells`, as byte ranges; an empty text is one empty piece.
fn pieces(text: &str, cells: usize) -> Vec<Range<usize>> {
    if width(text) <= cells {
        return std::iter::once(0..text.len()).collect();
    }
    let (mut found, mut start, mut taken) = (Vec::new(), 0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let next = width(cluster);
        if taken + next > cells && at > start {
            found.push(start..at);
            (start, taken) = (at, 0);
        }
        taken += next;
    }
    found.push(start..text.len());
    found
}

/// Where the query stands in the text, whatever the case of its letters; matches do not overlap.
fn find_all(text: &str, query: &str) -> Vec<Range<usize>> {
    let wanted: Vec<char> = query.chars().flat_map(char::to_lowercase).collect();
    let mut found = Vec::new();
    let mut next_free = 0;
    for (start, _) in text.char_indices() {
        if start >= next_free
            && let Some(end) = end_of_match(&text[start..], &wanted)
        {
            next_free = start + end;
            found.push(start..next_free);
        }
    }
    found
}

/// Where the match that begins with the text ends, if one does.
fn end_of_match(text: &str, wanted: &[char]) -> Option<usize> {
    let mut left = wanted.iter();
    for (at, character) in text.char_indices() {
        for folded in character.to_lowercase() {
            match left.next() {
                Some(wanted) if *wanted == folded => {}
                _ => return None,
            }
        }
        if left.as_slice().is_empty() {
            return Some(at + character.len_utf8());
        }
    }
    None
}

/// The part of `hit` inside `part`, counted from the start of `part`.
fn overlap(hit: &Range<usize>, part: &Range<usize>) -> Option<Range<usize>> {
    let (start, end) = (hit.start.max(part.start), hit.end.min(part.end));
    (start < end).then(|| start - part.start..end - part.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(count: u32, capacity: usize) -> LogView {
        let mut log = LogView::new(capacity);
        for number in 0..count {
            log.push(format!("line {number}"), Emphasis::Plain);
        }
        log
    }

    fn texts(log: &LogView, cells: usize, rows: usize) -> Vec<&str> {
        log.rows(cells, rows).into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn following_shows_the_end_and_holding_stands_still() {
        let mut log = log(10, 100);
        assert_eq!(texts(&log, 20, 2), ["line 8", "line 9"]);
        log.scroll(-3, 20, 2);
        log.push("new".to_owned(), Emphasis::Plain);
        assert_eq!(texts(&log, 20, 2), ["line 5", "line 6"]);
        assert_eq!(log.lines_below(), 4);
        log.scroll(99, 20, 2);
        assert!(log.is_following());
        log.scroll_to_start(20, 3);
        assert_eq!(texts(&log, 20, 3), ["line 0", "line 1", "line 2"]);
        log.scroll(-5, 20, 3);
        log.scroll(1, 20, 3);
        assert_eq!(texts(&log, 20, 3), ["line 1", "line 2", "line 3"]);
    }

    #[test]
    fn scrollback_is_bounded_and_a_held_view_follows_the_oldest_line() {
        let mut log = log(5, 5);
        log.scroll_to_start(20, 2);
        for number in 5..50 {
            log.push(format!("line {number}"), Emphasis::Plain);
        }
        assert_eq!(log.len(), 5);
        assert_eq!(texts(&log, 20, 2), ["line 45", "line 46"]);
    }

    #[test]
    fn long_lines_wrap_and_search_marks_every_part() {
        let mut log = log(3, 10);
        log.push("An ERROR in the error handler".to_owned(), Emphasis::Bad);
        log.push("fine".to_owned(), Emphasis::Plain);
        assert!(log.search("error"));
        let rows = log.rows(12, 3);
        assert_eq!(rows[0].text, "An ERROR in ");
        assert_eq!(rows[0].matches.first(), Some(&(3..8)));
        assert_eq!(rows[1].matches.first(), Some(&(4..9)));
        assert!(rows[0].is_current);
        assert_eq!(log.search_place(), Some((1, 1)));
        assert!(!log.search("nowhere"));
    }

    #[test]
    fn next_and_previous_go_round() {
        let mut log = log(30, 100);
        assert!(log.search("line 1"));
        assert_eq!(log.search_place(), Some((11, 11)));
        log.search_next();
        assert_eq!(log.search_place(), Some((1, 11)));
        log.search_previous();
        log.search_previous();
        assert_eq!(log.search_place(), Some((10, 11)));
        assert!(!log.is_following());
    }

    proptest! {
        #[test]
        fn any_text_at_any_size_is_drawn_inside(
            lines in prop::collection::vec(any::<String>(), 0..12),
            cells in 0_usize..20,
            rows in 0_usize..8,
            moves in prop::collection::vec(-5_i64..5, 0..8),
            query in "[a-z\u{e4}]{0,2}",
        ) {
            let mut log = LogView::new(6);
            for line in lines {
                log.push(line, Emphasis::Plain);
            }
            log.search(&query);
            for lines in moves {
                log.scroll(lines, cells, rows);
                prop_assert!(log.rows(cells, rows).len() <= rows);
            }
        }
    }
}
