//! The application API's objects with their includes (`providers/pterodactyl.md` §2.4, §3).

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::entities::{
    Acl, Allocation, Egg, EggVariable, Location, Nest, Node, Resource, Server, Status, Subuser, User,
};
use super::listing::plain_list;
use super::world::World;
use crate::model::time::Timestamp;

/// A date as the API writes it.
pub(super) fn date(at: Timestamp) -> String {
    at.to_datetime().format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A date as variables carry it: a raw dump of the row.
fn raw_date(at: Timestamp) -> String {
    at.to_datetime().format("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// What a reader may not see, or what is not there.
pub(super) fn null_resource() -> Value {
    json!({"object": "null_resource", "attributes": null})
}

/// An object with its attributes.
pub(super) fn object(name: &str, attributes: Value) -> Value {
    let mut fields = Map::new();
    fields.insert("object".to_owned(), json!(name));
    fields.insert("attributes".to_owned(), attributes);
    Value::Object(fields)
}

/// Includes asked for at one level.
#[derive(Debug, Clone, Default)]
pub(super) struct Includes(pub(super) Vec<String>);

impl Includes {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|asked| asked.split('.').next() == Some(name))
    }

    fn below(&self, name: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter_map(|asked| asked.strip_prefix(name)?.strip_prefix('.').map(str::to_owned))
                .collect(),
        )
    }
}

/// Renders rows for one request.
pub(super) struct Render<'a> {
    world: &'a World,
    acl: &'a Acl,
    sums: HashMap<i64, (i64, i64)>,
}

type Relations = Map<String, Value>;

impl<'a> Render<'a> {
    /// Prepares rendering for a key.
    pub(super) fn new(world: &'a World, acl: &'a Acl) -> Self {
        Self { world, acl, sums: world.allocated() }
    }

    fn finish(name: &str, mut attributes: Value, relations: Relations) -> Value {
        if !relations.is_empty()
            && let Some(fields) = attributes.as_object_mut()
        {
            fields.insert("relationships".to_owned(), Value::Object(relations));
        }
        object(name, attributes)
    }

    /// Adds a relation if it was asked for; a null resource if the key may not read it.
    fn relate(
        &self,
        relations: &mut Relations,
        includes: &Includes,
        (name, resource): (&str, Resource),
        value: impl FnOnce(&Includes) -> Option<Value>,
    ) {
        if includes.has(name) {
            let below = includes.below(name);
            let value = if self.acl.may_read(resource) { value(&below) } else { None };
            relations.insert(name.to_owned(), value.unwrap_or_else(null_resource));
        }
    }

    fn servers_where(&self, below: &Includes, is_it: impl Fn(&Server) -> bool) -> Value {
        plain_list(
            self.world
                .servers
                .values()
                .filter(|server| is_it(server))
                .map(|server| self.server(server, below))
                .collect(),
        )
    }

    /// A location.
    pub(super) fn location(&self, location: &Location, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        let here = |node: &&Node| node.location_id == location.id;
        self.relate(&mut relations, includes, ("nodes", Resource::Nodes), |below| {
            Some(plain_list(
                self.world.nodes.values().filter(here).map(|node| self.node(node, below)).collect(),
            ))
        });
        self.relate(&mut relations, includes, ("servers", Resource::Servers), |below| {
            let is_here = |server: &Server| {
                self.world.nodes.get(&server.node_id).is_some_and(|node| node.location_id == location.id)
            };
            Some(self.servers_where(below, is_here))
        });
        let attributes = json!({
            "id": location.id, "short": location.short, "long": location.long,
            "updated_at": date(location.updated_at), "created_at": date(location.created_at),
        });
        Self::finish("location", attributes, relations)
    }

    /// A node.
    pub(super) fn node(&self, node: &Node, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        self.relate(&mut relations, includes, ("allocations", Resource::Allocations), |below| {
            let ids = self.world.allocations_of_node.get(&node.id);
            let rows = ids.into_iter().flatten().filter_map(|id| self.world.allocations.get(id));
            Some(plain_list(rows.map(|allocation| self.allocation(allocation, below)).collect()))
        });
        self.relate(&mut relations, includes, ("location", Resource::Locations), |below| {
            self.world.locations.get(&node.location_id).map(|location| self.location(location, below))
        });
        self.relate(&mut relations, includes, ("servers", Resource::Servers), |below| {
            Some(self.servers_where(below, |server| server.node_id == node.id))
        });
        Self::finish("node", self.node_attributes(node), relations)
    }

    /// A node's attributes.
    pub(super) fn node_attributes(&self, node: &Node) -> Value {
        let (memory, disk) = self.sums.get(&node.id).copied().unwrap_or_default();
        json!({
            "id": node.id, "uuid": node.uuid, "public": node.is_public, "name": node.name, "description": null,
            "location_id": node.location_id, "fqdn": node.fqdn, "scheme": node.scheme,
            "behind_proxy": node.is_behind_proxy, "maintenance_mode": node.is_in_maintenance,
            "memory": node.memory_mib, "memory_overallocate": node.memory_overallocate,
            "disk": node.disk_mib, "disk_overallocate": node.disk_overallocate, "upload_size": node.upload_size,
            "daemon_listen": node.daemon_listen, "daemon_sftp": node.daemon_sftp, "daemon_base": node.daemon_base,
            "created_at": date(node.created_at), "updated_at": date(node.updated_at),
            "allocated_resources": {"memory": memory, "disk": disk},
        })
    }

