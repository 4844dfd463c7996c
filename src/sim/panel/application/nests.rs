//! Nests and eggs: read only.

use crate::sim::panel::answer::Failure;
use crate::sim::panel::call::{Call, Need, Reply, Route, ok};
use crate::sim::panel::entities::{Egg, Nest, Resource};
use crate::sim::panel::listing::{application_list, plain_list};
use crate::sim::panel::objects::{Includes, Render};
use crate::sim::panel::world::World;

const NESTS: Need = Need::Read(Resource::Nests);
const EGGS: Need = Need::Read(Resource::Eggs);

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/application/nests", need: NESTS, run: list },
    Route { method: "GET", pattern: "/api/application/nests/{id}", need: NESTS, run: view },
    Route { method: "GET", pattern: "/api/application/nests/{id}/eggs", need: EGGS, run: eggs },
    Route { method: "GET", pattern: "/api/application/nests/{id}/eggs/{egg}", need: EGGS, run: egg },
];

fn nest_of<'a>(call: &Call, world: &'a World) -> Result<&'a Nest, Failure> {
    world.nests.get(&call.id(0)).ok_or_else(Failure::not_found)
}

fn list(call: &Call, world: &mut World) -> Reply {
    let rows: Vec<&Nest> = world.nests.values().collect();
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    ok(application_list(call, &world.url, rows, |row| render.nest(row, &includes))?)
}

fn view(call: &Call, world: &mut World) -> Reply {
    let nest = nest_of(call, world)?;
    ok(Render::new(world, &call.acl).nest(nest, &Includes(call.query.includes())))
}

fn eggs(call: &Call, world: &mut World) -> Reply {
    let nest = nest_of(call, world)?;
    let render = Render::new(world, &call.acl);
    let includes = Includes(call.query.includes());
    let eggs = world.eggs.values().filter(|egg: &&Egg| egg.nest_id == nest.id);
    ok(plain_list(eggs.map(|egg| render.egg(egg, &includes)).collect()))
}

fn egg(call: &Call, world: &mut World) -> Reply {
    let nest = nest_of(call, world)?;
    let egg =
        world.eggs.get(&call.id(1)).filter(|egg| egg.nest_id == nest.id).ok_or_else(Failure::not_found)?;
    ok(Render::new(world, &call.acl).egg(egg, &Includes(call.query.includes())))
}
