//! `completions` and `man`: documents made from the grammar of the command line.

use std::io::Write;

use clap::CommandFactory;

use super::args::Arguments;
use super::exit::Exit;

/// Prints a shell's completion script.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "quarterdeck", &mut script);
    print(&script)
}

/// Prints the man page.
#[must_use]
pub fn man() -> Exit {
    let mut page = Vec::new();
    match clap_mangen::Man::new(Arguments::command()).render(&mut page) {
        Ok(()) => print(&page),
        Err(error) => {
            eprintln!("quarterdeck: {error}");
            Exit::Failed
        }
    }
}

/// A reader that closed the pipe early (`| head`) is not a failure.
fn print(bytes: &[u8]) -> Exit {
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Done,
    }
}
