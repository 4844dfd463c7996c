//! The rules of egg variables: the usual part of the panel's rule language.

use regex::Regex;

/// The rules that a value breaks; `None` is a missing value.
pub(super) fn broken(rules: &str, value: Option<&str>) -> Vec<&'static str> {
    let rules = split(rules);
    let has = |name: &str| rules.iter().any(|rule| rule == name);
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        if has("required") {
            return vec!["required"];
        }
        // Without `nullable` a missing value is null, which is not even a string.
        return if has("nullable") || !has("string") { Vec::new() } else { vec!["string"] };
    };
    let is_number = has("integer") || has("numeric");
    rules.iter().filter_map(|rule| broken_rule(rule, value, is_number)).collect()
}

/// Splits at `|`, but not inside a regular expression.
fn split(rules: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in rules.split('|') {
        match parts.last_mut() {
            Some(last) if last.starts_with("regex:/") && (last.len() == 7 || !last.ends_with('/')) => {
                last.push('|');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn broken_rule(rule: &str, value: &str, is_number: bool) -> Option<&'static str> {
    let (name, argument) = rule.split_once(':').unwrap_or((rule, ""));
    let size = || if is_number { value.parse::<f64>().ok() } else { Some(value.chars().count() as f64) };
    let limit = || argument.parse::<f64>().ok();
    let within = |test: &dyn Fn(f64, f64) -> bool| match (size(), limit()) {
        (Some(size), Some(limit)) => test(size, limit),
        _ => true,
    };
    let (rule_name, is_good) = match name {
        "integer" => ("integer", value.parse::<i64>().is_ok()),
        "numeric" => ("numeric", value.parse::<f64>().is_ok()),
        "boolean" => ("boolean", matches!(value, "0" | "1" | "true" | "false")),
        "alpha_num" => ("alpha_num", value.chars().all(char::is_alphanumeric)),
        "max" => ("max", within(&|size, limit| size <= limit)),
        "min" => ("min", within(&|size, limit| size >= limit)),
        "size" => ("size", within(&|size, limit| (size - limit).abs() < f64::EPSILON)),
        "between" => ("between", size().is_some_and(|size| is_between(size, argument))),
        "in" => ("in", argument.split(',').any(|allowed| allowed == value)),
        "regex" => ("regex", matches_regex(argument, value)),
        _ => return None,
    };
    (!is_good).then_some(rule_name)
}

fn is_between(size: f64, argument: &str) -> bool {
    let bounds: Vec<f64> = argument.split(',').filter_map(|bound| bound.parse().ok()).collect();
    matches!(bounds.as_slice(), [low, high] if (*low..=*high).contains(&size))
}

/// `/expression/`; one that this program's engine does not know lets everything pass.
fn matches_regex(argument: &str, value: &str) -> bool {
    let inner = argument
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
        .map_or(argument, |(inner, _)| inner);
    Regex::new(inner).map_or(true, |expression| expression.is_match(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stock_rules_hold() {
        let jar = r"required|regex:/^([\w\d._-]+)(\.jar)$/";
        assert!(broken(jar, Some("server.jar")).is_empty());
        assert_eq!(broken(jar, Some("../../bad name")), ["regex"]);
        assert_eq!(broken(jar, None), ["required"]);
        assert_eq!(broken("required|string|between:3,15", Some("1")), ["between"]);
        assert!(broken("nullable|string|max:20", None).is_empty());
        assert_eq!(broken("string|max:3", None), ["string"]);
        assert_eq!(broken("required|integer|between:1,64", Some("99")), ["between"]);
        assert_eq!(broken("required|string|in:recommended,latest", Some("old")), ["in"]);
        assert!(broken("required|regex:/^(a|b)$/|max:1", Some("b")).is_empty());
    }
}
