//! The store as the memory of runs.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::model::ids::RunId;
use crate::model::problem::Problem;
use crate::model::request::AuditEntry;
use crate::store::{RecordKind, Store};

use super::events::JournalEvent;
use super::journal::{KeepNote, RunHistory, RunLog};

/// The key of notes on servers, so that notes of other kinds are not read as such.
const KEEP_KEY: &str = "keep";

/// An event as this version reads it. Before orders were named by shop and id, a plan named one by its id alone, and its
/// server carried that id.
fn with_shop(mut event: Value) -> Value {
    let Some(plan) = event.pointer_mut("/run_started/run/plan") else { return event };
    let wanted = plan.pointer("/parameters/provision");
    let shop = wanted.and_then(|wanted| wanted.get("orders_account")).cloned().unwrap_or_else(|| "".into());
    if let Some(order) = plan.pointer_mut("/request/provision_order/order").filter(|order| order.is_string())
    {
        let id = order.take();
        *order = json!({ "account": shop, "id": id });
    }
    if let Some(Value::Object(wanted)) = plan.pointer_mut("/parameters/provision") {
        for (new, old) in [("external_id", "order"), ("customer_external_id", "customer_id")] {
            if let (None, Some(id)) = (wanted.get(new), wanted.get(old).cloned()) {
                wanted.insert(new.to_owned(), id);
            }
        }
    }
    event
}

impl RunLog for Store {
    fn append_event<'a>(
        &'a self,
        run: &'a RunId,
        event: &'a JournalEvent,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { self.append(RecordKind::Journal, run.as_str(), event).await.map(drop) })
    }

    fn append_audit<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<(), Problem>> {
        let key = entry.run.as_ref().map_or("", RunId::as_str);
        Box::pin(async move { self.append(RecordKind::Audit, key, entry).await.map(drop) })
    }

    fn append_note<'a>(&'a self, note: &'a KeepNote) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { self.append(RecordKind::Note, KEEP_KEY, note).await.map(drop) })
    }

    fn notes(&self) -> Result<Vec<KeepNote>, Problem> {
        let records = self.records_of(RecordKind::Note, KEEP_KEY)?;
        Ok(records.into_iter().filter_map(|record| serde_json::from_value(record.body).ok()).collect())
    }

    fn histories(&self) -> Result<Vec<RunHistory>, Problem> {
        let mut histories: BTreeMap<RunId, Result<Vec<JournalEvent>, String>> = BTreeMap::new();
        for record in self.records(RecordKind::Journal)? {
            let history = histories.entry(RunId(record.key)).or_insert_with(|| Ok(Vec::new()));
            match (serde_json::from_value(with_shop(record.body)), history.as_mut()) {
                (Ok(event), Ok(events)) => events.push(event),
                (Err(unreadable), Ok(_)) => *history = Err(unreadable.to_string()),
                (_, Err(_)) => {}
            }
        }
        Ok(histories.into_iter().map(|(run, events)| RunHistory { run, events }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_named_its_order_by_the_id_alone_is_read() {
        let old = json!({ "run_started": { "run": { "plan": {
            "request": { "provision_order": { "order": "812" } },
            "parameters": { "provision": { "orders_account": "shop", "order": "812", "customer_id": "c1" } },
        } } } });
        let read = with_shop(old);
        let plan = &read["run_started"]["run"]["plan"];
        let order = json!({ "account": "shop", "id": "812" });
        assert_eq!(plan["request"]["provision_order"]["order"], order);
        assert_eq!(plan["parameters"]["provision"]["external_id"], "812");
        assert_eq!(plan["parameters"]["provision"]["customer_external_id"], "c1");
        assert_eq!(with_shop(read.clone()), read, "what is new stays as it is");
    }
}
