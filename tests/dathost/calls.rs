//! Every call that reads or changes something.

use quarterdeck::model::game_server::{GameServerState, SubscriptionState};
use quarterdeck::model::problem::{Effect, ProblemKind};
use quarterdeck::providers::dathost::{Cs2Settings, DathostSettings, ServerSettings};
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::dathost::{BootFate, DathostSimOptions, DathostWorldKind};
use rust_decimal::Decimal;

use crate::lab::{A_BOOT, HOUR, Lab, MINUTE, settings};

#[tokio::test]
async fn the_account_and_its_servers() {
    let lab = Lab::new().await;
    let account = lab.client.game_server_account(Priority::Poll).await.expect("the account");
    assert_eq!((account.email.as_str(), account.credits), ("ops@example.net", lab.balance()));
    assert_eq!(account.lasts_s, None, "nothing is on");
    let servers = lab.client.servers(Priority::Poll).await.expect("servers");
    let [scrim, practice, community] = servers.as_slice() else { panic!("three servers: {servers:?}") };
    assert_eq!((scrim.name.as_str(), scrim.game.as_str()), ("scrim", "cs2"));
    assert_eq!(
        (scrim.price.per_hour, scrim.price.most_per_month),
        (Some(Decimal::new(22, 2)), Some(Decimal::new(165, 1)))
    );
    assert_eq!(practice.autostop_minutes, Some(60));
    assert!(
        scrim.address().is_some_and(|address| address.starts_with("203.0.113.")),
        "known while it is off"
    );
    assert_eq!(community.price.subscription, SubscriptionState::Active);
    assert!(servers.iter().all(|server| server.state == GameServerState::Off));
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_list_does_not_look_again_whether_a_server_still_boots() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.client.start(&id).await.expect("started");
    assert_eq!(lab.server(&id).await.state, GameServerState::Booting);
    lab.pass(A_BOOT);
    let listed = || async {
        let servers = lab.client.servers(Priority::Poll).await.expect("servers");
        servers.into_iter().find(|server| server.key.id == id).expect("listed").state
    };
    assert_eq!(listed().await, GameServerState::Booting, "for as long as nobody asks for the one");
    assert_eq!(lab.server(&id).await.state, GameServerState::On);
    assert_eq!(listed().await, GameServerState::On);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_start_of_what_is_on_reboots_it_and_a_stop_is_safe_to_repeat() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.up(&id).await;
    assert!(lab.sim.world().join(&id, "amber"));
    lab.client.start(&id).await.expect("accepted");
    let view = lab.sim.world().server("scrim").expect("there");
    assert!(view.is_on && view.is_booting && view.players.is_empty(), "{view:?}");
    for _ in 0..2 {
        lab.client.stop(&id).await.expect("stopped");
        assert_eq!(lab.server(&id).await.state, GameServerState::Off);
    }
    lab.sim.stop().await;
}

