//! A table as CSV and JSON: the rows shown, in their order, with exact values and units in the heads.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::console::component::{Effect, Effects, Loudness};
use crate::console::format;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::time::Timestamp;

/// A table's values, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Export {
    /// Heads with their units: `age_ms`.
    pub heads: Vec<String>,
    /// One value per head; nothing where a row has none.
    pub rows: Vec<Vec<Option<Value>>>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Words.
    Text(String),
    /// A number as exact text.
    Number(String),
}

impl From<FilterValue<'_>> for Value {
    fn from(value: FilterValue<'_>) -> Self {
        match value {
            FilterValue::Text(text) => Self::Text(text.into_owned()),
            FilterValue::Number(number) => Self::Number(number.normalize().to_string()),
            FilterValue::Bytes(number) | FilterValue::DurationMs(number) => Self::Number(number.to_string()),
        }
    }
}

/// A column's head with its unit.
#[must_use]
pub fn head(column: &FilterColumn) -> String {
    match column.kind {
        ColumnKind::Text | ColumnKind::Number => column.name.to_owned(),
        ColumnKind::Bytes => format!("{}_bytes", column.name),
        ColumnKind::Duration => format!("{}_ms", column.name),
    }
}

impl Export {
    /// Comma-separated values after RFC 4180.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = Cow<'_, str>>| {
            for (index, cell) in cells.enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&csv_cell(&cell));
            }
            out.push_str("\r\n");
        };
        line(&mut self.heads.iter().map(|head| Cow::Borrowed(head.as_str())));
        for row in &self.rows {
            line(&mut row.iter().map(|value| match value {
                None => Cow::Borrowed(""),
                Some(Value::Number(number)) => Cow::Borrowed(number.as_str()),
                Some(Value::Text(words)) => guarded(words),
            }));
        }
        out
    }

    /// A JSON array with one object per row; numbers keep every digit.
    #[must_use]
    pub fn json(&self) -> String {
        let mut out = String::from("[");
        for (index, row) in self.rows.iter().enumerate() {
            out.push_str(if index == 0 { "\n  {" } else { ",\n  {" });
            for (at, (head, value)) in self.heads.iter().zip(row).enumerate() {
                let value = match value {
                    None => "null".to_owned(),
                    Some(Value::Number(number)) => number.clone(),
                    Some(Value::Text(words)) => json_text(words),
                };
                let comma = if at == 0 { "" } else { ", " };
                // Writing to a string cannot fail.
                let _written = write!(out, "{comma}{}: {value}", json_text(head));
            }
            out.push('}');
        }
        out.push_str("\n]\n");
        out
    }

    /// Asks the app to write both files, named after the table and the moment.
    pub fn write(&self, name: &str, now: Timestamp, effects: &mut Effects) {
        if self.rows.is_empty() {
            effects.notice(Loudness::Info, format!("no {name} to export"));
            return;
        }
        let moment = now.to_datetime().format("%Y-%m-%dT%H-%M-%SZ");
        for (ending, contents) in [("csv", self.csv()), ("json", self.json())] {
            effects.push(Effect::WriteFile { name: format!("{name}-{moment}.{ending}"), contents });
        }
        let rows = format::count(self.rows.len(), "row");
        effects.notice(Loudness::Good, format!("{rows} in ./{name}-{moment}.csv and .json"));
    }
}

/// Quoted where commas, quotes or line ends need it.
fn csv_cell(words: &str) -> Cow<'_, str> {
    if words.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", words.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(words)
    }
}

/// Words that a spreadsheet would take for a formula get an apostrophe before them.
fn guarded(words: &str) -> Cow<'_, str> {
    if words.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{words}"))
    } else {
        Cow::Borrowed(words)
    }
}

fn json_text(words: &str) -> String {
    serde_json::Value::from(words).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export() -> Export {
        Export {
            heads: vec!["id".to_owned(), "age_ms".to_owned()],
            rows: vec![
                vec![Some(Value::Text("a,\"b\"".to_owned())), Some(Value::Number("60000".to_owned()))],
                vec![Some(Value::Text("=1+1".to_owned())), None],
            ],
        }
    }

    #[test]
    fn csv_is_quoted_and_holds_no_formula() {
        assert_eq!(export().csv(), "id,age_ms\r\n\"a,\"\"b\"\"\",60000\r\n'=1+1,\r\n");
    }

    #[test]
    fn json_reads_back() {
        let value: serde_json::Value = serde_json::from_str(&export().json()).unwrap();
        assert_eq!(value[0]["id"], "a,\"b\"");
        assert_eq!(value[0]["age_ms"], 60_000);
        assert!(value[1]["age_ms"].is_null());
    }

    #[test]
    fn two_files_are_asked_for() {
        let mut effects = Effects::default();
        export().write("orders", Timestamp(1_795_000_000_123), &mut effects);
        let names: Vec<String> = effects
            .take()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::WriteFile { name, .. } => Some(name),
                _ => None,
            })
            .collect();
        assert_eq!(names, ["orders-2026-11-18T11-06-40Z.csv", "orders-2026-11-18T11-06-40Z.json"]);
    }
}
