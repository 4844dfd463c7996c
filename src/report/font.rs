//! The embedded font: its bytes, and how wide a text is in it.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

/// The family name inside the font files.
pub const FAMILY: &str = "Open Sans";

/// Open Sans Regular (`assets/fonts/README.md`).
pub const REGULAR: &[u8] = include_bytes!("../../assets/fonts/OpenSans-Regular.ttf");

/// Open Sans Semibold.
pub const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/OpenSans-Semibold.ttf");

/// What a text ends in where it does not fit.
const ELLIPSIS: char = '…';

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Body text.
    Regular,
    /// Heads and sums.
    Semibold,
}

static FACES: LazyLock<[Option<FontRef<'static>>; 2]> =
    LazyLock::new(|| [REGULAR, SEMIBOLD].map(|bytes| FontRef::try_from_slice(bytes).ok()));

/// How wide a character is, in parts of the size.
fn advance(character: char, weight: Weight) -> f32 {
    let face = match weight {
        Weight::Regular => &FACES[0],
        Weight::Semibold => &FACES[1],
    };
    let measured = face.as_ref().and_then(|face| {
        let units = face.units_per_em()?;
        Some(face.h_advance_unscaled(face.glyph_id(character)) / units)
    });
    measured.unwrap_or(0.6)
}

/// How wide a text is at a size, in the unit of the size.
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    text.chars().map(|character| advance(character, weight)).sum::<f32>() * size
}

/// The text, or as much of it as fits with an ellipsis.
pub fn fit(text: &str, room: f32, size: f32, weight: Weight) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut left = room - advance(ELLIPSIS, weight) * size;
    let mut kept = String::new();
    for character in text.chars() {
        left -= advance(character, weight) * size;
        if left < 0.0 {
            break;
        }
        kept.push(character);
    }
    let mut kept = kept.trim_end().to_owned();
    kept.push(ELLIPSIS);
    kept
}

/// The text in lines no wider than `room`; words wider than that are cut.
pub fn wrap(text: &str, room: f32, size: f32, weight: Weight) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size, weight) <= room {
            line = longer;
        } else {
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = fit(word, room, size, weight);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_equally_wide() {
        let widths: Vec<f32> = "0123456789".chars().map(|digit| advance(digit, Weight::Semibold)).collect();
        assert!(widths.iter().all(|width| (width - widths[0]).abs() < 1e-6), "{widths:?}");
        assert!(widths[0] > 0.5 && widths[0] < 0.65, "measured in the font, not guessed: {widths:?}");
    }

    #[test]
    fn what_is_fitted_fits() {
        let long = "a server whose name goes on and on and on";
        let kept = fit(long, 80.0, 9.0, Weight::Regular);
        assert!(kept.ends_with('…') && width(&kept, 9.0, Weight::Regular) <= 80.0, "{kept}");
        assert_eq!(fit("short", 80.0, 9.0, Weight::Regular), "short");
        assert!(
            wrap(long, 80.0, 9.0, Weight::Regular)
                .iter()
                .all(|line| width(line, 9.0, Weight::Regular) <= 80.0)
        );
    }
}
