//! Changing a server's details, build and startup: none is a partial update (`providers/pterodactyl.md` §3.10).

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Reply};
use crate::sim::panel::check::{Check, at, boolean, integer, integers, text};
use crate::sim::panel::entities::FeatureLimits;
use crate::sim::panel::world::World;

use super::environment;
use super::server_create::{check_limits, is_image, limits};
use super::servers::{known, show};

/// Name, owner, external id, description: what is left out is cleared.
pub(super) fn details(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    let body = &call.body;
    let mut check = Check::new(body);
    check.string("external_id", 191);
    let external_id = text(body, "external_id");
    let is_taken = external_id.is_some()
        && world.servers.values().any(|row| row.external_id == external_id && row.id != id);
    check.unique("external_id", is_taken);
    check.required_string("name", 191);
    if check.required("user") {
        check.whole_number("user");
        check.exists("user", integer(body, "user").is_some_and(|user| world.users.contains_key(&user)));
    }
    check.finish()?;
    let stamp = world.stamp;
    if let Some(row) = world.servers.get_mut(&id) {
        row.external_id = external_id;
        row.name = text(body, "name").unwrap_or_default();
        row.description = text(body, "description").unwrap_or_default();
        row.user_id = integer(body, "user").unwrap_or(row.user_id);
        row.updated_at = stamp;
    }
    show(call, world, id)
}

fn check_build(call: &Call, world: &World, id: i64) -> Result<(), Failure> {
    let body = &call.body;
    let mut check = Check::new(body);
    if check.required("allocation") {
        check.whole_number("allocation");
    }
    let primary = integer(body, "allocation");
    let is_other = primary.is_some()
        && world.servers.values().any(|row| row.id != id && Some(row.allocation_id) == primary);
    check.unique("allocation", is_other);
    if at(body, "limits").is_some() {
        check_limits(&mut check, "limits.", "required_with");
        // Memory is asked for by the same rule; the panel names it first.
    } else {
        check_limits(&mut check, "", "required_without");
    }
    check.required("feature_limits");
    for field in ["feature_limits.databases", "feature_limits.backups"] {
        check.present(field);
        check.number_from(field, 0.0);
    }
    check.number_from("feature_limits.allocations", 0.0);
    check.array("add_allocations");
    check.array("remove_allocations");
    check.truth_value("oom_disabled");
    check.finish()
}

/// Limits and allocations. The daemon is told, but its trouble changes nothing.
pub(super) fn build(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    check_build(call, world, id)?;
    let body = &call.body;
    change_allocations(call, world, id)?;
    let (stamp, now) = (world.stamp, world.now);
    if let Some(row) = world.servers.get_mut(&id) {
        row.meter.settle(now, row.limits.memory_mib, row.process.ran_until(now));
        let is_oom_disabled = boolean(body, "oom_disabled").unwrap_or(row.limits.is_oom_disabled);
        let prefix = if at(body, "limits").is_some() { "limits." } else { "" };
        row.limits = limits(body, prefix, is_oom_disabled);
        row.features = FeatureLimits {
            databases: Some(integer(body, "feature_limits.databases").unwrap_or(0)),
            allocations: integer(body, "feature_limits.allocations"),
            backups: integer(body, "feature_limits.backups").unwrap_or(0),
        };
        row.updated_at = stamp;
    }
    show(call, world, id)
}

fn change_allocations(call: &Call, world: &mut World, id: i64) -> Result<(), Failure> {
    let body = &call.body;
    let Some(row) = world.servers.get(&id) else { return Err(Failure::not_found()) };
    let (node_id, old_primary) = (row.node_id, row.allocation_id);
    // What is taken or elsewhere is left out without a word.
    let added: Vec<i64> = integers(body, "add_allocations")
        .into_iter()
        .filter(|id| {
            world.allocations.get(id).is_some_and(|row| row.node_id == node_id && row.server_id.is_none())
        })
        .collect();
    let removed = integers(body, "remove_allocations");
    let mut primary = integer(body, "allocation").unwrap_or(old_primary);
    let is_mine = |wanted: i64| world.allocations.get(&wanted).is_some_and(|row| row.server_id == Some(id));
    if !is_mine(primary) && !added.contains(&primary) {
        let text = "The requested default allocation is not currently assigned to this server.";
        return Err(Failure::refused("DisplayException", text));
    }
    if removed.contains(&primary) {
        let Some(first) = added.first() else {
            let text = "You are attempting to delete the default allocation for this server but there is no fallback allocation to use.";
            return Err(Failure::refused("DisplayException", text));
        };
        primary = *first;
    }
    for wanted in &added {
        if let Some(row) = world.allocations.get_mut(wanted) {
            row.server_id = Some(id);
        }
    }
    for gone in removed.iter().filter(|gone| **gone != primary) {
        if let Some(row) = world.allocations.get_mut(gone).filter(|row| row.server_id == Some(id)) {
            row.server_id = None;
        }
    }
    if let Some(row) = world.servers.get_mut(&id) {
        row.allocation_id = primary;
    }
    Ok(())
}

/// Egg, image, command and variables; a non-empty environment replaces all variables.
pub(super) fn startup(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    let body = &call.body;
    let mut check = Check::new(body);
    check.required_string("startup", usize::MAX);
    check.present("environment");
    check.array("environment");
    if check.required("egg") {
        check.whole_number("egg");
        check.exists("egg", integer(body, "egg").is_some_and(|egg| world.eggs.contains_key(&egg)));
    }
    check.required_string("image", 191);
    check.shape("image", "regex", is_image);
    check.present("skip_scripts");
    check.truth_value("skip_scripts");
    check.finish()?;
    let egg = integer(body, "egg").and_then(|egg| world.eggs.get(&egg)).ok_or_else(Failure::not_found)?;
    let is_sent =
        at(body, "environment").is_some_and(|sent| sent.as_object().is_some_and(|fields| !fields.is_empty()));
    let environment = if is_sent { Some(environment::validate(egg, body)?) } else { None };
    let (egg_id, nest_id, stamp) = (egg.id, egg.nest_id, world.stamp);
    if let Some(row) = world.servers.get_mut(&id) {
        row.startup = text(body, "startup").unwrap_or_default();
        row.image = text(body, "image").unwrap_or_default();
        row.egg_id = egg_id;
        row.nest_id = nest_id;
        if let Some(environment) = environment {
            row.environment = environment;
        }
        row.updated_at = stamp;
    }
    show(call, world, id)
}
