//! A crash at every journal position, before and after the record is on disk: one server and a provisioned order, or
//! nothing and a clear error; never two servers, never a forgotten one.

use std::sync::Arc;

use quarterdeck::engine::runs::events::JournalEvent;
use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::model::run::RunStatus;
use quarterdeck::providers::orders;
use quarterdeck::sim::panel::{InstallPolicy, PanelSimOptions};

use crate::scripted::{ScriptedLog, Turn};
use crate::site::{DEADLINE, Engine, TestSite, clock, open_store, panel_client, quick};

/// Carries an order's run out in a runtime of its own and kills that at append `position`; false when the run ended first.
pub async fn run_until_killed(site: &TestSite, order: &str, position: usize, how: Turn) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = site.data(order);
    let (url, application, client) =
        (site.sim.url(), site.sim.application_key().to_owned(), site.sim.client_key().to_owned());
    let (settings, order) = (site.shop_settings(), order.to_owned());
    let work = runtime.spawn(async move {
        let store = open_store(&folder).await;
        let log =
            Arc::new(ScriptedLog::new(
                store.clone(),
                move |number, _, _| {
                    if number == position { how } else { Turn::Write }
                },
            ));
        let died = Arc::clone(&log.died);
        let database = orders::connect(&settings, clock()).await.expect("the shop");
        let log: Arc<dyn RunLog> = log;
        let engine =
            Engine::start(store, log, panel_client(&url, &application, &client), database, quick()).await;
        let run = async {
            let plan = engine.plan_order(&order).await.expect("a plan");
            let run = engine.execute(&plan).await.expect("a run");
            engine.ended(&run).await;
        };
        tokio::select! {
            () = died.notified() => true,
            () = run => false,
        }
    });
    let was_killed = tokio::time::timeout(DEADLINE, work).await.expect("in time").expect("no panic");
    // Every task is dropped where it stands; nothing of it acts any more.
    runtime.shutdown_background();
    was_killed
}

/// Crashes at every position in both ways; `judge` looks at what the next start made of it.
async fn crash_everywhere(site: &TestSite, prefix: &str, expected: RunStatus) -> usize {
    for position in 0.. {
        let mut was_killed = false;
        for how in [Turn::Die, Turn::WriteAndDie] {
            let order = format!("{prefix}-{position}-{}", if how == Turn::Die { "before" } else { "after" });
            site.add_order(&order, "small").await;
            was_killed |= run_until_killed(site, &order, position, how).await;
            let engine = site.engine(&order).await;
            let runs = engine.idle().await;
            if runs.is_empty() {
                // Died before the start was on disk: nothing happened, and the operator may ask again.
                assert_eq!((position, how), (0, Turn::Die));
                site.assert_nothing_left(&order, "paid").await;
                continue;
            }
            assert_eq!(runs.len(), 1);
            assert_eq!(runs[0].status, expected, "{order}: {:#?}", runs[0]);
            if expected == RunStatus::Succeeded {
                site.assert_provisioned_once(&order).await;
            } else {
                site.assert_nothing_left(&order, "error").await;
                assert!(site.order(&order).await.error_message.is_some_and(|text| !text.is_empty()));
            }
        }
        if !was_killed {
            return position;
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_position_of_a_good_run_ends_in_one_server() {
    let site = TestSite::start().await;
    let positions = crash_everywhere(&site, "good", RunStatus::Succeeded).await;
    // The start, an intent and an outcome for each of seven steps, the end.
    assert_eq!(positions, 16);
    assert_eq!(site.sim.world().servers_deleted_ever(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_position_of_a_failing_run_ends_in_nothing() {
    let site = TestSite::start().await;
    site.sim.faults().set_installs(InstallPolicy {
        min_ms: 5,
        max_ms: 10,
        failure_rate: 1.0,
        is_held: false,
    });
    let positions = crash_everywhere(&site, "bad", RunStatus::Failed).await;
    // The start, five steps, their undo, the end.
    assert_eq!(positions, 22);
    assert_eq!(site.sim.world().servers(), []);
    assert!(site.sim.world().orphans_on_nodes().is_empty());
}

/// The process dies while the create is on its way: it may take effect before, after or never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_the_create_is_in_flight_ends_in_one_server() {
    // The panel takes 40 ms between looking and committing; the patience for what still settles is 120 ms.
    let site = TestSite::with(PanelSimOptions { create_pause_ms: 40, ..PanelSimOptions::default() }).await;
    for number in 0..8 {
        let order = format!("f{number}");
        site.add_order(&order, "small").await;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let folder = site.data(&order);
        let (panel, settings, wanted) = (site.panel(), site.shop_settings(), order.clone());
        let (begun, intended) = tokio::sync::oneshot::channel();
        let mut begun = Some(begun);
        runtime.spawn(async move {
            let store = open_store(&folder).await;
            let log = ScriptedLog::new(store.clone(), move |_, _, event| {
                if matches!(event, JournalEvent::StepIntent { step: 3, .. })
                    && let Some(begun) = begun.take()
                {
                    begun.send(()).expect("the test listens");
                }
                Turn::Write
            });
            let database = orders::connect(&settings, clock()).await.expect("the shop");
            let engine = Engine::start(store, Arc::new(log), panel, database, quick()).await;
            engine.provision(&wanted).await;
            std::future::pending::<()>().await;
        });
        tokio::time::timeout(DEADLINE, intended).await.expect("in time").expect("the create begins");
        // Not a wait for something: the moment of death, another each time.
        tokio::time::sleep(std::time::Duration::from_millis(number * 10)).await;
        runtime.shutdown_background();
        let engine = site.engine(&order).await;
        let runs = engine.idle().await;
        assert_eq!(runs[0].status, RunStatus::Succeeded, "{order}: {:#?}", runs[0]);
        site.assert_provisioned_once(&order).await;
    }
}
