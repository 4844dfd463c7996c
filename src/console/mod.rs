//! The terminal client: sees model and link only.
//!
//! Must not: import engine, providers, store or config; everything it knows came over the link or as a setting.
//!
//! ```text
//! bytes ─ keys ─ keymap ─▶ Action ─▶ top layer (component) ─▶ Effects ─▶ app ─▶ link, screen, terminal
//! link  ─ changes ─▶ Fleet (mirror) ─▶ components ─▶ dirty rectangles ─▶ screen ─▶ one write
//! ```

pub mod actions;
pub mod component;
pub mod condition;
pub mod context;
pub mod details;
pub mod dialogs;
pub mod format;
pub mod keymap;
pub mod keys;
pub mod runs_view;
pub mod server_console;
pub mod tabs;
pub mod theme;
pub mod views;
pub mod widgets;
pub mod words;
