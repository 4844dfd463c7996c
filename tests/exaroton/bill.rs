//! The simulator's own bill: exact, reproducible, and what the API tells.

use proptest::prelude::*;
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::exaroton::{Bill, Booking, ChargeKind, ExarotonSimOptions, ExarotonWorldKind, PayerId};
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

/// What happens in a world that is shaken: which server, and what is done to it.
#[derive(Debug, Clone, Copy)]
enum Shake {
    Start,
    Crash,
    Join,
    Leave,
    TopUp,
    TopUpPool,
    Remove,
    Pass(u32),
}

fn shakes() -> impl Strategy<Value = Vec<(usize, Shake)>> {
    let shake = prop_oneof![
        4 => Just(Shake::Start),
        1 => Just(Shake::Crash),
        2 => Just(Shake::Join),
        2 => Just(Shake::Leave),
        1 => Just(Shake::TopUp),
        1 => Just(Shake::TopUpPool),
        1 => Just(Shake::Remove),
        6 => (1_u32..200_000_000).prop_map(Shake::Pass),
    ];
    proptest::collection::vec((0_usize..4, shake), 1..60)
}

/// Does it to a world, and returns its bill and balances.
async fn shaken(shakes: &[(usize, Shake)], is_looked_at: bool) -> (Bill, Vec<Decimal>) {
    let options = ExarotonSimOptions { is_eventful: true, ..Default::default() };
    let lab = Lab::with(options).await;
    let world = lab.sim.world();
    let ids: Vec<String> = world.servers().into_iter().map(|server| server.id).collect();
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    let pool = PayerId::Pool(world.pools().into_iter().next().expect("a pool").0);
    for (server, shake) in shakes {
        let id = ids.get(*server).expect("four servers");
        match shake {
            Shake::Start => drop(world.start_from_outside(id)),
            Shake::Crash => world.crash(id),
            Shake::Join => drop(world.join(id, "Steve")),
            Shake::Leave => drop(world.leave(id, "Steve")),
            Shake::TopUp => world.top_up(&own, 5),
            Shake::TopUpPool => world.top_up(&pool, 5),
            Shake::Remove => world.remove_server(id),
            Shake::Pass(millis) => {
                let millis = i64::from(*millis);
                if is_looked_at {
                    for part in 0..7 {
                        lab.pass(millis / 7 + i64::from(part == 0) * (millis % 7));
                        world.now();
                    }
                } else {
                    lab.pass(millis);
                }
            }
        }
    }
    let balances = vec![world.balance(&own), world.balance(&pool)];
    let bill = world.bill();
    for (payer, balance) in [own, pool].iter().zip(&balances) {
        assert_eq!(bill.balance(payer), *balance, "what came in less what was charged");
        assert!(*balance > Decimal::new(-1, 1), "nobody falls far below nothing: {balance}");
    }
    lab.sim.stop().await;
    (bill, balances)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_bill_is_the_same_however_often_the_world_is_looked_at(shakes in shakes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (seldom, often) = runtime.block_on(async { (shaken(&shakes, false).await, shaken(&shakes, true).await) });
        prop_assert_eq!(seldom, often);
    }
}

#[tokio::test]
async fn a_month_of_two_hundred_servers_takes_seconds() {
    let lab = Lab::with(ExarotonSimOptions {
        world: ExarotonWorldKind::Large { servers: 200 },
        is_eventful: true,
        ..Default::default()
    })
    .await;
    lab.pass(30 * DAY);
    let bill = lab.sim.world().bill();
    assert!(bill.charges.len() > 5_000, "{} charges", bill.charges.len());
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    assert_eq!(lab.sim.world().balance(&own), bill.balance(&own));
    lab.sim.stop().await;
}
