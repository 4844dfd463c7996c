//! Spend by day as bars, one colour per provider.

use std::collections::BTreeMap;

use plotters::prelude::*;
use rust_decimal::Decimal;

use super::frame::{
    self, Axis, BOTTOM_ROOM, LEFT_ROOM, LEGEND_HEIGHT, Sample, TimeLabels, failed, label_style, money_label,
    money_ticks, place, rgb, size_units, time_place, units,
};
use crate::model::balance::BalanceKey;
use crate::model::problem::Problem;
use crate::report::canvas::{GAP, MUTED, RULE, SERIES};
use crate::report::model::{DayReport, Report};

/// What of a day's slot its bar leaves free on each side.
const SIDE: f64 = 0.12;

/// The providers of a report in the order of their spend: names, and the payers of each.
fn series(report: &Report) -> Vec<(String, Vec<&BalanceKey>)> {
    report
        .providers
        .iter()
        .map(|group| {
            let payers = report.payers.iter().filter(|payer| payer.provider.word() == group.name);
            (group.name.clone(), payers.map(|payer| &payer.key).collect())
        })
        .collect()
}

/// What each series spent in a day.
fn parts(day: &DayReport, series: &[(String, Vec<&BalanceKey>)]) -> Vec<Decimal> {
    let by_payer: BTreeMap<&BalanceKey, Decimal> =
        day.parts.iter().filter_map(|part| Some((&part.payer, part.spent.reporting?))).collect();
    series.iter().map(|(_, payers)| payers.iter().filter_map(|payer| by_payer.get(payer)).sum()).collect()
}

/// The chart as an SVG document of `width` × `height` points.
pub fn days_chart(report: &Report, width: f32, height: f32) -> Result<String, Problem> {
    frame::require_fonts()?;
    let series = series(report);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (size_units(width), size_units(height)));
        let root = root.into_drawing_area();
        let (top, body) = root.split_vertically(units(LEGEND_HEIGHT));
        let mut entries: Vec<_> = series
            .iter()
            .zip(SERIES.iter().cycle())
            .map(|((name, _), colour)| (Sample::Square(*colour), name.clone()))
            .collect();
        entries.push(frame::gap_sample());
        let title = format!("Spend by day, {} per day", report.reporting);
        frame::legend(&top, width, &title, &entries)?;
        draw(&body, report, &series, width)?;
        root.present().map_err(failed)?;
    }
    Ok(svg)
}

fn draw(
    area: &frame::Area<'_>,
    report: &Report,
    series: &[(String, Vec<&BalanceKey>)],
    width: f32,
) -> Result<(), Problem> {
    let labels = TimeLabels::of(&report.days, width - LEFT_ROOM);
    let highest = report.days.iter().map(|day| place(day.spent)).fold(0.0, f64::max);
    let high = if highest > 0.0 { highest * 1.06 } else { 1.0 };
    let (ticks, step) = money_ticks(0.0, high, 5.0);
    let time = time_place(report.from)..time_place(report.to).max(time_place(report.from) + 1.0);
    let time = Axis { range: time, ticks: labels.labels.iter().map(|(place, _)| *place).collect() };
    let mut chart = ChartBuilder::on(area)
        .set_label_area_size(LabelAreaPosition::Left, units(LEFT_ROOM))
        .set_label_area_size(LabelAreaPosition::Bottom, units(BOTTOM_ROOM))
        .margin_right(units(2.0))
        .build_cartesian_2d(time, Axis { range: 0.0..high, ticks })
        .map_err(failed)?;
    let bands = frame::bands(report.payers.iter().flat_map(|payer| &payer.gaps));
    chart
        .draw_series(
            bands.iter().map(|(from, to)| Rectangle::new([(*from, 0.0), (*to, high)], rgb(GAP).filled())),
        )
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .bold_line_style(rgb(RULE).stroke_width(2))
        .axis_style(rgb(MUTED).stroke_width(2))
        .label_style(label_style(MUTED))
        .axis_desc_style(label_style(MUTED))
        .set_all_tick_mark_size(units(2.0))
        .x_label_formatter(&|place| labels.label(*place))
        .y_label_formatter(&|value| money_label(*value, step))
        .x_desc(labels.description.clone())
        .y_desc(report.reporting.to_string())
        .draw()
        .map_err(failed)?;
    for day in &report.days {
        let (from, to) = (time_place(day.from), time_place(day.to));
        let side = (to - from) * SIDE;
        let mut base = 0.0;
        for (part, colour) in parts(day, series).into_iter().zip(SERIES.iter().cycle()) {
            let top = base + place(part);
            if top > base {
                let bar = Rectangle::new([(from + side, base), (to - side, top)], rgb(*colour).filled());
                chart.draw_series(std::iter::once(bar)).map_err(failed)?;
            }
            base = top;
        }
    }
    Ok(())
}
