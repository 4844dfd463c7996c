//! Every recorded request is replayed in order; status, keys, error codes and limit headers must be the recorded ones.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::Response;
use crate::lab::{Capture, Lab, Recorded, captures};

/// Differences that are meant: capture number, a part of the difference's text, the reason.
const INTENDED: &[(u32, &str, &str)] = &[(
    178,
    ".data is empty",
    "the simulator keeps no activity of accounts: no part of the product reads it",
)];

/// What is wrong with an answer, in words.
fn differences(recorded: &Recorded, actual: &Response) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.status != actual.status {
        found.push(format!("status {} instead of {}", actual.status, recorded.status));
    }
    for name in ["x-ratelimit-limit", "retry-after", "x-ratelimit-reset", "location", "allow"] {
        let (was, is) = (recorded.has_header(name), actual.header(name).is_some());
        if was != is {
            found.push(format!("header {name}: {is} instead of {was}"));
        }
    }
    match &recorded.body {
        Some(body) if body.get("errors").is_some() => {
            let (was, is) = (errors(body), errors(&actual.json()));
            if was != is {
                found.push(format!("errors {is:?} instead of {was:?}"));
            }
        }
        Some(body) => shape("", body, &actual.json(), &mut found),
        None if !actual.json().is_null() => found.push("JSON where there was none".to_owned()),
        None => {}
    }
    found
}

/// Code, field and rule of each error, sorted.
fn errors(body: &Value) -> Vec<String> {
    let mut all: Vec<String> = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| {
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {}",
                part(&error["code"]),
                part(&error["meta"]["source_field"]),
                part(&error["meta"]["rule"])
            )
        })
        .collect();
    all.sort();
    all
}

/// The same keys at every level; lists are compared by their first items.
fn shape(path: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<BTreeSet<String>>();
            for missing in keys(was).difference(&keys(is)) {
                found.push(format!("missing {path}.{missing}"));
            }
            for extra in keys(is).difference(&keys(was)) {
                found.push(format!("extra {path}.{extra}"));
            }
            for (key, value) in was {
                if let Some(other) = is.get(key) {
                    shape(&format!("{path}.{key}"), value, other, found);
                }
            }
        }
        (Value::Array(was), Value::Array(is)) => match (was.first(), is.first()) {
            (Some(was), Some(is)) => shape(&format!("{path}[0]"), was, is, found),
            (None, None) => {}
            (was, _) => found.push(format!("{path} is {}empty", if was.is_some() { "" } else { "not " })),
        },
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
            found.push(format!("{path} is of another kind"));
        }
        _ => {}
    }
}

/// Replays one part and returns what differed and was not meant, and which entries of the list it met.
async fn replay(lab: &mut Lab, part: Vec<Capture>) -> (Vec<String>, BTreeSet<usize>) {
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    for capture in part {
        let pairs = lab.play(&capture).await;
        for (recorded, actual) in pairs {
            for difference in differences(&recorded, &actual) {
                let known = INTENDED
                    .iter()
                    .position(|(number, part, _)| *number == capture.number && difference.contains(part));
                match known {
                    Some(index) => {
                        met.insert(index);
                    }
                    None => wrong.push(format!("{} {}: {difference}", capture.number, capture.name)),
                }
            }
        }
    }
    (wrong, met)
}

#[tokio::test]
async fn recorded_requests_are_answered_as_the_real_panel_did() {
    let all = captures();
    assert_eq!(all.len(), 332, "the recorded story is complete");
    let (second, first): (Vec<Capture>, Vec<Capture>) =
        all.into_iter().partition(|capture| capture.number > 300);
    let mut lab = Lab::empty(&first).await;
    let (mut wrong, mut met) = replay(&mut lab, first).await;
    lab.stop().await;
    let mut lab = Lab::small(&second).await;
    let (more, also) = replay(&mut lab, second).await;
    lab.stop().await;
    wrong.extend(more);
    met.extend(also);
    for (index, (number, part, reason)) in INTENDED.iter().enumerate() {
        if !met.contains(&index) {
            wrong.push(format!(
                "{number}: `{part}` ({reason}) is no difference any more: remove it from the list"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
