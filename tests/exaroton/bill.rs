//! The simulator's own bill: exact, reproducible, and what the API tells.

use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::exaroton::{Booking, ChargeKind, ExarotonSimOptions, ExarotonWorldKind, PayerId};
use rust_decimal::Decimal;

use crate::lab::{A_START, A_STOP, Lab};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn an_hour_of_four_gib_costs_four_credits() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.sim.world().set_auto_stop(&id, None);
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    let begin = lab.sim.world().balance(&own);
    lab.client.start(&id, false).await.expect("started");
    lab.pass(HOUR);
    assert_eq!(lab.sim.world().bill().of_server(&id), Decimal::from(4));
    assert_eq!(begin - lab.sim.world().balance(&own), Decimal::from(4));
    lab.client.stop(&id).await.expect("stopped");
    lab.pass(A_STOP);
    let after = lab.sim.world().bill().of_server(&id);
    assert!(after > Decimal::from(4), "stopping burns, too");
    lab.pass(HOUR);
    assert_eq!(lab.sim.world().bill().of_server(&id), after, "and then nothing does");
    lab.sim.stop().await;
}

#[tokio::test]
async fn credits_leave_at_the_end_where_so_booked() {
    let lab = Lab::with(ExarotonSimOptions { booking: Booking::AtTheEnd, ..Default::default() }).await;
    let id = lab.id("weekend");
    lab.sim.world().set_auto_stop(&id, None);
    lab.up(&id).await;
    lab.pass(HOUR);
    let told = |lab: &Lab| {
        let client = lab.client.clone();
        async move { client.credit_account(Priority::Run).await.expect("the account").balance.amount }
    };
    assert_eq!(told(&lab).await, Decimal::from(420));
    lab.client.stop(&id).await.expect("stopped");
    lab.pass(A_STOP);
    let bill = lab.sim.world().bill();
    assert_eq!(told(&lab).await, Decimal::from(420) - bill.of_server(&id));
    lab.sim.stop().await;
}

#[tokio::test]
async fn storage_is_charged_by_the_period_less_what_was_burned() {
    let lab = Lab::new().await;
    let (weekend, hardcore) = (lab.id("weekend"), lab.id("hardcore"));
    lab.sim.world().set_auto_stop(&hardcore, None);
    // Every period ends within the first 30 days, and again within the next.
    lab.pass(30 * DAY);
    lab.up(&hardcore).await;
    lab.pass(2 * HOUR - A_START);
    let before = lab.sim.world().bill();
    assert_eq!(before.of_server(&weekend), Decimal::from(6), "a whole period of nothing but storage");
    lab.client.stop(&hardcore).await.expect("stopped");
    lab.pass(30 * DAY);
    let bill = lab.sim.world().bill();
    let stored = |id: &str| -> Vec<u64> {
        let of = |kind| move |charge: &&quarterdeck::sim::exaroton::Charge| charge.kind == kind;
        bill.charges
            .iter()
            .filter(of(ChargeKind::Storage))
            .filter(|charge| charge.server == id)
            .map(|charge| charge.micro)
            .collect()
    };
    assert_eq!(stored(&weekend), [6_000_000, 6_000_000]);
    // 16 credits burned in the second period: more than its storage costs.
    assert_eq!(stored(&hardcore), [10_000_000]);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_month_moves_by_itself_and_its_bill_is_the_balances() {
    let options = || ExarotonSimOptions {
        seed: 7,
        world: ExarotonWorldKind::Demo,
        is_eventful: true,
        ..Default::default()
    };
    let (coarse, fine) = (Lab::with(options()).await, Lab::with(options()).await);
    for day in 0..30 {
        for hour in 0..24 {
            fine.pass(HOUR);
            fine.sim.world().now();
            if hour == 11 && day % 10 == 3 {
                coarse.pass(12 * HOUR);
                let own = PayerId::Account(coarse.sim.account_id().to_owned());
                coarse.sim.world().top_up(&own, 500);
                fine.sim.world().top_up(&own, 500);
                coarse.pass(12 * HOUR);
            }
        }
        if day % 10 != 3 {
            coarse.pass(DAY);
        }
    }
    let (bill, other) = (coarse.sim.world().bill(), fine.sim.world().bill());
    assert_eq!(bill, other, "how often the world is looked at changes nothing");
    assert!(bill.charges.len() > 100, "{} charges", bill.charges.len());
    let own = PayerId::Account(coarse.sim.account_id().to_owned());
    let pools = coarse.client.pools(Priority::Run).await.expect("pools");
    for payer in [own.clone()].into_iter().chain(pools.iter().map(|pool| PayerId::Pool(pool.id().to_owned())))
    {
        assert_eq!(bill.balance(&payer), coarse.sim.world().balance(&payer), "{payer:?}");
    }
    let account = coarse.client.credit_account(Priority::Run).await.expect("the account");
    assert_eq!(
        account.balance.amount,
        bill.balance(&own),
        "what the API tells is the bill's, to the last digit"
    );
    for pool in &pools {
        assert_eq!(pool.balance.amount, bill.balance(&PayerId::Pool(pool.id().to_owned())), "{}", pool.name);
    }
    assert_eq!(bill.topped_up(&own), Decimal::from(1_500));
    let by_kind = bill.of_kind(ChargeKind::Runtime) + bill.of_kind(ChargeKind::Storage);
    assert_eq!(by_kind, bill.total());
    coarse.sim.stop().await;
    fine.sim.stop().await;
}
