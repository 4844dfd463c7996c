//! What a panel contains at the start: accounts and keys of every world, nodes of the small and the large one.

use std::collections::BTreeMap;

use super::bill::Meter;
use super::daemon::DaemonMode;
use super::entities::{
    Acl, ApiKey, Extras, FeatureLimits, KeyKind, Limits, Location, Node, Resource, Server, User,
};
use super::life::Process;
use super::options::WorldKind;
use super::start::PanelKeys;
use super::world::World;
use super::{demo, eggs};
use crate::model::time::Timestamp;
use crate::sim::random;

/// Fills a world and returns its keys.
pub(super) fn fill(world: &mut World, kind: WorldKind) -> PanelKeys {
    eggs::plant(world);
    add_user(world, "admin", "Ada", "Admin", "admin@example.test", true);
    add_user(world, "player", "Pat", "Player", "player@example.test", false);
    let keys = add_keys(world);
    match kind {
        WorldKind::Empty => {}
        WorldKind::Small => small(world),
        WorldKind::Demo => demo::fill(world),
        WorldKind::Large { nodes, servers } => large(world, nodes, servers),
    }
    keys
}

fn add_keys(world: &mut World) -> PanelKeys {
    let elsewhere = || vec!["203.0.113.99".to_owned()];
    let here = Vec::new;
    PanelKeys {
        application: add_key(world, KeyKind::Application, 1, "everything", Acl::All, here()),
        read_only: add_key(world, KeyKind::Application, 1, "read", Acl::ReadOnly, here()),
        powerless: add_key(world, KeyKind::Application, 1, "none", Acl::Only(Vec::new()), here()),
        servers_only: add_key(
            world,
            KeyKind::Application,
            1,
            "servers",
            Acl::Only(vec![Resource::Servers]),
            here(),
        ),
        application_bound: add_key(world, KeyKind::Application, 1, "bound", Acl::All, elsewhere()),
        admin: add_key(world, KeyKind::Client, 1, "client-admin", Acl::All, here()),
        player: add_key(world, KeyKind::Client, 2, "client-player", Acl::All, here()),
        client_bound: add_key(world, KeyKind::Client, 2, "client-bound", Acl::All, elsewhere()),
    }
}

fn add_key(
    world: &mut World,
    kind: KeyKind,
    user_id: i64,
    description: &str,
    acl: Acl,
    ips: Vec<String>,
) -> String {
    let created_at = world.stamp;
    world.insert_key(ApiKey {
        kind,
        identifier: String::new(),
        secret: String::new(),
        user_id,
        description: description.to_owned(),
        acl,
        allowed_ips: ips,
        last_used_at: None,
        created_at,
    })
}

/// Adds an account of the seed.
pub(super) fn add_user(
    world: &mut World,
    username: &str,
    first: &str,
    last: &str,
    email: &str,
    is_root_admin: bool,
) -> i64 {
    let stamp = world.stamp;
    world.insert_user(|id, seed| User {
        id,
        external_id: None,
        uuid: random::uuid(seed, &[id.cast_unsigned(), 73]),
        username: username.to_owned(),
        email: email.to_owned(),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        language: "en".to_owned(),
        is_root_admin,
        created_at: stamp,
        updated_at: stamp,
    })
}

/// Adds a location of the seed.
pub(super) fn add_location(world: &mut World, short: &str, long: &str) -> i64 {
    let id = world.next_id("locations");
    let location = Location {
        id,
        short: short.to_owned(),
        long: Some(long.to_owned()),
        created_at: world.stamp,
        updated_at: world.stamp,
    };
    world.locations.insert(id, location);
    id
}

/// Adds a public node of the seed; its daemon's port is set when its socket opens.
pub(super) fn add_node(
    world: &mut World,
    name: &str,
    location_id: i64,
    memory_mib: i64,
    disk_mib: i64,
) -> i64 {
    let id = world.next_id("nodes");
    let (seed, number) = (world.seed, id.cast_unsigned());
    let node = Node {
        id,
        uuid: random::uuid(seed, &[number, 74]),
        is_public: true,
        name: name.to_owned(),
        location_id,
        fqdn: "127.0.0.1".to_owned(),
        scheme: "http".to_owned(),
        is_behind_proxy: false,
        is_in_maintenance: false,
        memory_mib,
        memory_overallocate: 0,
        disk_mib,
        disk_overallocate: 0,
        upload_size: 100,
        daemon_listen: 8080,
        daemon_sftp: 2022,
        daemon_base: "/var/lib/pterodactyl/volumes".to_owned(),
        token_id: random::letters(seed, &[number, 75], 16),
        token: random::letters(seed, &[number, 76], 64),
        created_at: world.stamp,
        updated_at: world.stamp,
        daemon: DaemonMode::Up,
        socket_port: None,
        booted_at: Timestamp(0),
    };
    world.nodes.insert(id, node);
    id
}

/// A server of the seed.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    pub(super) external_id: Option<String>,
    pub(super) user_id: i64,
    pub(super) node_id: i64,
    pub(super) egg_id: i64,
    pub(super) memory_mib: i64,
    pub(super) disk_mib: i64,
    pub(super) cpu_percent: i64,
    pub(super) age_ms: u64,
    pub(super) environment: &'a [(&'a str, &'a str)],
}

