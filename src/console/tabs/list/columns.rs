//! Short ways to write the columns of a list down.

use crate::console::widgets::table::{Align, Column, Width};
use crate::model::filter::{ColumnKind, FilterColumn};

/// A sortable column of a table.
pub(in crate::console) const fn column(
    name: &'static str,
    title: &'static str,
    width: Width,
    priority: u8,
    align: Align,
) -> Column {
    Column { name, title, width, priority, align, is_sortable: true }
}

/// At least `minimum` cells, and `weight` parts of what is left.
pub(in crate::console) const fn flexible(minimum: u16, weight: u16) -> Width {
    Width::Flexible { minimum, weight }
}

/// A column of words, for filters and exports.
pub(in crate::console) const fn text_column(name: &'static str) -> FilterColumn {
    FilterColumn { name, kind: ColumnKind::Text }
}
