//! One authenticated request on its way through the panel, and what a handler makes of it.

use serde_json::Value;

use super::answer::{Answer, Failure};
use super::entities::{Acl, Resource};
use super::query::{Query, coerced_id};
use super::throttle::Api;
use super::world::World;

/// A request whose sender is known.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Values of the route's parameters, in order.
    pub(super) params: Vec<String>,
    /// Path without query, for links.
    pub(super) path: String,
    pub(super) query: Query,
    pub(super) body: Value,
    /// The body as it came, for file contents.
    pub(super) raw_body: String,
    pub(super) user_id: i64,
    pub(super) is_admin: bool,
    pub(super) acl: Acl,
    /// The server of a client route.
    pub(super) server_id: i64,
}

impl Call {
    /// A parameter of the path.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// A numeric parameter, as the database compares it.
    pub(super) fn id(&self, index: usize) -> i64 {
        coerced_id(self.param(index))
    }

    /// Whether an include was asked for.
    pub(super) fn includes(&self, name: &str) -> bool {
        self.query.includes().iter().any(|asked| asked == name)
    }
}

/// What a handler returns: an answer, or a wait after which it goes on.
pub(super) enum Outcome {
    Done(Answer),
    /// The panel waits without holding anything, then goes on.
    Later(Wait, Continuation),
}

/// What goes on after a wait.
pub(super) type Continuation = Box<dyn FnOnce(&Call, &mut World) -> Reply + Send>;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// A daemon that does not answer.
    Daemon,
    /// The time between checking and committing a create.
    Commit,
}

/// A handler's result.
pub(super) type Reply = Result<Outcome, Failure>;

/// A handler.
pub(super) type Handler = fn(&Call, &mut World) -> Reply;

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Done(answer)
    }
}

/// 200 with JSON.
#[expect(clippy::unnecessary_wraps, reason = "ends a handler, which returns a Reply")]
pub(super) fn ok(body: Value) -> Reply {
    Ok(Answer::ok(body).into())
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "ends a handler, which returns a Reply")]
pub(super) fn none() -> Reply {
    Ok(Answer::none().into())
}

/// What a route needs of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// An application key that may read it.
    Read(Resource),
    /// An application key that may change it.
    Write(Resource),
    /// A client key.
    Account,
    /// A client key, and a server that it may see.
    Server,
    /// As `Server`, refused while the server is installing, suspended or in maintenance.
    ReadyServer,
    /// As `ReadyServer`, but admins may during an install.
    WatchableServer,
}

impl Need {
    /// The API it belongs to.
    pub(super) fn api(self) -> Api {
        match self {
            Self::Read(_) | Self::Write(_) => Api::Application,
            _ => Api::Client,
        }
    }

    /// Whether the route names a server.
    pub(super) fn names_server(self) -> bool {
        matches!(self, Self::Server | Self::ReadyServer | Self::WatchableServer)
    }
}

/// A route.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    pub(super) need: Need,
    pub(super) run: Handler,
}
