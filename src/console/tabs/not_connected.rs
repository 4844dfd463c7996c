//! A tab whose provider is not connected: what it will show, and how to connect it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled};
use crate::console::condition::{self, Notice, Tone};
use crate::console::context::ViewContext;

/// A tab without a provider.
pub struct NotConnected {
    title: &'static str,
    paragraphs: &'static [&'static str],
    painted: Option<Rect>,
}

impl NotConnected {
    /// What the tab says.
    #[must_use]
    pub(super) fn new(title: &'static str, paragraphs: &'static [&'static str]) -> Self {
        Self { title, paragraphs, painted: None }
    }
}

impl Component for NotConnected {
    fn scope(&self) -> Scope {
        Scope::Empty
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let area = area.intersection(buffer.area);
        if area.is_empty() || condition::draw_too_small(area, buffer, context) {
            return;
        }
        let notice = Notice {
            title: self.title.to_owned(),
            paragraphs: self.paragraphs.iter().map(|words| (*words).to_owned()).collect(),
            verbatim: Vec::new(),
            tone: Tone::Calm,
        };
        condition::draw_notice(&notice, area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        let is_new = self.painted.replace(area) != Some(area);
        Dirty::area_if(is_new, area)
    }

    fn on_action(&mut self, _action: Action, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        Handled::Ignored
    }
}
