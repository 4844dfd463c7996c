//! Allocations of a node (`providers/pterodactyl.md` §3.4).

use serde_json::Value;

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, none, ok};
use crate::sim::panel::check::{Check, at, text};
use crate::sim::panel::entities::{Allocation, Resource};
use crate::sim::panel::listing::{application_list, check_filters, holds_part, is_one_of};
use crate::sim::panel::objects::{Includes, Render};
use crate::sim::panel::world::World;

const READ: Need = Need::Read(Resource::Allocations);
const WRITE: Need = Need::Write(Resource::Allocations);

/// Ports that one range may hold.
const MOST_PORTS: u32 = 1_000;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/application/nodes/{id}/allocations", need: READ, run: list },
    Route { method: "POST", pattern: "/api/application/nodes/{id}/allocations", need: WRITE, run: create },
    Route {
        method: "DELETE",
        pattern: "/api/application/nodes/{id}/allocations/{allocation}",
        need: WRITE,
        run: delete,
    },
];

fn node_of(call: &Call, world: &World) -> Result<i64, Failure> {
    let id = call.id(0);
    if world.nodes.contains_key(&id) { Ok(id) } else { Err(Failure::not_found()) }
}

fn list(call: &Call, world: &mut World) -> Reply {
    let node = node_of(call, world)?;
    check_filters(call, &["ip", "port", "ip_alias", "server_id"])?;
    let filters = call.query.filters();
    let rows: Vec<&Allocation> = world
        .allocations_of_node
        .get(&node)
        .into_iter()
        .flatten()
        .filter_map(|id| world.allocations.get(id))
        .filter(|row| filters.iter().all(|(name, asked)| passes(row, name, asked)))
        .collect();
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    ok(application_list(call, &world.url, rows, |row| render.allocation(row, &includes))?)
}

fn passes(row: &Allocation, name: &str, asked: &str) -> bool {
    match name {
        "ip" => is_one_of(&row.ip, asked),
        "port" => is_one_of(&row.port.to_string(), asked),
        "ip_alias" => holds_part(row.alias.as_deref(), asked),
        // A number other than zero is a server; anything else asks for the free ones.
        _ => match asked.parse::<i64>() {
            Ok(server) if server != 0 => row.server_id == Some(server),
            _ => row.server_id.is_none(),
        },
    }
}

fn create(call: &Call, world: &mut World) -> Reply {
    let node = node_of(call, world)?;
    let body = &call.body;
    let mut check = Check::new(body);
    check.required_string("ip", 191);
    check.string("alias", 191);
    if check.required("ports") {
        check.array("ports");
    }
    let ports: Vec<&Value> = at(body, "ports").and_then(Value::as_array).into_iter().flatten().collect();
    for (index, port) in ports.iter().enumerate() {
        if !port.is_string() {
            check.fail(&format!("ports.{index}"), "string", &format!("The ports.{index} must be a string."));
        }
    }
    check.finish()?;
    let ip = text(body, "ip").unwrap_or_default();
    let addresses = addresses(&ip)?;
    let mut wanted = Vec::new();
    for port in ports.iter().filter_map(|port| port.as_str()) {
        wanted.extend(port_range(port)?);
    }
    let alias = text(body, "alias");
    for address in &addresses {
        for port in &wanted {
            let is_known = world
                .allocations_of_node
                .get(&node)
                .into_iter()
                .flatten()
                .filter_map(|id| world.allocations.get(id))
                .any(|row| row.ip == *address && row.port == *port);
            if !is_known {
                world.insert_allocation(node, address, alias.as_deref(), *port);
            }
        }
    }
    none()
}

/// One address, or all of a small network.
fn addresses(ip: &str) -> Result<Vec<String>, Failure> {
    let (base, bits) = ip.split_once('/').map_or((ip, None), |(base, bits)| (base, Some(bits)));
    let Ok(address) = base.parse::<std::net::Ipv4Addr>() else {
        let text = format!("Could not parse provided allocation IP address ({ip}).");
        return Err(Failure::refused("DisplayException", &text));
    };
    let Some(bits) = bits else { return Ok(vec![address.to_string()]) };
    let bits: u32 = bits.parse().unwrap_or(0);
    if !(25..=32).contains(&bits) {
        let text = "CIDR notation only allows masks between /25 and /32.";
        return Err(Failure::refused("CidrOutOfRangeException", text));
    }
    let size = 1_u32 << (32 - bits);
    let first = u32::from(address) & !(size - 1);
    Ok((first..=first + (size - 1)).map(|number| std::net::Ipv4Addr::from(number).to_string()).collect())
}

/// `25565` or `25565-25569`.
fn port_range(text: &str) -> Result<std::ops::RangeInclusive<u16>, Failure> {
    let is_bound =
        |part: &str| (4..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let (first, last) = match text.split_once('-') {
        Some((first, last)) if is_bound(first) && is_bound(last) => (first, last),
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => (text, text),
        _ => {
            let text = format!("The mapping provided for {text} was invalid and could not be processed.");
            return Err(Failure::refused("InvalidPortMappingException", &text));
        }
    };
    let (first, last): (u32, u32) = (first.parse().unwrap_or(0), last.parse().unwrap_or(0));
    if last.saturating_sub(first) > MOST_PORTS {
        let text = "Adding more than 1000 ports in a single range at once is not supported.";
        return Err(Failure::refused("TooManyPortsInRangeException", text));
    }
    match (u16::try_from(first), u16::try_from(last)) {
        (Ok(low), Ok(high)) if low > 1_024 => Ok(low..=high),
        _ => {
            let text = "Ports in an allocation must be greater than 1024 and less than or equal to 65535.";
            Err(Failure::refused("PortOutOfRangeException", text))
        }
    }
}

fn delete(call: &Call, world: &mut World) -> Reply {
    let node = node_of(call, world)?;
    let id = call.id(1);
    let row = world.allocations.get(&id).filter(|row| row.node_id == node).ok_or_else(Failure::not_found)?;
    if row.server_id.is_some() {
        let text = "A server is currently assigned to this allocation. An allocation can only be deleted if no server is currently assigned.";
        return Err(Failure::refused("ServerUsingAllocationException", text));
    }
    world.allocations.remove(&id);
    if let Some(ids) = world.allocations_of_node.get_mut(&node) {
        ids.remove(&id);
    }
    none()
}