    /// Memory and disk that servers of a node may use.
    pub(super) fn allocated(&self, node: i64) -> (i64, i64) {
        self.sums.get(&node).copied().unwrap_or_default()
    }

    /// An allocation.
    pub(super) fn allocation(&self, allocation: &Allocation, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        self.relate(&mut relations, includes, ("node", Resource::Nodes), |below| {
            self.world.nodes.get(&allocation.node_id).map(|node| self.node(node, below))
        });
        self.relate(&mut relations, includes, ("server", Resource::Servers), |below| {
            let server = allocation.server_id.and_then(|id| self.world.servers.get(&id))?;
            Some(self.server(server, below))
        });
        let attributes = json!({
            "id": allocation.id, "ip": allocation.ip, "alias": allocation.alias, "port": allocation.port,
            "notes": allocation.notes, "assigned": allocation.server_id.is_some(),
        });
        Self::finish("allocation", attributes, relations)
    }

    /// A nest.
    pub(super) fn nest(&self, nest: &Nest, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        self.relate(&mut relations, includes, ("eggs", Resource::Eggs), |below| {
            let eggs = self.world.eggs.values().filter(|egg| egg.nest_id == nest.id);
            Some(plain_list(eggs.map(|egg| self.egg(egg, below)).collect()))
        });
        self.relate(&mut relations, includes, ("servers", Resource::Servers), |below| {
            Some(self.servers_where(below, |server| server.nest_id == nest.id))
        });
        let seeded = date(super::options::DEFAULT_START);
        let attributes = json!({
            "id": nest.id, "uuid": nest.uuid, "author": "support@example.net", "name": nest.name,
            "description": nest.description, "created_at": seeded, "updated_at": seeded,
        });
        Self::finish("nest", attributes, relations)
    }

    /// An egg.
    pub(super) fn egg(&self, egg: &Egg, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        self.relate(&mut relations, includes, ("nest", Resource::Nests), |below| {
            self.world.nests.get(&egg.nest_id).map(|nest| self.nest(nest, below))
        });
        self.relate(&mut relations, includes, ("servers", Resource::Servers), |below| {
            Some(self.servers_where(below, |server| server.egg_id == egg.id))
        });
        // These two show what an egg inherits from another; none here does.
        self.relate(&mut relations, includes, ("config", Resource::Eggs), |_| None);
        self.relate(&mut relations, includes, ("script", Resource::Eggs), |_| None);
        self.relate(&mut relations, includes, ("variables", Resource::Eggs), |_| {
            Some(plain_list(
                egg.variables.iter().map(|row| object("egg_variable", variable(egg.id, row))).collect(),
            ))
        });
        Self::finish("egg", egg_attributes(egg), relations)
    }

    /// A user.
    pub(super) fn user(&self, user: &User, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        self.relate(&mut relations, includes, ("servers", Resource::Servers), |below| {
            Some(self.servers_where(below, |server| server.user_id == user.id))
        });
        let attributes = json!({
            "id": user.id, "external_id": user.external_id, "uuid": user.uuid, "username": user.username,
            "email": user.email, "first_name": user.first_name, "last_name": user.last_name,
            "language": user.language, "root_admin": user.is_root_admin, "2fa": false,
            "created_at": date(user.created_at), "updated_at": date(user.updated_at),
        });
        Self::finish("user", attributes, relations)
    }

    /// A server.
    pub(super) fn server(&self, server: &Server, includes: &Includes) -> Value {
        let mut relations = Relations::new();
        self.relate_tables(server, includes, &mut relations);
        self.relate(&mut relations, includes, ("allocations", Resource::Allocations), |below| {
            let rows = self.world.allocations_of(server);
            Some(plain_list(rows.into_iter().map(|allocation| self.allocation(allocation, below)).collect()))
        });
        self.relate(&mut relations, includes, ("subusers", Resource::Users), |_| {
            Some(plain_list(
                server.extras.subusers.iter().map(|subuser| application_subuser(server, subuser)).collect(),
            ))
        });
        self.relate(&mut relations, includes, ("variables", Resource::Servers), |_| {
            let egg = self.world.eggs.get(&server.egg_id)?;
            Some(plain_list(egg.variables.iter().map(|row| server_variable(egg.id, server, row)).collect()))
        });
        self.relate(&mut relations, includes, ("databases", Resource::Databases), |_| {
            Some(plain_list(Vec::new()))
        });
        Self::finish("server", self.server_attributes(server), relations)
    }

