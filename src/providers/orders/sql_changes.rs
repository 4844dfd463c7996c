//! The statements that change orders and links: each conditional, so that repeating it is safe.

use super::mapping::{Entity, LINK_PROVIDER};
use super::schema::Resolved;
use super::sql::{Builder, Dialect, Statement};
use super::{ProvisionedServer, Release};

/// Starts `UPDATE orders SET status = …`.
fn update_status(sql: &mut Builder<'_>, status: &str) -> Option<()> {
    let table = sql.table(Entity::Orders)?;
    let column = sql.names.column(Entity::Orders, "status")?;
    let name = sql.dialect.quote(&column.name);
    sql.push(&format!("UPDATE {table} SET {name} = ")).bind(column, Some(status.to_owned()));
    Some(())
}

/// ` WHERE id = …`
fn where_order(sql: &mut Builder<'_>, order: &str) -> Option<()> {
    let id = sql.names.column(Entity::Orders, "id")?;
    let name = sql.dialect.quote(&id.name);
    sql.push(&format!(" WHERE {name} = ")).bind(id, Some(order.to_owned()));
    Some(())
}

/// ` AND status IN (…) AND claim_token = …`
fn and_mine(sql: &mut Builder<'_>, statuses: &[&str], token: &str) -> Option<()> {
    let token_column = sql.names.column(Entity::Orders, "claim_token")?;
    sql.push(" AND ");
    status_in(sql, statuses)?;
    let name = sql.dialect.quote(&token_column.name);
    sql.push(&format!(" AND {name} = ")).bind(token_column, Some(token.to_owned()));
    Some(())
}

fn status_in(sql: &mut Builder<'_>, statuses: &[&str]) -> Option<()> {
    let column = sql.names.column(Entity::Orders, "status")?;
    let name = sql.dialect.quote(&column.name);
    sql.push(&format!("{name} IN ("));
    for (index, status) in statuses.iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).bind(column, Some((*status).to_owned()));
    }
    sql.push(")");
    Some(())
}

/// The claim: from `paid` or `error`, or again by its owner (`providers/hosting.md` §5.1). Nothing without a claim column.
pub(super) fn claim(dialect: Dialect, names: &Resolved, order: &str, token: &str) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let token_column = names.column(Entity::Orders, "claim_token")?;
    update_status(&mut sql, "provisioning")?;
    sql.set_if_present("claim_token", Some(token.to_owned())).set_if_present("error_message", None);
    sql.set_updated_now();
    where_order(&mut sql, order)?;
    sql.push(" AND (");
    status_in(&mut sql, &["paid", "error"])?;
    sql.push(" OR (");
    status_in(&mut sql, &["provisioning"])?;
    let name = dialect.quote(&token_column.name);
    sql.push(&format!(" AND {name} = ")).bind(token_column, Some(token.to_owned())).push("))");
    Some(sql.done())
}

/// The take-over: from just the claim that was seen, or again by the new owner.
pub(super) fn take_over(
    dialect: Dialect,
    names: &Resolved,
    order: &str,
    from: Option<&str>,
    token: &str,
) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let token_column = names.column(Entity::Orders, "claim_token")?;
    let name = dialect.quote(&token_column.name);
    update_status(&mut sql, "provisioning")?;
    sql.set_if_present("claim_token", Some(token.to_owned())).set_if_present("error_message", None);
    sql.set_updated_now();
    where_order(&mut sql, order)?;
    sql.push(" AND ");
    status_in(&mut sql, &["provisioning"])?;
    match from {
        Some(from) => sql.push(&format!(" AND ({name} = ")).bind(token_column, Some(from.to_owned())),
        None => sql.push(&format!(" AND ({name} IS NULL")),
    };
    sql.push(&format!(" OR {name} = ")).bind(token_column, Some(token.to_owned())).push(")");
    Some(sql.done())
}

