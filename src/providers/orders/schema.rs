//! The configured names against the real ones: what is there, what is missing, what the role may not do.

use std::collections::BTreeMap;

use super::driver::{Driver, TextRow};
use super::mapping::{Entity, FIELDS, Mapping, Need, TABLES, word_of};
use super::sql::{Dialect, Statement};
use crate::model::finding::{Finding, Severity};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// A column that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name in the database.
    pub(super) name: String,
    /// Its type as the database spells it, fit for a cast (PostgreSQL: `format_type`).
    pub(super) sql_type: String,
    /// Characters it takes at most.
    longest: Option<usize>,
    can_read: bool,
    can_write: bool,
}

impl Column {
    /// Whether it holds whole numbers.
    pub(super) fn is_integer(&self) -> bool {
        self.sql_type.to_ascii_lowercase().contains("int")
    }

    /// The text cut to what the column takes: a message that is too long must not fail the release.
    pub(super) fn fitting(&self, text: String) -> String {
        match self.longest {
            Some(longest) if text.chars().count() > longest => text.chars().take(longest).collect(),
            _ => text,
        }
    }
}

/// The names that exist, by what they mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Resolved {
    tables: BTreeMap<Entity, Vec<String>>,
    columns: BTreeMap<(Entity, &'static str), Column>,
    missing: Vec<Missing>,
}

/// Something configured that is not there, or that the role may not use.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Missing {
    entity: Entity,
    need: Need,
    row: String,
}

impl Resolved {
    /// The table of a kind of rows, where it exists.
    pub(super) fn table(&self, entity: Entity) -> Option<&[String]> {
        self.tables.get(&entity).map(Vec::as_slice)
    }

    /// The column of a field, where it exists in a table that exists.
    pub(super) fn column(&self, entity: Entity, field: &'static str) -> Option<&Column> {
        self.columns.get(&(entity, field))
    }

    /// Compares the mapping with what the database has.
    pub(super) fn compare(
        dialect: Dialect,
        mapping: &Mapping,
        actual: &BTreeMap<Entity, Vec<Column>>,
    ) -> Self {
        let mut resolved = Self::default();
        for (entity, ..) in TABLES {
            let Some(table) = mapping.table(*entity) else {
                if matches!(entity, Entity::Orders | Entity::Plans) {
                    resolved.miss(
                        *entity,
                        Need::Read,
                        format!("no table configured for {}", word_of(*entity)),
                    );
                }
                continue;
            };
            let columns = actual.get(entity).map_or(&[][..], Vec::as_slice);
            if columns.is_empty() {
                let need = table_need(*entity);
                resolved.miss(*entity, need, format!("table {} does not exist", table.join(".")));
                continue;
            }
            resolved.compare_columns(dialect, mapping, *entity, table, columns);
        }
        resolved
    }

    fn compare_columns(
        &mut self,
        dialect: Dialect,
        mapping: &Mapping,
        entity: Entity,
        table: &[String],
        columns: &[Column],
    ) {
        let shown = table.join(".");
        let mut is_readable = true;
        for (_, field, need, _) in FIELDS.iter().filter(|(candidate, ..)| *candidate == entity) {
            let Some(name) = mapping.column(entity, field) else {
                if *need != Need::Optional {
                    is_readable &= *need != Need::Read;
                    let row = format!("no column configured for {}.{field}", word_of(entity));
                    self.miss(entity, *need, row);
                }
                continue;
            };
            let found = columns.iter().find(|column| same_name(dialect, &column.name, name));
            match found {
                Some(column) if column.can_read => {
                    if is_written(entity, field) && !column.can_write {
                        let row = format!("{shown}.{name} exists, but our role may not update it");
                        self.miss(entity, Need::Act, row);
                    }
                    self.columns.insert((entity, *field), column.clone());
                }
                Some(_) => {
                    is_readable &= *need != Need::Read;
                    self.miss(entity, *need, format!("{shown}.{name} exists, but our role may not read it"));
                }
                None => {
                    is_readable &= *need != Need::Read;
                    let row = format!("{shown}.{name} does not exist ({}.{field})", word_of(entity));
                    self.miss(entity, *need, row);
                }
            }
        }
        if is_readable {
            self.tables.insert(entity, table.to_vec());
        }
    }

