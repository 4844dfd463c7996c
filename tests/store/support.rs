//! A store in a folder of its own, and small bodies.

use std::path::Path;
use std::sync::Arc;

use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::store::{OpenReport, Store};

/// The moment at which tests begin: 2026-11-18.
pub const START: Timestamp = Timestamp(1_795_000_000_000);

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

pub fn open(dir: &Path) -> (Store, OpenReport) {
    Store::open(dir, clock()).expect("the store opens")
}
