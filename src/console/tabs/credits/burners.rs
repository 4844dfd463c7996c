//! What burns a balance, as rows: servers with state, memory, price, share and owner.

use std::borrow::Cow;

use ratatui::text::{Line, Span};
use rust_decimal::Decimal;

use super::amounts::{self, COUNTED_DIGITS, Level};
use super::later;
use crate::console::condition::{self, Condition, Notice, Tone, Words};
use crate::console::context::ViewContext;
use crate::console::details::{pane, subject};
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::billed_later::BilledLater;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::ids::ServerKey;
use crate::model::money::Currency;
use crate::model::sanitise::clean;
use crate::model::server::{Ownership, Server};
use crate::model::spend::{Burner, BurnerKind, BurnerOwner};

/// What burns one balance, or at one account that is billed later.
#[derive(Default)]
pub struct Burners {
    /// The balance or the account; nothing before one was entered.
    pub payer: Option<BalanceKey>,
    /// Whether it counts down between readings.
    pub is_live: bool,
}

/// A server may run and have something committed at once.
pub type BurnerId = (ServerKey, BurnerKind);

const NAME: usize = 0;
const STATE: usize = 1;
const MEMORY: usize = 2;
/// Sorted by at first: the dearest on top.
pub(super) const COST: usize = 3;
const PART: usize = 4;
const OWNER: usize = 5;
const KIND: usize = 6;
const REPORTED: usize = 7;
const SERVER: usize = 8;

const MIB_PER_GIB: i64 = 1_024;

const fn filter(name: &'static str, kind: ColumnKind) -> FilterColumn {
    FilterColumn { name, kind }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    filter("name", ColumnKind::Text),
    filter("status", ColumnKind::Text),
    filter("ram", ColumnKind::Bytes),
    filter("cost", ColumnKind::Number),
    filter("share", ColumnKind::Number),
    filter("owner", ColumnKind::Text),
    filter("kind", ColumnKind::Text),
    filter("id", ColumnKind::Text),
    filter("account", ColumnKind::Text),
];

/// What is known of a server besides its price.
struct Facts {
    state: Option<words::State>,
    memory_mib: Option<i64>,
}

fn facts(context: &ViewContext<'_>, key: &ServerKey) -> Facts {
    if let Some(server) = context.fleet.credit_servers.get(key) {
        let memory_mib = server.ram_gib.map(|gib| i64::from(gib) * MIB_PER_GIB);
        return Facts { state: Some(words::credit_server_state(server.status, context)), memory_mib };
    }
    if let Some(server) = context.fleet.game_servers.get(key) {
        return Facts { state: Some(words::game_server_state(server, context)), memory_mib: None };
    }
    let server = context.fleet.servers.get(key);
    Facts {
        state: server.as_ref().map(|server| words::server_state(server, context)),
        memory_mib: server.as_ref().map(|server| server.limits.memory_mib),
    }
}

/// The word of a kind of charge.
fn kind_word(kind: BurnerKind) -> &'static str {
    match kind {
        BurnerKind::Running => "running",
        BurnerKind::Committed => "committed",
    }
}

/// For whom it runs; an orphan is told as everywhere else.
pub(super) fn owner(context: &ViewContext<'_>, burner: &Burner) -> words::State {
    let theme = context.theme;
    let plain =
        |word: String| words::State { glyph: " ", word: clean(&word).into_owned(), style: theme.text };
    match &burner.owner {
        BurnerOwner::Order(_) | BurnerOwner::Match(_) | BurnerOwner::Deployment(_) => {
            plain(burner.owner.words())
        }
        BurnerOwner::Kept { by, reason } => {
            words::owner(&Ownership::Kept { by: by.clone(), reason: reason.clone() }, context)
        }
        BurnerOwner::Unowned => {
            match context.fleet.servers.get(&burner.server).map(|server| server.ownership.clone()) {
                Some(ownership) => words::owner(&ownership, context),
                None => words::State { glyph: " ", word: "nobody known".to_owned(), style: theme.muted },
            }
        }
    }
}

