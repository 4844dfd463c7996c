//! What a key press costs the console: frames with few and many rows, filter, sort, key to bytes.
//!
//! Run with `cargo bench --bench console`.

#[path = "../support/large_site.rs"]
mod large_site;

use criterion::{Criterion, criterion_group, criterion_main};
use quarterdeck::console::app::App;
use quarterdeck::console::keys::Key;
use quarterdeck::console::screen::Screen;
use quarterdeck::console::{ConsoleSettings, TerminalEnvironment, registry};
use quarterdeck::link::LinkEvent;
use std::hint::black_box;

/// A console over this many servers with every server listed, and its screen.
fn console(servers: usize) -> (App, Screen) {
    let now = large_site::NOW;
    let environment = TerminalEnvironment { colour_term: "truecolor".to_owned(), ..Default::default() };
    let mut app = App::new(&ConsoleSettings::default(), &environment, registry(), now);
    app.on_link(LinkEvent::Snapshot, now);
    app.on_link(LinkEvent::Changes { sequence: 1, changes: large_site::changes(servers, now) }, now);
    app.on_link(LinkEvent::SnapshotEnd, now);
    press(&mut app, "2");
    press(&mut app, "enter");
    let mut screen = Screen::new(200, 50);
    app.frame(&mut screen, now);
    (app, screen)
}

fn press(app: &mut App, key: &str) {
    if let Ok(key) = Key::parse(key) {
        app.on_key(key, large_site::NOW);
    }
}

fn benches(criterion: &mut Criterion) {
    for servers in [100, 1_000, 10_000, 100_000] {
        let (mut app, mut screen) = console(servers);
        let mut is_down = false;
        criterion.bench_function(&format!("key to bytes, {servers} servers"), |bencher| {
            bencher.iter(|| {
                is_down = !is_down;
                press(&mut app, if is_down { "down" } else { "up" });
                black_box(app.frame(&mut screen, large_site::NOW).len())
            });
        });
        criterion.bench_function(&format!("whole frame, {servers} servers"), |bencher| {
            bencher.iter(|| {
                press(&mut app, "ctrl-l");
                black_box(app.frame(&mut screen, large_site::NOW).len())
            });
        });
        criterion.bench_function(&format!("sort, {servers} servers"), |bencher| {
            bencher.iter(|| {
                press(&mut app, "O");
                black_box(app.frame(&mut screen, large_site::NOW).len())
            });
        });
        criterion.bench_function(&format!("filter, {servers} servers"), |bencher| {
            bencher.iter(|| {
                for key in ["/", "9", "9", "esc"] {
                    press(&mut app, key);
                }
                black_box(app.frame(&mut screen, large_site::NOW).len())
            });
        });
    }
}

criterion_group!(console_benches, benches);
criterion_main!(console_benches);
