//! The matches of a running engine: their providers, their ledger, the provider's calls, and how each is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use super::hooks::{HookCounts, HookVerdict, Hooks};
use super::provider::MatchProvider;
use super::settlements::Settlements;
use super::setup::MatchSetup;
use super::shown::{self, carried, match_of};
use crate::engine::observation::Observation;
use crate::engine::runs::events::MatchFacts;
use crate::engine::shared::SharedFleet;
use crate::model::ids::{AccountId, MatchId, ServerKey};
use crate::model::matches::{
    ConnectString, HookState, Match, MatchReading, RosterPlayer, SettlementPolicy, Side,
};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::run::Run;
use crate::model::time::Timestamp;
use crate::store::Store;

/// The provider's calls about matches that go on, and who waits for them.
#[derive(Default)]
pub struct HookDesk {
    hooks: Mutex<Hooks>,
    waiting: Mutex<BTreeMap<MatchId, Arc<Notify>>>,
}

impl HookDesk {
    fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Heeds calls about a match from now on.
    pub fn expect(&self, match_id: &MatchId, provider_match: &str, secret: SecretString) {
        self.hooks().expect(match_id.clone(), provider_match, secret);
    }

    /// Heeds no more calls about a match.
    pub fn forget(&self, match_id: &MatchId) {
        self.hooks().forget(match_id);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(match_id);
    }

    /// Told when a call makes a look at a match worth while.
    pub fn hint(&self, match_id: &MatchId) -> Arc<Notify> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(waiting.entry(match_id.clone()).or_default())
    }

    /// Judges a call and counts it; one that tells of something new wakes who watches the match.
    pub fn judge(&self, match_id: &MatchId, authorization: Option<&[u8]>, body: &[u8]) -> HookVerdict {
        let verdict = self.hooks().judge(match_id, authorization, body);
        if verdict == HookVerdict::LookNow {
            self.hint(match_id).notify_one();
        }
        verdict
    }

    /// How many calls came to what.
    #[must_use]
    pub fn counts(&self) -> HookCounts {
        self.hooks().counts()
    }
}

/// Everything that runs of matches use beside what every run uses.
pub struct Matches {
    providers: BTreeMap<AccountId, Arc<dyn MatchProvider>>,
    /// The ledger.
    pub settlements: Arc<Settlements>,
    /// The provider's calls.
    pub hooks: HookDesk,
    /// What a result does, by the site's configuration.
    pub settlement: SettlementPolicy,
    public_url: Option<String>,
    fleet: Arc<SharedFleet>,
    /// One at a time per account: a copy whose answer was lost carries no mark that tells it from another's.
    gates: Mutex<BTreeMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
    /// Copies that a run of this process has; the journal tells of those of earlier ones.
    taken: Mutex<BTreeSet<ServerKey>>,
}

impl Matches {
    /// The matches of an engine.
    #[must_use]
    pub fn new(setup: MatchSetup, store: Store, fleet: Arc<SharedFleet>) -> Self {
        Self {
            providers: setup.providers,
            settlements: Arc::new(Settlements::new(store, setup.settlement.clone())),
            hooks: HookDesk::default(),
            settlement: setup.settlement,
            public_url: setup.public_url,
            fleet,
            gates: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    /// The provider of an account.
    ///
    /// # Errors
    /// No such account is configured.
    pub fn provider(&self, account: &AccountId) -> Result<&Arc<dyn MatchProvider>, Problem> {
        self.providers.get(account).ok_or_else(|| Problem {
            kind: ProblemKind::NotFound,
            fault: Fault::Configuration,
            retry: Retry::Never,
            effect: Effect::None,
            message: format!("no account '{account}' that rents servers is configured"),
            advice: "add an account of DatHost to the configuration, or undo its removal".to_owned(),
        })
    }

    /// Where the provider is to call about a match; nothing where it cannot reach this engine.
    #[must_use]
    pub fn hook_url(&self, match_id: &MatchId) -> Option<String> {
        let url = self.public_url.as_ref()?;
        Some(format!("{}/hooks/dathost/{match_id}", url.trim_end_matches('/')))
    }

    /// Lets one copy at a time be made on an account.
    #[must_use]
    pub fn gate(&self, account: &AccountId) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(account.clone()).or_default())
    }

