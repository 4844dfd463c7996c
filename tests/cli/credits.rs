//! Credits from the command line, over the simulated site that `sim` prints a configuration of.

use crate::sim::{Sim, with};
use crate::site::DEADLINE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_snapshots_history_alerts_and_the_doctor() {
    let home = tempfile::Builder::new().prefix("qd-credits-").tempdir().expect("a folder");
    let mut sim = Sim::start(home.path(), &["sim", "--speed", "20"]);
    sim.line().await;
    let command = sim.line().await;
    let ask = async |more: &[&str]| with(home.path(), &command, more).await;

    let balances = ask(&["get", "credits", "-o", "json"]).await.ended_with(0).json();
    let balances = balances.as_array().expect("a list");
    let names: Vec<&str> = balances.iter().filter_map(|one| one["balance"]["name"].as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in ["school", "guild", "ops@example.net"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let table = ask(&["get", "credits"]).await.ended_with(0).stdout;
    assert!(table.starts_with("BALANCE") && table.contains(" EUR"), "{table}");

    let kept = ask(&["credits", "snapshot"]).await.ended_with(0);
    assert_eq!(kept.stdout, "kept a snapshot of 4 balances\n");
    let history = ask(&["credits", "history", "exaroton"]).await.ended_with(0).json();
    let account = &history["balances"][0];
    assert!(account["currentCredits"].as_str().is_some_and(|amount| amount.starts_with('1')), "{account:#}");
    assert_eq!(account["lastSnapshot"]["kind"], "manual");
    for period in ["day", "threeDays", "week", "month"] {
        assert!(account["spending"][period]["spent"].is_string(), "{period}: {account:#}");
    }
    let days = account["dailyBreakdown"].as_array().expect("a list");
    assert!(days.len() <= 1 && days.iter().all(|day| day["spent"].is_string()), "{account:#}");
    ask(&["credits", "history", "nobody"]).await.ended_with(3);

    // What burns lasts for days only; the engine looks every 20 seconds.
    let alarmed = async {
        loop {
            let ran = ask(&["get", "alerts", "-o", "json"]).await;
            let alerts = ran.json();
            let holds = alerts.as_array().expect("a list").iter().any(|alert| alert["is_silenced"] == false);
            assert_eq!(ran.code, if holds { 3 } else { 0 }, "{ran:#?}");
            if holds {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, alarmed).await.expect("an alert on the runway");

    let doctor = ask(&["doctor", "-o", "json"]).await.json();
    let checks: Vec<&str> =
        doctor.as_array().expect("a list").iter().filter_map(|one| one["check"].as_str()).collect();
    assert!(checks.contains(&"credits-readable"), "{checks:?}");
    with(home.path(), &command, &["engine", "stop"]).await.ended_with(0);
    assert!(sim.end().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_the_burn_and_where_it_went() {
    let home = tempfile::Builder::new().prefix("qd-burn-").tempdir().expect("a folder");
    let mut sim = Sim::start(home.path(), &["sim", "--speed", "20"]);
    sim.line().await;
    let command = sim.line().await;
    let ask = async |more: &[&str]| with(home.path(), &command, more).await;

    let orders = ask(&["get", "orders", "-o", "json"]).await.ended_with(0).json();
    let paid = orders.as_array().expect("a list").iter().find(|order| order["order"]["status"] == "paid");
    let id = paid.expect("a paid order")["order"]["id"].as_str().expect("an id").to_owned();
    ask(&["order", "provision", &id, "--yes"]).await.ended_with(0);

    let told = ask(&["credits", "changes", "--since", "2h", "-o", "json"]).await.ended_with(0).json();
    let of_order = |cause: &&serde_json::Value| {
        cause["orders"].as_array().is_some_and(|all| all.contains(&id.as_str().into()))
    };
    let ours = told["causes"].as_array().expect("a list").iter().find(of_order).expect("our start");
    assert_eq!((&ours["what"], &ours["count"]), (&"started".into(), &1.into()), "{ours:#}");
    assert!(ours["by"].as_str().is_some_and(|by| by.contains('@')), "{ours:#}");
    let table = ask(&["credits", "changes"]).await.ended_with(0).stdout;
    assert!(table.starts_with("since ") && table.contains("provision_order"), "{table}");
    assert!(table.contains(&format!("1 start by {}", ours["by"].as_str().unwrap_or_default())), "{table}");

    for (by, words) in
        [("server", "(exaroton/"), ("provider", "Pterodactyl"), ("owner", &*format!("order {id}"))]
    {
        let table = ask(&["credits", "burn", "--by", by]).await.ended_with(0).stdout;
        assert!(
            table.starts_with("WHO") && table.contains(words) && table.contains(" EUR"),
            "{by}:\n{table}"
        );
    }
    let of_panel =
        ask(&["credits", "burn", "--by", "provider", "panel", "-o", "json"]).await.ended_with(0).json();
    let providers: Vec<&str> =
        of_panel.as_array().expect("a list").iter().filter_map(|one| one["words"].as_str()).collect();
    assert_eq!(providers, ["Pterodactyl"]);
    ask(&["credits", "burn", "nobody"]).await.ended_with(3);
    let wrong = ask(&["credits", "changes", "--since", "soon"]).await.ended_with(2);
    assert!(wrong.stderr.contains("14:00"), "{wrong:?}");
    with(home.path(), &command, &["engine", "stop"]).await.ended_with(0);
    assert!(sim.end().await.success());
}
