//! What a plan says about money: who pays, what it burns, how long the paying balance lasts before and after.

use rust_decimal::Decimal;

use crate::model::balance::BalanceKey;
use crate::model::balance_view::BalanceView;
use crate::model::credits::{CreditServer, Payer, credits};
use crate::model::money::Money;
use crate::model::spend::{Burner, Runway, WhatIf};
use crate::model::time::Timestamp;

use crate::engine::runs::plan::{BurnChange, Draft};
use crate::engine::runs::services::Services;

/// Seconds of an hour.
const HOUR_S: u32 = 3_600;
/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;
/// Digits of amounts.
const AMOUNT_DIGITS: u32 = 2;

/// The balance that pays, with everything that burns it.
struct Paying {
    view: BalanceView,
    burners: Vec<Burner>,
}

fn paying(services: &Services, key: &BalanceKey) -> Option<Paying> {
    services.fleet.read(|fleet| {
        let view = fleet.balances.get(key)?.clone();
        Some(Paying { view, burners: fleet.burners.get(key).cloned().unwrap_or_default() })
    })
}

impl Paying {
    fn name(&self) -> String {
        let balance = &self.view.balance;
        match balance.key.pool {
            Some(_) => format!("pool {}", balance.name),
            None => format!("account {}", balance.key.account),
        }
    }

    /// How long it lasts if this were so.
    fn runway(&self, what_if: &WhatIf, now: Timestamp) -> Option<Runway> {
        let left = self.view.predicted(now);
        what_if.outcome(&self.view.balance.key, left, &self.burners, now, now).runway
    }
}

/// Who pays for a start and what it does to the balance; the burn that it adds.
pub(super) fn check_start(
    draft: &mut Draft,
    services: &Services,
    server: &CreditServer,
    with_own_credits: bool,
) -> BurnChange {
    let per_hour = server.ram_gib.map(|ram_gib| services.credits.pricing.per_hour(ram_gib));
    match (server.ram_gib, &per_hour) {
        (Some(ram_gib), Some(per_hour)) => draft.pass("memory", format!("{ram_gib} GiB: {per_hour}/h")),
        _ => draft.warn("memory", "not known: nobody can say what it will burn"),
    }
    let own = Payer::Balance(BalanceKey::account(server.key.account.clone()));
    let payer = if with_own_credits { &own } else { &server.payer };
    let Some(paying) = check_payer(draft, services, payer) else {
        return if *payer == Payer::Owner { BurnChange::None } else { BurnChange::Unknown };
    };
    let Some(per_hour) = per_hour else { return BurnChange::Unknown };
    let then = WhatIf { started_per_hour: vec![per_hour.amount], ..WhatIf::default() };
    check_runway(draft, services, &paying, &then);
    // Where that is too short, the budget guard asks once more.
    draft.payer = Some(paying.view.balance.key);
    BurnChange::Adds(per_hour)
}

/// What a stop saves; the burn that it ends.
pub(super) fn check_stop(draft: &mut Draft, services: &Services, server: &CreditServer) -> BurnChange {
    if server.payer == Payer::Owner {
        return BurnChange::None;
    }
    let Some(ram_gib) = server.ram_gib else { return BurnChange::Unknown };
    let per_hour = services.credits.pricing.per_hour(ram_gib);
    if let Payer::Balance(key) = &server.payer
        && let Some(paying) = paying(services, key)
    {
        let then = WhatIf { stopped: vec![server.key.clone()], ..WhatIf::default() };
        check_runway(draft, services, &paying, &then);
    }
    BurnChange::Removes(per_hour)
}

/// What other memory burns from the next start on.
pub(super) fn check_ram(draft: &mut Draft, services: &Services, server: &CreditServer, ram_gib: u32) {
    let pricing = &services.credits.pricing;
    let (before, after) = (server.ram_gib.map(|ram| pricing.per_hour(ram)), pricing.per_hour(ram_gib));
    let from = before.as_ref().map_or_else(String::new, |before| format!("{before}/h becomes "));
    draft.pass("cost", format!("{from}{after}/h while it runs, from its next start"));
    let Payer::Balance(key) = &server.payer else { return };
    let Some(paying) = paying(services, key) else { return };
    let then = WhatIf { stopped: vec![server.key.clone()], started_per_hour: vec![after.amount] };
    check_runway(draft, services, &paying, &then);
}

