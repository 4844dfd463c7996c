//! From the API's JSON to the model's words. Texts are sanitised here.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::Value;

use super::types::{ConfigOption, ConfigValue, FileInfo, SharedLog};
use super::wire;
use crate::model::balance::BalanceKey;
use crate::model::credits::{
    CreditAccount, CreditPool, CreditPoolMember, CreditServer, CreditServerPlayers, CreditServerSoftware,
    CreditServerStatus, Payer, credits,
};
use crate::model::ids::{AccountId, ServerKey};
use crate::model::sanitise::sanitise;
use crate::model::time::Timestamp;

/// Player names kept of one server.
const MAX_PLAYER_NAMES: usize = 200;

pub(super) fn account(wire: &wire::Account, account: &AccountId, now: Timestamp) -> CreditAccount {
    CreditAccount {
        account: account.clone(),
        name: sanitise(&wire.name),
        is_verified: wire.verified,
        balance: credits(wire.credits.0),
        observed_at: now,
    }
}

/// The row of a server; memory and payer are told elsewhere.
pub(super) fn server(wire: wire::Server, account: &AccountId, now: Timestamp) -> CreditServer {
    let players = wire.players.unwrap_or_default();
    CreditServer {
        key: ServerKey { account: account.clone(), id: wire.id },
        name: sanitise(&wire.name),
        address: sanitise(&wire.address.unwrap_or_default()),
        motd: without_formatting(&wire.motd.unwrap_or_default()),
        status: CreditServerStatus::from_number(wire.status),
        host: wire.host.filter(|host| !host.is_empty()).map(|host| sanitise(&host)),
        port: wire.port,
        players: CreditServerPlayers {
            count: players.count,
            max: players.max,
            names: players
                .list
                .unwrap_or_default()
                .iter()
                .take(MAX_PLAYER_NAMES)
                .map(|name| sanitise(name))
                .collect(),
        },
        software: wire.software.map(|software| CreditServerSoftware {
            name: sanitise(&software.name),
            version: sanitise(&software.version),
        }),
        is_shared: wire.shared,
        ram_gib: None,
        payer: Payer::Undecided,
        observed_at: now,
    }
}

pub(super) fn pool(wire: wire::Pool, account: &AccountId, now: Timestamp) -> CreditPool {
    CreditPool {
        key: BalanceKey::pool(account.clone(), wire.id),
        name: sanitise(&wire.name),
        balance: credits(wire.credits.0),
        owner: sanitise(&wire.owner.unwrap_or_default()),
        is_owner: wire.is_owner,
        own_share: wire.own_share.0,
        own_balance: credits(wire.own_credits.0),
        server_count: wire.servers,
        member_count: wire.members,
        members: Vec::new(),
        servers: Vec::new(),
        observed_at: now,
    }
}

pub(super) fn pool_member(wire: &wire::PoolMember) -> CreditPoolMember {
    CreditPoolMember {
        id: sanitise(&wire.account),
        name: sanitise(&wire.name),
        share: wire.share.0,
        balance: credits(wire.credits.0),
        is_owner: wire.is_owner,
    }
}

pub(super) fn shared_log(wire: &wire::SharedLog) -> SharedLog {
    SharedLog { id: sanitise(&wire.id), url: sanitise(&wire.url), raw_url: sanitise(&wire.raw) }
}

pub(super) fn file_info(wire: wire::FileInfo) -> FileInfo {
    FileInfo {
        path: sanitise(&wire.path),
        name: sanitise(&wire.name),
        is_text: wire.is_text_file,
        is_configuration: wire.is_config_file,
        is_folder: wire.is_directory,
        is_log: wire.is_log,
        is_readable: wire.is_readable,
        is_writable: wire.is_writable,
        size_bytes: wire.size,
        children: wire.children.map(|children| children.into_iter().map(file_info).collect()),
    }
}

pub(super) fn config_option(wire: wire::ConfigOption) -> ConfigOption {
    ConfigOption {
        label: sanitise(wire.label.as_deref().unwrap_or(&wire.key)),
        key: wire.key,
        kind: sanitise(wire.kind.as_deref().unwrap_or("string")),
        value: wire.value.map_or(ConfigValue::Nothing, |value| config_value(value.get())),
        choices: wire.options.map(|options| choices(&options)).unwrap_or_default(),
    }
}

fn config_value(json: &str) -> ConfigValue {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::Bool(is_set)) => ConfigValue::Boolean(is_set),
        Ok(Value::String(text)) => ConfigValue::Text(sanitise(&text)),
        Ok(Value::Number(_)) => {
            // From its digits: a double would round it.
            let number = Decimal::from_str(json).or_else(|_| Decimal::from_scientific(json));
            number.map_or_else(|_| ConfigValue::Text(sanitise(json)), ConfigValue::Number)
        }
        Ok(Value::Array(several)) => ConfigValue::Several(several.iter().map(plain).collect()),
        Ok(Value::Null) | Err(_) => ConfigValue::Nothing,
        Ok(Value::Object(_)) => ConfigValue::Text(sanitise(json)),
    }
}

/// A list of values, or an object of values and names.
fn choices(options: &Value) -> BTreeMap<String, String> {
    match options {
        Value::Array(values) => values.iter().map(|value| (plain(value), plain(value))).collect(),
        Value::Object(pairs) => pairs.iter().map(|(value, name)| (sanitise(value), plain(name))).collect(),
        _ => BTreeMap::new(),
    }
}

fn plain(value: &Value) -> String {
    sanitise(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Minecraft's formatting codes (`§a`) are for the game's screen.
fn without_formatting(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '§' => drop(characters.next()),
            '\n' => plain.push(' '),
            character => plain.push(character),
        }
    }
    sanitise(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_with_the_least_and_the_oddest() {
        let read =
            |json: &str| server(serde_json::from_str(json).unwrap(), &AccountId::from("main"), Timestamp(7));
        let least = read(r#"{"id":"Ab12","status":99}"#);
        assert_eq!(least.status, CreditServerStatus::Unknown(99));
        assert_eq!((least.host.as_deref(), least.port, least.players.count), (None, None, None));
        let offline = read(
            r#"{"id":"Ab12","name":"a\u001b[31mb","motd":"§aHello §lyou","status":0,"host":null,"port":40123,
                "players":{"max":20,"list":["Steve"]},"software":null,"shared":true}"#,
        );
        assert_eq!((offline.name.as_str(), offline.motd.as_str()), ("ab", "Hello you"));
        assert_eq!((offline.host, offline.port), (None, Some(40_123)), "a port says nothing about running");
        assert!(offline.is_shared && offline.software.is_none());
    }

    #[test]
    fn options_of_every_type() {
        let read = |json: &str| config_option(serde_json::from_str(json).unwrap());
        assert_eq!(read(r#"{"key":"a","value":0.1}"#).value, ConfigValue::Number(Decimal::new(1, 1)));
        assert_eq!(read(r#"{"key":"a","value":null}"#).value, ConfigValue::Nothing);
        let select = read(r#"{"key":"a","label":"A","type":"select","value":"x","options":["x","y"]}"#);
        assert_eq!((select.value, select.choices.len()), (ConfigValue::Text("x".to_owned()), 2));
    }
}
