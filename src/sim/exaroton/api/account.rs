//! The account (`providers/exaroton.md` §2).

use crate::sim::exaroton::answer::Answer;
use crate::sim::exaroton::objects;
use crate::sim::exaroton::routes::{Call, Reply};
use crate::sim::exaroton::world::World;

#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::exaroton) fn show(world: &World, call: &Call<'_>) -> Reply {
    Ok(Answer::ok(&objects::account(world, &call.account)))
}
