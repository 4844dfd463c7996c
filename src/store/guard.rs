//! Where panics of sled are caught and become faults.
//!
//! Must not: be used for our own code's mistakes.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::tables::TableFault;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of the calling thread would be caught by the store and reported as a fault.
///
/// For panic hooks: such a panic ends nothing, so a terminal needs no restoring.
#[must_use]
pub fn is_panic_caught() -> bool {
    IS_GUARDED.get()
}

/// Runs work of sled's: a panic in it is a fault.
pub(super) fn guarded<R>(work: impl FnOnce() -> Result<R, TableFault>) -> Result<R, TableFault> {
    let was_guarded = IS_GUARDED.replace(true);
    // What a panic may leave half changed is sled's, and it is not used again after a fault.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(was_guarded);
    outcome.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no words");
        Err(TableFault(format!("sled panicked: {}", words.lines().next().unwrap_or_default())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault_and_is_announced_to_hooks() {
        let fault = guarded::<()>(|| {
            assert!(is_panic_caught());
            panic!("broken page {}", 7)
        });
        assert_eq!(fault.unwrap_err().0, "sled panicked: broken page 7");
        assert!(!is_panic_caught());
    }
}
