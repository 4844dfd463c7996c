//! What a match would cost, and what stands against it. Nothing is rented to find out.

use rust_decimal::Decimal;
use ulid::Ulid;

use super::settings;
use crate::engine::matches::provider::MatchProvider;
use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::Services;
use crate::model::action::{MatchParameters, Parameters};
use crate::model::balance::BalanceKey;
use crate::model::game_server::{DATHOST_CREDITS, GameServer, GameServerAccount, GameServerState};
use crate::model::ids::MatchId;
use crate::model::matches::{MatchDeadlines, MatchRequest, ServerSource};
use crate::model::money::Money;
use crate::model::problem::{Problem, ProblemKind};

const MINUTE_MS: u64 = 60_000;
const HOUR_MINUTES: u32 = 60;
/// Digits of amounts for people.
const AMOUNT_DIGITS: u32 = 2;

/// Looks at the account and says what the match would do.
pub(super) async fn draft(services: &Services, request: &MatchRequest) -> Result<Draft, Problem> {
    let mut draft = Draft::titled(format!("play {} on {}", request.kind(), request.map));
    for fault in request.faults() {
        draft.refuse("request", fault);
    }
    let provider = match services.matches.provider(&request.account) {
        Ok(provider) => provider,
        Err(problem) => {
            draft.refuse("account", problem.to_string());
            return Ok(draft);
        }
    };
    if !draft.checks.is_empty() {
        return Ok(draft);
    }
    let slots = settings::slots(request);
    draft.pass(
        "request",
        format!(
            "{} on {}, {} s to connect, {slots} slots",
            request.kind(),
            request.map,
            request.connect_time_s
        ),
    );
    check_players(&mut draft, services, request);
    let servers = provider.servers().await?;
    let per_hour = check_source(&mut draft, provider.as_ref(), request, &servers).await?;
    let deadlines = MatchDeadlines::of(request);
    let most = per_hour.map(|per_hour| most_it_costs(per_hour, &deadlines));
    check_price(&mut draft, per_hour, most, &deadlines);
    let account = provider.balance().await?;
    check_balance(&mut draft, &account, &servers, per_hour, most);
    let match_id = MatchId(Ulid::new().to_string());
    let has_hooks = services.matches.hook_url(&match_id).is_some();
    let poll_s = services.policy.match_poll_ms / 1_000;
    draft.pass(
        "watching",
        if has_hooks {
            format!("the provider calls about it; looked at every {poll_s} s in any case")
        } else {
            format!(
                "looked at every {poll_s} s: no public address is configured that the provider could call"
            )
        },
    );
    if request.is_demo_kept {
        draft.warn(
            "recording",
            "it cannot be saved yet: files of rented servers are not read by this version",
        );
    }
    let price = per_hour.map(|per_hour| Money::new(per_hour, DATHOST_CREDITS));
    draft.burn = price.clone().map_or(BurnChange::Unknown, BurnChange::Adds);
    draft.payer = Some(BalanceKey::account(request.account.clone()));
    draft.parameters = Parameters::Match(Box::new(MatchParameters {
        server_name: match_id.server_name(),
        match_id,
        price_per_hour: price,
        deadlines,
        settlement: services.matches.settlement.clone(),
        has_hooks,
    }));
    Ok(draft)
}

/// Whether somebody on the lists plays already.
fn check_players(draft: &mut Draft, services: &Services, request: &MatchRequest) {
    let busy: Vec<String> = services.fleet.read(|fleet| {
        let going_on = || fleet.matches.values().filter(|one| !one.phase.is_over());
        let plays = |id| going_on().any(|one| one.request.players().any(|(_, other)| other.steam_id == id));
        let names = request.players().filter(|(_, player)| plays(player.steam_id));
        names.map(|(_, player)| player.steam_id.to_string()).collect()
    });
    if !busy.is_empty() {
        draft.warn("players", format!("already in a match that goes on: {}", busy.join(", ")));
    }
}

/// Whether the server can come from there, and what it is expected to cost per hour.
async fn check_source(
    draft: &mut Draft,
    provider: &dyn MatchProvider,
    request: &MatchRequest,
    servers: &[GameServer],
) -> Result<Option<Decimal>, Problem> {
    match &request.source {
        ServerSource::Fresh { location } => Ok(check_location(draft, servers, location)),
        ServerSource::Template { server, location } => {
            let template = match provider.server(server).await {
                Ok(template) => template,
                Err(problem) if problem.kind == ProblemKind::NotFound => {
                    draft.refuse("template", format!("there is no server {server} on this account"));
                    return Ok(None);
                }
                Err(problem) => return Err(problem),
            };
            check_template(draft, &template, location.as_deref());
            Ok(price_of(&template))
        }
    }
}

fn price_of(server: &GameServer) -> Option<Decimal> {
    server.price.per_hour.or(server.price.most_per_hour)
}

