//! Matches from the command line, on a site that rents no servers: what is wrong is said, and nothing is done.

use crate::site::Site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_needs_an_account_and_players() {
    let site = Site::start().await;
    let create = |more: &[&'static str]| {
        [&["match", "create", "--players1", "76561197960265974=Ann", "--players2", "[U:1:5]"][..], more]
            .concat()
    };
    let none = site.run(&create(&["--yes"])).await.ended_with(3);
    assert!(none.stderr.contains("no account for matches is configured"), "{none:?}");
    let unknown = site.run(&create(&["--account", "dathost", "--dry-run"])).await.ended_with(3);
    assert!(unknown.stderr.contains("dathost"), "{unknown:?}");

    let file = site.file("match.toml");
    std::fs::write(&file, "[team1]\nplayers = ['gaben']\n").unwrap();
    let file = file.display().to_string();
    let wrong = site.run(&["match", "create", "--account", "dathost", "--file", &file]).await.ended_with(3);
    assert!(wrong.stderr.contains("'gaben' is no Steam id"), "{wrong:?}");
    let wrong = site.run(&["match", "create", "--file", "/no/such/file"]).await.ended_with(3);
    assert!(wrong.stderr.contains("/no/such/file"), "{wrong:?}");
    for usage in [
        &["match", "create", "--roster1", "Red", "--team1", "Blue"][..],
        &["match", "settle", "m1", "--score", "thirteen"],
        &["match", "reverse", "m1"],
        &["match", "add-player", "m1", "[U:1:5]", "--team", "3"],
    ] {
        site.run(usage).await.ended_with(2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_that_is_not_there_is_said_to_be_missing() {
    let site = Site::start().await;
    for missing in [
        &["match", "show", "m1"][..],
        &["match", "show", "m1", "--connect"],
        &["match", "cancel", "m1"],
        &["match", "destroy", "m1", "--yes"],
        &["match", "keep", "m1", "--reason", "test"],
        &["match", "settle", "m1"],
        &["match", "reverse", "m1", "--reason", "wrong"],
        &["match", "create", "--roster1", "nobody"],
    ] {
        let ran = site.run(missing).await.ended_with(3);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
    let list = site.run(&["match", "list", "--json"]).await.ended_with(0);
    assert_eq!(list.json(), serde_json::json!([]));
    let csv = site.run(&["get", "players", "-o", "csv"]).await.ended_with(0);
    assert!(csv.stdout.starts_with("player,steam_id,rating,"), "{csv:?}");
}
