//! How to join a match: the one text about it that holds a password.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `connect 203.0.113.7:27015; password 5f2c`. It cannot be printed by accident; whoever shows it says so by
/// [`ConnectString::expose`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectString(String);

impl ConnectString {
    /// The text for a server at `address` (`203.0.113.7:27015`); no password, no second half.
    #[must_use]
    pub fn new(address: &str, password: &str) -> Self {
        if password.is_empty() {
            return Self(format!("connect {address}"));
        }
        Self(format!("connect {address}; password {password}"))
    }

    /// The text, for a clipboard or the answer to who asked for it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be shown of it: everything before the password.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.0.split(';').next().unwrap_or_default()
    }
}

impl fmt::Debug for ConnectString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectString({}; …)", self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_sees_the_password() {
        let connect = ConnectString::new("203.0.113.7:27015", "5f2c");
        assert_eq!(connect.expose(), "connect 203.0.113.7:27015; password 5f2c");
        assert_eq!(connect.shown(), "connect 203.0.113.7:27015");
        assert_eq!(format!("{connect:?}"), "ConnectString(connect 203.0.113.7:27015; …)");
        assert_eq!(ConnectString::new("203.0.113.7:27015", "").expose(), "connect 203.0.113.7:27015");
    }
}
