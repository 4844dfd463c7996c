//! The demo world: four nodes in three regions, two dozen customers, some forty servers of six games.

use super::entities::Status;
use super::seed::{Plan, add_location, add_node, add_server, add_user};
use super::world;
use super::world::World;
use crate::sim::random;

/// Nodes: location short name, its long name, node name, address, memory GiB, disk GiB.
const NODES: &[(&str, &str, &str, &str, i64, i64)] = &[
    ("eu.fra", "Frankfurt, Germany", "fra-01", "198.51.100.11", 128, 1_800),
    ("eu.fra", "Frankfurt, Germany", "fra-02", "198.51.100.12", 64, 900),
    ("us.nyc", "New York, United States", "nyc-01", "203.0.113.21", 96, 1_400),
    ("ap.sin", "Singapore", "sin-01", "192.0.2.31", 64, 900),
];

/// Customers: first and last name.
const CUSTOMERS: &[(&str, &str)] = &[
    ("Mara", "Lindqvist"),
    ("Jonas", "Weber"),
    ("Priya", "Raman"),
    ("Tomás", "Oliveira"),
    ("Ellie", "Carter"),
    ("Kenji", "Mori"),
    ("Sofia", "Rossi"),
    ("Noah", "Whitfield"),
    ("Anya", "Petrova"),
    ("Lucas", "Dubois"),
    ("Hana", "Kim"),
    ("Owen", "Gallagher"),
    ("Zeynep", "Aydin"),
    ("Felix", "Brandt"),
    ("Chloe", "Nguyen"),
    ("Diego", "Herrera"),
    ("Isla", "MacLeod"),
    ("Marek", "Novak"),
    ("Amara", "Okafor"),
    ("Theo", "Janssen"),
    ("Ruth", "Feldman"),
    ("Yusuf", "Demir"),
];

/// Servers: name, egg, node (from 1), memory MiB, extra environment.
type Row = (&'static str, i64, i64, i64, &'static [(&'static str, &'static str)]);

const SERVERS: &[Row] = &[
    ("Oakvale SMP", 5, 1, 8_192, &[("MINECRAFT_VERSION", "1.21.4")]),
    ("Skyblock Reborn", 5, 1, 6_144, &[("MINECRAFT_VERSION", "1.20.6")]),
    ("Hexcraft Lobby", 5, 1, 2_048, &[("MINECRAFT_VERSION", "1.21.4")]),
    ("Hexcraft Survival", 5, 1, 12_288, &[("MINECRAFT_VERSION", "1.21.4")]),
    ("Hexcraft Creative", 5, 1, 4_096, &[("MINECRAFT_VERSION", "1.21.4")]),
    ("Hexcraft Proxy", 15, 1, 1_024, &[]),
    ("ATM10 weekend", 2, 1, 10_240, &[("MC_VERSION", "1.21.1"), ("FORGE_VERSION", "52.0.28")]),
    ("Valhelsia friends", 2, 1, 8_192, &[("MC_VERSION", "1.20.1"), ("FORGE_VERSION", "47.3.12")]),
    ("school-club", 5, 1, 3_072, &[("MINECRAFT_VERSION", "1.20.4")]),
    ("FaceIt practice EU", 8, 1, 4_096, &[("SRCDS_MAP", "de_mirage")]),
    ("retakes.gg #1", 8, 1, 4_096, &[("SRCDS_MAP", "de_inferno")]),
    ("retakes.gg #2", 8, 1, 4_096, &[("SRCDS_MAP", "de_nuke")]),
    ("Bearded Vikings", 16, 1, 4_096, &[("WORLD", "Jotunheim"), ("SERVER_NAME", "Bearded Vikings")]),
    (
        "Rustopia DE 3x",
        14,
        1,
        16_384,
        &[("WORLD_SIZE", "4250"), ("MAX_PLAYERS", "150"), ("RCON_PASS", "demo-only-1")],
    ),
    ("Kreativwerkstatt", 5, 2, 4_096, &[("MINECRAFT_VERSION", "1.21.1")]),
    ("Pixel Pirates", 5, 2, 6_144, &[("MINECRAFT_VERSION", "1.20.6")]),
    ("Create: Above & Beyond", 2, 2, 8_192, &[("MC_VERSION", "1.16.5"), ("FORGE_VERSION", "36.2.42")]),
    ("Familie Brandt", 5, 2, 2_048, &[]),
    ("surf_ski_eu", 8, 2, 3_072, &[("SRCDS_MAP", "surf_ski_2"), ("MAX_PLAYERS", "32")]),
    ("Ragnarok nights", 16, 2, 4_096, &[("WORLD", "Ragnarok")]),
    ("Velocity edge FRA", 15, 2, 1_024, &[]),
    ("Rusty Duo 2x", 14, 2, 12_288, &[("WORLD_SIZE", "3500"), ("RCON_PASS", "demo-only-2")]),
    ("Liberty SMP", 5, 3, 8_192, &[("MINECRAFT_VERSION", "1.21.4")]),
    ("Gotham Prison", 5, 3, 6_144, &[("MINECRAFT_VERSION", "1.8.8")]),
    ("Brooklyn Builders", 5, 3, 4_096, &[]),
    ("RLCraft East", 2, 3, 8_192, &[("MC_VERSION", "1.12.2"), ("FORGE_VERSION", "14.23.5.2860")]),
    ("Stoneblock 3", 2, 3, 8_192, &[("MC_VERSION", "1.18.2"), ("FORGE_VERSION", "40.2.21")]),
    ("NA scrims", 8, 3, 4_096, &[("SRCDS_MAP", "de_ancient")]),
    ("1v1 arena NY", 8, 3, 2_048, &[("SRCDS_MAP", "aim_map"), ("MAX_PLAYERS", "16")]),
    (
        "Empire State Rust",
        14,
        3,
        16_384,
        &[("WORLD_SIZE", "4500"), ("MAX_PLAYERS", "200"), ("RCON_PASS", "demo-only-3")],
    ),
    ("Mead Hall", 16, 3, 4_096, &[("WORLD", "Meadhall")]),
    ("Velocity edge NYC", 15, 3, 1_024, &[]),
    ("Merlion SMP", 5, 4, 6_144, &[("MINECRAFT_VERSION", "1.21.3")]),
    ("Kampung Craft", 5, 4, 4_096, &[("MINECRAFT_VERSION", "1.20.4")]),
    ("Sakura Towny", 5, 4, 6_144, &[("MINECRAFT_VERSION", "1.20.6")]),
    ("SEA 5v5", 8, 4, 4_096, &[("SRCDS_MAP", "de_anubis")]),
    ("Ironwood", 16, 4, 4_096, &[("WORLD", "Ironwood")]),
    ("GTNH night shift", 2, 4, 10_240, &[("MC_VERSION", "1.7.10"), ("FORGE_VERSION", "10.13.4.1614")]),
    ("Straits Rust", 14, 4, 12_288, &[("WORLD_SIZE", "3750"), ("RCON_PASS", "demo-only-4")]),
    ("Velocity edge SIN", 15, 4, 1_024, &[]),
    ("test-do-not-use", 4, 2, 2_048, &[]),
];

