//! A match request from a file and flags: what is not said has the form's defaults, and an unknown key is a mistake.

use std::path::Path;

use serde::Deserialize;

use super::args::CreateArguments;
use crate::model::ids::AccountId;
use crate::model::matches::{
    COMMON_MAPS, CONNECT_TIME_DEFAULT_S, COUNTDOWN_DEFAULT_S, LOCATIONS, MatchRequest, RosterPlayer,
    SavedRoster, ServerSource, SteamId, TeamRequest, location_id, read_player, read_players,
};
use crate::model::problem::Problem;

/// Larger than any request: ten players and ten spectators take some KiB.
const FILE_MAX_BYTES: u64 = 256 * 1024;

/// A player in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum PlayerFile {
    /// `"7656…"` or `"7656…=Ann"`.
    Text(String),
    /// As the model has it.
    Whole(WholePlayer),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WholePlayer {
    steam_id: SteamId,
    #[serde(default)]
    name: String,
    #[serde(default)]
    is_substitute: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TeamFile {
    name: String,
    flag: String,
    players: Vec<PlayerFile>,
    substitutes: Vec<PlayerFile>,
}

/// A request in a file: the model's own form, or the short one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestFile {
    account: Option<AccountId>,
    source: Option<ServerSource>,
    location: Option<String>,
    template: Option<String>,
    map: Option<String>,
    team1: TeamFile,
    team2: TeamFile,
    spectators: Vec<PlayerFile>,
    connect_time_s: Option<u32>,
    countdown_s: Option<u32>,
    is_demo_kept: bool,
}

impl RequestFile {
    /// Reads a file: JSON where it begins with a brace, else TOML.
    ///
    /// # Errors
    /// `Refused`: it cannot be read, is too large, or is no request.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let refused = |why: String| Problem::refused(format!("{}: {why}", path.display()), "");
        let size = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?.len();
        if size > FILE_MAX_BYTES {
            return Err(refused(format!("{size} bytes are too many for a match")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        Self::parse(&text).map_err(refused)
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        }
    }
}

/// Players of a file, checked.
fn players(files: &[PlayerFile], is_substitute: bool) -> Result<Vec<RosterPlayer>, Problem> {
    let one = |file: &PlayerFile| match file {
        PlayerFile::Whole(whole) => Ok(RosterPlayer {
            steam_id: whole.steam_id,
            name: whole.name.clone(),
            is_substitute: is_substitute || whole.is_substitute,
        }),
        PlayerFile::Text(text) => {
            let (steam_id, name) =
                read_player(text).map_err(|error| Problem::refused(error.to_string(), ""))?;
            Ok(RosterPlayer { steam_id, name, is_substitute })
        }
    };
    files.iter().map(one).collect()
}

/// Players of flags, each of which may hold several.
fn listed(flags: &[String], is_substitute: bool) -> Result<Vec<RosterPlayer>, Problem> {
    let (players, wrong) = read_players(&flags.join(" "), is_substitute);
    match wrong.first() {
        None => Ok(players),
        Some(error) => Err(Problem::refused(error.to_string(), "")),
    }
}

/// What flags say of a team.
struct TeamFlags<'a> {
    name: Option<&'a String>,
    players: &'a [String],
    substitutes: &'a [String],
    roster: Option<&'a String>,
}

fn team(file: &TeamFile, flags: &TeamFlags<'_>, rosters: &[SavedRoster]) -> Result<TeamRequest, Problem> {
    if let Some(wanted) = flags.roster {
        let key = wanted.trim().to_lowercase();
        let saved = rosters.iter().find(|roster| roster.key() == key);
        let saved = saved.ok_or_else(|| Problem::not_found(format!("no team is saved as {wanted:?}")))?;
        return Ok(TeamRequest { name: saved.name.clone(), ..saved.team.clone() });
    }
    let mut players = if flags.players.is_empty() {
        self::players(&file.players, false)?
    } else {
        listed(flags.players, false)?
    };
    players.extend(if flags.substitutes.is_empty() {
        self::players(&file.substitutes, true)?
    } else {
        listed(flags.substitutes, true)?
    });
    let name = flags.name.unwrap_or(&file.name).clone();
    Ok(TeamRequest { name, flag: file.flag.clone(), players })
}

fn source(file: &RequestFile, flags: &CreateArguments) -> ServerSource {
    let place = flags.location.as_ref().or(file.location.as_ref()).map(|place| location_id(place));
    match (flags.template.as_ref().or(file.template.as_ref()), place, &file.source) {
        (Some(server), location, _) => ServerSource::Template { server: server.clone(), location },
        (None, None, Some(source)) => source.clone(),
        (None, Some(location), Some(ServerSource::Template { server, .. })) => {
            ServerSource::Template { server: server.clone(), location: Some(location) }
        }
        (None, location, _) => {
            ServerSource::Fresh { location: location.unwrap_or_else(|| LOCATIONS[0].id.to_owned()) }
        }
    }
}

