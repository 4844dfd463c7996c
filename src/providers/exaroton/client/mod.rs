//! The client: one place that sends and decodes, and one file per subject.

mod files;
mod power;
mod reading;
mod settings;

pub(super) use power::checked_command;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::endpoint::{Deadline, Endpoint, checked_id};
use super::errors::{self, ALREADY_UNDER_WAY, Asked};
use super::live::{LiveConnection, LiveSource, Streams};
use super::settings::ExarotonSettings;
use super::wire::Envelope;
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::time::{Clock, Timestamp};
use crate::providers::transport::{
    Answer, Authorities, BudgetLevel, Call, Class, Login, Payload, Priority, Redactor, Transport,
    TransportSettings,
};

/// A client of one exaroton account. Cheap to clone; clones share budget and connections.
#[derive(Clone)]
pub struct ExarotonClient {
    shared: Arc<Shared>,
}

struct Shared {
    settings: ExarotonSettings,
    transport: Transport,
    clock: Arc<dyn Clock>,
    authorities: Authorities,
}

impl std::fmt::Debug for ExarotonClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExarotonClient").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl ExarotonClient {
    /// A client for these settings. Fails when the address is not a http(s) URL, the token
    /// cannot be sent in a header, or the file of authorities cannot be used.
    pub fn new(settings: ExarotonSettings, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let authorities = settings.ca_file.as_deref().map(Authorities::read).transpose()?.unwrap_or_default();
        let transport = TransportSettings {
            name: format!("account {}", settings.account),
            url: settings.url.clone(),
            login: Login::Bearer(settings.token.clone()),
            headers: Vec::new(),
            connect_timeout: settings.timeouts.connect,
            body_cap_bytes: settings.body_cap_bytes,
            authorities: authorities.clone(),
            redactor: Redactor::new(vec![settings.token.clone()]),
        };
        let transport = Transport::new(&transport, Arc::clone(&clock))?;
        Ok(Self { shared: Arc::new(Shared { settings, transport, clock, authorities }) })
    }

    /// The account's configured name.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.shared.settings.account
    }

    /// What is known of the request budget: exaroton publishes no limit, so only who waits.
    #[must_use]
    pub fn budget(&self) -> BudgetLevel {
        self.shared.transport.level()
    }

    /// Attaches to a server's websocket: its state always, and the streams asked for while the server's state allows them;
    /// reconnects until dropped. Needs a Tokio runtime. Fails on what is no id.
    pub fn live(&self, id: &str, streams: Streams) -> Result<LiveConnection, Problem> {
        let id = checked_id(id)?.to_owned();
        Ok(LiveConnection::open(LiveSource { client: self.clone(), id, streams }))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(super) fn settings(&self) -> &ExarotonSettings {
        &self.shared.settings
    }

    /// Whom connections trust beside the machine's authorities.
    pub(super) fn authorities(&self) -> &Authorities {
        &self.shared.authorities
    }

    /// The API's address without a slash at its end.
    pub(super) fn base(&self) -> &str {
        self.shared.transport.base()
    }

    pub(super) fn clean(&self, text: &str) -> String {
        self.shared.transport.clean(text)
    }

    /// Sends one call and returns what passed the judge: a success, or a signal that was already under way.
    async fn ask(
        &self,
        endpoint: Endpoint<'_>,
        body: Option<Payload>,
        priority: Priority,
    ) -> Result<Answer, Problem> {
        let timeouts = self.shared.settings.timeouts;
        let call = Call {
            method: endpoint.method(),
            path: endpoint.path()?,
            query: Vec::new(),
            body,
            class: endpoint.class(),
            priority,
            deadline: match endpoint.deadline() {
                Deadline::Read => timeouts.read,
                Deadline::Change => timeouts.change,
                Deadline::Storage => timeouts.storage,
            },
            secrets: Vec::new(),
            has_own_limit: false,
            is_sent_once: endpoint.class() == Class::Change,
        };
        let what = call.describe();
        let asked = Asked { endpoint, what: &what };
        let transport = &self.shared.transport;
        transport.send(&call, |answer| errors::judge(asked, answer, |text| transport.clean(text))).await
    }

    /// A call whose answer carries data.
    async fn ask_for<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint<'_>,
        body: Option<Value>,
        priority: Priority,
    ) -> Result<T, Problem> {
        let answer = self.ask(endpoint, body.map(Payload::Json), priority).await?;
        let read = serde_json::from_slice::<Envelope<'_>>(&answer.body)
            .and_then(|envelope| serde_json::from_str(envelope.data().unwrap_or("null")));
        read.map_err(|error| self.malformed(endpoint, &error.to_string()))
    }

    /// A change whose answer says nothing. `true`: it was already under way.
    async fn tell(&self, endpoint: Endpoint<'_>, body: Option<Payload>) -> Result<bool, Problem> {
        let answer = self.ask(endpoint, body, Priority::Run).await?;
        Ok(answer.status == ALREADY_UNDER_WAY)
    }

    fn malformed(&self, endpoint: Endpoint<'_>, why: &str) -> Problem {
        let path = endpoint.path().unwrap_or_default();
        let what = format!("{} {path}", endpoint.method());
        errors::malformed(Asked { endpoint, what: &what }, &self.clean(why))
    }
}
