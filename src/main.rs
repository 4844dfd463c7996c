//! The `quarterdeck` program: parse, dispatch, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(quarterdeck::cli::dispatch::main().code())
}
