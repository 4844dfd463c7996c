//! Saved teams: operators' notes with a key of their own.

use crate::model::matches::{NAME_MAX, ROSTERS_MAX, STARTERS_MAX, SUBSTITUTES_MAX, SavedRoster};
use crate::model::problem::Problem;
use crate::model::sanitise::sanitise;
use crate::store::{RecordKind, Store};

/// The key of notes that are saved teams.
const ROSTER_KEY: &str = "roster";

/// The saved teams, by name. Blocks.
///
/// # Errors
/// `Storage`: the notes cannot be read.
pub fn all(store: &Store) -> Result<Vec<SavedRoster>, Problem> {
    let records = store.records_of(RecordKind::Note, ROSTER_KEY)?;
    let read = |record: crate::store::Record| {
        serde_json::from_value::<SavedRoster>(record.body)
            .inspect_err(|error| tracing::warn!(record.sequence, %error, "a saved team is not understood"))
            .ok()
    };
    Ok(SavedRoster::latest(records.into_iter().filter_map(read)))
}

/// What is kept of a team that shall be saved: names clean and trimmed.
///
/// # Errors
/// `Refused`: no name, a name or a list too long, a player twice, or there are too many saved teams.
pub fn checked(mut roster: SavedRoster, saved: &[SavedRoster]) -> Result<SavedRoster, Problem> {
    let clean = |text: &str| sanitise(text.trim());
    roster.name = clean(&roster.name);
    roster.team.name = clean(&roster.team.name);
    for player in &mut roster.team.players {
        player.name = clean(&player.name);
    }
    match fault(&roster, saved) {
        None => Ok(roster),
        Some(fault) => Err(Problem::refused(fault, "change the team and save it again")),
    }
}

fn fault(roster: &SavedRoster, saved: &[SavedRoster]) -> Option<String> {
    let players = &roster.team.players;
    let mut names = [&roster.name, &roster.team.name].into_iter().chain(players.iter().map(|one| &one.name));
    if roster.name.is_empty() {
        Some("a saved team needs a name".to_owned())
    } else if names.any(|name| name.chars().count() > NAME_MAX) {
        Some(format!("a name is longer than {NAME_MAX} characters"))
    } else if players.len() > STARTERS_MAX + SUBSTITUTES_MAX {
        Some(format!("a team has {STARTERS_MAX} players and {SUBSTITUTES_MAX} substitutes at most"))
    } else if has_repeated(roster) {
        Some("a player is listed twice".to_owned())
    } else {
        let is_new = saved.iter().all(|one| one.key() != roster.key());
        (is_new && saved.len() >= ROSTERS_MAX).then(|| format!("{ROSTERS_MAX} teams are saved already"))
    }
}

fn has_repeated(roster: &SavedRoster) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    roster.team.players.iter().any(|player| !seen.insert(player.steam_id))
}

/// Saves a team; it is on the disk when this returns.
///
/// # Errors
/// `Storage`: it was not written.
pub async fn save(store: &Store, roster: &SavedRoster) -> Result<(), Problem> {
    store.append(RecordKind::Note, ROSTER_KEY, roster).await.map(drop)
}
