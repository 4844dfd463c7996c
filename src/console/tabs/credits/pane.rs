//! The part below the balances: what is known of the selected one. Chart, days, figures, changes and what burnt it stand
//! beside each other where there is room, and take turns where there is not.

mod changes;
mod chart;
mod figures;
mod head;
mod later;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::amounts;
use super::causes::Causes;
use super::history::History;
use crate::console::component::Dirty;
use crate::console::context::ViewContext;
use crate::console::widgets::paragraph;
use crate::console::widgets::text;
use crate::model::balance_view::BalanceView;
use crate::model::billed_later::BilledLater;
use crate::model::sanitise::clean;

/// From this size on, all parts stand beside each other.
const SIZE_FOR_ALL: (u16, u16) = (108, 20);

/// A part of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The balance over time.
    Chart,
    /// Spend by day.
    Days,
    /// Windows, both measures of the burn, charges.
    Figures,
    /// What changed the burn, and who did it.
    Changes,
    /// What burnt: by server, by owner, by provider.
    Burnt,
}

impl Section {
    const ALL: [Self; 5] = [Self::Chart, Self::Days, Self::Figures, Self::Changes, Self::Burnt];

    fn word(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Days => "days",
            Self::Figures => "figures",
            Self::Changes => "changes",
            Self::Burnt => "burnt",
        }
    }

    /// The one after it, going round.
    pub(super) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|section| *section == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// Lines and where they stand.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    area: Rect,
    lines: Vec<Line<'static>>,
}

/// The pane's state.
pub(super) struct Pane {
    pub(super) section: Section,
    pub(super) history: History,
    pub(super) causes: Causes,
    painted: Option<(Rect, Vec<Part>)>,
}

impl Default for Pane {
    fn default() -> Self {
        Self {
            section: Section::Chart,
            history: History::default(),
            causes: Causes::default(),
            painted: None,
        }
    }
}

/// What the pane is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// A balance.
    Balance(Subject<'a>),
    /// An account that is billed later.
    Later(&'a BilledLater),
}

/// A balance, and how it is told.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) view: &'a BalanceView,
    pub(super) is_live: bool,
}

impl Pane {
    /// Whether every part is on screen at this size.
    pub(super) fn shows_all(area: Rect) -> bool {
        area.width >= SIZE_FOR_ALL.0 && area.height >= SIZE_FOR_ALL.1
    }

    /// What must be drawn again.
    pub(super) fn take_dirty(&mut self, area: Rect, about: About<'_>, context: &ViewContext<'_>) -> Dirty {
        let parts = self.parts(area, about, context);
        let mut dirty = Dirty::nothing();
        match &self.painted {
            Some((painted, known)) if *painted == area && known.len() == parts.len() => {
                for (part, known) in parts.iter().zip(known).filter(|(part, known)| part != known) {
                    dirty.add(part.area);
                    dirty.add(known.area);
                }
            }
            _ => dirty.add(area),
        }
        self.history.set_points(chart::columns_of_dots(Self::chart_area(area), context));
        self.painted = Some((area, parts));
        dirty
    }

    /// Forgets what was painted.
    pub(super) fn invalidate(&mut self) {
        self.painted = None;
    }

    /// Draws the pane.
    pub(super) fn draw(&self, area: Rect, about: About<'_>, buffer: &mut Buffer, context: &ViewContext<'_>) {
        for part in self.parts(area, about, context) {
            if context.is_visible(part.area) {
                paragraph::draw(&part.lines, 0, part.area, buffer, context.theme.muted);
            }
        }
    }

    /// Where the chart stands in a pane of this area.
    fn chart_area(area: Rect) -> Rect {
        if Self::shows_all(area) { Rect { width: area.width * 11 / 20, ..area } } else { area }
    }

    fn parts(&self, area: Rect, about: About<'_>, context: &ViewContext<'_>) -> Vec<Part> {
        match about {
            About::Balance(subject) => self.parts_of_balance(area, subject, context),
            About::Later(later) => {
                let size = (usize::from(area.width), usize::from(area.height));
                vec![Part { area, lines: later::lines(later, &self.causes, size, context) }]
            }
        }
    }

