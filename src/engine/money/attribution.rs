//! Where the burn of a window went and what changed it, of every provider: what burns now with the changes kept.

use std::collections::BTreeMap;

use super::changes::ChangeRecord;
use super::ledger;
use crate::engine::handle::Engine;
use crate::engine::panel_burn::owner_of;
use crate::engine::requests::blocking;
use crate::model::account::Provider;
use crate::model::balance::BalanceKey;
use crate::model::fleet::Fleet;
use crate::model::ids::AccountId;
use crate::model::problem::Problem;
use crate::model::spend::{Attribution, BurnChange, BurnerKind, Burning, KnownChange, attribution};
use crate::model::time::Timestamp;

/// The longest window, milliseconds: two years and a bit.
const WINDOW_MAX_MS: u64 = 800 * 24 * 3_600_000;

/// Where the burn of a balance, of an account or of everything went between two moments.
///
/// # Errors
/// `Storage`: the records cannot be read; `Refused`: the window is empty.
pub async fn burn(
    engine: &Engine,
    payer: Option<BalanceKey>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Attribution, Problem> {
    let now = engine.fleet.now();
    let to = to.min(now);
    if from >= to {
        return Err(Problem::refused("nothing lies in this window", "choose an earlier beginning"));
    }
    let from = from.max(Timestamp(to.0.saturating_sub_unsigned(WINDOW_MAX_MS)));
    let books_began = engine.keeper.began().await?;
    // Before its book began nothing is known of a balance.
    let known_from = payer.as_ref().and_then(|payer| books_began.get(payer));
    let from = known_from.map_or(from, |began| from.max(*began).min(to));
    engine.keeper.keep_panel_changes().await?;
    let records = blocking(&engine.store, move |store| ledger::read(store, from, now)).await?;
    let is_asked = |of: &BalanceKey| payer.as_ref().is_none_or(|payer| payer == of);
    let changes = records.into_iter().flat_map(|record| match record {
        ChangeRecord::Changed(changes) => changes,
        ChangeRecord::Acknowledged { .. } => Vec::new(),
    });
    let changes: Vec<BurnChange> = changes.filter(|change| is_asked(&change.payer)).collect();
    Ok(engine.fleet.read(|fleet| {
        let providers: BTreeMap<&AccountId, Provider> =
            fleet.feeds.values().map(|feed| (&feed.account, feed.provider)).collect();
        let known: Vec<KnownChange> =
            changes.into_iter().filter_map(|change| known(fleet, &providers, change)).collect();
        let mut burning = prepaid(fleet, &providers, &books_began);
        burning.retain(|burning| is_asked(&burning.payer));
        burning.extend(billed_later(fleet, payer.as_ref()));
        attribution(&burning, &known, (from, to), |order| fleet.order_name(order))
    }))
}

/// A change with who runs its server and its unit; nothing for one of an account that is not configured any more.
fn known(
    fleet: &Fleet,
    providers: &BTreeMap<&AccountId, Provider>,
    change: BurnChange,
) -> Option<KnownChange> {
    let provider = *providers.get(&change.server.account)?;
    let of_balance = || fleet.balances.get(&change.payer).map(|view| view.balance.unit.clone());
    let unit = change.unit.clone().or_else(of_balance)?;
    Some(KnownChange { change, provider, unit })
}

/// What runs on prepaid balances; what it burnt is known from the beginning of their books.
fn prepaid(
    fleet: &Fleet,
    providers: &BTreeMap<&AccountId, Provider>,
    books_began: &BTreeMap<BalanceKey, Timestamp>,
) -> Vec<Burning> {
    let running = fleet.burners.values().flatten().filter(|burner| burner.kind == BurnerKind::Running);
    let burning = running.filter_map(|burner| {
        Some(Burning {
            server: burner.server.clone(),
            name: burner.name.clone(),
            payer: burner.payer.clone(),
            provider: *providers.get(&burner.server.account)?,
            owner: burner.owner.clone(),
            per_hour: burner.per_hour,
            unit: fleet.balances.get(&burner.payer)?.balance.unit.clone(),
            since: books_began.get(&burner.payer).copied(),
        })
    });
    burning.collect()
}

/// What the panels' servers burn, paid from no balance, since they were made.
fn billed_later<'a>(fleet: &'a Fleet, payer: Option<&'a BalanceKey>) -> impl Iterator<Item = Burning> + 'a {
    let is_asked = move |account: &AccountId| {
        payer.is_none_or(|payer| payer.account == *account && payer.pool.is_none())
    };
    fleet.servers.values().filter(move |server| is_asked(&server.key.account)).filter_map(|server| {
        let burn = server.burn_per_hour.as_ref()?;
        Some(Burning {
            server: server.key.clone(),
            name: server.name.clone(),
            payer: BalanceKey::account(server.key.account.clone()),
            provider: Provider::Pterodactyl,
            owner: owner_of(fleet, &server.ownership),
            per_hour: burn.amount,
            unit: burn.currency.clone(),
            since: server.created_at,
        })
    })
}
