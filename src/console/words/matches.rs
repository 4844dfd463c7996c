//! The words of matches: phases, what stands out, what happened, in whose favour.

use ratatui::style::Style;

use super::{State, run_progress, state};
use crate::console::context::ViewContext;
use crate::console::format;
use crate::link::packed::PackedFleet;
use crate::model::matches::{
    Match, MatchEnd, MatchEventKind, MatchPhase, MatchReading, MatchServer, RosterPlayer, Score, Side,
    SteamId, Winner, city_of,
};
use crate::model::run::{Run, RunStatus};
use crate::model::sanitise::clean;
use crate::model::time::Timestamp;

/// A phase.
#[must_use]
pub fn phase(phase: MatchPhase, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    let (glyph, style) = match phase {
        MatchPhase::Requested | MatchPhase::Provisioning | MatchPhase::Booting => {
            (glyphs.pending, theme.accent)
        }
        MatchPhase::Warmup => (glyphs.pending, theme.info),
        MatchPhase::Live => (glyphs.running, theme.good),
        MatchPhase::Finished => (glyphs.good, theme.text),
        MatchPhase::Canceled => (glyphs.stopped, theme.muted),
        MatchPhase::Failed => (glyphs.bad, theme.bad),
    };
    state(glyph, phase.word(), style)
}

/// Its server.
#[must_use]
pub fn server(one: &Match, context: &ViewContext<'_>) -> State {
    let (glyphs, theme) = (context.glyphs, context.theme);
    match one.server {
        MatchServer::None => state(glyphs.stopped, "none rented yet", theme.muted),
        MatchServer::Up if one.phase.is_over() => state(glyphs.bad, "up: it still bills", theme.bad),
        MatchServer::Up => state(glyphs.running, "up", theme.good),
        MatchServer::Destroyed => state(glyphs.good, "gone", theme.text),
    }
}

/// Why a match stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Its run waits for a person.
    NeedsOperator,
    /// It is over, nothing works on it any more, and its server bills on.
    BillsOn,
    /// Its phase takes longer than it may.
    Overdue(Timestamp),
}

impl Trouble {
    /// In a few words for a column.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::NeedsOperator => "needs operator".to_owned(),
            Self::BillsOn => "over, its server bills on".to_owned(),
            Self::Overdue(until) => format!("overdue since {}", format::minute(until)),
        }
    }
}

/// The run that carries a match.
#[must_use]
pub fn run<'a>(one: &Match, fleet: &'a PackedFleet) -> Option<&'a Run> {
    fleet.runs.get(&one.run)
}

/// Why a match stands out, if it does.
#[must_use]
pub fn trouble(one: &Match, context: &ViewContext<'_>) -> Option<Trouble> {
    let run = run(one, context.fleet);
    let is_carried = run.is_some_and(|run| !run.status.is_ended());
    if run.is_some_and(|run| run.status == RunStatus::NeedsOperator) && one.server != MatchServer::Destroyed {
        Some(Trouble::NeedsOperator)
    } else if one.is_billing() && one.phase.is_over() && !is_carried {
        Some(Trouble::BillsOn)
    } else {
        let until = one.until.filter(|until| !one.phase.is_over() && *until <= context.known_at());
        until.map(Trouble::Overdue)
    }
}

/// What is to be said of a match in a column: what is wrong, what its run does, or what came of it.
#[must_use]
pub fn note(one: &Match, context: &ViewContext<'_>) -> (String, Style) {
    let theme = context.theme;
    if let Some(trouble) = trouble(one, context) {
        return (trouble.words(), theme.bad);
    }
    if let Some(run) = run(one, context.fleet).filter(|run| !run.status.is_ended()) {
        return (clean(&run_progress(run)).into_owned(), theme.accent);
    }
    match (&one.settlement, &one.end) {
        (Some(settlement), _) => (result(one, settlement.score), theme.text),
        (None, Some(MatchEnd::Finished(_))) => ("not settled".to_owned(), theme.warning),
        (None, Some(end)) => (clean(&end.words()).into_owned(), theme.muted),
        (None, None) => (String::new(), theme.muted),
    }
}

