//! A match as lists show it, from the run that carries it: what the journal holds decides, what was read since is added. Pure.

use rust_decimal::Decimal;

use crate::engine::runs::events::MatchFacts;
use crate::model::action::{ActionRequest, MatchParameters, Parameters};
use crate::model::game_server::DATHOST_CREDITS;
use crate::model::ids::{MatchId, ServerKey};
use crate::model::matches::{
    CancelReason, HookState, Match, MatchEnd, MatchPhase, MatchReading, MatchRequest, MatchServer,
    RentedServer,
};
use crate::model::money::Money;
use crate::model::run::{Run, RunStatus, StepStatus};
use crate::model::time::Timestamp;

const MINUTE_MS: u64 = 60_000;
/// Minutes of an hour: each whole one costs its share of the price of an hour (`providers/dathost.md` §5).
const HOUR_MINUTES: u32 = 60;

/// The match that a run carries: what was asked for and what was decided.
#[must_use]
pub fn carried(run: &Run) -> Option<(&MatchRequest, &MatchParameters)> {
    match (&run.plan.request, &run.plan.parameters) {
        (ActionRequest::RunMatch { request }, Parameters::Match(parameters)) => Some((request, parameters)),
        _ => None,
    }
}

/// What whole minutes at this price come to.
#[must_use]
pub fn minutes_cost(per_hour: Decimal, since: Timestamp, until: Timestamp) -> Decimal {
    let minutes = until.millis_since(since) / MINUTE_MS;
    per_hour * Decimal::from(minutes) / Decimal::from(HOUR_MINUTES)
}

/// The match of a run, nothing for other runs. `known` is how it was shown before: readings live there while they are not in the
/// journal yet.
#[must_use]
pub fn match_of(run: &Run, facts: &MatchFacts, known: Option<&Match>, now: Timestamp) -> Option<Match> {
    let (request, parameters) = carried(run)?;
    let reading = facts.reading.as_deref().or(known.and_then(|known| known.reading.as_ref()));
    let end = end(run, facts, known);
    let phase = phase(run, facts, reading, end.as_ref());
    let is_same = known.is_some_and(|known| known.phase == phase);
    let server = server_state(run, facts);
    let per_hour = facts.price_per_hour.map(credits);
    Some(Match {
        id: parameters.match_id.clone(),
        request: request.clone(),
        run: run.id.clone(),
        by: run.by.clone(),
        phase,
        phase_since: match known.filter(|_| is_same) {
            Some(known) => known.phase_since,
            None => phase_since(run, facts, reading, phase).unwrap_or(now),
        },
        until: known.filter(|_| is_same && !phase.is_over()).and_then(|known| known.until),
        server,
        rented: rented(request, parameters, facts, known),
        burn_per_hour: per_hour.filter(|_| server == MatchServer::Up && facts.match_created_at.is_some()),
        cost: cost(facts, server, now).map(credits),
        reading: reading.cloned(),
        end,
        settlement: known.and_then(|known| known.settlement.clone()),
        demo_file: facts.demo_file.clone(),
        hooks: known.map_or_else(|| first_hooks(parameters), |known| known.hooks),
        requested_at: run.started_at,
        ended_at: facts.gone_at.or(run.ended_at),
        observed_at: now,
    })
}

fn credits(amount: Decimal) -> Money {
    Money::new(amount, DATHOST_CREDITS)
}

fn first_hooks(parameters: &MatchParameters) -> HookState {
    if parameters.has_hooks { HookState::Waiting } else { HookState::NotConfigured }
}

fn rented(
    request: &MatchRequest,
    parameters: &MatchParameters,
    facts: &MatchFacts,
    known: Option<&Match>,
) -> Option<RentedServer> {
    let known = known.and_then(|known| known.rented.as_ref());
    Some(RentedServer {
        key: ServerKey { account: request.account.clone(), id: facts.server.clone()? },
        name: parameters.server_name.clone(),
        location: facts.location.clone().unwrap_or_default(),
        address: facts.address.clone().or_else(|| known.and_then(|known| known.address.clone())),
    })
}