impl Burners {
    /// Every burner of the balance; none of an account that is billed later.
    pub(super) fn all<'a>(&self, fleet: &'a PackedFleet) -> &'a [Burner] {
        self.payer.as_ref().and_then(|payer| fleet.burners.get(payer)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find<'a>(&self, fleet: &'a PackedFleet, id: &BurnerId) -> Option<Cow<'a, Burner>> {
        let payer = self.payer.as_ref()?;
        if self.billed_later(fleet).is_some() {
            return of_server(&*fleet.servers.get(&id.0)?, payer).map(Cow::Owned);
        }
        let mut all = self.all(fleet).iter();
        all.find(|burner| burner.server == id.0 && burner.kind == id.1).map(Cow::Borrowed)
    }

    /// The account, where it is one that is billed later.
    pub(super) fn billed_later<'a>(&self, fleet: &'a PackedFleet) -> Option<&'a BilledLater> {
        fleet.billed_later.get(self.payer.as_ref()?)
    }

    /// The part of the whole burn, in percent; nothing where that is in several currencies.
    fn part(&self, fleet: &PackedFleet, burner: &Burner) -> Option<Decimal> {
        let whole: Decimal = match self.billed_later(fleet) {
            Some(billed) => billed.in_one_currency()?.amount,
            None => self.all(fleet).iter().map(|burner| burner.per_hour).sum(),
        };
        (burner.per_hour * Decimal::ONE_HUNDRED).checked_div(whole)
    }

    fn row_cell<'a>(&self, burner: &Burner, context: &ViewContext<'a>, column: usize) -> CellText<'a> {
        let theme = context.theme;
        let unknown = || CellText::new(format::UNKNOWN, theme.muted);
        match column {
            NAME => CellText::new(clean(&burner.name).into_owned(), theme.text),
            // What is committed goes on whatever the server does.
            STATE if burner.kind == BurnerKind::Committed => {
                CellText::new(format!("  {}", kind_word(burner.kind)), theme.muted)
            }
            STATE => match facts(context, &burner.server).state {
                Some(state) => CellText::new(state.text(), state.style),
                None => unknown(),
            },
            MEMORY => facts(context, &burner.server)
                .memory_mib
                .map_or_else(unknown, |mib| CellText::new(format::mib_limit(mib), theme.text)),
            COST => CellText::new(amounts::rate(burner.per_hour), theme.text),
            PART => self
                .part(context.fleet, burner)
                .map_or_else(unknown, |part| CellText::new(percent_words(part), theme.text)),
            OWNER => {
                let owner = owner(context, burner);
                CellText::new(owner.text(), owner.style)
            }
            KIND if self.billed_later(context.fleet).is_some() => CellText::new("billed", theme.muted),
            KIND => CellText::new(kind_word(burner.kind), theme.muted),
            REPORTED => {
                match unit(context, burner).and_then(|of| amounts::reported(context, burner.per_hour, &of)) {
                    Some(money) => {
                        let text = format!("{} {}", amounts::rate(money.amount), money.currency);
                        CellText::new(text, theme.text)
                    }
                    None => CellText::new("no rate", theme.muted),
                }
            }
            _ => CellText::new(clean(&burner.server.to_string()).into_owned(), theme.muted),
        }
    }
}

impl Kind for Burners {
    type Id = BurnerId;

