//! Whether a row passes one term.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::value::Measure;
use super::{FilterRow, FilterValue, Literal, Operator, Term, Test};

/// Whether the term holds for the row.
pub(super) fn holds<R: FilterRow + ?Sized>(term: &Term, row: &R) -> bool {
    let is_met = match &term.test {
        Test::Word(word) => fuzzy_in_a_piece(word, &row.text()),
        Test::Phrase(phrase) => contains(phrase, &row.text()),
        Test::Name(name) => match row.cell("name") {
            Some(FilterValue::Text(text)) => is_subsequence(name, &text),
            _ => fuzzy_in_a_piece(name, &row.text()),
        },
        Test::Column { column, operator, value } => cell_passes(row.cell(column), *operator, value),
    };
    is_met != term.is_negated
}

fn cell_passes(cell: Option<FilterValue<'_>>, operator: Operator, value: &Literal) -> bool {
    let Some(cell) = cell else {
        let asks_for_emptiness = value.text.is_empty();
        return match operator {
            Operator::Equal => asks_for_emptiness,
            Operator::NotEqual => !asks_for_emptiness,
            _ => false,
        };
    };
    match operator {
        Operator::Fuzzy => is_subsequence(&value.text, &words(&cell)),
        Operator::Contains => contains(&value.text, &words(&cell)),
        _ => match compare(&cell, value) {
            Some(ordering) => accepts(operator, ordering),
            None => operator == Operator::NotEqual,
        },
    }
}

fn accepts(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::NotEqual => ordering.is_ne(),
        Operator::Greater => ordering.is_gt(),
        Operator::Less => ordering.is_lt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Fuzzy | Operator::Contains => false,
    }
}

/// The cell against the value, or nothing when they cannot be compared (a duration with a size).
fn compare(cell: &FilterValue<'_>, value: &Literal) -> Option<Ordering> {
    let number = |wanted: &[Measure]| {
        value.number().filter(|(_, measure)| wanted.contains(measure)).map(|(number, _)| number)
    };
    match cell {
        FilterValue::Text(text) => Some(compare_text(text, value)),
        FilterValue::Number(cell) => Some(cell.cmp(&number(&[Measure::Plain, Measure::Scaled])?)),
        FilterValue::Bytes(cell) => {
            Some(Decimal::from(*cell).cmp(&number(&[Measure::Plain, Measure::Scaled, Measure::Bytes])?))
        }
        FilterValue::DurationMs(cell) => Some(Decimal::from(*cell).cmp(&number(&[Measure::Duration])?)),
    }
}

/// Text by its letters without case; ids that are numbers on both sides by their number.
fn compare_text(text: &str, value: &Literal) -> Ordering {
    if let (Some((number, Measure::Plain)), Ok(cell)) = (value.number(), text.parse::<Decimal>()) {
        return cell.cmp(&number);
    }
    folded(text).cmp(folded(&value.text))
}

/// The cell as it would be written, for the operators that are about text.
fn words<'a>(cell: &'a FilterValue<'_>) -> std::borrow::Cow<'a, str> {
    match cell {
        FilterValue::Text(text) => std::borrow::Cow::Borrowed(text),
        FilterValue::Number(number) => number.to_string().into(),
        FilterValue::Bytes(number) | FilterValue::DurationMs(number) => number.to_string().into(),
    }
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(fold)
}

/// One character without case; ASCII, the common one, takes the short way.
fn fold(character: char) -> impl Iterator<Item = char> {
    let ascii = character.is_ascii().then(|| character.to_ascii_lowercase());
    ascii.into_iter().chain((!character.is_ascii()).then(|| character.to_lowercase()).into_iter().flatten())
}

/// Whether the word's letters occur in order inside one piece of the text.
///
/// Within one piece only: over a whole row nearly every short word would be a subsequence.
fn fuzzy_in_a_piece(word: &str, text: &str) -> bool {
    text.split_whitespace().any(|piece| is_subsequence(word, piece))
}

/// Whether the letters of `wanted` occur in `text` in this order.
fn is_subsequence(wanted: &str, text: &str) -> bool {
    if wanted.is_ascii() && text.is_ascii() {
        let mut bytes = text.bytes();
        return wanted.bytes().all(|w| bytes.any(|byte| byte.eq_ignore_ascii_case(&w)));
    }
    let mut characters = folded(text);
    folded(wanted).all(|w| characters.any(|character| character == w))
}

fn contains(wanted: &str, text: &str) -> bool {
    if wanted.is_empty() {
        return true;
    }
    if wanted.is_ascii() && text.is_ascii() {
        return text
            .as_bytes()
            .windows(wanted.len())
            .any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()));
    }
    folded(text).collect::<String>().contains(&folded(wanted).collect::<String>())
}
