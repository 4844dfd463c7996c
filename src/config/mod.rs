//! Configuration: config.toml, the environment, flags, and where each value came from.
//!
//! [`keys`] is the one table of every key; the file, the environment, `config show`, `config init` and the error
//! messages all read it. Must not: open connections; a secret is resolved in [`secret`] and printed nowhere.

#[cfg(test)]
mod arbitrary_tests;
pub mod document;
pub mod keys;
pub mod load;
pub mod paths;
pub mod secret;
pub mod show;
pub mod typed;

pub use load::{ConfigError, Layers};
pub use typed::Config;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<(Layers, Config), ConfigError> {
        let values = document::parse(text, Path::new("config.toml"))?;
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let layers = Layers::merge(Some(("config.toml".into(), values)), environment, &[])?;
        Config::from_layers(&layers).map(|config| (layers, config))
    }

    pub(super) const FULL: &str = r#"
[site]
name = "northwind"
word = "PRODUCTION"
rates = { USD = "0.92" }

[console.keys]
provision_order = ["p", "ctrl-p"]

[panel.main]
url = "https://panel.example.net/"
application_key = { env = "PANEL_KEY" }
client_key = { file = "/etc/quarterdeck/client.key" }

[orders.shop]
database = "postgres"
url = { env = "DATABASE_URL" }
columns.orders.server_name = ""
"#;

    #[test]
    fn a_full_file_becomes_types() {
        let (_, config) = load(FULL, &[]).unwrap();
        assert_eq!(config.site.name, "northwind");
        assert_eq!(config.panels[0].url, "https://panel.example.net");
        assert_eq!(config.orders[0].preset, "supabase");
        assert_eq!(config.orders[0].panel.as_str(), "main");
        assert_eq!(config.orders[0].names["orders.server_name"], "");
        assert_eq!(config.console.keys[0].keys, ["p", "ctrl-p"]);
        assert_eq!(config.limits.paid_too_long_ms, 600_000);
    }

    /// One bad text, one expected message.
    #[test]
    fn mistakes_are_named_with_their_line() {
        let cases = [
            ("[site]\nnmae = \"x\"", "config.toml:2: unknown key site.nmae; did you mean site.name?"),
            ("[panel.a]\nurl = \"ftp://x\"", "config.toml:2: panel.a.url begins with https:// or http://"),
            (
                "[panel.a]\nurl = \"http://x.test:80/p\"",
                "config.toml:2: panel.a.url is plain http to another machine, which shows the keys to everyone on the way: write https://, or set panel.a.allow_plain_http = true where the way is private",
            ),
            ("[panel.a]\nurl = \"https://x\"", "config.toml: panel.a.application_key is missing"),
            (
                "[panel.a]\nurl = \"https://x\"\napplication_key = \"ptla_secret\"",
                "config.toml:3: panel.a.application_key is a secret: write where it is kept, { env = \"X\" }, { file = \"…\" } or { command = \"…\" }",
            ),
            (
                "[site]\nread_only = \"maybe\"",
                "config.toml:2: site.read_only is true or false, not \"maybe\"",
            ),
            (
                "[console]\ncolours = \"512\"",
                "config.toml:2: console.colours is one of auto, true, 256, 16, none, not \"512\"",
            ),
            (
                "[orders.shop]\ndatabase = \"sqlite\"",
                "config.toml: [orders.shop] needs a [panel.NAME] to provision on",
            ),
            ("site = 3", "config.toml:1: site is a table: write [site]"),
        ];
        for (text, expected) in cases {
            assert_eq!(load(text, &[]).unwrap_err().to_string(), expected, "for {text}");
        }
        assert!(load("[site\nname = 1", &[]).unwrap_err().to_string().starts_with("config.toml:1: "));
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_allowed() {
        let with = |url: &str, more: &str| {
            load(&format!("[panel.a]\nurl = {url:?}\napplication_key = {{ env = \"K\" }}\n{more}"), &[])
        };
        for url in ["http://localhost:8080", "http://127.0.0.2", "http://[::1]:80/panel", "https://x.test"] {
            assert!(with(url, "").is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1", "http://localhost.test", "http://127.0.0.1@x.test", "http://[fd00::1]"]
        {
            assert!(with(url, "").unwrap_err().message.contains("plain http"), "{url}");
            assert!(with(url, "allow_plain_http = true").is_ok(), "{url}");
        }
    }

    #[test]
    fn the_environment_wins_and_says_so_and_a_secret_in_it_is_not_shown() {
        let environment =
            [("QUARTERDECK_SITE__NAME", "west"), ("QUARTERDECK_PANEL__MAIN__APPLICATION_KEY", "ptla_hidden")];
        let (layers, config) = load(FULL, &environment).unwrap();
        assert_eq!(config.site.name, "west");
        let shown = show::in_force(&layers, true);
        assert!(shown.contains("environment QUARTERDECK_SITE__NAME"), "{shown}");
        assert!(!shown.contains("ptla_hidden"), "{shown}");
        assert!(shown.contains("{ env = \"QUARTERDECK_PANEL__MAIN__APPLICATION_KEY\" }"), "{shown}");
        let unknown = load("", &[("QUARTERDECK_SITE__NAM", "x")]).unwrap_err().to_string();
        assert_eq!(
            unknown,
            "environment QUARTERDECK_SITE__NAM: unknown key site.nam; did you mean site.name?"
        );
    }

    #[test]
    fn the_sample_lists_every_key_and_parses_once_uncommented() {
        let sample = show::sample();
        let uncommented: String = sample
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .filter(|line| {
                line.starts_with('[')
                    || line
                        .split(" = ")
                        .next()
                        .is_some_and(|name| !name.contains(' ') && line.contains(" = "))
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let values =
            document::parse(&uncommented.replace("NAME = \"\"", "NAME = \"1\""), Path::new("sample"))
                .unwrap();
        assert_eq!(values.len(), keys::KEYS.len());
    }
}
