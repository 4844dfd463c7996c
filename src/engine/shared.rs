//! The fleet, shared: reducers run under a short lock, subscribers have bounded queues.
//!
//! Must not: await, or touch disk or network, while the lock is held.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{mpsc, watch};

use super::focus::Attended;
use super::observation::Observation;
use super::owners::Owners;
use super::policy::ReconcilePolicy;
use super::state::FleetState;
use super::subscription::{Beginning, Delta, QUEUE_LENGTH, Subscription};
use crate::model::fleet::{Change, Fleet};
use crate::model::request::Focus;
use crate::model::spend::BurnChange;
use crate::model::time::{Clock, Timestamp};

/// The fleet of one engine.
pub struct SharedFleet {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    attended: watch::Sender<Attended>,
    /// Rises with every change of a server that was looked at on its own: lists and books of credits are behind then.
    looked: watch::Sender<u64>,
}

struct Inner {
    state: FleetState,
    sequence: u64,
    /// Rises with every change of what the cache keeps.
    revision: u64,
    subscribers: BTreeMap<u64, Subscriber>,
    /// The snapshot of `sequence`, while somebody still reads it: ten consoles that attach together share one.
    snapshot: (u64, Weak<Vec<Change>>),
}

impl Inner {
    /// Numbers changes and queues them for everyone.
    fn publish(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        self.sequence += 1;
        self.revision += u64::from(changes.iter().any(is_cached));
        let delta = Delta { sequence: self.sequence, changes: Arc::new(changes) };
        self.subscribers.retain(|_, subscriber| subscriber.push(delta.clone()));
    }
}

struct Subscriber {
    deltas: mpsc::Sender<Delta>,
    is_cut_off: Arc<AtomicBool>,
}

impl Subscriber {
    /// Queues a delta; false when the queue was full and the subscriber is cut off.
    fn push(&self, delta: Delta) -> bool {
        let is_queued = self.deltas.try_send(delta).is_ok();
        if !is_queued {
            self.is_cut_off.store(true, Ordering::Release);
        }
        is_queued
    }
}

