//! Values of a filter: text, or an exact number with its unit.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// What a number in a filter is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// No unit, or `%`.
    Plain,
    /// `k M G T`: thousands, which are also bytes.
    Scaled,
    /// `KiB MiB GiB TiB`: bytes.
    Bytes,
    /// `s m h d` (and `ms`): milliseconds.
    Duration,
}

/// Units by how they are typed, with their factor to the base (one, bytes, milliseconds).
const UNITS: &[(&str, Measure, i64)] = &[
    ("%", Measure::Plain, 1),
    ("ms", Measure::Duration, 1),
    ("s", Measure::Duration, 1_000),
    ("m", Measure::Duration, 60_000),
    ("min", Measure::Duration, 60_000),
    ("h", Measure::Duration, 3_600_000),
    ("d", Measure::Duration, 86_400_000),
    ("k", Measure::Scaled, 1_000),
    ("M", Measure::Scaled, 1_000_000),
    ("G", Measure::Scaled, 1_000_000_000),
    ("T", Measure::Scaled, 1_000_000_000_000),
    ("B", Measure::Bytes, 1),
    ("KiB", Measure::Bytes, 1 << 10),
    ("MiB", Measure::Bytes, 1 << 20),
    ("GiB", Measure::Bytes, 1 << 30),
    ("TiB", Measure::Bytes, 1 << 40),
];

/// The value of a term as typed, with what it means as a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// As typed, without quotes.
    pub text: String,
    /// Whether it was quoted: then it is text only.
    pub is_quoted: bool,
    number: Option<(Decimal, Measure)>,
}

impl Literal {
    /// Reads a value.
    #[must_use]
    pub fn new(text: String, is_quoted: bool) -> Self {
        let number = if is_quoted { None } else { number_of(&text) };
        Self { text, is_quoted, number }
    }

    /// The number in its base unit, when it is one.
    pub(super) fn number(&self) -> Option<(Decimal, Measure)> {
        self.number
    }
}

/// Reads `0.20`, `-3`, `2h`, `1.5GiB`, `80%`; nothing for anything else and for numbers that no decimal holds.
fn number_of(text: &str) -> Option<(Decimal, Measure)> {
    let digits = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && *c == '-')))
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(digits);
    let number = Decimal::from_str(number).ok()?;
    if unit.is_empty() {
        return Some((number, Measure::Plain));
    }
    let &(_, measure, factor) = UNITS.iter().find(|(name, ..)| *name == unit)?;
    Some((number.checked_mul(Decimal::from(factor))?, measure))
}

/// Whether text can stand unquoted: no white space, no quote, and nothing at its start that means something else.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(OPERATOR_CHARACTERS)
        && !text.chars().any(|c| c.is_whitespace() || c == '"')
}

/// Characters that begin an operator or a negation.
pub(super) const OPERATOR_CHARACTERS: [char; 6] = ['!', '=', '<', '>', '~', ':'];

/// Writes text, quoted where the grammar needs it.
pub(super) fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if is_plain(text) { f.write_str(text) } else { write_quoted(f, text) }
}

/// Writes text in quotes.
pub(super) fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_quoted { write_quoted(f, &self.text) } else { write_text(f, &self.text) }
    }
}
