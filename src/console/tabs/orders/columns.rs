//! Orders as rows: columns, sort keys, filter values.

use std::borrow::Cow;

use ratatui::text::Line;

use crate::console::condition::{self, Condition, Words};
use crate::console::context::ViewContext;
use crate::console::details;
use crate::console::tabs::list::Kind;
use crate::console::tabs::list::columns::{column, flexible, text_column};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::account::FeedKind;
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::fleet::OrderEntry;
use crate::model::ids::OrderKey;
use crate::model::order::OrderStatus;
use crate::model::sanitise::clean;

/// The orders of every orders database.
pub struct Orders;

const ID: usize = 0;
const STATUS: usize = 1;
const CUSTOMER: usize = 2;
const PLAN: usize = 3;
const REGION: usize = 4;
const AMOUNT: usize = 5;
/// Sorted by at first: newest first within each group.
pub(super) const AGE: usize = 6;
const SERVER: usize = 7;
const TROUBLE: usize = 8;

/// Names for filters that are no column of the table are exported too.
const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("id"),
    text_column("status"),
    text_column("customer"),
    text_column("plan"),
    text_column("region"),
    FilterColumn { name: "amount", kind: ColumnKind::Number },
    text_column("currency"),
    FilterColumn { name: "age", kind: ColumnKind::Duration },
    text_column("server"),
    text_column("trouble"),
    text_column("name"),
    text_column("account"),
];

fn customer(entry: &OrderEntry) -> &str {
    let customer = &entry.order.customer;
    customer.email.as_deref().or(customer.name.as_deref()).unwrap_or(&customer.user_id)
}

fn plan_name<'a>(fleet: &'a PackedFleet, entry: &'a OrderEntry) -> &'a str {
    fleet.shop_plans.get(&entry.order.plan_key()).map_or(entry.order.plan.as_str(), |plan| plan.name.as_str())
}

/// The server's address, its name while it has none, or what is known from the order.
fn server_words(fleet: &PackedFleet, entry: &OrderEntry) -> Option<String> {
    if let Some(server) = entry.server.as_ref().and_then(|key| fleet.servers.get(key)) {
        return Some(clean(server.address.as_deref().unwrap_or(&server.name)).into_owned());
    }
    entry.order.panel_server_id.map(|id| format!("panel {id}"))
}

fn age_ms(entry: &OrderEntry, context: &ViewContext<'_>) -> Option<u64> {
    entry.order.created_at.map(|at| context.now.millis_since(at))
}

/// What a run does for an order that is being provisioned.
fn run_cell<'a>(context: &ViewContext<'a>, entry: &OrderEntry) -> CellText<'a> {
    let theme = context.theme;
    if entry.order.status != OrderStatus::Provisioning {
        return CellText::new("", theme.text);
    }
    match words::active_run(context.fleet, &format!("order/{}", entry.order.key())) {
        Some(run) => CellText::new(words::run_progress(run), theme.accent),
        None => CellText::new("claimed, no run here", theme.muted),
    }
}

fn cell<'a>(entry: &'a OrderEntry, context: &ViewContext<'a>, column: usize, width: u16) -> CellText<'a> {
    let (theme, cells, ellipsis) = (context.theme, usize::from(width), context.glyphs.ellipsis);
    match column {
        ID => CellText::new(clean(&context.fleet.order_name(&entry.order.key())).into_owned(), theme.text),
        STATUS => {
            let state = words::order_status(&entry.order.status, context);
            CellText::new(state.text(), state.style)
        }
        CUSTOMER => CellText::new(clean(customer(entry)), theme.text),
        PLAN => {
            let name = clean(plan_name(context.fleet, entry));
            CellText::new(text::cut_before_size(&name, cells, ellipsis).into_owned(), theme.text)
        }
        REGION => CellText::new(clean(entry.order.region.as_deref().unwrap_or(format::UNKNOWN)), theme.text),
        AMOUNT => CellText::new(
            entry.order.amount.as_ref().map_or_else(|| format::UNKNOWN.to_owned(), format::money),
            theme.text,
        ),
        AGE => CellText::new(age_ms(entry, context).map_or_else(String::new, format::age_short), theme.muted),
        SERVER => {
            let address = server_words(context.fleet, entry);
            let address = address.as_deref().unwrap_or(format::UNKNOWN);
            CellText::new(text::cut_address(address, cells, ellipsis).into_owned(), theme.text)
        }
        TROUBLE => {
            let trouble = words::order_trouble(entry, context.now);
            if trouble.is_empty() {
                run_cell(context, entry)
            } else {
                CellText::new(clean(&trouble).into_owned(), theme.bad)
            }
        }
        _ => CellText::new("", theme.text),
    }
}

fn value<'a>(entry: &'a OrderEntry, context: &ViewContext<'a>, column: &str) -> Option<FilterValue<'a>> {
    let fleet = context.fleet;
    let order = &entry.order;
    let text = |words: &'a str| FilterValue::Text(clean(words));
    match column {
        "id" => Some(text(order.id.as_str())),
        "status" => Some(text(order.status.word())),
        "customer" => Some(text(customer(entry))),
        "plan" => Some(text(plan_name(fleet, entry))),
        "region" => order.region.as_deref().map(text),
        "amount" => order.amount.as_ref().map(|amount| FilterValue::Number(amount.amount)),
        "currency" => order.amount.as_ref().map(|amount| text(&amount.currency.0)),
        "age" => age_ms(entry, context).map(FilterValue::DurationMs),
        "server" => server_words(fleet, entry).map(|words| FilterValue::Text(words.into())),
        "trouble" => entry
            .trouble
            .as_ref()
            .map(|_| FilterValue::Text(clean(&words::order_trouble(entry, context.now)).into_owned().into())),
        "name" => order.server_name.as_deref().map(text),
        "account" => Some(text(order.account.as_str())),
        _ => None,
    }
}

