//! The one implementation of [`OrdersDatabase`] over the three drivers: which statements, in which order, and what their
//! answers mean.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;

use super::decode::{self, Context};
use super::driver::{Driver, TextRow};
use super::mapping::{AmountUnit, Entity, Mapping};
use super::mariadb::MariaDbDriver;
use super::postgres::PostgresDriver;
use super::schema::{self, Resolved};
use super::settings::{OrdersSettings, OrdersSource};
use super::sql::{self, Statement};
use super::sql_changes;
use super::sqlite::SqliteDriver;
use super::{ClaimOutcome, Offer, OrdersDatabase, OrdersSnapshot, ProvisionedServer, Release};
use crate::model::finding::Finding;
use crate::model::ids::{AccountId, OrderId, ShopPlanId};
use crate::model::order::{Addon, Order, OrderStatus};
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::sanitise::sanitise;
use crate::model::time::Clock;

/// How often a lost claim is repeated when the order looks claimable: it was released in between.
const CLAIM_ATTEMPTS: u32 = 3;

/// An orders database in SQL.
struct SqlOrders {
    account: AccountId,
    driver: Box<dyn Driver>,
    mapping: Mapping,
    amounts: AmountUnit,
    currency: String,
    max_orders: u32,
    clock: Arc<dyn Clock>,
    /// The names that exist; looked up at the first use, and again while something is missing.
    resolved: Mutex<Option<Arc<Resolved>>>,
}

