//! Pictures: their size, and that something stands where it should.

use quarterdeck::report::{Format, Report};
use resvg::tiny_skia::Pixmap;

use crate::bytes;
use crate::fixture::reference_month;

/// The share of a region's pixels that `is_wanted` holds of; the region in shares of the picture.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places within a picture")]
pub fn share_of(
    picture: &Pixmap,
    (left, top, right, bottom): (f32, f32, f32, f32),
    is_wanted: impl Fn([u8; 3]) -> bool,
) -> f32 {
    let place = |share: f32, length: u32| (share * length as f32).round() as u32;
    let (width, height) = (picture.width(), picture.height());
    let (mut seen, mut wanted) = (0_u32, 0_u32);
    for y in place(top, height)..place(bottom, height) {
        for x in place(left, width)..place(right, width) {
            let pixel = picture.pixel(x, y).expect("a pixel inside").demultiply();
            seen += 1;
            wanted += u32::from(is_wanted([pixel.red(), pixel.green(), pixel.blue()]));
        }
    }
    wanted as f32 / seen as f32
}

/// Whether two colours look alike.
pub fn is_near(pixel: [u8; 3], other: [u8; 3]) -> bool {
    pixel.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 12)
}

/// What every first page shows, however it was made.
pub fn assert_is_first_page(picture: &Pixmap) {
    const NAVY: [u8; 3] = [0x12, 0x35, 0x5b];
    const AMBER: [u8; 3] = [0xf2, 0xb8, 0x4b];
    const GREY: [u8; 3] = [0xe2, 0xe5, 0xe9];
    let (days, balances) = ((0.07, 0.2, 0.93, 0.39), (0.07, 0.4, 0.93, 0.5));
    assert!(share_of(picture, days, |pixel| is_near(pixel, NAVY)) > 0.05, "bars of the largest provider");
    assert!(share_of(picture, days, |pixel| is_near(pixel, AMBER)) > 0.02, "bars of the next one");
    assert!(share_of(picture, days, |pixel| is_near(pixel, GREY)) > 0.004, "what was not watched");
    assert!(share_of(picture, balances, |pixel| is_near(pixel, NAVY)) > 0.004, "lines of balances");
    let is_ink = |pixel: [u8; 3]| pixel.iter().all(|part| *part < 0x90);
    assert!(share_of(picture, (0.07, 0.53, 0.93, 0.62), is_ink) > 0.01, "the table of balances");
    assert!(share_of(picture, (0.55, 0.64, 0.93, 0.85), is_ink) > 0.01, "the table of servers");
    let is_white = |pixel: [u8; 3]| pixel == [255; 3];
    for margin in [(0.0, 0.0, 0.06, 1.0), (0.945, 0.0, 1.0, 1.0), (0.0, 0.975, 1.0, 1.0)] {
        assert!(share_of(picture, margin, is_white) > 0.9999, "nothing stands in the margin {margin:?}");
    }
}

#[test]
fn the_picture_is_the_first_page() {
    let png = bytes(&Report::build(&reference_month()), Format::Png);
    let picture = Pixmap::decode_png(&png).unwrap();
    assert_eq!((picture.width(), picture.height()), (1488, 2105));
    assert_is_first_page(&picture);
}
