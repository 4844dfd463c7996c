//! Identifiers as types of their own, so that one kind cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self { Self(text.to_owned()) }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self { Self(text) }
        }
    )*};
}

text_id! {
    /// The configured name of one set of credentials at a provider.
    AccountId,
    /// The key of an order in its own database, as text.
    OrderId,
    /// The key of a shop plan in the orders database, as text.
    ShopPlanId,
    /// One run of an action: a ULID, so runs sort by their start.
    RunId,
    /// A stored plan of an action: a ULID.
    PlanId,
    /// A CS2 match.
    MatchId,
    /// A customer's deployment.
    DeploymentId,
    /// The operator as named by the console that speaks for them: `user@host`.
    OperatorName,
}

/// An order at its orders database: two shops may count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// The orders database it lives in.
    pub account: AccountId,
    /// The order's own key there.
    pub id: OrderId,
}

/// A shop plan at its orders database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShopPlanKey {
    /// The orders database it lives in.
    pub account: AccountId,
    /// The plan's own key there.
    pub id: ShopPlanId,
}

/// A server at an account: the panel's numeric id for Pterodactyl, text for others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServerKey {
    /// The account that runs it.
    pub account: AccountId,
    /// The provider's own id: all digits at Pterodactyl.
    pub id: String,
}

/// A node (a machine with capacity) at an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeKey {
    /// The account that knows it.
    pub account: AccountId,
    /// The provider's own id: all digits at Pterodactyl.
    pub id: String,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.id)
    }
}

impl fmt::Display for ShopPlanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.id)
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.id)
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.id)
    }
}
