//! The command line: one file per command; parse, call, print.
//!
//! Must not: hold rules of the domain.

pub mod args;
pub mod config_command;
pub mod dispatch;
pub mod documents;
pub mod exit;
pub mod output;
pub mod site;
