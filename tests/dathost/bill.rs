//! The simulator's own bill: exact, reproducible, and what the API tells.

use proptest::prelude::*;
use quarterdeck::model::game_server::GameServerState;
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::dathost::{
    AtZero, Bill, ChargeKind, DathostSimOptions, DathostWorldKind, LastMinute, Rules,
};
use rust_decimal::Decimal;

use crate::lab::{DAY, HOUR, Lab, MINUTE};

fn with_rules(rules: Rules) -> DathostSimOptions {
    DathostSimOptions { rules, ..Default::default() }
}

#[tokio::test]
async fn every_whole_minute_costs_a_sixtieth_of_an_hour() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    let before = lab.balance();
    lab.client.start(&id).await.expect("started");
    lab.pass(MINUTE - 1);
    assert_eq!(lab.balance(), before, "the first minute is not over");
    lab.pass(1);
    assert_eq!(before - lab.balance(), Decimal::new(3_666, 6));
    lab.pass(59 * MINUTE);
    assert_eq!(lab.sim.world().bill().of_server(&id), Decimal::new(22, 2), "boot minutes are on minutes");
    let server = lab.server(&id).await;
    assert_eq!(server.price.used_in_month, Some(Decimal::new(22, 2)));
    let account = lab.client.game_server_account(Priority::Run).await.expect("the account");
    assert_eq!(account.credits, lab.balance());
    assert_eq!(account.lasts_s, Some(3_600 * 19_728 / 22), "{account:?}");
    lab.pass(MINUTE / 2);
    lab.client.stop(&id).await.expect("stopped");
    lab.pass(HOUR);
    assert_eq!(lab.sim.world().bill().of_server(&id), Decimal::new(22, 2), "off costs nothing");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_last_minute_is_charged_where_the_rules_say_so() {
    let rules = Rules { last_minute: LastMinute::Charged, ..Rules::default() };
    let lab = Lab::with(with_rules(rules)).await;
    let id = lab.id("scrim");
    lab.client.start(&id).await.expect("started");
    lab.pass(MINUTE * 2 + MINUTE / 2);
    lab.client.delete(&id).await.expect("deleted while it is on");
    assert_eq!(lab.sim.world().bill().of_server(&id), Decimal::new(11_000, 6), "three minutes");
    lab.sim.stop().await;
}

#[tokio::test]
async fn hours_of_a_month_cost_no_more_than_its_price() {
    for (caps_month, expected) in
        [(true, Decimal::new(165, 1)), (false, Decimal::new(22, 2) * Decimal::from(24 * 20))]
    {
        let lab = Lab::with(with_rules(Rules { caps_month, ..Rules::default() })).await;
        let id = lab.id("scrim");
        lab.client.start(&id).await.expect("started");
        lab.pass(20 * DAY);
        assert_eq!(lab.sim.world().bill().of_server(&id), expected);
        lab.pass(10 * DAY + HOUR);
        let server = lab.server(&id).await;
        assert_eq!(server.price.used_in_month, Some(Decimal::new(22, 2)), "a month begins anew");
        lab.sim.stop().await;
    }
}

#[tokio::test]
async fn a_subscription_is_paid_ahead_renewed_and_its_minutes_are_free() {
    let lab = Lab::new().await;
    let id = lab.id("community");
    let price = Decimal::new(525, 1);
    assert_eq!(lab.sim.world().bill().of_server(&id), price, "20 slots in sao_paulo");
    lab.client.start(&id).await.expect("started");
    lab.pass(5 * DAY);
    assert_eq!(lab.sim.world().bill().of_server(&id), price);
    lab.pass(26 * DAY);
    assert_eq!(lab.sim.world().bill().of_server(&id), price + price, "renewed");
    lab.sim.world().end_subscription(&id);
    lab.pass(30 * DAY);
    let bill = lab.sim.world().bill();
    assert!(bill.of_kind(ChargeKind::Minutes) > Decimal::ZERO, "by the minute from its end on");
    assert_eq!(bill.of_kind(ChargeKind::Minutes) + bill.of_kind(ChargeKind::Subscription), bill.total());
    lab.sim.stop().await;
}

