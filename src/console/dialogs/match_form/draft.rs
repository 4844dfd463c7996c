//! A match as it is typed: fields in, a request and what is wrong with it out. Asks nobody.

use std::collections::BTreeMap;

use crate::console::widgets::fields::{Field, Fields};
use crate::model::ids::AccountId;
use crate::model::matches::{
    COMMON_MAPS, CONNECT_TIME_DEFAULT_S, COUNTDOWN_DEFAULT_S, LOCATIONS, MatchRequest, RosterPlayer,
    SavedRoster, ServerSource, Side, SteamId, TeamRequest, city_of, location_id, read_players,
};

pub(super) const TEAM1: usize = 0;
pub(super) const PLAYERS1: usize = 1;
pub(super) const SUBSTITUTES1: usize = 2;
pub(super) const TEAM2: usize = 3;
pub(super) const PLAYERS2: usize = 4;
pub(super) const SUBSTITUTES2: usize = 5;
pub(super) const SPECTATORS: usize = 6;
pub(super) const MAP: usize = 7;
pub(super) const PLACE: usize = 8;
pub(super) const TEMPLATE: usize = 9;
pub(super) const CONNECT: usize = 10;
pub(super) const COUNTDOWN: usize = 11;
pub(super) const RECORDING: usize = 12;
/// Only there when several accounts can pay.
pub(super) const ACCOUNT: usize = 13;

/// Cells for what is said beside a field.
const NOTE_CELLS: usize = 18;

const YES: &str = "yes";
const NO: &str = "no";

/// What is typed.
pub(super) struct Draft {
    pub(super) fields: Fields,
    accounts: Vec<AccountId>,
    /// Names of players that are known from where they were taken; the fields show ids only.
    names: BTreeMap<SteamId, String>,
    /// The flags of the teams, by the team's name: a form has no field for them.
    flags: BTreeMap<String, String>,
}

impl Draft {
    /// A form for a match that one of these accounts pays; map and place as in the last one.
    pub(super) fn new(accounts: Vec<AccountId>, last: Option<&MatchRequest>) -> Self {
        let location = LOCATIONS[0].city.to_owned();
        let (place, template) = last.map_or((location, String::new()), |last| source_words(&last.source));
        let seconds = |seconds: u32| seconds.to_string();
        let mut fields = vec![
            Field::new("team 1", ""),
            Field::new("  players", ""),
            Field::new("  substitutes", ""),
            Field::new("team 2", ""),
            Field::new("  players", ""),
            Field::new("  substitutes", ""),
            Field::new("spectators", ""),
            Field::new("map", last.map_or(COMMON_MAPS[0], |last| &last.map))
                .with_choices(COMMON_MAPS.map(str::to_owned)),
            Field::new("place", &place).with_choices(LOCATIONS.map(|place| place.city.to_owned())),
            Field::new("template", &template),
            Field::new("connect, s", &seconds(CONNECT_TIME_DEFAULT_S)),
            Field::new("countdown, s", &seconds(COUNTDOWN_DEFAULT_S)),
            Field::new("keep recording", NO).one_of([NO, YES].map(str::to_owned)),
        ];
        if let [first, _, ..] = accounts.as_slice() {
            fields
                .push(Field::new("account", first.as_str()).one_of(accounts.iter().map(ToString::to_string)));
        }
        Self {
            fields: Fields::new(fields, NOTE_CELLS),
            accounts,
            names: BTreeMap::new(),
            flags: BTreeMap::new(),
        }
    }

    /// A form that holds a request: for a rematch.
    pub(super) fn of(accounts: Vec<AccountId>, request: &MatchRequest) -> Self {
        let mut draft = Self::new(accounts, Some(request));
        draft.set_team(TEAM1, request.team(Side::Team1), &request.team1.name);
        draft.set_team(TEAM2, request.team(Side::Team2), &request.team2.name);
        draft.set_players(SPECTATORS, &request.spectators.iter().collect::<Vec<_>>());
        draft.fields.set(CONNECT, &request.connect_time_s.to_string());
        draft.fields.set(COUNTDOWN, &request.countdown_s.to_string());
        draft.fields.set(RECORDING, if request.is_demo_kept { YES } else { NO });
        draft.fields.set(ACCOUNT, request.account.as_str());
        draft
    }