/// How it ended, as far as that is decided.
fn end(run: &Run, facts: &MatchFacts, known: Option<&Match>) -> Option<MatchEnd> {
    let asked = || {
        let is_called_off = run.is_cancel_requested && run.status != RunStatus::Running;
        is_called_off.then_some(MatchEnd::Canceled(CancelReason::Asked))
    };
    facts.end.clone().or_else(|| known.and_then(|known| known.end.clone())).or_else(asked)
}

fn phase(
    run: &Run,
    facts: &MatchFacts,
    reading: Option<&MatchReading>,
    end: Option<&MatchEnd>,
) -> MatchPhase {
    if let Some(end) = end {
        return end.phase();
    }
    let has_begun = run.steps.iter().any(|step| step.started_at.is_some());
    match run.status {
        RunStatus::Canceled => MatchPhase::Canceled,
        RunStatus::Undoing | RunStatus::Failed | RunStatus::NeedsOperator => MatchPhase::Failed,
        _ if facts.match_created_at.is_some() => reading.map_or(MatchPhase::Booting, MatchReading::phase),
        _ if has_begun => MatchPhase::Provisioning,
        _ => MatchPhase::Requested,
    }
}

fn phase_since(
    run: &Run,
    facts: &MatchFacts,
    reading: Option<&MatchReading>,
    phase: MatchPhase,
) -> Option<Timestamp> {
    match phase {
        MatchPhase::Requested => Some(run.started_at),
        MatchPhase::Provisioning => run.steps.first().and_then(|step| step.started_at),
        MatchPhase::Finished | MatchPhase::Canceled | MatchPhase::Failed => facts.ended_at.or(run.ended_at),
        MatchPhase::Booting | MatchPhase::Warmup | MatchPhase::Live => {
            reading.and_then(MatchReading::phase_since).or(facts.match_created_at)
        }
    }
}

fn server_state(run: &Run, facts: &MatchFacts) -> MatchServer {
    let is_undone = run.steps.first().is_some_and(|step| step.status == StepStatus::Undone);
    match &facts.server {
        None => MatchServer::None,
        Some(_) if facts.gone_at.is_some() || is_undone => MatchServer::Destroyed,
        Some(_) => MatchServer::Up,
    }
}

/// The provider's word where there is one, else whole minutes since the server was switched on.
fn cost(facts: &MatchFacts, server: MatchServer, now: Timestamp) -> Option<Decimal> {
    if facts.cost.is_some() || server == MatchServer::None {
        return facts.cost;
    }
    let per_hour = facts.price_per_hour?;
    let Some(since) = facts.match_created_at else { return Some(Decimal::ZERO) };
    Some(minutes_cost(per_hour, since, facts.off_at.or(facts.gone_at).unwrap_or(now)))
}

/// Puts a new reading into a match that goes on.
pub fn take_reading(
    shown: &mut Match,
    reading: MatchReading,
    facts: &MatchFacts,
    until: Option<Timestamp>,
    now: Timestamp,
) {
    let phase = reading.phase();
    if !phase.is_over() {
        if shown.phase != phase {
            shown.phase = phase;
            shown.phase_since = reading.phase_since().unwrap_or(now);
        }
        shown.until = until;
    }
    shown.reading = Some(reading);
    shown.cost = cost(facts, shown.server, now).map(credits);
    shown.observed_at = now;
}

/// Ended matches beyond so many, oldest first; one whose server may still be up is never dropped.
#[must_use]
pub fn surplus<'a>(matches: impl Iterator<Item = &'a Match>, kept: usize) -> Vec<MatchId> {
    let ended: Vec<&Match> = matches.filter(|one| one.phase.is_over() && !one.is_billing()).collect();
    let surplus = ended.len().saturating_sub(kept);
    ended.into_iter().take(surplus).map(|one| one.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_minutes_are_paid_and_no_part_of_one() {
        let per_hour = Decimal::new(22, 2);
        let cost = |until| minutes_cost(per_hour, Timestamp(1_000), Timestamp(until));
        assert_eq!(cost(60_999), Decimal::ZERO);
        assert_eq!(cost(61_000), per_hour / Decimal::from(60));
        assert_eq!(cost(1_000 + 3_600_000), per_hour);
    }
}
