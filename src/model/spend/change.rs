//! What changed the burn: a server that began to burn, stopped, or burns at another price, and whether a run of ours did it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::burn::{Burner, BurnerKind, BurnerOwner};
use crate::model::action::BurnEffect;
use crate::model::balance::BalanceKey;
use crate::model::ids::{OperatorName, OrderKey, RunId, ServerKey};
use crate::model::money::Currency;
use crate::model::run::Run;
use crate::model::time::Timestamp;

/// How long after its end a run still explains a change: an idle engine lists servers every two minutes, a server takes up
/// to three to be charged for, and one that updates its software first falls back and starts again (`providers/exaroton.md`
/// §3.3).
pub const RUN_GRACE_MS: u64 = 10 * 60_000;

/// A price that moved by less than this part of itself is no change: what providers round.
const REPRICED_FROM_PERCENT: u32 = 1;

/// What happened to a server's burn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It did not burn before.
    Started,
    /// It does not burn any more.
    Stopped,
    /// It burns at another price (memory, share, price list).
    Repriced,
}

impl ChangeKind {
    /// What became of a price per hour, where nothing per hour is no burn; nothing where it is the same but for what
    /// providers round.
    #[must_use]
    pub fn of(before: Decimal, after: Decimal) -> Option<Self> {
        if before <= Decimal::ZERO {
            return (after > Decimal::ZERO).then_some(Self::Started);
        }
        if after <= Decimal::ZERO {
            return Some(Self::Stopped);
        }
        let least = before * Decimal::new(i64::from(REPRICED_FROM_PERCENT), 2);
        ((after - before).abs() >= least).then_some(Self::Repriced)
    }

    /// The noun for one and for several: `start`, `starts`.
    #[must_use]
    pub fn nouns(self) -> [&'static str; 2] {
        match self {
            Self::Started => ["start", "starts"],
            Self::Stopped => ["stop", "stops"],
            Self::Repriced => ["new price", "new prices"],
        }
    }

    /// The words after a name: `started`.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Repriced => "at another price",
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A run of ours.
    Run {
        /// Which.
        run: RunId,
        /// Who approved it.
        by: OperatorName,
        /// The action's stable name.
        action: String,
        /// The order it was about.
        order: Option<OrderKey>,
    },
    /// Nothing of ours: somebody at the provider's own panel, a player who joined, a timer that stops what is empty, a crash.
    Outside,
}

impl Cause {
    /// Who approved the run that did it.
    #[must_use]
    pub fn operator(&self) -> Option<&OperatorName> {
        match self {
            Self::Run { by, .. } => Some(by),
            Self::Outside => None,
        }
    }
}

/// One server whose burn changed: a record of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnChange {
    /// When it was seen.
    pub at: Timestamp,
    /// When it was last seen as before: it happened in between.
    pub since: Timestamp,
    /// The server.
    pub server: ServerKey,
    /// Its name.
    pub name: String,
    /// The balance or the account that pays.
    pub payer: BalanceKey,
    /// What the prices are counted in; nothing for the unit of the balance that pays.
    pub unit: Option<Currency>,
    /// For whom it runs.
    pub owner: BurnerOwner,
    /// What happened.
    pub kind: ChangeKind,
    /// What it burnt per hour.
    pub before: Decimal,
    /// What it burns per hour now.
    pub after: Decimal,
    /// Who did it.
    pub cause: Cause,
}

impl BurnChange {
    /// By how much the burn per hour changed.
    #[must_use]
    pub fn by_per_hour(&self) -> Decimal {
        self.after - self.before
    }

