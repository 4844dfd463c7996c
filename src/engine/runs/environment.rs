//! The complete environment of a new server: egg defaults overlaid by the shop plan's values.
//!
//! The panel validates every variable of the egg against what is sent and stores an empty value, not the default, for
//! what is missing (`providers/pterodactyl.md` §3.9), so everything is sent. Regular expressions in rules are left to
//! the panel: they are PHP's.

use std::collections::BTreeMap;

/// One variable of an egg, as far as its value is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// Its key in the environment.
    pub key: &'a str,
    /// The egg's default; empty for none.
    pub default_value: &'a str,
    /// A Laravel rule string: `required|string|max:20`.
    pub rules: &'a str,
}

/// The values to send and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Every variable of the egg.
    pub values: BTreeMap<String, String>,
    /// One line for each value that the panel would refuse; the plan is refused then.
    pub faults: Vec<String>,
    /// Values of the shop plan that the egg does not know; the panel ignores them.
    pub unknown: Vec<String>,
}

/// Builds the environment of a server from its egg's variables and the shop plan's values.
#[must_use]
pub fn complete_environment(variables: &[Variable<'_>], overlay: &BTreeMap<String, String>) -> Environment {
    let mut environment = Environment::default();
    for variable in variables {
        let value = overlay.get(variable.key).map_or(variable.default_value, String::as_str);
        if let Some(fault) = fault_of(variable, value) {
            environment.faults.push(fault);
        }
        environment.values.insert(variable.key.to_owned(), value.to_owned());
    }
    environment.unknown =
        overlay.keys().filter(|key| !environment.values.contains_key(*key)).cloned().collect();
    environment
}

/// Why the panel would refuse the value, by the subset of rules that eggs use.
fn fault_of(variable: &Variable<'_>, value: &str) -> Option<String> {
    let rules = split_rules(variable.rules);
    let has = |word: &str| rules.contains(&word);
    let label = format!("{} ({})", variable.key, variable.name);
    if value.is_empty() {
        // `required` wins; without it an empty value passes as null where `nullable` or `sometimes` allows that.
        return has("required").then(|| format!("{label} is required and has no value"));
    }
    let is_number = has("integer") || has("int") || has("numeric");
    rules.iter().find_map(|rule| {
        let (name, argument) = rule.split_once(':').unwrap_or((*rule, ""));
        rule_fault(name, argument, value, is_number).map(|fault| format!("{label} {fault}: '{value}'"))
    })
}

/// What one rule has against a value that is not empty.
fn rule_fault(name: &str, argument: &str, value: &str, is_number: bool) -> Option<String> {
    match name {
        "integer" | "int" => value.parse::<i64>().is_err().then(|| "must be a whole number".to_owned()),
        "numeric" => value.parse::<f64>().is_err().then(|| "must be a number".to_owned()),
        "boolean" | "bool" => {
            (!matches!(value, "0" | "1" | "true" | "false")).then(|| "must be 0, 1, true or false".to_owned())
        }
        "in" => {
            let allowed: Vec<&str> = argument.split(',').map(|word| word.trim().trim_matches('"')).collect();
            (!allowed.contains(&value)).then(|| format!("must be one of {}", allowed.join(", ")))
        }
        "max" => exceeds(argument, value, is_number, |size, limit| size > limit)
            .then(|| format!("must be at most {argument}{}", unit(is_number))),
        "min" => exceeds(argument, value, is_number, |size, limit| size < limit)
            .then(|| format!("must be at least {argument}{}", unit(is_number))),
        "size" => exceeds(argument, value, is_number, |size, limit| (size - limit).abs() > f64::EPSILON)
            .then(|| format!("must be exactly {argument}{}", unit(is_number))),
        "between" => {
            let (low, high) = argument.split_once(',')?;
            let is_outside = exceeds(low, value, is_number, |size, limit| size < limit)
                || exceeds(high, value, is_number, |size, limit| size > limit);
            is_outside.then(|| format!("must be between {low} and {high}{}", unit(is_number)))
        }
        _ => None,
    }
}

fn unit(is_number: bool) -> &'static str {
    if is_number { "" } else { " characters" }
}

