//! The terminal client: sees model and link only.
//!
//! Must not: import engine, providers, store or config; everything it knows came over the link or as a setting.
//!
//! ```text
//! bytes ─ keys ─ keymap ─▶ Action ─▶ top layer (component) ─▶ Effects ─▶ app ─▶ link, screen, terminal
//! link  ─ changes ─▶ PackedFleet (mirror) ─▶ components ─▶ dirty rectangles ─▶ screen ─▶ one write
//! ```

pub mod actions;
pub mod alerts_view;
pub mod app;
pub mod clipboard;
pub mod component;
pub mod condition;
pub mod context;
pub mod decode;
pub mod details;
pub mod dialogs;
mod encoder;
pub mod event_loop;
pub mod files;
pub mod format;
pub mod frame;
pub mod header;
pub mod help;
pub mod keymap;
pub mod keys;
pub mod layers;
mod link_events;
pub mod mirror;
pub mod pacer;
pub mod palette;
pub mod players_view;
pub mod runs_view;
pub mod screen;
pub mod server_console;
pub mod settings;
pub mod tabs;
pub mod terminal;
pub mod theme;
pub mod views;
pub mod widgets;
pub mod words;

use std::sync::Arc;

pub use app::ExitReason;
pub use settings::{ConsoleSettings, Switch, TerminalEnvironment};
pub use views::registry;

use crate::link::LinkClient;
use crate::model::problem::Problem;
use crate::model::time::Clock;

/// Opens the console on this process's terminal and stays until it ends. Needs a tokio runtime with IO and time; one
/// thread is enough.
///
/// # Errors
/// Standard input or output is no terminal.
pub async fn run(
    link: LinkClient,
    settings: ConsoleSettings,
    environment: TerminalEnvironment,
    clock: Arc<dyn Clock>,
) -> Result<ExitReason, Problem> {
    event_loop::run(link, settings, environment, registry(), clock).await
}
