//! The screen: what the terminal shows, and the fewest bytes that make it show something else.
//!
//! `front` is what the terminal shows. A frame clears the dirty areas of `back`, has them drawn, compares only those
//! with `front`, and hands out one run of bytes. What is drawn outside the dirty areas is never looked at. A full
//! frame costs by the cell; a moved selection costs two short rows.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

use super::component::{Dirty, Scrolled};
use super::encoder::{Encoder, cells_of, is_erased, looks_same};

/// Frames from this size on are wrapped in synchronised output, where it may be used: smaller ones arrive in one
/// packet and cannot be seen half done, and some versions of tmux resend the whole pane for each wrapped frame.
const SYNCHRONISE_FROM_BYTES: usize = 2048;

/// The largest screen that is drawn, in cells; beyond it, the rest stays empty. 1000 × 250 is a wall of monitors.
const LARGEST_SIDE: u16 = 1000;

/// What the terminal shows, and how to change it.
#[derive(Debug)]
pub struct Screen {
    front: Buffer,
    back: Buffer,
    encoder: Encoder,
    is_cleared: bool,
    cursor: Option<Position>,
    is_cursor_known: bool,
    can_synchronise: bool,
}

impl Screen {
    /// A screen of this size whose content is not known yet.
    #[must_use]
    pub fn new(width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width.min(LARGEST_SIDE), height.min(LARGEST_SIDE));
        Self {
            front: Buffer::empty(area),
            back: Buffer::empty(area),
            encoder: Encoder::new(),
            is_cleared: false,
            cursor: None,
            is_cursor_known: false,
            can_synchronise: false,
        }
    }

    /// The whole screen.
    #[must_use]
    pub fn area(&self) -> Rect {
        self.front.area
    }

    /// Takes a new size; the next frame draws everything.
    pub fn resize(&mut self, width: u16, height: u16) {
        let can_synchronise = self.can_synchronise;
        *self = Self::new(width, height);
        self.can_synchronise = can_synchronise;
    }

    /// Forgets what the terminal shows: somebody else wrote to it. The next frame draws everything.
    pub fn forget(&mut self) {
        self.is_cleared = false;
        self.is_cursor_known = false;
        self.encoder.forget();
    }

    /// Allows or forbids synchronised output.
    pub fn set_synchronised(&mut self, is_allowed: bool) {
        self.can_synchronise = is_allowed;
    }

    /// Whether the next frame draws everything.
    #[must_use]
    pub fn needs_everything(&self) -> bool {
        !self.is_cleared
    }

    /// Makes a frame: `draw` must draw at least everything inside the areas it is given. Returns the bytes to write,
    /// none when nothing looks different.
    pub fn frame(
        &mut self,
        dirty: Dirty,
        cursor: Option<Position>,
        draw: impl FnOnce(&mut Buffer, &[Rect]),
    ) -> &[u8] {
        self.encoder.begin(self.front.area.width);
        let mut areas = dirty.areas;
        if self.is_cleared {
            if let Some(scrolled) = dirty.scrolled {
                areas.extend(self.scroll(scrolled));
            }
        } else {
            self.encoder.forget();
            self.encoder.clear_screen();
            self.front.reset();
            self.is_cleared = true;
            areas = vec![self.front.area];
        }
        let areas = self.settle(areas);
        for area in &areas {
            for y in area.top()..area.bottom() {
                let row = row_range(&self.back, *area, y);
                self.back.content[row].fill(Cell::EMPTY);
            }
        }
        if !areas.is_empty() {
            draw(&mut self.back, &areas);
        }
        for area in &areas {
            for y in area.top()..area.bottom() {
                self.compare_row(area.left(), area.right(), y);
            }
        }
        self.place_cursor(cursor);
        if self.can_synchronise && self.encoder.bytes().len() >= SYNCHRONISE_FROM_BYTES {
            self.encoder.synchronise();
        }
        self.encoder.bytes()
    }

    /// Takes memory back after a large frame.
    pub fn shrink(&mut self) {
        self.encoder.shrink();
    }

    /// What the terminal shows, for tests.
    #[must_use]
    pub fn shown(&self) -> &Buffer {
        &self.front
    }

    /// Moves rows where the terminal can do it (whole rows only); returns areas to draw where it cannot.
    fn scroll(&mut self, scrolled: Scrolled) -> Option<Rect> {
        let area = scrolled.area.intersection(self.front.area);
        let rows = scrolled.rows.unsigned_abs();
        if area.is_empty() || rows == 0 {
            return None;
        }
        let is_whole = area == scrolled.area && area.x == 0 && area.width == self.front.area.width;
        if !is_whole || rows >= area.height {
            return Some(area);
        }
        self.encoder.scroll(area.top(), area.bottom() - 1, scrolled.rows);
        let all = row_range(&self.front, area, area.top()).start
            ..row_range(&self.front, area, area.bottom() - 1).end;
        let cells = usize::from(rows) * usize::from(area.width);
        let content = &mut self.front.content[all];
        let kept = content.len() - cells;
        if scrolled.rows > 0 {
            content.rotate_left(cells);
            content[kept..].fill(Cell::EMPTY);
        } else {
            content.rotate_right(cells);
            content[..cells].fill(Cell::EMPTY);
        }
        None
    }

    /// Cuts areas to the screen, widens those that begin in the middle of a wide character, and orders them.
    fn settle(&self, areas: Vec<Rect>) -> Vec<Rect> {
        let mut settled: Vec<Rect> = areas
            .into_iter()
            .map(|area| area.intersection(self.front.area))
            .filter(|area| !area.is_empty())
            .map(|area| self.widened(area))
            .collect();
        settled.sort_unstable_by_key(|area| (area.y, area.x));
        settled
    }

    fn widened(&self, area: Rect) -> Rect {
        let begins_inside = |y| area.x > 0 && cells_of(self.front[(area.x - 1, y)].symbol()) > 1;
        if (area.top()..area.bottom()).any(begins_inside) {
            Rect { x: area.x - 1, width: area.width + 1, ..area }
        } else {
            area
        }
    }

    /// Compares the cells `left..right` of a row, writes those that look different, and remembers them.
    fn compare_row(&mut self, left: u16, right: u16, y: u16) {
        let start = self.front.index_of(0, y);
        let width = usize::from(self.front.area.width);
        let front = &mut self.front.content[start..start + width];
        let back = &self.back.content[start..start + width];
        let erased_from = erased_from(back, right);
        let mut x = left;
        let mut forced_until = left;
        let mut written_to = None;
        while x < right {
            let at = usize::from(x);
            if Some(x) == erased_from && !front[at..].iter().all(is_erased) {
                self.encoder.erase_to_end(x, y);
                front[at..].fill(Cell::EMPTY);
                return;
            }
            if let Some(run) = erasable_run(&front[at..usize::from(right)], &back[at..usize::from(right)]) {
                self.encoder.erase_cells(x, y, run);
                front[at..at + usize::from(run)].fill(Cell::EMPTY);
                x += run;
                // A wide character may have been cut in two at the end of the run.
                forced_until = forced_until.max(x + 1);
                continue;
            }
            let cells = cells_of(back[at].symbol());
            let is_forced = x < forced_until;
            if is_forced || !looks_same(&front[at], &back[at]) {
                let old_cells = cells_of(front[at].symbol());
                let covered = front.get(at + 1).map_or(1, |cell| 1 + cells_of(cell.symbol()));
                forced_until = forced_until.max(x + old_cells).max(if cells > 1 { x + covered } else { 0 });
                if let Some(from) = written_to {
                    bridge(&mut self.encoder, back, from, x, y);
                }
                self.encoder.put(x, y, &back[at]);
                written_to = Some(x + cells);
            }
            front[at] = back[at].clone();
            if cells > 1 && at + 1 < width {
                front[at + 1] = Cell::EMPTY; // hidden below the wide character
            }
            x += cells;
        }
    }

    fn place_cursor(&mut self, cursor: Option<Position>) {
        let cursor = cursor.filter(|at| self.front.area.contains(*at));
        let is_written = !self.encoder.bytes().is_empty();
        match cursor {
            Some(at) if is_written || cursor != self.cursor || !self.is_cursor_known => {
                self.encoder.show_cursor(at.x, at.y);
            }
            None if self.cursor.is_some() || !self.is_cursor_known => self.encoder.hide_cursor(),
            _ => {}
        }
        self.cursor = cursor;
        self.is_cursor_known = true;
    }
}