#[tokio::test]
async fn players_are_told_minutes_later_and_an_empty_server_stops_itself() {
    let lab = Lab::new().await;
    let id = lab.id("practice");
    lab.up(&id).await;
    assert!(lab.sim.world().join(&id, "amber"));
    assert_eq!(lab.server(&id).await.players_online, Some(0), "nobody was counted yet");
    lab.pass(11 * MINUTE);
    assert_eq!(lab.server(&id).await.players_online, Some(1));
    lab.sim.world().leave(&id, "amber");
    assert_eq!(lab.server(&id).await.players_online, Some(1), "still");
    lab.pass(HOUR + MINUTE);
    assert_eq!(lab.server(&id).await.state, GameServerState::Off);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_made_server_is_found_by_what_was_written_on_it() {
    let lab = Lab::with(DathostSimOptions { world: DathostWorldKind::Empty, ..Default::default() }).await;
    let wanted = ServerSettings {
        name: Some("match-1".to_owned()),
        location: Some("sao_paulo".to_owned()),
        user_data: Some("quarterdeck:match:1".to_owned()),
        autostop_minutes: Some(15),
        is_protected: Some(false),
        cs2: Cs2Settings {
            slots: Some(12),
            rcon: Some("a-long-rcon-password".into()),
            ..Cs2Settings::default()
        },
        ..ServerSettings::default()
    };
    assert!(!format!("{wanted:?}").contains("a-long-rcon"), "it cannot be printed");
    let made = lab.client.create("cs2", &wanted).await.expect("made");
    assert_eq!((made.state, made.autostop_minutes), (GameServerState::Off, Some(15)));
    assert_eq!(made.price.per_hour, Some(Decimal::new(42, 2)), "dearer there");
    let found = lab.client.servers_marked("quarterdeck:match:1", Priority::Run).await.expect("found");
    assert_eq!(found.iter().map(|server| &server.key).collect::<Vec<_>>(), [&made.key]);
    assert!(lab.client.servers_marked("quarterdeck:match:2", Priority::Run).await.expect("none").is_empty());
    lab.client.delete(&made.key.id).await.expect("deleted");
    lab.client.delete(&made.key.id).await.expect("gone is what was asked for");
    let gone = lab.client.server(&made.key.id, Priority::Run).await.expect_err("gone");
    assert_eq!(gone.kind, ProblemKind::NotFound);
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_protected_server_is_not_deleted() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.sim.world().set_field(&id, "deletion_protection", "true");
    assert!(lab.server(&id).await.is_protected);
    let refused = lab.client.delete(&id).await.expect_err("protected");
    assert_eq!((refused.kind, refused.effect), (ProblemKind::Conflict, Effect::None));
    assert!(lab.sim.world().server("scrim").is_some());
    lab.sim.stop().await;
}

#[tokio::test]
async fn boots_fail_in_three_ways() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.sim.world().set_fate(&id, BootFate::Refused);
    let refused = lab.client.start(&id).await.expect_err("the host refuses");
    assert_eq!((refused.kind, refused.effect), (ProblemKind::ServerError, Effect::Possible));
    assert_eq!(lab.server(&id).await.state, GameServerState::Off);
    lab.sim.world().set_fate(&id, BootFate::Crash);
    lab.client.start(&id).await.expect("accepted");
    lab.pass(A_BOOT);
    let crashed = lab.server(&id).await;
    assert_eq!(crashed.state, GameServerState::Off);
    assert!(!crashed.error.is_empty());
    lab.sim.world().set_fate(&id, BootFate::Stuck);
    lab.client.start(&id).await.expect("accepted");
    lab.pass(HOUR);
    assert_eq!(lab.server(&id).await.state, GameServerState::Booting, "and billed");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_server_that_says_the_least_is_read() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.sim.world().make_bare(&id);
    let server = lab.server(&id).await;
    assert_eq!((server.name.as_str(), server.address(), server.match_id), ("scrim", None, None));
    assert_eq!(lab.client.servers(Priority::Poll).await.expect("servers").len(), 3);
    lab.sim.stop().await;
}

#[tokio::test]
async fn logins_are_told_apart_and_invited_accounts_are_reached() {
    let lab = Lab::new().await;
    let with = |change: &dyn Fn(&mut DathostSettings)| {
        let mut settings = settings(&lab.sim);
        change(&mut settings);
        lab.client(settings)
    };
    let wrong = with(&|settings| settings.password = "not the password".into());
    let refused = wrong.game_server_account(Priority::Run).await.expect_err("a wrong password");
    assert_eq!(refused.kind, ProblemKind::Unauthenticated);
    assert!(!refused.to_string().contains("not the password"), "{refused}");
    let inviter = lab.sim.inviter_email().to_owned();
    let other = with(&|settings| settings.account_email = Some(inviter.clone()));
    let account = other.game_server_account(Priority::Run).await.expect("the other account");
    assert_eq!((account.email.as_str(), account.credits), (inviter.as_str(), Decimal::from(50)));
    assert!(other.servers(Priority::Run).await.expect("none").is_empty());
    let stranger = with(&|settings| settings.account_email = Some("stranger@example.net".to_owned()));
    assert_eq!(stranger.servers(Priority::Run).await.expect_err("not invited").kind, ProblemKind::Forbidden);
    lab.sim.stop().await;
}
