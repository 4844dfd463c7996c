//! Which table and column holds what: two presets for shops, our own schema, and overrides by name.
//!
//! Every name is validated as a plain identifier here, so that nothing else can reach a statement's text.

use std::collections::BTreeMap;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// The names to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Our own schema, in `SQLite`.
    Embedded,
    /// Supabase: orders, plans, profiles, `external_accounts`, `ptero_nodes`, addons.
    Supabase,
    /// The billing schema of MariaDB/MySQL shops: orders, plans, users, `region_node_map`.
    Billing,
}

/// How the database stores amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountUnit {
    /// Euros, as an exact decimal.
    Major,
    /// Cents, as an integer.
    Minor,
}

/// A kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entity {
    /// Purchases.
    Orders,
    /// What is sold.
    Plans,
    /// Who buys.
    Customers,
    /// Customers' accounts elsewhere, where the link to the panel is a row of its own.
    Links,
    /// Regions and their panel nodes.
    RegionNodes,
    /// What was bought on top of a plan.
    Addons,
}

/// How much depends on a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Without it the rows cannot be read.
    Read,
    /// Without it orders can be shown but not provisioned.
    Act,
    /// May be absent.
    Optional,
}

/// Every kind of rows with its word in configuration and its table in each preset; an empty name = none.
pub(super) const TABLES: &[(Entity, &str, [&str; 3])] = &[
    (Entity::Orders, "orders", ["orders", "orders", "orders"]),
    (Entity::Plans, "plans", ["plans", "plans", "plans"]),
    (Entity::Customers, "customers", ["customers", "profiles", "users"]),
    (Entity::Links, "links", ["", "external_accounts", ""]),
    (Entity::RegionNodes, "region_nodes", ["region_nodes", "ptero_nodes", "region_node_map"]),
    (Entity::Addons, "addons", ["order_addons", "addons", ""]),
];

