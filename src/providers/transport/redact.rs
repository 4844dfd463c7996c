//! Text from a provider, made fit for people: no control characters, no secret, not long.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::model::sanitise::sanitise;

/// Characters kept of any text of a provider.
const MAX_CHARACTERS: usize = 300;
/// A shorter secret is no secret, and replacing it would garble texts.
const MIN_SECRET_BYTES: usize = 8;

/// Knows an account's secrets and takes them out of texts.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<SecretString>,
}

impl Redactor {
    /// One that knows these secrets.
    #[must_use]
    pub fn new(secrets: Vec<SecretString>) -> Self {
        Self { secrets }
    }

    /// One that knows these secrets, too.
    #[must_use]
    pub fn with(&self, more: &[SecretString]) -> Self {
        Self { secrets: self.secrets.iter().chain(more).cloned().collect() }
    }

    /// The text without secrets and control characters, cut to 300 characters.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut clean = sanitise(text);
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            if secret.len() >= MIN_SECRET_BYTES {
                clean = clean.replace(secret, "[key]");
            }
        }
        if let Some((at, _)) = clean.char_indices().nth(MAX_CHARACTERS) {
            clean.truncate(at);
            clean.push('…');
        }
        clean
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_escapes_and_length_are_taken_out() {
        let redactor = Redactor::new(vec![SecretString::from("ptla_abcdefgh")]);
        assert_eq!(redactor.clean("key \u{1b}[31mptla_abcdefgh\u{1b}[0m refused"), "key [key] refused");
        assert_eq!(redactor.clean(&"ä".repeat(400)).chars().count(), MAX_CHARACTERS + 1);
        assert!(!format!("{redactor:?}").contains("ptla_"));
    }
}