    /// Notes that a copy belongs to a match.
    pub fn take(&self, server: &ServerKey) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(server.clone());
    }

    /// Whether a copy belongs to a match already.
    #[must_use]
    pub fn is_taken(&self, account: &AccountId, id: &str) -> bool {
        let key = ServerKey { account: account.clone(), id: id.to_owned() };
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
            || self.fleet.read(|fleet| {
                fleet.matches.values().any(|one| one.rented.as_ref().is_some_and(|rented| rented.key == key))
            })
    }

    /// Shows the match of a run as its journal has it now; other runs show none.
    pub fn show(&self, run: &Run, facts: &MatchFacts) {
        let Some((_, parameters)) = carried(run) else { return };
        let known = self.fleet.read(|fleet| fleet.matches.get(&parameters.match_id).cloned());
        if let Some(shown) = match_of(run, facts, known.as_ref(), self.fleet.now()) {
            self.fleet.observe(Observation::Match(Box::new(shown)));
        }
    }

    /// Shows what was read of a match.
    pub fn show_reading(
        &self,
        match_id: &MatchId,
        reading: &MatchReading,
        facts: &MatchFacts,
        until: Option<Timestamp>,
    ) {
        let now = self.fleet.now();
        self.change(match_id, |shown| shown::take_reading(shown, reading.clone(), facts, until, now));
    }

    /// Shows where players connect.
    pub fn show_address(&self, match_id: &MatchId, address: Option<&str>) {
        self.change(match_id, |shown| {
            if let (Some(rented), Some(address)) = (&mut shown.rented, address) {
                rented.address = Some(address.to_owned());
            }
        });
    }

    /// Shows that the provider called about a match.
    pub fn show_hook(&self, match_id: &MatchId) {
        let now = self.fleet.now();
        self.change(match_id, |shown| shown.hooks = HookState::Heard(now));
    }

    fn change(&self, match_id: &MatchId, change: impl FnOnce(&mut Match)) {
        if let Some(mut shown) = self.fleet.read(|fleet| fleet.matches.get(match_id).cloned()) {
            change(&mut shown);
            self.fleet.observe(Observation::Match(Box::new(shown)));
        }
    }

    /// Shows what matches were settled to, as the ledger has it.
    ///
    /// # Errors
    /// `Storage`: the ledger cannot be read.
    pub async fn show_settlements(&self) -> Result<(), Problem> {
        let shown: Vec<MatchId> = self.fleet.read(|fleet| fleet.matches.keys().cloned().collect());
        if shown.is_empty() {
            return Ok(());
        }
        let settled = self
            .settlements
            .read(|ledger| {
                let of = |id: MatchId| ledger.of(&id).cloned().map(|settled| (id, Box::new(settled)));
                shown.into_iter().filter_map(of).collect::<Vec<_>>()
            })
            .await?;
        for (id, settlement) in settled {
            self.fleet.observe(Observation::MatchSettled { id, settlement: Some(settlement) });
        }
        Ok(())
    }

    /// How to join a match.
    ///
    /// # Errors
    /// `NotFound`: no such match, or its server is not up; what the provider answered.
    pub async fn connect_string(&self, id: &MatchId) -> Result<ConnectString, Problem> {
        let shown = self.shown(id)?;
        let rented = shown.rented.as_ref().filter(|_| shown.is_billing());
        let rented = rented.ok_or_else(|| Problem::not_found(format!("match {id} has no server now")))?;
        let provider = self.provider(&rented.key.account)?;
        let server = provider.server(&rented.key.id).await?;
        let address = server
            .address()
            .ok_or_else(|| Problem::not_found(format!("the server of match {id} has no address yet")))?;
        let password = provider.join_password(&rented.key.id).await?;
        Ok(ConnectString::new(&address, password.as_ref().map_or("", ExposeSecret::expose_secret)))
    }

    /// Lets another player in.
    ///
    /// # Errors
    /// `NotFound`: no such match; `Refused`: it is over or not begun; what the provider answered.
    pub async fn add_player(
        &self,
        id: &MatchId,
        player: &RosterPlayer,
        side: Option<Side>,
    ) -> Result<(), Problem> {
        let shown = self.shown(id)?;
        let reading = shown.reading.as_ref().filter(|_| !shown.phase.is_over());
        let reading = reading.ok_or_else(|| {
            Problem::refused(format!("match {id} is {}: nobody can join it", shown.phase.word()), "")
        })?;
        self.provider(&shown.request.account)?.add_player(&reading.id, player, side).await
    }

    fn shown(&self, id: &MatchId) -> Result<Match, Problem> {
        let shown = self.fleet.read(|fleet| fleet.matches.get(id).cloned());
        shown.ok_or_else(|| Problem::not_found(format!("there is no match {id}")))
    }
}
