//! The panel's words into ours. Names are sanitised here; what is sent back to the panel is kept as it came.

use std::collections::BTreeMap;

use serde_json::Value;

use super::types::{Allocation, Egg, EggVariable, Location, PanelUser};
use super::wire;
use crate::model::ids::{AccountId, NodeKey, ServerKey};
use crate::model::node::{Capacity, Node};
use crate::model::sanitise::sanitise;
use crate::model::server::{Limits, Ownership, PowerState, Server, ServerStatus, Usage};
use crate::model::time::Timestamp;

/// A node. `servers` is 0 and allocations are not counted: the list does not tell.
pub(super) fn node(wire: wire::Node, account: &AccountId, observed_at: Timestamp) -> Node {
    let location = wire.relationships.location.and_then(|item| item.attributes).map_or_else(
        // The key may not read locations.
        || format!("#{}", wire.location_id),
        |location| sanitise(&location.short),
    );
    Node {
        key: NodeKey { account: account.clone(), id: wire.id.to_string() },
        name: sanitise(&wire.name),
        fqdn: sanitise(&wire.fqdn),
        location,
        is_public: wire.public,
        is_maintenance: wire.maintenance_mode,
        memory: Capacity {
            total_mib: wire.memory,
            overallocate_percent: wire.memory_overallocate,
            allocated_mib: wire.allocated_resources.memory,
        },
        disk: Capacity {
            total_mib: wire.disk,
            overallocate_percent: wire.disk_overallocate,
            allocated_mib: wire.allocated_resources.disk,
        },
        allocations_total: None,
        allocations_free: None,
        servers: 0,
        observed_at,
    }
}

/// A server. Who owns it and what it uses is for others to say.
pub(super) fn server(wire: wire::Server, account: &AccountId, observed_at: Timestamp) -> Server {
    let status = match ServerStatus::from_word(wire.status.as_deref()) {
        ServerStatus::Ready if wire.suspended => ServerStatus::Suspended,
        status => status,
    };
    let primary = wire.allocation;
    let address = wire
        .relationships
        .allocations
        .map(wire::List::into_items)
        .unwrap_or_default()
        .into_iter()
        .find(|allocation| allocation.id == primary)
        .and_then(allocation)
        .map(|allocation| sanitise(&allocation.address()));
    Server {
        key: ServerKey { account: account.clone(), id: wire.id.to_string() },
        external_id: wire.external_id,
        uuid: wire.uuid,
        identifier: sanitise(&wire.identifier),
        name: sanitise(&wire.name),
        node: NodeKey { account: account.clone(), id: wire.node.to_string() },
        panel_user_id: wire.user,
        egg_id: wire.egg,
        status,
        power: PowerState::Unknown,
        limits: limits(&wire.limits),
        address,
        usage: None,
        ownership: Ownership::Undecided,
        burn_per_hour: None,
        created_at: wire.created_at.as_deref().and_then(|text| Timestamp::parse(text).ok()),
        observed_at,
    }
}

/// Limits in the model's units; the panel's MB are MiB to Docker's eye within its overhead (§3.7).
pub(super) fn limits(wire: &wire::Limits) -> Limits {
    Limits { memory_mib: wire.memory, swap_mib: wire.swap, disk_mib: wire.disk, cpu_percent: wire.cpu }
}

/// An allocation; nothing when its port is none.
pub(super) fn allocation(wire: wire::Allocation) -> Option<Allocation> {
    Some(Allocation {
        id: wire.id,
        ip: wire.ip,
        alias: wire.alias,
        port: u16::try_from(wire.port).ok()?,
        is_assigned: wire.assigned,
    })
}

/// A location.
pub(super) fn location(wire: wire::Location) -> Location {
    Location { id: wire.id, short: sanitise(&wire.short), long: sanitise(&wire.long.unwrap_or_default()) }
}

/// An egg of a nest.
pub(super) fn egg(wire: wire::Egg, nest_id: i64) -> Egg {
    Egg {
        id: wire.id,
        nest_id: if wire.nest > 0 { wire.nest } else { nest_id },
        name: sanitise(&wire.name),
        docker_images: docker_images(&wire.docker_images),
        docker_image: wire.docker_image,
        startup: wire.startup,
        variables: wire
            .relationships
            .variables
            .map(wire::List::into_items)
            .unwrap_or_default()
            .into_iter()
            .map(|variable| EggVariable {
                name: sanitise(&variable.name),
                env_variable: variable.env_variable,
                default_value: variable.default_value,
                rules: variable.rules,
                is_user_editable: variable.user_editable,
            })
            .collect(),
    }
}

/// Label → image; very old data is a plain array (§3.5).
fn docker_images(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Object(map) => {
            map.iter().filter_map(|(label, image)| Some((label.clone(), wire::plain(image)?))).collect()
        }
        Value::Array(images) => {
            images.iter().filter_map(wire::plain).map(|image| (image.clone(), image)).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// A panel user.
pub(super) fn user(wire: wire::User) -> PanelUser {
    PanelUser {
        id: wire.id,
        external_id: wire.external_id,
        username: wire.username,
        email: wire.email,
        first_name: wire.first_name,
        last_name: wire.last_name,
        is_root_admin: wire.root_admin,
    }
}

/// Process state and, where the process is up or was measured, its use.
pub(super) fn usage(wire: &wire::Stats, observed_at: Timestamp) -> (PowerState, Option<Usage>) {
    let power = PowerState::from_word(&wire.current_state);
    if power == PowerState::Unknown {
        return (power, None);
    }
    let bytes = |number: i64| u64::try_from(number).unwrap_or(0);
    let numbers = wire.resources;
    let usage = Usage {
        cpu_percent: cpu_percent(numbers.cpu_absolute),
        memory_bytes: bytes(numbers.memory_bytes),
        disk_bytes: bytes(numbers.disk_bytes),
        network_rx_bytes: bytes(numbers.network_rx_bytes),
        network_tx_bytes: bytes(numbers.network_tx_bytes),
        uptime_ms: bytes(numbers.uptime),
        observed_at,
    };
    (power, Some(usage))
}

/// Percent of one core as the model keeps it; what is no number is 0.
pub(super) fn cpu_percent(percent: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "percent with three decimals fits")]
    let percent = percent as f32;
    if percent.is_finite() { percent.max(0.0) } else { 0.0 }
}
