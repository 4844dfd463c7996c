//! What a plan says before anything happens: state, payer, memory, burn, and how long the money lasts.

use quarterdeck::model::action::{ActionPlan, ActionRequest, Check, CheckOutcome, Confirmation};
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::credits::CreditServerSignal;
use quarterdeck::model::money::Money;
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::spend::BudgetLimit;
use quarterdeck::sim::exaroton::PayerId;
use rust_decimal::Decimal;

use crate::site::{START, Site, Whole, operator, signal};

async fn planned(engine: &Whole, request: ActionRequest) -> ActionPlan {
    match engine.handle.request(&operator(), Request::Plan(request)).await.expect("a plan") {
        Reply::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

fn check<'a>(plan: &'a ActionPlan, title: &str) -> &'a Check {
    let found = plan.checks.iter().find(|check| check.title == title);
    found.unwrap_or_else(|| panic!("no check `{title}`: {:#?}", plan.checks))
}

fn euro(thousandths: i64) -> Money {
    Money::new(Decimal::new(thousandths, 3).normalize(), "EUR")
}

/// The difference that a plan makes to the burn.
fn change(plan: &ActionPlan) -> Option<Money> {
    let (before, after) = (plan.burn_before.as_ref()?, plan.burn_after.as_ref()?);
    let amount = (after.amount - before.amount).normalize();
    Some(Money { amount, currency: after.currency.clone() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_says_who_pays_what_it_burns_and_how_long_that_lasts() {
    let site = Site::start().await;
    let engine = site.engine("a").await;
    let plan = planned(&engine, signal(&site.key("weekend"), START)).await;
    assert!(!plan.is_refused(), "{:#?}", plan.checks);
    assert_eq!(plan.confirmation, Confirmation::YesNo);
    assert_eq!(check(&plan, "memory").detail, "4 GiB: 4 credits/h");
    assert!(check(&plan, "payer").detail.contains("account exa has 420 credits left"), "{:#?}", plan.checks);
    let runway = check(&plan, "runway");
    // 420 credits at 4 an hour, beside what storage takes.
    assert!(runway.detail.contains("then 4 d ") && runway.outcome == CheckOutcome::Warn, "{runway:?}");
    assert_eq!(change(&plan), Some(euro(40)), "four cents an hour");
    // A pool pays for another, and its owner for a shared one.
    let plan = planned(&engine, signal(&site.key("club"), START)).await;
    assert!(
        check(&plan, "payer").detail.contains("pool club-pool has 300 credits left"),
        "{:#?}",
        plan.checks
    );
    let own = CreditServerSignal::Start { with_own_credits: true };
    let plan = planned(&engine, signal(&site.key("club"), own)).await;
    assert!(check(&plan, "payer").detail.contains("account exa"), "{:#?}", plan.checks);
    let plan = planned(&engine, signal(&site.key("friends"), START)).await;
    assert!(check(&plan, "payer").detail.contains("owner pays"), "{:#?}", plan.checks);
    assert_eq!(check(&plan, "owner").outcome, CheckOutcome::Warn);
    assert_eq!(plan.burn_before, plan.burn_after, "it burns nothing of ours");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_would_set_off_the_alarm_asks_once_more() {
    let site = Site::start().await;
    let own = PayerId::Account(site.sim.account_id().to_owned());
    let hungry = site.sim.world().add_server("hungry", 16, site.sim.account_id(), None, 5);
    site.clock.advance_millis(1_000);
    assert!(site.sim.world().balance(&own) > Decimal::from(400));
    let engine = site.engine("a").await;
    for name in ["weekend", "hardcore"] {
        site.bring_up(&site.key(name));
    }
    // 12 credits an hour are burnt; 16 more leave 15 hours of 419.
    engine
        .until("both to burn", |fleet| {
            let view = fleet.balances.values().find(|view| view.balance.key.pool.is_none())?;
            (view.declared.running_per_hour == Decimal::from(12)).then_some(())
        })
        .await;
    let key = quarterdeck::model::ids::ServerKey { account: "exa".into(), id: hungry };
    let plan = planned(&engine, signal(&key, START)).await;
    assert!(check(&plan, "runway").detail.contains("under the limit of 24 h"), "{:#?}", plan.checks);
    let [warning] = plan.budget_warnings() else { panic!("{:#?}", plan.budget) };
    let own_balance = BalanceKey::account("exa".into());
    assert_eq!(warning.limit, BudgetLimit::Runway(own_balance));
    assert!(warning.text.contains("the limit is 24 h"), "{}", warning.text);
    let execute = |is_over_budget_accepted| Request::Execute {
        plan: plan.id.clone(),
        typed: None,
        is_over_budget_accepted,
    };
    let refused = engine.handle.request(&operator(), execute(false)).await.expect_err("nobody was asked");
    assert!(refused.message.contains("over the budget"), "{refused}");
    // Stopping helps, and says by how much.
    let stop = planned(&engine, signal(&site.key("hardcore"), CreditServerSignal::Stop)).await;
    assert_eq!(stop.confirmation, Confirmation::YesNo);
    assert_eq!(change(&stop), Some(euro(-80)), "eight cents an hour");
    assert!(check(&stop, "runway").detail.contains("then 4 d"), "{:#?}", stop.checks);
    assert!(stop.budget_warnings().is_empty());
    let started = engine.handle.request(&operator(), execute(true)).await;
    assert!(matches!(started, Ok(Reply::RunStarted(_))), "{started:?}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_state_forbids_is_refused_and_players_are_named() {
    let site = Site::start().await;
    let engine = site.engine("a").await;
    let server = site.key("weekend");
    for what in [CreditServerSignal::Stop, CreditServerSignal::Restart] {
        assert!(
            planned(&engine, signal(&server, what)).await.is_refused(),
            "{what:?} of one that is offline"
        );
    }
    site.bring_up(&server);
    assert!(site.sim.world().join(&server.id, "Steve"));
    assert!(planned(&engine, signal(&server, START)).await.is_refused());
    let plan = planned(&engine, signal(&server, CreditServerSignal::Stop)).await;
    assert_eq!(check(&plan, "players").detail, "1 player is on it and will be thrown out");
    let ram = ActionRequest::SetCreditServerRam { server: server.clone(), ram_gib: 8 };
    let plan = planned(&engine, ram).await;
    assert_eq!(
        check(&plan, "cost").detail,
        "4 credits/h becomes 8 credits/h while it runs, from its next start"
    );
    assert!(check(&plan, "runway").detail.contains("then 2 d"), "{:#?}", plan.checks);
    assert_eq!(plan.burn_before, plan.burn_after, "nothing changes yet");
    let plan = planned(&engine, ActionRequest::ExtendCreditServer { server, seconds: 1_800 }).await;
    assert_eq!(check(&plan, "cost").detail, "at most 2 credits more, if nobody plays meanwhile");
    engine.stop().await;
}
