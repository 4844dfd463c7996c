//! The views that the app puts on screen: the tabs, and those that are opened above whatever is in front.

use super::app::Registry;
use super::component::Component;
use super::dialogs::doctor::DoctorView;
use super::layers::TABS;
use super::runs_view::RunsView;

/// Every view of the console.
#[must_use]
pub fn registry() -> Registry {
    Registry { tabs: TABS.iter().map(|tab| super::tabs::component(*tab)).collect(), runs, doctor }
}

/// Every run.
#[must_use]
pub fn runs() -> Box<dyn Component> {
    Box::new(RunsView::default())
}

/// Every alignment check.
#[must_use]
pub fn doctor() -> Box<dyn Component> {
    Box::new(DoctorView::default())
}
