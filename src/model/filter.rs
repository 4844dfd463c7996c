//! The one filter grammar: fuzzy words, and `column op value` terms.
//!
//! ```text
//! filter  = term*                      every term must hold
//! term    = ["!"] ( test | name | word )
//! test    = column op value            column = letter (letter | digit | "_" | "-" | ".")*
//! op      = "=" | "!=" | ">" | "<" | ">=" | "<=" | "~" (fuzzy) | ":" (contains)
//! name    = "~" text                   fuzzy in the row's name only
//! word    = text | quoted              fuzzy in one piece of the row; quoted: contained as written
//! value   = text | quoted              numbers may carry a unit: s m h d · k M G T · KiB MiB GiB TiB · %
//! quoted  = '"' … '"'                  with \" and \\
//! ```
//!
//! Letters' case never matters. Numbers are exact decimals. A row without the column fails every test but `!=`;
//! `column=""` finds such rows.

mod matching;
mod parse;
mod value;

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;

pub use value::Literal;

/// What a column holds: decides which values make sense and what a bare number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words.
    Text,
    /// A plain number: counts, money in major units, percent.
    Number,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Duration,
}

/// A column that a filter may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterColumn {
    /// As typed: lower case.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// The value of one cell, for comparing.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterValue<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A plain number, exact.
    Number(Decimal),
    /// Bytes.
    Bytes(u64),
    /// Milliseconds.
    DurationMs(u64),
}

impl FilterValue<'_> {
    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> FilterValue<'static> {
        match self {
            Self::Text(text) => FilterValue::Text(text.into_owned().into()),
            Self::Number(number) => FilterValue::Number(number),
            Self::Bytes(bytes) => FilterValue::Bytes(bytes),
            Self::DurationMs(millis) => FilterValue::DurationMs(millis),
        }
    }
}

/// A row that can be filtered.
pub trait FilterRow {
    /// The cell of `column` (lower case), or nothing when the row has none.
    fn cell(&self, column: &str) -> Option<FilterValue<'_>>;
    /// Everything words search in; pieces are separated by white space.
    fn text(&self) -> Cow<'_, str>;
}

/// How a cell is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
    /// `~`: fuzzy
    Fuzzy,
    /// `:`: contains
    Contains,
}

impl Operator {
    /// As typed.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
            Self::Fuzzy => "~",
            Self::Contains => ":",
        }
    }

    /// Whether the comparison is about words, whatever the column holds.
    #[must_use]
    pub fn is_about_text(self) -> bool {
        matches!(self, Self::Fuzzy | Self::Contains)
    }
}

/// What one term asks of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// A word: fuzzy in one piece of the row's text.
    Word(String),
    /// A quoted word: contained in the row's text as written.
    Phrase(String),
    /// `~text`: fuzzy in the row's name.
    Name(String),
    /// `column op value`
    Column {
        /// The column, lower case.
        column: String,
        /// How to compare.
        operator: Operator,
        /// With what.
        value: Literal,
    },
}

/// One term.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Whether the row must fail the test.
    pub is_negated: bool,
    /// The test.
    pub test: Test,
}

/// A parsed filter; an empty one lets every row through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Every one must hold.
    pub terms: Vec<Term>,
}

/// Why a filter cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The place: characters (not bytes) before it.
    pub at: usize,
    /// How many characters are wrong from there; 0 where something is missing.
    pub length: usize,
    /// What was expected there.
    pub expected: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: expected {}", self.at + 1, self.expected)
    }
}

impl std::error::Error for FilterError {}

impl Filter {
    /// Reads a filter that may name any column.
    ///
    /// # Errors
    /// The text does not follow the grammar; the error points at the place.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text, None)
    }

    /// Reads a filter over known columns; values must fit what their column holds.
    ///
    /// # Errors
    /// As [`Filter::parse`], and for unknown columns and values that cannot be compared with the column.
    pub fn parse_for(text: &str, columns: &[FilterColumn]) -> Result<Self, FilterError> {
        parse::filter(text, Some(columns))
    }

    /// Whether every row passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the row passes.
    pub fn matches<R: FilterRow + ?Sized>(&self, row: &R) -> bool {
        self.terms.iter().all(|term| matching::holds(term, row))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negated {
            f.write_str("!")?;
        }
        match &self.test {
            Test::Word(text) => f.write_str(text),
            Test::Phrase(text) => value::write_quoted(f, text),
            Test::Name(text) => {
                f.write_str("~")?;
                value::write_text(f, text)
            }
            Test::Column { column, operator, value } => write!(f, "{column}{}{value}", operator.symbol()),
        }
    }
}

#[cfg(test)]
mod tests;