/// Every field with its column in each preset (embedded, Supabase, billing); an empty name = none.
pub(super) const FIELDS: &[(Entity, &str, Need, [&str; 3])] = &[
    (Entity::Orders, "id", Need::Read, ["id", "id", "id"]),
    (Entity::Orders, "status", Need::Read, ["status", "status", "status"]),
    (Entity::Orders, "claim_token", Need::Act, ["claim_token", "claim_token", "claim_token"]),
    (Entity::Orders, "user_id", Need::Read, ["customer_id", "user_id", "user_id"]),
    (Entity::Orders, "plan_id", Need::Read, ["plan_id", "plan_id", "plan_id"]),
    (Entity::Orders, "region", Need::Optional, ["region", "region", "region"]),
    (Entity::Orders, "server_name", Need::Optional, ["server_name", "server_name", "server_name"]),
    (Entity::Orders, "amount", Need::Optional, ["amount_minor", "amount", "amount"]),
    (Entity::Orders, "currency", Need::Optional, ["currency", "currency", "currency"]),
    (Entity::Orders, "created_at", Need::Optional, ["created_at", "created_at", "created_at"]),
    (Entity::Orders, "updated_at", Need::Optional, ["updated_at", "updated_at", "updated_at"]),
    (Entity::Orders, "server_id", Need::Act, ["panel_server_id", "ptero_server_id", "ptero_server_id"]),
    (
        Entity::Orders,
        "identifier",
        Need::Optional,
        ["panel_identifier", "ptero_identifier", "ptero_identifier"],
    ),
    (Entity::Orders, "node_id", Need::Optional, ["panel_node_id", "ptero_node_id", "ptero_node_id"]),
    (Entity::Orders, "error_message", Need::Optional, ["error_message", "error_message", "error_message"]),
    (Entity::Orders, "stripe_checkout_session", Need::Optional, ["stripe_checkout_session_id"; 3]),
    (Entity::Orders, "stripe_subscription", Need::Optional, ["stripe_subscription_id"; 3]),
    (Entity::Orders, "stripe_payment_intent", Need::Optional, ["stripe_payment_intent_id"; 3]),
    (Entity::Orders, "stripe_customer", Need::Optional, ["stripe_customer_id"; 3]),
    (Entity::Plans, "id", Need::Read, ["id", "id", "id"]),
    (Entity::Plans, "name", Need::Read, ["name", "name", "name"]),
    (Entity::Plans, "is_active", Need::Optional, ["is_active", "is_active", "is_active"]),
    (Entity::Plans, "price", Need::Optional, ["price_minor", "price", "price"]),
    (Entity::Plans, "cost", Need::Optional, ["cost_minor", "cost", "cost"]),
    (Entity::Plans, "currency", Need::Optional, ["currency", "currency", "currency"]),
    (Entity::Plans, "stripe_price_id", Need::Optional, ["stripe_price_id"; 3]),
    (Entity::Plans, "ram_mib", Need::Read, ["ram_mib", "ram_mb", "ram_mb"]),
    (Entity::Plans, "disk_mib", Need::Read, ["disk_mib", "disk_mb", "disk_mb"]),
    (Entity::Plans, "cpu_percent", Need::Optional, ["cpu_percent", "cpu_percent", "cpu_percent"]),
    (Entity::Plans, "swap_mib", Need::Optional, ["swap_mib", "swap_mb", "swap_mb"]),
    (Entity::Plans, "io_weight", Need::Optional, ["io_weight", "io_weight", "io_weight"]),
    (Entity::Plans, "databases", Need::Optional, ["databases", "databases", "database_limit"]),
    (Entity::Plans, "backups", Need::Optional, ["backups", "backups", "backup_limit"]),
    (Entity::Plans, "allocations", Need::Optional, ["allocations", "allocations", "allocation_limit"]),
    (Entity::Plans, "egg_id", Need::Optional, ["panel_egg_id", "ptero_egg_id", "ptero_egg_id"]),
    (Entity::Plans, "docker_image", Need::Optional, ["docker_image", "docker_image", "docker_image"]),
    (Entity::Plans, "startup", Need::Optional, ["startup", "startup", "startup"]),
    (Entity::Plans, "environment", Need::Optional, ["environment", "environment", "environment"]),
    (Entity::Customers, "id", Need::Read, ["id", "id", "id"]),
    (Entity::Customers, "email", Need::Optional, ["email", "email", "email"]),
    (Entity::Customers, "name", Need::Optional, ["name", "full_name", "name"]),
    (Entity::Customers, "panel_user_id", Need::Optional, ["panel_user_id", "", "pterodactyl_user_id"]),
    (Entity::Links, "user_id", Need::Read, ["", "user_id", ""]),
    (Entity::Links, "provider", Need::Optional, ["", "provider", ""]),
    (Entity::Links, "panel_user_id", Need::Read, ["", "external_id", ""]),
    (Entity::RegionNodes, "id", Need::Optional, ["id", "id", "id"]),
    (Entity::RegionNodes, "region", Need::Read, ["region", "region", "region"]),
    (Entity::RegionNodes, "node_id", Need::Read, ["panel_node_id", "ptero_node_id", "node_id"]),
    (Entity::RegionNodes, "is_enabled", Need::Optional, ["is_enabled", "enabled", "enabled"]),
    (
        Entity::RegionNodes,
        "reserved_ram_mib",
        Need::Optional,
        ["reserved_ram_mib", "reserved_ram_mb", "reserved_ram_mb"],
    ),
    (
        Entity::RegionNodes,
        "reserved_disk_mib",
        Need::Optional,
        ["reserved_disk_mib", "reserved_disk_mb", "reserved_disk_mb"],
    ),
    (Entity::Addons, "order_id", Need::Read, ["order_id", "order_id", ""]),
    (Entity::Addons, "name", Need::Read, ["name", "name", ""]),
    (Entity::Addons, "ram_mib", Need::Optional, ["ram_mib", "ram_mb", ""]),
    (Entity::Addons, "disk_mib", Need::Optional, ["disk_mib", "disk_mb", ""]),
    (Entity::Addons, "cpu_percent", Need::Optional, ["cpu_percent", "cpu_percent", ""]),
    (Entity::Addons, "backups", Need::Optional, ["backups", "backups", ""]),
    (Entity::Addons, "databases", Need::Optional, ["databases", "databases", ""]),
    (Entity::Addons, "allocations", Need::Optional, ["allocations", "allocations", ""]),
];

/// The word that rows of `external_accounts` carry for the panel.
pub(super) const LINK_PROVIDER: &str = "pterodactyl";

/// The longest identifier that every dialect takes: PostgreSQL cuts at 63 bytes, MySQL refuses over 64.
const LONGEST_IDENTIFIER: usize = 63;

/// Names of tables and columns, all valid identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    tables: BTreeMap<Entity, Vec<String>>,
    columns: BTreeMap<(Entity, &'static str), String>,
    /// How amounts are stored.
    pub(super) amounts: AmountUnit,
}

impl Mapping {
    /// The preset's names with the overrides on top.
    ///
    /// # Errors
    /// `Invalid`: an unknown key, or a name that is not a plain identifier.
    pub(super) fn new(preset: Preset, overrides: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let index = preset as usize;
        let mut tables = BTreeMap::new();
        for (entity, _, names) in TABLES {
            if let Some(name) = names.get(index).filter(|name| !name.is_empty()) {
                tables.insert(*entity, vec![(*name).to_owned()]);
            }
        }
        let mut columns = BTreeMap::new();
        for (entity, field, _, names) in FIELDS {
            if let Some(name) = names.get(index).filter(|name| !name.is_empty()) {
                columns.insert((*entity, *field), (*name).to_owned());
            }
        }
        let amounts = if preset == Preset::Embedded { AmountUnit::Minor } else { AmountUnit::Major };
        let mut mapping = Self { tables, columns, amounts };
        for (key, value) in overrides {
            mapping.set(key, value.trim())?;
        }
        Ok(mapping)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        if let Some((entity, ..)) = TABLES.iter().find(|(_, word, _)| *word == key) {
            if value.is_empty() {
                self.tables.remove(entity);
                return Ok(());
            }
            let parts: Vec<String> = value.split('.').map(str::to_owned).collect();
            if parts.len() > 2 {
                return Err(invalid(&format!("`{key}`: `{value}` is not `table` or `schema.table`")));
            }
            for part in &parts {
                check_identifier(key, part)?;
            }
            self.tables.insert(*entity, parts);
            return Ok(());
        }
        let Some((entity, field)) = field_of(key) else {
            return Err(invalid(&format!(
                "`{key}` is no table or column of the mapping{}",
                did_you_mean(key)
            )));
        };
        if value.is_empty() {
            self.columns.remove(&(entity, field));
        } else {
            check_identifier(key, value)?;
            self.columns.insert((entity, field), value.to_owned());
        }
        Ok(())
    }

