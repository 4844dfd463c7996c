//! A balance over time as a line that is broken where nobody watched.

use plotters::prelude::*;

use super::frame::{
    self, Axis, BOTTOM_ROOM, LEFT_ROOM, LEGEND_HEIGHT, Sample, TimeLabels, failed, label_style, money_label,
    money_ticks, place, rgb, size_units, time_place, units,
};
use crate::model::problem::Problem;
use crate::report::canvas::{ALARM, GAP, MUTED, RULE, SERIES};
use crate::report::model::{PayerReport, Report};

/// The chart of one balance as an SVG document of `width` × `height` points.
pub fn balance_chart(
    report: &Report,
    payer: &PayerReport,
    width: f32,
    height: f32,
) -> Result<String, Problem> {
    frame::require_fonts()?;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (size_units(width), size_units(height)));
        let root = root.into_drawing_area();
        let (top, body) = root.split_vertically(units(LEGEND_HEIGHT));
        let mut entries = vec![(Sample::Line(SERIES[0]), "balance".to_owned())];
        if !payer.top_ups.is_empty() {
            entries.push((Sample::Triangle(ALARM), "top-up".to_owned()));
        }
        entries.push(frame::gap_sample());
        frame::legend(&top, width, &format!("{}, {}", payer.name, payer.unit), &entries)?;
        draw(&body, report, payer, width)?;
        root.present().map_err(failed)?;
    }
    Ok(svg)
}

/// The unbroken pieces of the line.
fn pieces(payer: &PayerReport) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for point in &payer.line {
        let at = (time_place(point.at), place(point.balance));
        match pieces.last_mut() {
            Some(piece) if !point.is_after_gap => piece.push(at),
            _ => pieces.push(vec![at]),
        }
    }
    pieces
}

fn draw(area: &frame::Area<'_>, report: &Report, payer: &PayerReport, width: f32) -> Result<(), Problem> {
    let labels = TimeLabels::of(&report.days, width - LEFT_ROOM);
    let values = || payer.line.iter().map(|point| place(point.balance));
    let highest = values().fold(0.0, f64::max);
    let low = values().fold(0.0, f64::min) * 1.06;
    let high = if highest > low { highest * 1.08 } else { low + 1.0 };
    let (ticks, step) = money_ticks(low, high, 5.0);
    let time = time_place(report.from)..time_place(report.to).max(time_place(report.from) + 1.0);
    let time = Axis { range: time, ticks: labels.labels.iter().map(|(place, _)| *place).collect() };
    let mut chart = ChartBuilder::on(area)
        .set_label_area_size(LabelAreaPosition::Left, units(LEFT_ROOM))
        .set_label_area_size(LabelAreaPosition::Bottom, units(BOTTOM_ROOM))
        .margin_right(units(2.0))
        .build_cartesian_2d(time, Axis { range: low..high, ticks })
        .map_err(failed)?;
    let bands = frame::bands(&payer.gaps);
    chart
        .draw_series(
            bands.iter().map(|(from, to)| Rectangle::new([(*from, low), (*to, high)], rgb(GAP).filled())),
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
        .y_desc(payer.unit.to_string())
        .draw()
        .map_err(failed)?;
    let style = rgb(SERIES[0]).stroke_width(size_units(1.2));
    chart
        .draw_series(pieces(payer).into_iter().map(|piece| PathElement::new(piece, style)))
        .map_err(failed)?;
    let top_ups = payer.top_ups.iter().filter_map(|top_up| {
        let point = payer.line.iter().find(|point| point.at == top_up.seen_at)?;
        Some((time_place(point.at), place(point.balance)))
    });
    chart
        .draw_series(top_ups.map(|at| TriangleMarker::new(at, units(3.5), rgb(ALARM).filled())))
        .map_err(failed)?;
    Ok(())
}
