//! Which table and column holds what.

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