/// Adds an installed, stopped server of the seed on a free allocation of its node; `None` when there is none.
pub(super) fn add_server(world: &mut World, plan: &Plan<'_>) -> Option<i64> {
    let free = world
        .allocations_of_node
        .get(&plan.node_id)?
        .iter()
        .copied()
        .find(|id| world.allocations.get(id).is_some_and(|allocation| allocation.server_id.is_none()))?;
    let egg = world.eggs.get(&plan.egg_id)?.clone();
    let mut environment: BTreeMap<String, String> = egg
        .variables
        .iter()
        .map(|variable| (variable.env_variable.clone(), variable.default_value.clone()))
        .collect();
    environment.extend(plan.environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let id = world.next_id("servers");
    let created_at = Timestamp(world.stamp.0.saturating_sub_unsigned(plan.age_ms));
    let server = Server {
        id,
        external_id: plan.external_id.clone(),
        uuid: random::uuid(world.seed, &[id.cast_unsigned(), 77]),
        name: plan.name.to_owned(),
        description: String::new(),
        status: None,
        limits: Limits {
            memory_mib: plan.memory_mib,
            swap_mib: 0,
            disk_mib: plan.disk_mib,
            io: 500,
            cpu_percent: plan.cpu_percent,
            threads: None,
            is_oom_disabled: true,
        },
        features: FeatureLimits { databases: Some(0), allocations: Some(0), backups: 2 },
        user_id: plan.user_id,
        node_id: plan.node_id,
        allocation_id: free,
        egg_id: egg.id,
        nest_id: egg.nest_id,
        startup: egg.startup.clone(),
        image: egg.images.first().map(|(_, image)| image.clone()).unwrap_or_default(),
        environment,
        created_at,
        updated_at: created_at,
        meter: Meter::starting(world.now),
        process: Process::offline(world.now),
        extras: Extras::default(),
    };
    world.created_ever += 1;
    if let Some(external_id) = &plan.external_id {
        *world.created_by_external_id.entry(external_id.clone()).or_default() += 1;
    }
    world.insert_server(server, &[free]);
    Some(id)
}

fn small(world: &mut World) {
    for (short, long, name) in [("eu-1", "Europe one", "node-eu"), ("us-1", "America one", "node-us")] {
        let location = add_location(world, short, long);
        let node = add_node(world, name, location, 65_536, 512_000);
        for port in 25_565..25_585 {
            world.insert_allocation(node, "127.0.0.1", None, port);
        }
    }
}

/// Ports per node of the large world beyond its servers.
const SPARE_PORTS: u16 = 20;

fn large(world: &mut World, nodes: u32, servers: u32) {
    let nodes = nodes.max(1);
    let regions =
        [("eu.fra", "Frankfurt"), ("us.nyc", "New York"), ("ap.sin", "Singapore"), ("sa.gru", "São Paulo")];
    let locations: Vec<i64> = regions.iter().map(|(short, long)| add_location(world, short, long)).collect();
    let per_node = u16::try_from(servers.div_ceil(nodes)).unwrap_or(u16::MAX - 20_000 - SPARE_PORTS);
    let mut node_ids = Vec::new();
    for number in 0..nodes as usize {
        let at = number % locations.len();
        let region = regions.get(at).map_or("xx", |(short, _)| &short[3..]);
        let location = locations.get(at).copied().unwrap_or(1);
        let node = add_node(
            world,
            &format!("{region}-{:03}", number / locations.len() + 1),
            location,
            262_144,
            4_000_000,
        );
        let ip = format!("10.{}.{}.10", number / 250, number % 250);
        for port in 0..per_node + SPARE_PORTS {
            world.insert_allocation(node, &ip, None, 20_000 + port);
        }
        node_ids.push(node);
    }
    let eggs = [5, 4, 2, 1, 8, 14, 16, 15];
    let memories = [1_024, 2_048, 4_096, 4_096, 6_144, 8_192, 12_288];
    for number in 0..u64::from(servers) {
        let seed = world.seed;
        let pick =
            |lane: u64, of: usize| usize::try_from(random::mix(seed, &[number, lane])).unwrap_or(0) % of;
        let plan = Plan {
            name: &format!("srv-{number:05}"),
            external_id: Some(format!("order-{number:05}")),
            user_id: 2,
            node_id: node_ids
                .get(usize::try_from(number).unwrap_or(0) % node_ids.len())
                .copied()
                .unwrap_or(1),
            egg_id: eggs.get(pick(81, eggs.len())).copied().unwrap_or(5),
            memory_mib: memories.get(pick(82, memories.len())).copied().unwrap_or(2_048),
            disk_mib: 20_480,
            cpu_percent: 200,
            age_ms: random::between(seed, &[number, 83], 3_600_000, 400 * 86_400_000),
            environment: &[],
        };
        if let Some(id) = add_server(world, &plan)
            && random::share(seed, &[number, 84]) < 0.85
        {
            world.set_running(id, random::between(seed, &[number, 85], 60_000, 20 * 86_400_000));
        }
    }
}
