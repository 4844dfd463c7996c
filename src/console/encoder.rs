//! Cells to terminal bytes: the shortest cursor moves and style changes that are safe everywhere.
//!
//! Knows where the cursor stands and which style is set, and forgets both when it cannot be sure.

use std::io::Write;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// Modifiers that are seen on a blank cell.
const SEEN_ON_BLANKS: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// Each modifier with the code that sets it and the code that takes it away.
const MODIFIERS: [(Modifier, u8, u8); 7] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// The style that the terminal writes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether the cell looks the same written with this pen.
    fn suits(self, cell: &Cell) -> bool {
        if is_blank(cell) {
            self.bg == cell.bg && !self.modifier.intersects(SEEN_ON_BLANKS)
        } else {
            self == Self::of(cell)
        }
    }
}

/// Whether nothing but its ground is seen of a cell.
fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(SEEN_ON_BLANKS)
}

/// Whether the cell is what an erased one is.
pub(super) fn is_erased(cell: &Cell) -> bool {
    is_blank(cell) && cell.bg == Color::Reset
}

/// Whether two cells look the same.
pub(super) fn looks_same(one: &Cell, other: &Cell) -> bool {
    if is_blank(one) && is_blank(other) {
        return one.bg == other.bg;
    }
    one.symbol() == other.symbol()
        && one.fg == other.fg
        && one.bg == other.bg
        && one.modifier == other.modifier
}

/// The cells that a symbol covers.
pub(super) fn cells_of(symbol: &str) -> u16 {
    if symbol.len() == 1 {
        return 1;
    }
    u16::try_from(symbol.width()).unwrap_or(1).clamp(1, 2)
}

/// Whether every terminal agrees on the width of a symbol; after others the cursor is placed anew.
fn is_width_certain(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    match (characters.next(), characters.next()) {
        // ASCII, Latin, and the arrows, lines, blocks and shapes of our own glyphs.
        (Some(character), None) => {
            matches!(u32::from(character), 0x20..=0x24f | 0x2010..=0x25ff | 0x2713..=0x2717)
        }
        _ => false,
    }
}

