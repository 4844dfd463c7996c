//! The five tabs. One screen, one file; what every list shares is in [`list`].

pub mod credit_servers;
pub mod credits;
pub mod deployments;
pub mod list;
pub mod matches;
pub mod nodes;
mod not_connected;
pub mod orders;
pub mod servers;

use super::component::Component;
use crate::model::request::Tab;

/// The component of a tab.
#[must_use]
pub fn component(tab: Tab) -> Box<dyn Component> {
    match tab {
        Tab::Orders => Box::new(orders::OrdersTab::default()),
        Tab::Nodes => Box::new(nodes::NodesTab::default()),
        Tab::Matches => Box::new(matches::MatchesTab::default()),
        Tab::Deployments => Box::new(deployments::tab()),
        Tab::Credits => Box::new(credits::CreditsTab::default()),
    }
}
