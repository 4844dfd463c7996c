//! The budget guard as the engine keeps it: asked once more, never left out, judged again before anything is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use quarterdeck::engine::money::bookkeeper::MoneyPolicy;
use quarterdeck::engine::money::keeper::Keeper;
use quarterdeck::engine::runs::Consent;
use quarterdeck::model::account::Provider;
use quarterdeck::model::action::{ActionPlan, ActionRequest};
use quarterdeck::model::balance::{Balance, BalanceKey};
use quarterdeck::model::ids::RunId;
use quarterdeck::model::money::Currency;
use quarterdeck::model::problem::{Problem, ProblemKind};
use quarterdeck::model::run::RunStatus;
use quarterdeck::model::server::PowerSignal;
use quarterdeck::model::spend::{BudgetLimit, GuardPolicy};
use quarterdeck::store::RecordKind;
use rust_decimal::Decimal;

use crate::site::{Engine, TestSite, clock, operator};

/// An engine whose month may cost this much, and whose books hold a balance that was read once.
async fn keep_to(engine: &Engine, monthly_budget: Decimal) -> Arc<Keeper> {
    let guard = GuardPolicy { monthly_budget: Some(monthly_budget), ..GuardPolicy::default() };
    let policy = MoneyPolicy { guard, ..MoneyPolicy::default() };
    let providers = BTreeMap::from([("exa".into(), Provider::Exaroton)]);
    let keeper = Arc::new(Keeper::new(engine.store.clone(), Arc::clone(&engine.fleet), policy, providers));
    engine.runner.keep_to_budget(Arc::clone(&keeper));
    read(&keeper, 1_000).await;
    keeper
}

/// Reads the balance, in the reporting currency.
async fn read(keeper: &Keeper, amount: i64) {
    let balance = Balance {
        key: BalanceKey::account("exa".into()),
        provider: Provider::Exaroton,
        name: "exa".to_owned(),
        amount: Decimal::from(amount),
        unit: Currency("EUR".to_owned()),
        share: None,
        observed_at: clock().now(),
    };
    keeper.balances(&"exa".into(), vec![balance]).await.expect("kept");
}

async fn execute(engine: &Engine, plan: &ActionPlan, is_accepted: bool) -> Result<RunId, Problem> {
    let consent = Consent { typed: None, is_over_budget_accepted: is_accepted };
    engine.runner.execute(&operator(), &plan.id, consent).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_budget_nothing_is_started_until_the_second_question_is_answered() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    // The order's hour is a cent; less than any month has hours of.
    keep_to(&engine, Decimal::new(1, 6)).await;
    let plan = engine.plan_order("o1").await.expect("a plan");
    let [warning] = plan.budget_warnings() else { panic!("{:#?}", plan.budget) };
    assert_eq!(warning.limit, BudgetLimit::Month);
    assert!(warning.text.contains("the limit is 0 EUR"), "{}", warning.text);
    let refused = execute(&engine, &plan, false).await.expect_err("nobody was asked once more");
    assert_eq!(refused.kind, ProblemKind::Refused);
    assert!(refused.message.contains("over the budget"), "{refused}");
    assert!(engine.runs().is_empty());
    assert_eq!(site.servers_of("o1"), 0);
    let run = execute(&engine, &plan, true).await.expect("a run");
    let run = engine.ended(&run).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:#?}", run.problem);
    assert_eq!(run.plan.budget_warnings().len(), 1, "what was accepted is kept with the run");
    let audit = engine.store.records(RecordKind::Audit).expect("the audit log");
    let outcome = |at: usize| audit[at].body["outcome"].as_str().unwrap_or_default().to_owned();
    assert!(outcome(0).starts_with("refused: this goes over the budget"), "{}", outcome(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_within_the_budget_is_judged_again_before_it_is_carried_out() {
    let site = TestSite::start().await;
    site.add_order("o1", "small").await;
    let engine = site.engine("a").await;
    let keeper = keep_to(&engine, Decimal::from(50)).await;
    let plan = engine.plan_order("o1").await.expect("a plan");
    assert!(plan.budget_warnings().is_empty(), "{:#?}", plan.budget);
    // Meanwhile the month's money was spent.
    read(&keeper, 900).await;
    for is_accepted in [false, true] {
        let refused = execute(&engine, &plan, is_accepted).await.expect_err("nobody saw that");
        assert!(refused.message.contains("since this was planned"), "{refused}");
    }
    assert!(engine.runs().is_empty());
    let again = engine.plan_order("o1").await.expect("a plan");
    assert_eq!(again.budget_warnings().len(), 1);
    let run = execute(&engine, &again, true).await.expect("a run");
    assert_eq!(engine.ended(&run).await.status, RunStatus::Succeeded);
    // What saves money or adds none is never held up.
    let server = site.sim.world().servers_with_external_id("o1")[0].id;
    let server = quarterdeck::model::ids::ServerKey { account: "panel".into(), id: server.to_string() };
    let stop = engine.plan(ActionRequest::Power { server, signal: PowerSignal::Stop }).await.expect("a plan");
    assert_eq!(stop.budget, None);
}
