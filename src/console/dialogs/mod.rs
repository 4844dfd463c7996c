//! Dialogs and the parts of views that ask something: filter, plan, confirm, run, keep, export, report.

pub mod ask;
pub mod confirm;
pub mod credit_server_actions;
pub mod credit_server_form;
pub mod doctor;
pub mod export;
pub mod filter_bar;
pub mod frame;
pub mod keep;
pub mod match_actions;
pub mod match_form;
pub mod plan;
pub mod report;
pub mod run;
pub mod server_actions;
pub mod silence;
