//! Servers as rows, of one node or of all: orphans first, then what does not work.

use std::borrow::Cow;

use ratatui::text::{Line, Span};

use crate::console::condition::{self, Condition, Words};
use crate::console::context::ViewContext;
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::widgets::text;
use crate::console::{details, format, words};
use crate::link::packed::PackedFleet;
use crate::model::account::FeedKind;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::fleet::{Metric, SeriesOwner};
use crate::model::ids::{NodeKey, ServerKey};
use crate::model::sanitise::clean;
use crate::model::server::{OrphanReason, Ownership, PowerState, Server, ServerStatus};

/// The servers of a node, or of every account.
#[derive(Default)]
pub struct Servers {
    /// The node; nothing for all.
    pub node: Option<NodeKey>,
}

/// Sorted by at first.
pub const NAME: usize = 0;
const STATE: usize = 1;
const OWNER: usize = 2;
const CPU: usize = 3;
const MEMORY: usize = 4;
const NETWORK: usize = 5;
const COST: usize = 6;
const ADDRESS: usize = 7;
const NODE: usize = 8;
const AGE: usize = 9;

/// Cells of a sparkline in a row.
const SPARK_CELLS: usize = 8;

const fn number(name: &'static str, kind: ColumnKind) -> FilterColumn {
    FilterColumn { name, kind }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("name"),
    text_column("status"),
    text_column("power"),
    text_column("owner"),
    text_column("order"),
    number("cpu", ColumnKind::Number),
    number("memory", ColumnKind::Bytes),
    number("disk", ColumnKind::Bytes),
    number("cost", ColumnKind::Number),
    text_column("currency"),
    text_column("address"),
    text_column("node"),
    number("age", ColumnKind::Duration),
    text_column("id"),
    text_column("identifier"),
    text_column("account"),
];

fn node_name<'a>(fleet: &'a PackedFleet, server: &'a Server) -> &'a str {
    fleet.nodes.get(&server.node).map_or(server.node.id.as_str(), |node| node.name.as_str())
}

/// The word of the owner's kind, for filters: `owner=orphan`.
fn owner_word(ownership: &Ownership) -> &'static str {
    match ownership {
        Ownership::Undecided => "undecided",
        Ownership::NoShop => "no-shop",
        Ownership::Ambiguous(_) => "unclear",
        Ownership::Order(_) => "order",
        Ownership::Kept { .. } => "kept",
        Ownership::Orphan { .. } => "orphan",
    }
}

fn state_word(server: &Server) -> &str {
    match server.status {
        ServerStatus::Ready => server.power.word(),
        _ => server.status.word(),
    }
}

/// A sparkline and its newest number; a server that does not run shows neither an old peak nor a zero.
fn reading(
    context: &ViewContext<'_>,
    server: &Server,
    metric: Metric,
    top: Option<f32>,
    number: Option<String>,
    width: u16,
) -> String {
    let owner = SeriesOwner::Server(server.key.clone());
    let spark = details::spark(context, owner, metric, SPARK_CELLS, top);
    let number = number.unwrap_or_else(|| format::UNKNOWN.to_owned());
    let cells = usize::from(width).saturating_sub(SPARK_CELLS + 1);
    format!("{spark} {number:>cells$}")
}

fn usage_cell<'a>(server: &Server, context: &ViewContext<'a>, column: usize, width: u16) -> CellText<'a> {
    let is_on = !matches!(server.power, PowerState::Offline | PowerState::Unknown);
    let usage = server.usage.as_ref().filter(|_| is_on);
    let text = match column {
        CPU => {
            let number = usage.map(|usage| format::percent(usage.cpu_percent));
            reading(
                context,
                server,
                Metric::CpuPercent,
                details::server::cpu_top(&server.limits),
                number,
                width,
            )
        }
        MEMORY => {
            let number = usage.map(|usage| format::bytes(usage.memory_bytes));
            let top = details::server::memory_top(&server.limits);
            reading(context, server, Metric::MemoryBytes, top, number, width)
        }
        _ => {
            let owner = SeriesOwner::Server(server.key.clone());
            let newest = details::buckets(context, owner, Metric::NetworkBytesPerSecond, 4).newest();
            let number = newest.filter(|_| is_on).map(format::bytes_per_second);
            reading(context, server, Metric::NetworkBytesPerSecond, None, number, width)
        }
    };
    CellText::new(text, if is_on { context.theme.text } else { context.theme.muted })
}

/// The owner in a narrow column: of an orphan the cause stays whole, the order's id goes.
fn owner_text(words: String, ownership: &Ownership, cells: usize) -> String {
    match (ownership, words.rsplit_once(' ')) {
        (Ownership::Orphan { reason, .. }, Some((cause, _)))
            if *reason != OrphanReason::NoOwner && text::width(&words) > cells =>
        {
            cause.to_owned()
        }
        _ => words,
    }
}

