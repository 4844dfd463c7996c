//! A crash at every journal position, the effect done or not: one start, one stop, one restart; what cannot be known is told.

use std::sync::Arc;

use quarterdeck::engine::runs::journal::RunLog;
use quarterdeck::model::action::ActionRequest;
use quarterdeck::model::credits::CreditServerSignal;
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::run::{Run, RunStatus};
use quarterdeck::model::time::Clock;

use crate::scripted::{ScriptedLog, Turn};
use crate::site::{DEADLINE, Engine, START, Site, client, open_store, quick, signal};

/// Carries an action out in a runtime of its own and kills that at append `position`; false when the run ended first.
async fn run_until_killed(
    site: &Site,
    request: ActionRequest,
    name: &str,
    position: usize,
    how: Turn,
) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (folder, url, token) = (site.data(name), site.sim.url(), site.sim.token().to_owned());
    let clock: Arc<dyn Clock> = site.clock.clone();
    let work = runtime.spawn(async move {
        let store = open_store(&folder, Arc::clone(&clock)).await;
        let script = move |number, _: &_, _: &_| if number == position { how } else { Turn::Write };
        let log = Arc::new(ScriptedLog::new(store.clone(), script));
        let died = Arc::clone(&log.died);
        let log: Arc<dyn RunLog> = log;
        let engine =
            Engine::start(store, log, client(&url, &token, Arc::clone(&clock)), clock, quick()).await;
        let run = async {
            let plan = engine.plan(request).await.expect("a plan");
            let run = engine.execute(&plan).await.expect("a run");
            engine.ended(&run).await;
        };
        tokio::select! {
            () = died.notified() => true,
            () = run => false,
        }
    });
    let work = async { tokio::time::timeout(DEADLINE, work).await.expect("in time").expect("no panic") };
    let was_killed = site.let_time_pass(work).await;
    // Every task is dropped where it stands; nothing of it acts any more.
    runtime.shutdown_background();
    was_killed
}

/// What is crashed: the action, how its server is before, and what the simulator calls its effect.
struct Scene {
    name: &'static str,
    request: fn(&ServerKey) -> ActionRequest,
    is_up: bool,
    effect: &'static str,
}

const SCENES: [Scene; 4] = [
    Scene { name: "start", request: |server| signal(server, START), is_up: false, effect: "start" },
    Scene {
        name: "stop",
        request: |server| signal(server, CreditServerSignal::Stop),
        is_up: true,
        effect: "stop",
    },
    Scene {
        name: "restart",
        request: |server| signal(server, CreditServerSignal::Restart),
        is_up: true,
        effect: "restart",
    },
    Scene {
        name: "ram",
        request: |server| ActionRequest::SetCreditServerRam { server: server.clone(), ram_gib: 9 },
        is_up: false,
        effect: "options/ram",
    },
];

/// Crashes at every position in both ways; gives how many there are.
async fn crash_everywhere(site: &Site, scene: &Scene, judge: impl Fn(&Run, &str)) -> usize {
    for position in 0.. {
        let mut was_killed = false;
        for how in [Turn::Die, Turn::WriteAndDie] {
            let name =
                format!("{}-{position}-{}", scene.name, if how == Turn::Die { "before" } else { "after" });
            let server = site.add(&name);
            if scene.is_up {
                site.bring_up(&server);
            }
            was_killed |= run_until_killed(site, (scene.request)(&server), &name, position, how).await;
            let engine = site.runner(&name).await;
            // The moment at which the world is looked at is that of the crash.
            engine.looked().await;
            let runs = site.let_time_pass(engine.idle()).await;
            if runs.is_empty() {
                // Died before the start was on disk: nothing happened, and the operator may ask again.
                assert_eq!((position, how, site.asked(&server, scene.effect)), (0, Turn::Die, 0));
                continue;
            }
            assert_eq!(runs.len(), 1);
            assert_eq!(site.asked(&server, scene.effect), 1, "{name}: {:#?}", runs[0]);
            judge(&runs[0], &name);
        }
        if !was_killed {
            return position;
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_position_has_the_effect_once() {
    let site = Site::start().await;
    for scene in SCENES {
        let positions = crash_everywhere(&site, &scene, |run, name| {
            assert_eq!(run.status, RunStatus::Succeeded, "{name}: {run:#?}");
        })
        .await;
        // The start, an intent and an outcome for each step, the end.
        assert_eq!(positions, if scene.name == "ram" { 4 } else { 6 }, "{}", scene.name);
    }
}

/// The provider does not tell the timer: where the answer is unknown, a person is asked, and it is never put off twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_the_auto_stop_is_put_off_is_never_guessed_at() {
    let site = Site::start().await;
    for (position, how, expected, effects) in [
        (1, Turn::Die, RunStatus::Succeeded, 1),
        (1, Turn::WriteAndDie, RunStatus::NeedsOperator, 0),
        (2, Turn::Die, RunStatus::NeedsOperator, 1),
        (2, Turn::WriteAndDie, RunStatus::Succeeded, 1),
    ] {
        let name = format!("extend-{position}-{how:?}");
        let server = site.add(&name);
        site.bring_up(&server);
        let request = ActionRequest::ExtendCreditServer { server: server.clone(), seconds: 600 };
        assert!(run_until_killed(&site, request, &name, position, how).await);
        let engine = site.runner(&name).await;
        let runs = site.let_time_pass(engine.idle()).await;
        assert_eq!(runs[0].status, expected, "{name}: {:#?}", runs[0]);
        assert_eq!(site.asked(&server, "extend-time"), effects, "{name}");
    }
}

/// An hour later the status tells nothing of a signal: it may have come and gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_its_trace_is_gone_nobody_guesses_whether_a_signal_was_sent() {
    let site = Site::start().await;
    for scene in &SCENES[..3] {
        let server = site.add(scene.name);
        if scene.is_up {
            site.bring_up(&server);
        }
        let request = (scene.request)(&server);
        assert!(run_until_killed(&site, request, scene.name, 1, Turn::WriteAndDie).await);
        site.clock.advance_millis(3_600_000);
        let engine = site.runner(scene.name).await;
        let runs = site.let_time_pass(engine.idle()).await;
        assert_eq!(runs[0].status, RunStatus::NeedsOperator, "{:#?}", runs[0]);
        let problem = runs[0].problem.as_ref().expect("why");
        assert!(problem.message.contains("nobody can say"), "{problem}");
        assert_eq!(site.asked(&server, scene.effect), 0);
    }
}
