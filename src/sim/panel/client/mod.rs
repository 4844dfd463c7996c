//! The client API (`providers/pterodactyl.md` §4).

mod account;
mod backups;
mod files;
mod live;
mod objects;
mod permissions;
mod servers;
mod settings;
mod sharing;

use super::call::Route;

pub(super) use live::run_command;

/// Its routes.
pub(super) const ROUTES: &[&[Route]] = &[
    servers::ROUTES,
    account::ROUTES,
    live::ROUTES,
    files::ROUTES,
    backups::ROUTES,
    settings::ROUTES,
    sharing::ROUTES,
];
