//! Lists for people and programs: one table of columns and rows, written as text, CSV or JSON.

use std::io::{self, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::args::Format;
use crate::model::sanitise::sanitise;

/// A list: named columns and rows of text, with the machine form beside it.
#[derive(Debug)]
pub struct Listing<T> {
    /// Column names, lower case, units in the name.
    pub columns: Vec<&'static str>,
    /// One row per item, as many cells as columns.
    pub rows: Vec<Vec<String>>,
    /// The items themselves, for JSON.
    pub items: Vec<T>,
}

impl<T: Serialize> Listing<T> {
    /// Writes the list in a format.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table => self.write_table(out),
            Format::Csv => self.write_csv(out),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &self.items)?;
                writeln!(out)
            }
        }
    }

    /// For people: what came from outside is made safe to print.
    fn write_table(&self, out: &mut dyn Write) -> io::Result<()> {
        let clean: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| sanitise(cell)).collect()).collect();
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.width()).collect();
        for row in &clean {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let header: Vec<String> = self.columns.iter().map(|column| column.to_uppercase()).collect();
        for row in std::iter::once(&header).chain(&clean) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let header: Vec<String> = self.columns.iter().map(|column| (*column).to_owned()).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quote(cell)).collect();
            write!(out, "{}\r\n", cells.join(","))?;
        }
        Ok(())
    }
}

/// A CSV cell (RFC 4180); a leading `=`, `+`, `-` or `@` is disarmed for spreadsheets unless it is a number.
fn quote(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing<u32> {
        Listing {
            columns: vec!["id", "name"],
            rows: vec![vec!["1".into(), "größe, \"x\"".into()], vec!["22".into(), "=cmd()".into()]],
            items: vec![1, 22],
        }
    }

    fn written(format: Format) -> String {
        let mut bytes = Vec::new();
        listing().write(format, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn tables_align_by_display_width() {
        assert_eq!(written(Format::Table), "ID  NAME\n1   größe, \"x\"\n22  =cmd()\n");
    }

    #[test]
    fn csv_quotes_and_disarms_formulas() {
        assert_eq!(written(Format::Csv), "id,name\r\n1,\"größe, \"\"x\"\"\"\r\n22,'=cmd()\r\n");
    }

    #[test]
    fn json_is_the_items() {
        assert_eq!(serde_json::from_str::<Vec<u32>>(&written(Format::Json)).unwrap(), [1, 22]);
    }
}
