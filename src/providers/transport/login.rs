//! How requests say who asks.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::header_value;
use crate::model::problem::Problem;

/// What every request of an account carries.
#[derive(Clone)]
pub enum Login {
    /// A key.
    Bearer(SecretString),
    /// A name and its password.
    Basic {
        /// The name: no colon.
        user: String,
        /// The password.
        password: SecretString,
    },
}

impl Login {
    /// The header, marked as a secret.
    pub(super) fn header(&self) -> Result<HeaderValue, Problem> {
        let (text, what) = match self {
            Self::Bearer(key) => (format!("Bearer {}", key.expose_secret()), "key"),
            Self::Basic { user, .. } if user.contains(':') => {
                return Err(Problem::refused("a login with a colon in its name cannot be sent", ""));
            }
            Self::Basic { user, password } => {
                let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.expose_secret()));
                (format!("Basic {pair}"), "login")
            }
        };
        let mut value = header_value(&text, what)?;
        value.set_sensitive(true);
        Ok(value)
    }
}
