//! What a running server uses at a moment: curves that are a pure function of seed, server and world time.
//!
//! Players come in waves over the day; processor, network and some of the memory follow them.

use super::entities::{Game, Server};
use crate::model::server::PowerState;
use crate::model::time::Timestamp;
use crate::sim::random::{self, noise, share, to_u64};

/// What one server uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Use {
    pub(super) memory_bytes: u64,
    pub(super) cpu_percent: f64,
    pub(super) disk_bytes: u64,
    pub(super) network_rx_bytes: u64,
    pub(super) network_tx_bytes: u64,
    pub(super) uptime_ms: u64,
}

const MIB: f64 = 1_048_576.0;
const DAY_MS: f64 = 86_400_000.0;

/// Shape of a game: memory at rest and at full house as shares of the limit, processor percent per player, kB/s per player.
struct Shape {
    rest: f64,
    full: f64,
    idle_cpu: f64,
    cpu_per_player: f64,
    rx_per_player: f64,
    tx_per_player: f64,
    most_players: f64,
}

fn shape(game: Game) -> Shape {
    let of = |rest, full, idle_cpu, cpu_per_player, rx_per_player, tx_per_player, most_players| Shape {
        rest,
        full,
        idle_cpu,
        cpu_per_player,
        rx_per_player,
        tx_per_player,
        most_players,
    };
    match game {
        Game::Minecraft => of(0.42, 0.86, 9.0, 5.5, 3.0, 14.0, 24.0),
        Game::Proxy => of(0.25, 0.45, 2.0, 0.6, 6.0, 9.0, 80.0),
        Game::CounterStrike => of(0.35, 0.55, 12.0, 8.0, 9.0, 22.0, 12.0),
        Game::Valheim => of(0.50, 0.80, 22.0, 9.0, 6.0, 11.0, 10.0),
        Game::Rust => of(0.55, 0.93, 18.0, 2.2, 8.0, 16.0, 90.0),
        Game::Other => of(0.30, 0.60, 4.0, 3.0, 2.0, 4.0, 16.0),
    }
}

/// How many players are on at a moment: a wave over the day, a popularity of the server, and noise over some minutes.
pub(super) fn players(seed: u64, server: &Server, game: Game, now: Timestamp) -> f64 {
    if server.process.state != PowerState::Running {
        return 0.0;
    }
    let shape = shape(game);
    let id = server.id.cast_unsigned();
    let popularity = share(seed, &[id, 11]).powf(1.5);
    let phase = share(seed, &[id, 12]) * 0.2;
    let day = (now.0 as f64 / DAY_MS + phase).fract();
    let evening = (0.5 - 0.5 * (day * std::f64::consts::TAU - 0.6).cos()).powf(1.6);
    let wobble = 0.55 + 0.9 * noise(seed, &[id, 13], now.0 as f64 / 420_000.0);
    let minutes_up = server.process.uptime_ms(now) as f64 / 60_000.0;
    let arriving = 1.0 - (-minutes_up / 6.0).exp();
    (shape.most_players * popularity * evening * wobble * arriving).min(shape.most_players).floor()
}

/// What the server uses now.
pub(super) fn usage(seed: u64, server: &Server, game: Game, now: Timestamp) -> Use {
    let process = &server.process;
    let disk_bytes = disk(seed, server, now);
    if process.state == PowerState::Offline {
        return Use {
            memory_bytes: 0,
            cpu_percent: 0.0,
            disk_bytes,
            network_rx_bytes: 0,
            network_tx_bytes: 0,
            uptime_ms: 0,
        };
    }
    let shape = shape(game);
    let id = server.id.cast_unsigned();
    let players = players(seed, server, game, now);
    let crowd = players / shape.most_players;
    let uptime_ms = process.uptime_ms(now);
    let up_s = uptime_ms as f64 / 1000.0;
    let limit = if server.limits.memory_mib == 0 { 4096.0 } else { server.limits.memory_mib as f64 } * MIB;
    let warm = 1.0 - (-up_s / 40.0).exp();
    let breath = noise(seed, &[id, 14], now.0 as f64 / 9_000.0) * 0.04;
    let memory = limit * ((shape.rest + (shape.full - shape.rest) * crowd) * (0.35 + 0.65 * warm) + breath);
    let boot =
        if process.state == PowerState::Starting { 110.0 + 60.0 * share(seed, &[id, 15]) } else { 0.0 };
    let jitter = 0.75 + 0.5 * noise(seed, &[id, 16], now.0 as f64 / 1_500.0);
    let cpu = (boot + shape.idle_cpu + shape.cpu_per_player * players) * jitter;
    let cap = if server.limits.cpu_percent == 0 { 800.0 } else { server.limits.cpu_percent as f64 };
    // Counters grow with the mean crowd of the day, not the present one, so that they never go back.
    let mean_players = shape.most_players * share(seed, &[id, 11]).powf(1.5) * 0.45;
    let traffic = |rate: f64, lane: u64| {
        let phase = share(seed, &[id, lane]) * std::f64::consts::TAU;
        to_u64(
            1000.0
                * rate
                * (0.05 + mean_players)
                * (up_s + swell(up_s, 47.0, phase) + swell(up_s, 611.0, phase)),
        )
    };
    Use {
        memory_bytes: to_u64(memory.min(limit * 0.99)),
        cpu_percent: (cpu.min(cap) * 1000.0).round() / 1000.0,
        disk_bytes,
        network_rx_bytes: traffic(shape.rx_per_player, 17),
        network_tx_bytes: traffic(shape.tx_per_player, 18),
        uptime_ms,
    }
}

/// What a wave of this period adds to a counter after `up_s` seconds; its slope stays within 0.45 of one.
fn swell(up_s: f64, period_s: f64, phase: f64) -> f64 {
    let angle = std::f64::consts::TAU * up_s / period_s + phase;
    0.45 * period_s / std::f64::consts::TAU * (phase.cos() - angle.cos())
}

/// The size of the files: they grow with the server's age and stay under the limit.
fn disk(seed: u64, server: &Server, now: Timestamp) -> u64 {
    let id = server.id.cast_unsigned();
    let limit = if server.limits.disk_mib == 0 { 20_480.0 } else { server.limits.disk_mib as f64 } * MIB;
    let base = 0.04 + 0.3 * share(seed, &[id, 19]);
    let days = now.millis_since(server.created_at) as f64 / DAY_MS;
    let growth = 1.0 - (-days / (20.0 + 80.0 * random::share(seed, &[id, 20]))).exp();
    to_u64(limit * (base + 0.55 * growth).min(0.97))
}
