//! From the API's JSON to the model's words. Texts are sanitised here.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use super::types::{Metrics, RemoteFile};
use super::wire;
use crate::model::game_server::{
    GameServer, GameServerAccount, GameServerPorts, GameServerPrice, GameServerState, SubscriptionState,
};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;
use crate::providers::exact::Exact;

pub(super) fn account(wire: &wire::Account, account: &AccountId, now: Timestamp) -> GameServerAccount {
    GameServerAccount {
        account: account.clone(),
        email: sanitise(wire.email.as_deref().unwrap_or(account.as_str())),
        credits: wire.credits.0,
        lasts_s: whole(wire.seconds_left),
        pays_subscriptions: wire.subscription_pay_with_credits.unwrap_or(true),
        observed_at: now,
    }
}

pub(super) fn server(wire: wire::GameServer, account: &AccountId, now: Timestamp) -> GameServer {
    let price = price(&wire);
    let ports = wire.ports.unwrap_or_default();
    // What does not say that it is off may bill.
    let state = match (wire.on, wire.booting) {
        (Some(false), _) => GameServerState::Off,
        (_, Some(true)) => GameServerState::Booting,
        _ => GameServerState::On,
    };
    GameServer {
        key: ServerKey { account: account.clone(), id: wire.id },
        name: text(wire.name),
        user_data: text(wire.user_data),
        game: text(wire.game),
        location: text(wire.location),
        state,
        match_id: some_text(wire.match_id),
        error: text(wire.server_error),
        players_online: whole(wire.players_online),
        host: some_text(wire.ip),
        ip: some_text(wire.raw_ip),
        ports: GameServerPorts { game: port(ports.game.as_ref()), gotv: port(ports.gotv.as_ref()) },
        price,
        autostop_minutes: whole(wire.autostop_minutes).filter(|_| wire.autostop == Some(true)),
        is_protected: wire.deletion_protection == Some(true),
        duplicated_from: some_text(wire.duplicate_source_server),
        created_at: moment(wire.created_at),
        observed_at: now,
    }
}

/// Names and maps kept of figures.
const MOST_FIGURES: usize = 200;

pub(super) fn metrics(wire: wire::Metrics) -> Metrics {
    let players = wire.players_online.unwrap_or_default();
    let maps = wire.maps_played.unwrap_or_default();
    Metrics {
        players: players.into_iter().take(MOST_FIGURES).filter_map(|player| some_text(player.name)).collect(),
        maps: maps
            .into_iter()
            .take(MOST_FIGURES)
            .filter_map(|played| Some((some_text(played.map)?, whole(played.seconds).unwrap_or(0))))
            .collect(),
    }
}

pub(super) fn file(wire: &wire::File) -> RemoteFile {
    RemoteFile {
        path: sanitise(&wire.path),
        size_bytes: whole(wire.size),
        is_deleted: wire.deleted == Some(true),
    }
}

fn price(wire: &wire::GameServer) -> GameServerPrice {
    let cycle_months = whole(wire.subscription_cycle_months).unwrap_or(0);
    let discount = match cycle_months {
        1 => wire.cycle_months_1_discount_percentage,
        3 => wire.cycle_months_3_discount_percentage,
        6 => wire.cycle_months_6_discount_percentage,
        12 => wire.cycle_months_12_discount_percentage,
        _ => None,
    };
    GameServerPrice {
        per_hour: wire.cost_per_hour.map(|cost| cost.0),
        most_per_hour: wire.max_cost_per_hour.map(|cost| cost.0),
        most_per_month: wire.max_cost_per_month.map(|cost| cost.0),
        used_in_month: wire.month_credits.map(|used| used.0),
        month_ends_at: moment(wire.month_reset_at),
        subscription: SubscriptionState::from_word(
            wire.subscription_state.as_deref().map(sanitise).as_deref(),
        ),
        cycle_months,
        cycle_discount_percent: whole(discount).unwrap_or(0),
        renewal_tried_at: moment(wire.subscription_renewal_next_attempt_at),
    }
}

fn text(text: Option<String>) -> String {
    text.map(|text| sanitise(&text)).unwrap_or_default()
}

fn some_text(text: Option<String>) -> Option<String> {
    text.map(|text| sanitise(&text)).filter(|text| !text.is_empty())
}

/// A whole number, zero or more, of any way to write it.
fn whole<T: TryFrom<u64>>(number: Option<Exact>) -> Option<T> {
    T::try_from(number?.0.to_u64()?).ok()
}

/// UNIX seconds; zero is no moment.
fn moment(seconds: Option<Exact>) -> Option<Timestamp> {
    let millis = seconds?.0.checked_mul(Decimal::ONE_THOUSAND)?.to_i64()?;
    (millis > 0).then_some(Timestamp(millis))
}

fn port(value: Option<&Value>) -> Option<u16> {
    u16::try_from(value?.as_u64()?).ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> GameServer {
        server(serde_json::from_str(json).unwrap(), &AccountId::from("main"), Timestamp(7))
    }

    #[test]
    fn a_server_with_the_least_may_bill_and_has_no_made_up_price() {
        let least = read(r#"{"id":"a1"}"#);
        assert_eq!(least.state, GameServerState::On, "unknown is not off");
        assert_eq!((least.price.per_hour, least.price.most_per_month), (None, None));
        assert_eq!((least.address(), least.players_online, least.created_at), (None, None, None));
        assert!(!least.is_protected && least.autostop_minutes.is_none());
        let nulls = read(
            r#"{"id":"a1","name":null,"on":null,"ip":null,"raw_ip":null,"ports":null,"match_id":null,
                "server_error":null,"cost_per_hour":null,"subscription_state":null,"metamod_plugins":[null]}"#,
        );
        assert_eq!(nulls, least);
    }

    #[test]
    fn a_server_with_everything() {
        let full = read(
            r#"{"id":"a1","created_at":1760000000,"name":"scrim\u001b[31m-12","user_data":"run:1","game":"cs2",
                "location":"stockholm","on":true,"booting":false,"players_online":3.0,"match_id":"m1",
                "ip":"node1.example.net","raw_ip":"203.0.113.7","ports":{"game":27015,"gotv":"x","query":1},
                "cost_per_hour":0.22,"max_cost_per_month":16.5,"month_credits":1.37,"month_reset_at":1762000000,
                "subscription_state":"ACTIVE","subscription_cycle_months":3,"cycle_months_1_discount_percentage":1,
                "cycle_months_3_discount_percentage":5,"autostop":true,"autostop_minutes":60,
                "deletion_protection":true,"ftp_password":"secret","status":"odd"}"#,
        );
        assert_eq!((full.name.as_str(), full.address().as_deref()), ("scrim-12", Some("203.0.113.7:27015")));
        assert_eq!((full.ports.gotv, full.players_online, full.autostop_minutes), (None, Some(3), Some(60)));
        assert_eq!(full.price.per_hour, Some(Decimal::new(22, 2)), "exact");
        assert_eq!(full.price.month_ends_at, Some(Timestamp(1_762_000_000_000)));
        assert_eq!((full.price.cycle_months, full.price.cycle_discount_percent), (3, 5));
        assert!(!full.is_billed_by_hour(), "a subscription is flat");
        assert!(!format!("{full:?}").contains("secret"));
    }
}
