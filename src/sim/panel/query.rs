//! Query strings, form bodies and path segments.

use serde_json::{Map, Value};

/// A parsed query string; strings are trimmed and empty ones are dropped, as the panel's middleware does.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`.
    pub(super) fn parse(text: &str) -> Self {
        Self(
            pairs(text)
                .into_iter()
                .map(|(key, value)| (key, value.trim().to_owned()))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// The last value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All values of a list such as `location_ids[]`.
    pub(super) fn list(&self, key: &str) -> Vec<&str> {
        let open = format!("{key}[");
        self.0.iter().filter(|(name, _)| name.starts_with(&open)).map(|(_, value)| value.as_str()).collect()
    }

    /// `filter[name]=value` pairs.
    pub(super) fn filters(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| {
                let inner = name.strip_prefix("filter[")?.strip_suffix(']')?;
                Some((inner, value.as_str()))
            })
            .collect()
    }

    /// Names asked to be included.
    pub(super) fn includes(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for text in self.get("include").into_iter().chain(self.list("include")) {
            names.extend(text.split(',').map(|name| name.trim().to_owned()));
        }
        names
    }

    /// All pairs in order, without `page`, for links of the client API.
    pub(super) fn without_page(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter().filter(|(key, _)| key != "page")
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

/// A form body as the object that JSON would have been.
pub(super) fn form_object(text: &str) -> Value {
    let mut object = Map::new();
    for (key, value) in pairs(text) {
        object.insert(key, Value::String(value));
    }
    Value::Object(object)
}

/// Undoes percent encoding; `+` is a space in queries and forms only.
pub(super) fn decode(text: &str, is_form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut ahead = rest.clone();
                let hex = [ahead.next(), ahead.next()]
                    .map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                if let [Some(high), Some(low)] = hex {
                    bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    rest = ahead;
                } else {
                    bytes.push(b'%');
                }
            }
            b'+' if is_form => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes a query value.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                encoded
                    .extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    encoded
}

/// The number a database makes of a path segment: its leading digits (`1abc` is 1, `abc` is 0).
pub(super) fn coerced_id(segment: &str) -> i64 {
    let digits: String = segment.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// Trims strings and turns empty ones into null, everywhere in a body but in passwords.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::String(text) => {
            let trimmed = text.trim();
            if trimmed.is_empty() {
                *value = Value::Null;
            } else if trimmed.len() != text.len() {
                *value = Value::String(trimmed.to_owned());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut().filter(|(key, _)| !key.starts_with("password")) {
                tidy(field);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_read_and_write() {
        let query = Query::parse(
            "filter%5Bemail%5D=a%2Bb%40c.d&per_page=2&location_ids[]=1&location_ids[]=2&include=a,b&x=",
        );
        assert_eq!(query.filters(), [("email", "a+b@c.d")]);
        assert_eq!(query.get("per_page"), Some("2"));
        assert_eq!(query.get("x"), None);
        assert_eq!(query.list("location_ids"), ["1", "2"]);
        assert_eq!(query.includes(), ["a", "b"]);
        assert_eq!(encode("egg,subusers"), "egg%2Csubusers");
        assert_eq!(decode("100%", false), "100%");
    }

    #[test]
    fn ids_are_coerced_as_the_database_does() {
        assert_eq!(["1abc", "abc", "6f7e", "12"].map(coerced_id), [1, 0, 6, 12]);
    }

    #[test]
    fn bodies_are_tidied() {
        let mut body = serde_json::json!({"name": " a ", "empty": "", "password": " p ", "list": [" x"]});
        tidy(&mut body);
        assert_eq!(body, serde_json::json!({"name": "a", "empty": null, "password": " p ", "list": ["x"]}));
    }
}
