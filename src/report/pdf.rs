//! The whole report as A4 pages: text stays text, charts stay vectors.

use chrono::{Datelike, Timelike};
use krilla::Document;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use krilla_svg::{SurfaceExt, SvgSettings};

use super::canvas::{Anchor, Colour, Mark, Page};
use super::font::{self, REGULAR, SEMIBOLD, Weight};
use super::model::Report;
use super::{broken, numbers, pages, png};
use crate::model::problem::Problem;

/// What wrote it.
const CREATOR: &str = concat!("Quarterdeck ", env!("CARGO_PKG_VERSION"));

struct Fonts {
    regular: Font,
    semibold: Font,
}

/// The file.
pub fn bytes(report: &Report) -> Result<Vec<u8>, Problem> {
    let face = |bytes: &'static [u8]| {
        Font::new(bytes.to_vec().into(), 0).ok_or_else(|| broken("font", "it cannot be read"))
    };
    let fonts = Fonts { regular: face(REGULAR)?, semibold: face(SEMIBOLD)? };
    let mut document = Document::new();
    document.set_metadata(metadata(report));
    let mut outline = Outline::new();
    for (index, page) in pages::pages(report)?.iter().enumerate() {
        draw_page(&mut document, page, &fonts)?;
        for (title, top) in &page.sections {
            let place = XyzDestination::new(index, Point::from_xy(0.0, *top));
            outline.push_child(OutlineNode::new(title.clone(), place));
        }
    }
    document.set_outline(outline);
    document.finish().map_err(|error| broken("PDF", format!("{error:?}")))
}

fn metadata(report: &Report) -> Metadata {
    let period = numbers::period(report.from, report.to, report.time_zone());
    let made = report.generated_at.to_datetime();
    let part = |number: u32| u8::try_from(number).unwrap_or(0);
    let date = DateTime::new(u16::try_from(made.year()).unwrap_or(0))
        .month(part(made.month()))
        .day(part(made.day()))
        .hour(part(made.hour()))
        .minute(part(made.minute()))
        .second(part(made.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(format!("{}: spend report {period}", report.site))
        .description(format!(
            "What was spent, where it went and what is left; amounts in {}",
            report.reporting
        ))
        .keywords(vec!["spend".to_owned(), "credits".to_owned(), report.site.clone()])
        .creator(CREATOR.to_owned())
        .producer(CREATOR.to_owned())
        .language("en".to_owned())
        .creation_date(date)
}

fn draw_page(document: &mut Document, page: &Page, fonts: &Fonts) -> Result<(), Problem> {
    let settings =
        PageSettings::from_wh(page.width, page.height).ok_or_else(|| broken("page", "it has no size"))?;
    let mut sheet = document.start_page_with(settings);
    let mut surface = sheet.surface();
    for mark in &page.marks {
        draw(&mut surface, mark, fonts)?;
    }
    surface.finish();
    sheet.finish();
    Ok(())
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, fonts: &Fonts) -> Result<(), Problem> {
    match mark {
        Mark::Text { x, y, size, weight, colour, anchor, text } => {
            let face = if *weight == Weight::Semibold { &fonts.semibold } else { &fonts.regular };
            let left = if *anchor == Anchor::End { x - font::width(text, *size, *weight) } else { *x };
            surface.set_fill(Some(fill(*colour)));
            let start = Point::from_xy(left, *y);
            surface.draw_text(start, face.clone(), *size, text, false, TextDirection::LeftToRight);
        }
        Mark::Area { x, y, width, height, colour } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                path.push_rect(rect);
            }
            if let Some(path) = path.finish() {
                surface.set_fill(Some(fill(*colour)));
                surface.draw_path(&path);
            }
        }
        Mark::Chart { x, y, width, height, svg } => {
            let tree = png::parsed(svg)?;
            let size = Size::from_wh(*width, *height).ok_or_else(|| broken("chart", "it has no size"))?;
            surface.push_transform(&Transform::from_translate(*x, *y));
            let drawn = surface.draw_svg(&tree, size, SvgSettings::default());
            surface.pop();
            drawn.ok_or_else(|| broken("chart", "it cannot be drawn"))?;
        }
    }
    Ok(())
}

fn fill(Colour(red, green, blue): Colour) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}
