//! The handlers, one file per subject.

pub(super) mod account;
pub(super) mod files;
pub(super) mod pools;
pub(super) mod servers;
pub(super) mod settings;
