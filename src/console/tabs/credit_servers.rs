//! Servers that burn credits as rows: state, players, memory, credits per hour, payer, software, address.

use std::borrow::Cow;

use ratatui::text::{Line, Span};

use super::list::Kind;
use super::list::columns::{column, flexible, text_column};
use crate::console::condition::{self, Condition, Words};
use crate::console::context::ViewContext;
use crate::console::details::{credit_account, credit_server};
use crate::console::widgets::table::{Align, CellText, Column, SortKey, Width};
use crate::console::widgets::text;
use crate::console::{format, words};
use crate::link::packed::PackedFleet;
use crate::model::account::{FeedKind, Provider};
use crate::model::credits::{CreditServer, CreditServerStatus};
use crate::model::filter::{ColumnKind, FilterColumn, FilterValue};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::sanitise::clean;

/// The servers of one account, or of all.
#[derive(Default)]
pub struct CreditServers {
    /// The account; nothing for all.
    pub account: Option<AccountId>,
}

/// Sorted by at first.
pub const NAME: usize = 0;
const STATE: usize = 1;
const PLAYERS: usize = 2;
const MEMORY: usize = 3;
const COST: usize = 4;
const PAYER: usize = 5;
const ADDRESS: usize = 6;
const SOFTWARE: usize = 7;
const ACCOUNT: usize = 8;

const fn number(name: &'static str, kind: ColumnKind) -> FilterColumn {
    FilterColumn { name, kind }
}

const FILTER_COLUMNS: &[FilterColumn] = &[
    text_column("name"),
    text_column("status"),
    number("players", ColumnKind::Number),
    number("ram", ColumnKind::Bytes),
    number("cost", ColumnKind::Number),
    text_column("payer"),
    text_column("address"),
    text_column("software"),
    text_column("shared"),
    text_column("id"),
    text_column("account"),
];

fn cell<'a>(server: &CreditServer, context: &ViewContext<'a>, column: usize, width: u16) -> CellText<'a> {
    let theme = context.theme;
    let owned = |text: String, style| CellText::new(text, style);
    match column {
        NAME => owned(clean(&server.name).into_owned(), theme.text),
        STATE => {
            let state = words::credit_server_state(server.status, context);
            owned(state.text(), state.style)
        }
        PLAYERS => owned(credit_server::player_count(server), theme.text),
        MEMORY => match server.ram_gib {
            Some(ram_gib) => owned(format!("{ram_gib} GiB"), theme.text),
            None => CellText::new(format::UNKNOWN, theme.muted),
        },
        COST => match credit_account::burn_of(context.fleet, server) {
            Some(amount) if amount.is_zero() => CellText::new(format::UNKNOWN, theme.muted),
            Some(amount) => owned(amount.normalize().to_string(), theme.strong),
            None => CellText::new("?", theme.warning),
        },
        PAYER => {
            let payer = words::payer(&server.payer, context);
            owned(payer.text(), payer.style)
        }
        ADDRESS => {
            let address = clean(&server.address);
            owned(text::cut(&address, usize::from(width), context.glyphs.ellipsis).into_owned(), theme.text)
        }
        SOFTWARE => owned(credit_server::software(server).unwrap_or_default(), theme.muted),
        _ => owned(clean(server.key.account.as_str()).into_owned(), theme.muted),
    }
}

