//! The console over 10,000 servers that exist only here: what is measured beside `minimal_table` in the same run.
//! No engine, no socket; the link's other end hands out one snapshot and then stays silent.

#[path = "../support/large_site.rs"]
mod large_site;

use std::sync::Arc;

use quarterdeck::cli::clock::SystemClock;
use quarterdeck::console::{ConsoleSettings, TerminalEnvironment, run};
use quarterdeck::link::{LinkClient, LinkEvent};
use quarterdeck::model::time::Clock;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (link, peer) = LinkClient::pair();
        let now = SystemClock.now();
        peer.events.send(LinkEvent::Snapshot).await?;
        let events = peer.events.clone();
        tokio::spawn(async move {
            for (sequence, changes) in (1..).zip(large_site::changes(servers, now).chunks(500)) {
                let sent = events.send(LinkEvent::Changes { sequence, changes: changes.to_vec() }).await;
                if sent.is_err() {
                    return;
                }
            }
            let _sent = events.send(LinkEvent::SnapshotEnd).await;
        });
        let environment = TerminalEnvironment::read(|name| std::env::var(name).ok());
        run(link, ConsoleSettings::default(), environment, Arc::new(SystemClock)).await?;
        drop(peer);
        Ok(())
    })
}
