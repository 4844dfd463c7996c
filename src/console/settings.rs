//! The console's settings, as plain values; where they come from is somebody else's business.

use std::path::PathBuf;

use super::keymap::KeyBinding;
use super::theme::ColourDepth;

/// Something that may be decided by looking at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// Look at the terminal and its environment.
    #[default]
    Auto,
    /// On in any case.
    On,
    /// Off in any case.
    Off,
}

/// The console's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// Name of the theme to begin with.
    pub theme: String,
    /// Folder with the operator's own themes (`*.toml`).
    pub theme_folder: Option<PathBuf>,
    /// The operator's own keys.
    pub keys: Vec<KeyBinding>,
    /// Colour depth; nothing means: as the environment says.
    pub colours: Option<ColourDepth>,
    /// Unicode symbols or ASCII ones.
    pub unicode: Switch,
    /// Whether the mouse works from the beginning.
    pub is_mouse_on: bool,
    /// Synchronised output of large frames.
    pub synchronised_output: Switch,
    /// Take away every action that changes something.
    pub is_read_only: bool,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            theme: "dark".to_owned(),
            theme_folder: None,
            keys: Vec::new(),
            colours: None,
            unicode: Switch::Auto,
            is_mouse_on: false,
            synchronised_output: Switch::Auto,
            is_read_only: false,
        }
    }
}

/// What the environment says about the terminal: read once by the caller, so that tests own it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TerminalEnvironment {
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub is_colour_unwanted: bool,
    /// `TERM`
    pub term: String,
    /// `COLORTERM`
    pub colour_term: String,
    /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty.
    pub locale: String,
    /// `TMUX` is set.
    pub is_tmux: bool,
    /// `QD_CONSOLE_PANIC` is set: the console shall panic once it has the terminal, for the test of giving it back.
    pub is_panic_wanted: bool,
}

impl TerminalEnvironment {
    /// Reads the environment through a function, usually `std::env::var`.
    #[must_use]
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(text).find(|text| !text.is_empty());
        Self {
            is_colour_unwanted: !text("NO_COLOR").is_empty(),
            term: text("TERM"),
            colour_term: text("COLORTERM"),
            locale: locale.unwrap_or_default(),
            is_tmux: !text("TMUX").is_empty(),
            is_panic_wanted: !text("QD_CONSOLE_PANIC").is_empty(),
        }
    }

    /// The colours that the terminal can show, as far as the environment says.
    #[must_use]
    pub fn colour_depth(&self) -> ColourDepth {
        let is_true = |text: &str| text.contains("truecolor") || text.contains("24bit");
        if self.is_colour_unwanted || self.term == "dumb" || self.term.starts_with("vt1") {
            ColourDepth::None
        } else if is_true(&self.colour_term) || self.term.contains("direct") {
            ColourDepth::True
        } else if self.term.contains("256") {
            ColourDepth::TwoHundredFiftySix
        } else {
            ColourDepth::Sixteen
        }
    }

    /// Whether the terminal draws Unicode, as far as the environment says: a locale that is set must name UTF-8 (an
    /// unset one says nothing about the terminal), and the Linux text console has too few glyphs.
    #[must_use]
    pub fn has_unicode(&self) -> bool {
        let locale = self.locale.to_ascii_lowercase();
        let is_said = locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8");
        is_said && self.term != "linux"
    }

    /// Whether synchronised output may be used once the terminal says that it knows it: never inside tmux, some
    /// versions of which resend the whole pane for each such frame.
    #[must_use]
    pub fn may_synchronise(&self) -> bool {
        !self.is_tmux && !self.term.starts_with("tmux") && !self.term.starts_with("screen")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> TerminalEnvironment {
        TerminalEnvironment::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_follow_the_environment() {
        let depth = |pairs| environment(pairs).colour_depth();
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), ColourDepth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), ColourDepth::TwoHundredFiftySix);
        assert_eq!(depth(&[("TERM", "linux")]), ColourDepth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), ColourDepth::None);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), ColourDepth::TwoHundredFiftySix);
    }

    #[test]
    fn unicode_follows_the_locale() {
        assert!(environment(&[("LANG", "en_GB.UTF-8")]).has_unicode());
        assert!(environment(&[("LANG", "C.UTF-8"), ("LC_ALL", "")]).has_unicode());
        assert!(!environment(&[("LANG", "C.UTF-8"), ("LC_ALL", "C")]).has_unicode());
        assert!(environment(&[]).has_unicode());
        assert!(!environment(&[("TERM", "linux")]).has_unicode());
    }
}
