//! What a panic leaves in the log: its place and words, without any secret of this process.
//!
//! Must not: let a panic pass in silence, also where it is caught.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::config::secret;
use crate::model::sanitise::sanitise;
use crate::store;

/// Characters of a panic's words that are logged: a failed comparison can print whole lists.
const WORDS_MAX: usize = 2_000;

/// From now on every panic is logged instead of printed. A second call changes nothing.
pub fn log_them() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(log)));
}

fn log(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let words: String = words(info).chars().take(WORDS_MAX).collect();
    if store::is_panic_caught() {
        tracing::warn!("sled panicked at {place} (thread {thread}) and was caught: {words}");
        return;
    }
    tracing::error!("panic at {place} (thread {thread}): {words}");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("its backtrace:\n{backtrace}");
    }
}

/// Where a debug build is told to panic, for the tests of what that leaves behind: `<file> <words>`.
#[cfg(debug_assertions)]
const PROVOKED_BY: &str = "QUARTERDECK_TEST_PANIC";

/// Panics once the file exists that a test names; waits for ever otherwise, and in every release build.
#[cfg(debug_assertions)]
pub async fn provoked() {
    const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);
    let task = std::env::var(PROVOKED_BY).unwrap_or_default();
    let Some((file, words)) = task.split_once(' ') else { return std::future::pending().await };
    while !std::path::Path::new(file).exists() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    assert!(words.is_empty(), "{words}");
}

/// Waits for ever: only debug builds can be made to panic.
#[cfg(not(debug_assertions))]
pub async fn provoked() {
    std::future::pending().await
}

/// The words given to the panic, fit to be printed.
fn words(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let words = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no words");
    // Before it is cut, so that no half of a secret stays.
    sanitise(&secret::redact(words))
}
