//! The daemon's socket protocol: JSON text frames `{"event","args"}` both ways (`providers/pterodactyl.md` §4.6).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::server::{PowerSignal, PowerState};
use crate::providers::console_text::lines;
use crate::providers::pterodactyl::wire::plain;

/// One frame of the daemon, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A token was accepted.
    AuthSuccess,
    /// The process state changed.
    Status(PowerState),
    /// Live use.
    Stats(SocketStats),
    /// Lines of the server, sanitised.
    Output(Vec<String>),
    /// Lines of the daemon or the install script, sanitised.
    Daemon(Vec<String>),
    /// The daemon reports an error of its own; before a token was accepted it means the token.
    DaemonError(String),
    /// Something about the token.
    Jwt(JwtFault),
    /// The token ends within a minute, or has ended.
    TokenExpiring,
    /// The server was deleted.
    Deleted,
    /// The daemon dropped something that was sent.
    Throttled,
    /// An event of no concern here, or a newer daemon's.
    Other,
    /// No frame of this protocol.
    Unreadable,
}

/// What is wrong with a token, told by the fixed parts of the daemon's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtFault {
    /// Expired, or older than the daemon's restart: another token helps.
    Stale,
    /// Nothing was accepted yet on this socket.
    Missing,
    /// Another token would be refused as well.
    Fatal,
}

/// The numbers of a `stats` event.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SocketStats {
    /// The process state.
    pub power: Option<PowerState>,
    /// Percent of one core.
    pub cpu_percent: f64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes received.
    pub network_rx_bytes: u64,
    /// Bytes sent.
    pub network_tx_bytes: u64,
    /// Milliseconds since the start.
    pub uptime_ms: u64,
}

/// What is said to the daemon.
#[derive(Clone, Copy)]
pub enum Say<'a> {
    /// A token, at first and to renew it.
    Auth(&'a str),
    /// Ask for the last lines.
    SendLogs,
    /// Ask for use and state.
    SendStats,
    /// A power signal.
    SetState(PowerSignal),
    /// A line for the server.
    Command(&'a str),
}

impl Say<'_> {
    /// The frame. Always one argument: the daemon joins several without a separator.
    #[must_use]
    pub fn frame(self) -> String {
        let (event, args) = match self {
            Self::Auth(token) => ("auth", json!([token])),
            Self::SendLogs => ("send logs", json!([])),
            Self::SendStats => ("send stats", json!([])),
            Self::SetState(signal) => ("set state", json!([signal.word()])),
            Self::Command(line) => ("send command", json!([line])),
        };
        json!({ "event": event, "args": args }).to_string()
    }
}

#[derive(Deserialize)]
struct Frame {
    event: String,
    #[serde(default)]
    args: Option<Vec<Value>>,
}

/// Reads one text frame; never fails, what cannot be read is [`Heard::Unreadable`].
#[must_use]
pub fn hear(text: &str) -> Heard {
    let Ok(frame) = serde_json::from_str::<Frame>(text) else { return Heard::Unreadable };
    let argument = frame.args.unwrap_or_default().iter().filter_map(plain).collect::<String>();
    match frame.event.as_str() {
        "auth success" => Heard::AuthSuccess,
        "status" => Heard::Status(PowerState::from_word(&argument)),
        "stats" => stats(&argument).map_or(Heard::Unreadable, Heard::Stats),
        "console output" => Heard::Output(lines(&argument)),
        "install output" | "daemon message" | "transfer logs" => Heard::Daemon(lines(&argument)),
        "install started" => Heard::Daemon(vec!["install started".to_owned()]),
        // Sent for success and failure alike; the server's status tells which.
        "install completed" => Heard::Daemon(vec!["install ended".to_owned()]),
        "transfer status" => Heard::Daemon(vec![format!("transfer: {}", one_line(&argument))]),
        "daemon error" => Heard::DaemonError(one_line(&argument)),
        "jwt error" => Heard::Jwt(jwt_fault(&argument)),
        "token expiring" | "token expired" => Heard::TokenExpiring,
        "deleted" => Heard::Deleted,
        "throttled" => Heard::Throttled,
        _ => Heard::Other,
    }
}

/// The daemon has no codes here: these substrings are its own constants (§4.6).
fn jwt_fault(text: &str) -> JwtFault {
    if text.contains("no jwt present") {
        JwtFault::Missing
    } else if text.contains("missing connect permission") || text.contains("server uuid mismatch") {
        JwtFault::Fatal
    } else {
        JwtFault::Stale
    }
}

