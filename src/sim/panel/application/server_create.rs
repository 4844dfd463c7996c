//! `POST /servers`: checks, placement, the moment in which two creates race, commit, daemon (`providers/pterodactyl.md` §3.9).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sim::panel::answer::{Answer, Failure};
use crate::sim::panel::bill::Meter;
use crate::sim::panel::call::{Call, Outcome, Reply, Wait};
use crate::sim::panel::check::{Check, at, boolean, integer, integers, text};
use crate::sim::panel::daemon::{self, Contact};
use crate::sim::panel::entities::{Extras, FeatureLimits, Limits, Server, Status};
use crate::sim::panel::life::Process;
use crate::sim::panel::objects::{Includes, Render};
use crate::sim::panel::world::World;
use crate::sim::random;

use super::environment;
use super::nodes::{no_viable_node, viable};

/// What was decided before the commit.
struct Draft {
    allocation_id: i64,
    additional: Vec<i64>,
    is_deployed: bool,
    environment: BTreeMap<String, String>,
}

/// Checks and places; commits after the pause in which others may do the same.
pub(super) fn create(call: &Call, world: &mut World) -> Reply {
    check(call, world)?;
    let body = &call.body;
    let is_deployed = at(body, "deploy").is_some();
    let allocation_id =
        if is_deployed { place(call, world)? } else { integer(body, "allocation.default").unwrap_or(0) };
    let egg = integer(body, "egg").and_then(|id| world.eggs.get(&id)).ok_or_else(Failure::not_found)?;
    let environment = environment::validate(egg, body)?;
    let additional = if is_deployed { Vec::new() } else { integers(body, "allocation.additional") };
    let draft = Draft { allocation_id, additional, is_deployed, environment };
    Ok(Outcome::Later(Wait::Commit, Box::new(move |call, world| commit(call, world, draft))))
}

fn check(call: &Call, world: &World) -> Result<(), Failure> {
    let body = &call.body;
    let mut check = Check::new(body);
    check.string("external_id", 191);
    let external_id = text(body, "external_id");
    let is_taken = external_id.is_some() && world.servers.values().any(|row| row.external_id == external_id);
    check.unique("external_id", is_taken);
    check.required_string("name", 191);
    check.string("description", usize::MAX);
    for field in ["user", "egg"] {
        if check.required(field) {
            check.whole_number(field);
        }
    }
    check.exists("user", integer(body, "user").is_some_and(|id| world.users.contains_key(&id)));
    check.exists("egg", integer(body, "egg").is_some_and(|id| world.eggs.contains_key(&id)));
    check.required_string("docker_image", 191);
    check.shape("docker_image", "regex", is_image);
    check.required_string("startup", usize::MAX);
    check.present("environment");
    check.array("environment");
    check.required("limits");
    check_limits(&mut check, "limits.", "required");
    check.required("feature_limits");
    for field in ["feature_limits.databases", "feature_limits.backups"] {
        check.present(field);
        check.number_from(field, 0.0);
    }
    check.number_from("feature_limits.allocations", 0.0);
    check_place(&mut check, body, world);
    for field in ["skip_scripts", "oom_disabled", "start_on_completion"] {
        check.truth_value(field);
    }
    check.finish()
}

/// The five limits, under a prefix; `rule` is the name of a missing one's failure.
pub(super) fn check_limits(check: &mut Check<'_>, prefix: &str, rule: &'static str) {
    let field = |name: &str| format!("{prefix}{name}");
    for (name, least) in [("memory", 0.0), ("swap", -1.0), ("disk", 0.0)] {
        if check.required_as(&field(name), rule) {
            check.number_from(&field(name), least);
        }
    }
    if check.required_as(&field("io"), rule) {
        check.number_between(&field("io"), 10.0, 1_000.0);
    }
    if check.required_as(&field("cpu"), rule) {
        check.number_from(&field("cpu"), 0.0);
    }
    check.shape(&field("threads"), "regex", |text| {
        text.chars().all(|c| c.is_ascii_digit() || "-,".contains(c))
    });
}

fn check_place(check: &mut Check<'_>, body: &Value, world: &World) {
    if at(body, "deploy").is_some() {
        if at(body, "deploy.dedicated_ip").is_none() {
            let text = "The deploy.dedicated ip field is required when deploy is present.";
            check.fail("deploy.dedicated_ip", "required_with", text);
        }
        check.truth_value("deploy.dedicated_ip");
        check.present("deploy.port_range");
        check.array("deploy.port_range");
        return;
    }
    let is_free = |id: i64| world.allocations.get(&id).is_some_and(|row| row.server_id.is_none());
    if check.required("allocation.default") {
        check.whole_number("allocation.default");
        check.exists("allocation.default", integer(body, "allocation.default").is_some_and(is_free));
    }
    for (index, id) in integers(body, "allocation.additional").into_iter().enumerate() {
        if !is_free(id) {
            let field = format!("allocation.additional.{index}");
            check.fail(&field, "exists", &format!("The selected {field} is invalid."));
        }
    }
}

/// Whether an image name has only allowed characters.
pub(super) fn is_image(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_./-:@ ".contains(c))
}

