//! The statements that read, and how any is built: three SQL texts per operation, built from the resolved names.
//!
//! Names come only from [`Resolved`], where each was validated and found in the database; values are always bound.

use super::mapping::{Entity, LINK_PROVIDER};
use super::schema::{Column, Resolved};

/// Whose SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `SQLite` 3.51, bundled.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB and MySQL.
    MariaDb,
}

/// A statement's text and its bound values, in the order of their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// SQL with places for values.
    pub(super) text: String,
    /// One value per place.
    pub(super) values: Vec<Option<String>>,
}

impl Statement {
    /// A statement without values.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }
}

impl Dialect {
    /// A validated name, quoted.
    pub(super) fn quote(self, name: &str) -> String {
        match self {
            Self::MariaDb => format!("`{name}`"),
            Self::Sqlite | Self::Postgres => format!("\"{name}\""),
        }
    }

    /// A table's name, quoted, with its schema if it has one.
    pub(super) fn quote_table(self, parts: &[String]) -> String {
        parts.iter().map(|part| self.quote(part)).collect::<Vec<_>>().join(".")
    }

    /// An expression as text.
    pub(super) fn text(self, expression: &str) -> String {
        match self {
            Self::Sqlite => format!("CAST({expression} AS TEXT)"),
            Self::Postgres => format!("({expression})::text"),
            Self::MariaDb => format!("CAST({expression} AS CHAR)"),
        }
    }

    /// The present moment, in what the dialect's time columns hold.
    pub(super) fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
            Self::Postgres => "now()",
            Self::MariaDb => "UTC_TIMESTAMP(6)",
        }
    }
}

/// Builds one statement: text grows, values follow their places.
pub(super) struct Builder<'a> {
    pub(super) dialect: Dialect,
    pub(super) names: &'a Resolved,
    text: String,
    values: Vec<Option<String>>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(dialect: Dialect, names: &'a Resolved) -> Self {
        Self { dialect, names, text: String::new(), values: Vec::new() }
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A place for a value, cast to the column's own type: statuses may be enums, ids UUIDs or integers.
    pub(super) fn bind(&mut self, column: &Column, value: Option<String>) -> &mut Self {
        self.values.push(value);
        let place = match self.dialect {
            Dialect::Postgres => format!("CAST(${}::text AS {})", self.values.len(), column.sql_type),
            Dialect::MariaDb if column.is_integer() => "CAST(? AS SIGNED)".to_owned(),
            Dialect::Sqlite | Dialect::MariaDb => "?".to_owned(),
        };
        self.push(&place)
    }

    /// The quoted column, behind its table's alias if there is one.
    pub(super) fn column(&self, alias: &str, column: &Column) -> String {
        let name = self.dialect.quote(&column.name);
        if alias.is_empty() { name } else { format!("{alias}.{name}") }
    }

    pub(super) fn table(&self, entity: Entity) -> Option<String> {
        self.names.table(entity).map(|parts| self.dialect.quote_table(parts))
    }

    /// The fields as text, NULL where the database has no such column.
    pub(super) fn select(&mut self, entity: Entity, alias: &str, fields: &[&'static str]) -> &mut Self {
        let list: Vec<String> = fields
            .iter()
            .map(|field| match self.names.column(entity, field) {
                Some(column) => self.dialect.text(&self.column(alias, column)),
                None => self.dialect.text("NULL"),
            })
            .collect();
        self.push(&list.join(", "))
    }

    /// `left = right`, as text where their types differ.
    pub(super) fn equal(&self, left: (&str, &Column), right: (&str, &Column)) -> String {
        let (a, b) = (self.column(left.0, left.1), self.column(right.0, right.1));
        if self.dialect != Dialect::Postgres || left.1.sql_type == right.1.sql_type {
            format!("{a} = {b}")
        } else {
            format!("{} = {}", self.dialect.text(&a), self.dialect.text(&b))
        }
    }

    /// `, column = value` for a column that may be absent.
    pub(super) fn set_if_present(&mut self, field: &'static str, value: Option<String>) -> &mut Self {
        if let Some(column) = self.names.column(Entity::Orders, field) {
            let value = value.map(|text| column.fitting(text));
            let name = self.dialect.quote(&column.name);
            self.push(", ").push(&name).push(" = ").bind(column, value);
        }
        self
    }

    pub(super) fn set_updated_now(&mut self) -> &mut Self {
        if let Some(column) = self.names.column(Entity::Orders, "updated_at") {
            let assignment = format!(", {} = {}", self.dialect.quote(&column.name), self.dialect.now());
            self.push(&assignment);
        }
        self
    }

    pub(super) fn done(self) -> Statement {
        Statement { text: self.text, values: self.values }
    }
}

/// What an order row is made of, in this order; customers' fields follow.
pub(super) const ORDER_FIELDS: &[&str] = &[
    "id",
    "status",
    "claim_token",
    "user_id",
    "plan_id",
    "region",
    "server_name",
    "amount",
    "currency",
    "created_at",
    "updated_at",
    "server_id",
    "identifier",
    "node_id",
    "error_message",
    "stripe_checkout_session",
    "stripe_subscription",
    "stripe_payment_intent",
    "stripe_customer",
];

/// What a plan row is made of, in this order.
pub(super) const PLAN_FIELDS: &[&str] = &[
    "id",
    "name",
    "is_active",
    "price",
    "cost",
    "currency",
    "stripe_price_id",
    "ram_mib",
    "disk_mib",
    "cpu_percent",
    "swap_mib",
    "io_weight",
    "databases",
    "backups",
    "allocations",
    "egg_id",
    "docker_image",
    "startup",
    "environment",
];

/// What a region row is made of, in this order.
pub(super) const REGION_FIELDS: &[&str] =
    &["id", "region", "node_id", "is_enabled", "reserved_ram_mib", "reserved_disk_mib"];

/// What an addon row is made of, in this order.
pub(super) const ADDON_FIELDS: &[&str] =
    &["order_id", "name", "ram_mib", "disk_mib", "cpu_percent", "backups", "databases", "allocations"];

/// Orders with their customers joined in: all of them, newest first, up to a limit; or the one with an id.
pub(super) fn orders(
    dialect: Dialect,
    names: &Resolved,
    only: Option<&str>,
    limit: u32,
) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let table = sql.table(Entity::Orders)?;
    let (id, user_id) = (names.column(Entity::Orders, "id")?, names.column(Entity::Orders, "user_id")?);
    sql.push("SELECT ").select(Entity::Orders, "o", ORDER_FIELDS).push(", ");
    let customers = sql.table(Entity::Customers).zip(names.column(Entity::Customers, "id"));
    let fields = if customers.is_some() { ["email", "name"] } else { ["", ""] };
    sql.select(Entity::Customers, "c", &fields).push(", ");
    select_link(&mut sql, user_id, customers.is_some());
    sql.push(&format!(" FROM {table} o"));
    if let Some((customer_table, customer_id)) = customers {
        let condition = sql.equal(("c", customer_id), ("o", user_id));
        sql.push(&format!(" LEFT JOIN {customer_table} c ON {condition}"));
    }
    if let Some(only) = only {
        let name = sql.column("o", id);
        sql.push(&format!(" WHERE {name} = ")).bind(id, Some(only.to_owned()));
    }
    let by_age = names.column(Entity::Orders, "created_at").unwrap_or(id);
    let order = sql.column("o", by_age);
    sql.push(&format!(" ORDER BY {order} DESC LIMIT {limit}"));
    Some(sql.done())
}