    /// The relations of a server that are one row each.
    fn relate_tables(&self, server: &Server, includes: &Includes, relations: &mut Relations) {
        let world = self.world;
        self.relate(relations, includes, ("user", Resource::Users), |below| {
            world.users.get(&server.user_id).map(|user| self.user(user, below))
        });
        self.relate(relations, includes, ("nest", Resource::Nests), |below| {
            world.nests.get(&server.nest_id).map(|nest| self.nest(nest, below))
        });
        self.relate(relations, includes, ("egg", Resource::Eggs), |below| {
            world.eggs.get(&server.egg_id).map(|egg| self.egg(egg, below))
        });
        self.relate(relations, includes, ("location", Resource::Locations), |below| {
            let location =
                world.nodes.get(&server.node_id).and_then(|node| world.locations.get(&node.location_id));
            location.map(|location| self.location(location, below))
        });
        self.relate(relations, includes, ("node", Resource::Nodes), |below| {
            world.nodes.get(&server.node_id).map(|node| self.node(node, below))
        });
    }

    fn server_attributes(&self, server: &Server) -> Value {
        let is_installed = !matches!(server.status, Some(Status::Installing | Status::InstallFailed));
        let node = self.world.nodes.get(&server.node_id);
        let location = node.and_then(|node| self.world.locations.get(&node.location_id));
        let mut environment: Map<String, Value> =
            server.environment.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        environment.insert("STARTUP".to_owned(), json!(server.startup));
        environment.insert("P_SERVER_LOCATION".to_owned(), json!(location.map(|at| at.short.clone())));
        environment.insert("P_SERVER_UUID".to_owned(), json!(server.uuid));
        environment.insert("P_SERVER_ALLOCATION_LIMIT".to_owned(), json!(server.features.allocations));
        json!({
            "id": server.id, "external_id": server.external_id, "uuid": server.uuid,
            "identifier": server.identifier(), "name": server.name, "description": server.description,
            "status": server.status.map(Status::word), "suspended": server.status == Some(Status::Suspended),
            "limits": limits(server), "feature_limits": feature_limits(server),
            "user": server.user_id, "node": server.node_id, "allocation": server.allocation_id,
            "nest": server.nest_id, "egg": server.egg_id,
            "container": {
                "startup_command": server.startup, "image": server.image,
                "installed": i32::from(is_installed), "environment": environment,
            },
            "updated_at": date(server.updated_at), "created_at": date(server.created_at),
        })
    }
}

/// `limits` of both APIs.
pub(super) fn limits(server: &Server) -> Value {
    let limits = &server.limits;
    json!({
        "memory": limits.memory_mib, "swap": limits.swap_mib, "disk": limits.disk_mib, "io": limits.io,
        "cpu": limits.cpu_percent, "threads": limits.threads, "oom_disabled": limits.is_oom_disabled,
    })
}

/// `feature_limits` of both APIs.
pub(super) fn feature_limits(server: &Server) -> Value {
    let features = &server.features;
    json!({"databases": features.databases, "allocations": features.allocations, "backups": features.backups})
}

fn egg_attributes(egg: &Egg) -> Value {
    let images: Map<String, Value> =
        egg.images.iter().map(|(label, image)| (label.clone(), json!(image))).collect();
    let files: Value = egg
        .config_file
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| json!({}));
    let seeded = date(super::options::DEFAULT_START);
    json!({
        "id": egg.id, "uuid": egg.uuid, "name": egg.name, "nest": egg.nest_id, "author": "support@example.net",
        "description": egg.description,
        "docker_image": egg.images.first().map(|(_, image)| image.clone()), "docker_images": images,
        "config": {
            "files": files, "startup": {"done": egg.done}, "stop": egg.stop, "logs": [], "file_denylist": [],
            "extends": null,
        },
        "startup": egg.startup,
        "script": {
            "privileged": true, "install": "#!/bin/ash\nexit 0\n", "entry": "ash",
            "container": "ghcr.io/pterodactyl/installers:alpine", "extends": null,
        },
        "created_at": seeded, "updated_at": seeded,
    })
}

fn variable(egg_id: i64, row: &EggVariable) -> Value {
    let seeded = raw_date(super::options::DEFAULT_START);
    json!({
        "id": row.id, "egg_id": egg_id, "name": row.name, "description": row.description,
        "env_variable": row.env_variable, "default_value": row.default_value,
        "user_viewable": row.is_user_viewable, "user_editable": row.is_user_editable, "rules": row.rules,
        "created_at": seeded, "updated_at": seeded,
    })
}

fn server_variable(egg_id: i64, server: &Server, row: &EggVariable) -> Value {
    let mut attributes = variable(egg_id, row);
    if let Some(fields) = attributes.as_object_mut() {
        fields.insert("server_value".to_owned(), json!(server.environment.get(&row.env_variable)));
    }
    object("server_variable", attributes)
}

fn application_subuser(server: &Server, subuser: &Subuser) -> Value {
    let at = date(subuser.created_at);
    let attributes = json!({
        "id": subuser.user_id, "user_id": subuser.user_id, "server_id": server.id,
        "permissions": subuser.permissions, "created_at": at, "updated_at": at,
    });
    object("subuser", attributes)
}