/// Where the erased end of a row begins, if it pays to erase it: it reaches the screen's edge inside the area.
fn erased_from(row: &[Cell], right: u16) -> Option<u16> {
    if usize::from(right) != row.len() {
        return None;
    }
    let tail = row.iter().rev().take_while(|cell| is_erased(cell)).count();
    let from = u16::try_from(row.len() - tail).ok()?;
    (tail > 3).then_some(from)
}

/// Cells from here on that are erased by one short sequence, if that is shorter than writing the changed ones.
fn erasable_run(front: &[Cell], back: &[Cell]) -> Option<u16> {
    if looks_same(front.first()?, back.first()?) {
        return None;
    }
    let run = back.iter().take_while(|cell| is_erased(cell)).count();
    let changed = front.iter().take(run).filter(|cell| !is_erased(cell)).count();
    // `CSI nn X` is five bytes.
    if changed > 5 { u16::try_from(run).ok() } else { None }
}

/// Writes the few unchanged cells between two changed ones again where that is shorter than jumping.
fn bridge(encoder: &mut Encoder, row: &[Cell], from: u16, to: u16, y: u16) {
    let between = &row[usize::from(from.min(to))..usize::from(to)];
    if !between.is_empty() && encoder.is_bridge(between) {
        for (x, cell) in (from..to).zip(between) {
            encoder.put(x, y, cell);
        }
    }
}

