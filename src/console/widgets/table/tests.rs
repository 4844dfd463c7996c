//! Promises of the table, on rows whose every question is counted.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::console::context::{LinkState, UNICODE, ViewContext};
use crate::console::keymap::Keymap;
use crate::console::theme::{ColourDepth, Palette, Theme};
use crate::link::packed::PackedFleet;
use crate::model::time::Timestamp;

const COLUMNS: &[Column] = &[
    Column {
        name: "id",
        title: "ID",
        width: Width::Fixed(8),
        priority: 0,
        align: Align::Left,
        is_sortable: true,
    },
    Column {
        name: "value",
        title: "VALUE",
        width: Width::Flexible { minimum: 8, weight: 1 },
        priority: 1,
        align: Align::Right,
        is_sortable: true,
    },
];

/// Rows of an id and a number.
#[derive(Default)]
struct Rows {
    values: BTreeMap<u32, i64>,
    hidden: BTreeSet<u32>,
    /// Rows without a value to sort by.
    unknown: BTreeSet<u32>,
    cells_asked: Cell<usize>,
    keys_asked: Cell<usize>,
}

impl Rows {
    fn of(pairs: &[(u32, i64)]) -> Self {
        Self { values: pairs.iter().copied().collect(), ..Self::default() }
    }
}

impl RowSource for Rows {
    type Id = u32;

    fn for_each_id(&self, each: &mut dyn FnMut(&u32)) {
        self.values.keys().for_each(each);
    }

    fn exists(&self, id: &u32) -> bool {
        self.values.contains_key(id)
    }

    fn is_shown(&self, id: &u32) -> bool {
        !self.hidden.contains(id)
    }

    fn sort_key(&self, id: &u32, column: usize) -> SortKey {
        self.keys_asked.set(self.keys_asked.get() + 1);
        if column == 0 {
            SortKey::Integer(i64::from(*id))
        } else {
            SortKey::integer(self.values.get(id).filter(|_| !self.unknown.contains(id)).copied())
        }
    }

    fn cell(&self, id: &u32, column: usize, _width: u16) -> CellText<'_> {
        self.cells_asked.set(self.cells_asked.get() + 1);
        let text = if column == 0 { format!("row {id}") } else { self.values[id].to_string() };
        CellText::new(text, Style::new())
    }
}

/// A table sorted by value over these rows.
fn table(rows: &Rows) -> Table<u32> {
    let mut table = Table::new(COLUMNS, 1, Direction::Ascending);
    table.rebuild(rows);
    table
}

fn ids(table: &Table<u32>) -> Vec<u32> {
    table.ids().copied().collect()
}

/// The rows drawn, head first.
fn drawn(table: &Table<u32>, rows: &Rows, area: Rect, clip: &[Rect]) -> Vec<String> {
    let theme = Theme::new(&Palette::embedded()[0], ColourDepth::True);
    let context = ViewContext {
        fleet: &PackedFleet::default(),
        theme: &theme,
        glyphs: &UNICODE,
        keymap: &Keymap::default(),
        now: Timestamp(0),
        is_read_only: false,
        link: &LinkState::Live,
        clip,
        key: None,
    };
    let mut buffer = Buffer::empty(area);
    table.draw(area, &mut buffer, rows, &context);
    let line = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(|y| line(y).trim_end().to_owned()).collect()
}

const AREA: Rect = Rect { x: 0, y: 0, width: 20, height: 6 };

#[test]
fn the_selection_is_the_row_however_rows_come_move_and_are_sorted() {
    let mut rows = Rows::of(&[(1, 10), (2, 20), (3, 30)]);
    let mut table = table(&rows);
    table.on_action(Action::Down, &rows);
    assert_eq!(table.selected(), Some(&2));

    rows.values.insert(4, 5);
    table.update(&[4], &rows);
    assert_eq!((ids(&table), table.selected()), (vec![4, 1, 2, 3], Some(&2)));
    assert_eq!(table.position(), (3, 4));

    rows.values.insert(2, 99);
    table.update(&[2], &rows);
    assert_eq!((ids(&table), table.selected()), (vec![4, 1, 3, 2], Some(&2)));

    for action in [Action::SortReverse, Action::SortNext, Action::SortPrevious] {
        table.on_action(action, &rows);
        assert_eq!(table.selected(), Some(&2), "after {action:?}");
    }
    rows.values.insert(0, 0);
    table.refresh(&rows);
    assert_eq!(table.selected(), Some(&2));
}

#[test]
fn when_the_selected_row_vanishes_the_next_one_that_is_left_takes_its_place() {
    let all: Vec<(u32, i64)> = (1..=6).map(|id| (id, i64::from(id) * 10)).collect();
    // (what vanishes while 3 is selected, who is selected then)
    let cases: [(&[u32], u32); 4] = [(&[3], 4), (&[1, 2, 3], 4), (&[3, 4, 5], 6), (&[3, 4, 5, 6], 2)];
    for (gone, heir) in cases {
        for is_refresh in [false, true] {
            let mut rows = Rows::of(&all);
            let mut table = table(&rows);
            table.select(&3, &rows);
            for id in gone {
                rows.values.remove(id);
            }
            if is_refresh {
                table.refresh(&rows);
            } else {
                table.update(gone, &rows);
            }
            assert_eq!(table.selected(), Some(&heir), "{gone:?} vanished, refresh: {is_refresh}");
        }
    }
    let mut rows = Rows::of(&all);
    let mut table = table(&rows);
    rows.values.clear();
    table.refresh(&rows);
    assert_eq!((table.selected(), table.position()), (None, (0, 0)));
}