fn cell<'a>(server: &'a Server, context: &ViewContext<'a>, column: usize, width: u16) -> CellText<'a> {
    let theme = context.theme;
    match column {
        NAME => CellText::new(clean(&server.name), theme.text),
        STATE => {
            let state = words::server_state(server, context);
            CellText::new(state.text(), state.style)
        }
        OWNER => {
            let state = words::owner(&server.ownership, context);
            CellText::new(owner_text(state.text(), &server.ownership, usize::from(width)), state.style)
        }
        CPU | MEMORY | NETWORK => usage_cell(server, context, column, width),
        COST => CellText::new(
            server.burn_per_hour.as_ref().map_or_else(|| format::UNKNOWN.to_owned(), format::money_per_hour),
            theme.text,
        ),
        ADDRESS => {
            let address = clean(server.address.as_deref().unwrap_or(format::UNKNOWN));
            let (cells, ellipsis) = (usize::from(width), context.glyphs.ellipsis);
            CellText::new(text::cut_address(&address, cells, ellipsis).into_owned(), theme.text)
        }
        NODE => CellText::new(clean(node_name(context.fleet, server)), theme.text),
        AGE => CellText::new(
            server
                .created_at
                .map_or_else(String::new, |at| format::age_minutes(context.now.millis_since(at))),
            theme.muted,
        ),
        _ => CellText::new("", theme.text),
    }
}

fn value<'a>(server: &'a Server, context: &ViewContext<'a>, column: &str) -> Option<FilterValue<'a>> {
    let text = |words: &'a str| FilterValue::Text(clean(words));
    let usage = server.usage.as_ref();
    match column {
        "name" => Some(text(&server.name)),
        "status" => Some(text(state_word(server))),
        "power" => Some(text(server.power.word())),
        "owner" => Some(text(owner_word(&server.ownership))),
        "order" => match &server.ownership {
            Ownership::Order(order) => Some(FilterValue::Text(context.fleet.order_name(order).into())),
            _ => None,
        },
        "cpu" => usage
            .and_then(|usage| rust_decimal::Decimal::from_f32_retain(usage.cpu_percent))
            .map(|percent| FilterValue::Number(percent.round_dp(2))),
        "memory" => usage.map(|usage| FilterValue::Bytes(usage.memory_bytes)),
        "disk" => usage.map(|usage| FilterValue::Bytes(usage.disk_bytes)),
        "cost" => server.burn_per_hour.as_ref().map(|cost| FilterValue::Number(cost.amount)),
        "currency" => {
            server.burn_per_hour.as_ref().map(|cost| FilterValue::Text(cost.currency.to_string().into()))
        }
        "address" => server.address.as_deref().map(text),
        "node" => Some(text(node_name(context.fleet, server))),
        "age" => server.created_at.map(|at| FilterValue::DurationMs(context.now.millis_since(at))),
        "id" => Some(text(&server.key.id)),
        "identifier" => Some(text(&server.identifier)),
        "account" => Some(text(server.key.account.as_str())),
        _ => None,
    }
}

impl Kind for Servers {
    type Id = ServerKey;

