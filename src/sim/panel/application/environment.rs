//! The environment of a server against its egg's variables.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sim::panel::answer::Failure;
use crate::sim::panel::check::at;
use crate::sim::panel::egg_rules;
use crate::sim::panel::entities::Egg;

/// The values of all of the egg's variables from what was sent: missing ones become empty, not the egg's default, and
/// unknown ones are dropped. Broken rules are a 422 of their own, after the body's.
pub(super) fn validate(egg: &Egg, body: &Value) -> Result<BTreeMap<String, String>, Failure> {
    let sent = at(body, "environment");
    let mut problems = Vec::new();
    let mut values = BTreeMap::new();
    for variable in &egg.variables {
        let value = sent.and_then(|sent| sent.get(&variable.env_variable)).and_then(spelled);
        for rule in egg_rules::broken(&variable.rules, value.as_deref()) {
            let detail = match rule {
                "required" => format!("The {} variable field is required.", variable.name),
                _ => format!("The {} variable format is invalid.", variable.name),
            };
            problems.push((format!("environment.{}", variable.env_variable), rule, detail));
        }
        values.insert(variable.env_variable.clone(), value.unwrap_or_default());
    }
    if problems.is_empty() { Ok(values) } else { Err(Failure::invalid(problems)) }
}

fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(if *is { "1" } else { "0" }.to_owned()),
        _ => None,
    }
}