#[test]
fn a_filter_that_hides_the_selected_row_selects_its_neighbour() {
    let mut rows = Rows::of(&[(1, 10), (2, 20), (3, 30), (4, 40)]);
    let mut table = table(&rows);
    table.select(&2, &rows);
    rows.hidden.extend([1, 2]);
    table.rebuild(&rows);
    assert_eq!((ids(&table), table.selected()), (vec![3, 4], Some(&3)));
    assert!(!table.select(&1, &rows), "a hidden row cannot be selected");
}

#[test]
fn a_table_at_its_top_stays_there_and_one_below_keeps_the_line_of_the_selection() {
    let mut rows = Rows::of(&(1..=20).map(|id| (id, i64::from(id) * 10)).collect::<Vec<_>>());
    let mut table = table(&rows);
    table.take_dirty(AREA);
    rows.values.insert(1, 35);
    table.update(&[1], &rows);
    table.take_dirty(AREA);
    assert_eq!(table.visible().copied().collect::<Vec<_>>(), [2, 3, 1, 4, 5], "the top is still seen");

    table.select(&12, &rows);
    table.take_dirty(AREA);
    assert_eq!(table.visible().last(), Some(&12));
    rows.values.insert(30, 0);
    table.update(&[30], &rows);
    table.take_dirty(AREA);
    assert_eq!(table.visible().last(), Some(&12), "it stands on the line it stood on");
}

#[test]
fn under_a_dialog_the_order_stands_still_and_catches_up_afterwards() {
    let mut rows = Rows::of(&[(1, 10), (2, 20), (3, 30)]);
    let mut table = table(&rows);
    table.set_dialog_open(true, &rows);
    rows.values.insert(3, 0);
    rows.values.insert(4, 1);
    rows.values.remove(&1);
    table.update(&[1, 3, 4], &rows);
    table.refresh(&rows);
    assert_eq!((ids(&table), table.selected()), (vec![1, 2, 3], Some(&1)));
    table.take_dirty(AREA);
    let frame = drawn(&table, &rows, AREA, &[AREA]);
    assert_eq!(frame[1], "▌(gone)", "the row that vanished is told as gone");
    table.set_dialog_open(false, &rows);
    assert_eq!((ids(&table), table.selected()), (vec![3, 4, 2], Some(&2)));
}

#[test]
fn marks_survive_refreshes_hold_the_order_and_end_with_their_row() {
    let mut rows = Rows::of(&[(1, 10), (2, 20), (3, 30)]);
    let mut table = table(&rows);
    table.on_action(Action::Mark, &rows);
    assert_eq!(table.selected(), Some(&2), "marking goes on to the next row");
    table.on_action(Action::Mark, &rows);
    rows.values.insert(3, 0);
    table.update(&[3], &rows);
    table.refresh(&rows);
    assert_eq!((ids(&table), table.targets()), (vec![1, 2, 3], vec![1, 2]));

    rows.values.remove(&1);
    table.update(&[1], &rows);
    assert_eq!(ids(&table), [1, 2, 3], "a marked row that vanished is still shown");
    table.on_action(Action::SortReverse, &rows);
    assert_eq!((ids(&table), table.targets()), (vec![2, 3], vec![2]), "sorting again lets it go");

    assert!(table.clear_marks(&rows));
    assert!(!table.is_frozen());
    assert_eq!(table.targets(), [3], "without marks an action is about the selected row");
}

#[test]
fn taking_the_last_mark_away_catches_up() {
    let mut rows = Rows::of(&[(1, 10), (2, 20)]);
    let mut table = table(&rows);
    table.on_action(Action::Mark, &rows);
    rows.values.insert(2, 0);
    table.update(&[2], &rows);
    assert_eq!(ids(&table), [1, 2]);
    table.on_action(Action::Up, &rows);
    table.on_action(Action::Mark, &rows);
    assert_eq!(ids(&table), [2, 1]);
}

#[test]
fn marking_all_marks_what_is_shown_and_there() {
    let mut rows = Rows::of(&[(1, 10), (2, 20), (3, 30), (4, 40)]);
    let mut table = table(&rows);
    table.on_action(Action::Mark, &rows);
    rows.hidden.insert(1);
    rows.hidden.insert(2);
    table.rebuild(&rows);
    rows.values.remove(&4);
    table.update(&[4], &rows);
    table.on_action(Action::MarkAll, &rows);
    assert_eq!(table.targets(), [3], "neither hidden rows nor gone ones");
    table.on_action(Action::MarkAll, &rows);
    assert!(table.marked().is_empty(), "when all are marked, none are");
}

