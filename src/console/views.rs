//! The views that are no tab: opened above whatever is in front.

use super::component::Component;
use super::dialogs::doctor::DoctorView;
use super::runs_view::RunsView;

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
