//! A component on a stage: a fleet, a moment, a theme; frames come out as text with a map of styles.

use quarterdeck::console::actions::Action;
use quarterdeck::console::component::{Component, Effect, Effects, Ticket, Touched};
use quarterdeck::console::context::{ASCII, Glyphs, LinkState, UNICODE, ViewContext};
use quarterdeck::console::keymap::Keymap;
use quarterdeck::console::keys::Key;
use quarterdeck::console::theme::{ColourDepth, Palette, Theme};
use quarterdeck::link::packed::PackedFleet;
use quarterdeck::model::fleet::Fleet;
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{ConsoleItem, Reply};
use quarterdeck::model::time::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// What a component sees.
pub struct Stage {
    pub fleet: PackedFleet,
    pub link: LinkState,
    pub now: Timestamp,
    pub is_read_only: bool,
    theme: Theme,
    glyphs: Glyphs,
    keymap: Keymap,
    clip: [Rect; 1],
}

/// The fleet as a console holds it.
fn packed(fleet: Fleet) -> PackedFleet {
    let mut packed = PackedFleet::default();
    fleet.snapshot().for_each(|change| packed.apply(change));
    PackedFleet { series: fleet.series, ..packed }
}

impl Stage {
    pub fn new(fleet: Fleet, now: Timestamp) -> Self {
        Self::dressed(fleet, now, "dark", ColourDepth::True, &UNICODE)
    }

    /// Without colours and Unicode.
    pub fn plain(fleet: Fleet, now: Timestamp) -> Self {
        Self::dressed(fleet, now, "dark", ColourDepth::None, &ASCII)
    }

    /// In a theme, on a terminal of this depth.
    pub fn dressed(fleet: Fleet, now: Timestamp, theme: &str, depth: ColourDepth, glyphs: &Glyphs) -> Self {
        let palettes = Palette::embedded();
        let palette = palettes.iter().find(|palette| palette.name == theme).expect("an embedded theme");
        Self {
            fleet: packed(fleet),
            link: LinkState::Live,
            now,
            is_read_only: false,
            theme: Theme::new(palette, depth),
            glyphs: *glyphs,
            keymap: Keymap::default(),
            clip: [Rect::new(0, 0, u16::MAX, u16::MAX)],
        }
    }