/// The panel user of the order's customer: a column of customers, or a row of links.
fn select_link(sql: &mut Builder<'_>, user_id: &Column, has_customers: bool) {
    let link = sql.table(Entity::Links).zip(sql.names.column(Entity::Links, "user_id"));
    if let (Some((table, link_user)), Some(external)) =
        (link, sql.names.column(Entity::Links, "panel_user_id"))
    {
        let value = sql.dialect.text(&sql.column("l", external));
        let condition = sql.equal(("l", link_user), ("o", user_id));
        sql.push(&format!("(SELECT MIN({value}) FROM {table} l WHERE {condition}"));
        if let Some(provider) = sql.names.column(Entity::Links, "provider") {
            let name = sql.column("l", provider);
            sql.push(&format!(" AND {name} = ")).bind(provider, Some(LINK_PROVIDER.to_owned()));
        }
        sql.push(")");
    } else {
        let field = if has_customers { "panel_user_id" } else { "" };
        sql.select(Entity::Customers, "c", &[field]);
    }
}

/// All rows of a kind whose table exists.
pub(super) fn all_of(
    dialect: Dialect,
    names: &Resolved,
    entity: Entity,
    fields: &[&'static str],
) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let table = sql.table(entity)?;
    sql.push("SELECT ").select(entity, "", fields).push(&format!(" FROM {table}"));
    Some(sql.done())
}

/// The plan with an id.
pub(super) fn one_plan(dialect: Dialect, names: &Resolved, plan: &str) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let table = sql.table(Entity::Plans)?;
    let id = names.column(Entity::Plans, "id")?;
    let name = dialect.quote(&id.name);
    sql.push("SELECT ")
        .select(Entity::Plans, "", PLAN_FIELDS)
        .push(&format!(" FROM {table} WHERE {name} = "))
        .bind(id, Some(plan.to_owned()));
    Some(sql.done())
}

/// The addons of one order.
pub(super) fn addons_of(dialect: Dialect, names: &Resolved, order: &str) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let table = sql.table(Entity::Addons)?;
    let order_id = names.column(Entity::Addons, "order_id")?;
    let name = dialect.quote(&order_id.name);
    sql.push("SELECT ")
        .select(Entity::Addons, "", ADDON_FIELDS)
        .push(&format!(" FROM {table} WHERE {name} = "))
        .bind(order_id, Some(order.to_owned()));
    Some(sql.done())
}

/// The panel users a customer is linked to: no row = no such customer, NULL = not linked.
pub(super) fn links_of(dialect: Dialect, names: &Resolved, user_id: &str) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let (entity, key) = if names.table(Entity::Links).is_some() {
        (Entity::Links, "user_id")
    } else {
        (Entity::Customers, "id")
    };
    let table = sql.table(entity)?;
    let id = names.column(entity, key)?;
    let name = dialect.quote(&id.name);
    sql.push("SELECT ").select(entity, "", &["panel_user_id"]);
    sql.push(&format!(" FROM {table} WHERE {name} = ")).bind(id, Some(user_id.to_owned()));
    if let Some(provider) = names.column(entity, "provider") {
        let name = dialect.quote(&provider.name);
        sql.push(&format!(" AND {name} = ")).bind(provider, Some(LINK_PROVIDER.to_owned()));
    }
    Some(sql.done())
}
