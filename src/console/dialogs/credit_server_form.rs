//! A number for servers that burn credits: their memory, or by how many minutes the auto-stop is put off. What it means for
//! burn and runway is said while it is typed; then the plan is shown like any other.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::{frame, plan};
use crate::console::actions::{Action, Scope};
use crate::console::component::{Component, Dirty, Effects, Handled, Touched};
use crate::console::context::ViewContext;
use crate::console::details::clean;
use crate::console::keys::Key;
use crate::console::tabs::credits::amounts;
use crate::console::widgets::form::TextField;
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::model::action::ActionRequest;
use crate::model::credit_pricing::CreditPricing;
use crate::model::credits::{CREDITS, CreditServer, EXTENSION_S_MAX, Payer, RAM_GIB};
use crate::model::ids::ServerKey;
use crate::model::money::Currency;
use crate::model::spend::WhatIf;

/// What the minutes are at first: the provider's own button adds 5, which is soon over (`providers/exaroton.md` §3.3).
const USUAL_MINUTES: u32 = 15;

/// Seconds of a minute.
const MINUTE_S: u32 = 60;

/// Minutes of an hour.
const HOUR_MINUTES: u32 = 60;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// GiB of memory.
    Ram,
    /// Minutes.
    Minutes,
}

impl Question {
    fn label(self) -> &'static str {
        match self {
            Self::Ram => "GiB:     ",
            Self::Minutes => "minutes: ",
        }
    }

    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Ram => (*RAM_GIB.start(), *RAM_GIB.end()),
            Self::Minutes => (1, EXTENSION_S_MAX / MINUTE_S),
        }
    }
}

/// The dialog.
pub struct CreditServerForm {
    question: Question,
    servers: Vec<ServerKey>,
    number: TextField,
    is_dirty: bool,
}

impl CreditServerForm {
    /// Asks this about these servers; at least one.
    #[must_use]
    pub fn new(question: Question, servers: Vec<ServerKey>, context: &ViewContext<'_>) -> Self {
        let first = servers.first().and_then(|key| context.fleet.credit_servers.get(key));
        let number = match question {
            Question::Ram => first.and_then(|server| server.ram_gib).map(|ram_gib| ram_gib.to_string()),
            Question::Minutes => Some(USUAL_MINUTES.to_string()),
        };
        let number = TextField::with_text(&number.unwrap_or_default());
        Self { question, servers, number, is_dirty: true }
    }

    /// The number, if it is one that is taken.
    fn number(&self) -> Option<u32> {
        let (least, most) = self.question.bounds();
        self.number.text().trim().parse().ok().filter(|number| (least..=most).contains(number))
    }

    fn title(&self, context: &ViewContext<'_>) -> String {
        let whom = match self.servers.as_slice() {
            [only] => clean(&words::server_name(context.fleet, only)),
            several => format::count(several.len(), "server"),
        };
        match self.question {
            Question::Ram => format!("Memory of {whom}"),
            Question::Minutes => format!("Put off the auto-stop of {whom}"),
        }
    }

