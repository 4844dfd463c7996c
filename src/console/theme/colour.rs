//! Colours: reading them, lowering them to what a terminal can do, and how well they stand out.

use ratatui::style::Color;

use super::ColourDepth;

/// Reads a colour: `default`, a name, `#rrggbb`, an index. An empty text is the terminal's own.
#[must_use]
pub fn colour_of(text: &str) -> Option<Color> {
    match text {
        "" | "default" => Some(Color::Reset),
        other => other.parse().ok(),
    }
}

/// The nearest colour that the terminal can show.
#[must_use]
pub fn lower(colour: Color, depth: ColourDepth) -> Color {
    match (depth, colour) {
        (ColourDepth::None, _) => Color::Reset,
        (ColourDepth::TwoHundredFiftySix, Color::Rgb(r, g, b)) => Color::Indexed(nearest_of_256([r, g, b])),
        (ColourDepth::Sixteen, Color::Rgb(r, g, b)) => nearest_of_16([r, g, b]),
        (ColourDepth::Sixteen, Color::Indexed(index)) => nearest_of_16(rgb_of_256(index)),
        (_, colour) => colour,
    }
}

/// The levels of xterm's 6×6×6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Usual colours of the sixteen (xterm's defaults); terminals differ, so this is a guess by nature.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 92, 92]),
    (Color::LightGreen, [92, 255, 92]),
    (Color::LightYellow, [255, 255, 92]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 92, 255]),
    (Color::LightCyan, [92, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The distance of two colours, squared, weighted as eyes weigh them.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    [2, 4, 3]
        .iter()
        .zip(one.iter().zip(other))
        .map(|(weight, (a, b))| weight * u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

/// The colour behind an index of the 256.
fn rgb_of_256(index: u8) -> [u8; 3] {
    match index {
        0..=15 => SIXTEEN[usize::from(index)].1,
        16..=231 => {
            let cube = usize::from(index - 16);
            [CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6]]
        }
        232.. => [8 + (index - 232) * 10; 3],
    }
}

/// The nearest of xterm's cube and greys; the first sixteen are left to the terminal's palette.
fn nearest_of_256(colour: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|index| distance(colour, rgb_of_256(*index))).unwrap_or(16)
}

/// The nearest of the sixteen.
fn nearest_of_16(colour: [u8; 3]) -> Color {
    SIXTEEN.iter().min_by_key(|(_, rgb)| distance(colour, *rgb)).map_or(Color::Reset, |(name, _)| *name)
}

/// Least contrast of text that must be read: WCAG 2.1 §1.4.3, level AA.
const LEAST_CONTRAST: f64 = 4.5;

/// The same where a colour is one of the sixteen, which each terminal chooses itself: only what is hopeless is refused
/// (the standard's level for large text).
const LEAST_CONTRAST_OF_NAMED: f64 = 3.0;

/// Whether text in this colour can be read on this ground. Where one of them is the terminal's own, nobody knows: yes.
#[must_use]
pub fn is_readable(text: Color, ground: Color) -> bool {
    let is_exact = |colour| matches!(colour, Color::Rgb(..) | Color::Indexed(16..));
    let least = if is_exact(text) && is_exact(ground) { LEAST_CONTRAST } else { LEAST_CONTRAST_OF_NAMED };
    match (rgb_of(text), rgb_of(ground)) {
        (Some(text), Some(ground)) => contrast(text, ground) >= least,
        _ => true,
    }
}

/// What a colour usually looks like; nothing for the terminal's own.
fn rgb_of(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index) => Some(rgb_of_256(index)),
        named => SIXTEEN.iter().find(|(name, _)| *name == named).map(|(_, rgb)| *rgb),
    }
}

/// The contrast of two colours, 1 to 21, as WCAG 2.1 defines it.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of an sRGB colour.
fn luminance(colour: [u8; 3]) -> f64 {
    let linear = |level: u8| {
        let level = f64::from(level) / 255.0;
        if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_lowered_to_what_the_terminal_can_do() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(lower(orange, ColourDepth::True), orange);
        assert_eq!(lower(orange, ColourDepth::TwoHundredFiftySix), Color::Indexed(208));
        assert_eq!(lower(Color::Rgb(250, 80, 80), ColourDepth::Sixteen), Color::LightRed);
        assert_eq!(lower(orange, ColourDepth::None), Color::Reset);
    }

    #[test]
    fn contrast_is_what_the_standard_says() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.001);
        assert!((contrast([119; 3], [255; 3]) - 4.48).abs() < 0.01, "#777 on white is known to just miss");
        assert!(!is_readable(Color::Yellow, Color::White));
        assert!(is_readable(Color::Reset, Color::White));
    }
}
