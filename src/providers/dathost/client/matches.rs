//! Matches: created, read, called off, joined (`providers/dathost.md` §4). There is no list of them: whoever creates one keeps
//! its id, or asks its server while it goes on.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{Body, DathostClient};
use crate::model::matches::{MatchReading, MatchRequest, RosterPlayer, Side};
use crate::model::problem::Problem;
use crate::providers::dathost::endpoint::Endpoint;
use crate::providers::dathost::{match_map, wire};
use crate::providers::transport::Priority;

/// A match as it is asked for.
#[derive(Clone, Copy)]
pub struct NewMatch<'a> {
    /// The server it is played on: created matches boot it, on or off.
    pub server: &'a str,
    /// Teams, map and times.
    pub request: &'a MatchRequest,
    /// Where the provider is to call about it, and what those calls carry as their `Authorization` header.
    pub hook: Option<(&'a str, &'a SecretString)>,
}

impl DathostClient {
    /// Creates a match, which boots its server (restarts it when it is on) and **cancels** one that goes on there. With
    /// [`crate::model::problem::Effect::Possible`] it may go on all the same: ask the server for its `match_id` first.
    pub async fn create_match(&self, new: NewMatch<'_>) -> Result<MatchReading, Problem> {
        let secrets = new.hook.map(|(_, secret)| secret.clone()).into_iter().collect();
        let created: wire::Match = self.ask_with_json(Endpoint::CreateMatch, body(&new), secrets).await?;
        Ok(match_map::reading(created, self.now()))
    }

    /// A match as it is now. `NotFound` when there is none.
    pub async fn match_reading(&self, id: &str, p: Priority) -> Result<MatchReading, Problem> {
        let read: wire::Match = self.ask_for(Endpoint::Match { id }, Body::none(), p).await?;
        Ok(match_map::reading(read, self.now()))
    }

    /// What the calls about a match carry: its answer echoes it.
    pub async fn hook_secret(&self, id: &str, p: Priority) -> Result<Option<SecretString>, Problem> {
        let read: wire::MatchHooks = self.ask_for(Endpoint::Match { id }, Body::none(), p).await?;
        let secret = read.webhooks.and_then(|hooks| hooks.authorization_header);
        Ok(secret.filter(|secret| !secret.expose_secret().is_empty()))
    }

    /// Calls a match off: players are sent away; the server stays on and bills (§3.3).
    pub async fn cancel_match(&self, id: &str) -> Result<(), Problem> {
        self.ask(Endpoint::CancelMatch { id }, Body::none(), Priority::Run).await.map(drop)
    }

    /// Puts somebody on the list of a match; nothing takes them off it again.
    pub async fn add_match_player(
        &self,
        id: &str,
        one: &RosterPlayer,
        side: Option<Side>,
    ) -> Result<(), Problem> {
        let endpoint = Endpoint::AddMatchPlayer { id };
        self.ask_with_json::<Value>(endpoint, player(one, side), Vec::new()).await.map(drop)
    }
}

/// The body of a create: fields that the reference does not define are refused, so only those of §4.2.
fn body(new: &NewMatch<'_>) -> Value {
    let request = new.request;
    let players: Vec<Value> = request
        .players()
        .map(|(side, one)| player(one, Some(side)))
        .chain(request.spectators.iter().map(|one| player(one, None)))
        .collect();
    let team = |side| {
        let team = request.team(side);
        json!({ "name": team.name, "flag": team.flag })
    };
    let mut body = Map::new();
    body.insert("game_server_id".to_owned(), json!(new.server));
    body.insert("players".to_owned(), Value::Array(players));
    body.insert("team1".to_owned(), team(Side::Team1));
    body.insert("team2".to_owned(), team(Side::Team2));
    let settings = json!({
        "map": request.map,
        "connect_time": request.connect_time_s,
        "match_begin_countdown": request.countdown_s,
        // Lower than the list lets substitutes in.
        "team_size": request.team1.starters(),
        // With it the recording is complete only after the delay of the broadcast.
        "wait_for_gotv": !request.spectators.is_empty(),
    });
    body.insert("settings".to_owned(), settings);
    if let Some((url, secret)) = new.hook {
        let webhooks = json!({
            "event_url": url,
            "enabled_events": ["*"],
            "authorization_header": secret.expose_secret(),
        });
        body.insert("webhooks".to_owned(), webhooks);
    }
    Value::Object(body)
}

fn player(one: &RosterPlayer, side: Option<Side>) -> Value {
    let team = match side {
        Some(Side::Team1) => "team1",
        Some(Side::Team2) => "team2",
        None => "spectator",
    };
    json!({ "steam_id_64": one.steam_id.to_string(), "team": team, "nickname_override": one.name })
}