    fn miss(&mut self, entity: Entity, need: Need, row: String) {
        self.missing.push(Missing { entity, need, row });
    }

    fn rows(&self, wanted: impl Fn(&Missing) -> bool) -> Vec<String> {
        self.missing.iter().filter(|missing| wanted(missing)).map(|missing| missing.row.clone()).collect()
    }

    /// What stops orders from being read at all.
    fn fatal(&self) -> Vec<String> {
        self.rows(|missing| {
            missing.need == Need::Read && matches!(missing.entity, Entity::Orders | Entity::Plans)
        })
    }

    /// # Errors
    /// `Invalid`, naming what is missing, when orders and plans cannot be read.
    pub(super) fn require_reading(&self, account: &str) -> Result<(), Problem> {
        let fatal = self.fatal();
        if fatal.is_empty() { Ok(()) } else { Err(unusable(account, &fatal)) }
    }

    /// # Errors
    /// `Invalid`, naming what is missing, when orders cannot be claimed safely.
    pub(super) fn require_acting(&self, account: &str) -> Result<(), Problem> {
        let missing = self.rows(|missing| missing.entity == Entity::Orders && missing.need != Need::Optional);
        if missing.is_empty() { Ok(()) } else { Err(unusable(account, &missing)) }
    }

    /// What the doctor says about the names.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let unreadable = self.rows(|missing| missing.need == Need::Read);
        let unclaimable = self.rows(|missing| missing.need == Need::Act);
        let optional = self.rows(|missing| missing.need == Need::Optional);
        vec![
            finding(
                "orders-columns-required",
                (
                    Severity::Error,
                    "tables or columns that are needed are missing",
                    "every needed table and column is there",
                ),
                "without them the rows cannot be read",
                "correct the mapping in the configuration; Quarterdeck creates nothing in a customer's database",
                unreadable,
            ),
            finding(
                "orders-columns-claim",
                (Severity::Error, "orders can be shown, but not provisioned", "orders can be claimed"),
                "a claim needs a column for the token and the right to update it; without one, two operators could provision one order",
                "add a nullable text column for the token (or name one in `orders.claim_token`) and grant UPDATE to our role",
                unclaimable,
            ),
            finding(
                "orders-columns-optional",
                (
                    Severity::Info,
                    "optional columns are missing; their values stay empty",
                    "every optional column is there",
                ),
                "what they hold is not shown and not used",
                "nothing, or name the columns in the mapping; an empty name says that there is none",
                optional,
            ),
        ]
    }
}

/// A finding that passes when it has no rows.
pub(super) fn finding(
    check: &str,
    (severity, bad, good): (Severity, &str, &str),
    why: &str,
    advice: &str,
    rows: Vec<String>,
) -> Finding {
    let is_ok = rows.is_empty();
    Finding {
        check: check.to_owned(),
        severity: if is_ok { Severity::Ok } else { severity },
        title: if is_ok { good } else { bad }.to_owned(),
        why: why.to_owned(),
        advice: if is_ok { String::new() } else { advice.to_owned() },
        rows,
    }
}

fn unusable(account: &str, rows: &[String]) -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("orders database {account}: {}", rows.join("; ")),
        advice: "correct the mapping or the role's rights, then run `quarterdeck doctor`".to_owned(),
    }
}

/// Orders and plans must exist; without regions or customers nothing can be provisioned, but orders can be shown.
fn table_need(entity: Entity) -> Need {
    match entity {
        Entity::Orders | Entity::Plans => Need::Read,
        Entity::Customers | Entity::RegionNodes => Need::Act,
        Entity::Links | Entity::Addons => Need::Optional,
    }
}

/// Columns that runs write to.
fn is_written(entity: Entity, field: &str) -> bool {
    entity == Entity::Orders && matches!(field, "status" | "claim_token" | "server_id")
}

/// PostgreSQL tells quoted names apart by case, the others do not.
fn same_name(dialect: Dialect, actual: &str, configured: &str) -> bool {
    if dialect == Dialect::Postgres { actual == configured } else { actual.eq_ignore_ascii_case(configured) }
}

