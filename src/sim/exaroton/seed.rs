//! The worlds a simulator can start with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::entities::{Account, Member, PayerId, Play, Pool, Server, StartFate, Status, Storage};
use super::events::STORAGE_PERIOD_MS;
use super::options::ExarotonWorldKind;
use super::world::World;
use super::{files, players};
use crate::sim::micro::{MICRO, signed};
use crate::sim::random;

/// Our account's and the friend's ids and tokens.
pub(super) struct Seeded {
    pub(super) own: String,
    pub(super) own_token: String,
    pub(super) friend_token: String,
}

/// A row of a world: name, memory GiB, who owns it (0 us, 1 the friend), pool (from 1), basic storage in credits, software.
type Row = (&'static str, u32, usize, usize, u64, (&'static str, &'static str));

/// A pool of a world: name, what we gave, what the friend gave, in credits.
type PoolRow = (&'static str, u64, u64);

const SMALL: &[Row] = &[
    ("weekend", 4, 0, 0, 6, ("Paper", "1.21.4")),
    ("hardcore", 8, 0, 0, 10, ("Fabric", "1.21.1")),
    ("club", 6, 0, 1, 3, ("Paper", "1.20.6")),
    ("friends", 4, 1, 0, 5, ("Vanilla", "1.21.4")),
];

const DEMO: &[Row] = &[
    ("oakvale-smp", 8, 0, 0, 9, ("Paper", "1.21.4")),
    ("skyblock-hub", 4, 0, 0, 4, ("Paper", "1.21.4")),
    ("event-arena", 12, 0, 0, 7, ("Purpur", "1.21.4")),
    ("creative-plots", 6, 0, 0, 10, ("Paper", "1.20.6")),
    ("modded-atm10", 16, 0, 0, 10, ("NeoForge", "1.21.1")),
    ("staging", 2, 0, 0, 1, ("Paper", "1.21.4")),
    ("school-club", 4, 0, 1, 3, ("Vanilla", "1.21.4")),
    ("school-minigames", 6, 0, 1, 5, ("Paper", "1.21.4")),
    ("guild-survival", 8, 0, 2, 8, ("Fabric", "1.21.1")),
    ("guild-creative", 4, 0, 2, 6, ("Fabric", "1.21.1")),
    ("bedrock-lobby", 3, 0, 0, 2, ("Bedrock", "1.21.50")),
    ("mara-private", 4, 1, 0, 5, ("Vanilla", "1.21.4")),
];

/// The demo's servers that are on their way up when it begins, by number.
const RUNNING_AT_FIRST: [u64; 5] = [1, 3, 5, 7, 9];

/// Fills a world.
pub(super) fn fill(world: &mut World, kind: ExarotonWorldKind) -> Seeded {
    let own = add_account(world, 1, "northwind");
    let friend = add_account(world, 2, "mara");
    let seeded =
        Seeded { own_token: token_of(world, &own), friend_token: token_of(world, &friend), own: own.clone() };
    let (rows, own_credits, pools): (&[Row], u64, &[PoolRow]) = match kind {
        ExarotonWorldKind::Empty => (&[], 0, &[]),
        ExarotonWorldKind::Small => (SMALL, 420, &[("club-pool", 225, 75)]),
        ExarotonWorldKind::Demo => (DEMO, 1_870, &[("school", 260, 140), ("guild", 500, 900)]),
        ExarotonWorldKind::Large { .. } => (&[], 1_000_000, &[("shared", 600_000, 400_000)]),
    };
    if own_credits > 0 {
        world.top_up(&PayerId::Account(own.clone()), own_credits * MICRO);
        world.top_up(&PayerId::Account(friend.clone()), 120 * MICRO);
    }
    let pools: Vec<String> = pools
        .iter()
        .enumerate()
        .map(|(at, (name, ours, theirs))| {
            add_pool(
                world,
                at as u64 + 1,
                name,
                &[(own.clone(), ours * MICRO), (friend.clone(), theirs * MICRO)],
            )
        })
        .collect();
    for (number, row) in rows.iter().enumerate() {
        let owner = if row.2 == 0 { &own } else { &friend };
        let pool = row.3.checked_sub(1).and_then(|at| pools.get(at)).cloned();
        let id = add_server(world, number as u64 + 1, row.0, row.1, owner, pool, row.4 * MICRO);
        if let Some(server) = world.servers.get_mut(&id) {
            if row.2 == 1 {
                server.shared_with.insert(own.clone());
            }
            let software = random::letters(1, &[number as u64, 8], 16);
            server.software = Some((software, row.5.0.to_owned(), row.5.1.to_owned()));
        }
    }
    if let ExarotonWorldKind::Large { servers } = kind {
        for number in 1..=u64::from(servers) {
            let pool = if number.is_multiple_of(5) { pools.first().cloned() } else { None };
            let ram = u32::try_from(2 + number % 15).unwrap_or(2);
            add_server(world, number, &format!("server-{number:04}"), ram, &own, pool, (number % 11) * MICRO);
        }
    }
    let ids: Vec<(String, u64)> =
        world.servers.values().map(|server| (server.id.clone(), server.number)).collect();
    for (id, number) in ids {
        let payer = world.servers.get(&id).map(Server::usual_payer);
        match payer {
            Some(payer) if kind == ExarotonWorldKind::Demo && RUNNING_AT_FIRST.contains(&number) => {
                world.begin_start(&id, payer);
            }
            _ => players::plan_knock(world, &id),
        }
    }
    seeded
}

/// A pool with what each member gave.
pub(super) fn add_pool(world: &mut World, number: u64, name: &str, members: &[(String, u64)]) -> String {
    let id = random::letters(world.seed, &[number, 30], 16);
    let owner = members.first().map(|(account, _)| account.clone()).unwrap_or_default();
    let members: Vec<Member> =
        members.iter().map(|(account, given)| Member { account: account.clone(), given: *given }).collect();
    let total: u64 = members.iter().map(|member| member.given).sum();
    world.pools.insert(id.clone(), Pool { id: id.clone(), name: name.to_owned(), owner, members });
    world.top_up(&PayerId::Pool(id.clone()), total);
    debug_assert!(signed(total) >= 0);
    id
}

fn add_account(world: &mut World, number: u64, name: &str) -> String {
    let id = random::letters(world.seed, &[number, 10], 16);
    let account = Account {
        id: id.clone(),
        name: name.to_owned(),
        email: format!("{name}@example.net"),
        is_verified: true,
        token: random::letters(world.seed, &[number, 11], 86),
    };
    world.accounts.insert(id.clone(), account);
    id
}

fn token_of(world: &World, account: &str) -> String {
    world.accounts.get(account).map(|account| account.token.clone()).unwrap_or_default()
}

/// A server that is offline.
pub(super) fn add_server(
    world: &mut World,
    number: u64,
    name: &str,
    ram_gib: u32,
    owner: &str,
    pool: Option<String>,
    storage_basic: u64,
) -> String {
    let id = random::letters(world.seed, &[number, 20], 16);
    // Periods end at different times: what came before the world began is paid for.
    let passed_ms = random::between(world.seed, &[number, 21], 0, STORAGE_PERIOD_MS - 1);
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
    let motd = format!("Welcome to {name}");
    let server = Server {
        id: id.clone(),
        number,
        owner: owner.to_owned(),
        shared_with: BTreeSet::new(),
        pool,
        name: name.to_owned(),
        motd: motd.clone(),
        software: None,
        port: u16::try_from(random::between(world.seed, &[number, 22], 20_000, 60_000)).ok(),
        ram_gib,
        max_players: 20,
        players: Vec::new(),
        status: Status::Offline,
        odd_status: None,
        ends_at: None,
        online_since: None,
        fate: StartFate::Normal,
        run: None,
        next_payer: None,
        auto_stop_ms: Some(world.timings.auto_stop_ms).filter(|wait_ms| *wait_ms > 0),
        auto_stop_at: None,
        play: Play::default(),
        knock_at: None,
        storage: Storage {
            basic: storage_basic.min(10 * MICRO),
            period_ends: world.now.plus_millis(STORAGE_PERIOD_MS - passed_ms),
            burned: 0,
            burned_before: 0,
        },
        console: VecDeque::new(),
        stored_log: Some(format!("[00:00:00] [Server thread/INFO]: {name} stopped")),
        lists: BTreeMap::from([
            ("whitelist".to_owned(), list(&["Steve", "Alex"])),
            ("ops".to_owned(), list(&["Steve"])),
            ("banned-players".to_owned(), Vec::new()),
            ("banned-ips".to_owned(), Vec::new()),
        ]),
        files: files::fresh(&motd),
    };
    world.servers.insert(id.clone(), server);
    id
}
