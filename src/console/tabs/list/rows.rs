//! What a kind of thing must say about itself to be listed, and its rows as a table asks for them.

use std::borrow::Cow;

use ratatui::text::Line;

use crate::console::condition::{Condition, Words};
use crate::console::context::ViewContext;
use crate::console::widgets::table::{CellText, Column, RowSource, SortKey};
use crate::link::packed::PackedFleet;
use crate::model::filter::{Filter, FilterColumn, FilterRow, FilterValue};

/// A kind of thing that can be listed.
pub trait Kind {
    /// What names one.
    type Id: Clone + Ord;

    /// The table's columns.
    const COLUMNS: &'static [Column];
    /// What can be filtered by, and what is exported.
    const FILTER_COLUMNS: &'static [FilterColumn];
    /// The name in files: `orders`.
    const NAME: &'static str;
    /// What is said when there are none.
    const WORDS: Words;

    /// The columns that this site needs: [`Kind::COLUMNS`], in their places, and perhaps more.
    fn columns(&self, _fleet: &PackedFleet) -> &'static [Column] {
        Self::COLUMNS
    }

    /// Calls `each` with the id of every thing.
    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&Self::Id));
    /// How many there are; must not walk through thousands.
    fn count(&self, fleet: &PackedFleet) -> usize;
    /// Whether it is there now.
    fn exists(&self, fleet: &PackedFleet, id: &Self::Id) -> bool;
    /// What stands out comes first: lower groups above higher ones.
    fn group(&self, context: &ViewContext<'_>, id: &Self::Id) -> u8;
    /// What it is sorted by in a column of [`Kind::COLUMNS`].
    fn sort_key(&self, context: &ViewContext<'_>, id: &Self::Id, column: usize) -> SortKey;
    /// What a cell shows.
    fn cell<'a>(&self, context: &ViewContext<'a>, id: &Self::Id, column: usize, width: u16) -> CellText<'a>;
    /// The value of a column of [`Kind::FILTER_COLUMNS`].
    fn value<'a>(&self, context: &ViewContext<'a>, id: &Self::Id, column: &str) -> Option<FilterValue<'a>>;
    /// What words of a filter search in.
    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &Self::Id) -> Cow<'a, str>;
    /// The condition of the list when there are `total` things.
    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition;
    /// Everything about one, for reading.
    fn details(&self, context: &ViewContext<'_>, id: &Self::Id, cells: usize) -> Vec<Line<'static>>;
    /// The most useful text of one, and what it is.
    fn copy_text(&self, context: &ViewContext<'_>, id: &Self::Id) -> Option<(String, &'static str)>;
    /// Its name, for a row that is gone.
    fn gone_text(&self, id: &Self::Id) -> String;

    /// Lines above the table.
    fn header(&self, _context: &ViewContext<'_>, _cells: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Whether its details count seconds.
    fn counts(&self, _fleet: &PackedFleet, _id: &Self::Id) -> bool {
        false
    }
}

/// The rows of a kind under a filter, for one call of the table.
pub struct Source<'s, 'c, K: Kind> {
    /// What is listed.
    pub kind: &'s K,
    /// Where it is read from.
    pub context: &'s ViewContext<'c>,
    /// Which rows are shown.
    pub filter: &'s Filter,
}

struct Row<'s, 'c, K: Kind> {
    source: &'s Source<'s, 'c, K>,
    id: &'s K::Id,
}

impl<K: Kind> FilterRow for Row<'_, '_, K> {
    fn cell(&self, column: &str) -> Option<FilterValue<'_>> {
        self.source.kind.value(self.source.context, self.id, column)
    }

    fn text(&self) -> Cow<'_, str> {
        self.source.kind.search_text(self.source.context, self.id)
    }
}

impl<K: Kind> RowSource for Source<'_, '_, K> {
    type Id = K::Id;

    fn for_each_id(&self, each: &mut dyn FnMut(&Self::Id)) {
        self.kind.for_each_id(self.context.fleet, each);
    }

    fn exists(&self, id: &Self::Id) -> bool {
        self.kind.exists(self.context.fleet, id)
    }

    fn is_shown(&self, id: &Self::Id) -> bool {
        self.filter.is_empty() || self.filter.matches(&Row { source: self, id })
    }

    fn group(&self, id: &Self::Id) -> u8 {
        self.kind.group(self.context, id)
    }

    fn sort_key(&self, id: &Self::Id, column: usize) -> SortKey {
        self.kind.sort_key(self.context, id, column)
    }

    fn cell(&self, id: &Self::Id, column: usize, width: u16) -> CellText<'_> {
        self.kind.cell(self.context, id, column, width)
    }

    fn gone_text(&self, id: &Self::Id) -> String {
        format!("{} (gone)", self.kind.gone_text(id))
    }
}