/// Reads the columns of every configured table.
pub(super) async fn read_columns(
    driver: &dyn Driver,
    mapping: &Mapping,
) -> Result<BTreeMap<Entity, Vec<Column>>, Problem> {
    let dialect = driver.dialect();
    let tables: Vec<(Entity, &[String])> = TABLES
        .iter()
        .filter_map(|(entity, ..)| mapping.table(*entity).map(|table| (*entity, table)))
        .collect();
    let statements: Vec<Statement> =
        tables.iter().map(|(_, table)| columns_statement(dialect, table)).collect();
    let answers = driver.read(&statements).await?;
    Ok(tables
        .iter()
        .zip(answers)
        .map(|((entity, _), rows)| (*entity, rows.into_iter().filter_map(column_of).collect()))
        .collect())
}

fn columns_statement(dialect: Dialect, table: &[String]) -> Statement {
    let name = table.last().cloned();
    let schema = if table.len() > 1 { table.first().cloned() } else { None };
    match dialect {
        // The catalogue instead of information_schema: that one hides columns our role may not read, and enum types.
        Dialect::Postgres => Statement {
            text: "SELECT a.attname::text, format_type(a.atttypid, -1), \
                   (CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4 END)::text, \
                   has_column_privilege(a.attrelid, a.attnum, 'SELECT')::text, \
                   has_column_privilege(a.attrelid, a.attnum, 'UPDATE')::text \
                   FROM pg_catalog.pg_attribute a \
                   WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped"
                .to_owned(),
            values: vec![Some(dialect.quote_table(table))],
        },
        Dialect::MariaDb => Statement {
            text: "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR), \
                   CAST(character_maximum_length AS CHAR), \
                   CAST(FIND_IN_SET('select', privileges) > 0 AS CHAR), \
                   CAST(FIND_IN_SET('update', privileges) > 0 AS CHAR) \
                   FROM information_schema.columns \
                   WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?"
                .to_owned(),
            values: vec![schema, name],
        },
        Dialect::Sqlite => Statement {
            text: "SELECT name, type, NULL, '1', '1' FROM pragma_table_info(?)".to_owned(),
            values: vec![name],
        },
    }
}

fn column_of(row: TextRow) -> Option<Column> {
    let mut row = row.into_iter();
    let mut next = || row.next().flatten();
    let (name, sql_type, longest, can_read, can_write) = (next(), next(), next(), next(), next());
    let is_true = |text: Option<String>| text.is_some_and(|text| text == "1" || text == "true");
    Some(Column {
        name: name?,
        sql_type: sql_type.unwrap_or_default(),
        longest: longest.and_then(|text| text.parse().ok()),
        can_read: is_true(can_read),
        can_write: is_true(can_write),
    })
}

/// Counts the orders our role can see, and whether row-level security filters them (PostgreSQL only).
pub(super) fn visible_orders_statements(dialect: Dialect, resolved: &Resolved) -> Vec<Statement> {
    let Some(table) = resolved.table(Entity::Orders).map(|parts| dialect.quote_table(parts)) else {
        return Vec::new();
    };
    let mut statements = vec![Statement::plain(format!("SELECT {} FROM {table}", dialect.text("COUNT(*)")))];
    if dialect == Dialect::Postgres {
        statements.push(Statement {
            text: "SELECT row_security_active(to_regclass($1::text)::oid)::text".to_owned(),
            values: vec![Some(table)],
        });
    }
    statements
}

/// What the doctor says about the number of visible orders (`providers/hosting.md` §5.5).
pub(super) fn visible_orders_finding(answers: &[Vec<TextRow>]) -> Finding {
    let value = |index: usize| answers.get(index)?.first()?.first()?.as_deref();
    let count = value(0).unwrap_or("0");
    let is_filtered = value(1) == Some("true");
    let rows = match (count, is_filtered) {
        ("0", true) => vec!["0 orders visible; row-level security filters this role".to_owned()],
        ("0", false) => vec!["0 orders visible".to_owned()],
        _ => Vec::new(),
    };
    let severity = if is_filtered { Severity::Warning } else { Severity::Info };
    finding(
        "orders-visible",
        (severity, "no order is visible", "orders are visible"),
        "a role without a row-level security policy sees no rows and claims none, without any error",
        "give the role a policy FOR ALL … USING (true) WITH CHECK (true), or BYPASSRLS; if the shop is new, nothing",
        rows,
    )
}