/// The request of a file and flags; the flags win.
///
/// # Errors
/// `Refused`: what is no player, which account is not said, everything that is wrong with the match; `NotFound`: no such saved
/// team.
pub fn request(
    flags: &CreateArguments,
    accounts: &[AccountId],
    rosters: &[SavedRoster],
) -> Result<MatchRequest, Problem> {
    let file = flags.file.as_deref().map(RequestFile::read).transpose()?.unwrap_or_default();
    let of = |name, players, substitutes, roster| TeamFlags { name, players, substitutes, roster };
    let first = of(flags.team1.as_ref(), &flags.players1, &flags.substitutes1, flags.roster1.as_ref());
    let second = of(flags.team2.as_ref(), &flags.players2, &flags.substitutes2, flags.roster2.as_ref());
    let spectators = if flags.spectators.is_empty() {
        players(&file.spectators, false)?
    } else {
        listed(&flags.spectators, false)?
    };
    let wanted = flags.account.as_ref().map(|name| AccountId(name.clone())).or(file.account.clone());
    let request = MatchRequest {
        account: account(wanted, accounts)?,
        source: source(&file, flags),
        map: flags.map.clone().or(file.map.clone()).unwrap_or_else(|| COMMON_MAPS[0].to_owned()),
        team1: team(&file.team1, &first, rosters)?,
        team2: team(&file.team2, &second, rosters)?,
        spectators,
        connect_time_s: flags.connect_time.or(file.connect_time_s).unwrap_or(CONNECT_TIME_DEFAULT_S),
        countdown_s: flags.countdown.or(file.countdown_s).unwrap_or(COUNTDOWN_DEFAULT_S),
        is_demo_kept: flags.keep_demo || file.is_demo_kept,
    };
    match request.faults().as_slice() {
        [] => Ok(request),
        faults => Err(Problem::refused(faults.join("; "), "")),
    }
}

fn account(wanted: Option<AccountId>, accounts: &[AccountId]) -> Result<AccountId, Problem> {
    match (wanted, accounts) {
        (Some(wanted), _) => Ok(wanted),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(Problem::refused(
            "no account for matches is configured",
            "add an account of DatHost to the configuration, see the README",
        )),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(AccountId::as_str).collect();
            Err(Problem::refused("several accounts can pay", format!("--account {}", names.join(" or "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Arguments, Command};
    use crate::cli::matches::args::MatchCommand;
    use crate::model::ids::OperatorName;
    use crate::model::time::Timestamp;

    fn flags(words: &[&str]) -> CreateArguments {
        let words = ["quarterdeck", "match", "create"].iter().chain(words);
        match Arguments::try_parse_from(words).unwrap().command {
            Some(Command::Match(MatchCommand::Create { request, .. })) => *request,
            other => panic!("{other:?}"),
        }
    }

    fn accounts() -> [AccountId; 1] {
        ["dathost".into()]
    }

    #[test]
    fn flags_alone_make_a_match() {
        let flags = flags(&[
            "--team1",
            "Red",
            "--players1",
            "[U:1:1]=Ann,[U:1:2]",
            "--players2",
            "[U:1:3]",
            "--players2",
            "[U:1:4]",
            "--substitutes2",
            "[U:1:5]",
            "--map",
            "de_nuke",
            "--location",
            "Frankfurt",
            "--keep-demo",
        ]);
        let request = request(&flags, &accounts(), &[]).unwrap();
        assert_eq!((request.kind().as_str(), request.team1.players[0].name.as_str()), ("2v2", "Ann"));
        assert_eq!(request.source, ServerSource::Fresh { location: "dusseldorf".to_owned() });
        assert!(request.is_demo_kept && request.team2.players[2].is_substitute);
    }

    #[test]
    fn a_printed_request_is_a_file_and_flags_go_before_it() {
        let written =
            request(&flags(&["--players1", "[U:1:1]=Ann", "--players2", "[U:1:2]"]), &accounts(), &[])
                .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("match.json");
        std::fs::write(&file, serde_json::to_string(&written).unwrap()).unwrap();
        let again = request(&flags(&["--file", file.to_str().unwrap()]), &[], &[]).unwrap();
        assert_eq!(again, written);
        let other =
            request(&flags(&["--file", file.to_str().unwrap(), "--map", "de_nuke"]), &[], &[]).unwrap();
        assert_eq!(other, MatchRequest { map: "de_nuke".to_owned(), ..written });
    }

    #[test]
    fn toml_is_short_and_a_misspelt_key_is_told() {
        let short = "map = 'de_nuke'\nlocation = 'London'\n[team1]\nname = 'Red'\nplayers = ['[U:1:1]']\nsubstitutes = ['[U:1:9]']\n[team2]\nplayers = ['[U:1:2]=Bo']\n";
        let file = RequestFile::parse(short).unwrap();
        assert_eq!(file.team1.substitutes.len(), 1);
        assert!(RequestFile::parse("mpa = 'de_nuke'").unwrap_err().contains("mpa"));
        assert!(RequestFile::parse("{\"team1\": {\"nmae\": 1}}").unwrap_err().contains("nmae"));
    }

    #[test]
    fn saved_teams_are_chosen_and_what_is_wrong_is_said() {
        let players = vec![RosterPlayer {
            steam_id: SteamId::of_account(7),
            name: "Cy".to_owned(),
            is_substitute: false,
        }];
        let saved = SavedRoster {
            name: "Red".to_owned(),
            team: TeamRequest { players, ..TeamRequest::default() },
            by: OperatorName::from("ann@desk"),
            at: Timestamp(0),
        };
        let ask = |words: &[&str]| request(&flags(words), &accounts(), std::slice::from_ref(&saved));
        let made = ask(&["--roster1", "red", "--players2", "[U:1:2]"]).unwrap();
        assert_eq!((made.team1.name.as_str(), made.team1.players[0].name.as_str()), ("Red", "Cy"));
        let wrong: [(&[&str], &str); 4] = [
            (&["--roster1", "blue"], "blue"),
            (&["--players1", "gaben"], "gaben"),
            (&["--roster1", "red"], "team 2 starts with 0 players"),
            (&["--roster1", "red", "--players2", "[U:1:7]"], "listed twice"),
        ];
        for (words, part) in wrong {
            let problem = ask(words).unwrap_err();
            assert!(problem.message.contains(part), "{words:?}: {problem}");
        }
        let nobody =
            request(&flags(&["--roster1", "red", "--players2", "[U:1:2]"]), &[], &[saved]).unwrap_err();
        assert!(nobody.message.contains("no account"), "{nobody}");
    }
}