    pub fn context(&self) -> ViewContext<'_> {
        ViewContext {
            fleet: &self.fleet,
            theme: &self.theme,
            glyphs: &self.glyphs,
            keymap: &self.keymap,
            now: self.now,
            is_read_only: self.is_read_only,
            link: &self.link,
            clip: &self.clip,
            key: None,
        }
    }

    /// Opens the component and tells it that the snapshot arrived; gives what it asked for.
    pub fn open(&self, component: &mut dyn Component) -> Vec<Effect> {
        let mut effects = Effects::default();
        component.on_open(&self.context(), &mut effects);
        component.on_changes(&Touched::everything(), &self.context(), &mut effects);
        effects.take()
    }

    /// Tells the component what changed in the fleet; gives what it asked for then.
    pub fn tell(&self, component: &mut dyn Component, touched: &Touched) -> Vec<Effect> {
        let mut effects = Effects::default();
        component.on_changes(touched, &self.context(), &mut effects);
        effects.take()
    }

    /// Does actions, one after another; gives what they asked for.
    pub fn act(&self, component: &mut dyn Component, actions: &[Action]) -> Vec<Effect> {
        let mut effects = Effects::default();
        for action in actions {
            component.on_action(*action, &self.context(), &mut effects);
        }
        effects.take()
    }

    /// Presses keys as the app would: an action where the scope has one, else text.
    pub fn press(&self, component: &mut dyn Component, keys: &[Key]) -> Vec<Effect> {
        let mut effects = Effects::default();
        for key in keys {
            let context = ViewContext { key: Some(*key), ..self.context() };
            match self.keymap.action(component.scope(), *key) {
                Some(action) => component.on_action(action, &context, &mut effects),
                None => component.on_text_key(*key, &context, &mut effects),
            };
        }
        effects.take()
    }

    /// Types text.
    pub fn type_text(&self, component: &mut dyn Component, text: &str) -> Vec<Effect> {
        self.press(component, &text.chars().map(Key::char).collect::<Vec<_>>())
    }

    /// Answers a request.
    pub fn reply(
        &self,
        component: &mut dyn Component,
        ticket: u64,
        result: &Result<Reply, Problem>,
    ) -> Vec<Effect> {
        let mut effects = Effects::default();
        component.on_reply(Ticket(ticket), result, &self.context(), &mut effects);
        effects.take()
    }

    /// Sends items of a stream.
    pub fn stream(&self, component: &mut dyn Component, items: Vec<ConsoleItem>) {
        let mut effects = Effects::default();
        for item in items {
            component.on_stream(Ticket(0), &item, &self.context(), &mut effects);
        }
    }

    /// The frame at this screen size; a dialog stands in the middle at the size it wants.
    pub fn draw(&self, component: &mut dyn Component, width: u16, height: u16) -> Buffer {
        let screen = Rect::new(0, 0, width, height);
        let context = self.context();
        let (w, h) = component.wanted_size(screen, &context).unwrap_or((width, height));
        let (w, h) = (w.min(width), h.min(height));
        let area = Rect::new((width - w) / 2, (height - h) / 2, w, h);
        component.take_dirty(area, &context);
        let mut buffer = Buffer::empty(screen);
        component.draw(area, &mut buffer, &context);
        buffer
    }

    /// The frame as text with its map of styles.
    pub fn frame(&self, component: &mut dyn Component, width: u16, height: u16) -> String {
        let buffer = self.draw(component, width, height);
        format!("{width}x{height}\n{}styles\n{}", text(&buffer), self.styles(&buffer))
    }

    /// The frames at the three sizes that every view is read at.
    pub fn frames(&self, component: &mut dyn Component) -> String {
        [(80, 24), (120, 40), (30, 5)].map(|(width, height)| self.frame(component, width, height)).join("\n")
    }

    /// One letter per cell for the style's role in the theme; unstyled cells are blank.
    pub fn styles(&self, buffer: &Buffer) -> String {
        let theme = &self.theme;
        let roles: [(char, Style); 32] = [
            ('.', theme.text),
            (',', theme.muted),
            ('S', theme.strong),
            ('T', theme.title),
            ('a', theme.accent),
            ('-', theme.border),
            ('h', theme.table_head),
            ('H', theme.table_head_sorted),
            ('#', theme.selection),
            ('m', theme.marked),
            ('x', theme.gone),
            ('g', theme.good),
            ('w', theme.warning),
            ('B', theme.bad),
            ('i', theme.info),
            ('P', theme.production),
            ('Z', theme.simulated),
            ('_', theme.input),
            ('f', theme.found),
            ('=', theme.bar),
            ('N', theme.bar.add_modifier(Modifier::BOLD)),
            ('p', theme.bar.patch(theme.production)),
            ('G', theme.bar_good),
            ('W', theme.bar_warning),
            ('!', theme.bar_bad),
            ('r', theme.read_only),
            ('A', theme.tab_active),
            ('t', theme.tab_inactive),
            ('k', theme.key),
            ('l', theme.key_label),
            ('[', theme.button_focused),
            ('b', theme.button),
        ];
        let role = |style: Style| {
            let base = Style::reset().patch(style);
            roles
                .iter()
                .find(|(_, known)| Style::reset().patch(*known) == base)
                .map_or('?', |(letter, _)| *letter)
        };
        rows(buffer, |cell| {
            if cell.style() == ratatui::buffer::Cell::EMPTY.style() { ' ' } else { role(cell.style()) }
        })
    }
}

/// The symbols of a buffer, without trailing blanks.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = quarterdeck::console::widgets::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One letter per cell for its concrete style, `.` for the terminal's own, and below it what each letter is.
pub fn style_map(buffer: &Buffer) -> String {
    let mut seen: Vec<Style> = Vec::new();
    let mut letters = String::new();
    let letter_of = |at: usize| u8::try_from(at).ok().map_or('?', |at| char::from(b'a' + at));
    for y in 0..buffer.area.height {
        let start = letters.len();
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            if style == ratatui::buffer::Cell::EMPTY.style() {
                letters.push('.');
                continue;
            }
            let at = seen.iter().position(|known| *known == style).unwrap_or_else(|| {
                seen.push(style);
                seen.len() - 1
            });
            letters.push(letter_of(at));
        }
        let kept = start + letters[start..].trim_end_matches('.').len();
        letters.truncate(kept);
        letters.push('\n');
    }
    let colour = |colour: Option<Color>| match colour {
        None | Some(Color::Reset) => "own".to_owned(),
        Some(colour) => colour.to_string(),
    };
    let mut legend = Vec::new();
    for (at, style) in seen.iter().enumerate() {
        let (text, ground) = (colour(style.fg), colour(style.bg));
        let (letter, weight) = (letter_of(at), style.add_modifier);
        legend.push(format!("{letter} = {text} on {ground} {weight:?}\n"));
    }
    letters + &legend.concat()
}

fn rows(buffer: &Buffer, letter: impl Fn(&ratatui::buffer::Cell) -> char) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width).map(|x| letter(&buffer[(x, y)])).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
