//! A line on a grid of cells: braille dots, two across and four down in each cell, or three heights of an ASCII sign.

/// First of the 256 braille signs; the eight low bits are its dots.
const BRAILLE: u32 = 0x2800;

/// The bit of each dot: across, then down.
const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// ASCII heights within a cell, highest first, and what joins cells that are farther apart.
const HEIGHTS: [char; 3] = ['\'', '-', '.'];
const JOIN: char = '|';

/// The grid.
pub(super) struct Canvas {
    columns: usize,
    rows: usize,
    has_dots: bool,
    cells: Vec<u32>,
    /// The height of the line in the column before.
    before: Option<usize>,
}

impl Canvas {
    /// An empty one of this many cells.
    pub(super) fn new(columns: usize, rows: usize, has_dots: bool) -> Self {
        Self { columns, rows, has_dots, cells: vec![0; columns * rows], before: None }
    }

    /// How many places there are across and down.
    pub(super) fn dots(&self) -> (usize, usize) {
        if self.has_dots {
            (self.columns * 2, self.rows * 4)
        } else {
            (self.columns, self.rows * HEIGHTS.len())
        }
    }

    /// Draws the line on to this height (0 is the top) at place `x`; nothing lifts the pen. Places come in their order.
    pub(super) fn to(&mut self, x: usize, height: Option<usize>) {
        let before = std::mem::replace(&mut self.before, height);
        let Some(height) = height else { return };
        let (from, to) = match before {
            Some(before) if before < height => (before + 1, height),
            Some(before) if before > height => (height, before - 1),
            _ => (height, height),
        };
        for y in from..=to {
            if self.has_dots {
                self.cells[y / 4 * self.columns + x / 2] |= BITS[x % 2][y % 4];
            } else {
                let cell = &mut self.cells[y / HEIGHTS.len() * self.columns + x];
                let sign = HEIGHTS[y % HEIGHTS.len()];
                *cell = if *cell == 0 { u32::from(sign) } else { u32::from(JOIN) };
            }
        }
    }

    /// The rows as text, one sign for each cell.
    pub(super) fn rows(&self) -> Vec<String> {
        let sign = |cell: &u32| match (*cell, self.has_dots) {
            (0, _) => ' ',
            (bits, true) => char::from_u32(BRAILLE + bits).unwrap_or(' '),
            (sign, false) => char::from_u32(sign).unwrap_or(' '),
        };
        self.cells.chunks(self.columns.max(1)).map(|row| row.iter().map(sign).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(has_dots: bool, heights: &[Option<usize>]) -> Vec<String> {
        let mut canvas = Canvas::new(heights.len() / if has_dots { 2 } else { 1 }, 2, has_dots);
        for (x, height) in heights.iter().enumerate() {
            canvas.to(x, *height);
        }
        canvas.rows()
    }

    #[test]
    fn a_line_is_joined_and_a_gap_is_empty() {
        assert_eq!(drawn(true, &[Some(0), Some(7), None, None, Some(7), Some(7)]), ["⢱  ", "⢸ ⣀"]);
        assert_eq!(drawn(false, &[Some(0), Some(5), None, Some(4)]), ["'|  ", " | -"]);
    }
}
