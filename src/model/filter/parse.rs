//! Reading a filter: one pass over its characters, errors with their place.

use super::value::{Measure, OPERATOR_CHARACTERS};
use super::{ColumnKind, Filter, FilterColumn, FilterError, Literal, Operator, Term, Test};

/// Longest first, so that `>=` is not read as `>`.
const OPERATORS: [Operator; 8] = [
    Operator::NotEqual,
    Operator::GreaterOrEqual,
    Operator::LessOrEqual,
    Operator::Equal,
    Operator::Greater,
    Operator::Less,
    Operator::Fuzzy,
    Operator::Contains,
];

/// The characters of a filter and where reading stands.
struct Reader {
    characters: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn is_at_end_of_term(&self) -> bool {
        self.peek().is_none_or(char::is_whitespace)
    }

    fn skip_white_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn take_if(&mut self, wanted: &str) -> bool {
        let is_there =
            self.characters[self.at..].iter().copied().take(wanted.chars().count()).eq(wanted.chars());
        if is_there {
            self.at += wanted.chars().count();
        }
        is_there
    }

    /// A column's name, if one stands here and an operator follows it; otherwise nothing is taken.
    fn column_and_operator(&mut self) -> Option<(String, Operator)> {
        let start = self.at;
        if self.peek().is_some_and(char::is_alphabetic) {
            while self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
                self.at += 1;
            }
            let name: String =
                self.characters[start..self.at].iter().flat_map(|c| c.to_lowercase()).collect();
            if let Some(operator) = OPERATORS.into_iter().find(|operator| self.take_if(operator.symbol())) {
                return Some((name, operator));
            }
        }
        self.at = start;
        None
    }

    /// Text up to white space, or a quoted text; the flag says which.
    fn text(&mut self, expected: &str) -> Result<(String, bool), FilterError> {
        if self.peek() == Some('"') {
            return Ok((self.quoted()?, true));
        }
        let start = self.at;
        if self.is_at_end_of_term() {
            return Err(error(start, 0, expected));
        }
        if self.peek().is_some_and(|c| OPERATOR_CHARACTERS.contains(&c)) {
            return Err(error(start, 1, expected));
        }
        while !self.is_at_end_of_term() {
            if self.peek() == Some('"') {
                return Err(error(self.at, 1, "white space before a quoted text"));
            }
            self.at += 1;
        }
        Ok((self.characters[start..self.at].iter().collect(), false))
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.at += 1;
            match character {
                '"' if self.is_at_end_of_term() => return Ok(text),
                '"' => return Err(error(self.at, 1, "white space after a quoted text")),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        text.push(escaped);
                        self.at += 1;
                    }
                    _ => return Err(error(self.at - 1, 1, "\\\" or \\\\ inside quotes")),
                },
                other => text.push(other),
            }
        }
        Err(error(start, self.at - start, "a closing \" for the quote that begins here"))
    }
}

fn error(at: usize, length: usize, expected: &str) -> FilterError {
    FilterError { at, length, expected: expected.to_owned() }
}

/// Reads the whole filter.
pub(super) fn filter(text: &str, columns: Option<&[FilterColumn]>) -> Result<Filter, FilterError> {
    let mut reader = Reader { characters: text.chars().collect(), at: 0 };
    let mut terms = Vec::new();
    loop {
        reader.skip_white_space();
        if reader.peek().is_none() {
            return Ok(Filter { terms });
        }
        terms.push(term(&mut reader, columns)?);
    }
}

fn term(reader: &mut Reader, columns: Option<&[FilterColumn]>) -> Result<Term, FilterError> {
    let is_negated = reader.take_if("!");
    let start = reader.at;
    if reader.take_if("~") {
        let (text, _) = reader.text("part of a name after ~")?;
        return Ok(Term { is_negated, test: Test::Name(text) });
    }
    let Some((column, operator)) = reader.column_and_operator() else {
        let expected = if is_negated { "a word or a test after !" } else { "a word, or column=value" };
        let (word, is_quoted) = reader.text(expected)?;
        let test = if is_quoted { Test::Phrase(word) } else { Test::Word(word) };
        return Ok(Term { is_negated, test });
    };
    let value_at = reader.at;
    let (text, is_quoted) = reader.text(&format!("a value after {column}{}", operator.symbol()))?;
    let value = Literal::new(text, is_quoted);
    if let Some(columns) = columns {
        let known = known_column(&column, start, columns)?;
        fits(known, operator, &value, value_at)?;
    }
    Ok(Term { is_negated, test: Test::Column { column, operator, value } })
}

fn known_column<'a>(
    column: &str,
    at: usize,
    columns: &'a [FilterColumn],
) -> Result<&'a FilterColumn, FilterError> {
    columns.iter().find(|known| known.name == column).ok_or_else(|| {
        let names = columns.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
        FilterError {
            at,
            length: column.chars().count(),
            expected: format!("one of the columns {names} (or quotes around plain text)"),
        }
    })
}

/// Whether the value can be compared with what the column holds.
fn fits(column: &FilterColumn, operator: Operator, value: &Literal, at: usize) -> Result<(), FilterError> {
    let is_emptiness = value.is_quoted && value.text.is_empty();
    if operator.is_about_text() || column.kind == ColumnKind::Text || is_emptiness {
        return Ok(());
    }
    let expected = match (column.kind, value.number().map(|(_, measure)| measure)) {
        (ColumnKind::Number, Some(Measure::Plain | Measure::Scaled))
        | (ColumnKind::Bytes, Some(Measure::Plain | Measure::Scaled | Measure::Bytes))
        | (ColumnKind::Duration, Some(Measure::Duration))
        | (ColumnKind::Text, _) => return Ok(()),
        (ColumnKind::Number, _) => "a number like 0.20 or 5k",
        (ColumnKind::Bytes, _) => "a size like 512MiB or 4GiB",
        (ColumnKind::Duration, _) => "a duration like 30m, 2h or 7d",
    };
    let length = value.text.chars().count() + if value.is_quoted { 2 } else { 0 };
    Err(FilterError { at, length, expected: format!("{expected}, as {} holds", column.name) })
}
