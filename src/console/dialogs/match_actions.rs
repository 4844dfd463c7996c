//! Actions on matches that need a word first, or work on several: each asks for what is missing, or opens the plan.

use super::ask::{AskDialog, Question, Wish};
use super::plan;
use super::silence::duration_ms;
use crate::console::actions::Action;
use crate::console::component::{Effects, Loudness};
use crate::console::context::ViewContext;
use crate::console::widgets::fields::{Field, Fields};
use crate::console::words::matches as words;
use crate::model::action::ActionRequest;
use crate::model::ids::ServerKey;
use crate::model::matches::{Match, NAME_MAX, RosterPlayer, Score, Side, read_player};
use crate::model::request::Request;

/// Whether the action is one of these.
#[must_use]
pub fn is_one(action: Action) -> bool {
    matches!(
        action,
        Action::AddPlayer
            | Action::DestroyMatchServer
            | Action::KeepMatchServer
            | Action::SettleMatch
            | Action::ReverseSettlement
    )
}

/// Whether the action may come to something for a match; the engine says so for sure.
#[must_use]
pub fn is_enabled(action: Action, one: &Match) -> bool {
    match action {
        Action::AddPlayer => !one.phase.is_over(),
        Action::DestroyMatchServer | Action::KeepMatchServer => one.is_billing(),
        Action::SettleMatch => words::can_be_settled(one),
        Action::ReverseSettlement => one.settlement.is_some(),
        _ => false,
    }
}

/// Does the action for these matches.
pub fn perform(action: Action, matches: &[Match], context: &ViewContext<'_>, effects: &mut Effects) {
    let possible: Vec<&Match> = matches.iter().filter(|one| is_enabled(action, one)).collect();
    let Some(first) = possible.first() else {
        return effects.notice(Loudness::Info, impossible(action));
    };
    let question = match action {
        Action::DestroyMatchServer => {
            let servers = possible.iter().filter_map(|one| server_of(one));
            let requests = servers.map(|server| ActionRequest::DestroyMatchServer { server }).collect();
            return plan::open(requests, context, effects);
        }
        Action::AddPlayer => Some(add_player(first)),
        Action::KeepMatchServer => server_of(first).map(|server| keep(first, server)),
        Action::SettleMatch => Some(settle(first)),
        _ => Some(reverse(first)),
    };
    if let Some(question) = question {
        effects.open(AskDialog::new(question));
    }
}

fn server_of(one: &Match) -> Option<ServerKey> {
    one.rented.as_ref().map(|rented| rented.key.clone())
}

fn impossible(action: Action) -> &'static str {
    match action {
        Action::AddPlayer => "players are added while a match goes on",
        Action::DestroyMatchServer | Action::KeepMatchServer => "this match has no server that bills",
        Action::SettleMatch => "only a match that is over, was played and is not settled can be settled",
        _ => "this match is not settled",
    }
}

/// The teams by their names, and the spectators.
const SPECTATOR: &str = "spectator";

fn add_player(one: &Match) -> Question {
    let id = one.id.clone();
    let sides = [Side::Team1, Side::Team2];
    // Two teams may have one name.
    let mut names = sides.map(|side| crate::console::details::clean(one.request.team_name(side)));
    if names[0] == names[1] || names.iter().any(|name| name == SPECTATOR) {
        names = ["team 1".to_owned(), "team 2".to_owned()];
    }
    let choices = names.iter().cloned().chain([SPECTATOR.to_owned()]);
    let fields = vec![
        Field::new("player", ""),
        Field::new("name", ""),
        Field::new("comes to", &names[0]).one_of(choices),
    ];
    let title = format!("Add a player to {}", words::title(one));
    let known = one.request.clone();
    let read = move |fields: &Fields, _: &ViewContext<'_>| {
        let (steam_id, own_name) = read_player(fields.text(0)).map_err(|error| error.to_string())?;
        let name = if fields.text(1).is_empty() { own_name } else { fields.text(1).to_owned() };
        if name.chars().count() > NAME_MAX {
            return Err(format!("the name is longer than {NAME_MAX} characters"));
        }
        if known
            .players()
            .map(|(_, listed)| listed)
            .chain(&known.spectators)
            .any(|one| one.steam_id == steam_id)
        {
            return Err(format!("{steam_id} is on the list already"));
        }
        let side = names.iter().position(|name| name == fields.text(2)).map(|at| sides[at]);
        let player = RosterPlayer { steam_id, name, is_substitute: true };
        let said = format!("{steam_id} is on the list");
        Ok(Wish::Ask(Request::AddMatchPlayer { id: id.clone(), side, player }, said))
    };
    Question {
        title,
        intro: "Who is not on the list is sent away. A player that was added cannot be taken off again."
            .to_owned(),
        fields: Fields::new(fields, 0),
        hint: "a Steam id or a profile's address; tab changes the field, enter adds",
        read: Box::new(read),
    }
}