/// The indexes of an area's cells in one row.
fn row_range(buffer: &Buffer, area: Rect, y: u16) -> std::ops::Range<usize> {
    let start = buffer.index_of(area.x, y);
    start..start + usize::from(area.width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::{Color, Modifier, Style};

    /// A terminal to compare with: vt100 reads the bytes.
    fn terminal(width: u16, height: u16) -> vt100::Parser {
        vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0)
    }

    fn text_of(parser: &vt100::Parser) -> Vec<String> {
        parser.screen().contents().lines().map(|row| row.trim_end().to_owned()).collect()
    }

    fn draw_lines(lines: &[(String, Style)]) -> impl FnOnce(&mut Buffer, &[Rect]) + '_ {
        move |buffer, _| {
            for (y, (line, style)) in (0..buffer.area.height).zip(lines) {
                buffer.set_stringn(0, y, line, usize::from(buffer.area.width), *style);
            }
        }
    }

    #[test]
    fn nothing_new_writes_nothing() {
        let mut screen = Screen::new(20, 5);
        let lines = vec![("hello".to_owned(), Style::new())];
        assert!(!screen.frame(Dirty::nothing(), None, draw_lines(&lines)).is_empty());
        let area = screen.area();
        assert_eq!(screen.frame(Dirty::area(area), None, draw_lines(&lines)), b"");
        assert_eq!(screen.frame(Dirty::nothing(), None, |_, _| panic!("nothing is dirty")), b"");
    }

    #[test]
    fn what_is_drawn_outside_the_dirty_areas_is_not_looked_at() {
        let mut screen = Screen::new(10, 2);
        screen.frame(Dirty::nothing(), None, |_, _| {});
        let bytes = screen.frame(Dirty::area(Rect::new(0, 0, 10, 1)), None, |buffer, _| {
            buffer.set_string(0, 0, "a", Style::new());
            buffer.set_string(0, 1, "b", Style::new());
        });
        assert_eq!(bytes, b"\x1b[Ha");
    }

    #[test]
    fn a_scrolled_row_costs_one_row() {
        let lines: Vec<_> = (0..20).map(|n| (format!("{n:=<60}"), Style::new())).collect();
        let mut screen = Screen::new(80, 10);
        let mut shown = terminal(80, 10);
        shown.process(screen.frame(Dirty::nothing(), None, draw_lines(&lines)));
        let mut dirty = Dirty::area(Rect::new(0, 9, 80, 1));
        dirty.scrolled = Some(Scrolled { area: Rect::new(0, 0, 80, 10), rows: 1 });
        let bytes = screen.frame(dirty, None, draw_lines(&lines[1..]));
        assert!(bytes.len() < 90, "{} bytes", bytes.len());
        shown.process(bytes);
        let wanted: Vec<_> = lines[1..11].iter().map(|(line, _)| line.clone()).collect();
        assert_eq!(text_of(&shown), wanted);
    }

    #[test]
    fn large_frames_are_synchronised_where_allowed() {
        let lines: Vec<_> = (0..50).map(|n| (format!("{n:=<150}"), Style::new())).collect();
        let mut screen = Screen::new(200, 50);
        screen.set_synchronised(true);
        let bytes = screen.frame(Dirty::nothing(), None, draw_lines(&lines));
        assert!(bytes.starts_with(b"\x1b[?2026h") && bytes.ends_with(b"\x1b[?2026l"));
        let bytes = screen.frame(Dirty::area(Rect::new(0, 0, 200, 1)), None, |buffer, _| {
            buffer.set_string(0, 0, "small", Style::new());
        });
        assert!(!bytes.starts_with(b"\x1b[?2026h"));
    }

    #[test]
    fn no_size_panics() {
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1), (u16::MAX, u16::MAX)] {
            let mut screen = Screen::new(width, height);
            screen.frame(Dirty::area(Rect::new(3, 3, 9, 9)), Some(Position::new(4, 4)), |_, _| {});
        }
    }

    fn any_line() -> impl Strategy<Value = (String, Style)> {
        let text = proptest::collection::vec(
            proptest::sample::select(vec!["a", "b", " ", " ", "漢", "é", "▌", "xyz", "    "]),
            0..14,
        );
        let style = proptest::sample::select(vec![
            Style::new(),
            Style::new().fg(Color::Red),
            Style::new().bg(Color::Blue).add_modifier(Modifier::BOLD),
            Style::new().add_modifier(Modifier::REVERSED),
            Style::new().add_modifier(Modifier::UNDERLINED),
            Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::DIM),
        ]);
        (text.prop_map(|parts| parts.concat()), style)
    }

    proptest! {
        /// Whatever was shown before, the terminal shows what a fresh one would show after a whole frame.
        #[test]
        fn frames_add_up_to_what_was_drawn(
            frames in proptest::collection::vec(
                (proptest::collection::vec(any_line(), 6), proptest::option::of((-3_i16..=3, 0_u16..6))), 1..6),
        ) {
            let mut screen = Screen::new(16, 6);
            let mut shown = terminal(16, 6);
            for (lines, scrolled) in &frames {
                let mut dirty = Dirty::area(screen.area());
                if let Some((rows, y)) = scrolled {
                    let area = Rect::new(0, *y, 16, 6 - *y);
                    dirty.scrolled = Some(Scrolled { area, rows: *rows });
                }
                shown.process(screen.frame(dirty, None, draw_lines(lines)));
                let mut fresh = terminal(16, 6);
                fresh.process(Screen::new(16, 6).frame(Dirty::nothing(), None, draw_lines(lines)));
                for y in 0..6 {
                    for x in 0..16 {
                        let (one, two) = (shown.screen().cell(y, x).unwrap(), fresh.screen().cell(y, x).unwrap());
                        let look = |cell: &vt100::Cell| {
                            let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
                            let is_seen = text != " " || cell.inverse() || cell.underline();
                            let ink = is_seen.then(|| (cell.fgcolor(), cell.bold(), cell.dim()));
                            (text, cell.bgcolor(), cell.inverse(), cell.underline(), ink)
                        };
                        prop_assert_eq!(look(one), look(two), "cell {},{}", x, y);
                    }
                }
            }
        }
    }
}
