//! Acting from the command line: orders become servers, servers go, and nothing happens that was not confirmed.

use crate::site::Site;

fn order<'a>(orders: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    let all = orders.as_array().expect("a list");
    let found = all.iter().map(|entry| &entry["order"]).find(|order| order["id"] == id);
    found.unwrap_or_else(|| panic!("no order {id} in {orders:#}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_provisioned_by_one_command_and_refused_the_second_time() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;

    let planned = site.run(&["order", "provision", "ord-1", "--dry-run"]).await.ended_with(0);
    assert!(planned.stderr.contains("create the server"), "{planned:?}");
    assert_eq!(planned.stdout, "");
    let unasked = site.run(&["order", "provision", "ord-1"]).await.ended_with(3);
    assert!(unasked.stderr.contains("--yes"), "nobody is there to ask: {unasked:?}");
    let read_only = site.run(&["--read-only", "order", "provision", "ord-1", "--yes"]).await.ended_with(3);
    assert_eq!(read_only.stdout, "");
    assert_eq!(site.sim.world().created_with_external_id("ord-1"), 0, "plans change nothing");
    let orders = site.run(&["get", "orders", "-o", "json"]).await.ended_with(0).json();
    assert_eq!(order(&orders, "ord-1")["status"], "paid");
    assert_eq!(site.run(&["get", "runs", "-o", "json"]).await.json(), serde_json::json!([]));

    let done = site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(0);
    let (host, port) = done.stdout.trim_end().rsplit_once(':').expect("address:port");
    assert!(!host.is_empty() && port.parse::<u16>().is_ok(), "{done:?}");
    assert_eq!(site.sim.world().created_with_external_id("ord-1"), 1);
    let orders = site.run(&["get", "orders", "-o", "json"]).await.json();
    assert_eq!(order(&orders, "ord-1")["status"], "provisioned");
    let audit = site.run(&["get", "audit", "-o", "csv"]).await.ended_with(0);
    assert!(audit.stdout.contains("ord-1") && audit.stdout.contains("cli"), "{audit:?}");

    let again = site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(3);
    assert!(again.stderr.contains("REFUSED"), "{again:?}");
    let unknown = site.run(&["order", "provision", "ord-9", "--yes"]).await.ended_with(3);
    assert!(unknown.stderr.contains("ord-9"), "{unknown:?}");
    assert_eq!(site.sim.world().created_with_external_id("ord-1"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_printed_as_json_and_looked_at_afterwards() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    let done = site.run(&["order", "provision", "ord-1", "--yes", "--json"]).await.ended_with(0);
    let pick = |line: &str| line.contains("pick a free allocation").then(|| line.to_owned());
    let picked = done.stderr.lines().rev().find_map(pick).expect("the step");
    let documents: Vec<serde_json::Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    assert_eq!(documents.len(), 2, "the plan, then the run: {done:?}");
    let id = documents[1]["id"].as_str().expect("a run's id");
    let address = documents[1]["result"].as_str().expect("an address");
    assert!(picked.contains(address), "the server stands elsewhere than was said: {picked} {address}");
    let shown = site.run(&["run", "show", id]).await.ended_with(0);
    assert!(shown.stdout.contains("succeeded") && shown.stdout.contains("create the server"), "{shown:?}");
    site.run(&["run", "show", "no-such-run"]).await.ended_with(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_destroyed_only_by_its_name_and_then_it_is_gone() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(0);
    let server = site.sim.world().servers_with_external_id("ord-1").remove(0);
    let identifier = &server.uuid[..8];

    for refused in [
        &["server", "destroy", identifier, "--yes"][..],
        &["server", "destroy", identifier, "--yes", "--name", "another"],
        &["server", "destroy", identifier],
        &["--read-only", "server", "destroy", identifier, "--yes", "--name", &server.name],
    ] {
        site.run(refused).await.ended_with(3);
        assert!(site.sim.world().server(server.id).is_some(), "{refused:?} destroyed it");
    }
    site.run(&["server", "destroy", identifier, "--dry-run"]).await.ended_with(0);
    site.run(&["server", "destroy", "nobody", "--yes"]).await.ended_with(3);
    assert!(site.sim.world().server(server.id).is_some());

    site.run(&["server", "destroy", identifier, "--yes", "--name", &server.name]).await.ended_with(0);
    assert!(site.sim.world().server(server.id).is_none(), "the panel has it no more");
    let left = site.run(&["get", "servers", "-o", "json"]).await.ended_with(0).json();
    assert_eq!(left, serde_json::json!([]), "and nobody shows it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_usage_ends_with_two() {
    let site = Site::start().await;
    for wrong in [
        &["frobnicate"][..],
        &["order", "provision"],
        &["get", "nonsense"],
        &["get", "orders", "-o", "yaml"],
        &["get", "orders", "--filter", "cost>>"],
        &["server", "destroy"],
        &["--no-such-flag"],
    ] {
        let ran = site.run(wrong).await.ended_with(2);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{wrong:?}: {ran:?}");
    }
    site.configure("[panle]\nurl = 1\n");
    let misspelt = site.run(&["get", "orders"]).await.ended_with(2);
    assert!(misspelt.stderr.contains("panle"), "{misspelt:?}");
    assert!(site.run(&["--help"]).await.ended_with(0).stdout.contains("Exit codes"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_ends_with_four() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    site.run(&["engine", "status"]).await.ended_with(4);
    // Nothing listens at port 9 of this machine.
    let text = std::fs::read_to_string(site.file("config.toml")).unwrap();
    std::fs::write(site.file("config.toml"), text.replace(&site.sim.url(), "http://127.0.0.1:9")).unwrap();
    let ran = site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(4);
    assert_eq!(ran.stdout, "", "{ran:?}");
    assert_eq!(site.sim.world().created_with_external_id("ord-1"), 0);
    let feeds = site.run(&["get", "feeds", "-o", "json"]).await.ended_with(0).json();
    assert!(feeds.to_string().to_lowercase().contains("unreachable"), "{feeds:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_configuration_no_engine_is_started_and_the_way_to_begin_is_said() {
    let site = Site::start().await;
    std::fs::write(site.file("config.toml"), "").unwrap();
    for arguments in
        [["get", "orders"].as_slice(), &["doctor"], &["order", "provision", "ord-1", "--dry-run"]]
    {
        let ran = site.run(arguments).await.ended_with(3);
        assert!(
            ran.stderr.contains("no panel is configured") && ran.stderr.contains("config init"),
            "{ran:#?}"
        );
    }
    assert_eq!(site.engines(), [] as [i32; 0]);
}