fn keep(one: &Match, server: ServerKey) -> Question {
    let fields = vec![Field::new("reason", ""), Field::new("for", "2h")];
    let read = move |fields: &Fields, context: &ViewContext<'_>| {
        let reason = fields.text(0).to_owned();
        if reason.is_empty() {
            return Err("a reason is needed: the next person must know why it bills".to_owned());
        }
        let until = match fields.text(1) {
            "" => None,
            span => {
                let millis =
                    duration_ms(span).ok_or("a time such as 90m, 4h or 2d, at most 31d, or nothing")?;
                Some(context.now.plus_millis(millis))
            }
        };
        Ok(Wish::Plan(ActionRequest::KeepMatchServer { server: server.clone(), reason, until }))
    };
    Question {
        title: format!("Keep the server of {}", words::title(one)),
        intro: "It is not destroyed and not counted as an orphan until then, and bills on.".to_owned(),
        fields: Fields::new(fields, 0),
        hint: "enter shows the plan; nothing as the time keeps it until somebody says otherwise",
        read: Box::new(read),
    }
}

fn settle(one: &Match) -> Question {
    let id = one.id.clone();
    let proposed = one.reading.as_ref().filter(|reading| reading.is_settleable());
    let proposed = proposed.map_or_else(String::new, |reading| words::score(reading.best_score()));
    let title = words::title(one);
    let read = move |fields: &Fields, _: &ViewContext<'_>| {
        let score: Score = fields.text(0).parse().map_err(|()| "the rounds of both teams, such as 13:7")?;
        let said = format!("settled {}", words::score(score));
        Ok(Wish::Ask(Request::SettleMatch { id: id.clone(), score: Some(score) }, said))
    };
    Question {
        title: format!("Settle {title}"),
        intro: format!(
            "Rounds of each team, in the order of {title}. Ratings and rewards follow from it, once; a mistake is taken back with a reason."
        ),
        fields: Fields::new(vec![Field::new("result", &proposed)], 0),
        hint: "enter settles, esc cancels",
        read: Box::new(read),
    }
}

fn reverse(one: &Match) -> Question {
    let id = one.id.clone();
    let result = one.settlement.as_ref().map(|settlement| words::score(settlement.score)).unwrap_or_default();
    let read = move |fields: &Fields, _: &ViewContext<'_>| match fields.text(0) {
        "" => Err("a reason is needed: the ledger keeps it".to_owned()),
        reason => {
            let request = Request::ReverseSettlement { id: id.clone(), reason: reason.to_owned() };
            Ok(Wish::Ask(request, "the settlement is taken back".to_owned()))
        }
    };
    Question {
        title: format!("Take the settlement of {} back", words::title(one)),
        intro: format!(
            "It was settled {result}. Ratings and rewards go back to what they were; the ledger keeps both. The match may be settled again."
        ),
        fields: Fields::new(vec![Field::new("reason", "")], 0),
        hint: "enter takes it back, esc cancels",
        read: Box::new(read),
    }
}