/// Who won, in the name of the match.
#[must_use]
pub fn result(one: &Match, score: Score) -> String {
    match score.winner() {
        Winner::Side(side) => format!("{} won", clean(one.request.team_name(side))),
        Winner::Draw => "a draw".to_owned(),
    }
}

/// `Red vs Blue`.
#[must_use]
pub fn title(one: &Match) -> String {
    let name = |side| clean(one.request.team_name(side)).into_owned();
    format!("{} vs {}", name(Side::Team1), name(Side::Team2))
}

/// `13:7`.
#[must_use]
pub fn score(score: Score) -> String {
    format!("{}:{}", score.team1, score.team2)
}

/// The score once there is one to tell.
#[must_use]
pub fn known_score(one: &Match) -> Option<Score> {
    let is_played = matches!(one.phase, MatchPhase::Live | MatchPhase::Finished);
    let settled = one.settlement.as_ref().map(|settlement| settlement.score);
    settled.or_else(|| (is_played || one.score() != Score::default()).then(|| one.score()))
}

/// Where its server stands, or shall stand: the city.
#[must_use]
pub fn city(one: &Match) -> Option<String> {
    location(one).map(|id| clean(city_of(id)).into_owned())
}

/// The same by the provider's id.
#[must_use]
pub fn location(one: &Match) -> Option<&str> {
    use crate::model::matches::ServerSource::{Fresh, Template};
    one.rented.as_ref().map(|rented| rented.location.as_str()).or(match &one.request.source {
        Fresh { location } => Some(location),
        Template { location, .. } => location.as_deref(),
    })
}

/// How long a match has gone on, or went on.
#[must_use]
pub fn elapsed_ms(one: &Match, now: Timestamp) -> u64 {
    one.ended_at.unwrap_or(now).millis_since(one.requested_at)
}

/// What a player is called: in the match, on the list, or by the id.
#[must_use]
pub fn player_name(one: &Match, player: SteamId) -> String {
    let in_match = one.reading.iter().flat_map(|reading| &reading.players);
    let in_match = in_match.map(|seen| (seen.steam_id, seen.name.as_str()));
    let listed = one.request.players().map(|(_, listed)| listed).chain(&one.request.spectators);
    let listed = listed.map(|listed: &RosterPlayer| (listed.steam_id, listed.name.as_str()));
    let mut named = in_match.chain(listed).filter(|(id, name)| *id == player && !name.is_empty());
    named.next().map_or_else(|| player.to_string(), |(_, name)| clean(name).into_owned())
}

/// What happened, in a few words.
#[must_use]
pub fn event(one: &Match, kind: &MatchEventKind) -> String {
    use MatchEventKind as E;
    match kind {
        E::BootingServer => "the server boots".to_owned(),
        E::LoadingMap => "the map loads".to_owned(),
        E::ServerReady => "players can join".to_owned(),
        E::AllPlayersConnected => "everybody is there".to_owned(),
        E::MatchStarted => "the match starts".to_owned(),
        E::RoundEnd(score) => format!("round over, {}", self::score(*score)),
        E::PlayerConnected(player) => format!("{} joins", player_name(one, *player)),
        E::PlayerDisconnected(player) => format!("{} leaves", player_name(one, *player)),
        E::PlayerVotekicked(player) => format!("{} is voted out", player_name(one, *player)),
        E::MatchEnded => "the match is over".to_owned(),
        E::PlayersExited => "everybody was sent away".to_owned(),
        E::GotvStopped => "the recording is complete".to_owned(),
        E::MatchCanceled => "called off".to_owned(),
        E::Other(word) => clean(word).into_owned(),
    }
}

/// Whether a match can be settled by hand, and to which result the provider's reading leads.
#[must_use]
pub fn can_be_settled(one: &Match) -> bool {
    let took_part = |reading: &MatchReading| !reading.participants().is_empty();
    one.phase.is_over() && one.settlement.is_none() && one.reading.as_ref().is_some_and(took_part)
}
