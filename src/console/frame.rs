//! One frame of the console: where everything stands, what must be drawn again, and drawing it.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use super::component::{Dirty, Mouse, MouseKind};
use super::context::ViewContext;
use super::header;
use super::help::loudness_style;
use super::screen::Screen;
use super::widgets::hints;
use super::widgets::text::cut;
use crate::model::time::Timestamp;

/// The smallest screen on which the console is useful.
pub const SMALLEST: (u16, u16) = (40, 8);

/// From this width on, the providers' health stands beside the tabs.
const WIDE: u16 = 120;

/// Where everything stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Places {
    site: Rect,
    tabs: Rect,
    health: Rect,
    body: Rect,
    hints: Rect,
}

impl Places {
    /// The places on a screen, or nothing when it is too small.
    fn on(screen: Rect) -> Option<Self> {
        if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
            return None;
        }
        let health_rows = u16::from(screen.width < WIDE);
        let row = |y: u16, height: u16| Rect { x: 0, y, width: screen.width, height };
        let top = 2 + health_rows;
        Some(Self {
            site: row(0, 1),
            tabs: row(1, 1),
            health: row(2, health_rows),
            body: row(top, screen.height - top - 1),
            hints: row(screen.height - 1, 1),
        })
    }
}

/// A line around the views and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Edge {
    area: Rect,
    line: Line<'static>,
    ground: Style,
}

/// What is drawn around the views, and what the next frame must draw again.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says what the next frame must do again, apart from the others"
)]
pub struct Chrome {
    site: Edge,
    tabs: Edge,
    health: Edge,
    hints: Edge,
    next_change: Option<Timestamp>,
    is_header_known: bool,
    is_everything_dirty: bool,
    is_screen_unknown: bool,
    are_layers_dirty: bool,
    uncovered: Vec<Rect>,
}

impl Chrome {
    /// The next frame draws everything: theme, tab or link changed.
    pub fn redraw_everything(&mut self) {
        self.is_everything_dirty = true;
        self.is_header_known = false;
    }

    /// The next frame writes every cell again: somebody else wrote to the terminal.
    pub fn forget_screen(&mut self) {
        self.is_screen_unknown = true;
    }

    /// The next frame draws every layer.
    pub fn redraw_layers(&mut self) {
        self.are_layers_dirty = true;
    }

    /// A layer that stood here is gone.
    pub fn uncover(&mut self, area: Rect) {
        self.uncovered.push(area);
        self.are_layers_dirty = true;
    }

    /// What the header shows may have changed.
    pub fn header_changed(&mut self) {
        self.is_header_known = false;
    }

    /// When the header's text changes by itself next.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        self.next_change
    }
}

