//! The account (`providers/dathost.md` §2).

use serde_json::json;

use crate::sim::dathost::answer::{Answer, Refusal, Reply};
use crate::sim::dathost::objects;
use crate::sim::dathost::routes::Call;
use crate::sim::dathost::world::World;

pub(in crate::sim::dathost) fn show(world: &World, call: &Call<'_>) -> Reply {
    let account = world.accounts.get(&call.account).ok_or(Refusal::Unknown)?;
    Ok(Answer::json(200, objects::account(world, account)))
}

#[expect(clippy::unnecessary_wraps, reason = "a handler returns a Reply")]
pub(in crate::sim::dathost) fn custom_domains() -> Reply {
    Ok(Answer::json(200, json!([{ "name": "dathost.example" }])))
}
