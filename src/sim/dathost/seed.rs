//! The worlds a simulator can start with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::entities::{Account, BootFate, Cached, Month, Server};
use super::events::MONTH_MS;
use super::options::DathostWorldKind;
use super::world::World;
use super::{files, players};
use crate::sim::micro::MICRO;
use crate::sim::random;

/// Our account and the one that invited it.
pub(super) struct Seeded {
    pub(super) own: String,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) inviter: String,
}

/// A row of a world: name, location, slots, whether it stops itself when empty, months paid ahead (0: by the minute).
type Row = (&'static str, &'static str, u64, bool, u32);

const SMALL: &[Row] = &[
    ("scrim", "stockholm", 11, false, 0),
    ("practice", "dusseldorf", 12, true, 0),
    ("community", "sao_paulo", 20, false, 1),
];

const DEMO: &[Row] = &[
    ("scrim-template", "stockholm", 11, true, 0),
    ("practice-eu", "dusseldorf", 12, true, 0),
    ("practice-na", "chicago", 12, true, 0),
    ("retakes", "warsaw", 10, false, 0),
    ("community-hub", "stockholm", 24, false, 3),
    ("old-tournament", "strasbourg", 11, false, 0),
];

/// The demo's servers that are on when it begins, by number.
const ON_AT_FIRST: [u64; 3] = [2, 4, 6];

/// Fills a world.
pub(super) fn fill(world: &mut World, kind: DathostWorldKind) -> Seeded {
    let inviter = "studio@example.net";
    let own = add_account(world, 1, "ops@example.net", &[inviter]);
    let other = add_account(world, 2, inviter, &[]);
    let (rows, credits): (&[Row], u64) = match kind {
        DathostWorldKind::Empty => (&[], 100),
        DathostWorldKind::Small => (SMALL, 250),
        DathostWorldKind::Demo => (DEMO, 140),
        DathostWorldKind::Large { .. } => (&[], 1_000_000),
    };
    world.top_up(&own, credits * MICRO);
    world.top_up(&other, 50 * MICRO);
    for (name, location, slots, is_autostop, months) in rows {
        let id = add_server(world, &own, "cs2", location);
        let Some(server) = world.servers.get_mut(&id) else { continue };
        server.fields.insert("name".to_owned(), (*name).to_owned());
        server.fields.insert("autostop".to_owned(), is_autostop.to_string());
        server.settings.insert("slots".to_owned(), slots.to_string());
        server.sync();
        if *months > 0 {
            world.subscribe(&id, *months);
        }
    }
    if let DathostWorldKind::Large { servers } = kind {
        for number in 1..=servers {
            let id = add_server(world, &own, "cs2", "stockholm");
            if let Some(server) = world.servers.get_mut(&id) {
                server.fields.insert("name".to_owned(), format!("server-{number:04}"));
                server.fields.insert("autostop".to_owned(), "true".to_owned());
            }
        }
    }
    let ids: Vec<(String, u64)> =
        world.servers.values().map(|server| (server.id.clone(), server.number)).collect();
    for (id, number) in ids {
        if kind == DathostWorldKind::Demo && ON_AT_FIRST.contains(&number) {
            world.switch_on(&id);
        } else {
            players::plan(world, &id);
        }
    }
    let password = world.accounts.get(&own).map(|account| account.password.clone()).unwrap_or_default();
    Seeded { own, email: "ops@example.net".to_owned(), password, inviter: inviter.to_owned() }
}

fn add_account(world: &mut World, number: u64, email: &str, invited_by: &[&str]) -> String {
    let id = random::hex(world.seed, &[number, 10], 24);
    let account = Account {
        id: id.clone(),
        email: email.to_owned(),
        password: random::letters(world.seed, &[number, 11], 20),
        invited_by: invited_by.iter().map(|email| (*email).to_owned()).collect(),
    };
    world.accounts.insert(id.clone(), account);
    id
}

/// A server that is off, with what it is where nobody said otherwise.
pub(super) fn add_server(world: &mut World, owner: &str, game: &str, location: &str) -> String {
    world.made += 1;
    let number = world.made;
    let id = random::hex(world.seed, &[number, 20], 24);
    let server = Server {
        id: id.clone(),
        number,
        owner: owner.to_owned(),
        created_at: world.now,
        game: game.to_owned(),
        location: location.to_owned(),
        moves: 0,
        fields: BTreeMap::from([("name".to_owned(), format!("My {game} server"))]),
        settings: BTreeMap::new(),
        source: None,
        is_on: false,
        boot: None,
        listed_booting: false,
        fate: BootFate::Normal,
        error: String::new(),
        has_crashed: false,
        match_id: None,
        run: None,
        month: Month { ends_at: world.now.plus_millis(MONTH_MS), used: 0 },
        subscription: None,
        players: BTreeSet::new(),
        told_players: 0,
        counted_at: None,
        autostop_at: None,
        stirs_at: None,
        decisions: 0,
        console: VecDeque::new(),
        files: files::fresh(),
        cached: Cached::default(),
        is_bare: false,
    };
    world.servers.insert(server);
    id
}