    /// What became of a burner, seen at `at` and last seen otherwise at `since`; nothing where that is no change. Only what
    /// runs can change: what is committed follows from it (a server that runs uses up its storage charge).
    #[must_use]
    pub fn between(
        before: Option<&Burner>,
        after: Option<&Burner>,
        since: Timestamp,
        at: Timestamp,
    ) -> Option<Self> {
        let price = |burner: Option<&Burner>| {
            burner
                .filter(|burner| burner.kind == BurnerKind::Running)
                .map_or(Decimal::ZERO, |burner| burner.per_hour)
        };
        let (was, is) = (price(before), price(after));
        // One that goes on running for nothing has reached its month's cap, or begins a new one.
        let goes_on = before.is_some() && after.is_some();
        let kind = ChangeKind::of(was, is).map(|kind| if goes_on { ChangeKind::Repriced } else { kind })?;
        let burner = after.or(before)?;
        Some(Self {
            at,
            since,
            server: burner.server.clone(),
            name: burner.name.clone(),
            payer: burner.payer.clone(),
            unit: None,
            owner: burner.owner.clone(),
            kind,
            before: was,
            after: is,
            cause: Cause::Outside,
        })
    }
}

/// What a server stands for, besides itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bond<'a> {
    /// The order that it was made for.
    pub order: Option<&'a OrderKey>,
    /// The run that carries what it was rented for: a match.
    pub run: Option<&'a RunId>,
}

