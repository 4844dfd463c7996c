//! What a component may read while it draws or answers a key. Read-only, passed down, never global.

use ratatui::layout::Rect;

use super::keymap::Keymap;
use super::keys::Key;
use super::theme::Theme;
use crate::link::packed::PackedFleet;
use crate::model::time::Timestamp;

/// How the way to the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Connected, and the first snapshot is still arriving: views show "loading".
    Loading,
    /// Connected and up to date.
    Live,
    /// Lost; what is shown is what was known then. It reconnects by itself.
    Lost {
        /// Since when.
        since: Timestamp,
        /// Why, for people.
        problem: String,
    },
}

impl LinkState {
    /// Whether requests can be sent.
    #[must_use]
    pub fn is_up(&self) -> bool {
        !matches!(self, Self::Lost { .. })
    }
}

/// Everything a component may read.
#[derive(Clone, Copy)]
pub struct ViewContext<'a> {
    /// The mirror of the site.
    pub fleet: &'a PackedFleet,
    /// Colours and styles.
    pub theme: &'a Theme,
    /// Symbols of the alphabet in use.
    pub glyphs: &'a Glyphs,
    /// Keys, for labels such as "press p to provision".
    pub keymap: &'a Keymap,
    /// The present moment.
    pub now: Timestamp,
    /// Whether actions that change something are taken away, by flag, configuration or the engine.
    pub is_read_only: bool,
    /// How the way to the engine is.
    pub link: &'a LinkState,
    /// Only these areas will be shown; drawing outside of them is wasted.
    pub clip: &'a [Rect],
    /// The key that is being answered, where a key is.
    pub key: Option<Key>,
}

impl ViewContext<'_> {
    /// The moment that what is shown is from: the present one, or when the engine was lost.
    #[must_use]
    pub fn known_at(&self) -> Timestamp {
        match self.link {
            LinkState::Lost { since, .. } => *since,
            LinkState::Loading | LinkState::Live => self.now,
        }
    }

    /// Whether any of this area will be shown.
    #[must_use]
    pub fn is_visible(&self, area: Rect) -> bool {
        self.clip.iter().any(|clip| clip.intersects(area))
    }
}

/// The symbols that are drawn, in one alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Left of the selected row.
    pub selected: &'static str,
    /// Left of a marked row.
    pub marked: &'static str,
    /// Left of a marked row that is selected.
    pub marked_selected: &'static str,
    /// Beside the column sorted by, ascending.
    pub ascending: &'static str,
    /// Beside the column sorted by, descending.
    pub descending: &'static str,
    /// Good, done.
    pub good: &'static str,
    /// A warning.
    pub warning: &'static str,
    /// Bad, failed.
    pub bad: &'static str,
    /// For your information.
    pub info: &'static str,
    /// Going on.
    pub running: &'static str,
    /// Standing still.
    pub stopped: &'static str,
    /// Half-way: starting, stopping, waiting.
    pub pending: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// At the end of text that was cut.
    pub ellipsis: &'static str,
    /// Between two things.
    pub separator: &'static str,
    /// From something to something.
    pub arrow: &'static str,
    /// A missing point of a sparkline.
    pub gap: &'static str,
    /// The eight heights of a sparkline, lowest first.
    pub levels: [&'static str; 8],
    /// A horizontal line.
    pub horizontal: &'static str,
    /// A vertical line.
    pub vertical: &'static str,
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// A vertical axis beside a number.
    pub tick_left: &'static str,
    /// A horizontal axis above a time.
    pub tick_down: &'static str,
    /// A horizontal axis where nothing was watched.
    pub axis_gap: &'static str,
    /// Whether braille dots can be drawn.
    pub has_dots: bool,
}

/// Symbols for terminals with Unicode; every one is one cell wide, also where ambiguous width means one.
pub const UNICODE: Glyphs = Glyphs {
    selected: "▌",
    marked: "◆",
    marked_selected: "◈",
    ascending: "▲",
    descending: "▼",
    good: "✓",
    warning: "!",
    bad: "✗",
    info: "i",
    running: "●",
    stopped: "○",
    pending: "◐",
    unknown: "?",
    ellipsis: "…",
    separator: "·",
    arrow: "→",
    gap: " ",
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    horizontal: "─",
    vertical: "│",
    corners: ["┌", "┐", "└", "┘"],
    tick_left: "┤",
    tick_down: "┬",
    axis_gap: "╌",
    has_dots: true,
};

/// Symbols for terminals without.
pub const ASCII: Glyphs = Glyphs {
    selected: ">",
    marked: "*",
    marked_selected: "#",
    ascending: "^",
    descending: "v",
    good: "+",
    warning: "!",
    bad: "x",
    info: "i",
    running: "*",
    stopped: "o",
    pending: "~",
    unknown: "?",
    ellipsis: "~",
    separator: "|",
    arrow: ">",
    gap: " ",
    levels: ["_", ".", "-", ":", "=", "+", "*", "#"],
    horizontal: "-",
    vertical: "|",
    corners: ["+", "+", "+", "+"],
    tick_left: "+",
    tick_down: "+",
    axis_gap: ".",
    has_dots: false,
};