    /// The table of a kind of rows: one name, or schema and name.
    pub(super) fn table(&self, entity: Entity) -> Option<&[String]> {
        self.tables.get(&entity).map(Vec::as_slice)
    }

    /// The column of a field.
    pub(super) fn column(&self, entity: Entity, field: &'static str) -> Option<&str> {
        self.columns.get(&(entity, field)).map(String::as_str)
    }
}

/// The word of a kind of rows in configuration.
pub(super) fn word_of(entity: Entity) -> &'static str {
    TABLES.iter().find(|(candidate, ..)| *candidate == entity).map_or("", |(_, word, _)| word)
}

fn field_of(key: &str) -> Option<(Entity, &'static str)> {
    let (table, field) = key.split_once('.')?;
    FIELDS
        .iter()
        .find(|(entity, name, ..)| *name == field && word_of(*entity) == table)
        .map(|(entity, name, ..)| (*entity, *name))
}

/// Names the keys of the same table, or the tables.
fn did_you_mean(key: &str) -> String {
    let table = key.split('.').next().unwrap_or_default();
    let fields: Vec<&str> =
        FIELDS.iter().filter(|(entity, ..)| word_of(*entity) == table).map(|(_, name, ..)| *name).collect();
    if fields.is_empty() {
        let words: Vec<&str> = TABLES.iter().map(|(_, word, _)| *word).collect();
        format!("; its tables are {}", words.join(", "))
    } else {
        format!("; columns of `{table}` are {}", fields.join(", "))
    }
}

/// A name that may be quoted into a statement: ASCII letters, digits, `_` and `$`, not starting with a digit.
pub(super) fn check_identifier(key: &str, name: &str) -> Result<(), Problem> {
    let is_plain = !name.is_empty()
        && name.len() <= LONGEST_IDENTIFIER
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    if is_plain {
        return Ok(());
    }
    Err(invalid(&format!("`{key}`: {name:?} is not a plain SQL identifier (letters, digits, _ and $)")))
}

fn invalid(message: &str) -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("orders mapping: {message}"),
        advice: "correct the mapping in the configuration file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str, value: &str) -> Result<Mapping, Problem> {
        Mapping::new(Preset::Supabase, &BTreeMap::from([(key.to_owned(), value.to_owned())]))
    }

    #[test]
    fn every_preset_names_what_reading_and_acting_need() {
        for preset in [Preset::Embedded, Preset::Supabase, Preset::Billing] {
            let mapping = Mapping::new(preset, &BTreeMap::new()).unwrap();
            for (entity, field, need, _) in FIELDS {
                if *need != Need::Optional && mapping.table(*entity).is_some() {
                    assert!(mapping.column(*entity, field).is_some(), "{preset:?} {entity:?}.{field}");
                }
            }
        }
    }

    #[test]
    fn overrides_replace_and_remove_names() {
        let mapping = with("orders.claim_token", "qd_claim").unwrap();
        assert_eq!(mapping.column(Entity::Orders, "claim_token"), Some("qd_claim"));
        assert_eq!(with("orders.region", "").unwrap().column(Entity::Orders, "region"), None);
        assert_eq!(
            with("orders", "shop.purchases").unwrap().table(Entity::Orders),
            Some(&["shop".to_owned(), "purchases".to_owned()][..])
        );
        assert_eq!(with("addons", "").unwrap().table(Entity::Addons), None);
    }

    #[test]
    fn names_that_are_not_plain_identifiers_are_refused() {
        for bad in ["a b", "a\"b", "a`b", "a;--", "1a", "$a", "naïve", "a.b.c", &"x".repeat(64), "a\0"] {
            let problem = with("orders.region", bad).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::Invalid, "{bad:?}");
            assert_eq!(with("orders", bad).unwrap_err().kind, ProblemKind::Invalid, "{bad:?}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_known_ones() {
        assert!(with("orders.claim", "x").unwrap_err().message.contains("claim_token"));
        assert!(with("order.id", "x").unwrap_err().message.contains("region_nodes"));
    }
}
