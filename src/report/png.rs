//! The first page as a picture.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::font::{FAMILY, REGULAR, SEMIBOLD};
use super::model::Report;
use super::{broken, pages, svg};
use crate::model::problem::Problem;

/// Pixels per point: 180 dots per inch, sharp on screens and in chats.
pub const PIXELS_PER_POINT: f32 = 2.5;

/// The picture.
pub fn bytes(report: &Report) -> Result<Vec<u8>, Problem> {
    let page = pages::overview(report)?;
    let tree = parsed(&svg::page_document(&page, &report.site, ""))?;
    let (width, height) = (pixels(page.width), pixels(page.height));
    let mut picture = Pixmap::new(width, height).ok_or_else(|| broken("picture", "it has no size"))?;
    let scale = width as f32 / tree.size().width();
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|error| broken("picture", error))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page has some hundred points")]
fn pixels(points: f32) -> u32 {
    (points * PIXELS_PER_POINT).round() as u32
}

/// A document read with the embedded font only; nothing of the system is looked at, nothing outside is loaded.
pub fn parsed(document: &str) -> Result<Tree, Problem> {
    let mut fonts = fontdb::Database::new();
    for bytes in [REGULAR, SEMIBOLD] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(bytes)));
    }
    let options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
    Tree::from_str(document, &options).map_err(|error| broken("page", error))
}
