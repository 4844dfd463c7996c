//! A table as data: the pages and the plain text print the same one.

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its head; empty for a column of bars.
    pub head: String,
    /// On which side.
    pub align: Align,
    /// Points on a page; zero shares what the others leave.
    pub width: f32,
}

/// What kind of line a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// One of many.
    Plain,
    /// A named rest: what is not attributed, what is not listed.
    Rest,
    /// A sum.
    Sum,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// A text for each column.
    pub cells: Vec<String>,
    /// What kind.
    pub kind: RowKind,
    /// How long its bar is, 0 to 1, where the table has a column of bars.
    pub bar: f32,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it tells.
    pub title: String,
    /// What the figures mean; may be empty.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What stands there when it has no rows.
    pub empty: String,
}

impl Table {
    /// A table without rows.
    pub fn new(
        title: impl Into<String>,
        caption: impl Into<String>,
        columns: Vec<Column>,
        empty: &str,
    ) -> Self {
        Self {
            title: title.into(),
            caption: caption.into(),
            columns,
            rows: Vec::new(),
            empty: empty.to_owned(),
        }
    }

    /// Appends a row.
    pub fn push(&mut self, kind: RowKind, cells: Vec<String>) {
        self.rows.push(Row { cells, kind, bar: 0.0 });
    }

    /// Appends a row with a bar.
    pub fn push_bar(&mut self, cells: Vec<String>, bar: f32) {
        self.rows.push(Row { cells, kind: RowKind::Plain, bar });
    }
}

/// A column of words.
pub fn words(head: &str, width: f32) -> Column {
    Column { head: head.to_owned(), align: Align::Left, width }
}

/// A column of figures.
pub fn figures(head: impl Into<String>, width: f32) -> Column {
    Column { head: head.into(), align: Align::Right, width }
}

/// A column of bars.
pub fn bars(width: f32) -> Column {
    words("", width)
}
