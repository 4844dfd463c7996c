//! Opening the console on this terminal: settings from configuration, the environment of the terminal, the link.

use std::path::Path;
use std::sync::Arc;

use super::args::Arguments;
use super::clock::SystemClock;
use super::exit::Exit;
use super::{attach, dispatch, engine};
use crate::config::Config;
use crate::config::paths::Paths;
use crate::console;
use crate::console::app::ExitReason;
use crate::console::event_loop;
use crate::console::keymap::KeyBinding;
use crate::console::settings::{ConsoleSettings, Switch, TerminalEnvironment};
use crate::console::theme::ColourDepth;
use crate::link::LinkClient;
use crate::model::problem::Problem;

/// Attaches to the site's engine, starting one when none runs, and opens the console.
///
/// # Errors
/// The engine cannot be started or reached, or there is no terminal.
pub fn run(arguments: &Arguments, config: &Config, paths: &Paths) -> Result<Exit, Problem> {
    dispatch::on_one_thread(async {
        let link = attach::connect_to_engine(arguments, config, paths, "console").await?;
        if let Some(notice) = engine::version_notice(&link, attach::VERSION) {
            eprintln!("quarterdeck: {notice}");
        }
        open(link, config, paths.config_file.parent()).await
    })
}

/// Opens the console on a link and stays until it is left.
///
/// # Errors
/// There is no terminal.
pub async fn open(link: LinkClient, config: &Config, config_folder: Option<&Path>) -> Result<Exit, Problem> {
    let environment = TerminalEnvironment::read(|name| std::env::var(name).ok());
    let settings = settings(config, config_folder);
    let reason =
        event_loop::run(link, settings, environment, console::views::registry(), Arc::new(SystemClock))
            .await?;
    Ok(match reason {
        ExitReason::Quit | ExitReason::TerminalGone | ExitReason::Signal => Exit::Done,
    })
}

fn switch(word: &str) -> Switch {
    match word {
        "on" => Switch::On,
        "off" => Switch::Off,
        _ => Switch::Auto,
    }
}

fn settings(config: &Config, config_folder: Option<&Path>) -> ConsoleSettings {
    let console = &config.console;
    ConsoleSettings {
        theme: console.theme.clone(),
        theme_folder: console.theme_dir.clone().or_else(|| config_folder.map(|folder| folder.join("themes"))),
        keys: console
            .keys
            .iter()
            .map(|binding| KeyBinding {
                action: binding.action.clone(),
                keys: binding.keys.clone(),
                place: binding.origin.to_string(),
            })
            .collect(),
        colours: match console.colours.as_str() {
            "true" => Some(ColourDepth::True),
            "256" => Some(ColourDepth::TwoHundredFiftySix),
            "16" => Some(ColourDepth::Sixteen),
            "none" => Some(ColourDepth::None),
            _ => None,
        },
        unicode: switch(&console.unicode),
        is_mouse_on: console.is_mouse_on,
        synchronised_output: switch(&console.synchronised_output),
        is_read_only: console.is_read_only,
    }
}
