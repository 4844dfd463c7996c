//! What both charts share: fonts, the time axis, the legend, the bands of what was not watched.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, Weekday};
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::report::broken;
use crate::report::canvas::{Colour, GAP, INK, MUTED};
use crate::report::font::{self, FAMILY, REGULAR, SEMIBOLD, Weight};
use crate::report::model::{DayReport, GapReport};

/// Units of a chart's own document per point: plotters draws at whole units, so this is how fine its lines are.
pub const SCALE: f32 = 4.0;

/// plotters writes a font's size divided by this.
const FONT_FACTOR: f32 = 1.24;

/// Size of labels in points.
const LABEL: f32 = 6.5;

/// Height of the legend's row in points.
pub const LEGEND_HEIGHT: f32 = 15.0;

/// Room for the labels of the vertical axis in points.
pub const LEFT_ROOM: f32 = 38.0;

/// Room for the labels of the time axis in points.
pub const BOTTOM_ROOM: f32 = 24.0;

/// An area of a chart's document.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

static FONTS: LazyLock<bool> = LazyLock::new(|| {
    register_font(FAMILY, FontStyle::Normal, REGULAR).is_ok()
        && register_font(FAMILY, FontStyle::Bold, SEMIBOLD).is_ok()
});

/// Refuses to draw without the embedded font.
pub fn require_fonts() -> Result<(), Problem> {
    if *FONTS { Ok(()) } else { Err(broken("chart", "its font cannot be read")) }
}

/// A failure of plotters.
pub fn failed(error: impl std::fmt::Display) -> Problem {
    broken("chart", error)
}

/// Points as whole units of the chart's document.
#[expect(clippy::cast_possible_truncation, reason = "a page has some hundred points")]
pub fn units(points: f32) -> i32 {
    (points * SCALE).round() as i32
}

/// The same for sizes.
pub fn size_units(points: f32) -> u32 {
    units(points).unsigned_abs()
}

/// A colour as plotters takes it.
pub fn rgb(Colour(red, green, blue): Colour) -> RGBColor {
    RGBColor(red, green, blue)
}

/// How labels are written.
pub fn label_style(colour: Colour) -> TextStyle<'static> {
    let size = f64::from(LABEL * SCALE * FONT_FACTOR);
    FontDesc::new(FontFamily::Name(FAMILY), size, FontStyle::Normal).color(&rgb(colour))
}

/// How a chart's own name is written.
fn title_style() -> TextStyle<'static> {
    let size = f64::from(8.0 * SCALE * FONT_FACTOR);
    FontDesc::new(FontFamily::Name(FAMILY), size, FontStyle::Bold).color(&rgb(INK))
}

/// An amount as a place on an axis.
pub fn place(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or(0.0)
}

/// A moment as a place on the time axis.
pub fn time_place(at: Timestamp) -> f64 {
    at.0 as f64
}

/// The label of a place on a money axis, short.
pub fn money_label(value: f64, step: f64) -> String {
    let digits = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        return "0".to_owned();
    }
    let amount: Decimal = text.parse().unwrap_or_default();
    crate::report::numbers::figure(amount, u32::try_from(digits).unwrap_or(0))
}

/// Even places for lines of a money axis, from zero on in both directions, and their distance.
pub fn money_ticks(low: f64, high: f64, wanted: f64) -> (Vec<f64>, f64) {
    let rough = ((high - low) / wanted).max(1e-9);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(power * 10.0);
    let first = (low / step).ceil();
    let ticks = (0..64).map(|index| (first + f64::from(index)) * step).take_while(|tick| *tick <= high);
    (ticks.collect(), step)
}

/// A linear axis whose labels stand where we say.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Its ends.
    pub range: Range<f64>,
    /// Where its labels and lines are.
    pub ticks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "a place between the limits of a page")]
    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let length = self.range.end - self.range.start;
        let share = if length > 0.0 { (value - self.range.start) / length } else { 0.0 };
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// What stands below a time axis: places and labels, and what the axis is.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeLabels {
    /// Places on the axis and the label of each.
    pub labels: Vec<(f64, String)>,
    /// What they are.
    pub description: String,
}

impl TimeLabels {
    /// Labels of days that follow each other, as many as `width` points have room for.
    pub fn of(days: &[DayReport], width: f32) -> Self {
        let (Some(first), Some(last)) = (days.first(), days.last()) else {
            return Self { labels: Vec::new(), description: String::new() };
        };
        let (first, last, count) = (first.date, last.date, days.len() as f32);
        let is_one_month = (first.year(), first.month()) == (last.year(), last.month());
        let (step, form): (fn(&NaiveDate) -> bool, &str) = if is_one_month && width / count >= 9.0 {
            (|_| true, "%-d")
        } else if width / count >= 26.0 {
            (|_| true, "%-d %b")
        } else if width / count * 7.0 >= 28.0 {
            (|date| date.weekday() == Weekday::Mon, "%-d %b")
        } else if width / count * 30.0 >= 34.0 {
            (|date| date.day() == 1, "%b %Y")
        } else if width / count * 91.0 >= 40.0 {
            (|date| date.day() == 1 && date.month() % 3 == 1, "%b %Y")
        } else {
            (|date| date.day() == 1 && date.month() == 1, "%Y")
        };
        let labels = days
            .iter()
            .filter(|day| step(&day.date))
            .map(|day| {
                let middle = f64::midpoint(time_place(day.from), time_place(day.to));
                (middle, day.date.format(form).to_string())
            })
            .collect();
        let description = if is_one_month {
            first.format("day of %B %Y").to_string()
        } else {
            format!("{first} to {last}")
        };
        Self { labels, description }
    }