    fn parts_of_balance(&self, area: Rect, subject: Subject<'_>, context: &ViewContext<'_>) -> Vec<Part> {
        let rows = |y: u16, height: u16| Rect {
            y: area.y + y.min(area.height),
            height: height.min(area.height.saturating_sub(y)),
            ..area
        };
        let is_all = Self::shows_all(area);
        let mut parts = vec![Part { area: rows(0, 1), lines: vec![self.rule(area, subject, context)] }];
        let mut head = head::lines(self, subject, usize::from(area.width), context);
        head.truncate(usize::from(area.height / 4).max(1));
        let head_rows = u16::try_from(head.len()).unwrap_or(1);
        parts.push(Part { area: rows(1, head_rows), lines: head });
        let body = rows(1 + head_rows, area.height);
        if is_all {
            self.beside_each_other(body, subject, context, &mut parts);
        } else {
            parts.push(self.section(self.section, body, subject, context));
        }
        parts
    }

    fn beside_each_other(
        &self,
        body: Rect,
        subject: Subject<'_>,
        context: &ViewContext<'_>,
        parts: &mut Vec<Part>,
    ) {
        let body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        let left = Self::chart_area(body);
        let right = Rect { x: left.right() + 2, width: body.width.saturating_sub(left.width + 2), ..body };
        let figures = self.section(Section::Figures, right, subject, context);
        let figures_rows = u16::try_from(figures.lines.len() + 1).unwrap_or(u16::MAX).min(right.height);
        let upper = left.height * 3 / 5;
        let below = |area: Rect, rows: u16| Rect {
            y: area.y + rows,
            height: area.height.saturating_sub(rows),
            ..area
        };
        parts.push(self.section(Section::Chart, Rect { height: upper, ..left }, subject, context));
        parts.push(self.section(Section::Days, below(left, upper + 1), subject, context));
        parts.push(Part { area: Rect { height: figures_rows, ..right }, ..figures });
        let rest = below(right, figures_rows);
        let changes_rows = rest.height / 2;
        let changes = Rect { height: changes_rows.saturating_sub(1), ..rest };
        parts.push(self.section(Section::Changes, changes, subject, context));
        parts.push(self.section(Section::Burnt, below(rest, changes_rows), subject, context));
    }

    fn section(&self, section: Section, area: Rect, subject: Subject<'_>, context: &ViewContext<'_>) -> Part {
        let (cells, rows) = (usize::from(area.width), usize::from(area.height));
        let payer = &subject.view.balance.key;
        let lines = match section {
            Section::Chart => chart::lines(&self.history, subject, cells, rows, context),
            Section::Days => chart::days(&self.history, subject, cells, rows, context),
            Section::Figures => figures::lines(subject, cells, context),
            Section::Changes => changes::lines(&self.causes, payer, cells, rows, context),
            Section::Burnt => changes::shares(&self.causes, payer, cells, rows, context),
        };
        Part { area, lines }
    }

    /// The line between rows and pane: which balance, and which part of it.
    fn rule(&self, area: Rect, subject: Subject<'_>, context: &ViewContext<'_>) -> Line<'static> {
        let (theme, glyphs) = (context.theme, context.glyphs);
        let balance = &subject.view.balance;
        let own = clean(&balance.name);
        let name = match &balance.key.pool {
            None if own != balance.key.account.as_str() => format!("{} ({own})", amounts::name(subject.view)),
            _ => amounts::name(subject.view),
        };
        let mut spans = vec![
            Span::styled(format!("{0}{0} ", glyphs.horizontal), theme.border),
            Span::styled(text::cut(&name, 30, glyphs.ellipsis).into_owned(), theme.title),
            Span::styled(" ", theme.border),
        ];
        if let Some(share) = &balance.share {
            let whose = if share.is_owner { "owner" } else { "member" };
            let percent = (share.share * Decimal::ONE_HUNDRED).round().normalize();
            let amount = amounts::amount(share.amount);
            let words = format!("{whose} of {}, {percent} % ours = {amount} ", share.members);
            spans.push(Span::styled(words, theme.text));
        }
        if !Self::shows_all(area) {
            spans.push(Span::styled(format!("{} ", glyphs.horizontal), theme.border));
            for section in Section::ALL {
                let style = if section == self.section { theme.tab_active } else { theme.tab_inactive };
                spans.push(Span::styled(format!(" {} ", section.word()), style));
            }
            spans.push(Span::styled(" ", theme.border));
        }
        let used: usize = spans.iter().map(Span::width).sum();
        let rest = usize::from(area.width).saturating_sub(used);
        spans.push(Span::styled(glyphs.horizontal.repeat(rest), theme.border));
        Line::from(spans)
    }
}
