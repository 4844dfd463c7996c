//! `config init|show|check`, and loading the configuration for every other command.

use std::io::Write;

use super::args::{Arguments, ConfigCommand};
use super::exit::Exit;
use crate::config::paths::Paths;
use crate::config::{Config, ConfigError, Layers, show};
use crate::console::format;
use crate::providers::transport::Authorities;

/// The folders with the flags of this call over them.
#[must_use]
pub fn paths(arguments: &Arguments) -> Paths {
    let mut paths = Paths::discover(&|name| std::env::var(name).ok());
    if let Some(file) = &arguments.config {
        paths.config_file.clone_from(file);
    }
    if let Some(folder) = &arguments.data_dir {
        paths.data_dir.clone_from(folder);
    }
    paths
}

/// Merges every layer for this call.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn layers(arguments: &Arguments) -> Result<Layers, ConfigError> {
    let mut flags = Vec::new();
    if arguments.read_only {
        flags.push(("--read-only", "console.read_only", "true".to_owned()));
    }
    Layers::load(&paths(arguments).config_file, arguments.config.is_some(), std::env::vars(), &flags)
}

/// The configuration for this call, with the data folder settled: flag and environment over file over default.
///
/// # Errors
/// As [`layers`], and what does not fit together.
pub fn load(arguments: &Arguments) -> Result<(Config, Paths), ConfigError> {
    let config = Config::from_layers(&layers(arguments)?)?;
    let mut paths = paths(arguments);
    let is_default = arguments.data_dir.is_none() && std::env::var_os("QUARTERDECK_DATA_DIR").is_none();
    if let (true, Some(folder)) = (is_default, &config.data_dir) {
        paths.data_dir.clone_from(folder);
    }
    Ok((config, paths))
}

/// Runs `config …`.
#[must_use]
pub fn run(arguments: &Arguments, command: &ConfigCommand) -> Exit {
    let outcome = match command {
        ConfigCommand::Init { stdout: true } => write_out(&show::sample()),
        ConfigCommand::Init { stdout: false } => init(arguments),
        ConfigCommand::Show { origin } => layers(arguments)
            .and_then(|layers| Config::from_layers(&layers).map(|_| layers))
            .map_err(|error| error.to_string())
            .and_then(|layers| write_out(&show::in_force(&layers, *origin))),
        ConfigCommand::Check => check(arguments),
    };
    match outcome {
        Ok(()) => Exit::Done,
        Err(message) => {
            eprintln!("quarterdeck: {message}");
            Exit::Usage
        }
    }
}

fn write_out(text: &str) -> Result<(), String> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

/// Writes the sample where the configuration belongs; never over a file that is there.
fn init(arguments: &Arguments) -> Result<(), String> {
    let file = paths(arguments).config_file;
    let named = |error: std::io::Error| format!("{}: {error}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(named)?;
    }
    let mut created = std::fs::File::create_new(&file).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} is there already and was left alone; --stdout prints the sample", file.display())
        }
        _ => named(error),
    })?;
    created.write_all(show::sample().as_bytes()).map_err(named)?;
    println!("wrote {}", file.display());
    Ok(())
}

/// Reads everything and resolves every secret, printing what was found but no value.
fn check(arguments: &Arguments) -> Result<(), String> {
    let (config, _) = load(arguments).map_err(|error| error.to_string())?;
    let environment = |name: &str| std::env::var(name).ok();
    let mut failures = Vec::new();
    let mut secrets = Vec::new();
    for panel in &config.panels {
        secrets.push((format!("panel.{}.application_key", panel.account), Some(&panel.application_key)));
        secrets.push((format!("panel.{}.client_key", panel.account), panel.client_key.as_ref()));
    }
    for orders in &config.orders {
        secrets.push((format!("orders.{}.url", orders.account), orders.url.as_ref()));
    }
    for exaroton in &config.exaroton {
        secrets.push((format!("exaroton.{}.token", exaroton.account), Some(&exaroton.token)));
    }
    for dathost in &config.dathost {
        secrets.push((format!("dathost.{}.password", dathost.account), Some(&dathost.password)));
    }
    for (path, source) in secrets {
        let Some(source) = source else { continue };
        match source.resolve(&environment) {
            Ok(_) => println!("ok   {path} {source}"),
            Err(message) => failures.push(format!("{path}: {message}")),
        }
    }
    let authorities = config.panels.iter().map(|panel| &panel.ca_file);
    let authorities = authorities.chain(config.orders.iter().map(|orders| &orders.ca_file));
    let authorities = authorities.chain(config.exaroton.iter().map(|exaroton| &exaroton.ca_file));
    for file in authorities.chain(config.dathost.iter().map(|dathost| &dathost.ca_file)).flatten() {
        match Authorities::read(file) {
            Ok(_) => println!("ok   ca_file {}", file.display()),
            Err(problem) => failures.push(problem.to_string()),
        }
    }
    println!(
        "ok   {}, {}, {}, {}, site {:?}",
        format::count(config.panels.len(), "panel"),
        format::count(config.orders.len(), "orders database"),
        format::count(config.exaroton.len(), "exaroton account"),
        format::count(config.dathost.len(), "DatHost account"),
        config.site.name
    );
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\nquarterdeck: ")) }
}
