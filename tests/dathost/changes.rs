//! Servers changed, copied and reset; consoles, figures, files and places.

use quarterdeck::model::game_server::GameServerState;
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::providers::dathost::{Cs2Settings, ServerSettings};
use quarterdeck::providers::transport::Priority;
use rust_decimal::Decimal;

use crate::lab::{HOUR, Lab, MINUTE};

fn slots(slots: u32) -> ServerSettings {
    ServerSettings {
        cs2: Cs2Settings { slots: Some(slots), ..Cs2Settings::default() },
        ..ServerSettings::default()
    }
}

#[tokio::test]
async fn an_update_restarts_what_is_on_and_its_new_price_holds_from_then() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.up(&id).await;
    lab.pass(30 * MINUTE - crate::lab::A_BOOT);
    lab.client.update(&id, &slots(22)).await.expect("updated");
    assert_eq!(lab.server(&id).await.state, GameServerState::Booting);
    lab.pass(30 * MINUTE);
    assert_eq!(lab.sim.world().bill().of_server(&id), Decimal::new(33, 2), "half an hour at each price");
    let refused = lab.client.update(&id, &slots(65)).await.expect_err("too many");
    assert_eq!(refused.kind, ProblemKind::Invalid);
    let before = lab.server(&id).await.address();
    let elsewhere = ServerSettings { location: Some("chicago".to_owned()), ..ServerSettings::default() };
    lab.client.update(&id, &elsewhere).await.expect("moved");
    assert_ne!(lab.server(&id).await.address(), before, "another place is another address");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_copy_is_of_the_cache_and_inherits_the_protection() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.sim.world().set_field(&id, "deletion_protection", "true");
    lab.sim.world().write_file(&id, "cfg/live_server.cfg", b"mp_overtime_enable 0\n".to_vec());
    let stale = lab.client.duplicate(&id, None).await.expect("a copy");
    assert_eq!((stale.state, stale.is_protected), (GameServerState::Off, false), "the cache is older");
    assert_eq!(stale.duplicated_from.as_deref(), Some(id.as_str()));
    assert!(lab.sim.world().file(&stale.key.id, "cfg/live_server.cfg").is_none());
    lab.client.sync_files(&id).await.expect("synced");
    let fresh = lab.client.duplicate(&id, Some("warsaw")).await.expect("a copy");
    assert_eq!(
        (fresh.is_protected, fresh.location.as_str()),
        (true, "warsaw"),
        "a protected one breeds protected ones"
    );
    assert!(lab.sim.world().file(&fresh.key.id, "cfg/live_server.cfg").is_some());
    lab.client
        .update(&fresh.key.id, &ServerSettings { is_protected: Some(false), ..ServerSettings::default() })
        .await
        .expect("freed");
    lab.client.delete(&fresh.key.id).await.expect("deleted");
    lab.pass(HOUR);
    assert_eq!(
        lab.sim.world().bill().of_server(&stale.key.id),
        Decimal::ZERO,
        "copies are free while they are off"
    );
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_reset_brings_files_back() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.sim.world().write_file(&id, "cfg/server.cfg", b"changed".to_vec());
    lab.client.reset(&id).await.expect("reset");
    assert_ne!(lab.sim.world().file(&id, "cfg/server.cfg").expect("there"), b"changed");
    lab.sim.stop().await;
}

#[tokio::test]
async fn a_command_is_answered_in_the_console_and_only_there() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    lab.up(&id).await;
    assert!(lab.sim.world().join(&id, "amber"));
    lab.client.command(&id, "status\n").await.expect("sent");
    let lines = lab.client.console(&id, 2, Priority::Run).await.expect("lines");
    assert!(lines.len() == 2 && lines[1].contains("players: 1 humans"), "{lines:?}");
    assert_eq!(lab.client.command(&id, "a\nb").await.expect_err("two lines").kind, ProblemKind::Refused);
    let metrics = lab.client.metrics(&id, Priority::Run).await.expect("figures");
    assert_eq!(metrics.players, ["amber"]);
    lab.sim.stop().await;
}

#[tokio::test]
async fn files_are_listed_and_read_up_to_a_cap() {
    let lab = Lab::new().await;
    let id = lab.id("scrim");
    let large = vec![7_u8; 3_000_000];
    lab.sim.world().write_file(&id, "replays/a b.dem", large.clone());
    let files = lab.client.files(&id, "replays", Priority::Run).await.expect("files");
    assert_eq!((files[0].path.as_str(), files[0].size_bytes), ("a b.dem", Some(3_000_000)));
    let mut download = lab.client.download(&id, "replays/a b.dem", 3_000_000).await.expect("there");
    let mut bytes = Vec::new();
    while let Some(piece) = download.next().await.expect("a piece") {
        bytes.extend_from_slice(&piece);
    }
    assert!(bytes == large);
    let Err(over) = lab.client.download(&id, "replays/a b.dem", 2_999_999).await else {
        panic!("over the cap")
    };
    assert_eq!(over.kind, ProblemKind::TooLarge);
    let Err(none) = lab.client.download(&id, "replays/none.dem", 10).await else { panic!("not there") };
    assert_eq!(none.kind, ProblemKind::NotFound);
    assert!(lab.client.files(&id, "nowhere", Priority::Run).await.is_err());
    lab.sim.stop().await;
}

#[tokio::test]
async fn places_have_the_names_of_their_cities() {
    let lab = Lab::new().await;
    let places = lab.client.locations("cs2", Priority::Run).await.expect("places");
    let frankfurt = places.iter().find(|place| place.id == "dusseldorf").expect("listed");
    assert_eq!(frankfurt.city, "Frankfurt");
    lab.sim.stop().await;
}