/// The run that did a change: the last one begun of those on its server, or on what that stands for, whose action can do
/// that and that went on when it happened, or had ended just before.
#[must_use]
pub fn cause_of<'a>(change: &BurnChange, bond: Bond<'_>, runs: impl IntoIterator<Item = &'a Run>) -> Cause {
    let target = format!("server/{}", change.server);
    let explains = |run: &&Run| {
        let request = &run.plan.request;
        let is_of_order = bond.order.is_some() && request.order() == bond.order;
        let is_about = request.target() == target || is_of_order || bond.run == Some(&run.id);
        let can_do = match request.burn_effect() {
            BurnEffect::Nothing => false,
            BurnEffect::Begins => change.kind != ChangeKind::Stopped,
            BurnEffect::Ends => change.kind != ChangeKind::Started,
            BurnEffect::Either => true,
        };
        let is_over_before =
            run.ended_at.is_some_and(|ended_at| ended_at.plus_millis(RUN_GRACE_MS) < change.since);
        is_about && can_do && run.started_at <= change.at && !is_over_before
    };
    let run = runs.into_iter().filter(explains).max_by_key(|run| (run.started_at, run.id.clone()));
    run.map_or(Cause::Outside, |run| Cause::Run {
        run: run.id.clone(),
        by: run.by.clone(),
        action: run.plan.request.name().to_owned(),
        order: run.plan.request.order().cloned(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::action::{ActionPlan, ActionRequest, Confirmation, Parameters};
    use crate::model::run::RunStatus;
    use crate::model::server::PowerSignal;
    use proptest::prelude::*;

    fn server() -> ServerKey {
        ServerKey { account: "exa".into(), id: "s1".to_owned() }
    }

    fn burner(per_hour: i64) -> Burner {
        Burner {
            server: server(),
            name: "weekend".to_owned(),
            payer: BalanceKey::account("exa".into()),
            per_hour: Decimal::from(per_hour),
            kind: BurnerKind::Running,
            owner: BurnerOwner::Unowned,
        }
    }

    /// A server that began to burn between two minutes.
    fn start(since: i64, at: i64) -> BurnChange {
        let minute = |minute: i64| Timestamp(minute * 60_000);
        BurnChange::between(None, Some(&burner(4)), minute(since), minute(at)).unwrap()
    }

    fn run(id: &str, request: ActionRequest, started: i64, ended: Option<i64>) -> Run {
        let minute = |minute: i64| Timestamp(minute * 60_000);
        Run {
            id: id.into(),
            plan: ActionPlan {
                id: id.into(),
                request,
                title: String::new(),
                checks: Vec::new(),
                steps: Vec::new(),
                burn_before: None,
                burn_after: None,
                confirmation: Confirmation::YesNo,
                parameters: Parameters::Undecided,
                made_at: minute(started),
                valid_until: minute(started + 5),
                budget: None,
            },
            by: "ann@bastion".into(),
            status: if ended.is_some() { RunStatus::Succeeded } else { RunStatus::Running },
            steps: Vec::new(),
            started_at: minute(started),
            ended_at: ended.map(minute),
            problem: None,
            result: None,
            is_cancel_requested: false,
        }
    }

    fn power(signal: PowerSignal) -> ActionRequest {
        ActionRequest::Power { server: server(), signal }
    }

    fn id_of(cause: &Cause) -> Option<&str> {
        match cause {
            Cause::Run { run, .. } => Some(run.as_str()),
            Cause::Outside => None,
        }
    }

    #[test]
    fn a_run_explains_what_its_action_can_do_while_it_goes_on_and_shortly_after() {
        let started = run("r1", power(PowerSignal::Start), 100, Some(103));
        let cause = |change: &BurnChange| cause_of(change, Bond::default(), [&started]);
        assert_eq!(id_of(&cause(&start(101, 102))), Some("r1"));
        assert_eq!(id_of(&cause(&start(112, 113))), Some("r1"), "within the grace");
        assert_eq!(id_of(&cause(&start(114, 115))), None, "long after");
        assert_eq!(id_of(&cause(&start(98, 99))), None, "before it began");
        assert_eq!(id_of(&cause(&start(90, 300))), Some("r1"), "nobody looked for hours");
        let stop = BurnChange { kind: ChangeKind::Stopped, ..start(101, 102) };
        assert_eq!(id_of(&cause(&stop)), None, "a start stops nothing");
        let elsewhere = BurnChange {
            server: ServerKey { account: "exa".into(), id: "s11".to_owned() },
            ..start(101, 102)
        };
        assert_eq!(id_of(&cause(&elsewhere)), None);
    }

    #[test]
    fn the_last_run_wins_and_one_on_the_order_counts() {
        let order = OrderKey { account: "shop".into(), id: "812".into() };
        let runs = [
            run("r1", power(PowerSignal::Restart), 100, Some(101)),
            run("r2", ActionRequest::ProvisionOrder { order: order.clone() }, 101, None),
            run("r3", power(PowerSignal::Kill), 102, None),
            run("r4", ActionRequest::Keep { server: server(), reason: "event".to_owned() }, 102, None),
        ];
        let change = start(101, 103);
        assert_eq!(id_of(&cause_of(&change, Bond::default(), &runs)), Some("r1"));
        let of_run = RunId::from("r3");
        let carried = Bond { run: Some(&of_run), ..Bond::default() };
        let stopped = BurnChange { kind: ChangeKind::Stopped, ..change.clone() };
        assert_eq!(id_of(&cause_of(&stopped, carried, &runs)), Some("r3"), "the run that carries it");
        let cause = cause_of(&change, Bond { order: Some(&order), ..Bond::default() }, &runs);
        let Cause::Run { run, order: about, action, .. } = cause else { panic!("no cause") };
        assert_eq!((run.as_str(), about, action.as_str()), ("r2", Some(order), "provision_order"));
    }

    #[test]
    fn crumbs_and_what_is_committed_are_no_changes() {
        let at = |before: i64, after: i64| {
            BurnChange::between(Some(&burner(before)), Some(&burner(after)), Timestamp(0), Timestamp(1))
        };
        assert_eq!(at(1_000, 1_009), None);
        assert_eq!(at(1_000, 990).map(|change| change.kind), Some(ChangeKind::Repriced));
        assert_eq!(at(4, 0).map(|change| change.kind), Some(ChangeKind::Repriced), "it runs on, for nothing");
        let storage = Burner { kind: BurnerKind::Committed, ..burner(4) };
        assert_eq!(BurnChange::between(None, Some(&storage), Timestamp(0), Timestamp(1)), None);
        let json = serde_json::to_string(&start(1, 2)).unwrap();
        assert_eq!(serde_json::from_str::<BurnChange>(&json).unwrap(), start(1, 2));
    }

    proptest! {
        #[test]
        fn a_change_tells_the_whole_difference_or_less_than_a_hundredth_is_missing(before in 0_i64..5_000, after in 0_i64..5_000) {
            let change = BurnChange::between(
                Some(&burner(before)).filter(|_| before > 0),
                Some(&burner(after)).filter(|_| after > 0),
                Timestamp(0),
                Timestamp(1),
            );
            match change {
                Some(change) => prop_assert_eq!(change.by_per_hour(), Decimal::from(after - before)),
                None => prop_assert!((after - before).abs() * 100 < before || after == before),
            }
        }
    }
}