impl Kind for Orders {
    type Id = OrderKey;

    const COLUMNS: &'static [Column] = &[
        column("id", "ORDER", flexible(8, 2), 0, Align::Left),
        column("status", "STATUS", Width::Fixed(14), 0, Align::Left),
        column("customer", "CUSTOMER", flexible(13, 4), 1, Align::Left),
        // As wide as the usual name with its size, `Minecraft 8 GiB`.
        column("plan", "PLAN", flexible(15, 2), 2, Align::Left),
        column("region", "REGION", Width::Fixed(8), 6, Align::Left),
        column("amount", "AMOUNT", Width::Fixed(11), 7, Align::Right),
        column("age", "AGE", Width::Fixed(5), 4, Align::Right),
        // As wide as a node's name in a domain with the port, `sin-01.play.example.net:25580`.
        column("server", "SERVER", flexible(29, 1), 5, Align::Left),
        column("trouble", "TROUBLE OR RUN", flexible(25, 8), 0, Align::Left),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "orders";
    const WORDS: Words = Words {
        things: "orders",
        empty: "The orders database answered: there is no order in it.",
        not_connected: "Quarterdeck reads orders from the shop's own database: SQLite, PostgreSQL (Supabase) or MariaDB. Add one to config.toml; `quarterdeck config init` writes an example with every key explained.",
        configuration: &[],
    };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&OrderKey)) {
        fleet.orders.keys().for_each(|id| each(&id));
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.orders.len()
    }

    fn exists(&self, fleet: &PackedFleet, id: &OrderKey) -> bool {
        fleet.orders.contains_key(id)
    }

    fn group(&self, context: &ViewContext<'_>, id: &OrderKey) -> u8 {
        u8::from(context.fleet.orders.get(id).is_none_or(|entry| entry.trouble.is_none()))
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &OrderKey, column: usize) -> SortKey {
        let Some(entry) = context.fleet.orders.get(id) else { return SortKey::Missing };
        let entry = entry.as_ref();
        let words = |words: Option<&str>| words.map_or(SortKey::Missing, SortKey::text);
        match column {
            ID => id.id.as_str().parse().map_or_else(|_| SortKey::text(id.id.as_str()), SortKey::Integer),
            STATUS => SortKey::text(entry.order.status.word()),
            CUSTOMER => SortKey::text(customer(entry)),
            PLAN => SortKey::text(plan_name(context.fleet, entry)),
            REGION => words(entry.order.region.as_deref()),
            AMOUNT => entry.order.amount.as_ref().map_or(SortKey::Missing, |m| SortKey::Decimal(m.amount)),
            // The moment, not the age: it does not change as time goes on.
            AGE => SortKey::integer(entry.order.created_at.map(|at| -at.0)),
            SERVER => words(server_words(context.fleet, entry).as_deref()),
            TROUBLE => {
                words(Some(words::order_trouble(entry, context.now).as_str()).filter(|w| !w.is_empty()))
            }
            _ => SortKey::Missing,
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &OrderKey, column: usize, width: u16) -> CellText<'a> {
        match context.fleet.orders.get(id) {
            Some(entry) => cell(&entry, context, column, width).into_owned(),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &OrderKey, column: &str) -> Option<FilterValue<'a>> {
        value(context.fleet.orders.get(id)?.as_ref(), context, column).map(FilterValue::into_owned)
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &OrderKey) -> Cow<'a, str> {
        let Some(entry) = context.fleet.orders.get(id) else { return Cow::Borrowed("") };
        let entry = entry.as_ref();
        let order = &entry.order;
        Cow::Owned(format!(
            "{} {} {} {} {} {} {} {} {}",
            order.account,
            order.id,
            order.status.word(),
            customer(entry),
            order.customer.name.as_deref().unwrap_or_default(),
            plan_name(context.fleet, entry),
            order.region.as_deref().unwrap_or_default(),
            order.server_name.as_deref().unwrap_or_default(),
            server_words(context.fleet, entry).unwrap_or_default(),
        ))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        condition::of(context, FeedKind::Orders, total, &Self::WORDS)
    }

    fn details(&self, context: &ViewContext<'_>, id: &OrderKey, cells: usize) -> Vec<Line<'static>> {
        let entry = context.fleet.orders.get(id);
        entry.map(|entry| details::order::lines(context, &entry, cells)).unwrap_or_default()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &OrderKey) -> Option<(String, &'static str)> {
        let entry = context.fleet.orders.get(id)?;
        let server = entry.server.as_ref().and_then(|key| context.fleet.servers.get(key));
        if let Some(address) = server.and_then(|server| server.address.clone()) {
            return Some((address, "address"));
        }
        match &entry.order.error_message {
            Some(message) if entry.trouble.is_some() => Some((message.clone(), "error message")),
            _ => Some((id.id.to_string(), "order id")),
        }
    }

    fn gone_text(&self, id: &OrderKey) -> String {
        id.id.to_string()
    }

    fn counts(&self, fleet: &PackedFleet, id: &OrderKey) -> bool {
        words::active_run(fleet, &format!("order/{id}")).is_some()
    }
}
