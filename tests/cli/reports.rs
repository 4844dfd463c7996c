//! Reports of a panel's servers and its orphans, and the budget guard, from the command line.

use serde_json::Value;

use crate::sim::{Sim, with};
use crate::site::{DEADLINE, Site};

/// Today's report as the model has it.
async fn today(site: &Site) -> Value {
    site.run(&["credits", "report", "--last", "1d", "--format", "json"]).await.ended_with(0).json()
}

/// Asks for reports until one is as wanted.
async fn until(site: &Site, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let waited = async {
        loop {
            let report = today(site).await;
            if is_wanted(&report) {
                break report;
            }
        }
    };
    tokio::time::timeout(DEADLINE, waited).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

fn is_positive(amount: &Value) -> bool {
    amount
        .as_str()
        .and_then(|amount| amount.parse::<rust_decimal::Decimal>().ok())
        .is_some_and(|amount| amount > rust_decimal::Decimal::ZERO)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_order_costs_is_billed_later_and_its_orphan_is_found_ended_and_saved() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(0);
    let report = until(&site, "the server's cost", |report| {
        report["servers"]
            .as_array()
            .is_some_and(|servers| servers.iter().any(|one| one["owner"] == "order ord-1"))
            && is_positive(&report["totals"]["spent"])
    })
    .await;
    let payer = &report["payers"][0];
    assert_eq!((payer["name"].as_str(), payer["is_prepaid"].as_bool()), (Some("panel"), Some(false)));
    assert_eq!(report["servers"][0]["name"], "server of ord-1");
    assert_eq!(report["totals"]["spent"], report["servers"][0]["spent"]["reporting"], "all of it is its");
    assert_eq!(report["orphans"].as_array().map(Vec::len), Some(0));

    site.sql("UPDATE orders SET status = 'canceled' WHERE id = 'ord-1'").await;
    let report = until(&site, "an orphan", |report| report["orphans"][0].is_object()).await;
    assert!(report["orphans"][0]["ended_at"].is_null());
    let server = site.sim.world().servers_with_external_id("ord-1").remove(0);
    let destroy = ["server", "destroy", &server.uuid[..8], "--yes", "--name", &server.name];
    site.run(&destroy).await.ended_with(0);
    let report = until(&site, "the orphan's end", |report| {
        report["orphans"][0]["ended_at"].is_string() && is_positive(&report["totals"]["saved"])
    })
    .await;
    let orphan = &report["orphans"][0];
    assert_eq!(orphan["name"], "server of ord-1");
    assert!(orphan["ended_by"].as_str().is_some_and(|by| by.contains('@')), "{orphan:#}");
    assert_eq!(orphan["per_hour"]["amount"], "0.005", "3.65 a month");
    let text = site.run(&["credits", "report", "--last", "1d"]).await.ended_with(0);
    assert!(text.stdout.contains("1 orphan") && text.stdout.contains("billed later"), "{}", text.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_budget_yes_is_not_enough() {
    let home = tempfile::Builder::new().prefix("qd-budget-").tempdir().expect("a folder");
    let mut sim = Sim::start(home.path(), &["sim"]);
    sim.line().await;
    let command = sim.line().await;
    let config = command.split_whitespace().skip_while(|word| *word != "--config").nth(1).expect("a file");
    let text = std::fs::read_to_string(config).expect("the configuration");
    let mut guarded: toml::Table = text.parse().expect("TOML");
    let budget = guarded.get_mut("budget").and_then(toml::Value::as_table_mut).expect("a budget");
    budget.insert("monthly".to_owned(), toml::Value::Integer(1));
    budget.insert("guard_month_percent".to_owned(), toml::Value::Integer(1));
    std::fs::write(config, guarded.to_string()).expect("written");
    let ask = async |more: &[&str]| with(home.path(), &command, more).await;

    let orders = ask(&["get", "orders", "-o", "json"]).await.ended_with(0).json();
    let paid = orders.as_array().expect("a list").iter().find(|order| order["order"]["status"] == "paid");
    let id = paid.expect("a paid order")["order"]["id"].as_str().expect("an id").to_owned();
    ask(&["get", "credits"]).await.ended_with(0);
    let plan = ask(&["order", "provision", &id, "--dry-run"]).await.ended_with(0);
    assert!(plan.stderr.contains("OVER    budget: the month would cost"), "{}", plan.stderr);
    for refused in [&["order", "provision", &id, "--yes"][..], &["order", "provision", &id]] {
        let ran = ask(refused).await.ended_with(3);
        assert!(ran.stderr.contains("over") || ran.stderr.contains("--yes"), "{}", ran.stderr);
    }
    let runs = ask(&["get", "runs", "-o", "json"]).await.json();
    assert_eq!(runs, serde_json::json!([]), "nothing was started");
    ask(&["order", "provision", &id, "--yes", "--over-budget"]).await.ended_with(0);
    ask(&["engine", "stop"]).await.ended_with(0);
    assert!(sim.end().await.success());
}
