//! A line to a server's console, whoever the provider is.

use crate::engine::observation::Observation;
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;
use crate::model::request::ConsoleItem;
use crate::providers::exaroton::{ExarotonClient, LiveConnection, LiveInput, LiveItem, Streams};
use crate::providers::pterodactyl::{ConsoleConnection, ConsoleInput, PanelClient};

/// Where a console is, before it is connected to.
pub(super) enum Place {
    /// A panel, and the server's uuid.
    Panel(PanelClient, String),
    /// An exaroton account, and the server's id.
    Exaroton(ExarotonClient, String),
}

impl Place {
    /// Connects; reconnects by itself until dropped.
    pub(super) fn connect(&self) -> Result<Line, Problem> {
        Ok(match self {
            Self::Panel(panel, uuid) => Line::Panel(panel.console(uuid)),
            Self::Exaroton(client, id) => Line::Exaroton(client.live(id, Streams::CONSOLE)?),
        })
    }

    /// Types through the API.
    pub(super) async fn command(&self, text: &str) -> Result<(), Problem> {
        match self {
            Self::Panel(panel, uuid) => panel.command(uuid, text).await,
            Self::Exaroton(client, id) => client.command(id, text).await,
        }
    }
}

/// A connection.
pub(super) enum Line {
    /// A panel's.
    Panel(ConsoleConnection),
    /// An exaroton server's.
    Exaroton(LiveConnection),
}

/// One thing that came over a line.
#[derive(Default)]
pub(super) struct Heard {
    /// For those who look at the console.
    pub(super) item: Option<ConsoleItem>,
    /// For everybody.
    pub(super) seen: Option<Observation>,
}

impl Line {
    /// Types into this connection; outlives it and then refuses.
    pub(super) fn input(&self) -> Input {
        match self {
            Self::Panel(connection) => Input::Panel(connection.input()),
            Self::Exaroton(connection) => Input::Exaroton(connection.input()),
        }
    }

    /// What comes next; at the end `Closed`, again and again. Cancel-safe.
    pub(super) async fn next(&mut self, server: &ServerKey) -> Heard {
        let over = || ConsoleItem::Closed("the connection ended".to_owned());
        match self {
            Self::Panel(connection) => of_panel(server, connection.next().await.unwrap_or_else(over)),
            Self::Exaroton(connection) => match connection.next().await {
                Some(item) => of_exaroton(item),
                None => Heard { item: Some(over()), seen: None },
            },
        }
    }
}

fn of_panel(server: &ServerKey, item: ConsoleItem) -> Heard {
    let seen = match item {
        ConsoleItem::Power(power) => Some(Observation::Usage { key: server.clone(), power, usage: None }),
        _ => None,
    };
    Heard { item: Some(item), seen }
}

fn of_exaroton(item: LiveItem) -> Heard {
    let seen = match &item {
        LiveItem::Server(server) => Some(Observation::OneCreditServer(server.clone())),
        _ => None,
    };
    Heard { item: item.into_console_item(), seen }
}

/// Types into a console.
#[derive(Clone)]
pub(super) enum Input {
    /// A panel's.
    Panel(ConsoleInput),
    /// An exaroton server's.
    Exaroton(LiveInput),
}

impl Input {
    /// Whether a line typed now is to go this way. A panel's console says itself why it takes none; exaroton's API takes
    /// lines while the stream is not up yet.
    pub(super) fn takes_commands(&self) -> bool {
        match self {
            Self::Panel(_) => true,
            Self::Exaroton(input) => input.takes_commands(),
        }
    }

    /// Types a line.
    pub(super) fn command(&self, text: &str) -> Result<(), Problem> {
        match self {
            Self::Panel(input) => input.command(text),
            Self::Exaroton(input) => input.command(text),
        }
    }
}
