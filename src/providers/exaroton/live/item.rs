//! What a live stream yields.

use crate::model::credits::CreditServer;
use crate::model::request::ConsoleItem;
use crate::model::server::Usage;
use crate::model::time::Timestamp;
use crate::providers::live_queue;

/// One item of a server's live stream.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveItem {
    /// The socket is up and ready.
    Connected,
    /// The server as it is now: after connecting, at every change of state, whenever a player comes or goes. Memory unknown
    /// and payer undecided, as in the list.
    Server(Box<CreditServer>),
    /// The link to the running game is up.
    GameConnected,
    /// The link to the running game is down, and the provider's word for why.
    GameDisconnected(String),
    /// The console takes commands.
    ConsoleOpen,
    /// A line of output, sanitised, colours removed.
    Line(String),
    /// How long a tick takes; more than 50 ms is lag.
    Tick {
        /// Milliseconds, on average.
        average_ms: f64,
        /// When.
        observed_at: Timestamp,
    },
    /// Memory and processor.
    Usage(LiveUsage),
    /// Memory that the game itself uses.
    Heap {
        /// Bytes.
        bytes: u64,
        /// When.
        observed_at: Timestamp,
    },
    /// The game notifies over its management protocol.
    Notified {
        /// `minecraft:notification/players/joined`, sanitised.
        name: String,
        /// As the game says it: texts in it are not sanitised.
        data: serde_json::Value,
    },
    /// So many lines were lost, because the reader was slow.
    Lost(u64),
    /// The connection broke; it is being made again, and why.
    Reconnecting(String),
    /// The stream is over, and why.
    Closed(String),
}

/// What a server uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveUsage {
    /// Percent of its memory.
    pub memory_percent: f64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Percent of its processor share, where told.
    pub cpu_percent: Option<f64>,
    /// When this was observed.
    pub observed_at: Timestamp,
}

impl LiveItem {
    /// The item as a console shows it; nothing for what a console has no word for.
    #[must_use]
    pub fn into_console_item(self) -> Option<ConsoleItem> {
        Some(match self {
            Self::Connected => ConsoleItem::Connected,
            Self::Server(server) => ConsoleItem::Power(server.status.power()),
            Self::GameDisconnected(reason) => {
                ConsoleItem::Daemon(format!("the game is not connected ({reason})"))
            }
            Self::Line(line) => ConsoleItem::Line(line),
            Self::Usage(usage) => ConsoleItem::Usage(usage.into()),
            Self::Lost(count) => ConsoleItem::Lost(count),
            Self::Reconnecting(why) => ConsoleItem::Reconnecting(why),
            Self::Closed(why) => ConsoleItem::Closed(why),
            Self::Tick { average_ms, .. } => ConsoleItem::Tick(shortened(average_ms)),
            Self::Heap { bytes, .. } => ConsoleItem::Heap(bytes),
            Self::GameConnected | Self::ConsoleOpen | Self::Notified { .. } => return None,
        })
    }
}

/// As exact as a screen shows it.
#[expect(clippy::cast_possible_truncation, reason = "percentages and milliseconds on a screen")]
fn shortened(value: f64) -> f32 {
    value as f32
}

impl From<LiveUsage> for Usage {
    fn from(usage: LiveUsage) -> Self {
        Self {
            cpu_percent: shortened(usage.cpu_percent.unwrap_or(0.0)),
            memory_bytes: usage.memory_bytes,
            disk_bytes: 0,
            network_rx_bytes: 0,
            network_tx_bytes: 0,
            uptime_ms: 0,
            observed_at: usage.observed_at,
        }
    }
}

impl live_queue::LiveItem for LiveItem {
    fn is_line(&self) -> bool {
        matches!(self, Self::Line(_))
    }

    fn replaces(&self, previous: &Self) -> bool {
        matches!(
            (self, previous),
            (Self::Usage(_), Self::Usage(_))
                | (Self::Tick { .. }, Self::Tick { .. })
                | (Self::Heap { .. }, Self::Heap { .. })
        )
    }

    fn lost(count: u64) -> Self {
        Self::Lost(count)
    }
}