impl SharedFleet {
    /// An empty fleet.
    #[must_use]
    pub fn new(policy: ReconcilePolicy, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            inner: Mutex::new(Inner {
                state: FleetState::new(policy),
                sequence: 0,
                revision: 0,
                subscribers: BTreeMap::new(),
                snapshot: (0, Weak::new()),
            }),
            attended: watch::channel(Attended::default()).0,
            looked: watch::channel(0).0,
        })
    }

    /// Takes an observation in and tells the subscribers what it changed.
    pub fn observe(&self, observation: Observation) {
        let now = self.clock.now();
        let is_look = matches!(observation, Observation::OneCreditServer(_));
        let mut inner = self.lock();
        let changes = inner.state.observe(observation, now);
        if changes.is_empty() {
            return;
        }
        if is_look {
            self.looked.send_modify(|looks| *looks = looks.wrapping_add(1));
        }
        let (samples, changes) =
            changes.into_iter().partition(|change| matches!(change, Change::Samples { .. }));
        inner.publish(changes);
        self.publish_samples(&mut inner, samples);
        let runs_active = inner.state.fleet().summary.runs_active;
        drop(inner);
        self.attended.send_if_modified(|attended| {
            let is_new = attended.runs_active() != runs_active;
            attended.set_runs_active(runs_active);
            is_new
        });
    }

    /// Takes over what an earlier engine knew, before anybody subscribes.
    pub fn remember(&self, changes: Vec<Change>) {
        self.lock().state.remember(changes, self.clock.now());
    }

    /// Looks at the fleet under the lock: keep `look` short.
    pub fn read<R>(&self, look: impl FnOnce(&Fleet) -> R) -> R {
        look(self.lock().state.fleet())
    }

    /// Looks up for whom servers run that no panel has, under the lock: keep `look` short.
    pub fn read_owners<R>(&self, look: impl FnOnce(&Owners<'_>) -> R) -> R {
        look(&self.lock().state.owners())
    }

    /// What the burn of panels' servers did since this was last asked.
    pub fn take_burn_changes(&self) -> Vec<BurnChange> {
        self.lock().state.take_burn_changes()
    }

    /// The present moment of this fleet's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Starts reading: a snapshot, then deltas. One subscription per client; a second one replaces the first.
    pub fn subscribe(self: &Arc<Self>, client: u64) -> Subscription {
        let beginning = self.begin(client);
        Subscription::new(Arc::clone(self), client, beginning)
    }

    /// What all clients have on screen, to watch.
    pub fn attended(&self) -> watch::Receiver<Attended> {
        self.attended.subscribe()
    }

    /// To watch for looks at single servers that found them changed.
    pub fn looked(&self) -> watch::Receiver<u64> {
        self.looked.subscribe()
    }

    /// Notes what a client has on screen.
    pub fn set_focus(&self, client: u64, focus: Focus) {
        self.attended.send_modify(|attended| attended.set(client, focus));
    }

    /// Forgets a client that is gone.
    pub fn forget_client(&self, client: u64) {
        self.attended.send_modify(|attended| attended.remove(client));
    }

    /// Tells one subscriber something that is meant for it alone (the history of a series that came into its focus).
    pub fn tell(&self, client: u64, changes: Vec<Change>) {
        let mut inner = self.lock();
        let delta = Delta { sequence: inner.sequence, changes: Arc::new(changes) };
        if inner.subscribers.get(&client).is_some_and(|subscriber| !subscriber.push(delta)) {
            inner.subscribers.remove(&client);
        }
    }

    /// A number that rises whenever orders, plans, nodes or servers change.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    pub(super) fn begin(&self, client: u64) -> Beginning {
        let mut inner = self.lock();
        let sequence = inner.sequence;
        let shared = (inner.snapshot.0 == sequence).then(|| inner.snapshot.1.upgrade()).flatten();
        let snapshot = shared.unwrap_or_else(|| Arc::new(inner.state.fleet().snapshot().collect()));
        inner.snapshot = (sequence, Arc::downgrade(&snapshot));
        let (sender, deltas) = mpsc::channel(QUEUE_LENGTH);
        let is_cut_off = Arc::new(AtomicBool::new(false));
        let subscriber = Subscriber { deltas: sender, is_cut_off: Arc::clone(&is_cut_off) };
        inner.subscribers.insert(client, subscriber);
        Beginning { sequence, snapshot, deltas, is_cut_off }
    }

    pub(super) fn end(&self, client: u64) {
        self.lock().subscribers.remove(&client);
    }

    /// Samples go only to those who have their series on screen.
    fn publish_samples(&self, inner: &mut Inner, samples: Vec<Change>) {
        for change in samples {
            let Change::Samples { series, .. } = &change else { continue };
            let owner = series.owner.clone();
            let delta = Delta { sequence: inner.sequence, changes: Arc::new(vec![change]) };
            let attended = self.attended.borrow();
            let shows = |client: &u64| attended.shows(*client, &owner);
            inner.subscribers.retain(|client, subscriber| !shows(client) || subscriber.push(delta.clone()));
        }
    }

    /// A panic elsewhere cannot leave the state half-changed in a way that matters more than going on.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a change is about rows that the cache keeps, other than their live use.
fn is_cached(change: &Change) -> bool {
    !matches!(
        change,
        Change::Site(_)
            | Change::Summary(_)
            | Change::Feed(_)
            | Change::ServerUsage { .. }
            | Change::Run(_)
            | Change::RunRemoved(_)
            | Change::Match(_)
            | Change::MatchRemoved(_)
            | Change::Findings(_)
            | Change::GameServer(_)
            | Change::GameServerRemoved(_)
            | Change::Rented(_)
            | Change::Balance(_)
            | Change::BalanceRemoved(_)
            | Change::Burners { .. }
            | Change::BilledLater(_)
            | Change::Alerts(_)
            | Change::Samples { .. }
            | Change::Notice { .. }
            | Change::Engine(_)
    )
}
