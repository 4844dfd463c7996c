//! Nodes, and exaroton accounts beside them, as rows: columns, sort keys, filter values.

use std::borrow::Cow;

use ratatui::text::Line;
use rust_decimal::Decimal;

use crate::console::condition::{self, Condition, Words};
use crate::console::context::ViewContext;
use crate::console::details::{self, credit_account, node};
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::link::packed::PackedFleet;
use crate::model::account::{Feed, FeedKind, Provider};
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::fleet::{Metric, SeriesOwner};
use crate::model::ids::{AccountId, NodeKey};
use crate::model::node::Node;
use crate::model::sanitise::clean;

/// The nodes of every panel, and the accounts whose servers run at exaroton.
pub struct Nodes;

/// Sorted by at first.
pub(super) const NAME: usize = 0;
const HEALTH: usize = 1;
const LOCATION: usize = 2;
const MEMORY: usize = 3;
const MEMORY_TREND: usize = 4;
const DISK: usize = 5;
const DISK_TREND: usize = 6;
const PORTS: usize = 7;
const SERVERS: usize = 8;
const BURN: usize = 9;

const fn trend(name: &'static str, title: &'static str, priority: u8) -> Column {
    Column { name, title, width: Width::Fixed(12), priority, align: Align::Left, is_sortable: false }
}

const fn number(name: &'static str) -> FilterColumn {
    FilterColumn { name, kind: ColumnKind::Number }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("name"),
    text_column("health"),
    text_column("location"),
    text_column("address"),
    number("ram_percent"),
    FilterColumn { name: "ram_free", kind: ColumnKind::Bytes },
    number("disk_percent"),
    FilterColumn { name: "disk_free", kind: ColumnKind::Bytes },
    number("ports_free"),
    number("servers"),
    number("running"),
    number("burn"),
    text_column("id"),
    text_column("account"),
];

fn free_bytes(mib: i64) -> FilterValue<'static> {
    FilterValue::Bytes(u64::try_from(mib).unwrap_or(0).saturating_mul(1 << 20))
}

fn value<'a>(node: &'a Node, context: &ViewContext<'_>, column: &str) -> Option<FilterValue<'a>> {
    let text = |words: &'a str| FilterValue::Text(clean(words));
    let number = |number: u32| FilterValue::Number(Decimal::from(number));
    match column {
        "name" => Some(text(&node.name)),
        "health" => Some(FilterValue::Text(node::health(node, context).word.into())),
        "location" => Some(text(&node.location)),
        "address" => Some(text(&node.fqdn)),
        "ram_percent" => Some(number(node.memory.used_percent())),
        "ram_free" => Some(free_bytes(node.memory.free_mib())),
        "disk_percent" => Some(number(node.disk.used_percent())),
        "disk_free" => Some(free_bytes(node.disk.free_mib())),
        "ports_free" => node.allocations_free.map(number),
        "servers" => Some(number(node.servers)),
        "id" => Some(text(&node.key.id)),
        "account" => Some(text(node.key.account.as_str())),
        _ => None,
    }
}

/// The value of an account's column.
fn account_value(
    account: &AccountId,
    context: &ViewContext<'_>,
    column: &str,
) -> Option<FilterValue<'static>> {
    let text = |words: &str| Some(FilterValue::Text(clean(words).into_owned().into()));
    let totals = credit_account::totals(context.fleet, account);
    match column {
        "name" | "account" => text(account.as_str()),
        "health" => text(&credit_account::health(account, context).word),
        "location" => text(credit_account::PROVIDER),
        "servers" => Some(FilterValue::Number(totals.servers.into())),
        "running" => Some(FilterValue::Number(totals.running.into())),
        "burn" => Some(FilterValue::Number(totals.per_hour)),
        _ => None,
    }
}

