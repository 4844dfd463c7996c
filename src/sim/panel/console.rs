//! What a server says on its console: a pure function of seed, server and second, plus what its node keeps.

use super::entities::{Game, Server};
use super::life::LOG_LINES;
use super::usage;
use crate::model::server::PowerState;
use crate::model::time::Timestamp;
use crate::sim::random;

/// What an install script prints.
pub(super) const INSTALL_LINES: &[&str] = &[
    "Pulling docker image ghcr.io/pterodactyl/installers:alpine…",
    "fetch https://dl-cdn.alpinelinux.org/alpine/v3.20/main",
    "OK: 14 MiB in 26 packages",
    "Downloading server files",
    "Verifying checksums",
    "\u{1b}[32mInstall complete.\u{1b}[0m",
];

const NAMES: &[&str] = &[
    "Steve_42",
    "mxriella",
    "DrHoneydew",
    "kr0nos",
    "Lilou",
    "PotatoKnight",
    "n1ghtf0x",
    "Ahri",
    "bjorn_",
    "Cookie",
    "sasha07",
    "TheRealOwl",
];

fn name(seed: u64, parts: &[u64]) -> &'static str {
    let at = usize::try_from(random::mix(seed, parts)).unwrap_or(0) % NAMES.len();
    NAMES.get(at).copied().unwrap_or("Steve")
}

/// The line of one second, if there is one: boots talk a lot, quiet servers hardly.
fn line_of_second(seed: u64, server: &Server, game: Game, second: i64) -> Option<String> {
    let moment = Timestamp(second * 1_000);
    let id = server.id.cast_unsigned();
    let parts = [id, second.cast_unsigned(), 21];
    let luck = random::share(seed, &parts);
    if server.process.state == PowerState::Starting {
        return (luck < 0.7)
            .then(|| boot_line(game, random::mix(seed, &[id, second.cast_unsigned(), 22]), moment));
    }
    let players = usage::players(seed, server, game, moment);
    if luck > 0.04 + players * 0.012 {
        return None;
    }
    Some(talk(
        game,
        name(seed, &[id, second.cast_unsigned(), 23]),
        random::mix(seed, &[id, second.cast_unsigned(), 24]),
        moment,
    ))
}

fn clock(at: Timestamp) -> String {
    at.to_datetime().format("%H:%M:%S").to_string()
}

fn boot_line(game: Game, luck: u64, at: Timestamp) -> String {
    let time = clock(at);
    let step = luck % 4;
    match game {
        Game::Minecraft | Game::Proxy => match step {
            0 => format!("\u{1b}[90m[{time}\u{1b}[90m INFO]: \u{1b}[0mPreparing spawn area: {}%", luck % 100),
            1 => format!("[{time} INFO]: Loading libraries, please wait..."),
            2 => format!(
                "\u{1b}[33m[{time} WARN]: Ambiguity between arguments [teleport, destination]\u{1b}[0m"
            ),
            _ => format!(
                "[{time} INFO]: Environment: Environment[sessionHost=https://sessionserver.mojang.com]"
            ),
        },
        Game::CounterStrike => format!("Loading map resource {:04x}", luck & 0xffff),
        Game::Valheim => format!(
            "{}: Loading location {} of 9021",
            at.to_datetime().format("%m/%d/%Y %H:%M:%S"),
            luck % 9021
        ),
        Game::Rust => format!("Spawning monuments… {}%", luck % 100),
        Game::Other => format!("{time}|INFO    |starting module {}", luck % 32),
    }
}

fn talk(game: Game, who: &str, luck: u64, at: Timestamp) -> String {
    let time = clock(at);
    let step = luck % 5;
    match game {
        Game::Minecraft => match step {
            0 => format!("[{time} INFO]: {who} joined the game"),
            1 => format!("[{time} INFO]: {who} left the game"),
            2 => format!("[{time} INFO]: <{who}> anyone has spare iron?"),
            3 => format!(
                "\u{1b}[33m[{time} WARN]: Can't keep up! Is the server overloaded? Running {}ms behind\u{1b}[0m",
                2_000 + luck % 4_000
            ),
            _ => {
                format!("[{time} INFO]: \u{1b}[32m{who} has made the advancement [Acquire Hardware]\u{1b}[0m")
            }
        },
        Game::Proxy => {
            format!("[{time} INFO]: [connected player] {who} (/198.51.100.{}) -> lobby", luck % 250)
        }
        Game::CounterStrike => match step {
            0 => format!("\"{who}<{}><STEAM_1:0:{}><>\" entered the game", luck % 64, luck % 9_999_999),
            1 => "World triggered \"Round_Start\"".to_owned(),
            2 => "Team \"CT\" triggered \"SFUI_Notice_CTs_Win\"".to_owned(),
            _ => format!(
                "\"{who}<{}>\" killed \"{}\" with \"ak47\"",
                luck % 64,
                NAMES.first().copied().unwrap_or("bot")
            ),
        },
        Game::Valheim => format!(
            "{}: Got character ZDOID from {who} : {}:1",
            at.to_datetime().format("%m/%d/%Y %H:%M:%S"),
            luck % 1_000_000
        ),
        Game::Rust => match step {
            0 => format!("{who}[7656119{:010}] joined [windows]", luck % 10_000_000_000),
            1 => format!("{who} was killed by bear"),
            _ => format!("Saved {} ents, serialization(0.04), write(0.01)", 40_000 + luck % 30_000),
        },
        Game::Other => format!("{time}|INFO    |client connected '{who}' from 198.51.100.{}", luck % 250),
    }
}

/// The lines of a running server after `from` up to `to`, oldest first, at most [`LOG_LINES`].
pub(super) fn lines_between(
    seed: u64,
    server: &Server,
    game: Game,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, String)> {
    if !matches!(server.process.state, PowerState::Running | PowerState::Starting) {
        return Vec::new();
    }
    let begin = from.max(server.process.started_at).0.div_euclid(1_000) + 1;
    let end = to.0.div_euclid(1_000);
    let mut lines: Vec<(Timestamp, String)> = (begin.max(end - 3_600)..=end)
        .rev()
        .filter_map(|second| {
            line_of_second(seed, server, game, second).map(|line| (Timestamp(second * 1_000), line))
        })
        .take(LOG_LINES)
        .collect();
    lines.reverse();
    lines
}

/// What `send logs` replays: the last [`LOG_LINES`] lines, generated and kept ones in order; nothing when offline.
pub(super) fn backlog(seed: u64, server: &Server, game: Game, now: Timestamp) -> Vec<String> {
    if server.process.state == PowerState::Offline {
        return Vec::new();
    }
    let mut lines = lines_between(seed, server, game, Timestamp(0), now);
    lines.extend(server.process.log.iter().filter(|(at, _)| *at <= now).cloned());
    lines.sort_by_key(|(at, _)| *at);
    let skip = lines.len().saturating_sub(LOG_LINES);
    lines.into_iter().skip(skip).map(|(_, line)| line).collect()
}
