//! The wire's objects (`providers/dathost.md` §2, §3.2).

use serde_json::{Map, Value, json};

use super::entities::{Account, DEFAULT_AUTOSTOP_MINUTES, Server};
use super::events::discount_percent;
use super::money;
use super::settings::{self, GAMES};
use super::world::World;
use crate::model::time::Timestamp;
use crate::sim::micro::{self, signed};
use crate::sim::random;

/// UNIX seconds.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.0 / 1_000
}

/// An account.
pub(super) fn account(world: &World, account: &Account) -> Value {
    let balance = world.balance(&account.id);
    let per_hour: u64 = world
        .servers
        .values()
        .filter(|server| server.owner == account.id && server.run.is_some())
        .map(money::per_hour)
        .sum();
    // Null when no server is on.
    let seconds_left = u64::try_from(balance).unwrap_or(0).saturating_mul(3_600).checked_div(per_hour);
    let time_left = seconds_left.map_or(String::new(), |seconds| format!("{} hours", seconds / 3_600));
    json!({
        "id": account.id,
        "email": account.email,
        "gravatar_url": "",
        "credits": micro::json(balance),
        "seconds_left": seconds_left,
        "time_left": time_left,
        "trial": false,
        "roles": [],
        "confirmed_at": 1_700_000_000,
        "accepted_terms_of_service_version": 3,
        "affiliate": false,
        "marketing_emails_enabled": false,
        "subscription_pay_with_credits": true,
        "autorefill_amount": 0,
        "autorefill_below": 0,
        "disabled_notification_types": [],
        "first_month_discount_percentage": 0,
        "lifetime_hourly_discount_percentage": 0,
        "lifetime_subscription_discount_percentage": 0,
    })
}

/// A server as a list tells it: `booting` as it was when it was last looked at.
pub(super) fn server(world: &World, server: &Server) -> Value {
    if server.is_bare {
        return bare(server);
    }
    let mut object = Map::new();
    for part in [identity(world, server), state(server), money_of(world, server), switches(server)] {
        if let Value::Object(part) = part {
            object.extend(part);
        }
    }
    // Settings of the server's own game; null for every other.
    for game in GAMES {
        object.insert(format!("{game}_settings"), Value::Null);
    }
    object.insert(format!("{}_settings", server.game), settings::object(&server.game, &server.settings));
    Value::Object(object)
}

/// As little as a real answer was seen to hold, nulls where text should be, and a key that nobody knows.
fn bare(server: &Server) -> Value {
    json!({
        "id": server.id,
        "name": server.field("name"),
        "on": server.is_on,
        "booting": server.listed_booting,
        "ip": null,
        "raw_ip": null,
        "ports": null,
        "match_id": null,
        "server_error": null,
        "custom_domain": null,
        "cost_per_hour": micro::json(signed(money::per_hour(server))),
        "enshrouded_settings": { "metamod_plugins": [null] },
    })
}

fn identity(world: &World, server: &Server) -> Value {
    let host = random::between(world.seed, &[server.number, server.moves, 50], 1, 250);
    let port = 27_000 + random::between(world.seed, &[server.number, server.moves, 51], 0, 900) * 10;
    json!({
        "id": server.id,
        "created_at": seconds(server.created_at),
        "name": server.field("name"),
        "user_data": server.field("user_data"),
        "game": server.game,
        "location": server.location,
        "ip": format!("{}-{host}.example.net", server.location),
        "raw_ip": format!("203.0.113.{host}"),
        "private_ip": "",
        "ports": { "game": port, "gotv": port + 5, "gotv_secondary": port + 6 },
        "custom_domain": server.field("custom_domain"),
        "duplicate_source_server": server.source.clone().unwrap_or_default(),
        "added_voice_server": server.field("added_voice_server"),
        "ftp_password": random::letters(world.seed, &[server.number, 52], 12),
        "mysql_username": "",
        "mysql_password": "",
        "default_file_locations": [],
        "scheduled_commands": [],
        "server_image": "default",
        "confirmed": true,
        "disk_usage_bytes": 0,
    })
}

fn state(server: &Server) -> Value {
    let status = if server.is_ready() {
        json!([{ "key": "Players", "value": server.players.len().to_string() }])
    } else {
        json!([])
    };
    json!({
        "on": server.is_on,
        "booting": server.listed_booting,
        "server_error": server.error,
        "status": status,
        "players_online": server.told_players,
        "match_id": server.match_id,
        "ongoing_maintenance": false,
    })
}

fn money_of(world: &World, server: &Server) -> Value {
    let per_hour = micro::json(signed(money::per_hour(server)));
    let per_month = micro::json(signed(money::per_month(server)));
    let subscription = server.subscription.as_ref();
    json!({
        "cost_per_hour": per_hour,
        "max_cost_per_hour": per_hour,
        "cost_per_month": per_month,
        "max_cost_per_month": per_month,
        "month_credits": micro::json(signed(world.used_in_month(server))),
        "month_reset_at": seconds(server.month.ends_at),
        "subscription_cycle_months": subscription.map_or(0, |subscription| subscription.months),
        "subscription_state": subscription.map_or("PAY_AS_YOU_GO", |subscription| subscription.word()),
        "subscription_renewal_failed_attempts": subscription.map_or(0, |s| s.failed_attempts),
        "subscription_renewal_next_attempt_at": subscription
            .filter(|subscription| subscription.failed_attempts > 0)
            .and_then(|_| server.renewed_at())
            .map(seconds),
        "first_month_discount_percentage": 0,
        "cycle_months_1_discount_percentage": discount_percent(1),
        "cycle_months_3_discount_percentage": discount_percent(3),
        "cycle_months_6_discount_percentage": discount_percent(6),
        "cycle_months_12_discount_percentage": discount_percent(12),
    })
}

fn switches(server: &Server) -> Value {
    let number = |name: &str, plain: u64| server.field(name).parse().unwrap_or(plain);
    json!({
        "autostop": server.is_set("autostop"),
        "autostop_minutes": number("autostop_minutes", DEFAULT_AUTOSTOP_MINUTES),
        "deletion_protection": server.is_set("deletion_protection"),
        "reboot_on_crash": server.is_set("reboot_on_crash"),
        "enable_core_dump": server.is_set("enable_core_dump"),
        "enable_mysql": server.is_set("enable_mysql"),
        "enable_syntropy": server.is_set("enable_syntropy"),
        "prefer_dedicated": server.is_set("prefer_dedicated"),
        "max_disk_usage_gb": number("max_disk_usage_gb", 30),
        "manual_sort_order": number("manual_sort_order", 0),
    })
}