/// Gives up a claim. The token stays in the row, so that a repeated release finds its own and nobody else's.
pub(super) fn release(
    dialect: Dialect,
    names: &Resolved,
    order: &str,
    token: &str,
    to: &Release,
) -> Option<Statement> {
    let (status, message) = match to {
        Release::Paid => ("paid", None),
        Release::Error { message } => ("error", Some(message.clone())),
    };
    let mut sql = Builder::new(dialect, names);
    update_status(&mut sql, status)?;
    sql.set_if_present("error_message", message).set_updated_now();
    where_order(&mut sql, order)?;
    and_mine(&mut sql, &["provisioning", status], token)?;
    Some(sql.done())
}

/// Writes the server into the order.
pub(super) fn complete(
    dialect: Dialect,
    names: &Resolved,
    order: &str,
    token: &str,
    server: &ProvisionedServer,
) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    update_status(&mut sql, "provisioned")?;
    sql.set_if_present("server_id", Some(server.server_id.to_string()))
        .set_if_present("identifier", Some(server.identifier.clone()))
        .set_if_present("node_id", Some(server.node_id.to_string()))
        .set_if_present("error_message", None)
        .set_updated_now();
    where_order(&mut sql, order)?;
    and_mine(&mut sql, &["provisioning", "provisioned"], token)?;
    Some(sql.done())
}

/// Writes the panel user where none is yet: into the customer's row, or as a row of links.
pub(super) fn link_customer(
    dialect: Dialect,
    names: &Resolved,
    user_id: &str,
    panel_user_id: i64,
) -> Option<Statement> {
    if names.table(Entity::Links).is_some() {
        return insert_link(dialect, names, user_id, panel_user_id);
    }
    let mut sql = Builder::new(dialect, names);
    let table = sql.table(Entity::Customers)?;
    let id = names.column(Entity::Customers, "id")?;
    let column = names.column(Entity::Customers, "panel_user_id")?;
    let (id_name, name) = (dialect.quote(&id.name), dialect.quote(&column.name));
    let value = Some(panel_user_id.to_string());
    sql.push(&format!("UPDATE {table} SET {name} = ")).bind(column, value.clone());
    sql.push(&format!(" WHERE {id_name} = ")).bind(id, Some(user_id.to_owned()));
    sql.push(&format!(" AND ({name} IS NULL OR {name} = ")).bind(column, value).push(")");
    Some(sql.done())
}

/// One statement, so that two engines at once do not both find nothing and insert (a unique key, where there is one, decides).
fn insert_link(dialect: Dialect, names: &Resolved, user_id: &str, panel_user_id: i64) -> Option<Statement> {
    let mut sql = Builder::new(dialect, names);
    let table = sql.table(Entity::Links)?;
    let user = names.column(Entity::Links, "user_id")?;
    let external = names.column(Entity::Links, "panel_user_id")?;
    let provider = names.column(Entity::Links, "provider");
    let columns: Vec<String> = [Some(user), Some(external), provider]
        .into_iter()
        .flatten()
        .map(|c| dialect.quote(&c.name))
        .collect();
    sql.push(&format!("INSERT INTO {table} ({}) SELECT ", columns.join(", ")));
    sql.bind(user, Some(user_id.to_owned())).push(", ").bind(external, Some(panel_user_id.to_string()));
    if let Some(provider) = provider {
        sql.push(", ").bind(provider, Some(LINK_PROVIDER.to_owned()));
    }
    // MySQL wants a table before WHERE.
    let from = if dialect == Dialect::MariaDb { " FROM DUAL" } else { "" };
    let user_name = dialect.quote(&user.name);
    sql.push(&format!("{from} WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {user_name} = "));
    sql.bind(user, Some(user_id.to_owned()));
    if let Some(provider) = provider {
        let name = dialect.quote(&provider.name);
        sql.push(&format!(" AND {name} = ")).bind(provider, Some(LINK_PROVIDER.to_owned()));
    }
    sql.push(")");
    Some(sql.done())
}