/// The provider tells a price only with a server: one of ours that stands there is the best guess, then any other of the game.
fn check_location(draft: &mut Draft, servers: &[GameServer], location: &str) -> Option<Decimal> {
    let of_game = || servers.iter().filter(|server| server.game == "cs2");
    let there = of_game().filter(|server| server.location == location).find_map(priced);
    let known = there.or_else(|| of_game().find_map(priced));
    match (there, known) {
        (Some((name, per_hour)), _) => {
            draft.pass("location", format!("{location}: {name} stands there for {per_hour} credits/h"));
        }
        (None, Some((name, per_hour))) => draft.warn(
            "location",
            format!("{location}: nothing of ours stands there; elsewhere {name} costs {per_hour} credits/h"),
        ),
        (None, None) => {
            draft.warn("location", format!("{location}: its price is told only when it is rented"));
        }
    }
    known.map(|(_, per_hour)| per_hour)
}

fn priced(server: &GameServer) -> Option<(&str, Decimal)> {
    Some((server.name.as_str(), price_of(server)?))
}

fn check_template(draft: &mut Draft, template: &GameServer, location: Option<&str>) {
    if template.game != "cs2" {
        draft.refuse("template", format!("{} runs {}, not cs2", template.name, template.game));
        return;
    }
    let place = location.unwrap_or(&template.location);
    draft.pass("template", format!("a copy of {} at {place}", template.name));
    if template.is_protected {
        draft.pass(
            "protection",
            "the template is protected; that is taken off the copy, which could not be deleted otherwise",
        );
    }
    if template.state != GameServerState::Off {
        draft.warn(
            "files",
            "the template is on: what changed there in the last hour may be missing in the copy",
        );
    }
}

/// What a server costs if every part of the match takes as long as it may.
fn most_it_costs(per_hour: Decimal, deadlines: &MatchDeadlines) -> Decimal {
    let minutes = deadlines.longest_ms().div_ceil(MINUTE_MS);
    per_hour * Decimal::from(minutes) / Decimal::from(HOUR_MINUTES)
}

fn check_price(
    draft: &mut Draft,
    per_hour: Option<Decimal>,
    most: Option<Decimal>,
    deadlines: &MatchDeadlines,
) {
    let minutes = deadlines.longest_ms() / MINUTE_MS;
    match (per_hour, most) {
        (Some(per_hour), Some(most)) => draft.pass(
            "cost",
            format!(
                "{per_hour} credits/h, at most {} in {minutes} min: then it is destroyed, whatever happens",
                most.round_dp(AMOUNT_DIGITS)
            ),
        ),
        _ => draft.warn(
            "cost",
            format!("nobody can say what it costs; it is destroyed after {minutes} min at the latest"),
        ),
    }
}

/// Whether the account can pay, and how long it lasts before and after.
fn check_balance(
    draft: &mut Draft,
    account: &GameServerAccount,
    servers: &[GameServer],
    per_hour: Option<Decimal>,
    most: Option<Decimal>,
) {
    let left = account.credits;
    let burn: Decimal = servers.iter().filter(|server| server.is_billed_by_hour()).filter_map(price_of).sum();
    let words = format!(
        "{} credits left, for {} now and {} with it",
        left.round_dp(AMOUNT_DIGITS),
        lasts(left, burn),
        lasts(left, burn + per_hour.unwrap_or_default())
    );
    if left <= Decimal::ZERO {
        draft.refuse("balance", format!("{words}: the provider starts nothing without credits"));
    } else if most.is_some_and(|most| left < most) {
        draft.warn("balance", format!("{words}: less than the most it can cost"));
    } else {
        draft.pass("balance", words);
    }
}

/// How long credits last at this burn.
fn lasts(left: Decimal, per_hour: Decimal) -> String {
    if per_hour <= Decimal::ZERO {
        return "ever".to_owned();
    }
    let hours = left.max(Decimal::ZERO) / per_hour;
    if hours < Decimal::from(48) {
        format!("{} h", hours.round_dp(1).normalize())
    } else {
        format!("{} d", (hours / Decimal::from(24)).round())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_it_costs_is_every_deadline_at_its_end() {
        let deadlines = MatchDeadlines { boot_ms: 60_000, warmup_ms: 60_000, live_ms: 3_599_999, demo_ms: 1 };
        assert_eq!(most_it_costs(Decimal::new(60, 2), &deadlines), Decimal::new(62, 2));
    }

    #[test]
    fn credits_last_for_hours_or_days_or_ever() {
        let lasts = |left: i64, per_hour| lasts(Decimal::from(left), Decimal::from(per_hour));
        assert_eq!(
            (lasts(10, 0), lasts(10, 4), lasts(96, 1)),
            ("ever".to_owned(), "2.5 h".to_owned(), "4 d".to_owned())
        );
    }
}
