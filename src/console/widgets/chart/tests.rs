//! Charts as text.

use proptest::prelude::*;
use ratatui::style::Style;

use super::*;
use crate::console::context::{ASCII, UNICODE};

const MINUTE: i64 = 60_000;

fn look(glyphs: &Glyphs) -> Look<'_> {
    let plain = Style::new();
    Look { glyphs, line: plain, axis: plain, label: plain, mark: plain, gap: plain, bars: plain }
}

/// One slice a minute from 2026-11-20 00:00 UTC on.
fn slices(values: &[Option<f64>]) -> Vec<Slice> {
    let start = 1_795_132_800_000;
    (0_i64..)
        .zip(values)
        .map(|(number, value)| Slice {
            from: start + number * MINUTE,
            to: start + (number + 1) * MINUTE,
            value: *value,
            rate: value.map(|_| 12.0),
            is_gap: value.is_none(),
            is_marked: number == 40,
        })
        .collect()
}

fn drawn(slices: &[Slice], cells: usize, rows: usize, glyphs: &Glyphs) -> Vec<String> {
    let (from, to) = (slices[0].from, slices[slices.len() - 1].to);
    let lines = Chart { slices, from, to }.lines(cells, rows, &look(glyphs));
    lines
        .iter()
        .map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect::<String>())
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[test]
fn it_has_axes_numbers_gaps_marks_and_bars() {
    let falling: Vec<Option<f64>> = (0..60_u32)
        .map(|number| match number {
            20..30 => None,
            40.. => Some(200.0 - f64::from(number)),
            _ => Some(100.0 - f64::from(number)),
        })
        .collect();
    insta::assert_snapshot!("chart_unicode", drawn(&slices(&falling), 72, 11, &UNICODE).join("\n"));
    insta::assert_snapshot!("chart_ascii", drawn(&slices(&falling), 72, 11, &ASCII).join("\n"));
}

#[test]
fn without_a_value_or_without_room_nothing_is_drawn() {
    assert!(drawn(&slices(&[None, None]), 60, 12, &UNICODE).is_empty());
    assert!(drawn(&slices(&[Some(1.0), Some(2.0)]), 60, 4, &UNICODE).is_empty());
    assert!(drawn(&slices(&[Some(1.0), Some(2.0)]), 12, 12, &UNICODE).is_empty());
}

proptest! {
    #[test]
    fn any_values_at_any_size_are_drawn_in_their_room(
        values in prop::collection::vec(prop::option::of(-1e12_f64..1e12), 1..80),
        cells in 0_usize..120,
        rows in 0_usize..30,
        has_dots in any::<bool>(),
    ) {
        let lines = drawn(&slices(&values), cells, rows, if has_dots { &UNICODE } else { &ASCII });
        prop_assert!(lines.is_empty() || lines.len() == rows);
        for line in &lines {
            prop_assert!(text::width(line) <= cells, "{line:?} is wider than {cells}");
        }
    }
}
