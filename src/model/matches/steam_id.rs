//! Players' ids at Steam, in every form in which people have them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The 64-bit id of individual account 0 of the public universe; an account's id is this plus its 32-bit number.
const FIRST: u64 = 76_561_197_960_265_728;

/// An individual account at Steam, by its 64-bit id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SteamId(u64);

impl SteamId {
    /// The account of this 32-bit number.
    #[must_use]
    pub fn of_account(number: u32) -> Self {
        Self(FIRST + u64::from(number))
    }

    /// The account's 32-bit number.
    #[must_use]
    pub fn account_number(self) -> u32 {
        // Every constructor keeps it in range.
        u32::try_from(self.0 - FIRST).unwrap_or(u32::MAX)
    }

    fn of_digits(digits: &str) -> Option<Self> {
        let id: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let number = u32::try_from(id.checked_sub(FIRST)?).ok().filter(|number| *number > 0)?;
        Some(Self::of_account(number))
    }

    /// `STEAM_0:1:123`: twice the last part plus the middle one.
    fn of_old_form(rest: &str) -> Option<Self> {
        let mut parts = rest.split(':');
        let (universe, low, high) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !matches!(universe, "0" | "1") || !matches!(low, "0" | "1") {
            return None;
        }
        let number = high.parse::<u32>().ok()?.checked_mul(2)?.checked_add(low.parse().ok()?)?;
        (number > 0).then(|| Self::of_account(number))
    }

    /// `[U:1:246]`.
    fn of_new_form(rest: &str) -> Option<Self> {
        let number: u32 = rest.strip_suffix(']')?.parse().ok()?;
        (number > 0).then(|| Self::of_account(number))
    }

    /// `https://steamcommunity.com/profiles/7656…`, with or without what follows.
    fn of_profile(url: &str) -> Option<Self> {
        let (_, path) = url.split_once("steamcommunity.com/profiles/")?;
        Self::of_digits(path.split(['/', '?', '#']).next()?)
    }
}

/// A text that names no individual account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no Steam id: 17 digits, STEAM_0:1:…, [U:1:…] or a profile's address")]
pub struct NoSteamId(pub String);

impl FromStr for SteamId {
    type Err = NoSteamId;

    fn from_str(text: &str) -> Result<Self, NoSteamId> {
        let text = text.trim();
        let found = if let Some(rest) = text.strip_prefix("STEAM_") {
            Self::of_old_form(rest)
        } else if let Some(rest) = text.strip_prefix("[U:1:") {
            Self::of_new_form(rest)
        } else if text.contains('/') {
            Self::of_profile(text)
        } else {
            Self::of_digits(text)
        };
        // What people paste may be long and hold anything.
        found.ok_or_else(|| NoSteamId(crate::model::sanitise::sanitise(text).chars().take(40).collect()))
    }
}

impl fmt::Display for SteamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// As text: JSON numbers of this size lose digits in other programs.
impl Serialize for SteamId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SteamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_one_account_is_the_same_id() {
        let id = SteamId::of_account(246);
        for text in [
            "76561197960265974",
            " 76561197960265974 ",
            "STEAM_0:0:123",
            "STEAM_1:0:123",
            "[U:1:246]",
            "https://steamcommunity.com/profiles/76561197960265974",
            "steamcommunity.com/profiles/76561197960265974/?xml=1",
        ] {
            assert_eq!(text.parse(), Ok(id), "{text}");
        }
    }

    #[test]
    fn what_is_no_individual_account_is_refused() {
        for text in [
            "",
            "7656119796026597",
            "76561197960265728",
            "+76561197960265974",
            "103582791429521412",
            "STEAM_0:2:1",
            "STEAM_0:1:4294967295",
            "[U:1:0]",
            "[G:1:5]",
            "https://steamcommunity.com/id/gaben",
        ] {
            assert!(text.parse::<SteamId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_survives_its_texts(number in 1..u32::MAX) {
            let id = SteamId::of_account(number);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(format!("[U:1:{number}]").parse(), Ok(id));
            prop_assert_eq!(format!("STEAM_0:{}:{}", number % 2, number / 2).parse(), Ok(id));
            prop_assert_eq!(id.account_number(), number);
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = text.parse::<SteamId>();
        }
    }
}