    /// Puts a team into the three fields from `at` on.
    pub(super) fn set_team(&mut self, at: usize, team: &TeamRequest, name: &str) {
        self.fields.set(at, name);
        self.flags.insert(name.trim().to_owned(), team.flag.clone());
        let (substitutes, starters): (Vec<_>, Vec<_>) =
            team.players.iter().partition(|one| one.is_substitute);
        self.set_players(at + 1, &starters);
        self.set_players(at + 2, &substitutes);
    }

    fn set_players(&mut self, at: usize, players: &[&RosterPlayer]) {
        let named = players.iter().filter(|player| !player.name.is_empty());
        self.names.extend(named.map(|player| (player.steam_id, player.name.clone())));
        let ids: Vec<String> = players.iter().map(|player| player.steam_id.to_string()).collect();
        self.fields.set(at, &ids.join(" "));
    }

    /// Fills the team in whose name field a saved team was chosen.
    pub(super) fn choose_team(&mut self, at: usize, rosters: &[SavedRoster]) {
        let chosen = rosters.iter().find(|roster| roster.name == self.fields.text(at));
        if let Some(roster) = chosen {
            self.set_team(at, &roster.team, &roster.name);
        }
    }

    /// The name field of the team that the field in focus belongs to.
    pub(super) fn focused_team(&self) -> Option<usize> {
        match self.fields.focused() {
            TEAM1..=SUBSTITUTES1 => Some(TEAM1),
            TEAM2..=SUBSTITUTES2 => Some(TEAM2),
            _ => None,
        }
    }

    /// The players of a field, and what in it is none.
    pub(super) fn players(&self, at: usize) -> (Vec<RosterPlayer>, Vec<String>) {
        let (mut players, wrong) =
            read_players(self.fields.text(at), matches!(at, SUBSTITUTES1 | SUBSTITUTES2));
        for player in players.iter_mut().filter(|player| player.name.is_empty()) {
            player.name = self.names.get(&player.steam_id).cloned().unwrap_or_default();
        }
        (players, wrong.iter().map(ToString::to_string).collect())
    }

    /// The team whose name is in this field, and what in its lists is no player.
    pub(super) fn team(&self, at: usize) -> (TeamRequest, Vec<String>) {
        let name = self.fields.text(at).to_owned();
        let (mut players, mut wrong) = self.players(at + 1);
        let (substitutes, more) = self.players(at + 2);
        players.extend(substitutes);
        wrong.extend(more);
        let flag = self.flags.get(&name).cloned().unwrap_or_default();
        (TeamRequest { name, flag, players }, wrong)
    }

    fn seconds(&self, at: usize, what: &str, wrong: &mut Vec<String>) -> u32 {
        self.fields.text(at).parse().unwrap_or_else(|_| {
            wrong.push(format!("the {what} is no number of seconds"));
            0
        })
    }

    fn source(&self) -> ServerSource {
        let (place, template) = (self.fields.text(PLACE), self.fields.text(TEMPLATE));
        let location = location_id(place);
        if template.is_empty() {
            ServerSource::Fresh { location }
        } else {
            ServerSource::Template {
                server: template.to_owned(),
                location: (!place.is_empty()).then_some(location),
            }
        }
    }

    fn account(&self) -> AccountId {
        let chosen = self.fields.text(ACCOUNT);
        let account = self.accounts.iter().find(|account| account.as_str() == chosen);
        account.or(self.accounts.first()).cloned().unwrap_or_else(|| "".into())
    }

