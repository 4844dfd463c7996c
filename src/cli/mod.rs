//! The command line: one file per command; parse, call, print.
//!
//! Must not: hold rules of the domain.
