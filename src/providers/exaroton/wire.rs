//! The API's JSON, as `providers/exaroton.md` §1–§3 show it. Only the fields that are used; what may be missing is an option.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::providers::exact::Exact;

/// Around every answer but a file's bytes. A 2xx says nothing without `success` (§1.1).
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    pub success: bool,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// The reason given: words for people.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        serde_json::from_str(self.error?.get()).ok()
    }

    /// The data's JSON; nothing for null.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        self.data.map(RawValue::get)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub verified: bool,
    pub credits: Exact,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Server {
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub motd: Option<String>,
    pub status: u32,
    #[serde(default)]
    pub host: Option<String>,
    /// Set while offline, too; null for a new server.
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub players: Option<Players>,
    #[serde(default)]
    pub software: Option<Software>,
    #[serde(default)]
    pub shared: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Players {
    #[serde(default)]
    pub max: Option<u32>,
    #[serde(default)]
    pub count: Option<u32>,
    #[serde(default)]
    pub list: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Software {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub version: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    pub id: String,
    #[serde(default)]
    pub name: String,
    pub credits: Exact,
    #[serde(default)]
    pub servers: u32,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub is_owner: bool,
    #[serde(default)]
    pub members: u32,
    #[serde(default)]
    pub own_share: Exact,
    #[serde(default)]
    pub own_credits: Exact,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolMember {
    pub account: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub share: Exact,
    #[serde(default)]
    pub credits: Exact,
    #[serde(default)]
    pub is_owner: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Ram {
    pub ram: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Motd {
    pub motd: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    pub content: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SharedLog {
    pub id: String,
    pub url: String,
    #[serde(default)]
    pub raw: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the provider's own form")]
pub struct FileInfo {
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub is_text_file: bool,
    #[serde(default)]
    pub is_config_file: bool,
    #[serde(default)]
    pub is_directory: bool,
    #[serde(default)]
    pub is_log: bool,
    #[serde(default)]
    pub is_readable: bool,
    #[serde(default)]
    pub is_writable: bool,
    #[serde(default)]
    pub size: Option<u64>,
    #[serde(default)]
    pub children: Option<Vec<FileInfo>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ConfigOption {
    pub key: String,
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub value: Option<Box<RawValue>>,
    /// A list of values, or an object of values and names.
    #[serde(default)]
    pub options: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credits_keep_every_digit() {
        let credits = |text: &str| {
            serde_json::from_str::<Account>(&format!(r#"{{"credits":{text}}}"#))
                .map(|a| a.credits.0.to_string())
        };
        assert_eq!(credits("42.05").unwrap(), "42.05");
        assert_eq!(
            credits("123456789012.123456789").unwrap(),
            "123456789012.123456789",
            "more than a double holds"
        );
        assert_eq!(credits("1.5e-3").unwrap(), "0.0015");
        assert_eq!(credits("-0.25").unwrap(), "-0.25");
        assert!(credits("null").is_err() && credits("[]").is_err() && credits("1e400").is_err());
    }

    #[test]
    fn envelopes_are_told_from_other_json() {
        let read = |text| serde_json::from_str::<Envelope<'_>>(text).ok();
        let refused = read(r#"{"success":false,"error":"no\u00e9","data":null}"#).unwrap();
        assert_eq!(
            (refused.success, refused.reason().as_deref(), refused.data()),
            (false, Some("noé"), None)
        );
        assert_eq!(
            read(r#"{"success":true,"error":null,"data":{"ram":4}}"#).unwrap().data(),
            Some(r#"{"ram":4}"#)
        );
        assert!(read(r#"{"success":false,"error":{"odd":1}}"#).unwrap().reason().is_none());
        assert!(read(r#"{"message":"other"}"#).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<Envelope<'_>>(&bytes);
            let _ = serde_json::from_slice::<Server>(&bytes);
            let _ = serde_json::from_slice::<Vec<Pool>>(&bytes);
        }
    }
}