/// Compares the value (a number's size, a text's length) with a rule's limit; an unreadable limit judges nothing.
fn exceeds(limit: &str, value: &str, is_number: bool, is_wrong: fn(f64, f64) -> bool) -> bool {
    let size = if is_number { value.parse().ok() } else { Some(value.chars().count() as f64) };
    match (size, limit.trim().parse::<f64>()) {
        (Some(size), Ok(limit)) => is_wrong(size, limit),
        _ => false,
    }
}

/// The rules of a rule string. A regular expression may hold `|`, so it and everything after it up to its closing
/// delimiter is one rule.
fn split_rules(rules: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = rules;
    while !rest.is_empty() {
        let end = if rest.starts_with("regex:") || rest.starts_with("not_regex:") {
            end_of_regex(rest)
        } else {
            rest.find('|').unwrap_or(rest.len())
        };
        let (rule, after) = rest.split_at(end);
        found.push(rule.trim());
        rest = after.strip_prefix('|').unwrap_or(after);
    }
    found
}

/// Where a regex rule ends: at the `|` after its closing delimiter and modifiers.
fn end_of_regex(rule: &str) -> usize {
    let Some(delimiter) = rule.split_once(':').and_then(|(_, pattern)| pattern.chars().next()) else {
        return rule.len();
    };
    rule.match_indices('|')
        .map(|(at, _)| at)
        .find(|at| {
            let before = rule[..*at].trim_end_matches(|c: char| c.is_ascii_alphabetic());
            before.ends_with(delimiter) && before.matches(delimiter).count() >= 2
        })
        .unwrap_or(rule.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variable<'a>(key: &'a str, default_value: &'a str, rules: &'a str) -> Variable<'a> {
        Variable { name: "human name", key, default_value, rules }
    }

    fn overlay(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults_are_overlaid_and_everything_is_sent() {
        let variables =
            [variable("JAR", "server.jar", "required|string"), variable("NOTE", "", "nullable|string")];
        let built = complete_environment(&variables, &overlay(&[("JAR", "paper.jar"), ("COLOUR", "red")]));
        assert_eq!(built.values, overlay(&[("JAR", "paper.jar"), ("NOTE", "")]));
        assert!(built.faults.is_empty());
        assert_eq!(built.unknown, ["COLOUR"]);
    }

    #[test]
    fn a_required_variable_without_value_is_named() {
        let built =
            complete_environment(&[variable("TOKEN", "", "required|string|size:32")], &BTreeMap::new());
        assert_eq!(built.faults, ["TOKEN (human name) is required and has no value"]);
    }

    #[test]
    fn the_subset_of_rules_is_judged() {
        let cases = [
            ("required|integer", "12a", Some("must be a whole number")),
            ("required|numeric|between:1,10", "11", Some("must be between 1 and 10")),
            ("required|boolean", "yes", Some("must be 0, 1, true or false")),
            ("required|string|in:a,b", "c", Some("must be one of a, b")),
            ("required|string|max:3", "abcd", Some("must be at most 3 characters")),
            ("required|numeric|min:5", "4.5", Some("must be at least 5")),
            ("required|string|size:2", "ab", None),
            ("nullable|string|max:20", "ok", None),
            ("required|regex:/^(a|b)$/i|max:1", "ab", Some("must be at most 1 characters")),
            ("required|regex:/^(a|max:1)$/", "long value", None),
            ("sometimes|unknown_rule:3", "x", None),
        ];
        for (rules, value, expected) in cases {
            let built = complete_environment(&[variable("V", value, rules)], &BTreeMap::new());
            let expected: Vec<String> =
                expected.into_iter().map(|fault| format!("V (human name) {fault}: '{value}'")).collect();
            assert_eq!(built.faults, expected, "{rules} on {value}");
        }
    }

    proptest! {
        #[test]
        fn any_rule_text_is_split_without_loss_of_plain_rules(rules in "[a-z:|/^$(),0-9]{0,60}", value in ".{0,20}") {
            let built = complete_environment(&[variable("V", &value, &rules)], &BTreeMap::new());
            prop_assert_eq!(built.values.get("V"), Some(&value));
        }
    }
}
