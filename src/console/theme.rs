//! Themes: about a dozen colours that a user sets, and every concrete style derived from them in one place.
//!
//! Colours are lowered to what the terminal can do when the theme is made, so drawing never asks. Without colours
//! (`NO_COLOR`) weight and reverse video carry what colours did; words and glyphs carry the meaning in any case.

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

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
    /// Less important text on the header.
    pub bar_muted: Style,
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
        let on_bar = |text: &str| bar.fg(lowered(text));
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
            bar_muted: if depth <= ColourDepth::Sixteen { bar } else { on_bar(&colours.muted) },
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

/// Text on a ground; without colours, reverse video.
fn on_ground(text: Color, ground: Color, depth: ColourDepth) -> Style {
    if depth == ColourDepth::None {
        Style::new().add_modifier(Modifier::REVERSED)
    } else {
        Style::new().fg(text).bg(ground)
    }
}

/// Reads a colour: `default`, a name, `#rrggbb`, an index. An empty text is the terminal's own.
#[must_use]
pub fn colour_of(text: &str) -> Option<Color> {
    match text {
        "" | "default" => Some(Color::Reset),
        other => other.parse().ok(),
    }
}

/// The nearest colour that the terminal can show.
#[must_use]
pub fn lower(colour: Color, depth: ColourDepth) -> Color {
    match (depth, colour) {
        (ColourDepth::None, _) => Color::Reset,
        (ColourDepth::TwoHundredFiftySix, Color::Rgb(r, g, b)) => Color::Indexed(nearest_of_256([r, g, b])),
        (ColourDepth::Sixteen, Color::Rgb(r, g, b)) => nearest_of_16([r, g, b]),
        (ColourDepth::Sixteen, Color::Indexed(index)) => nearest_of_16(rgb_of_256(index)),
        (_, colour) => colour,
    }
}

/// The levels of xterm's 6×6×6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Usual colours of the sixteen (xterm's defaults); terminals differ, so this is a guess by nature.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 92, 92]),
    (Color::LightGreen, [92, 255, 92]),
    (Color::LightYellow, [255, 255, 92]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 92, 255]),
    (Color::LightCyan, [92, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The distance of two colours, squared, weighted as eyes weigh them.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    [2, 4, 3]
        .iter()
        .zip(one.iter().zip(other))
        .map(|(weight, (a, b))| weight * u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

/// The colour behind an index of the 256.
fn rgb_of_256(index: u8) -> [u8; 3] {
    match index {
        0..=15 => SIXTEEN[usize::from(index)].1,
        16..=231 => {
            let cube = usize::from(index - 16);
            [CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6]]
        }
        232.. => [8 + (index - 232) * 10; 3],
    }
}

/// The nearest of xterm's cube and greys; the first sixteen are left to the terminal's palette.
fn nearest_of_256(colour: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|index| distance(colour, rgb_of_256(*index))).unwrap_or(16)
}

/// The nearest of the sixteen.
fn nearest_of_16(colour: [u8; 3]) -> Color {
    SIXTEEN.iter().min_by_key(|(_, rgb)| distance(colour, *rgb)).map_or(Color::Reset, |(name, _)| *name)
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
    fn colours_are_lowered_to_what_the_terminal_can_do() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(lower(orange, ColourDepth::True), orange);
        assert_eq!(lower(orange, ColourDepth::TwoHundredFiftySix), Color::Indexed(208));
        assert_eq!(lower(Color::Rgb(250, 80, 80), ColourDepth::Sixteen), Color::LightRed);
        assert_eq!(lower(orange, ColourDepth::None), Color::Reset);
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