    /// The label of a place.
    pub fn label(&self, place: f64) -> String {
        let found = self.labels.iter().find(|(at, _)| (at - place).abs() < 1.0);
        found.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// What a legend shows beside a word.
#[derive(Debug, Clone, Copy)]
pub enum Sample {
    /// A filled square.
    Square(Colour),
    /// A line.
    Line(Colour),
    /// A triangle.
    Triangle(Colour),
}

/// Draws a chart's name at the left, the legend at the right of the row above it.
pub fn legend(area: &Area<'_>, width: f32, title: &str, entries: &[(Sample, String)]) -> Result<(), Problem> {
    let middle = LEGEND_HEIGHT / 2.0 - 1.0;
    let spaces: f32 = entries.iter().map(|(_, word)| font::width(word, LABEL, Weight::Regular) + 20.0).sum();
    let title = font::fit(title, (width - spaces - 8.0).max(40.0), 8.0, Weight::Semibold);
    let title_place = (0, units(middle));
    let style = title_style().pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(title, title_place, style)).map_err(failed)?;
    let mut x = width - spaces;
    for (sample, word) in entries {
        draw_sample(area, *sample, x, middle)?;
        let style = label_style(MUTED).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(word.clone(), (units(x + 10.0), units(middle)), style)).map_err(failed)?;
        x += font::width(word, LABEL, Weight::Regular) + 20.0;
    }
    Ok(())
}

fn draw_sample(area: &Area<'_>, sample: Sample, x: f32, middle: f32) -> Result<(), Problem> {
    let at = |dx: f32, dy: f32| (units(x + dx), units(middle + dy));
    match sample {
        Sample::Square(colour) => {
            area.draw(&Rectangle::new([at(0.0, -3.5), at(7.0, 3.5)], rgb(colour).filled()))
        }
        Sample::Line(colour) => {
            let style = rgb(colour).stroke_width(size_units(1.4));
            area.draw(&PathElement::new([at(-1.0, 0.0), at(7.0, 0.0)], style))
        }
        Sample::Triangle(colour) => {
            area.draw(&Polygon::new([at(3.5, -3.5), at(0.0, 3.0), at(7.0, 3.0)], rgb(colour)))
        }
    }
    .map_err(failed)
}

/// The grey of what was not watched.
pub fn gap_sample() -> (Sample, String) {
    (Sample::Square(GAP), "not watched".to_owned())
}

/// Stretches as places on the time axis, joined where they touch.
pub fn bands<'a>(gaps: impl IntoIterator<Item = &'a GapReport>) -> Vec<(f64, f64)> {
    let mut edges: Vec<(Timestamp, Timestamp)> = gaps.into_iter().map(|gap| (gap.from, gap.to)).collect();
    edges.sort_unstable();
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in edges {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined.into_iter().map(|(from, to)| (time_place(from), time_place(to))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_axes_have_even_places() {
        assert_eq!(money_ticks(0.0, 9.3, 4.0), (vec![0.0, 2.5, 5.0, 7.5], 2.5));
        assert_eq!(money_ticks(0.0, 1_000.0, 4.0).0, [0.0, 250.0, 500.0, 750.0, 1_000.0]);
        assert_eq!(money_label(1500.0, 500.0), "1,500");
        assert_eq!(money_label(-0.0, 0.5), "0");
        assert_eq!(money_label(0.25, 0.05), "0.25");
    }

    #[test]
    fn long_periods_have_fewer_labels() {
        let days = |count: u64| -> Vec<DayReport> {
            let first = NaiveDate::from_ymd_opt(2025, 11, 1).unwrap();
            first
                .iter_days()
                .zip(0..count)
                .map(|(date, index)| {
                    let from = Timestamp(0).plus_millis(index * 86_400_000);
                    let to = from.plus_millis(86_400_000);
                    DayReport { date, from, to, spent: Decimal::ZERO, unwatched_ms: 0, parts: Vec::new() }
                })
                .collect()
        };
        let year = TimeLabels::of(&days(365), 470.0);
        assert_eq!((year.labels.len(), year.labels[0].1.as_str()), (12, "Nov 2025"));
        let half_as_wide = TimeLabels::of(&days(365), 212.0);
        assert_eq!((half_as_wide.labels.len(), half_as_wide.labels[0].1.as_str()), (4, "Jan 2026"));
        let month = TimeLabels::of(&days(30), 470.0);
        assert_eq!((month.labels.len(), month.description.as_str()), (30, "day of November 2025"));
        assert!(TimeLabels::of(&days(36_500), 470.0).labels.len() <= 101);
        assert_eq!(TimeLabels::of(&[], 470.0).labels.len(), 0);
    }

    #[test]
    fn stretches_that_touch_are_one_band() {
        let gap = |from, to| GapReport { from: Timestamp(from), to: Timestamp(to), spent: None };
        assert_eq!(bands(&[gap(5, 9), gap(0, 3), gap(3, 4), gap(6, 7)]), [(0.0, 4.0), (5.0, 9.0)]);
    }
}