#[tokio::test]
async fn who_has_no_credits_is_stopped_or_goes_into_debt() {
    for at_zero in [AtZero::Stops, AtZero::GoesOn] {
        let options = DathostSimOptions {
            world: DathostWorldKind::Empty,
            rules: Rules { at_zero, ..Rules::default() },
            ..Default::default()
        };
        let lab = Lab::with(options).await;
        let own = lab.sim.account_id().to_owned();
        let ids: Vec<String> =
            (0..10).map(|number| lab.sim.world().add_server(&own, &format!("s{number}"))).collect();
        for id in &ids {
            lab.client.start(id).await.expect("started");
            lab.pass(7_000);
        }
        lab.pass(3 * DAY);
        let on = lab.sim.world().servers().iter().filter(|server| server.is_on).count();
        if at_zero == AtZero::Stops {
            assert_eq!(on, 0);
            assert!(
                lab.balance() <= Decimal::ZERO && lab.balance() > Decimal::new(-5, 2),
                "{}",
                lab.balance()
            );
            let refused = lab.client.start(&ids[0]).await.expect_err("nothing left");
            assert_eq!(refused.kind, ProblemKind::Conflict);
        } else {
            assert_eq!(on, 10);
            assert!(lab.balance() < Decimal::from(-50));
        }
        lab.sim.stop().await;
    }
}

/// What happens in a world that is shaken: which server, and what is done to it.
#[derive(Debug, Clone, Copy)]
enum Shake {
    On,
    Off,
    Crash,
    Join,
    TopUp,
    Subscribe,
    Remove,
    Pass(u32),
}

fn shakes() -> impl Strategy<Value = Vec<(usize, Shake)>> {
    let shake = prop_oneof![
        4 => Just(Shake::On),
        2 => Just(Shake::Off),
        1 => Just(Shake::Crash),
        2 => Just(Shake::Join),
        1 => Just(Shake::TopUp),
        1 => Just(Shake::Subscribe),
        1 => Just(Shake::Remove),
        6 => (1_u32..400_000_000).prop_map(Shake::Pass),
    ];
    proptest::collection::vec((0_usize..3, shake), 1..60)
}

/// Does it to a world, and returns its bill and balance.
async fn shaken(shakes: &[(usize, Shake)], is_looked_at: bool) -> (Bill, Decimal) {
    let lab = Lab::with(DathostSimOptions { is_eventful: true, ..Default::default() }).await;
    let world = lab.sim.world();
    let ids: Vec<String> = world.servers().into_iter().map(|server| server.id).collect();
    for (server, shake) in shakes {
        let id = ids.get(*server).expect("three servers");
        match shake {
            Shake::On => world.switch_from_outside(id, true),
            Shake::Off => world.switch_from_outside(id, false),
            Shake::Crash => world.crash(id),
            Shake::Join => drop(world.join(id, "amber")),
            Shake::TopUp => world.top_up(lab.sim.account_id(), 5),
            Shake::Subscribe => drop(world.subscribe(id, 3)),
            Shake::Remove => world.remove_server(id),
            Shake::Pass(millis) => {
                let millis = i64::from(*millis);
                let parts = if is_looked_at { 7 } else { 1 };
                for part in 0..parts {
                    lab.pass(millis / parts + i64::from(part == 0) * (millis % parts));
                    world.now();
                }
            }
        }
    }
    let (bill, balance) = (world.bill(), lab.balance());
    assert_eq!(bill.balance(lab.sim.account_id()), balance, "what came in less what was charged");
    assert!(balance > Decimal::new(-1, 1), "nobody falls far below nothing: {balance}");
    for server in lab.client.servers(Priority::Run).await.expect("servers") {
        let (used, most) = (server.price.used_in_month, server.price.most_per_month);
        let is_hourly =
            server.price.subscription == quarterdeck::model::game_server::SubscriptionState::PayAsYouGo;
        assert!(!is_hourly || used <= most.map(|most| most * Decimal::from(3)), "{server:?}");
        assert!(server.state != GameServerState::Off || !server.is_billed_by_hour());
    }
    lab.sim.stop().await;
    (bill, balance)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_bill_is_the_same_however_often_the_world_is_looked_at(shakes in shakes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (seldom, often) = runtime.block_on(async { (shaken(&shakes, false).await, shaken(&shakes, true).await) });
        prop_assert_eq!(seldom, often);
    }
}

#[tokio::test]
async fn a_month_of_fifty_servers_takes_seconds_and_is_the_balance() {
    let options = DathostSimOptions {
        world: DathostWorldKind::Large { servers: 50 },
        is_eventful: true,
        ..Default::default()
    };
    let lab = Lab::with(options).await;
    lab.pass(30 * DAY);
    let bill = lab.sim.world().bill();
    assert!(bill.charges.len() > 100, "{} charges", bill.charges.len());
    assert_eq!(lab.balance(), bill.balance(lab.sim.account_id()));
    lab.sim.stop().await;
}