fn stats(text: &str) -> Option<SocketStats> {
    let value: Value = serde_json::from_str(text).ok()?;
    let object = value.as_object()?;
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
    let network = object.get("network");
    Some(SocketStats {
        power: object.get("state").and_then(Value::as_str).map(PowerState::from_word),
        cpu_percent: object.get("cpu_absolute").and_then(Value::as_f64).unwrap_or(0.0),
        memory_bytes: number(object.get("memory_bytes")),
        disk_bytes: number(object.get("disk_bytes")),
        network_rx_bytes: number(network.and_then(|network| network.get("rx_bytes"))),
        network_tx_bytes: number(network.and_then(|network| network.get("tx_bytes"))),
        uptime_ms: number(object.get("uptime")),
    })
}

fn one_line(text: &str) -> String {
    lines(text).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_of_the_sheet_are_understood() {
        assert_eq!(hear(r#"{"event":"auth success"}"#), Heard::AuthSuccess);
        assert_eq!(hear(r#"{"event":"auth success","args":null}"#), Heard::AuthSuccess);
        assert_eq!(hear(r#"{"event":"status","args":["running"]}"#), Heard::Status(PowerState::Running));
        assert_eq!(hear(r#"{"event":"token expiring"}"#), Heard::TokenExpiring);
        assert_eq!(hear(r#"{"event":"deleted","args":["null"]}"#), Heard::Deleted);
        assert_eq!(hear(r#"{"event":"backup completed:88c4","args":["{}"]}"#), Heard::Other);
        assert_eq!(hear("nonsense"), Heard::Unreadable);
        let output =
            r#"{"event":"console output","args":["\u001b[33m[Pterodactyl]: \u001b[0mhi\r\nthere\r\n"]}"#;
        assert_eq!(hear(output), Heard::Output(vec!["[Pterodactyl]: hi".to_owned(), "there".to_owned()]));
        let progress = r#"{"event":"console output","args":["10%\r55%\r100%\r\n"]}"#;
        assert_eq!(hear(progress), Heard::Output(vec!["100%".to_owned()]));
    }

    #[test]
    fn stats_are_read_from_their_text() {
        let frame = json!({"event": "stats", "args": [json!({
            "memory_bytes": 1_823_449_088_u64, "memory_limit_bytes": 4_505_600_000_u64, "cpu_absolute": 37.512,
            "network": {"rx_bytes": 482_113, "tx_bytes": 1_939_921}, "uptime": 3_600_250, "state": "running",
            "disk_bytes": 913_840_128
        }).to_string()]});
        let Heard::Stats(stats) = hear(&frame.to_string()) else { panic!("stats") };
        assert_eq!(stats.power, Some(PowerState::Running));
        assert_eq!(
            (stats.memory_bytes, stats.network_rx_bytes, stats.uptime_ms),
            (1_823_449_088, 482_113, 3_600_250)
        );
    }

    #[test]
    fn token_errors_are_told_apart() {
        let heard = |text: &str| hear(&json!({"event": "jwt error", "args": [text]}).to_string());
        assert_eq!(heard("jwt: exp claim is invalid"), Heard::Jwt(JwtFault::Stale));
        assert_eq!(heard("jwt: created too far in past (denylist)"), Heard::Jwt(JwtFault::Stale));
        assert_eq!(heard("jwt: no jwt present"), Heard::Jwt(JwtFault::Missing));
        assert_eq!(heard("jwt: missing connect permission"), Heard::Jwt(JwtFault::Fatal));
    }

    #[test]
    fn what_is_said_has_one_argument() {
        assert_eq!(Say::SetState(PowerSignal::Kill).frame(), r#"{"args":["kill"],"event":"set state"}"#);
        assert_eq!(Say::Command("say \"hi\"").frame(), r#"{"args":["say \"hi\""],"event":"send command"}"#);
    }

    proptest! {
        #[test]
        fn any_text_is_heard_without_panic_and_safe_to_draw(text in any::<String>(), event in "[a-z ]{0,16}") {
            let _ = hear(&text);
            for event in [event.as_str(), "console output", "stats", "jwt error", "daemon error", "status"] {
                let heard = hear(&json!({"event": event, "args": [text]}).to_string());
                if let Heard::Output(lines) = heard {
                    prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
                }
            }
        }
    }
}
