//! Checks of request bodies: every failed rule is one entry of a 422 (`providers/pterodactyl.md` §5.2).

use serde_json::Value;

use super::answer::Failure;

/// Collects what is wrong with a body.
pub(super) struct Check<'a> {
    body: &'a Value,
    problems: Vec<(String, &'static str, String)>,
}

/// The value at a dotted path; null counts as absent.
pub(super) fn at<'a>(body: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(body, |value, part| value.get(part)).filter(|value| !value.is_null())
}

/// A text at a dotted path.
pub(super) fn text(body: &Value, field: &str) -> Option<String> {
    at(body, field).and_then(Value::as_str).map(str::to_owned)
}

/// A whole number at a dotted path, also when it is written as text.
pub(super) fn integer(body: &Value, field: &str) -> Option<i64> {
    at(body, field).and_then(whole)
}

/// A truth value at a dotted path; text and numbers are taken as the panel takes them.
pub(super) fn boolean(body: &Value, field: &str) -> Option<bool> {
    at(body, field).and_then(truth)
}

/// Whole numbers of an array at a dotted path.
pub(super) fn integers(body: &Value, field: &str) -> Vec<i64> {
    at(body, field).and_then(Value::as_array).into_iter().flatten().filter_map(whole).collect()
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is) => Some(*is),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.as_str() {
            "0" | "false" => Some(false),
            "1" | "true" => Some(true),
            _ => None,
        },
        _ => None,
    }
}

fn numeric(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

impl<'a> Check<'a> {
    /// Starts checking a body.
    pub(super) fn new(body: &'a Value) -> Self {
        Self { body, problems: Vec::new() }
    }

    /// Notes a failed rule.
    pub(super) fn fail(&mut self, field: &str, rule: &'static str, detail: &str) {
        self.problems.push((field.to_owned(), rule, detail.to_owned()));
    }

    /// Whether a field carries something; notes it when not.
    pub(super) fn required(&mut self, field: &str) -> bool {
        self.required_as(field, "required")
    }

    /// As [`Self::required`], under the name of a conditional rule.
    pub(super) fn required_as(&mut self, field: &str, rule: &'static str) -> bool {
        let is_there = at(self.body, field).is_some_and(|value| !is_blank(value));
        if !is_there {
            self.fail(field, rule, &format!("The {} field is required.", spoken(field)));
        }
        is_there
    }

    /// Whether the key is there, null or not; notes it when not.
    pub(super) fn present(&mut self, field: &str) -> bool {
        let (parent, key) = field
            .rsplit_once('.')
            .map_or((Some(self.body), field), |(parent, key)| (at(self.body, parent), key));
        let is_there = parent.and_then(|parent| parent.get(key)).is_some();
        if !is_there {
            self.fail(field, "present", &format!("The {} field must be present.", spoken(field)));
        }
        is_there
    }

    /// A text of limited length, if there is one.
    pub(super) fn string(&mut self, field: &str, longest: usize) {
        match at(self.body, field) {
            Some(Value::String(text)) if text.chars().count() > longest => {
                let detail = format!("The {} must not be greater than {longest} characters.", spoken(field));
                self.fail(field, "max", &detail);
            }
            None | Some(Value::String(_)) => {}
            Some(_) => self.fail(field, "string", &format!("The {} must be a string.", spoken(field))),
        }
    }

    /// A required text.
    pub(super) fn required_string(&mut self, field: &str, longest: usize) {
        if self.required(field) {
            self.string(field, longest);
        }
    }

    /// A whole number, if there is one.
    pub(super) fn whole_number(&mut self, field: &str) {
        if at(self.body, field).is_some_and(|value| whole(value).is_none()) {
            self.fail(field, "integer", &format!("The {} must be an integer.", spoken(field)));
        }
    }

    /// A number of at least `least`, if there is one.
    pub(super) fn number_from(&mut self, field: &str, least: f64) {
        let Some(value) = at(self.body, field) else { return };
        match numeric(value) {
            None => self.fail(field, "numeric", &format!("The {} must be a number.", spoken(field))),
            Some(number) if number < least => {
                self.fail(field, "min", &format!("The {} must be at least {least}.", spoken(field)));
            }
            Some(_) => {}
        }
    }

    /// A number between two, if there is one.
    pub(super) fn number_between(&mut self, field: &str, least: f64, most: f64) {
        let Some(value) = at(self.body, field) else { return };
        if !numeric(value).is_some_and(|number| (least..=most).contains(&number)) {
            self.fail(
                field,
                "between",
                &format!("The {} must be between {least} and {most}.", spoken(field)),
            );
        }
    }

    /// A truth value, if there is one.
    pub(super) fn truth_value(&mut self, field: &str) {
        if at(self.body, field).is_some_and(|value| truth(value).is_none()) {
            self.fail(field, "boolean", &format!("The {} field must be true or false.", spoken(field)));
        }
    }

    /// An array or object, if there is one.
    pub(super) fn array(&mut self, field: &str) {
        if at(self.body, field).is_some_and(|value| !value.is_array() && !value.is_object()) {
            self.fail(field, "array", &format!("The {} must be an array.", spoken(field)));
        }
    }

    /// A text that passes `is_good`, if there is one.
    pub(super) fn shape(&mut self, field: &str, rule: &'static str, is_good: impl Fn(&str) -> bool) {
        if at(self.body, field).and_then(Value::as_str).is_some_and(|text| !is_good(text)) {
            self.fail(field, rule, &format!("The {} format is invalid.", spoken(field)));
        }
    }

    /// Whether a rule of this field has failed already.
    pub(super) fn has_failed(&self, field: &str) -> bool {
        self.problems.iter().any(|(name, _, _)| name == field)
    }

    /// Notes `exists` unless the row is there or the field failed before.
    pub(super) fn exists(&mut self, field: &str, is_there: bool) {
        if !is_there && !self.has_failed(field) && at(self.body, field).is_some() {
            self.fail(field, "exists", &format!("The selected {} is invalid.", spoken(field)));
        }
    }

    /// Notes `unique` when the value is taken.
    pub(super) fn unique(&mut self, field: &str, is_taken: bool) {
        if is_taken && !self.has_failed(field) {
            self.fail(field, "unique", &format!("The {} has already been taken.", spoken(field)));
        }
    }

    /// The verdict.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.problems.is_empty() { Ok(()) } else { Err(Failure::invalid(self.problems)) }
    }
}

fn spoken(field: &str) -> String {
    field.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_fail_by_name() {
        let body = json!({"name": 5, "limits": {"memory": -1, "disk": "x"}, "list": [], "nothing": null});
        let mut check = Check::new(&body);
        check.required_string("name", 191);
        check.number_from("limits.memory", 0.0);
        check.number_from("limits.disk", 0.0);
        check.required("list");
        assert!(check.present("nothing"));
        assert!(!check.present("limits.swap"));
        let rules: Vec<&str> = check.problems.iter().map(|(_, rule, _)| *rule).collect();
        assert_eq!(rules, ["string", "min", "numeric", "required", "present"]);
    }
}
