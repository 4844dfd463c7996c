//! Live consoles of servers: one connection to the provider per server, shared by everyone who looks.

mod line;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::money::CreditAccounts;
use super::shared::SharedFleet;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::problem::Problem;
use crate::model::request::ConsoleItem;
use crate::providers::pterodactyl::PanelClient;
use line::{Input, Line, Place};

/// Items that may wait for one listener. Full: newer lines are dropped for this listener and counted; it reads
/// `Lost(n)` before the next one that fits.
const ITEMS_QUEUED: usize = 1024;

/// Lines that a new listener is shown of what was said while others listened.
const RECENT_LINES: usize = 300;

/// How often a connection looks whether anybody still listens.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The consoles of one engine.
pub struct Consoles {
    panels: BTreeMap<AccountId, PanelClient>,
    credits: CreditAccounts,
    fleet: Arc<SharedFleet>,
    open: Mutex<BTreeMap<ServerKey, Session>>,
}

/// One server's console.
struct Session {
    input: Input,
    listeners: Vec<Listener>,
    recent: VecDeque<ConsoleItem>,
}

struct Listener {
    items: mpsc::Sender<ConsoleItem>,
    lost: u64,
}

impl Listener {
    /// Queues an item, after saying what was lost; false when nobody listens any more.
    fn push(&mut self, item: &ConsoleItem) -> bool {
        if self.lost > 0 && self.items.try_send(ConsoleItem::Lost(self.lost)).is_ok() {
            self.lost = 0;
        }
        match self.items.try_send(item.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.lost = self.lost.saturating_add(1);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl Consoles {
    /// No console is open.
    pub fn new(
        panels: BTreeMap<AccountId, PanelClient>,
        credits: CreditAccounts,
        fleet: Arc<SharedFleet>,
    ) -> Arc<Self> {
        Arc::new(Self { panels, credits, fleet, open: Mutex::new(BTreeMap::new()) })
    }

    /// Attaches to a server's console: recent lines first, where others listen already. Dropping the receiver detaches.
    ///
    /// # Errors
    /// `NotFound`: no such server or account.
    pub fn attach(self: &Arc<Self>, server: &ServerKey) -> Result<mpsc::Receiver<ConsoleItem>, Problem> {
        let place = self.find(server)?;
        let (sender, items) = mpsc::channel(ITEMS_QUEUED);
        let mut listener = Listener { items: sender, lost: 0 };
        let mut open = self.lock();
        if let Some(session) = open.get_mut(server) {
            for item in &session.recent {
                listener.push(item);
            }
            session.listeners.push(listener);
            return Ok(items);
        }
        let line = place.connect()?;
        let session = Session { input: line.input(), listeners: vec![listener], recent: VecDeque::new() };
        open.insert(server.clone(), session);
        tokio::spawn(Arc::clone(self).pump(server.clone(), line));
        Ok(items)
    }

    /// Types a line: over the open console, or else through the provider's API.
    ///
    /// # Errors
    /// `NotFound`: no such server; what the provider answered.
    pub async fn command(&self, server: &ServerKey, text: &str) -> Result<(), Problem> {
        let place = self.find(server)?;
        let input = self.lock().get(server).map(|session| session.input.clone());
        match input.filter(Input::takes_commands) {
            Some(input) => input.command(text),
            None => place.command(text).await,
        }
    }

    /// Where a server's console is.
    fn find(&self, server: &ServerKey) -> Result<Place, Problem> {
        let (uuid, burns_credits) = self.fleet.read(|fleet| {
            let uuid = fleet.servers.get(server).map(|server| server.uuid.clone());
            (uuid, fleet.credit_servers.contains_key(server))
        });
        let no_account = || Problem::not_found(format!("there is no account {}", server.account));
        match uuid {
            Some(uuid) => {
                Ok(Place::Panel(self.panels.get(&server.account).ok_or_else(no_account)?.clone(), uuid))
            }
            None if burns_credits => {
                let client = self.credits.clients.get(&server.account).ok_or_else(no_account)?;
                Ok(Place::Exaroton(client.clone(), server.id.clone()))
            }
            None => Err(Problem::not_found(format!("there is no server {server}"))),
        }
    }

    /// Passes items on until the connection ends or nobody listens.
    async fn pump(self: Arc<Self>, server: ServerKey, mut line: Line) {
        loop {
            let heard = tokio::select! {
                heard = line.next(&server) => heard,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if self.is_abandoned(&server) {
                        return;
                    }
                    continue;
                }
            };
            if let Some(observation) = heard.seen {
                self.fleet.observe(observation);
            }
            if let Some(item) = heard.item
                && !self.pass_on(&server, &item)
            {
                return;
            }
        }
    }

    /// Hands an item to every listener; false when the console is over.
    fn pass_on(&self, server: &ServerKey, item: &ConsoleItem) -> bool {
        let mut open = self.lock();
        let Some(session) = open.get_mut(server) else { return false };
        session.listeners.retain_mut(|listener| listener.push(item));
        if matches!(item, ConsoleItem::Line(_) | ConsoleItem::Daemon(_)) {
            session.recent.push_back(item.clone());
            let surplus = session.recent.len().saturating_sub(RECENT_LINES);
            session.recent.drain(..surplus);
        }
        let is_over = matches!(item, ConsoleItem::Closed(_)) || session.listeners.is_empty();
        if is_over {
            open.remove(server);
        }
        !is_over
    }

    fn is_abandoned(&self, server: &ServerKey) -> bool {
        let mut open = self.lock();
        let is_heard =
            |session: &Session| session.listeners.iter().any(|listener| !listener.items.is_closed());
        if open.get(server).is_some_and(is_heard) {
            return false;
        }
        open.remove(server);
        true
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServerKey, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