const DAY_MS: u64 = 86_400_000;

/// Fills the demo world; it is eventful.
pub(super) fn fill(world: &mut World) {
    world.is_eventful = true;
    let mut locations: Vec<(&str, i64)> = Vec::new();
    for (short, long, name, ip, memory_gib, disk_gib) in NODES {
        let known = locations.iter().find(|(known, _)| known == short).map(|(_, id)| *id);
        let location = known.unwrap_or_else(|| {
            let id = add_location(world, short, long);
            locations.push((short, id));
            id
        });
        let node = add_node(world, name, location, memory_gib * 1_024, disk_gib * 1_024);
        for port in 25_565..25_595 {
            world.insert_allocation(node, ip, Some(&format!("{name}.play.example.net")), port);
        }
        world.plan_maintenance(node);
    }
    let users: Vec<i64> = CUSTOMERS.iter().map(|(first, last)| add_customer(world, first, last)).collect();
    for (number, row) in SERVERS.iter().enumerate() {
        add_demo_server(world, number as u64, row, &users);
    }
}

fn add_customer(world: &mut World, first: &str, last: &str) -> i64 {
    let plain: String = format!("{first}.{last}").to_lowercase().replace('á', "a");
    let id = add_user(world, &plain, first, last, &format!("{plain}@example.net"), false);
    let seed = world.seed;
    if let Some(user) = world.users.get_mut(&id) {
        user.external_id = Some(random::uuid(seed, &[id.cast_unsigned(), 91]));
    }
    id
}

fn add_demo_server(world: &mut World, number: u64, row: &Row, users: &[i64]) {
    let (name, egg_id, node_id, memory_mib, environment) = row;
    let seed = world.seed;
    let is_test = name.starts_with("test-");
    let at = usize::try_from(random::mix(seed, &[number, 92])).unwrap_or(0) % users.len();
    let plan = Plan {
        name,
        // A server that someone made by hand in the panel: nothing owns it.
        external_id: (!is_test).then(|| random::uuid(seed, &[number, 93])),
        user_id: if is_test { 1 } else { users.get(at).copied().unwrap_or(2) },
        node_id: *node_id,
        egg_id: *egg_id,
        memory_mib: *memory_mib,
        disk_mib: memory_mib * 5,
        cpu_percent: if *memory_mib >= 8_192 { 400 } else { 200 },
        age_ms: random::between(seed, &[number, 94], 2 * DAY_MS, 300 * DAY_MS),
        environment,
    };
    let Some(id) = add_server(world, &plan) else { return };
    match number {
        8 => set_status(world, id, Status::Suspended),
        16 => set_status(world, id, Status::InstallFailed),
        17 | 28 => {}
        _ => world.set_running(id, random::between(seed, &[number, 95], 600_000, 9 * DAY_MS)),
    }
}

fn set_status(world: &mut world::World, id: i64, status: Status) {
    if let Some(server) = world.servers.get_mut(&id) {
        server.status = Some(status);
    }
}