fn value(server: &CreditServer, context: &ViewContext<'_>, column: &str) -> Option<FilterValue<'static>> {
    let text = |words: &str| Some(FilterValue::Text(clean(words).into_owned().into()));
    match column {
        "name" => text(&server.name),
        "status" => text(&server.status.to_string()),
        "players" => server.players.count.map(|count| FilterValue::Number(count.into())),
        "ram" => server.ram_gib.map(|ram_gib| FilterValue::Bytes(u64::from(ram_gib) << 30)),
        "cost" => credit_account::burn_of(context.fleet, server).map(FilterValue::Number),
        "payer" => text(words::payer(&server.payer, context).word.as_str()),
        "address" => text(&server.address),
        "software" => credit_server::software(server).and_then(|software| text(&software)),
        "shared" => text(if server.is_shared { "yes" } else { "no" }),
        "id" => text(&server.key.id),
        "account" => text(server.key.account.as_str()),
        _ => None,
    }
}

impl Kind for CreditServers {
    type Id = ServerKey;

    const COLUMNS: &'static [Column] = &[
        column("name", "SERVER", flexible(14, 3), 0, Align::Left),
        column("status", "STATE", Width::Fixed(14), 0, Align::Left),
        column("players", "PLAYERS", Width::Fixed(7), 1, Align::Right),
        column("ram", "RAM", Width::Fixed(7), 1, Align::Right),
        column("cost", "CREDITS/H", Width::Fixed(9), 0, Align::Right),
        column("payer", "PAYER", flexible(16, 2), 2, Align::Left),
        column("address", "ADDRESS", flexible(26, 3), 3, Align::Left),
        column("software", "SOFTWARE", flexible(14, 2), 4, Align::Left),
        column("account", "ACCOUNT", flexible(8, 1), 5, Align::Left),
    ];
    const FILTER_COLUMNS: &'static [FilterColumn] = FILTER_COLUMNS;
    const NAME: &'static str = "exaroton-servers";
    const WORDS: Words = Words {
        things: "servers",
        empty: "exaroton answered: the account has no server. Servers are made on exaroton's page.",
        not_connected: "These servers come from an exaroton account. Add one with its token to config.toml; `quarterdeck config init` writes an example with every key explained.",
        configuration: &[],
    };

    fn for_each_id(&self, fleet: &PackedFleet, each: &mut dyn FnMut(&ServerKey)) {
        fleet.credit_servers.keys().filter(|key| self.exists(fleet, key)).for_each(each);
    }

    fn count(&self, fleet: &PackedFleet) -> usize {
        fleet.credit_servers.keys().filter(|key| self.exists(fleet, key)).count()
    }

    fn exists(&self, fleet: &PackedFleet, id: &ServerKey) -> bool {
        fleet.credit_servers.contains_key(id)
            && self.account.as_ref().is_none_or(|account| *account == id.account)
    }

    fn group(&self, context: &ViewContext<'_>, id: &ServerKey) -> u8 {
        let status = context.fleet.credit_servers.get(id).map(|server| server.status);
        let stands_out = matches!(status, Some(CreditServerStatus::Crashed | CreditServerStatus::Unknown(_)));
        u8::from(!stands_out)
    }

    fn sort_key(&self, context: &ViewContext<'_>, id: &ServerKey, column: usize) -> SortKey {
        let Some(server) = context.fleet.credit_servers.get(id) else { return SortKey::Missing };
        let count = |count: Option<u32>| SortKey::integer(count.map(Into::into));
        match column {
            NAME => SortKey::text(&server.name),
            STATE => SortKey::text(&server.status.to_string()),
            PLAYERS => count(server.players.count),
            MEMORY => count(server.ram_gib),
            COST => credit_account::burn_of(context.fleet, server).map_or(SortKey::Missing, SortKey::Decimal),
            PAYER => SortKey::text(&words::payer(&server.payer, context).word),
            ADDRESS => SortKey::text(&server.address),
            SOFTWARE => {
                credit_server::software(server).map_or(SortKey::Missing, |words| SortKey::text(&words))
            }
            ACCOUNT => SortKey::text(server.key.account.as_str()),
            _ => SortKey::Missing,
        }
    }

    fn cell<'a>(&self, context: &ViewContext<'a>, id: &ServerKey, column: usize, width: u16) -> CellText<'a> {
        match context.fleet.credit_servers.get(id) {
            Some(server) => cell(server, context, column, width),
            None => CellText::new("", context.theme.text),
        }
    }

    fn value<'a>(&self, context: &ViewContext<'a>, id: &ServerKey, column: &str) -> Option<FilterValue<'a>> {
        value(context.fleet.credit_servers.get(id)?, context, column)
    }

    fn search_text<'a>(&self, context: &ViewContext<'a>, id: &ServerKey) -> Cow<'a, str> {
        let Some(server) = context.fleet.credit_servers.get(id) else { return Cow::Borrowed("") };
        Cow::Owned(format!(
            "{} {} {} {} {} {} {}",
            server.name,
            server.status,
            server.address,
            server.key.id,
            words::payer(&server.payer, context).word,
            credit_server::software(server).unwrap_or_default(),
            server.players.names.join(" "),
        ))
    }

    fn condition(&self, context: &ViewContext<'_>, total: usize) -> Condition {
        condition::of_provider(context, Provider::Exaroton, FeedKind::Servers, total, &Self::WORDS)
    }

    fn details(&self, context: &ViewContext<'_>, id: &ServerKey, cells: usize) -> Vec<Line<'static>> {
        let server = context.fleet.credit_servers.get(id);
        server.map(|server| credit_server::lines(context, server, cells)).unwrap_or_default()
    }

    fn copy_text(&self, context: &ViewContext<'_>, id: &ServerKey) -> Option<(String, &'static str)> {
        let server = context.fleet.credit_servers.get(id)?;
        Some(if server.address.is_empty() {
            (clean(&server.key.id).into_owned(), "server id")
        } else {
            (clean(&server.address).into_owned(), "address")
        })
    }

    fn gone_text(&self, id: &ServerKey) -> String {
        format!("server {}", clean(&id.id))
    }

    fn header(&self, context: &ViewContext<'_>, cells: usize) -> Vec<Line<'static>> {
        if let Some(account) = &self.account {
            return credit_account::header(context, account, cells);
        }
        let (theme, fleet) = (context.theme, context.fleet);
        let servers = format::count(fleet.credit_servers.len(), "server");
        let accounts = format::count(credit_account::all(fleet).len(), "account");
        vec![
            Line::from(vec![
                Span::styled("All exaroton servers", theme.title),
                Span::styled(format!("  {servers} of {accounts}"), theme.text),
            ]),
            Line::default(),
        ]
    }
}