#[test]
fn unknown_values_stand_last_in_both_directions() {
    let mut rows = Rows::of(&[(1, 10), (2, 20), (3, 30)]);
    rows.unknown.insert(2);
    let mut table = table(&rows);
    assert_eq!(ids(&table), [1, 3, 2]);
    table.on_action(Action::SortReverse, &rows);
    assert_eq!(ids(&table), [3, 1, 2]);
}

/// Ten thousand rows.
fn many() -> Rows {
    Rows { values: (0..10_000).map(|id| (id, i64::from(id))).collect(), ..Rows::default() }
}

#[test]
fn ten_thousand_rows_are_asked_for_no_cell_but_the_visible_ones() {
    let rows = many();
    let mut table = table(&rows);
    assert_eq!(rows.keys_asked.get(), 10_000, "one sort key per row");
    rows.keys_asked.set(0);
    for action in
        [Action::End, Action::PageUp, Action::HalfPageUp, Action::Up, Action::Home, Action::PageDown]
    {
        table.on_action(action, &rows);
        table.take_dirty(AREA);
        rows.cells_asked.set(0);
        drawn(&table, &rows, AREA, &[AREA]);
        assert_eq!(rows.cells_asked.get(), 5 * COLUMNS.len(), "after {action:?}");
    }
    assert_eq!(rows.keys_asked.get(), 0, "moving and drawing sort nothing");
    rows.cells_asked.set(0);
    let line = Rect { y: 2, height: 1, ..AREA };
    drawn(&table, &rows, AREA, &[line]);
    assert_eq!(rows.cells_asked.get(), COLUMNS.len(), "only the rows that will be shown");
}

#[test]
fn a_touched_row_costs_its_own_keys_and_is_drawn_only_where_it_is_seen() {
    let mut rows = many();
    let mut table = table(&rows);
    table.take_dirty(AREA);
    rows.keys_asked.set(0);
    rows.values.insert(9_000, 9_000);
    table.update(&[9_000], &rows);
    assert_eq!(rows.keys_asked.get(), 1);
    assert!(table.take_dirty(AREA).is_nothing(), "it is below what is seen");
    table.update(&[2], &rows);
    let dirty = table.take_dirty(AREA);
    assert_eq!(dirty.areas, [Rect { y: 3, height: 1, ..AREA }]);
}

#[test]
fn moving_the_selection_repaints_two_marks_and_names() {
    let rows = many();
    let mut table = table(&rows);
    table.take_dirty(AREA);
    table.on_action(Action::Down, &rows);
    let cells: u32 = table.take_dirty(AREA).areas.iter().map(|area| area.area()).sum();
    assert_eq!(cells, 2 * 9, "two gutters of one cell and two first columns of eight");
}

/// What may happen to a table.
#[derive(Debug, Clone)]
enum Happening {
    Set(u32, i64),
    Remove(u32),
    Act(Action),
    Dialog(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Action::{Down, End, Home, Mark, MarkAll, SortNext, SortReverse, Up};
    prop_oneof![
        4 => (0_u32..12, 0_i64..5).prop_map(|(id, value)| Happening::Set(id, value)),
        2 => (0_u32..12).prop_map(Happening::Remove),
        4 => prop::sample::select(vec![Up, Down, Home, End, Mark, MarkAll, SortNext, SortReverse])
            .prop_map(Happening::Act),
        1 => any::<bool>().prop_map(Happening::Dialog),
    ]
}

proptest! {
    /// Whatever happens: the selected id is the one under the cursor, it changes only when a key moves it or its row
    /// vanishes, and a thawed table shows what a new one would.
    #[test]
    fn whatever_happens_the_selection_never_jumps(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut rows = Rows::of(&[(1, 1), (2, 2), (3, 3)]);
        let mut table = table(&rows);
        for happening in happenings {
            let before = table.selected().copied();
            let is_key = matches!(happening, Happening::Act(_));
            match happening {
                Happening::Set(id, value) => {
                    rows.values.insert(id, value);
                    table.update(&[id], &rows);
                }
                Happening::Remove(id) => {
                    rows.values.remove(&id);
                    table.update(&[id], &rows);
                }
                Happening::Act(action) => {
                    table.on_action(action, &rows);
                }
                Happening::Dialog(is_open) => table.set_dialog_open(is_open, &rows),
            }
            if let Some(before) = before.filter(|id| !is_key && rows.values.contains_key(id)) {
                prop_assert_eq!(table.selected(), Some(&before));
            }
            let at_cursor = ids(&table).get(table.position().0.wrapping_sub(1)).copied();
            prop_assert_eq!(table.selected().copied(), at_cursor);
            if !table.is_frozen() {
                let shown: BTreeSet<u32> = ids(&table).into_iter().collect();
                prop_assert!(shown.iter().eq(rows.values.keys()));
                let (column, direction) = table.sorting();
                let index = COLUMNS.iter().position(|one| one.name == column.name).unwrap();
                let mut fresh = Table::new(COLUMNS, index, direction);
                fresh.rebuild(&rows);
                prop_assert_eq!(ids(&table), ids(&fresh));
            }
        }
    }
}
