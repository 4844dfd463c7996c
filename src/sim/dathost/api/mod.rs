//! The handlers, one file per subject.

pub(super) mod account;
pub(super) mod servers;
