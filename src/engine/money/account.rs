//! What every account with prepaid money can be asked, whoever keeps it.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::engine::poll::Source;
use crate::model::ids::AccountId;
use crate::model::problem::Problem;

/// An account whose balance and servers are read into the books.
pub trait PrepaidAccount: Send + Sync {
    /// Its configured name.
    fn account(&self) -> &AccountId;

    /// What it logs in with, in a word: `token`.
    fn login(&self) -> &'static str;

    /// Asks for the balance at once: whether the login is accepted.
    ///
    /// # Errors
    /// As the provider refuses or fails.
    fn check(&self) -> BoxFuture<'_, Result<(), Problem>>;

    /// The pollers' sources: servers first, so that what burns is known when a balance is read.
    fn sources(self: Arc<Self>) -> [Arc<dyn Source>; 2];
}