impl App {
    /// Makes a frame and returns the bytes to write; none when nothing looks different.
    pub fn frame<'a>(&mut self, screen: &'a mut Screen, now: Timestamp) -> &'a [u8] {
        self.settle(now);
        if std::mem::take(&mut self.chrome.is_screen_unknown) {
            screen.forget();
        }
        let area = screen.area();
        let dirty = self.take_dirty(area, screen.needs_everything(), now);
        let cursor = self.cursor(area, now);
        screen.frame(dirty, cursor, |buffer, clip| self.draw(buffer, clip, now))
    }

    /// What must be drawn again; lays out every view on the way.
    fn take_dirty(&mut self, screen: Rect, is_everything: bool, now: Timestamp) -> Dirty {
        let Some(places) = Places::on(screen) else { return Dirty::area(screen) };
        let is_everything = is_everything | std::mem::take(&mut self.chrome.is_everything_dirty);
        let mut dirty = Dirty::nothing();
        self.refresh_edges(&places, &mut dirty, now);
        let context = self.world.context(now, &[], None);
        let has_layers = !self.views.layers().is_empty();
        let mut body = self.views.tab_mut().take_dirty(places.body, &context);
        if let Some(scrolled) = body.scrolled.filter(|_| has_layers) {
            body.scrolled = None; // what lies above would move, too
            body.add(scrolled.area);
        }
        dirty.merge(body);
        let are_layers_dirty = std::mem::take(&mut self.chrome.are_layers_dirty);
        let last = self.views.layers().len().saturating_sub(1);
        for (at, layer) in self.views.layers_mut().iter_mut().enumerate() {
            let wanted = layer.component.wanted_size(places.body, &context);
            let area = wanted.map_or(places.body, |size| centred(places.body, size));
            let mut part = layer.component.take_dirty(area, &context);
            if let Some(scrolled) = part.scrolled.filter(|_| at != last) {
                part.scrolled = None;
                part.add(scrolled.area);
            }
            dirty.merge(part);
            if area != layer.area || are_layers_dirty {
                dirty.add(layer.area);
                dirty.add(area);
                layer.area = area;
            }
        }
        if (are_layers_dirty || !self.chrome.uncovered.is_empty())
            && let Some(scrolled) = dirty.scrolled.take()
        {
            dirty.add(scrolled.area); // what stood above would move, too
        }
        for area in self.chrome.uncovered.drain(..) {
            dirty.add(area);
        }
        if is_everything { Dirty::area(screen) } else { dirty }
    }

    /// Makes the lines around the views again and notes those that look different.
    fn refresh_edges(&mut self, places: &Places, dirty: &mut Dirty, now: Timestamp) {
        let context = self.world.context(now, &[], None);
        let is_header_due = self.chrome.next_change.is_some_and(|due| due <= now)
            || !self.chrome.is_header_known
            || self.chrome.site.area != places.site;
        if is_header_due {
            let cells = places.site.width;
            let is_beside = places.health.is_empty();
            let health_cells = if is_beside { header::cells_beside_tabs(cells) } else { cells };
            let (health, next_change) = header::health_line(&context, health_cells);
            let (beside, below) = if is_beside { (Some(health), Line::default()) } else { (None, health) };
            let site = header::site_line(&context, cells);
            let tabs = header::tab_line(self.views.active(), beside, &context, cells);
            let plain = Style::new();
            set_edge(&mut self.chrome.site, places.site, site, context.theme.bar, dirty);
            set_edge(&mut self.chrome.tabs, places.tabs, tabs, plain, dirty);
            set_edge(&mut self.chrome.health, places.health, below, plain, dirty);
            self.chrome.is_header_known = true;
            // At least a moment ahead, so that a wrong clock cannot make it spin.
            let next_change = [next_change, header::next_site_change(&context)].into_iter().flatten().min();
            self.chrome.next_change = next_change.map(|at| at.max(now.plus_millis(100)));
        }
        let hints = self.hint_line(&context, places.hints.width);
        set_edge(&mut self.chrome.hints, places.hints, hints, Style::new(), dirty);
    }

    /// The last notice while it is new, else the most useful keys.
    fn hint_line(&self, context: &ViewContext<'_>, cells: u16) -> Line<'static> {
        let said = self.notices.front().filter(|_| self.notice_until.is_some());
        match said {
            Some(said) => {
                let text = cut(&said.text, usize::from(cells), context.glyphs.ellipsis).into_owned();
                Line::from(Span::styled(text, loudness_style(said.loudness, context)))
            }
            None => hints::line(self.views.top(), cells, context),
        }
    }

    /// Draws at least everything inside `clip`.
    fn draw(&self, buffer: &mut Buffer, clip: &[Rect], now: Timestamp) {
        let context = self.world.context(now, clip, None);
        let Some(places) = Places::on(buffer.area) else {
            draw_too_small(buffer, &context);
            return;
        };
        for edge in [&self.chrome.site, &self.chrome.tabs, &self.chrome.health, &self.chrome.hints] {
            if context.is_visible(edge.area) {
                buffer.set_style(edge.area, edge.ground);
                buffer.set_line(edge.area.x, edge.area.y, &edge.line, edge.area.width);
            }
        }
        let covering = self.views.layers().iter().rposition(|layer| layer.area == places.body);
        if covering.is_none() && context.is_visible(places.body) {
            self.views.tab().draw(places.body, buffer, &context);
        }
        for layer in self.views.layers().iter().skip(covering.unwrap_or(0)) {
            if context.is_visible(layer.area) {
                clear(buffer, layer.area, clip);
                layer.component.draw(layer.area, buffer, &context);
            }
        }
    }

    /// Where the text cursor stands.
    fn cursor(&self, screen: Rect, now: Timestamp) -> Option<Position> {
        let places = Places::on(screen)?;
        let context = self.world.context(now, &[], None);
        let area = self.views.layers().last().map_or(places.body, |layer| layer.area);
        self.views.top().cursor(area, &context)
    }

    /// A click or a turn of the wheel: for the tab bar, or for whoever has the focus and is hit.
    pub fn on_mouse(&mut self, mouse: Mouse, screen: Rect, now: Timestamp) {
        let Some(places) = Places::on(screen) else { return };
        self.settle(now);
        if mouse.kind == MouseKind::Press && places.tabs.contains(mouse.at) {
            if let Some(tab) = header::tab_at(mouse.at.x) {
                self.go_to(tab, now);
            }
            return;
        }
        let area = self.views.layers().last().map_or(places.body, |layer| layer.area);
        if area.contains(mouse.at) {
            self.with_top_mouse(mouse, area, now);
        }
    }
}

/// Keeps an edge and notes whether it looks different.
fn set_edge(edge: &mut Edge, area: Rect, line: Line<'static>, ground: Style, dirty: &mut Dirty) {
    let fresh = Edge { area, line, ground };
    if *edge != fresh {
        dirty.add(edge.area);
        dirty.add(area);
        *edge = fresh;
    }
}

/// A dialog's area: in the middle, not larger than there is.
fn centred(around: Rect, (width, height): (u16, u16)) -> Rect {
    let (width, height) = (width.min(around.width), height.min(around.height));
    Rect {
        x: around.x + (around.width - width) / 2,
        y: around.y + (around.height - height) / 2,
        width,
        height,
    }
}

/// Empties what a layer covers, as far as it will be shown.
fn clear(buffer: &mut Buffer, area: Rect, clip: &[Rect]) {
    let area = area.intersection(buffer.area);
    for part in clip.iter().map(|clip| clip.intersection(area)) {
        for y in part.top()..part.bottom() {
            for x in part.left()..part.right() {
                buffer[(x, y)] = Cell::EMPTY;
            }
        }
    }
}

/// What a screen shows that is too small for anything else.
fn draw_too_small(buffer: &mut Buffer, context: &ViewContext<'_>) {
    let area = buffer.area;
    let site = &context.fleet.site;
    let words = if site.is_simulated { "SIMULATED" } else { &site.word };
    let lines = [
        format!("{} {words}", site.name),
        format!("needs {}x{}", SMALLEST.0, SMALLEST.1),
        format!("this is {}x{}", area.width, area.height),
    ];
    for (row, line) in area.rows().zip(lines) {
        buffer.set_stringn(row.x, row.y, line.trim_end(), usize::from(row.width), context.theme.warning);
    }
}
