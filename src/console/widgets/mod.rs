//! Building blocks that know no domain type.

pub mod table;
