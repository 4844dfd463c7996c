//! The application API (`providers/pterodactyl.md` §3).

mod allocations;
mod environment;
mod locations;
mod nests;
mod nodes;
mod server_changes;
mod server_create;
mod server_life;
mod servers;
mod users;

use super::call::Route;

/// Its routes.
pub(super) const ROUTES: &[&[Route]] = &[
    locations::ROUTES,
    nodes::ROUTES,
    allocations::ROUTES,
    nests::ROUTES,
    users::ROUTES,
    servers::ROUTES,
    server_life::ROUTES,
];
