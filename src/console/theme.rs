//! Themes: about a dozen colours that a user sets, and every concrete style derived from them in one place.
//!
//! Colours are lowered to what the terminal can do when the theme is made, so drawing never asks. Without colours
//! (`NO_COLOR`) weight and reverse video carry what colours did; words and glyphs carry the meaning in any case.

mod colour;

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

pub use colour::{colour_of, is_readable, lower};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ColourDepth {
    /// No colour at all: `NO_COLOR`, or a terminal without.
    None,
    /// The sixteen of the terminal's palette.
    Sixteen,
    /// The 256 of xterm.
    TwoHundredFiftySix,
    /// 24 bits.
    #[default]
    True,
}

/// A theme as its file says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// What the theme is called.
    pub name: String,
    /// Its colours.
    pub colours: Colours,
}

/// The dozen colours. Each is `default`, a name (`light-red`), `#rrggbb` or an index of the 256.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Colours {
    /// Ordinary text.
    pub text: String,
    /// Text that matters less: units, ages, help.
    pub muted: String,
    /// Titles, keys, the sorted column.
    pub accent: String,
    /// Behind the selected row's name.
    pub selection: String,
    /// Text on `selection`.
    pub selection_text: String,
    /// Lines and frames.
    pub border: String,
    /// Running, done, fresh.
    pub good: String,
    /// Aging, stuck soon.
    pub warning: String,
    /// Failed, orphaned, destroying.
    pub bad: String,
    /// Worth knowing.
    pub info: String,
    /// Behind header and hint bar.
    pub bar: String,
    /// Text on `bar`.
    pub bar_text: String,
    /// The site's word where it is production.
    pub production: String,
}

/// Every style that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// What the theme is called.
    pub name: String,
    /// What the terminal can show.
    pub depth: ColourDepth,
    /// Ordinary text.
    pub text: Style,
    /// Text that matters less.
    pub muted: Style,
    /// Text that stands out: bold.
    pub strong: Style,
    /// Titles of panes and dialogs.
    pub title: Style,
    /// Something chosen or special: the sorted column, a link.
    pub accent: Style,
    /// Lines and frames.
    pub border: Style,
    /// The frame of what has the focus.
    pub border_focused: Style,
    /// The heads of columns.
    pub table_head: Style,
    /// The head of the column sorted by.
    pub table_head_sorted: Style,
    /// The selected row's mark and first column.
    pub selection: Style,
    /// The mark of a marked row.
    pub marked: Style,
    /// A row that is gone but still shown because the order is frozen.
    pub gone: Style,
    /// Good news: running, done.
    pub good: Style,
    /// A warning.
    pub warning: Style,
    /// Bad news.
    pub bad: Style,
    /// For your information.
    pub info: Style,
    /// The header's ground.
    pub bar: Style,
    /// Good news on the header.
    pub bar_good: Style,
    /// A warning on the header.
    pub bar_warning: Style,
    /// Bad news on the header.
    pub bar_bad: Style,
    /// The site's word, where the site says no colour of its own.
    pub production: Style,
    /// The word SIMULATED.
    pub simulated: Style,
    /// The word READ-ONLY.
    pub read_only: Style,
    /// The tab in front.
    pub tab_active: Style,
    /// The other tabs.
    pub tab_inactive: Style,
    /// A key in the hint bar and in help.
    pub key: Style,
    /// What the key does.
    pub key_label: Style,
    /// Text in an input field.
    pub input: Style,
    /// What a search or filter matched.
    pub found: Style,
    /// The button that is selected.
    pub button_focused: Style,
    /// The other buttons.
    pub button: Style,
}

/// The themes that are always there.
const EMBEDDED: [&str; 5] = [
    include_str!("../../themes/dark.toml"),
    include_str!("../../themes/light.toml"),
    include_str!("../../themes/high-contrast.toml"),
    include_str!("../../themes/colour-blind.toml"),
    include_str!("../../themes/16-colour.toml"),
];

