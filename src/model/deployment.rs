//! Deployments: the words of a customer's container. The adapter comes later; the words are fixed here.

use serde::{Deserialize, Serialize};

use super::ids::DeploymentId;
use super::money::Money;
use super::time::Timestamp;

/// What a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentKind {
    /// A website.
    Web,
    /// An HTTP API.
    Api,
    /// A database.
    Database,
}

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Asked for.
    Pending,
    /// Its image is being built.
    Building,
    /// Up.
    Running,
    /// Stopped on purpose.
    Stopped,
    /// Could not be built or started.
    Failed,
}

/// A deployment, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Our id.
    pub id: DeploymentId,
    /// What it is.
    pub kind: DeploymentKind,
    /// Where it stands.
    pub state: DeploymentState,
    /// Who it belongs to.
    pub customer: String,
    /// What it burns now.
    pub burn_per_hour: Option<Money>,
    /// When this was observed.
    pub observed_at: Timestamp,
}
