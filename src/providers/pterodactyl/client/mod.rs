//! The panel's client: one place that sends and decodes, and one file per subject.

mod allocations;
mod eggs;
mod live;
mod nodes;
mod permissions;
mod server_changes;
mod servers;
mod users;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::console::tokens::TokenShelf;
use super::console::{ConsoleConnection, ConsoleSource};
use super::endpoint::{Deadline, Endpoint};
use super::errors::{self, Asked, KeyKind};
use super::settings::PanelSettings;
use super::types::{BudgetView, PanelApi};
use super::wire::{Item, List, Numbered, Pagination};
use crate::model::ids::AccountId;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::time::{Clock, Timestamp};
use crate::providers::transport::{
    Answer, Authorities, Call, Login, Payload, Priority, Redactor, Transport, TransportSettings,
};
use nodes::CountMemory;

/// Rows asked per page: the panel runs several queries per server, larger pages are slow (§3.7).
const PAGE_ROWS: usize = 100;
/// Pages of one list asked at the same time.
const PAGES_AT_ONCE: usize = 3;
/// Pages of one list at most: a hundred thousand rows. More is a panel gone wrong.
const MAX_PAGES: i64 = 1_000;
/// Readings of a list whose rows vanished while it was read, so that rows slipped between pages.
const MAX_READINGS: usize = 3;

/// A client of one panel account. Cheap to clone; clones share budget and connections.
#[derive(Clone)]
pub struct PanelClient {
    shared: Arc<Shared>,
}

struct Shared {
    settings: PanelSettings,
    application: Transport,
    application_key: KeyKind,
    /// Nothing without a key that the client API takes.
    client: Option<Transport>,
    client_key: KeyKind,
    clock: Arc<dyn Clock>,
    counts: CountMemory,
    nests: eggs::NestMemory,
    tokens: TokenShelf,
    authorities: Authorities,
}

