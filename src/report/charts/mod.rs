//! The charts, drawn by plotters as SVG: axes with units, a legend, what was not watched as grey bands.
//!
//! Geometry alone passes through floating point; no figure that is printed does.

mod balance;
mod days;
mod frame;

pub use balance::balance_chart;
pub use days::days_chart;
pub use frame::SCALE;
