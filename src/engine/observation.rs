//! What somebody saw: the only way anything gets into the fleet.

use crate::model::account::Feed;
use crate::model::condition::IndexRebuild;
use crate::model::credits::CreditServer;
use crate::model::fleet::{Change, Sample, SeriesKey};
use crate::model::game_server::GameServer;
use crate::model::ids::{AccountId, MatchId, OperatorName, ServerKey};
use crate::model::matches::{Match, Settlement};
use crate::model::node::Node;
use crate::model::order::{Order, RegionNode, ShopPlan};
use crate::model::run::Run;
use crate::model::server::{PowerState, Server, Usage};
use crate::model::site::Site;
use crate::model::time::Timestamp;

/// One thing seen. Complete reads replace an account's rows and remove those they miss; the others touch one thing.
#[derive(Debug, Clone)]
pub enum Observation {
    /// The site's description, at start or after a configuration change.
    Site(Box<Site>),
    /// A complete, good read of an orders database.
    Orders {
        /// The database.
        account: AccountId,
        /// When the read began: what was observed on its own later is newer than this read.
        asked_at: Timestamp,
        /// Every order.
        orders: Vec<Order>,
        /// Every plan.
        plans: Vec<ShopPlan>,
        /// The whole map of regions.
        region_nodes: Vec<RegionNode>,
    },
    /// A complete, good read of an account's nodes.
    Nodes {
        /// The account.
        account: AccountId,
        /// When the read began.
        asked_at: Timestamp,
        /// Every node.
        nodes: Vec<Node>,
    },
    /// A complete, good read of an account's servers.
    Servers {
        /// The account.
        account: AccountId,
        /// When the read began.
        asked_at: Timestamp,
        /// Every server.
        servers: Vec<Server>,
    },
    /// One server, read on its own (a run created, changed or looked at it).
    OneServer(Box<Server>),
    /// A server that its provider says is gone.
    ServerGone(ServerKey),
    /// One order, read on its own.
    OneOrder(Box<Order>),
    /// The live part of one server.
    Usage {
        /// Which.
        key: ServerKey,
        /// The daemon's word.
        power: PowerState,
        /// What it uses, where known.
        usage: Option<Usage>,
    },
    /// A feed's condition after an attempt.
    Feed(Box<Feed>),
    /// A run, new or moved.
    Run(Box<Run>),
    /// An operator said that a server shall stay.
    Kept {
        /// Which.
        server: ServerKey,
        /// Who.
        by: OperatorName,
        /// Why.
        reason: String,
        /// Until when; nothing for as long as nobody says otherwise.
        until: Option<Timestamp>,
    },
    /// Points of a series; they go to consoles with the series in focus and are not part of the fleet.
    Samples {
        /// Which series.
        series: SeriesKey,
        /// The points, oldest first.
        points: Vec<Sample>,
    },
    /// A line for everyone.
    Notice {
        /// What happened.
        text: String,
    },
    /// A complete, good read of the servers of an account that burn credits.
    CreditServers {
        /// The account.
        account: AccountId,
        /// When the read began.
        asked_at: Timestamp,
        /// Every server.
        servers: Vec<CreditServer>,
    },
    /// One server that burns credits, read on its own: memory and payer only where known.
    OneCreditServer(Box<CreditServer>),
    /// A complete, good read of the rented game servers of an account.
    GameServers {
        /// The account.
        account: AccountId,
        /// When the read began.
        asked_at: Timestamp,
        /// Every server.
        servers: Vec<GameServer>,
    },
    /// What the books tell: kept already.
    Money(Vec<Change>),
    /// How far the rebuild of the store's index is; nothing when none goes on.
    Rebuild(Option<IndexRebuild>),
    /// A part of the engine ended in a panic.
    PartFailed {
        /// Its name, to begin a sentence with.
        part: String,
    },
    /// A match, new or moved.
    Match(Box<Match>),
    /// A match was settled by hand, or its settlement was taken back.
    MatchSettled {
        /// Which.
        id: MatchId,
        /// What holds now.
        settlement: Option<Box<Settlement>>,
    },
    /// Time has passed: what depends on it (stuck orders) is looked at again.
    Tick,
}