/// See [`super::connect`].
pub(super) fn connect(
    settings: &OrdersSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn OrdersDatabase>, Problem> {
    let mapping = Mapping::new(settings.preset, &settings.overrides)?;
    let driver: Box<dyn Driver> = match &settings.source {
        OrdersSource::Sqlite { path } => Box::new(SqliteDriver::new(settings, path)),
        OrdersSource::Postgres { url } => Box::new(PostgresDriver::new(settings, url)?),
        OrdersSource::MariaDb { url } => Box::new(MariaDbDriver::new(settings, url)?),
    };
    Ok(Arc::new(SqlOrders {
        account: settings.account.clone(),
        driver,
        amounts: settings.amounts.unwrap_or(mapping.amounts),
        mapping,
        currency: settings.currency.clone(),
        max_orders: settings.max_orders,
        clock,
        resolved: Mutex::new(None),
    }))
}

impl SqlOrders {
    /// The names that exist. Two callers at once may both look; they find the same.
    async fn resolved(&self) -> Result<Arc<Resolved>, Problem> {
        let known = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(resolved) => Ok(resolved),
            None => self.look_up_names().await,
        }
    }

    async fn look_up_names(&self) -> Result<Arc<Resolved>, Problem> {
        let columns = schema::read_columns(self.driver.as_ref(), &self.mapping).await?;
        let resolved = Arc::new(Resolved::compare(self.driver.dialect(), &self.mapping, &columns));
        let is_usable = resolved.require_acting(self.account.as_str()).is_ok()
            && resolved.require_reading(self.account.as_str()).is_ok();
        if is_usable {
            *self.resolved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&resolved));
        }
        Ok(resolved)
    }

    async fn names_to_read(&self) -> Result<Arc<Resolved>, Problem> {
        let resolved = self.resolved().await?;
        resolved.require_reading(self.account.as_str())?;
        Ok(resolved)
    }

    async fn names_to_act(&self) -> Result<Arc<Resolved>, Problem> {
        let resolved = self.resolved().await?;
        resolved.require_reading(self.account.as_str())?;
        resolved.require_acting(self.account.as_str())?;
        Ok(resolved)
    }

    fn context(&self) -> Context {
        Context {
            account: self.account.clone(),
            amounts: self.amounts,
            currency: self.currency.clone(),
            observed_at: self.clock.now(),
        }
    }

    /// A statement that the names cannot build is a configuration problem, not a silent nothing.
    fn built(&self, statement: Option<Statement>) -> Result<Statement, Problem> {
        statement.ok_or_else(|| {
            self.problem(
                ProblemKind::Invalid,
                "a table or column that this needs is not mapped",
                "complete the mapping: `quarterdeck doctor` names what is missing",
            )
        })
    }

    fn problem(&self, kind: ProblemKind, message: &str, advice: &str) -> Problem {
        Problem {
            kind,
            fault: Fault::Configuration,
            retry: Retry::Never,
            effect: Effect::None,
            message: format!("orders database {}: {message}", self.account),
            advice: advice.to_owned(),
        }
    }

    async fn snapshot(&self) -> Result<OrdersSnapshot, Problem> {
        let names = self.names_to_read().await?;
        let dialect = self.driver.dialect();
        let mut statements = vec![
            self.built(sql::orders(dialect, &names, None, self.max_orders))?,
            self.built(sql::all_of(dialect, &names, Entity::Plans, sql::PLAN_FIELDS))?,
        ];
        let regions = sql::all_of(dialect, &names, Entity::RegionNodes, sql::REGION_FIELDS);
        let has_regions = regions.is_some();
        statements.extend(regions);
        statements.extend(sql::all_of(dialect, &names, Entity::Addons, sql::ADDON_FIELDS));
        let context = self.context();
        let mut answers = self.driver.read(&statements).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let (order_rows, plan_rows) = (next(), next());
        let region_rows = if has_regions { next() } else { Vec::new() };
        let addon_rows = next();

        let mut snapshot = OrdersSnapshot::default();
        let notices = &mut snapshot.notices;
        if u32::try_from(order_rows.len()).unwrap_or(u32::MAX) >= self.max_orders {
            notices.push(format!("only the newest {} orders are read", self.max_orders));
        }
        snapshot.orders =
            decoded(order_rows, "orders", notices, |row, notices| decode::order(&context, row, notices));
        snapshot.plans =
            decoded(plan_rows, "plans", notices, |row, notices| decode::plan(&context, row, notices));
        let has_switch = names.column(Entity::RegionNodes, "is_enabled").is_some();
        snapshot.region_nodes = decoded(region_rows, "region rows", notices, |row, notices| {
            decode::region_node(&context, row, has_switch, notices)
        });
        let addons = decoded(addon_rows, "addons", notices, decode::addon);
        attach_addons(&mut snapshot.orders, addons);
        Ok(snapshot)
    }

    async fn one_order(&self, names: &Resolved, id: &OrderId) -> Result<Option<Order>, Problem> {
        let dialect = self.driver.dialect();
        let mut statements = vec![self.built(sql::orders(dialect, names, Some(id.as_str()), 2))?];
        statements.extend(sql::addons_of(dialect, names, id.as_str()));
        let context = self.context();
        let mut answers = match self.driver.read(&statements).await {
            Ok(answers) => answers.into_iter(),
            // An id that the column's type cannot hold (no UUID, no number) is the id of no order.
            Err(problem) if is_foreign_id(&problem) => return Ok(None),
            Err(problem) => return Err(problem),
        };
        let mut notices = Vec::new();
        let rows = answers.next().unwrap_or_default();
        let mut orders: Vec<Order> =
            rows.into_iter().filter_map(|row| decode::order(&context, row, &mut notices)).collect();
        // MariaDB finds `12` for `12abc` and `A` for `a`: only the very id counts.
        orders.retain(|order| order.id == *id);
        let addons = answers.next().unwrap_or_default();
        let addons = addons.into_iter().filter_map(|row| decode::addon(row, &mut notices)).collect();
        attach_addons(&mut orders, addons);
        Ok(orders.into_iter().next())
    }

    async fn offer(&self, plan: &ShopPlanId) -> Result<Offer, Problem> {
        let names = self.names_to_read().await?;
        let dialect = self.driver.dialect();
        let mut statements = vec![self.built(sql::one_plan(dialect, &names, plan.as_str()))?];
        statements.extend(sql::all_of(dialect, &names, Entity::RegionNodes, sql::REGION_FIELDS));
        let context = self.context();
        let mut answers = match self.driver.read(&statements).await {
            Ok(answers) => answers.into_iter(),
            Err(problem) if is_foreign_id(&problem) => return Ok(Offer::default()),
            Err(problem) => return Err(problem),
        };
        let mut notices = Vec::new();
        let plans = answers.next().unwrap_or_default();
        let mut plans = plans.into_iter().filter_map(|row| decode::plan(&context, row, &mut notices));
        // As with orders: only the very id counts.
        let found = plans.find(|found| found.id == *plan);
        drop(plans);
        let has_switch = names.column(Entity::RegionNodes, "is_enabled").is_some();
        let rows = answers.next().unwrap_or_default().into_iter();
        let region_nodes =
            rows.filter_map(|row| decode::region_node(&context, row, has_switch, &mut notices)).collect();
        Ok(Offer { plan: found, region_nodes })
    }

    async fn try_claim(&self, id: &OrderId, token: &str) -> Result<ClaimOutcome, Problem> {
        let names = self.names_to_act().await?;
        if self.one_order(&names, id).await?.is_none() {
            return Ok(ClaimOutcome::Gone);
        }
        let statement = self.built(sql_changes::claim(self.driver.dialect(), &names, id.as_str(), token))?;
        for _ in 0..CLAIM_ATTEMPTS {
            if self.driver.write(&statement).await? > 0 {
                return Ok(ClaimOutcome::Claimed);
            }
            // Nothing matched: taken, gone, or hidden from us. Only the row itself tells.
            match self.one_order(&names, id).await? {
                None => return Ok(ClaimOutcome::Gone),
                Some(order) if matches!(order.status, OrderStatus::Paid | OrderStatus::Error) => {}
                Some(order) => {
                    return Ok(ClaimOutcome::Taken { status: order.status, by: order.claim_token });
                }
            }
        }
        Err(self.problem(
            ProblemKind::Forbidden,
            &format!("order {} can be read, but no update reaches it", sanitise(id.as_str())),
            "a row-level security policy allows reading only: add one FOR UPDATE with USING and WITH CHECK",
        ))
    }

    async fn try_take_over(
        &self,
        id: &OrderId,
        from: Option<&str>,
        token: &str,
    ) -> Result<ClaimOutcome, Problem> {
        let names = self.names_to_act().await?;
        if self.one_order(&names, id).await?.is_none() {
            return Ok(ClaimOutcome::Gone);
        }
        let statement =
            self.built(sql_changes::take_over(self.driver.dialect(), &names, id.as_str(), from, token))?;
        if self.driver.write(&statement).await? > 0 {
            return Ok(ClaimOutcome::Claimed);
        }
        Ok(match self.one_order(&names, id).await? {
            None => ClaimOutcome::Gone,
            Some(order) => ClaimOutcome::Taken { status: order.status, by: order.claim_token },
        })
    }

    async fn link(&self, user_id: &str, panel_user_id: i64) -> Result<(), Problem> {
        let names = self.names_to_act().await?;
        let dialect = self.driver.dialect();
        let write = self.built(sql_changes::link_customer(dialect, &names, user_id, panel_user_id))?;
        match self.driver.write(&write).await {
            Ok(_) => {}
            // Another engine's row came first; which user it links is read below.
            Err(problem) if problem.kind == ProblemKind::Conflict && problem.retry == Retry::Never => {}
            Err(problem) => return Err(problem),
        }
        let read = [self.built(sql::links_of(dialect, &names, user_id))?];
        let rows = self.driver.read(&read).await?.into_iter().next().unwrap_or_default();
        let wanted = panel_user_id.to_string();
        let links: Vec<Option<&str>> = rows.iter().map(|row| row.first()?.as_deref()).collect();
        if links.is_empty() {
            return Err(Problem::not_found(format!("customer {} is not in the shop", sanitise(user_id))));
        }
        match links.iter().find(|link| **link != Some(wanted.as_str())) {
            None => Ok(()),
            Some(other) => Err(self.problem(
                ProblemKind::Conflict,
                &format!(
                    "customer {} is linked to panel user {}, not {wanted}",
                    sanitise(user_id),
                    sanitise(other.unwrap_or("none"))
                ),
                "correct the link in the shop, or use the panel user it names",
            )),
        }
    }

    async fn examine(&self) -> Result<Vec<Finding>, Problem> {
        let names = self.look_up_names().await?;
        let mut findings = names.findings();
        findings.extend(self.driver.findings());
        if names.require_reading(self.account.as_str()).is_ok() {
            let statements = schema::visible_orders_statements(self.driver.dialect(), &names);
            findings.push(schema::visible_orders_finding(&self.driver.read(&statements).await?));
        }
        Ok(findings)
    }
}

