//! Live consoles of servers: one connection to the panel per server, shared by everyone who looks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::observation::Observation;
use super::shared::SharedFleet;
use crate::model::ids::{AccountId, ServerKey};
use crate::model::problem::Problem;
use crate::model::request::ConsoleItem;
use crate::providers::pterodactyl::{ConsoleConnection, ConsoleInput, PanelClient};

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
    fleet: Arc<SharedFleet>,
    open: Mutex<BTreeMap<ServerKey, Session>>,
}

/// One server's console.
struct Session {
    input: ConsoleInput,
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
    pub fn new(panels: BTreeMap<AccountId, PanelClient>, fleet: Arc<SharedFleet>) -> Arc<Self> {
        Arc::new(Self { panels, fleet, open: Mutex::new(BTreeMap::new()) })
    }

    /// Attaches to a server's console: recent lines first, where others listen already. Dropping the receiver detaches.
    ///
    /// # Errors
    /// `NotFound`: no such server or account.
    pub fn attach(self: &Arc<Self>, server: &ServerKey) -> Result<mpsc::Receiver<ConsoleItem>, Problem> {
        let (panel, uuid) = self.find(server)?;
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
        let connection = panel.console(&uuid);
        let session =
            Session { input: connection.input(), listeners: vec![listener], recent: VecDeque::new() };
        open.insert(server.clone(), session);
        tokio::spawn(Arc::clone(self).pump(server.clone(), connection));
        Ok(items)
    }

    /// Types a line: over the open console, or else through the panel's API.
    ///
    /// # Errors
    /// `NotFound`: no such server; what the panel answered.
    pub async fn command(&self, server: &ServerKey, line: &str) -> Result<(), Problem> {
        let (panel, uuid) = self.find(server)?;
        let input = self.lock().get(server).map(|session| session.input.clone());
        match input {
            Some(input) => input.command(line),
            None => panel.command(&uuid, line).await,
        }
    }

    fn find(&self, server: &ServerKey) -> Result<(PanelClient, String), Problem> {
        let uuid = self.fleet.read(|fleet| fleet.servers.get(server).map(|server| server.uuid.clone()));
        let uuid = uuid.ok_or_else(|| Problem::not_found(format!("there is no server {server}")))?;
        let panel = self.panels.get(&server.account).cloned();
        let panel = panel
            .ok_or_else(|| Problem::not_found(format!("there is no panel account {}", server.account)))?;
        Ok((panel, uuid))
    }

    /// Passes items on until the connection ends or nobody listens.
    async fn pump(self: Arc<Self>, server: ServerKey, mut connection: ConsoleConnection) {
        loop {
            let item = tokio::select! {
                item = connection.next() => item.unwrap_or_else(|| ConsoleItem::Closed("the connection ended".to_owned())),
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if self.is_abandoned(&server) {
                        return;
                    }
                    continue;
                }
            };
            if let ConsoleItem::Power(power) = item {
                self.fleet.observe(Observation::Usage { key: server.clone(), power, usage: None });
            }
            if !self.pass_on(&server, &item) {
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
