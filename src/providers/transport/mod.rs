//! The only request path to any provider: budget, deadline, retry class, redaction, size cap, no redirect.
//!
//! Must not: know a provider's words; what an answer means is judged by the provider's own module.

pub mod budget;

pub use budget::{BudgetLevel, Priority};

/// The largest answer read unless configured otherwise, in decoded bytes: a page of 100 servers is some 300 KiB.
pub const DEFAULT_BODY_CAP_BYTES: usize = 8 * 1024 * 1024;