    const COLUMNS: &'static [Column] = &[
        column("name", "SERVER", flexible(14, 3), 0, Align::Left),
        column("status", "STATE", Width::Fixed(13), 1, Align::Left),
        column("ram", "RAM", Width::Fixed(9), 2, Align::Right),
        column("cost", "BURN/H", Width::Fixed(10), 0, Align::Right),
        column("share", "PART", Width::Fixed(6), 3, Align::Right),
        column("owner", "FOR", flexible(14, 2), 1, Align::Left),
        column("kind", "CHARGE", Width::Fixed(9), 4, Align::Left),
        column("reported", "REPORTED/H", Width::Fixed(13), 5, Align::Right),
        column("id", "ID", flexible(14, 1), 6, Align::Left),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "burners";
    const WORDS: Words =
        Words { things: "servers that burn it", empty: "", not_connected: "", configuration: &[] };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&BurnerId)) {
        match self.billed_later(fleet) {
            Some(billed) => {
                let of_account = fleet.servers.iter().filter(|(key, _)| key.account == billed.account);
                for (key, server) in of_account {
                    if server.burn_per_hour.is_some() {
                        each(&(key, BurnerKind::Running));
                    }
                }
            }
            None => {
                for burner in self.all(fleet) {
                    each(&(burner.server.clone(), burner.kind));
                }
            }
        }
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        match self.billed_later(fleet) {
            Some(billed) => usize::try_from(billed.servers).unwrap_or(usize::MAX),
            None => self.all(fleet).len(),
        }
    }

    fn exists(&self, fleet: &PackedFleet, id: &BurnerId) -> bool {
        self.find(fleet, id).is_some()
    }

    fn group(&self, _context: &ViewContext<'_>, id: &BurnerId) -> u8 {
        u8::from(id.1 == BurnerKind::Committed)
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &BurnerId, column: usize) -> SortKey {
        let Some(burner) = self.find(context.fleet, id) else { return SortKey::Missing };
        match column {
            NAME => SortKey::text(&burner.name),
            STATE => facts(context, &burner.server)
                .state
                .map_or(SortKey::Missing, |state| SortKey::text(&state.word)),
            MEMORY => SortKey::integer(facts(context, &burner.server).memory_mib),
            OWNER => SortKey::text(&owner(context, &burner).word),
            KIND => SortKey::text(kind_word(burner.kind)),
            SERVER => SortKey::text(&burner.server.to_string()),
            _ => SortKey::Decimal(burner.per_hour),
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &BurnerId, column: usize, _width: u16) -> CellText<'a> {
        match self.find(context.fleet, id) {
            Some(burner) => self.row_cell(&burner, context, column),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &BurnerId, column: &str) -> Option<FilterValue<'a>> {
        let burner = self.find(context.fleet, id)?;
        match column {
            "name" => Some(FilterValue::Text(clean(&burner.name).into_owned().into())),
            "status" => {
                facts(context, &burner.server).state.map(|state| FilterValue::Text(state.word.into()))
            }
            "ram" => {
                let mib = facts(context, &burner.server).memory_mib?;
                Some(FilterValue::Bytes(u64::try_from(mib).unwrap_or(0).saturating_mul(1 << 20)))
            }
            "cost" => Some(FilterValue::Number(burner.per_hour)),
            "share" => self.part(context.fleet, &burner).map(|part| FilterValue::Number(part.round_dp(2))),
            "owner" => Some(FilterValue::Text(owner(context, &burner).word.into())),
            "kind" => Some(FilterValue::Text(kind_word(burner.kind).into())),
            "id" => Some(FilterValue::Text(clean(&burner.server.id).into_owned().into())),
            "account" => Some(FilterValue::Text(clean(burner.server.account.as_str()).into_owned().into())),
            _ => None,
        }
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &BurnerId) -> Cow<'a, str> {
        let Some(burner) = self.find(context.fleet, id) else { return Cow::Borrowed("") };
        let owner = owner(context, &burner).word;
        Cow::Owned(format!("{} {} {owner} {}", burner.name, burner.server, kind_word(burner.kind)))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        if total > 0 {
            let billed = self.billed_later(context.fleet).map(|billed| [billed.provider].to_vec());
            let providers = billed.unwrap_or_else(|| vec![Provider::Exaroton, Provider::Dathost]);
            return condition::of_providers(context, &providers, total, &Self::WORDS);
        }
        let is_there = |payer: &BalanceKey| {
            amounts::view_of(context, payer).is_some() || context.fleet.billed_later.contains_key(payer)
        };
        let title = match self.payer.as_ref().map(is_there) {
            Some(false) => "This balance is gone from its account",
            _ => "Nothing burns this balance now",
        };
        Condition::Instead(Notice {
            title: title.to_owned(),
            paragraphs: vec![format!(
                "{} goes back to the balances.",
                context.keymap.label(crate::console::actions::Action::Back)
            )],
            verbatim: Vec::new(),
            tone: Tone::Calm,
        })
    }

    fn details(&self, context: &ViewContext<'_>, id: &BurnerId, cells: usize) -> Vec<Line<'static>> {
        let Some(burner) = self.find(context.fleet, id) else { return Vec::new() };
        let theme = context.theme;
        let facts = facts(context, &burner.server);
        let mut lines = pane(context, cells);
        let state =
            facts.state.map_or_else(|| Span::styled(kind_word(burner.kind), theme.muted), |s| s.span());
        subject(&mut lines, &burner.name, state, context);
        lines.row("burns", &price_words(context, &burner), theme.text);
        if let Some(part) = self.part(context.fleet, &burner) {
            lines.row("part", &format!("{} of what burns here", percent_words(part)), theme.text);
        }
        let charge = match burner.kind {
            BurnerKind::Running if self.billed_later(context.fleet).is_some() => {
                "billed later while it exists: only destroying it ends this"
            }
            BurnerKind::Running => "while it runs: stopping it ends this",
            BurnerKind::Committed => "committed: goes on when it is stopped",
        };
        lines.row("charge", charge, theme.text);
        let owner = owner(context, &burner);
        lines.row("for", owner.text().trim(), owner.style);
        if let Some(mib) = facts.memory_mib {
            lines.row("RAM", &format::mib_limit(mib), theme.text);
        }
        lines.row("server", &clean(&burner.server.to_string()), theme.muted);
        lines.row("paid from", &clean(&burner.payer.to_string()), theme.muted);
        lines.finish()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &BurnerId) -> Option<(String, &'static str)> {
        let burner = self.find(context.fleet, id)?;
        let server = context.fleet.credit_servers.get(&burner.server);
        Some(match server.map(|server| clean(&server.address)).filter(|address| !address.is_empty()) {
            Some(address) => (address.into_owned(), "address"),
            None => (clean(&burner.server.id).into_owned(), "server id"),
        })
    }

    fn gone_text(&self, id: &BurnerId) -> String {
        format!("server {}", clean(&id.0.id))
    }

    fn header(&self, context: &ViewContext<'_>, _cells: usize) -> Vec<Line<'static>> {
        let Some(view) = self.payer.as_ref().and_then(|payer| amounts::view_of(context, payer)) else {
            return self
                .billed_later(context.fleet)
                .map_or_else(Vec::new, |billed| later::header(billed, context));
        };
        let theme = context.theme;
        let at = amounts::told_at(view, context, self.is_live);
        let level = Level::of(view, context, at).state(context);
        let left = if self.is_live {
            format::fixed(view.predicted(context.known_at()), COUNTED_DIGITS)
        } else {
            amounts::amount(view.balance.amount)
        };
        let unit = clean(&view.balance.unit.0).into_owned();
        let runway = view.runway(at);
        let burn = format!(", burns {} {unit}/h", amounts::rate(view.per_hour()));
        let lasts = format!(", lasts {}", amounts::lasts(runway.as_ref(), view.per_hour()));
        vec![
            Line::from(vec![
                Span::styled(format!("{}  ", amounts::name(view)), theme.title),
                level.span(),
                Span::styled(format!("  {left} {unit}"), level.style),
                Span::styled(burn, theme.text),
                Span::styled(lasts, theme.text),
            ]),
            Line::default(),
        ]
    }
}

/// What the prices of a burner are counted in.
fn unit(context: &ViewContext<'_>, burner: &Burner) -> Option<Currency> {
    match amounts::view_of(context, &burner.payer) {
        Some(view) => Some(view.balance.unit.clone()),
        None => context.fleet.servers.get(&burner.server)?.burn_per_hour.clone().map(|burn| burn.currency),
    }
}

/// `4.2000 credits/h = 0.0504 EUR/h (1 credit = 0.012 EUR)`.
fn price_words(context: &ViewContext<'_>, burner: &Burner) -> String {
    match unit(context, burner) {
        Some(of) => amounts::burn_words(context, burner.per_hour, &of),
        None => amounts::rate(burner.per_hour),
    }
}

/// A server of an account that is billed later, as something that burns.
fn of_server(server: &Server, payer: &BalanceKey) -> Option<Burner> {
    let burn = server.burn_per_hour.as_ref().filter(|_| server.key.account == payer.account)?;
    Some(Burner {
        server: server.key.clone(),
        name: server.name.clone(),
        payer: payer.clone(),
        per_hour: burn.amount,
        kind: BurnerKind::Running,
        // Told from the server itself: see `owner`.
        owner: BurnerOwner::Unowned,
    })
}

fn percent_words(part: Decimal) -> String {
    format!("{} %", part.round().normalize())
}