fn account_cell<'a>(account: &AccountId, context: &ViewContext<'a>, column: usize) -> CellText<'a> {
    let theme = context.theme;
    let totals = credit_account::totals(context.fleet, account);
    match column {
        NAME => CellText::new(clean(account.as_str()).into_owned(), theme.text),
        HEALTH => {
            let state = credit_account::health(account, context);
            CellText::new(state.text(), state.style)
        }
        LOCATION => CellText::new(credit_account::PROVIDER, theme.text),
        MEMORY if totals.is_known => CellText::new(format!("{} GiB in use", totals.ram_gib), theme.text),
        SERVERS => CellText::new(credit_account::count_words(&totals), theme.text),
        BURN if totals.is_known => {
            CellText::new(totals.per_hour.round_dp(4).normalize().to_string(), theme.strong)
        }
        _ => CellText::new("", theme.text),
    }
}

fn account_sort_key(account: &AccountId, context: &ViewContext<'_>, column: usize) -> SortKey {
    let totals = || credit_account::totals(context.fleet, account);
    match column {
        NAME => SortKey::text(account.as_str()),
        HEALTH => SortKey::text(&credit_account::health(account, context).word),
        LOCATION => SortKey::text(credit_account::PROVIDER),
        SERVERS => SortKey::Integer(totals().servers.into()),
        BURN => SortKey::Decimal(totals().per_hour),
        _ => SortKey::Missing,
    }
}

fn cell<'a>(node: &'a Node, context: &ViewContext<'a>, column: usize, width: u16) -> CellText<'a> {
    let theme = context.theme;
    let trend = |metric| {
        let owner = SeriesOwner::Node(node.key.clone());
        CellText::new(details::spark(context, owner, metric, usize::from(width), Some(100.0)), theme.accent)
    };
    let gauge = |capacity| {
        CellText::new(
            node::gauge_text(capacity, usize::from(width), context),
            node::gauge_style(capacity, context),
        )
    };
    match column {
        NAME => CellText::new(clean(&node.name), theme.text),
        HEALTH => {
            let state = node::health(node, context);
            CellText::new(state.text(), state.style)
        }
        LOCATION => CellText::new(clean(&node.location), theme.text),
        MEMORY => gauge(&node.memory),
        MEMORY_TREND => trend(Metric::NodeMemoryPercent),
        DISK => gauge(&node.disk),
        DISK_TREND => trend(Metric::NodeDiskPercent),
        PORTS => {
            let style = if node.allocations_free == Some(0) { theme.bad } else { theme.text };
            CellText::new(node::ports(node), style)
        }
        SERVERS => CellText::new(node.servers.to_string(), theme.text),
        _ => CellText::new("", theme.text),
    }
}

/// The columns of a site with exaroton accounts: what burns comes before what of a disk is sold.
const WITH_ACCOUNTS: &[Column] = &[
    Nodes::COLUMNS[NAME],
    Nodes::COLUMNS[HEALTH],
    Nodes::COLUMNS[LOCATION],
    Nodes::COLUMNS[MEMORY],
    Nodes::COLUMNS[MEMORY_TREND],
    Nodes::COLUMNS[DISK],
    Nodes::COLUMNS[DISK_TREND],
    Nodes::COLUMNS[PORTS],
    Column { priority: 1, ..Nodes::COLUMNS[SERVERS] },
    column("burn", "CREDITS/H", Width::Fixed(9), 1, Align::Right),
];

impl Kind for Nodes {
    type Id = NodeKey;

    const COLUMNS: &'static [Column] = &[
        column("name", "NODE", Width::Flexible { minimum: 12, weight: 2 }, 0, Align::Left),
        column("health", "HEALTH", Width::Fixed(13), 0, Align::Left),
        column("location", "LOCATION", Width::Fixed(8), 5, Align::Left),
        column("ram_percent", "RAM SOLD", Width::Fixed(16), 1, Align::Left),
        trend("ram_trend", "RAM TREND", 6),
        column("disk_percent", "DISK SOLD", Width::Fixed(16), 2, Align::Left),
        trend("disk_trend", "DISK TREND", 7),
        column("ports_free", "FREE PORTS", Width::Fixed(11), 1, Align::Right),
        column("servers", "SERVERS", Width::Fixed(8), 3, Align::Right),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "nodes";
    const WORDS: Words = Words {
        things: "nodes",
        empty: "The panel answered: it has no node. Nodes are made in the panel's own administration.",
        not_connected: "Nodes come from a Pterodactyl panel. Add its address and keys to config.toml; `quarterdeck config init` writes an example with every key explained.",
        configuration: &[],
    };