/// What being up longer may cost.
pub(super) fn check_extension(draft: &mut Draft, services: &Services, server: &CreditServer, seconds: u32) {
    if server.payer == Payer::Owner {
        draft.pass("cost", "its owner pays");
        return;
    }
    let Some(ram_gib) = server.ram_gib else {
        draft.warn("cost", "its memory is not known: nobody can say what it burns");
        return;
    };
    let per_hour = services.credits.pricing.per_hour(ram_gib);
    let more = per_hour.amount * Decimal::from(seconds) / Decimal::from(HOUR_S);
    draft.pass("cost", format!("at most {} more, if nobody plays meanwhile", amount(more)));
    if server.players.count.is_some_and(|count| count > 0) {
        draft.warn("players", "somebody plays: the timer runs only while nobody does");
    }
}

fn amount(amount: Decimal) -> Money {
    credits(amount.round_dp(AMOUNT_DIGITS))
}

/// Says who pays and what is left; the balance where it is one of ours.
fn check_payer(draft: &mut Draft, services: &Services, payer: &Payer) -> Option<Paying> {
    let key = match payer {
        Payer::Undecided => {
            draft.warn("payer", "not known yet: the pools were not read");
            return None;
        }
        Payer::Owner => {
            draft.pass("payer", "its owner pays: it burns no credits of this account");
            return None;
        }
        Payer::Balance(key) => key,
    };
    let Some(paying) = paying(services, key) else {
        draft.warn("payer", format!("balance {key} was not read yet"));
        return None;
    };
    let left = paying.view.predicted(services.now());
    let words = format!("{} has {} left", paying.name(), amount(left));
    if left > Decimal::ZERO {
        draft.pass("payer", words);
    } else {
        draft.warn("payer", format!("{words}: exaroton is likely to refuse the start"));
    }
    Some(paying)
}

/// Says how long the balance lasts before and after, louder where that is too short.
fn check_runway(draft: &mut Draft, services: &Services, paying: &Paying, then: &WhatIf) {
    let now = services.now();
    let (before, after) = (paying.runway(&WhatIf::default(), now), paying.runway(then, now));
    let lasts = |runway: &Option<Runway>| {
        runway.as_ref().map_or_else(|| "for ever".to_owned(), |runway| span(runway.lasts_ms))
    };
    let lasts_ms = after.as_ref().map(|runway| runway.lasts_ms);
    let mut words = format!("{} lasts {}, then {}", paying.name(), lasts(&before), lasts(&after));
    if let Some(runway) = &after {
        words.push_str(&runway.ends_at.to_datetime().format(" (until %-d %b %H:%M UTC)").to_string());
    }
    let limits = &services.credits.limits;
    let is_shorter = before
        .map(|runway| runway.lasts_ms)
        .is_none_or(|before| lasts_ms.is_some_and(|after| after < before));
    let limit_ms = [limits.runway_critical_ms, limits.runway_warning_ms]
        .into_iter()
        .find(|limit_ms| is_shorter && lasts_ms.is_some_and(|lasts_ms| lasts_ms < *limit_ms));
    match limit_ms {
        Some(limit_ms) => draft.warn("runway", format!("{words}, under the limit of {}", span(limit_ms))),
        None => draft.pass("runway", words),
    }
}

/// A span in days, hours or minutes.
fn span(millis: u64) -> String {
    let (minutes, hours) = (millis / 60_000, millis / HOUR_MS);
    match hours {
        0 => format!("{minutes} min"),
        1..48 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{} d {:02} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_their_two_largest_units() {
        let minute = 60_000;
        let spans = [0, 59 * minute, HOUR_MS, 47 * HOUR_MS + 5 * minute, 49 * HOUR_MS].map(span);
        assert_eq!(spans, ["0 min", "59 min", "1 h 00 min", "47 h 05 min", "2 d 01 h"]);
    }
}
