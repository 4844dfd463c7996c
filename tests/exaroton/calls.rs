//! Every call that reads or sets something.

use std::collections::BTreeMap;

use bytes::Bytes;
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::credit_pricing::CreditPricing;
use quarterdeck::model::credits::{CreditServerStatus, Payer, assign_payers};
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::providers::exaroton::ConfigValue;
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::exaroton::{ExarotonSimOptions, Language, PayerId};
use rust_decimal::Decimal;

use crate::lab::{A_START, Lab};

#[tokio::test]
async fn the_account_and_its_servers() {
    let lab = Lab::new().await;
    let account = lab.client.credit_account(Priority::Poll).await.expect("the account");
    assert_eq!((account.name.as_str(), account.is_verified), ("northwind", true));
    assert_eq!(account.balance.to_string(), "420 credits");
    let servers = lab.client.servers(Priority::Poll).await.expect("servers");
    let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["weekend", "hardcore", "club", "friends"]);
    let [weekend, _, _, friends] = servers.as_slice() else { panic!("four servers") };
    assert_eq!(weekend.status, CreditServerStatus::Offline);
    assert_eq!((&weekend.host, weekend.port.is_some()), (&None, true), "the port stays while it is off");
    assert_eq!(weekend.software.as_ref().map(|s| s.name.as_str()), Some("Paper"));
    assert!(friends.is_shared && !weekend.is_shared);
    let one = lab.client.server(&weekend.key.id, Priority::Run).await.expect("one");
    assert_eq!(one.name, "weekend");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_server_that_says_the_least_is_read() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    lab.sim.world().make_bare(&id);
    lab.sim.world().set_odd_status(&id, Some(99));
    let server = lab.server(&id).await;
    assert_eq!(server.status, CreditServerStatus::Unknown(99));
    assert_eq!(server.status.to_string(), "unknown(99)");
    assert_eq!((server.port, server.software), (None, None));
    lab.sim.stop().await;
}

#[tokio::test]
async fn strangers_and_things_that_are_not_there() {
    let lab = Lab::new().await;
    let unknown = lab.client.server("0000000000000000", Priority::Run).await.expect_err("nothing there");
    assert_eq!(unknown.kind, ProblemKind::NotFound);
    let bent = lab.client.server("../account", Priority::Run).await.expect_err("no id");
    assert_eq!(bent.kind, ProblemKind::Refused);
    let denied = lab.friend().server(&lab.id("weekend"), Priority::Run).await.expect_err("not shared");
    assert_eq!((denied.kind, denied.effect), (ProblemKind::Forbidden, Effect::None));
    lab.sim.stop().await;
}

