//! Pure types and rules of every domain: what a thing is, never how it is fetched, kept or drawn.
//!
//! Must not: touch tokio, files, sockets or a clock of its own. Time arrives as [`time::Timestamp`].

pub mod account;
pub mod action;
pub mod balance;
pub mod balance_view;
pub mod billed_later;
pub mod condition;
pub mod credit_pricing;
pub mod credits;
pub mod deployment;
pub mod external_id;
pub mod filter;
pub mod finding;
pub mod fleet;
pub mod game_server;
pub mod ids;
pub mod matches;
pub mod money;
pub mod node;
pub mod order;
pub mod problem;
pub mod report;
pub mod request;
pub mod run;
pub mod sanitise;
pub mod server;
pub mod site;
pub mod spend;
pub mod time;
