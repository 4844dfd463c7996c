//! The demo world and the large one.

use std::sync::Arc;

use quarterdeck::model::server::PowerState;
use quarterdeck::model::time::ManualClock;
use quarterdeck::sim::panel::{
    ANY_LOOPBACK_PORT, DEFAULT_START, FaultRates, PanelSimOptions, ServerView, WorldKind,
};
use quarterdeck::sim::{DemoOptions, DemoSite};

use crate::behaviour::{application, client, small};

async fn demo(seed: u64) -> (DemoSite, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(DEFAULT_START));
    let options = DemoOptions {
        seed,
        speed: 60.0,
        faults: FaultRates::default(),
        clock: clock.clone(),
        world: WorldKind::Demo,
        listen: ANY_LOOPBACK_PORT,
    };
    (DemoSite::start(options).await.expect("a site"), clock)
}

#[tokio::test]
async fn the_demo_world_is_the_same_for_a_seed_and_moves() {
    let (first, clock) = demo(7).await;
    let (second, other_clock) = demo(7).await;
    let before = first.world().servers();
    assert_eq!(before, second.world().servers());
    assert!(before.len() >= 40, "{}", before.len());
    assert_eq!(first.world().nodes().len(), 4);
    let running =
        |servers: &[ServerView]| servers.iter().filter(|at| at.power == PowerState::Running).count();
    assert!(running(&before) > 30);
    // Four days of the world: crashes, restarts, maintenance.
    for moved in [&clock, &other_clock] {
        moved.advance_millis(4 * 24 * 60_000);
    }
    let after = first.world().servers();
    assert_eq!(after, second.world().servers(), "still the same after days");
    assert!(running(&after) > 25);
    let bill = first.world().bill();
    assert_eq!(bill.len(), before.len());
    assert!(bill.iter().all(|row| row.existed_ms == 4 * 24 * 3_600_000 && row.ran_ms <= row.existed_ms));
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_large_world_is_listed_by_pages() {
    let (sim, _clock) = small(|options: &mut PanelSimOptions| {
        options.world = WorldKind::Large { nodes: 20, servers: 1_000 };
    })
    .await;
    assert_eq!(sim.world().nodes().len(), 20);
    let page = application(&sim, "GET", "servers?per_page=100&page=10", None).await.json();
    let pagination = &page["meta"]["pagination"];
    assert_eq!((pagination["total"].as_i64(), pagination["total_pages"].as_i64()), (Some(1_000), Some(10)));
    assert_eq!(page["data"].as_array().map(Vec::len), Some(100));
    sim.stop().await;
}

#[tokio::test]
async fn usage_is_plausible_and_counters_never_go_back() {
    let (site, clock) = demo(3).await;
    let server =
        site.world().servers().into_iter().find(|at| at.power == PowerState::Running).expect("one runs");
    let (sim, _) = small(|_| {}).await;
    sim.stop().await;
    let path = format!("/api/client/servers/{}/resources", server.uuid);
    let mut earlier = 0;
    for _ in 0..20 {
        let request = crate::http::Request::new("GET", &path, site.panel_client_key());
        let answer = request.send(&site.panel_url()).await.expect("an answer").json();
        let resources = &answer["attributes"]["resources"];
        let memory = resources["memory_bytes"].as_i64().expect("memory");
        assert!(memory > 0 && memory <= server.memory_mib * 1_048_576, "{memory}");
        let sent = resources["network_tx_bytes"].as_i64().expect("network");
        assert!(sent >= earlier, "{sent} after {earlier}");
        earlier = sent;
        clock.advance_millis(1_000);
    }
    site.stop().await;
}

#[tokio::test]
async fn an_admin_sees_all_servers_through_the_client_api() {
    let (sim, _clock) = small(|options| options.world = WorldKind::Demo).await;
    let all = client(&sim, "GET", "?type=admin-all&per_page=100", None).await.json();
    assert_eq!(all["meta"]["pagination"]["total"].as_u64(), Some(sim.world().servers().len() as u64));
    sim.stop().await;
}