    const COLUMNS: &'static [Column] = &[
        column("name", "SERVER", flexible(16, 3), 0, Align::Left),
        column("status", "STATE", Width::Fixed(16), 0, Align::Left),
        column("owner", "OWNER", flexible(17, 4), 1, Align::Left),
        column("cpu", "CPU", Width::Fixed(14), 3, Align::Left),
        column("memory", "MEMORY", Width::Fixed(17), 4, Align::Left),
        column("network", "NETWORK", Width::Fixed(19), 7, Align::Left),
        column("cost", "COST", Width::Fixed(12), 2, Align::Right),
        column("address", "ADDRESS", flexible(21, 3), 5, Align::Left),
        column("node", "NODE", flexible(8, 1), 6, Align::Left),
        column("age", "AGE", Width::Fixed(9), 8, Align::Right),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "servers";
    const WORDS: Words = Words {
        things: "servers",
        empty: "The panel answered: there is no server here. Provisioned orders appear as soon as they are made.",
        not_connected: "Servers come from a Pterodactyl panel. Add its address and keys to config.toml; `quarterdeck config init` writes an example with every key explained.",
        configuration: &[],
    };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&ServerKey)) {
        match &self.node {
            None => fleet.servers.keys().for_each(|key| each(&key)),
            Some(node) => {
                let here = fleet.servers.iter().filter(|(_, server)| server.node == *node);
                here.for_each(|(key, _)| each(&key));
            }
        }
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        match &self.node {
            None => fleet.servers.len(),
            Some(node) => fleet.nodes.get(node).map_or(0, |node| node.servers as usize),
        }
    }

    fn exists(&self, fleet: &PackedFleet, id: &ServerKey) -> bool {
        fleet.servers.get(id).is_some_and(|server| self.node.as_ref().is_none_or(|node| *node == server.node))
    }

    fn group(&self, context: &ViewContext<'_>, id: &ServerKey) -> u8 {
        let Some(server) = context.fleet.servers.get(id) else { return 2 };
        match (&server.ownership, &server.status) {
            (Ownership::Orphan { .. }, _) => 0,
            (_, ServerStatus::InstallFailed | ServerStatus::ReinstallFailed | ServerStatus::Other(_)) => 1,
            _ => 2,
        }
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &ServerKey, column: usize) -> SortKey {
        let Some(server) = context.fleet.servers.get(id) else { return SortKey::Missing };
        let usage = server.usage.as_ref();
        match column {
            NAME => SortKey::text(&server.name),
            STATE => SortKey::text(state_word(&server)),
            OWNER => SortKey::text(&words::owner(&server.ownership, context).word),
            CPU => usage.map_or(SortKey::Missing, |usage| SortKey::Float(f64::from(usage.cpu_percent))),
            MEMORY => SortKey::integer(usage.and_then(|usage| i64::try_from(usage.memory_bytes).ok())),
            NETWORK => SortKey::integer(
                usage.and_then(|usage| i64::try_from(usage.network_rx_bytes + usage.network_tx_bytes).ok()),
            ),
            COST => server.burn_per_hour.as_ref().map_or(SortKey::Missing, |m| SortKey::Decimal(m.amount)),
            ADDRESS => server.address.as_deref().map_or(SortKey::Missing, SortKey::text),
            NODE => SortKey::text(node_name(context.fleet, &server)),
            AGE => SortKey::integer(server.created_at.map(|at| -at.0)),
            _ => SortKey::Missing,
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &ServerKey, column: usize, width: u16) -> CellText<'a> {
        match context.fleet.servers.get(id) {
            Some(server) => cell(&server, context, column, width).into_owned(),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &ServerKey, column: &str) -> Option<FilterValue<'a>> {
        value(context.fleet.servers.get(id)?.as_ref(), context, column).map(FilterValue::into_owned)
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &ServerKey) -> Cow<'a, str> {
        let Some(server) = context.fleet.servers.get(id) else { return Cow::Borrowed("") };
        Cow::Owned(format!(
            "{} {} {} {} {} {} {} {}",
            server.name,
            server.identifier,
            server.key.id,
            state_word(&server),
            words::owner(&server.ownership, context).word,
            server.address.as_deref().unwrap_or_default(),
            node_name(context.fleet, &server),
            server.external_id.as_deref().unwrap_or_default(),
        ))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        condition::of(context, FeedKind::Servers, total, &Self::WORDS)
    }

    fn details(&self, context: &ViewContext<'_>, id: &ServerKey, cells: usize) -> Vec<Line<'static>> {
        context
            .fleet
            .servers
            .get(id)
            .map(|server| details::server::lines(context, &server, cells))
            .unwrap_or_default()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &ServerKey) -> Option<(String, &'static str)> {
        let server = context.fleet.servers.get(id)?;
        match &server.address {
            Some(address) => Some((address.clone(), "address")),
            None => Some((server.identifier.clone(), "identifier")),
        }
    }

    fn gone_text(&self, id: &ServerKey) -> String {
        format!("server {}", id.id)
    }

    fn header(&self, context: &ViewContext<'_>, cells: usize) -> Vec<Line<'static>> {
        match self.node.as_ref().map(|key| (key, context.fleet.nodes.get(key))) {
            Some((_, Some(node))) => details::node::header(context, node, cells),
            Some((key, None)) => {
                vec![Line::styled(format!("Node {} is gone", key.id), context.theme.bad), Line::default()]
            }
            None => vec![all_servers(context), Line::default()],
        }
    }
}

/// The line above all servers.
fn all_servers(context: &ViewContext<'_>) -> Line<'static> {
    let (theme, summary) = (context.theme, &context.fleet.summary);
    let servers = format::count(context.fleet.servers.len(), "server");
    let nodes = format::count(context.fleet.nodes.len(), "node");
    let mut spans = vec![Span::styled("All servers", theme.title)];
    if !context.fleet.nodes.is_empty() {
        // Before the first reading a count would be a zero that nobody has seen.
        spans.push(Span::styled(format!("  {servers} on {nodes}"), theme.text));
    }
    if summary.orphans > 0 {
        let cost = summary.orphan_burn_per_hour.as_ref().map(format::money_per_hour).unwrap_or_default();
        let orphans = format::count(summary.orphans as usize, "orphan");
        spans.push(Span::styled(format!("  {} {orphans} {cost}", context.glyphs.bad), theme.bad));
    }
    Line::from(spans)
}
