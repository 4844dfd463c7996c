//! The rows' order: ids with their sort keys, computed once and again only for rows that were touched.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::RowSource;

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// Nothing known: last, in both directions.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A measured number.
    Float(f64),
    /// Money or another exact number.
    Decimal(Decimal),
    /// Words, compared without case.
    Text(Box<str>),
}

impl SortKey {
    /// Words; the comparison ignores case.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase().into_boxed_str())
    }

    /// A number where there is one.
    #[must_use]
    pub fn integer(number: Option<i64>) -> Self {
        number.map_or(Self::Missing, Self::Integer)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Integer(_) => 0,
            Self::Float(_) => 1,
            Self::Decimal(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) => one.cmp(two),
            (Self::Float(one), Self::Float(two)) => one.total_cmp(two),
            (Self::Decimal(one), Self::Decimal(two)) => one.cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (one, two) => one.rank().cmp(&two.rank()),
        }
    }
}

/// Which way rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

struct Entry<Id> {
    group: u8,
    key: SortKey,
    id: Id,
}

/// Ids in order.
pub(super) struct Order<Id> {
    entries: Vec<Entry<Id>>,
    column: usize,
    direction: Direction,
}

impl<Id: Clone + Ord> Order<Id> {
    pub(super) fn new(column: usize, direction: Direction) -> Self {
        Self { entries: Vec::new(), column, direction }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn id(&self, index: usize) -> Option<&Id> {
        self.entries.get(index).map(|entry| &entry.id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &Id> {
        self.entries.iter().map(|entry| &entry.id)
    }

    pub(super) fn sorting(&self) -> (usize, Direction) {
        (self.column, self.direction)
    }

    pub(super) fn sort_by(&mut self, column: usize, direction: Direction) {
        self.column = column;
        self.direction = direction;
    }

    pub(super) fn reverse(&mut self) {
        self.direction = match self.direction {
            Direction::Ascending => Direction::Descending,
            Direction::Descending => Direction::Ascending,
        };
    }

    /// Reads every row.
    pub(super) fn rebuild<S: RowSource<Id = Id>>(&mut self, source: &S) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.clear();
        source.for_each_id(&mut |id| {
            if source.is_shown(id) {
                entries.push(self.entry(id, source));
            }
        });
        self.entries = entries;
        self.sort();
    }

    /// Reads the touched rows; says whether any row came, went or moved.
    ///
    /// One pass over the ids and one merge: linear, however many rows were touched.
    pub(super) fn update<S: RowSource<Id = Id>>(&mut self, touched: &[Id], source: &S) -> bool {
        let mut wanted: Vec<&Id> = touched.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut is_listed = vec![false; wanted.len()];
        let mut moved: Vec<Entry<Id>> = Vec::new();
        let before = self.entries.len();
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain(|entry| {
            let Ok(at) = wanted.binary_search(&&entry.id) else { return true };
            is_listed[at] = true;
            if !(source.exists(&entry.id) && source.is_shown(&entry.id)) {
                return false;
            }
            let fresh = self.entry(&entry.id, source);
            if fresh.group == entry.group && fresh.key == entry.key {
                return true;
            }
            moved.push(fresh);
            false
        });
        for (id, _) in wanted.iter().zip(&is_listed).filter(|(_, is_listed)| !**is_listed) {
            if source.exists(id) && source.is_shown(id) {
                moved.push(self.entry(id, source));
            }
        }
        let has_changed = !moved.is_empty() || entries.len() != before;
        entries.extend(moved);
        self.entries = entries;
        if has_changed {
            self.sort();
        }
        has_changed
    }

    /// Where an id stands; nothing when it is not shown.
    pub(super) fn position<S: RowSource<Id = Id>>(&self, id: &Id, source: &S) -> Option<usize> {
        if source.exists(id) {
            let entry = self.entry(id, source);
            if let Ok(at) = self.entries.binary_search_by(|probe| self.compare(probe, &entry)) {
                return Some(at);
            }
        }
        // Its key changed since the order was made (frozen), or it is gone: look for the id itself.
        self.entries.iter().position(|entry| entry.id == *id)
    }

    fn entry<S: RowSource<Id = Id>>(&self, id: &Id, source: &S) -> Entry<Id> {
        Entry { group: source.group(id), key: source.sort_key(id, self.column), id: id.clone() }
    }

    fn compare(&self, one: &Entry<Id>, two: &Entry<Id>) -> Ordering {
        let missing = |entry: &Entry<Id>| matches!(entry.key, SortKey::Missing);
        one.group
            .cmp(&two.group)
            .then_with(|| missing(one).cmp(&missing(two)))
            .then_with(|| {
                let natural = one.key.compare(&two.key);
                if self.direction == Direction::Ascending { natural } else { natural.reverse() }
            })
            .then_with(|| one.id.cmp(&two.id))
    }

    /// Sorts; nearly sorted input costs little (the standard sort finds runs and merges them).
    fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by(|one, two| self.compare(one, two));
        self.entries = entries;
    }
}