/// The largest theme file that is read: the embedded ones are below 1 KiB.
const LARGEST_THEME_BYTES: u64 = 64 * 1024;

impl Palette {
    /// Reads a theme's text.
    ///
    /// # Errors
    /// What is wrong and where, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let palette: Self = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        for (name, colour) in palette.colours.each() {
            if colour_of(colour).is_none() {
                return Err(format!(
                    "`{name} = \"{colour}\"` is no colour: write default, a name such as light-red, #rrggbb or 0 to 255"
                ));
            }
        }
        Ok(palette)
    }

    /// The embedded themes, dark first.
    #[must_use]
    pub fn embedded() -> Vec<Self> {
        EMBEDDED.iter().filter_map(|text| Self::parse(text).ok()).collect()
    }

    /// The embedded themes and those of a folder (`*.toml`), and what was wrong with files there.
    ///
    /// A file whose theme has the name of an embedded one replaces it.
    #[must_use]
    pub fn load(folder: Option<&Path>) -> (Vec<Self>, Vec<String>) {
        let mut palettes = Self::embedded();
        let mut problems = Vec::new();
        let mut paths: Vec<_> = folder
            .and_then(|folder| std::fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        for path in paths {
            match read_theme(&path) {
                Ok(palette) => {
                    palettes.retain(|other| other.name != palette.name);
                    palettes.push(palette);
                }
                Err(problem) => problems.push(format!("{}: {problem}", path.display())),
            }
        }
        (palettes, problems)
    }
}

/// Reads one file of a theme folder.
fn read_theme(path: &Path) -> Result<Palette, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST_THEME_BYTES {
        return Err(format!("{size} bytes are too many for a theme"));
    }
    Palette::parse(&std::fs::read_to_string(path).map_err(|error| error.to_string())?)
}

impl Colours {
    /// Every colour with its name.
    fn each(&self) -> [(&'static str, &str); 13] {
        [
            ("text", &self.text),
            ("muted", &self.muted),
            ("accent", &self.accent),
            ("selection", &self.selection),
            ("selection_text", &self.selection_text),
            ("border", &self.border),
            ("good", &self.good),
            ("warning", &self.warning),
            ("bad", &self.bad),
            ("info", &self.info),
            ("bar", &self.bar),
            ("bar_text", &self.bar_text),
            ("production", &self.production),
        ]
    }
}

impl Theme {
    /// Derives every style from a theme's colours, for a terminal of this depth.
    #[must_use]
    pub fn new(palette: &Palette, depth: ColourDepth) -> Self {
        let colours = &palette.colours;
        let lowered = |text: &str| lower(colour_of(text).unwrap_or(Color::Reset), depth);
        let fg = |text: &str| Style::new().fg(lowered(text));
        let bar = on_ground(lowered(&colours.bar_text), lowered(&colours.bar), depth);
        let on_bar = |text: &str| if_readable(lowered(text), bar);
        let word = |text: &str| fg(text).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let text = fg(&colours.text);
        let accent = fg(&colours.accent);
        let selection = on_ground(lowered(&colours.selection_text), lowered(&colours.selection), depth)
            .add_modifier(Modifier::BOLD);
        Self {
            name: palette.name.clone(),
            depth,
            text,
            muted: fg(&colours.muted),
            strong: text.add_modifier(Modifier::BOLD),
            title: accent.add_modifier(Modifier::BOLD),
            accent,
            border: fg(&colours.border),
            border_focused: accent,
            table_head: fg(&colours.muted).add_modifier(Modifier::BOLD),
            table_head_sorted: accent.add_modifier(Modifier::BOLD),
            selection,
            marked: fg(&colours.warning).add_modifier(Modifier::BOLD),
            gone: fg(&colours.muted).add_modifier(Modifier::CROSSED_OUT),
            good: fg(&colours.good),
            warning: fg(&colours.warning),
            bad: fg(&colours.bad).add_modifier(Modifier::BOLD),
            info: fg(&colours.info),
            bar,
            bar_good: on_bar(&colours.good),
            bar_warning: on_bar(&colours.warning),
            bar_bad: on_bar(&colours.bad).add_modifier(Modifier::BOLD),
            production: word(&colours.production),
            simulated: word(&colours.info),
            read_only: word(&colours.warning),
            tab_active: accent.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            tab_inactive: fg(&colours.muted),
            key: accent.add_modifier(Modifier::BOLD),
            key_label: fg(&colours.muted),
            input: text.add_modifier(Modifier::UNDERLINED),
            found: fg(&colours.warning).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            button_focused: selection,
            button: text,
        }
    }

