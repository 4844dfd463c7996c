//! The handlers, one file per subject.

pub(super) mod account;
pub(super) mod changes;
pub(super) mod extras;
pub(super) mod files;
pub(super) mod matches;
pub(super) mod servers;
