//! Building blocks that know no domain type.

pub mod confirm;
pub mod empty_state;
pub mod form;
pub mod gauge;
pub mod log_view;
pub mod paragraph;
pub mod sparkline;
pub mod table;
pub mod text;
