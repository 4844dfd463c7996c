//! Lists, the store's maintenance, and the documents that the program prints about itself.

use crate::site::Site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_tables_json_and_csv_and_can_be_filtered() {
    let site = Site::start().await;
    for (id, status) in [("ord-1", "paid"), ("ord-2", "pending"), ("ord-3", "paid")] {
        site.add_order(id, status).await;
    }
    let json = site.run(&["get", "orders", "-o", "json"]).await.ended_with(0).json();
    assert_eq!(json.as_array().map(Vec::len), Some(3), "{json:#}");
    let csv = site.run(&["get", "orders", "-o", "csv", "--filter", "status=paid"]).await.ended_with(0);
    let lines: Vec<&str> = csv.stdout.split("\r\n").collect();
    assert_eq!(lines[0], "id,status,trouble,customer,plan,region,amount,age,server,error");
    assert_eq!(lines.len(), 4, "two orders and the last line's end: {lines:#?}");
    assert!(lines[1].starts_with("ord-1,paid,") || lines[1].starts_with("ord-3,paid,"), "{lines:#?}");
    let table = site.run(&["get", "orders", "--filter", "ord-2"]).await.ended_with(0);
    assert_eq!(table.stdout.lines().count(), 2, "{table:?}");
    assert!(table.stdout.starts_with("ID ") && table.stdout.contains("pending"), "{table:?}");
    for kind in ["nodes", "servers", "runs", "audit", "findings", "feeds"] {
        assert!(site.run(&["get", kind, "-o", "json"]).await.ended_with(0).json().is_array(), "{kind}");
        let csv = site.run(&["get", kind, "-o", "csv"]).await.ended_with(0);
        assert!(csv.stdout.lines().next().is_some_and(|header| header.contains(',')), "{kind}: {csv:?}");
    }
    for kind in ["matches", "players", "ledger", "deployments", "credits"] {
        let empty = site.run(&["get", kind, "--json"]).await.ended_with(0);
        assert_eq!(empty.json(), serde_json::json!([]));
        assert!(empty.stderr.contains("no account for this is connected"), "{empty:?}");
    }
    let doctor = site.run(&["doctor", "-o", "json"]).await;
    assert!(matches!(doctor.code, 0 | 3), "{doctor:?}");
    assert!(doctor.json().as_array().is_some_and(|findings| !findings.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_engine_lists_orders_with_their_servers_and_knows_no_unknown_order() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(0);
    site.run(&["engine", "stop"]).await.ended_with(0);
    // Nothing is remembered: what is listed was read now.
    std::fs::remove_dir_all(site.file("data")).unwrap();
    let listed = site.run(&["get", "orders", "-o", "json"]).await.ended_with(0).json();
    assert!(listed[0]["server"].is_object(), "the servers were waited for: {listed:#}");
    let unknown = site.run(&["order", "provision", "ord-404", "--yes"]).await.ended_with(3);
    assert!(unknown.stderr.contains("ord-404"), "{unknown:?}");
    site.run(&["order", "take-over", "ord-1", "--yes", "--name", "ord-1"]).await.ended_with(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_goes_out_and_in_again_unchanged() {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    site.run(&["order", "provision", "ord-1", "--yes"]).await.ended_with(0);
    let beside = site.run(&["store", "verify"]).await.ended_with(0).json();
    assert_eq!(beside["tables"]["state"]["is"], "in_use", "only the log can be read beside an engine");
    site.run(&["store", "export"]).await.ended_with(0);
    for busy in ["compact", "rebuild", "import"] {
        site.run(&["store", busy]).await.ended_with(4);
    }
    site.run(&["engine", "stop"]).await.ended_with(0);
    let sound = site.run(&["store", "verify"]).await.ended_with(0).json();
    assert!(sound["records"].as_u64().is_some_and(|records| records > 0), "{sound:#}");
    let file = site.file("export.jsonl").display().to_string();
    site.run(&["store", "export", &file]).await.ended_with(0);
    site.run(&["store", "export", &file]).await.ended_with(3);
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(first.lines().count() > 5 && first.contains("ord-1"), "{first}");

    let other = site.file("other");
    let import = |arguments: &[&str]| crate::site::finish(site.command_in(&other, arguments));
    import(&["store", "import", &file]).await.ended_with(0);
    import(&["store", "verify"]).await.ended_with(0);
    let again = import(&["store", "export"]).await.ended_with(0);
    assert_eq!(again.stdout, first, "what went in comes out");
    site.run(&["store", "compact"]).await.ended_with(0);
    site.run(&["store", "rebuild"]).await.ended_with(0);
    site.run(&["store", "verify"]).await.ended_with(0);
    let runs = site.run(&["get", "runs", "-o", "json"]).await.ended_with(0).json();
    assert_eq!(runs[0]["status"].as_str().map(str::to_lowercase).as_deref(), Some("succeeded"), "{runs:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_its_documents() {
    let site = Site::start().await;
    for shell in ["bash", "zsh", "fish"] {
        let script = site.run(&["completions", shell]).await.ended_with(0);
        assert!(script.stdout.contains("quarterdeck") && script.stdout.contains("provision"), "{shell}");
    }
    let man = site.run(&["man"]).await.ended_with(0);
    assert!(man.stdout.contains(".TH") && man.stdout.contains("quarterdeck"), "{}", man.stdout);
    let sample = site.run(&["config", "init", "--stdout"]).await.ended_with(0).stdout;
    assert!(sample.contains("application_key"), "{sample}");
    std::fs::write(site.file("config.toml"), &sample).unwrap();
    site.run(&["config", "show"]).await.ended_with(0);
    let kept = site.run(&["config", "init"]).await.ended_with(2);
    assert!(kept.stderr.contains("config.toml"), "never over a file that is there: {kept:?}");
    std::fs::remove_file(site.file("config.toml")).unwrap();
    site.run(&["config", "init"]).await.ended_with(0);
    assert_eq!(std::fs::read_to_string(site.file("config.toml")).unwrap(), sample);
}
