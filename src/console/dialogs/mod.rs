//! Dialogs and the parts of views that ask something: filter, plan, confirm, run, keep, export.

pub mod confirm;
pub mod doctor;
pub mod export;
pub mod filter_bar;
pub mod frame;
pub mod keep;
pub mod plan;
pub mod run;
pub mod server_actions;
pub mod silence;
