//! What clients may ask about matches.

use super::rosters;
use super::settlements::Settlements;
use crate::engine::audit;
use crate::engine::handle::{Caller, Engine};
use crate::engine::observation::Observation;
use crate::engine::requests::{blocking, refuse_read_only};
use crate::model::ids::MatchId;
use crate::model::matches::{
    Match, MatchReading, RosterPlayer, SavedRoster, Score, Side, Standing, SteamId, TeamRequest,
};
use crate::model::problem::Problem;
use crate::model::request::Reply;

/// Records of the ledger told at once: a match of ten players takes up to 1.5 KiB, and a frame 4 MiB.
const LEDGER_RECORDS_MAX: u32 = 2_000;

/// Players told at once: a standing takes some 100 bytes.
const STANDINGS_MAX: usize = 20_000;

/// How to join a match: the one answer that holds a password; that it was asked is audited, the text is not.
///
/// # Errors
/// `NotFound`: no such match, or its server is not up; what the provider answered.
pub async fn connect(engine: &Engine, caller: &Caller, id: &MatchId) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    let connect = engine.runner.connect_string(id).await?;
    let target = format!("match/{id}");
    audit::append(engine, caller, "show_connect_string", &target, connect.shown().to_owned()).await?;
    Ok(Reply::MatchConnect { connect })
}

/// Lets another player into a match that goes on.
///
/// # Errors
/// `NotFound`: no such match; `Refused`: it is over or read-only; what the provider answered.
pub async fn add_player(
    engine: &Engine,
    caller: &Caller,
    id: &MatchId,
    side: Option<Side>,
    player: &RosterPlayer,
) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    engine.runner.add_player(id, player, side).await?;
    let outcome = format!("{} was let in", player.steam_id);
    audit::append(engine, caller, "add_match_player", &format!("match/{id}"), outcome).await?;
    Ok(Reply::Done)
}

/// Settles a match by hand: one that is over, and that nothing settled.
///
/// # Errors
/// `NotFound`; `Refused`: it goes on, is settled, or nobody took part; `Storage`: it is not kept.
pub async fn settle(
    engine: &Engine,
    caller: &Caller,
    id: MatchId,
    score: Option<Score>,
) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    let known = engine.fleet.read(|fleet| fleet.matches.get(&id).cloned());
    let known = known.ok_or_else(|| Problem::not_found(format!("there is no match {id}")))?;
    if engine.settlements.read(|ledger| ledger.of(&id).is_some()).await? {
        return Err(Problem::refused(
            format!("match {id} is settled already"),
            "take that settlement back first: `quarterdeck match reverse`",
        ));
    }
    let (score, reading) = settleable(&known, score)?;
    let by = (engine.fleet.now(), caller.operator.clone());
    let settlement = engine.settlements.settle(&id, score, &reading.participants(), by).await?;
    let outcome = format!("settled {}:{}", score.team1, score.team2);
    engine
        .fleet
        .observe(Observation::MatchSettled { id: id.clone(), settlement: Some(Box::new(settlement)) });
    audit::append(engine, caller, "settle_match", &format!("match/{id}"), outcome).await?;
    Ok(Reply::Done)
}

/// The result that a match can be settled to by hand, with what the provider showed of it.
fn settleable(known: &Match, score: Option<Score>) -> Result<(Score, &MatchReading), Problem> {
    let refused =
        |why: &str, advice: &str| Err(Problem::refused(format!("match {} {why}", known.id), advice));
    if !known.phase.is_over() {
        return refused("is not over", "its run settles it when it is");
    }
    let Some(reading) = known.reading.as_ref().filter(|reading| !reading.participants().is_empty()) else {
        return refused("cannot be settled: nobody was seen to take part", "");
    };
    match score.or_else(|| reading.is_settleable().then(|| reading.best_score())) {
        Some(score) => Ok((score, reading)),
        None => refused("was not played to its end", "say the result"),
    }
}

/// Takes a settlement back.
///
/// # Errors
/// `Refused`: no reason, or nothing to take back; `Storage`: it is not kept.
pub async fn reverse(engine: &Engine, caller: &Caller, id: MatchId, reason: &str) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    let by = (engine.fleet.now(), caller.operator.clone());
    engine.settlements.reverse(&id, reason, by).await?;
    engine.fleet.observe(Observation::MatchSettled { id: id.clone(), settlement: None });
    let outcome = format!("taken back: {}", crate::model::sanitise::sanitise(reason.trim()));
    audit::append(engine, caller, "reverse_settlement", &format!("match/{id}"), outcome).await?;
    Ok(Reply::Done)
}

/// How players stand, best first.
///
/// # Errors
/// `Storage`: the ledger cannot be read.
pub async fn standings(settlements: &Settlements) -> Result<Reply, Problem> {
    let mut standings: Vec<(SteamId, Standing)> = settlements
        .read(|ledger| ledger.players().map(|(player, standing)| (player, standing.clone())).collect())
        .await?;
    standings.sort_by(|a, b| b.1.rating.cmp(&a.1.rating).then_with(|| a.0.cmp(&b.0)));
    standings.truncate(STANDINGS_MAX);
    Ok(Reply::Standings(standings))
}

/// The last records of the ledger.
///
/// # Errors
/// `Storage`: they cannot be read.
pub async fn ledger_records(settlements: &Settlements, limit: u32) -> Result<Reply, Problem> {
    let limit = limit.min(LEDGER_RECORDS_MAX) as usize;
    settlements.last_records(limit).await.map(Reply::LedgerRecords)
}

/// The saved teams.
///
/// # Errors
/// `Storage`: they cannot be read.
pub async fn saved_rosters(engine: &Engine) -> Result<Reply, Problem> {
    blocking(&engine.store, rosters::all).await.map(Reply::Rosters)
}

/// Saves a team.
///
/// # Errors
/// `Refused`: what is wrong with it; `Storage`: it is not kept.
pub async fn save_roster(
    engine: &Engine,
    caller: &Caller,
    name: String,
    team: TeamRequest,
) -> Result<Reply, Problem> {
    refuse_read_only(engine, caller)?;
    let saved = blocking(&engine.store, rosters::all).await?;
    let roster = SavedRoster { name, team, by: caller.operator.clone(), at: engine.fleet.now() };
    let roster = rosters::checked(roster, &saved)?;
    rosters::save(&engine.store, &roster).await?;
    let outcome = match roster.team.players.len() {
        0 => "forgotten".to_owned(),
        players => format!("saved with {players} players"),
    };
    audit::append(engine, caller, "save_roster", &format!("roster/{}", roster.name), outcome).await?;
    Ok(Reply::Done)
}
