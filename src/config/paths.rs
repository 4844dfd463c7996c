//! Where files live: the XDG folders, found with `directories`.

use std::path::PathBuf;

use directories::ProjectDirs;

/// The folders of one installation.
#[derive(Debug, Clone)]
pub struct Paths {
    /// config.toml.
    pub config_file: PathBuf,
    /// Record log, cache, engine's log, lock and socket.
    pub data_dir: PathBuf,
}

impl Paths {
    /// The default places, with `QUARTERDECK_CONFIG` and `QUARTERDECK_DATA_DIR` over them.
    ///
    /// Without a home folder everything is looked for below the present folder.
    #[must_use]
    pub fn discover(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let project = ProjectDirs::from("", "", "quarterdeck");
        let config_dir = project
            .as_ref()
            .map_or_else(|| PathBuf::from(".quarterdeck"), |dirs| dirs.config_dir().to_path_buf());
        let state_dir = project.as_ref().map_or_else(
            || PathBuf::from(".quarterdeck"),
            |dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf(),
        );
        Self {
            config_file: environment("QUARTERDECK_CONFIG")
                .map_or_else(|| config_dir.join("config.toml"), PathBuf::from),
            data_dir: environment("QUARTERDECK_DATA_DIR").map_or(state_dir, PathBuf::from),
        }
    }
}
