//! What a plan is about, as it was when the plan was made: the dialog looks again before it acts.

use crate::console::component::Touched;
use crate::console::words;
use crate::link::packed::PackedFleet;
use crate::model::action::ActionRequest;
use crate::model::ids::ServerKey;
use crate::model::matches::Match;

/// The parts of a target that matter for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fingerprint {
    /// It is not in the fleet.
    Gone,
    /// What was seen, as words that can be shown.
    Seen {
        /// Its name.
        name: String,
        /// Its state.
        state: String,
        /// Who owns it, or which server it has.
        bond: String,
    },
}

/// Whether any of these changes concern the target.
pub(super) fn is_touched(request: &ActionRequest, touched: &Touched) -> bool {
    match (request.order(), request.server()) {
        (Some(order), _) => touched.orders.contains(order),
        // Which match is played on a server is known by the fleet only: any that moved may be the one.
        (_, Some(server)) => touched.servers.contains(server) || !touched.matches.is_empty(),
        _ => false,
    }
}

/// The match that a server was rented for.
fn match_on<'a>(fleet: &'a PackedFleet, server: &ServerKey) -> Option<&'a Match> {
    let rents = |one: &&Match| one.rented.as_ref().is_some_and(|rented| rented.key == *server);
    fleet.matches.values().find(rents)
}

impl Fingerprint {
    /// The target as it is now.
    pub(super) fn of(request: &ActionRequest, fleet: &PackedFleet) -> Self {
        if let Some(order) = request.order() {
            return fleet.orders.get(order).map_or(Self::Gone, |entry| Self::Seen {
                name: format!("order {}", fleet.order_name(order)),
                state: entry.order.status.word().to_owned(),
                bond: entry.server.as_ref().map_or_else(|| "no server".to_owned(), ToString::to_string),
            });
        }
        if let Some(server) = request.server().and_then(|key| fleet.credit_servers.get(key)) {
            return Self::Seen {
                name: server.name.clone(),
                // As coarse as it matters: a server that comes up passes through several states in a minute.
                state: server.status.power().word().to_owned(),
                bond: server.ram_gib.map_or_else(|| "memory unknown".to_owned(), |ram| format!("{ram} GiB")),
            };
        }
        if let Some(one) = request.server().and_then(|key| match_on(fleet, key)) {
            return Self::Seen {
                name: format!("the server of {}", words::matches::title(one)),
                state: one.phase.word().to_owned(),
                bond: if one.is_billing() { "up" } else { "gone" }.to_owned(),
            };
        }
        let server = request.server().and_then(|key| fleet.servers.get(key));
        server.map_or(Self::Gone, |server| Self::Seen {
            name: server.name.clone(),
            state: server.status.word().to_owned(),
            bond: server.external_id.clone().unwrap_or_else(|| "no order".to_owned()),
        })
    }

    /// What changed since, in words; nothing when the target is as it was.
    pub(super) fn change(&self, request: &ActionRequest, fleet: &PackedFleet) -> Option<String> {
        let now = Self::of(request, fleet);
        match (self, &now) {
            (one, two) if one == two => None,
            (Self::Seen { name, .. }, Self::Gone) => Some(format!("{name} is gone since the plan was made")),
            (Self::Gone, Self::Seen { name, .. }) => {
                Some(format!("{name} came back since the plan was made"))
            }
            (
                Self::Seen { name, state, bond },
                Self::Seen { name: name_now, state: state_now, bond: bond_now },
            ) => {
                let changed = [(name, name_now), (state, state_now), (bond, bond_now)]
                    .into_iter()
                    .find(|(before, after)| before != after)?;
                Some(format!("{name} changed since the plan was made: {} is now {}", changed.0, changed.1))
            }
            (Self::Gone, Self::Gone) => None,
        }
    }
}
