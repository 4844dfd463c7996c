//! Eggs of all nests; the panel has no list of all eggs (§3.5).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{PanelClient, found};
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

    /// One egg with its variables; nothing when no nest has it. One call once its nest is known, before that one for the
    /// nests and one per nest until it is found.
    pub async fn egg(&self, id: i64, p: Priority) -> Result<Option<Egg>, Problem> {
        let known = self.shared.nests.nest_of(id);
        if let Some(nest) = known
            && let Some(egg) = self.egg_of_nest(nest, id, p).await?
        {
            return Ok(Some(egg));
        }
        let nests: Vec<wire::Nest> = self.list(Endpoint::Nests, &[], p).await?;
        for nest in nests.into_iter().filter(|nest| Some(nest.id) != known) {
            if let Some(egg) = self.egg_of_nest(nest.id, id, p).await? {
                self.shared.nests.remember(id, nest.id);
                return Ok(Some(egg));
            }
        }
        Ok(None)
    }

    async fn egg_of_nest(&self, nest: i64, egg: i64, p: Priority) -> Result<Option<Egg>, Problem> {
        let query = vec![("include", "variables".to_owned())];
        let read: Result<wire::Egg, Problem> =
            self.ask_for_item(Endpoint::Egg { nest, egg }, query, None, p).await;
        Ok(found(read)?.map(|egg| map::egg(egg, nest)))
    }
}

/// Which nest an egg was last found in: the panel finds an egg only by its nest, and shops name the egg alone. As many
/// entries as eggs were sold.
#[derive(Default)]
pub(super) struct NestMemory(Mutex<HashMap<i64, i64>>);

impl NestMemory {
    fn nest_of(&self, egg: i64) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&egg).copied()
    }

    fn remember(&self, egg: i64, nest: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(egg, nest);
    }
}