    fn columns(&self, fleet: &PackedFleet) -> &'static [Column] {
        if credit_account::all(fleet).is_empty() { Self::COLUMNS } else { WITH_ACCOUNTS }
    }

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&NodeKey)) {
        fleet.nodes.keys().for_each(&mut *each);
        for account in credit_account::all(fleet) {
            each(&credit_account::key_of(account));
        }
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.nodes.len() + credit_account::all(fleet).len()
    }

    fn exists(&self, fleet: &PackedFleet, id: &NodeKey) -> bool {
        fleet.nodes.contains_key(id)
            || (credit_account::is_one(id) && credit_account::all(fleet).contains(&id.account))
    }

    /// Accounts stand below the nodes: they have no capacity to sell.
    fn group(&self, _context: &ViewContext<'_>, id: &NodeKey) -> u8 {
        u8::from(credit_account::is_one(id))
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &NodeKey, column: usize) -> SortKey {
        if credit_account::is_one(id) {
            return account_sort_key(&id.account, context, column);
        }
        let Some(node) = context.fleet.nodes.get(id) else { return SortKey::Missing };
        match column {
            NAME => SortKey::text(&node.name),
            HEALTH => SortKey::text(&node::health(node, context).word),
            LOCATION => SortKey::text(&node.location),
            MEMORY => SortKey::Integer(node.memory.used_percent().into()),
            DISK => SortKey::Integer(node.disk.used_percent().into()),
            PORTS => SortKey::integer(node.allocations_free.map(Into::into)),
            SERVERS => SortKey::Integer(node.servers.into()),
            _ => SortKey::Missing,
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &NodeKey, column: usize, width: u16) -> CellText<'a> {
        match context.fleet.nodes.get(id) {
            Some(node) => cell(node, context, column, width),
            None if credit_account::is_one(id) => account_cell(&id.account, context, column),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &NodeKey, column: &str) -> Option<FilterValue<'a>> {
        if credit_account::is_one(id) {
            return account_value(&id.account, context, column);
        }
        context.fleet.nodes.get(id).and_then(|node| value(node, context, column))
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &NodeKey) -> Cow<'a, str> {
        if credit_account::is_one(id) {
            return Cow::Owned(format!("{} {}", id.account, credit_account::PROVIDER));
        }
        let Some(node) = context.fleet.nodes.get(id) else { return Cow::Borrowed("") };
        let health = node::health(node, context).word;
        Cow::Owned(format!("{} {} {} {} {health}", node.name, node.fqdn, node.location, node.key.id))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        let is_source = |feed: &Feed| {
            feed.kind == FeedKind::Nodes
                || (feed.kind == FeedKind::Servers && feed.provider == Provider::Exaroton)
        };
        condition::of_feeds(context, is_source, total, &Self::WORDS)
    }

    fn details(&self, context: &ViewContext<'_>, id: &NodeKey, cells: usize) -> Vec<Line<'static>> {
        if credit_account::is_one(id) {
            return credit_account::header(context, &id.account, cells);
        }
        context.fleet.nodes.get(id).map(|node| node::header(context, node, cells)).unwrap_or_default()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &NodeKey) -> Option<(String, &'static str)> {
        if credit_account::is_one(id) {
            return Some((id.account.to_string(), "account"));
        }
        context.fleet.nodes.get(id).map(|node| (node.fqdn.clone(), "address"))
    }

    fn gone_text(&self, id: &NodeKey) -> String {
        if credit_account::is_one(id) { format!("account {}", id.account) } else { format!("node {}", id.id) }
    }
}