    fn rows<'a>(&'a self, context: &'a ViewContext<'_>) -> impl Iterator<Item = &'a CreditServer> {
        self.servers.iter().filter_map(|key| context.fleet.credit_servers.get(key).map(AsRef::as_ref))
    }

    /// What the number means, line by line.
    fn meaning(&self, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let theme = context.theme;
        let Some(number) = self.number() else {
            let (least, most) = self.question.bounds();
            return vec![Line::styled(format!("a whole number from {least} to {most}"), theme.bad)];
        };
        let mut lines = match self.question {
            Question::Ram => self.memory_means(number, context),
            Question::Minutes => self.minutes_mean(number, context),
        };
        lines.push(Line::styled("enter shows the plan, esc cancels", theme.muted));
        lines
    }

    fn memory_means(&self, ram_gib: u32, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let (theme, pricing) = (context.theme, CreditPricing::default());
        let now: Vec<Decimal> = self
            .rows(context)
            .filter_map(|server| server.ram_gib.map(|ram_gib| pricing.per_hour(ram_gib).amount))
            .collect();
        let head = match now.as_slice() {
            [only] => format!("now {} {CREDITS}/h while it runs; from its next start:", only.normalize()),
            _ if self.servers.len() > 1 => "each from its next start:".to_owned(),
            _ => "from its next start:".to_owned(),
        };
        let unit = Currency(CREDITS.to_owned());
        let burn = amounts::burn_words(context, pricing.per_hour(ram_gib).amount, &unit);
        vec![
            Line::styled(head, theme.text),
            Line::styled(burn, theme.strong),
            self.runway_line(ram_gib, context),
        ]
    }

    /// How long the paying balance lasts with these servers running at the new memory, beside how long it lasts now.
    fn runway_line(&self, ram_gib: u32, context: &ViewContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let payers: std::collections::BTreeSet<&Payer> =
            self.rows(context).map(|server| &server.payer).collect();
        let key = match payers.into_iter().collect::<Vec<_>>().as_slice() {
            [Payer::Balance(key)] => key,
            [Payer::Owner] => return Line::styled("its owner pays", theme.muted),
            [] | [Payer::Undecided] => return Line::styled("who pays is not known yet", theme.muted),
            _ => return Line::styled("several balances pay: the plans say how long each lasts", theme.muted),
        };
        let Some(view) = amounts::view_of(context, key) else {
            return Line::styled("the balance was not read yet", theme.muted);
        };
        let at = context.known_at();
        let burners = context.fleet.burners.get(key).map_or(&[][..], Vec::as_slice);
        let per_hour = CreditPricing::default().per_hour(ram_gib).amount;
        let then = WhatIf {
            stopped: self.servers.clone(),
            started_per_hour: self.servers.iter().map(|_| per_hour).collect(),
        };
        let outcome = |what_if: &WhatIf| what_if.outcome(key, view.predicted(at), burners, at, at);
        let (now, then) = (outcome(&WhatIf::default()), outcome(&then));
        let lasts = |outcome: &crate::model::spend::Outcome| {
            amounts::lasts(outcome.runway.as_ref(), outcome.per_hour)
        };
        let words = format!(
            "running, {} lasts {} (now {}), until {} UTC",
            words::balance_name(view),
            lasts(&then),
            lasts(&now),
            amounts::ends(then.runway.as_ref())
        );
        Line::styled(words, theme.text)
    }

    fn minutes_mean(&self, minutes: u32, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let theme = context.theme;
        let per_hour: Decimal = self
            .rows(context)
            .filter(|server| server.payer != Payer::Owner)
            .filter_map(|server| {
                server.ram_gib.map(|ram_gib| CreditPricing::default().per_hour(ram_gib).amount)
            })
            .sum();
        let more = per_hour * Decimal::from(minutes) / Decimal::from(HOUR_MINUTES);
        vec![
            Line::styled(
                "An empty server stops so much later; the timer runs while nobody plays.",
                theme.text,
            ),
            Line::styled(format!("at most {} {CREDITS} more", amounts::amount(more)), theme.text),
        ]
    }

    fn submit(&self, context: &ViewContext<'_>, effects: &mut Effects) {
        let Some(number) = self.number() else { return };
        let request = |server: &ServerKey| match self.question {
            Question::Ram => ActionRequest::SetCreditServerRam { server: server.clone(), ram_gib: number },
            Question::Minutes => {
                ActionRequest::ExtendCreditServer { server: server.clone(), seconds: number * MINUTE_S }
            }
        };
        effects.close();
        plan::open(self.servers.iter().map(request).collect(), context, effects);
    }

    fn field_cells(&self, area: Rect) -> usize {
        usize::from(area.width).saturating_sub(4 + self.question.label().len())
    }
}

impl Component for CreditServerForm {
    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        let theme = context.theme;
        let inner = frame::draw(area, buffer, &self.title(context), context);
        let cells = self.field_cells(area);
        let (seen, _) = self.number.visible(cells);
        let mut lines = vec![Line::from(vec![
            Span::styled(self.question.label(), theme.muted),
            Span::styled(text::left(seen, cells, ""), theme.input),
        ])];
        lines.extend(self.meaning(context));
        for (row, line) in inner.rows().zip(&lines) {
            buffer.set_line(row.x, row.y, line, row.width);
        }
    }

    fn take_dirty(&mut self, area: Rect, _context: &ViewContext<'_>) -> Dirty {
        Dirty::area_if(std::mem::take(&mut self.is_dirty), area)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        match action {
            Action::LeaveText => effects.close(),
            Action::Submit => self.submit(context, effects),
            _ => return Handled::Ignored,
        }
        Handled::Consumed
    }

    fn on_text_key(&mut self, key: Key, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.number.key(key);
        Handled::Consumed
    }

    fn on_paste(&mut self, text: &str, _context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.is_dirty = true;
        self.number.paste(text);
        Handled::Consumed
    }

    fn on_changes(&mut self, touched: &Touched, _context: &ViewContext<'_>, _effects: &mut Effects) {
        self.is_dirty |= touched.is_everything || touched.is_money;
    }

    fn cursor(&self, area: Rect, _context: &ViewContext<'_>) -> Option<Position> {
        let (_, column) = self.number.visible(self.field_cells(area));
        let x = area.x + 2 + u16::try_from(self.question.label().len() + column).ok()?;
        (area.height > 2).then_some(Position { x, y: area.y + 1 })
    }

    fn wanted_size(&self, screen: Rect, _context: &ViewContext<'_>) -> Option<(u16, u16)> {
        Some((screen.width.min(76), screen.height.min(7)))
    }
}
