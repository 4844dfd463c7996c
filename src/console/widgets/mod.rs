//! Building blocks that know no domain type.

pub mod chart;
pub mod confirm;
pub mod empty_state;
pub mod fields;
pub mod form;
pub mod frame;
pub mod gauge;
pub mod hints;
pub mod log_view;
pub mod paragraph;
pub mod scroll;
pub mod sparkline;
pub mod table;
pub mod text;
