//! Eggs of all nests; the panel has no list of all eggs (§3.5).

use super::PanelClient;
use crate::model::problem::Problem;
use crate::providers::pterodactyl::endpoint::Endpoint;
use crate::providers::pterodactyl::map;
use crate::providers::pterodactyl::types::Egg;
use crate::providers::pterodactyl::wire::{self, List};
use crate::providers::transport::Priority;

impl PanelClient {
    /// The eggs of all nests, with variables: one call for the nests and one per nest.
    pub async fn eggs(&self, p: Priority) -> Result<Vec<Egg>, Problem> {
        let nests: Vec<wire::Nest> = self.list(Endpoint::Nests, &[], p).await?;
        let mut eggs = Vec::new();
        for nest in nests {
            // The eggs of a nest come in one piece, without pages.
            let query = vec![("include", "variables".to_owned())];
            let list: List<wire::Egg> =
                self.ask_for(Endpoint::Eggs { nest: nest.id }, query, None, p).await?;
            eggs.extend(list.into_items().into_iter().map(|egg| map::egg(egg, nest.id)));
        }
        Ok(eggs)
    }
}
