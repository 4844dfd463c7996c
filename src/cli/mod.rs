//! The command line: one file per command; parse, call, print.
//!
//! Must not: hold rules of the domain.

pub mod act;
pub mod args;
pub mod attach;
mod burn;
pub mod clock;
pub mod config_command;
pub mod credits;
pub mod demo;
mod demo_past;
pub mod dial_stdio;
pub mod dispatch;
pub mod doctor;
pub mod documents;
pub mod engine;
pub mod exit;
pub mod get;
pub mod listing;
pub mod logs;
pub mod matches;
mod moment;
mod money_listing;
pub mod open_console;
pub mod output;
mod panics;
pub mod report;
pub mod server_command;
mod session;
pub mod sim_command;
pub mod simulation;
pub mod site;
pub mod store_command;
