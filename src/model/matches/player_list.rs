//! Players as people paste them: many at once, ids and addresses in every form, from a chat or a spreadsheet.

use super::request::RosterPlayer;
use super::steam_id::{NoSteamId, SteamId};

/// Reads a list of players between blanks, commas and semicolons. Each is an id in any form, or `ID=name` with the name shown
/// in the match. What is no player is told beside those that are.
#[must_use]
pub fn read_players(text: &str, is_substitute: bool) -> (Vec<RosterPlayer>, Vec<NoSteamId>) {
    let (mut players, mut wrong) = (Vec::new(), Vec::new());
    for piece in text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|one| !one.is_empty())
    {
        match read_player(piece) {
            Ok((steam_id, name)) => players.push(RosterPlayer { steam_id, name, is_substitute }),
            Err(error) => wrong.push(error),
        }
    }
    (players, wrong)
}

/// Reads `ID` or `ID=name`.
///
/// # Errors
/// The id is none.
pub fn read_player(piece: &str) -> Result<(SteamId, String), NoSteamId> {
    match piece.split_once('=') {
        // An address may carry a query of its own: `…/?xml=1`.
        Some((id, name)) if !id.contains('?') => Ok((id.parse()?, name.trim().to_owned())),
        _ => Ok((piece.parse()?, String::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_what_is_wrong_is_told() {
        let text = "76561197960265974, STEAM_0:1:5=Ann;\n[U:1:7]\thttps://steamcommunity.com/profiles/76561197960265977/?xml=1 gaben";
        let (players, wrong) = read_players(text, true);
        let read: Vec<(u32, &str)> =
            players.iter().map(|one| (one.steam_id.account_number(), one.name.as_str())).collect();
        assert_eq!(read, [(246, ""), (11, "Ann"), (7, ""), (249, "")]);
        assert!(players.iter().all(|one| one.is_substitute));
        assert_eq!(wrong, [NoSteamId("gaben".to_owned())]);
        assert_eq!(read_players(" , ;", false), (Vec::new(), Vec::new()));
    }
}