impl std::fmt::Debug for PanelClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PanelClient").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl PanelClient {
    /// A client for these settings. Fails when the address is not a http(s) URL, a key cannot be sent in a header, or the
    /// file of authorities cannot be used.
    pub fn new(settings: PanelSettings, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let application_key = KeyKind::of(settings.application_key.expose_secret());
        // An admin's account key serves both APIs (§1), an application key never the client API.
        let client_secret = match (&settings.client_key, application_key) {
            (Some(key), _) => Some(key.clone()),
            (None, KeyKind::Application) => None,
            (None, KeyKind::Account | KeyKind::Unknown) => Some(settings.application_key.clone()),
        };
        let client_key =
            client_secret.as_ref().map_or(KeyKind::Unknown, |key| KeyKind::of(key.expose_secret()));
        let secrets = [Some(settings.application_key.clone()), client_secret.clone()];
        let redactor = Redactor::new(secrets.into_iter().flatten().collect());
        let authorities = settings.ca_file.as_deref().map(Authorities::read).transpose()?.unwrap_or_default();
        let transport = |api: PanelApi, key: SecretString| {
            let transport = TransportSettings {
                name: format!("account {}, {}", settings.account, api.word()),
                url: settings.url.clone(),
                login: Login::Bearer(key),
                headers: Vec::new(),
                connect_timeout: settings.timeouts.connect,
                body_cap_bytes: settings.body_cap_bytes,
                redactor: redactor.clone(),
                authorities: authorities.clone(),
            };
            Transport::new(&transport, Arc::clone(&clock))
        };
        let application = transport(PanelApi::Application, settings.application_key.clone())?;
        let client = client_secret.map(|key| transport(PanelApi::Client, key)).transpose()?;
        let counts = CountMemory::default();
        let (nests, tokens) = (eggs::NestMemory::default(), TokenShelf::default());
        let shared = Shared {
            settings,
            application,
            application_key,
            client,
            client_key,
            clock,
            counts,
            nests,
            tokens,
            authorities,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The account's configured name.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.shared.settings.account
    }

    /// What is left of the two request budgets.
    #[must_use]
    pub fn budget(&self) -> BudgetView {
        BudgetView {
            application: self.shared.application.level(),
            client: self.shared.client.as_ref().map(Transport::level).unwrap_or_default(),
        }
    }

    /// Attaches to a server's live console: reconnects and renews its token until dropped. Needs a Tokio runtime.
    #[must_use]
    pub fn console(&self, uuid: &str) -> ConsoleConnection {
        let settings = &self.shared.settings;
        let base = self.shared.application.base();
        let origin = settings.origin.as_deref().unwrap_or(base);
        ConsoleConnection::open(ConsoleSource::new(
            self.clone(),
            uuid.to_owned(),
            origin,
            Arc::clone(&self.shared.clock),
        ))
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Whom connections to the nodes trust beside the machine's authorities.
    pub(super) fn authorities(&self) -> &Authorities {
        &self.shared.authorities
    }

    /// Whether the panel is asked over TLS.
    pub(super) fn is_over_tls(&self) -> bool {
        self.shared.application.base().starts_with("https:")
    }

    pub(super) fn tokens(&self) -> &TokenShelf {
        &self.shared.tokens
    }

    pub(super) fn connect_timeout(&self) -> std::time::Duration {
        self.shared.settings.timeouts.connect
    }

    pub(super) fn clean(&self, text: &str) -> String {
        self.shared.application.clean(text)
    }

    fn transport_of(&self, api: PanelApi) -> Result<(&Transport, KeyKind), Problem> {
        match api {
            PanelApi::Application => Ok((&self.shared.application, self.shared.application_key)),
            PanelApi::Client => self
                .shared
                .client
                .as_ref()
                .map(|transport| (transport, self.shared.client_key))
                .ok_or_else(|| no_client_key(self.account())),
        }
    }

    /// Sends one call and returns what the panel answered, a 2xx.
    async fn ask(
        &self,
        endpoint: Endpoint<'_>,
        query: Vec<(&'static str, String)>,
        body: Option<Value>,
        priority: Priority,
    ) -> Result<Answer, Problem> {
        let (transport, key) = self.transport_of(endpoint.api())?;
        let timeouts = self.shared.settings.timeouts;
        let call = Call {
            method: endpoint.method(),
            path: endpoint.path()?,
            query,
            body: body.map(Payload::Json),
            class: endpoint.class(),
            priority,
            deadline: match endpoint.deadline() {
                Deadline::Read => timeouts.read,
                Deadline::Change => timeouts.change,
                Deadline::Create => timeouts.create,
            },
            secrets: Vec::new(),
            has_own_limit: endpoint.has_own_limit(),
            is_sent_once: false,
        };
        let what = call.describe();
        let asked = Asked { endpoint, key, what: &what };
        transport.send(&call, |answer| errors::judge(asked, answer, |text| transport.clean(text))).await
    }

    /// A call whose answer is one JSON value.
    pub(super) async fn ask_for<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint<'_>,
        query: Vec<(&'static str, String)>,
        body: Option<Value>,
        priority: Priority,
    ) -> Result<T, Problem> {
        let answer = self.ask(endpoint, query, body, priority).await?;
        serde_json::from_slice(&answer.body).map_err(|error| self.malformed(endpoint, &error.to_string()))
    }

    /// A call whose answer is one object.
    async fn ask_for_item<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint<'_>,
        query: Vec<(&'static str, String)>,
        body: Option<Value>,
        priority: Priority,
    ) -> Result<T, Problem> {
        let item: Item<T> = self.ask_for(endpoint, query, body, priority).await?;
        item.attributes.ok_or_else(|| self.malformed(endpoint, "an empty object"))
    }

    /// A change whose answer says nothing.
    async fn tell(&self, endpoint: Endpoint<'_>, body: Option<Value>) -> Result<(), Problem> {
        self.ask(endpoint, Vec::new(), body, Priority::Run).await.map(drop)
    }

    /// All rows of a list, in the panel's order, each id once.
    ///
    /// Rows that vanish while pages are read move others to a page already read; the list is then read again.
    async fn list<T: Numbered + Send>(
        &self,
        endpoint: Endpoint<'_>,
        query: &[(&'static str, String)],
        priority: Priority,
    ) -> Result<Vec<T>, Problem> {
        let mut rows = Vec::new();
        for _ in 0..MAX_READINGS {
            let (read, has_shrunk) = self.read_pages(endpoint, query, priority).await?;
            rows = read;
            if !has_shrunk {
                break;
            }
            tracing::debug!(?endpoint, "rows vanished while the list was read: reading it again");
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row: &T| seen.insert(row.id()));
        Ok(rows)
    }

    /// All pages once, and whether the whole shrank meanwhile.
    async fn read_pages<T: Numbered + Send>(
        &self,
        endpoint: Endpoint<'_>,
        query: &[(&'static str, String)],
        priority: Priority,
    ) -> Result<(Vec<T>, bool), Problem> {
        let (mut rows, first) = self.page::<T>(endpoint, query, 1, PAGE_ROWS, priority).await?;
        let Some(first) = first else { return Ok((rows, false)) };
        if first.total_pages > MAX_PAGES {
            return Err(self.malformed(endpoint, &format!("a list of {} pages", first.total_pages)));
        }
        let mut smallest = first.total;
        let mut has_shrunk = false;
        let mut last_page = first.total_pages;
        let mut next_page = 2;
        while next_page <= last_page {
            let pages: Vec<_> = stream::iter(next_page..=last_page)
                .map(|number| self.page::<T>(endpoint, query, number, PAGE_ROWS, priority))
                .buffered(PAGES_AT_ONCE)
                .try_collect()
                .await?;
            next_page = last_page + 1;
            for (page, pagination) in pages {
                rows.extend(page);
                if let Some(pagination) = pagination {
                    has_shrunk |= pagination.total < smallest;
                    smallest = smallest.min(pagination.total);
                    last_page = last_page.max(pagination.total_pages.min(MAX_PAGES));
                }
            }
        }
        Ok((rows, has_shrunk))
    }

    /// One page and its place; the panel's links are never followed, they lose the filter.
    async fn page<T: Numbered>(
        &self,
        endpoint: Endpoint<'_>,
        query: &[(&'static str, String)],
        number: i64,
        rows: usize,
        priority: Priority,
    ) -> Result<(Vec<T>, Option<Pagination>), Problem> {
        let mut query = query.to_vec();
        query.push(("page", number.to_string()));
        query.push(("per_page", rows.to_string()));
        let list: List<T> = self.ask_for(endpoint, query, None, priority).await?;
        if list.data.is_none() {
            return Err(self.malformed(endpoint, "a list without data"));
        }
        let pagination = list.meta.as_ref().and_then(|meta| meta.pagination);
        Ok((list.into_items(), pagination))
    }

    /// How many rows a list has, without reading them.
    async fn count(
        &self,
        endpoint: Endpoint<'_>,
        query: Vec<(&'static str, String)>,
        priority: Priority,
    ) -> Result<u32, Problem> {
        let (_, pagination) = self.page::<super::wire::Allocation>(endpoint, &query, 1, 1, priority).await?;
        let total = pagination.ok_or_else(|| self.malformed(endpoint, "a list without a total"))?.total;
        u32::try_from(total).map_err(|_| self.malformed(endpoint, "a total that is no count"))
    }

    fn malformed(&self, endpoint: Endpoint<'_>, why: &str) -> Problem {
        let path = endpoint.path().unwrap_or_default();
        let what = format!("{} {path}", endpoint.method());
        errors::malformed(Asked { endpoint, key: KeyKind::Unknown, what: &what }, &self.clean(why))
    }
}

/// A thing that is not there is nothing, not a problem.
fn found<T>(outcome: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match outcome {
        Ok(thing) => Ok(Some(thing)),
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// A thing that is gone already has been deleted.
fn gone(outcome: Result<(), Problem>) -> Result<(), Problem> {
    found(outcome).map(drop)
}

fn no_client_key(account: &AccountId) -> Problem {
    Problem {
        kind: ProblemKind::Forbidden,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("account {account} has no key for the panel's client API"),
        advice: "set client_key to an account key (ptlc_…) of an administrator; application keys (ptla_…) cannot read use, \
                 send power signals or open consoles"
            .to_owned(),
    }
}
