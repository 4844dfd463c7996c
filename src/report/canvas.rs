//! A page as a list of things drawn on it, in points: the SVG and the PDF writer draw the same list.

use super::font::{self, Weight};

/// An opaque colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

/// Text.
pub const INK: Colour = Colour(0x1c, 0x26, 0x33);
/// Text of less weight.
pub const MUTED: Colour = Colour(0x5a, 0x66, 0x75);
/// Lines between rows.
pub const RULE: Colour = Colour(0xd6, 0xdc, 0xe2);
/// Behind heads and tiles.
pub const PANEL: Colour = Colour(0xf2, 0xf5, 0xf8);
/// What was not watched.
pub const GAP: Colour = Colour(0xe2, 0xe5, 0xe9);
/// The site's line, bars in tables.
pub const ACCENT: Colour = Colour(0x12, 0x35, 0x5b);
/// Bars in tables.
pub const BAR: Colour = Colour(0x9d, 0xb9, 0xd6);
/// What must be seen.
pub const ALARM: Colour = Colour(0xb9, 0x2d, 0x0e);
/// Paper.
pub const WHITE: Colour = Colour(0xff, 0xff, 0xff);

/// Series of a chart: apart in lightness, so that grey print and every eye tells them from each other.
pub const SERIES: [Colour; 6] = [
    Colour(0x12, 0x35, 0x5b),
    Colour(0xf2, 0xb8, 0x4b),
    Colour(0xb9, 0x48, 0x0e),
    Colour(0x4b, 0x9c, 0xd3),
    Colour(0xe6, 0xdf, 0xf0),
    Colour(0x8a, 0x6f, 0xb0),
];

/// On which side of its x a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It ends there.
    End,
}

/// One thing drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A line of text; `y` is its baseline.
    Text {
        /// Left or right end, by `anchor`.
        x: f32,
        /// Baseline.
        y: f32,
        /// Points.
        size: f32,
        /// How heavy.
        weight: Weight,
        /// Its colour.
        colour: Colour,
        /// Which end `x` is.
        anchor: Anchor,
        /// What it says.
        text: String,
    },
    /// A filled rectangle.
    Area {
        /// Left.
        x: f32,
        /// Top.
        y: f32,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// Its colour.
        colour: Colour,
    },
    /// A chart: an SVG document of its own.
    Chart {
        /// Left.
        x: f32,
        /// Top.
        y: f32,
        /// Width on the page.
        width: f32,
        /// Height on the page.
        height: f32,
        /// The document.
        svg: String,
    },
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Points.
    pub size: f32,
    /// How heavy.
    pub weight: Weight,
    /// Its colour.
    pub colour: Colour,
}

impl Type {
    /// Regular text.
    pub const fn plain(size: f32, colour: Colour) -> Self {
        Self { size, weight: Weight::Regular, colour }
    }

    /// Heavier text.
    pub const fn strong(size: f32, colour: Colour) -> Self {
        Self { size, weight: Weight::Semibold, colour }
    }

    /// How wide a text of this type is.
    pub fn width(self, text: &str) -> f32 {
        font::width(text, self.size, self.weight)
    }

    /// The text as far as it fits.
    pub fn fit(self, text: &str, room: f32) -> String {
        font::fit(text, room, self.size, self.weight)
    }

    /// The text in at most `most` lines; the last one says where more was.
    pub fn wrap_most(self, text: &str, room: f32, most: usize) -> Vec<String> {
        if most <= 1 || self.width(text) <= room {
            return vec![self.fit(text, room)];
        }
        let mut lines = self.wrap(text, room);
        if lines.len() > most {
            let rest = lines.split_off(most - 1).join(" ");
            lines.push(self.fit(&rest, room));
        }
        lines
    }

    /// The text in lines.
    pub fn wrap(self, text: &str, room: f32) -> Vec<String> {
        font::wrap(text, room, self.size, self.weight)
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Points.
    pub width: f32,
    /// Points.
    pub height: f32,
    /// What is drawn, in this order.
    pub marks: Vec<Mark>,
    /// Sections that begin here, for the PDF's outline: title and height on the page.
    pub sections: Vec<(String, f32)>,
}

impl Page {
    /// An empty page.
    pub fn new(width: f32, height: f32) -> Self {
        Self { width, height, marks: Vec::new(), sections: Vec::new() }
    }

    /// Text that begins at `x`.
    pub fn text(&mut self, x: f32, y: f32, of: Type, text: impl Into<String>) {
        self.place(x, y, of, Anchor::Start, text.into());
    }

    /// Text that ends at `x`.
    pub fn text_to(&mut self, x: f32, y: f32, of: Type, text: impl Into<String>) {
        self.place(x, y, of, Anchor::End, text.into());
    }

    fn place(&mut self, x: f32, y: f32, of: Type, anchor: Anchor, text: String) {
        if !text.is_empty() {
            let Type { size, weight, colour } = of;
            self.marks.push(Mark::Text { x, y, size, weight, colour, anchor, text });
        }
    }

    /// A filled rectangle; nothing where it has no area.
    pub fn area(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), colour: Colour) {
        if width > 0.0 && height > 0.0 {
            self.marks.push(Mark::Area { x, y, width, height, colour });
        }
    }

    /// A chart.
    pub fn chart(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), svg: String) {
        self.marks.push(Mark::Chart { x, y, width, height, svg });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness as a grey printer sees it (ITU-R BT.709), 0 to 255.
    fn grey(Colour(red, green, blue): Colour) -> u32 {
        (u32::from(red) * 2126 + u32::from(green) * 7152 + u32::from(blue) * 722) / 10_000
    }

    #[test]
    fn series_differ_in_grey_too() {
        let mut greys = SERIES.map(grey);
        greys.sort_unstable();
        assert!(greys.windows(2).all(|pair| pair[1] - pair[0] >= 20), "{greys:?}");
        assert!(greys[5] < grey(WHITE) - 20, "the lightest is not paper");
    }
}