/// Builds the bytes of frames.
#[derive(Debug)]
pub(super) struct Encoder {
    out: Vec<u8>,
    pen: Option<Pen>,
    cursor: Option<(u16, u16)>,
    width: u16,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { out: Vec::with_capacity(16 * 1024), pen: None, cursor: None, width: 0 }
    }

    /// Starts a frame on a screen of this width.
    pub(super) fn begin(&mut self, width: u16) {
        self.out.clear();
        self.width = width;
    }

    /// Forgets what the terminal's state is: somebody else wrote to it.
    pub(super) fn forget(&mut self) {
        self.pen = None;
        self.cursor = None;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Puts the frame between the marks of synchronised output.
    pub(super) fn synchronise(&mut self) {
        self.out.splice(0..0, *b"\x1b[?2026h");
        self.out.extend_from_slice(b"\x1b[?2026l");
    }

    /// Takes memory back that one large frame needed.
    pub(super) fn shrink(&mut self) {
        self.out.shrink_to(16 * 1024);
    }

    pub(super) fn clear_screen(&mut self) {
        self.set_pen(PLAIN);
        self.out.extend_from_slice(b"\x1b[2J");
    }

    pub(super) fn show_cursor(&mut self, x: u16, y: u16) {
        self.move_to(x, y);
        self.out.extend_from_slice(b"\x1b[?25h");
    }

    pub(super) fn hide_cursor(&mut self) {
        self.out.extend_from_slice(b"\x1b[?25l");
    }

    /// Moves the text of the rows `top..=bottom` up (or, negative, down); rows that come in are erased.
    pub(super) fn scroll(&mut self, top: u16, bottom: u16, rows: i16) {
        self.set_plain_ground(); // rows come in with it
        let direction = if rows > 0 { 'S' } else { 'T' };
        let count = rows.unsigned_abs();
        self.write(format_args!("\x1b[{};{}r", top + 1, bottom + 1));
        if count == 1 {
            self.write(format_args!("\x1b[{direction}"));
        } else {
            self.write(format_args!("\x1b[{count}{direction}"));
        }
        self.out.extend_from_slice(b"\x1b[r");
        self.cursor = Some((0, 0)); // setting margins puts it there
    }

    /// Writes one cell.
    pub(super) fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        self.move_to(x, y);
        if !self.pen.is_some_and(|pen| pen.suits(cell)) {
            self.set_pen(Pen::of(cell));
        }
        let symbol = cell.symbol();
        self.out.extend_from_slice(symbol.as_bytes());
        let next = x + cells_of(symbol);
        // Behind the last column terminals differ.
        self.cursor = (is_width_certain(symbol) && next < self.width).then_some((next, y));
    }

    /// Whether it is shorter to write these cells again than to jump over them.
    pub(super) fn is_bridge(&self, cells: &[Cell]) -> bool {
        cells.len() <= 3
            && cells
                .iter()
                .all(|cell| cell.symbol().len() == 1 && self.pen.is_some_and(|pen| pen.suits(cell)))
    }

    /// Erases from (x, y) to the end of the row.
    pub(super) fn erase_to_end(&mut self, x: u16, y: u16) {
        self.move_to(x, y);
        self.set_plain_ground();
        self.out.extend_from_slice(b"\x1b[K");
    }

    /// Erases cells from (x, y) on, without moving the cursor.
    pub(super) fn erase_cells(&mut self, x: u16, y: u16, cells: u16) {
        self.move_to(x, y);
        self.set_plain_ground();
        self.write(format_args!("\x1b[{cells}X"));
    }

    /// Sets a pen whose erased cells are plain: terminals differ in what else they erase with.
    fn set_plain_ground(&mut self) {
        let is_plain = |pen: Pen| pen.bg == Color::Reset && !pen.modifier.intersects(SEEN_ON_BLANKS);
        if !self.pen.is_some_and(is_plain) {
            self.set_pen(PLAIN);
        }
    }

    /// Moves the cursor in the fewest bytes.
    fn move_to(&mut self, x: u16, y: u16) {
        match self.cursor {
            Some(at) if at == (x, y) => return,
            Some((from, row)) if row == y && from < x => {
                let by = x - from;
                if by == 1 {
                    self.out.extend_from_slice(b"\x1b[C");
                } else {
                    self.write(format_args!("\x1b[{by}C"));
                }
            }
            _ if (x, y) == (0, 0) => self.out.extend_from_slice(b"\x1b[H"),
            _ if x == 0 => self.write(format_args!("\x1b[{}H", y + 1)),
            _ => self.write(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.cursor = Some((x, y));
    }

    /// Sets the pen: from nothing, or by the difference, whichever is shorter.
    fn set_pen(&mut self, wanted: Pen) {
        let whole = style_codes(PLAIN, wanted);
        let start = if whole.is_empty() { String::new() } else { format!("0;{whole}") };
        let codes = match self.pen {
            Some(pen) => {
                let change = style_codes(pen, wanted);
                if !change.is_empty() && change.len() < start.len().max(1) { change } else { start }
            }
            None => start,
        };
        self.write(format_args!("\x1b[{codes}m"));
        self.pen = Some(wanted);
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into memory does not fail.
        let _written = self.out.write_fmt(text);
    }
}

/// The codes that lead from one pen to another, joined by semicolons; empty when they are the same.
fn style_codes(from: Pen, to: Pen) -> String {
    let mut codes = Codes(String::new());
    let removed = from.modifier - to.modifier;
    let mut added = to.modifier - from.modifier;
    let weights = Modifier::BOLD | Modifier::DIM;
    if removed.intersects(weights) {
        added |= to.modifier & weights; // one code takes both away
    }
    let mut last = 0;
    for (modifier, _, off) in MODIFIERS {
        if removed.contains(modifier) && off != last {
            codes.add(format_args!("{off}"));
            last = off;
        }
    }
    for (modifier, on, _) in MODIFIERS {
        if added.contains(modifier) {
            codes.add(format_args!("{on}"));
        }
    }
    if from.fg != to.fg {
        codes.colour(to.fg, 30);
    }
    if from.bg != to.bg {
        codes.colour(to.bg, 40);
    }
    codes.0
}

struct Codes(String);

impl Codes {
    fn add(&mut self, code: std::fmt::Arguments<'_>) {
        use std::fmt::Write as _;
        if !self.0.is_empty() {
            self.0.push(';');
        }
        // Writing into memory does not fail.
        let _written = self.0.write_fmt(code);
    }

    /// The code of a colour; `base` is 30 for text and 40 for the ground.
    fn colour(&mut self, colour: Color, base: u8) {
        let named = match colour {
            Color::Reset => 9,
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 60,
            Color::LightRed => 61,
            Color::LightGreen => 62,
            Color::LightYellow => 63,
            Color::LightBlue => 64,
            Color::LightMagenta => 65,
            Color::LightCyan => 66,
            Color::White => 67,
            Color::Indexed(index) => return self.add(format_args!("{};5;{index}", base + 8)),
            Color::Rgb(r, g, b) => return self.add(format_args!("{};2;{r};{g};{b}", base + 8)),
        };
        self.add(format_args!("{}", base + named));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn pen(fg: Color, bg: Color, modifier: Modifier) -> Pen {
        Pen { fg, bg, modifier }
    }

    #[test]
    fn styles_change_by_the_shortest_codes() {
        let mut encoder = Encoder::new();
        encoder.begin(80);
        encoder.set_pen(pen(Color::Rgb(1, 2, 3), Color::Blue, Modifier::BOLD));
        encoder.set_pen(pen(Color::Rgb(1, 2, 3), Color::Reset, Modifier::BOLD));
        encoder.set_pen(pen(Color::Reset, Color::Reset, Modifier::DIM));
        encoder.set_pen(PLAIN);
        let text = String::from_utf8(encoder.bytes().to_vec()).unwrap();
        assert_eq!(text, "\u{1b}[0;1;38;2;1;2;3;44m\u{1b}[49m\u{1b}[0;2m\u{1b}[m");
    }

    #[test]
    fn the_cursor_moves_by_the_shortest_way_and_is_placed_anew_when_unsure() {
        let mut encoder = Encoder::new();
        encoder.begin(10);
        let mut cell = Cell::new("a");
        cell.set_style(Style::new());
        encoder.put(0, 2, &cell);
        encoder.put(1, 2, &cell);
        encoder.put(3, 2, &cell);
        encoder.put(9, 2, &cell);
        encoder.put(0, 3, &Cell::new("漢"));
        encoder.put(2, 3, &cell);
        let text = String::from_utf8(encoder.bytes().to_vec()).unwrap();
        assert_eq!(text, "\u{1b}[3H\u{1b}[maa\u{1b}[Ca\u{1b}[5Ca\u{1b}[4H漢\u{1b}[4;3Ha");
    }

    #[test]
    fn the_colour_of_a_blank_does_not_matter() {
        let mut red = Cell::new(" ");
        red.set_fg(Color::Red);
        assert!(looks_same(&red, &Cell::EMPTY));
        assert!(PLAIN.suits(&red));
        red.modifier = Modifier::REVERSED;
        assert!(!looks_same(&red, &Cell::EMPTY));
        assert!(!PLAIN.suits(&red));
    }
}
