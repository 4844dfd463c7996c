//! The client: one place that sends and decodes, and one file per subject.

mod console;
mod files;
mod matches;
mod reading;
mod servers;

pub use matches::NewMatch;

use std::sync::Arc;

use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::endpoint::{Deadline, Endpoint};
use super::errors::{self, Asked};
use super::settings::DathostSettings;
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::time::{Clock, Timestamp};
use crate::providers::transport::{
    Answer, Authorities, BudgetLevel, Call, Class, Field, Login, Payload, Priority, Redactor, Transport,
    TransportSettings,
};

/// The header that acts on another account which has invited ours (§1).
const ACCOUNT_EMAIL: &str = "account-email";

/// A client of one DatHost account. Cheap to clone; clones share budget and connections.
#[derive(Clone)]
pub struct DathostClient {
    shared: Arc<Shared>,
}

struct Shared {
    settings: DathostSettings,
    transport: Transport,
    clock: Arc<dyn Clock>,
}

/// What a call carries, with the secrets in it.
#[derive(Default)]
struct Body {
    payload: Option<Payload>,
    secrets: Vec<SecretString>,
    /// Parameters behind the path.
    query: Vec<(&'static str, String)>,
}

impl Body {
    /// Nothing.
    fn none() -> Self {
        Self::default()
    }

    /// A form; nothing where it has no field.
    fn form(fields: Vec<Field>, secrets: Vec<SecretString>) -> Self {
        let payload = (!fields.is_empty()).then_some(Payload::Form(fields));
        Self { payload, secrets, ..Self::default() }
    }

    /// Nothing but parameters behind the path.
    fn query(query: Vec<(&'static str, String)>) -> Self {
        Self { query, ..Self::default() }
    }
}

impl std::fmt::Debug for DathostClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DathostClient").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl DathostClient {
    /// A client for these settings. Fails when the address is not a http(s) URL, the login cannot be sent in a header, or
    /// the file of authorities cannot be used.
    pub fn new(settings: DathostSettings, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let authorities = settings.ca_file.as_deref().map(Authorities::read).transpose()?.unwrap_or_default();
        let transport = TransportSettings {
            name: format!("account {}", settings.account),
            url: settings.url.clone(),
            login: Login::Basic { user: settings.email.clone(), password: settings.password.clone() },
            headers: settings.account_email.iter().map(|email| (ACCOUNT_EMAIL, email.clone())).collect(),
            connect_timeout: settings.timeouts.connect,
            body_cap_bytes: settings.body_cap_bytes,
            authorities,
            redactor: Redactor::new(vec![settings.password.clone()]),
        };
        let transport = Transport::new(&transport, Arc::clone(&clock))?;
        Ok(Self { shared: Arc::new(Shared { settings, transport, clock }) })
    }

    /// The account's configured name.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.shared.settings.account
    }

    /// What is known of the request budget: DatHost publishes no limit, so only who waits.
    #[must_use]
    pub fn budget(&self) -> BudgetLevel {
        self.shared.transport.level()
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// A call of this endpoint.
    fn call(&self, endpoint: Endpoint<'_>, body: Body, priority: Priority) -> Result<Call, Problem> {
        let timeouts = self.shared.settings.timeouts;
        Ok(Call {
            method: endpoint.method(),
            path: endpoint.path()?,
            query: body.query,
            body: body.payload,
            class: endpoint.class(),
            priority,
            deadline: match endpoint.deadline() {
                Deadline::Read => timeouts.read,
                Deadline::Change => timeouts.change,
                Deadline::Create => timeouts.create,
                Deadline::Transfer => timeouts.transfer,
            },
            secrets: body.secrets,
            has_own_limit: false,
            is_sent_once: endpoint.class() == Class::Change,
        })
    }

    /// Sends one call and returns its success.
    async fn ask(&self, endpoint: Endpoint<'_>, body: Body, priority: Priority) -> Result<Answer, Problem> {
        let call = self.call(endpoint, body, priority)?;
        let what = call.describe();
        let asked = Asked { endpoint, what: &what };
        let redactor = self.shared.transport.redactor_of(&call);
        let judge = |answer: &Answer| errors::judge(asked, answer, |text| redactor.clean(text));
        self.shared.transport.send(&call, judge).await
    }

    /// A call whose answer carries an object.
    async fn ask_for<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint<'_>,
        body: Body,
        priority: Priority,
    ) -> Result<T, Problem> {
        let answer = self.ask(endpoint, body, priority).await?;
        serde_json::from_slice(&answer.body).map_err(|error| self.malformed(endpoint, &error.to_string()))
    }

    /// A call that carries JSON and whose answer carries an object.
    async fn ask_with_json<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint<'_>,
        json: serde_json::Value,
        secrets: Vec<SecretString>,
    ) -> Result<T, Problem> {
        let body = Body { payload: Some(Payload::Json(json)), secrets, ..Body::default() };
        self.ask_for(endpoint, body, Priority::Run).await
    }

    fn malformed(&self, endpoint: Endpoint<'_>, why: &str) -> Problem {
        let path = endpoint.path().unwrap_or_default();
        let what = format!("{} {path}", endpoint.method());
        errors::malformed(Asked { endpoint, what: &what }, &self.shared.transport.clean(why))
    }
}
