//! From the parsed command line to the command.

use clap::Parser;

use super::args::{Arguments, Command};
use super::exit::Exit;
use super::{config_command, documents};

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap prints both kinds to the right stream.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return error.print().map_or(Exit::Failed, |()| exit);
        }
    };
    run(&arguments)
}

fn run(arguments: &Arguments) -> Exit {
    match &arguments.command {
        Some(Command::Config(command)) => config_command::run(arguments, command),
        Some(Command::Completions { shell }) => documents::completions(*shell),
        Some(Command::Man) => documents::man(),
        _ => {
            eprintln!("quarterdeck: not available in this build");
            Exit::Failed
        }
    }
}