    /// The style of a site's word: its own colour where it names one that is understood.
    #[must_use]
    pub fn site_word(&self, colour: &str) -> Style {
        match colour_of(colour) {
            Some(colour) if !matches!(colour, Color::Reset) => {
                Style::new().fg(lower(colour, self.depth)).add_modifier(Modifier::BOLD | Modifier::REVERSED)
            }
            _ => self.production,
        }
    }
}

/// The style in this colour, unless that could not be read on the style's ground: glyph and word say it in any case.
fn if_readable(text: Color, style: Style) -> Style {
    if style.bg.is_none_or(|ground| is_readable(text, ground)) { style.fg(text) } else { style }
}

/// Text on a ground; without colours, reverse video.
fn on_ground(text: Color, ground: Color, depth: ColourDepth) -> Style {
    if depth == ColourDepth::None {
        Style::new().add_modifier(Modifier::REVERSED)
    } else {
        Style::new().fg(text).bg(ground)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_theme_is_read() {
        let names: Vec<_> = Palette::embedded().into_iter().map(|palette| palette.name).collect();
        assert_eq!(names, ["dark", "light", "high-contrast", "colour-blind", "16-colour"]);
    }

    #[test]
    fn mistakes_in_a_theme_are_named() {
        let broken = EMBEDDED[0].replace("#8a93a3", "greyish");
        assert!(Palette::parse(&broken).unwrap_err().contains("muted = \"greyish\""));
        let unknown = format!("{}\nfoo = 1\n", EMBEDDED[0]);
        assert!(Palette::parse(&unknown).unwrap_err().contains("foo"));
    }

    #[test]
    fn a_folder_adds_and_replaces_themes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.toml"), EMBEDDED[0].replace("\"dark\"", "\"mine\"")).unwrap();
        std::fs::write(folder.path().join("bad.toml"), "name = 3").unwrap();
        let (palettes, problems) = Palette::load(Some(folder.path()));
        assert_eq!(palettes.len(), 6);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("bad.toml"));
    }

    #[test]
    fn what_stands_on_a_ground_of_the_theme_can_be_read() {
        for palette in Palette::embedded() {
            for depth in [ColourDepth::Sixteen, ColourDepth::TwoHundredFiftySix, ColourDepth::True] {
                let theme = Theme::new(&palette, depth);
                let styles = [theme.bar, theme.bar_good, theme.bar_warning, theme.bar_bad, theme.selection];
                for style in styles {
                    let (text, ground) = (style.fg.unwrap(), style.bg.unwrap());
                    assert!(is_readable(text, ground), "{} at {depth:?}: {text} on {ground}", palette.name);
                }
            }
        }
    }

    #[test]
    fn without_colours_no_style_has_any_and_the_selection_is_still_seen() {
        for palette in Palette::embedded() {
            let theme = Theme::new(&palette, ColourDepth::None);
            assert!(!format!("{theme:?}").contains("Rgb"));
            assert!(theme.selection.add_modifier.contains(Modifier::REVERSED));
            assert_ne!(theme.bad, theme.text);
        }
    }
}
