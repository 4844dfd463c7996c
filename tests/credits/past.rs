//! Books of a long past: condensed they are those of a full replay, and every snapshot comes back whole.

use quarterdeck::engine::money::condensed::{self, Condensed};
use quarterdeck::engine::money::requests::history;
use quarterdeck::engine::money::snapshot::SnapshotKind;
use quarterdeck::engine::money::snapshots;
use quarterdeck::model::time::Timestamp;
use quarterdeck::store::{RecordKind, Store};
use rust_decimal::Decimal;

use crate::credits_past::{DAY_MS, END, keeper, open, past, payer};

/// The name under which the books cache what they come to.
const CACHE: &str = "money/books/1";

fn replayed(store: &Store) -> Condensed {
    condensed::read_behind(store, Condensed::default()).expect("readable")
}

fn ago(days: i64) -> Timestamp {
    Timestamp(END.0 - days * DAY_MS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn condensed_books_are_those_of_a_full_replay_however_often_they_were_condensed() {
    for seed in 0..4 {
        let dir = tempfile::tempdir().expect("a folder");
        let cuts = [ago(9), ago(6), ago(5), ago(1), END];
        for (number, span) in cuts.windows(2).enumerate() {
            past(seed * 10 + number as u64, 7, span[0], span[1]).write(dir.path()).await.expect("written");
            let store = open(dir.path());
            let condensed = condensed::read(&store).expect("readable");
            assert_eq!(condensed, replayed(&store), "seed {seed}, span {number}");
            assert_eq!(store.get_cache(CACHE).expect("readable"), Some(condensed.clone()), "it is cached");
            assert_eq!(condensed, condensed::read(&store).expect("readable"), "and from the cache alone");
            assert_eq!(condensed.books.len(), 5);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cached_of_another_log_or_is_damaged_is_made_anew() {
    let dirs = [1, 2].map(|_| tempfile::tempdir().expect("a folder"));
    for (seed, dir) in (1..).zip(&dirs) {
        past(seed, 4, ago(3), END).write(dir.path()).await.expect("written");
    }
    let [one, other] = [0, 1].map(|number| open(dirs[number].path()));
    let foreign: Condensed = condensed::read(&other).expect("readable");
    assert_ne!(foreign, replayed(&one));
    one.put_cache(CACHE, &foreign).expect("kept");
    assert_eq!(condensed::read(&one).expect("readable"), replayed(&one));
    one.put_cache(CACHE, "no books at all").expect("kept");
    assert_eq!(condensed::read(&one).expect("readable"), replayed(&one));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_of_a_span_are_whole_and_few_of_them_are_kept_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let past = past(3, 6, ago(4), END);
    past.write(dir.path()).await.expect("written");
    let store = open(dir.path());
    let all = snapshots::between(&store, ago(5), END).expect("readable");
    let kept = store.records(RecordKind::Snapshot).expect("readable");
    assert_eq!(all.len(), kept.len());
    let whole = kept.iter().filter(|record| record.body.get("since").is_none()).count();
    assert!(whole <= 11, "{whole} of {}", kept.len());
    for snapshot in &all {
        let names: Vec<&str> = snapshot.servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names.len(), 6, "{}", snapshot.slot);
        assert!(names.is_sorted());
        let running = snapshot.servers.iter().filter(|server| server.is_running).count();
        assert_eq!(usize::try_from(snapshot.running).expect("few"), running);
    }
    let some = snapshots::between(&store, ago(2), ago(1)).expect("readable");
    let expected: Vec<_> =
        all.iter().filter(|one| ago(2) <= one.taken_at && one.taken_at <= ago(1)).cloned().collect();
    assert_eq!(some, expected);
    assert!(some.iter().any(|one| one.kind == SnapshotKind::EndOfDay));
    for pair in all.windows(2) {
        let around = snapshots::around(&store, pair[0].taken_at).expect("readable");
        let last = all.iter().rfind(|one| one.taken_at <= pair[0].taken_at);
        assert_eq!(around.0.as_ref(), last);
        assert_eq!(around.1.as_ref(), all.iter().find(|one| one.taken_at > pair[0].taken_at));
    }
    assert_eq!(snapshots::last(&store).expect("readable").as_ref(), all.last());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_ends_at_what_was_given_and_its_history_adds_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let past = past(5, 6, ago(20), END);
    past.write(dir.path()).await.expect("written");
    let store = open(dir.path());
    let (keeper, _) = keeper(&store);
    for given in &past.balances {
        let key = &given.ends_at.key;
        let whole = history(&keeper, key, ago(20), END, 480).await.expect("a history");
        assert_eq!(whole.points.last().expect("points").balance, Some(given.ends_at.amount));
        let spent: Decimal = whole.points.iter().map(|point| point.spent).sum();
        assert!(spent > Decimal::ZERO);
        assert_eq!(whole.days.iter().map(|day| day.spend.spent).sum::<Decimal>(), spent);
        assert!(whole.points.iter().any(|point| point.is_gap), "a night was missed");
        // Spans beside each other come to the whole, in total and by server.
        let mut parts = Decimal::ZERO;
        let mut by_server = Decimal::ZERO;
        for span in [ago(20), ago(13), ago(2), END].windows(2) {
            let told = history(&keeper, key, span[0], span[1], 100).await.expect("a history");
            parts += told.points.iter().map(|point| point.spent).sum::<Decimal>();
            by_server += told.by_server.iter().map(|(.., sum)| *sum).sum::<Decimal>();
        }
        assert_eq!(parts, spent);
        let whole: Decimal = whole.by_server.iter().map(|(.., sum)| *sum).sum();
        assert!((by_server - whole).abs() < Decimal::new(1, 4), "{by_server} and {whole}");
    }
    assert_eq!(past.balances[1].ends_at.key, payer(1));
}