#[tokio::test]
async fn pools_with_members_servers_and_exact_parts() {
    let lab = Lab::new().await;
    let pools = lab.client.whole_pools(Priority::Poll).await.expect("pools");
    let [pool] = pools.as_slice() else { panic!("one pool") };
    assert_eq!((pool.name.as_str(), pool.is_owner, pool.member_count), ("club-pool", true, 2));
    assert_eq!(pool.balance.amount, Decimal::from(300));
    assert_eq!((pool.own_share, pool.own_balance.amount), (Decimal::new(75, 2), Decimal::from(225)));
    let credits: Decimal = pool.members.iter().map(|member| member.balance.amount).sum();
    assert_eq!(credits, pool.balance.amount, "the members' credits are the pool's");
    assert_eq!(pool.servers.len(), 1);
    assert_eq!(lab.client.pool(pool.id(), Priority::Run).await.expect("one").name, "club-pool");
    let mut servers = lab.client.servers(Priority::Poll).await.expect("servers");
    assign_payers(&mut servers, &pools);
    let payers: Vec<&Payer> = servers.iter().map(|server| &server.payer).collect();
    let own = Payer::Balance(BalanceKey::account("main".into()));
    let pooled = Payer::Balance(BalanceKey::pool("main".into(), pool.id()));
    assert_eq!(payers, [&own, &own, &pooled, &Payer::Owner]);
    let burn = CreditPricing::default().per_hour(6);
    assert_eq!(pool.own_part(&burn).to_string(), "4.5 credits", "our share of what it burns");
    let balance = pool.to_balance();
    assert_eq!(balance.share.map(|share| share.amount), Some(Decimal::from(225)));
    let friends = lab.friend().pools(Priority::Run).await.expect("the friend's view");
    assert_eq!(
        friends.first().map(|pool| (pool.is_owner, pool.own_share)),
        Some((false, Decimal::new(25, 2)))
    );
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_pool_pays_while_the_account_has_nothing() {
    let lab = Lab::new().await;
    let id = lab.id("club");
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    let before = lab.sim.world().balance(&own);
    lab.up(&id).await;
    lab.pass(3_600_000);
    let account = lab.client.credit_account(Priority::Run).await.expect("the account");
    assert_eq!(account.balance.amount, before, "the pool pays");
    let pools = lab.client.pools(Priority::Run).await.expect("pools");
    let pool = pools.first().expect("a pool");
    let payer = PayerId::Pool(pool.id().to_owned());
    assert_eq!(pool.balance.amount, lab.sim.world().balance(&payer), "to the last digit");
    assert!(pool.balance.amount < Decimal::from(300));
    lab.sim.stop().await;
}

#[tokio::test]
async fn memory_is_whole_and_bounded_and_not_changed_while_running() {
    let lab = Lab::with(ExarotonSimOptions { language: Language::German, ..Default::default() }).await;
    let id = lab.id("weekend");
    assert_eq!(lab.client.ram(&id, Priority::Poll).await.expect("memory"), 4);
    assert_eq!(lab.client.set_ram(&id, 12).await.expect("set"), 12);
    assert_eq!(lab.client.set_ram(&id, 1).await.expect_err("too little").kind, ProblemKind::Refused);
    assert_eq!(lab.client.set_ram(&id, 17).await.expect_err("too much").kind, ProblemKind::Refused);
    lab.up(&id).await;
    let refused = lab.client.set_ram(&id, 4).await.expect_err("it runs");
    assert_eq!(refused.kind, ProblemKind::Conflict, "told by the status, whatever the language: {refused}");
    assert!(refused.message.contains("RAM kann nicht"), "{refused}");
    lab.sim.stop().await;
}

#[tokio::test]
async fn message_player_lists_and_logs() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    let client = &lab.client;
    assert_eq!(client.set_motd(&id, "§aHello").await.expect("set"), "§aHello");
    assert_eq!(client.motd(&id, Priority::Run).await.expect("read"), "§aHello");
    assert_eq!(lab.server(&id).await.motd, "Hello", "rows are without codes");
    let lists = client.player_lists(&id, Priority::Run).await.expect("lists");
    assert!(lists.iter().any(|list| list == "whitelist"), "{lists:?}");
    let added = client.add_to_player_list(&id, "ops", &["Mara".to_owned()]).await.expect("added");
    assert_eq!(added, ["Steve", "Mara"]);
    let left = client.remove_from_player_list(&id, "ops", &["Steve".to_owned()]).await.expect("removed");
    assert_eq!(left, ["Mara"]);
    assert_eq!(client.player_list(&id, "ops", Priority::Run).await.expect("read"), ["Mara"]);
    let log = client.log(&id, Priority::Run).await.expect("the log").expect("some");
    assert!(log.iter().any(|line| line.contains("stopped")), "{log:?}");
    let shared = client.share_log(&id).await.expect("shared");
    assert!(shared.url.contains(&shared.id));
    assert_eq!(lab.sim.world().logs_shared(), 1);
    client.start(&id, false).await.expect("started");
    lab.pass(A_START);
    let conflict = client.share_log(&id).await.expect_err("its files are away");
    assert_eq!(conflict.kind, ProblemKind::Conflict);
    lab.sim.stop().await;
}

#[tokio::test]
async fn files_and_their_options() {
    let lab = Lab::new().await;
    let id = lab.id("weekend");
    let client = &lab.client;
    let root = client.file_info(&id, "", Priority::Run).await.expect("the folder");
    assert!(root.is_folder && root.children.is_some_and(|children| children.len() >= 3));
    let bytes = Bytes::from_static(b"{\"success\":false}\x00\xff");
    client.write_file(&id, "plugins/a b/x#1.json", bytes.clone()).await.expect("written");
    assert_eq!(client.read_file(&id, "plugins/a b/x#1.json", Priority::Run).await.expect("read"), bytes);
    assert!(client.file_info(&id, "plugins/a b", Priority::Run).await.expect("made").is_folder);
    client.make_folder(&id, "backups").await.expect("made");
    client.delete_file(&id, "plugins").await.expect("deleted");
    let gone = client.read_file(&id, "plugins/a b/x#1.json", Priority::Run).await.expect_err("gone");
    assert_eq!(gone.kind, ProblemKind::NotFound);
    assert_eq!(client.delete_file(&id, "/").await.expect_err("all of it").kind, ProblemKind::Refused);
    let options = client.config_options(&id, "server.properties", Priority::Run).await.expect("options");
    let max = options.iter().find(|option| option.key == "max-players").expect("there");
    assert_eq!(max.value, ConfigValue::Number(Decimal::from(20)));
    let values = BTreeMap::from([
        ("max-players".to_owned(), ConfigValue::Number(Decimal::from(40))),
        ("no-such-key".to_owned(), ConfigValue::Boolean(true)),
    ]);
    let set = client.set_config_options(&id, "server.properties", &values).await.expect("set");
    assert!(set.iter().any(|o| o.key == "max-players" && o.value == ConfigValue::Number(Decimal::from(40))));
    assert!(!set.iter().any(|option| option.key == "no-such-key"), "ignored without a word");
    lab.up(&id).await;
    let away = client.write_file(&id, "a.txt", bytes).await.expect_err("they are on the machine");
    assert_eq!((away.kind, away.effect), (ProblemKind::Conflict, Effect::None));
    lab.sim.stop().await;
}
