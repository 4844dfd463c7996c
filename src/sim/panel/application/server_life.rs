//! Suspending, reinstalling and deleting servers (`providers/pterodactyl.md` §3.11, §3.12, §5.6).

use crate::model::server::PowerSignal;
use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Outcome, Reply, Route, Wait, none};
use crate::sim::panel::daemon::{self, Contact};
use crate::sim::panel::entities::Status;
use crate::sim::panel::life::ProcessEvent;
use crate::sim::panel::world::World;

use super::servers::{WRITE, known};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "POST", pattern: "/api/application/servers/{id}/suspend", need: WRITE, run: suspend },
    Route { method: "POST", pattern: "/api/application/servers/{id}/unsuspend", need: WRITE, run: unsuspend },
    Route { method: "POST", pattern: "/api/application/servers/{id}/reinstall", need: WRITE, run: reinstall },
    Route { method: "DELETE", pattern: "/api/application/servers/{id}", need: WRITE, run: delete },
    // Whatever the last word is: only `force` forces, anything else deletes all the same.
    Route { method: "DELETE", pattern: "/api/application/servers/{id}/{force}", need: WRITE, run: delete },
];

fn set_status(world: &mut World, id: i64, status: Option<Status>) {
    let stamp = world.stamp;
    if let Some(row) = world.servers.get_mut(&id) {
        row.status = status;
        row.updated_at = stamp;
    }
}

fn node_of(world: &World, id: i64) -> i64 {
    world.servers.get(&id).map_or(0, |row| row.node_id)
}

fn status_of(world: &World, id: i64) -> Option<Status> {
    world.servers.get(&id).and_then(|row| row.status)
}

fn suspend(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    if status_of(world, id) == Some(Status::Suspended) {
        return none();
    }
    set_status(world, id, Some(Status::Suspended));
    let done = move |_: &Call, world: &mut World| {
        world.stop_suspended(id);
        none()
    };
    // A failure reverts to normal, not to what it was.
    daemon::through(call, world, node_of(world, id), done, move |_, world, failure| {
        set_status(world, id, None);
        Err(failure)
    })
}

fn unsuspend(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    if status_of(world, id) != Some(Status::Suspended) {
        return none();
    }
    set_status(world, id, None);
    daemon::through(
        call,
        world,
        node_of(world, id),
        |_, _| none(),
        move |_, world, failure| {
            set_status(world, id, Some(Status::Suspended));
            Err(failure)
        },
    )
}

fn reinstall(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    let done = move |_: &Call, world: &mut World| {
        if world.servers.get(&id).is_some_and(|row| row.process.install.is_some()) {
            // The node cannot run a second install and reports that as a failure, while the first goes on.
            set_status(world, id, Some(Status::ReinstallFailed));
            return none();
        }
        set_status(world, id, Some(Status::Installing));
        world.process_event(id, ProcessEvent::Signal(PowerSignal::Kill));
        world.begin_install(id, true, false, false);
        none()
    };
    daemon::through(call, world, node_of(world, id), done, daemon::pass_on)
}

fn delete(call: &Call, world: &mut World) -> Reply {
    let id = known(call, world)?;
    let is_forced = call.param(1) == "force";
    let node_id = node_of(world, id);
    match daemon::contact(world, node_id) {
        // A daemon that does not know the server has nothing to delete.
        Contact::Fine | Contact::Failed(_, Some(404)) => gone(world, id),
        Contact::Failed(failure, _) => give_up(world, id, is_forced, failure),
        Contact::Silent(_) => Ok(Outcome::Later(
            Wait::Daemon,
            Box::new(move |_, world| give_up(world, id, is_forced, daemon::unreachable())),
        )),
    }
}

fn gone(world: &mut World, id: i64) -> Reply {
    world.delete_server(id);
    none()
}

fn give_up(world: &mut World, id: i64, is_forced: bool, failure: Failure) -> Reply {
    if !is_forced {
        return Err(failure);
    }
    // The panel forgets it; the node still holds it.
    let orphan = world.servers.get(&id).map(|row| (row.uuid.clone(), row.node_id));
    world.orphans.extend(orphan);
    gone(world, id)
}