/// A random free allocation on any viable node, as `deploy` asks.
fn place(call: &Call, world: &World) -> Result<i64, Failure> {
    let body = &call.body;
    let number = |field: &str| integer(body, field).unwrap_or(0);
    let nodes =
        viable(world, number("limits.memory"), number("limits.disk"), &integers(body, "deploy.locations"));
    if nodes.is_empty() {
        return Err(no_viable_node());
    }
    let ranges: Vec<(u16, u16)> = at(body, "deploy.port_range")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| range(entry.as_str()?))
        .collect();
    let wants_own_ip = boolean(body, "deploy.dedicated_ip").unwrap_or(false);
    let rows = || nodes.iter().filter_map(|node| world.allocations_of_node.get(node)).flatten();
    let all: Vec<_> = rows().filter_map(|id| world.allocations.get(id)).collect();
    let used: std::collections::HashSet<(i64, &str)> =
        all.iter().filter(|row| row.server_id.is_some()).map(|row| (row.node_id, row.ip.as_str())).collect();
    let free: Vec<i64> = all
        .iter()
        .filter(|row| row.server_id.is_none())
        .filter(|row| {
            ranges.is_empty() || ranges.iter().any(|(low, high)| (*low..=*high).contains(&row.port))
        })
        .filter(|row| !wants_own_ip || !used.contains(&(row.node_id, row.ip.as_str())))
        .map(|row| row.id)
        .collect();
    let luck = random::mix(world.seed, &[world.created_ever, random::of_text(&call.body.to_string()), 301]);
    let at = usize::try_from(luck).unwrap_or(0).checked_rem(free.len());
    at.and_then(|at| free.get(at).copied()).ok_or_else(|| {
        let text = "No allocations satisfying the requirements for automatic deployment were found.";
        Failure::refused("NoViableAllocationException", text)
    })
}

/// A port or a range of ports of four or five digits; anything else is dropped without a word.
fn range(entry: &str) -> Option<(u16, u16)> {
    if let Ok(port) = entry.parse() {
        return Some((port, port));
    }
    let (low, high) = entry.split_once('-')?;
    let is_bound = |part: &str| (4..=5).contains(&part.len());
    (is_bound(low) && is_bound(high)).then_some(())?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn commit(call: &Call, world: &mut World, draft: Draft) -> Reply {
    let body = &call.body;
    let external_id = text(body, "external_id");
    let is_taken = world.allocations.get(&draft.allocation_id).is_none_or(|row| row.server_id.is_some());
    if is_taken && !draft.is_deployed {
        let text = "Could not save Server: failed to validate data: {\"allocation_id\":[\"The allocation id has already been taken.\"]}";
        return Err(Failure::new(500, "DataValidationException", text));
    }
    let id = world.next_id("servers");
    if is_taken || (external_id.is_some() && world.servers.values().any(|row| row.external_id == external_id))
    {
        return Err(Failure::unexpected("QueryException"));
    }
    let server = row(call, world, id, &draft).ok_or_else(Failure::not_found)?;
    let (node_id, uuid) = (server.node_id, server.uuid.clone());
    let mut allocations = draft.additional;
    allocations.push(draft.allocation_id);
    world.insert_server(server, &allocations);
    match daemon::contact(world, node_id) {
        Contact::Fine => accepted(call, world, id),
        Contact::Failed(failure, _) => {
            world.remove_server(id);
            Err(failure)
        }
        Contact::Silent(is_done) => {
            if is_done {
                world.orphans.insert(uuid, node_id);
            }
            Ok(Outcome::Later(
                Wait::Daemon,
                Box::new(move |_, world| {
                    world.remove_server(id);
                    Err(daemon::unreachable())
                }),
            ))
        }
    }
}

fn accepted(call: &Call, world: &mut World, id: i64) -> Reply {
    world.created_ever += 1;
    if let Some(external_id) = text(&call.body, "external_id") {
        *world.created_by_external_id.entry(external_id).or_default() += 1;
    }
    let is_set = |field: &str| boolean(&call.body, field).unwrap_or(false);
    world.begin_install(id, false, is_set("skip_scripts"), is_set("start_on_completion"));
    let row = world.servers.get(&id).ok_or_else(Failure::not_found)?;
    let shown = Render::new(world, &call.acl).server(row, &Includes(call.query.includes()));
    Ok(Answer::created(shown).into())
}

/// `limits` at a prefix of a body.
pub(super) fn limits(body: &Value, prefix: &str, is_oom_disabled: bool) -> Limits {
    let number = |name: &str| integer(body, &format!("{prefix}{name}")).unwrap_or(0);
    Limits {
        memory_mib: number("memory"),
        swap_mib: number("swap"),
        disk_mib: number("disk"),
        io: number("io"),
        cpu_percent: number("cpu"),
        threads: text(body, &format!("{prefix}threads")),
        is_oom_disabled,
    }
}

fn row(call: &Call, world: &World, id: i64, draft: &Draft) -> Option<Server> {
    let body = &call.body;
    let egg = world.eggs.get(&integer(body, "egg")?)?;
    let count = |field: &str| integer(body, field).unwrap_or(0);
    Some(Server {
        id,
        external_id: text(body, "external_id"),
        uuid: random::uuid(world.seed, &[id.cast_unsigned(), 77]),
        name: text(body, "name")?,
        description: text(body, "description").unwrap_or_default(),
        status: Some(Status::Installing),
        limits: limits(body, "limits.", boolean(body, "oom_disabled").unwrap_or(true)),
        features: FeatureLimits {
            databases: Some(count("feature_limits.databases")),
            allocations: Some(count("feature_limits.allocations")),
            backups: count("feature_limits.backups"),
        },
        user_id: integer(body, "user")?,
        node_id: world.allocations.get(&draft.allocation_id)?.node_id,
        allocation_id: draft.allocation_id,
        egg_id: egg.id,
        nest_id: egg.nest_id,
        startup: text(body, "startup")?,
        image: text(body, "docker_image")?,
        environment: draft.environment.clone(),
        created_at: world.stamp,
        updated_at: world.stamp,
        meter: Meter::starting(world.now),
        process: Process::offline(world.now),
        extras: Extras::default(),
    })
}