/// PostgreSQL's answers to a text that the id's type cannot hold; a word that an enum lacks has the same code but says so.
fn is_foreign_id(problem: &Problem) -> bool {
    let message = &problem.message;
    message.ends_with("(22003)") || (message.ends_with("(22P02)") && message.contains("invalid input syntax"))
}

/// Decodes rows; those that cannot stand for anything are counted.
fn decoded<T>(
    rows: Vec<TextRow>,
    what: &str,
    notices: &mut Vec<String>,
    decode: impl Fn(TextRow, &mut Vec<String>) -> Option<T>,
) -> Vec<T> {
    let before = rows.len();
    let values: Vec<T> = rows.into_iter().filter_map(|row| decode(row, notices)).collect();
    if values.len() < before {
        notices.push(format!("{} {what} left out: a value they need is missing", before - values.len()));
    }
    values
}

fn attach_addons(orders: &mut [Order], addons: Vec<(OrderId, Addon)>) {
    let mut by_order: HashMap<OrderId, Vec<Addon>> = HashMap::new();
    for (order, addon) in addons {
        by_order.entry(order).or_default().push(addon);
    }
    for order in orders {
        if let Some(addons) = by_order.remove(&order.id) {
            order.addons = addons;
        }
    }
}

impl OrdersDatabase for SqlOrders {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn read_all(&self) -> BoxFuture<'_, Result<OrdersSnapshot, Problem>> {
        Box::pin(self.snapshot())
    }

    fn read_order<'a>(&'a self, id: &'a OrderId) -> BoxFuture<'a, Result<Option<Order>, Problem>> {
        Box::pin(async move {
            let names = self.names_to_read().await?;
            self.one_order(&names, id).await
        })
    }

    fn read_offer<'a>(&'a self, plan: &'a ShopPlanId) -> BoxFuture<'a, Result<Offer, Problem>> {
        Box::pin(self.offer(plan))
    }

    fn claim<'a>(&'a self, id: &'a OrderId, token: &'a str) -> BoxFuture<'a, Result<ClaimOutcome, Problem>> {
        Box::pin(self.try_claim(id, token))
    }

    fn take_over<'a>(
        &'a self,
        id: &'a OrderId,
        from: Option<&'a str>,
        token: &'a str,
    ) -> BoxFuture<'a, Result<ClaimOutcome, Problem>> {
        Box::pin(self.try_take_over(id, from, token))
    }

    fn release<'a>(
        &'a self,
        id: &'a OrderId,
        token: &'a str,
        to: Release,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move {
            let names = self.names_to_act().await?;
            let dialect = self.driver.dialect();
            let statement = self.built(sql_changes::release(dialect, &names, id.as_str(), token, &to))?;
            Ok(self.driver.write(&statement).await? > 0)
        })
    }

    fn complete<'a>(
        &'a self,
        id: &'a OrderId,
        token: &'a str,
        server: &'a ProvisionedServer,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move {
            let names = self.names_to_act().await?;
            let dialect = self.driver.dialect();
            let statement = self.built(sql_changes::complete(dialect, &names, id.as_str(), token, server))?;
            Ok(self.driver.write(&statement).await? > 0)
        })
    }

    fn link_customer<'a>(
        &'a self,
        user_id: &'a str,
        panel_user_id: i64,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.link(user_id, panel_user_id))
    }

    fn wait_for_change(&self) -> BoxFuture<'_, Result<(), Problem>> {
        self.driver.wait_for_change()
    }

    fn problems_of_configuration(&self) -> BoxFuture<'_, Result<Vec<Finding>, Problem>> {
        Box::pin(self.examine())
    }
}
