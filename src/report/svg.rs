//! The first page as an SVG document that carries its font.

use std::fmt::Write as _;

use base64::Engine as _;

use super::canvas::{Anchor, Colour, Mark, Page};
use super::font::{FAMILY, REGULAR, SEMIBOLD, Weight};
use super::model::Report;
use super::{numbers, pages};
use crate::model::problem::Problem;

/// The document with the font inside: it looks the same wherever it is opened.
pub fn document(report: &Report) -> Result<String, Problem> {
    let title =
        format!("{}: spend {}", report.site, numbers::period(report.from, report.to, report.time_zone()));
    Ok(page_document(&pages::overview(report)?, &title, &embedded_font()))
}

/// A page as a document; `style` is what stands in its style element.
pub fn page_document(page: &Page, title: &str, style: &str) -> String {
    let (width, height) = (page.width, page.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{FAMILY}\" xml:space=\"preserve\">\n<title>{}</title>\n<style>{style}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        escaped(title)
    );
    for mark in &page.marks {
        push(&mut svg, mark);
        svg.push('\n');
    }
    svg.push_str("</svg>\n");
    svg
}

fn push(svg: &mut String, mark: &Mark) {
    // Writing to a String cannot fail.
    let _ = match mark {
        Mark::Text { x, y, size, weight, colour, anchor, text } => {
            let weight = if *weight == Weight::Semibold { " font-weight=\"600\"" } else { "" };
            let anchor = if *anchor == Anchor::End { " text-anchor=\"end\"" } else { "" };
            let (fill, text) = (hex(*colour), escaped(text));
            write!(
                svg,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\"{weight}{anchor} fill=\"{fill}\">{text}</text>"
            )
        }
        Mark::Area { x, y, width, height, colour } => {
            let fill = hex(*colour);
            write!(
                svg,
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"/>"
            )
        }
        Mark::Chart { x, y, svg: chart, .. } => {
            let scale = 1.0 / super::charts::SCALE;
            write!(svg, "<g transform=\"translate({x:.2} {y:.2}) scale({scale})\">{chart}</g>")
        }
    };
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Text for XML: markup escaped, characters that XML 1.0 forbids left out.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => safe.push(other),
        }
    }
    safe
}

/// The font as rules of a style sheet.
fn embedded_font() -> String {
    [(REGULAR, 400), (SEMIBOLD, 600)]
        .map(|(bytes, weight)| {
            let data = base64::engine::general_purpose::STANDARD.encode(bytes);
            format!(
                "@font-face{{font-family:\"{FAMILY}\";font-weight:{weight};src:url(data:font/ttf;base64,{data})}}"
            )
        })
        .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escaped("<a href=\"x\">&\u{7}\u{ffff}"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