    /// The request, and everything that is wrong with it: a sentence each.
    pub(super) fn request(&self) -> (MatchRequest, Vec<String>) {
        let (team1, mut wrong) = self.team(TEAM1);
        let (team2, more) = self.team(TEAM2);
        wrong.extend(more);
        let (spectators, more) = self.players(SPECTATORS);
        wrong.extend(more);
        let connect_time_s = self.seconds(CONNECT, "time to connect", &mut wrong);
        let countdown_s = self.seconds(COUNTDOWN, "countdown", &mut wrong);
        let request = MatchRequest {
            account: self.account(),
            source: self.source(),
            map: self.fields.text(MAP).to_owned(),
            team1,
            team2,
            spectators,
            connect_time_s,
            countdown_s,
            is_demo_kept: self.fields.text(RECORDING) == YES,
        };
        wrong.extend(request.faults());
        (request, wrong)
    }
}

/// The place and the template as they are typed.
fn source_words(source: &ServerSource) -> (String, String) {
    match source {
        ServerSource::Fresh { location } => (city_of(location).to_owned(), String::new()),
        ServerSource::Template { server, location } => {
            (location.as_deref().map(city_of).unwrap_or_default().to_owned(), server.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn player(number: u32, is_substitute: bool) -> RosterPlayer {
        RosterPlayer { steam_id: SteamId::of_account(number), name: format!("p {number}"), is_substitute }
    }

    fn accounts() -> Vec<AccountId> {
        vec!["dathost".into(), "backup".into()]
    }

    prop_compose! {
        fn requests()(
            starters in 1..=5_u32, substitutes in 0..=3_u32, spectators in 0..=3_u32, is_demo_kept in any::<bool>(),
            has_template in any::<bool>(), place in 0..LOCATIONS.len(), connect_time_s in 30..=3_600_u32,
            countdown_s in 0..=600_u32, account in 0..2_usize,
        ) -> MatchRequest {
            let team = |name: &str, first: u32| TeamRequest {
                name: name.to_owned(),
                flag: "SE".to_owned(),
                players: (0..starters).map(|n| player(first + n, false))
                    .chain((0..substitutes).map(|n| player(first + 100 + n, true))).collect(),
            };
            let location = LOCATIONS[place].id.to_owned();
            let source = if has_template {
                ServerSource::Template { server: "6530aa".to_owned(), location: Some(location) }
            } else {
                ServerSource::Fresh { location }
            };
            MatchRequest {
                account: accounts()[account].clone(), source, map: "workshop/3070284539".to_owned(),
                team1: team("Red", 1), team2: team("Blue", 1_000),
                spectators: (0..spectators).map(|n| player(5_000 + n, false)).collect(),
                connect_time_s, countdown_s, is_demo_kept,
            }
        }
    }

    proptest! {
        /// A rematch asks for the same match: names, flags, substitutes, place.
        #[test]
        fn a_request_survives_the_form(request in requests()) {
            let (again, wrong) = Draft::of(accounts(), &request).request();
            prop_assert_eq!(wrong, Vec::<String>::new());
            prop_assert_eq!(again, request);
        }
    }

    #[test]
    fn an_empty_form_says_what_is_missing_and_a_wrong_one_what_is_wrong() {
        let mut draft = Draft::new(accounts(), None);
        let (_, wrong) = draft.request();
        assert_eq!(wrong, ["team 1 starts with 0 players: 1 to 5", "team 2 starts with 0 players: 1 to 5"]);
        draft.fields.set(PLAYERS1, "76561197960265974 https://steamcommunity.com/id/gaben");
        draft.fields.set(PLAYERS2, "[U:1:5]=Bo");
        draft.fields.set(CONNECT, "soon");
        draft.fields.set(PLACE, "");
        let (request, wrong) = draft.request();
        assert_eq!(request.team2.players[0].name, "Bo");
        for part in ["gaben", "time to connect", "location is missing"] {
            assert!(wrong.iter().any(|one| one.contains(part)), "{part}: {wrong:?}");
        }
    }
}
