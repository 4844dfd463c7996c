//! Configuration: config.toml, the environment, flags, and where each value came from.
//!
//! [`keys`] is the one table of every key; the file, the environment, `config show`, `config init` and the error
//! messages all read it. Must not: open connections; a secret is resolved in [`secret`] and printed nowhere.

#[cfg(test)]
mod arbitrary_tests;
pub mod credits;
pub mod document;
pub mod keys;
pub mod load;
pub mod matches;
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

    #[test]
    fn credits_have_an_account_a_rate_a_budget_and_a_zone() {
        let text = r#"
[site]
time_zone = "Europe/Berlin"
rates = { credits = "0.01", usd = "0.92" }

[budget]
monthly = "250.50"
runway_critical_hours = 12

[exaroton.exa]
token = { env = "TOKEN" }
top_up_unit = 1000
"#;
        let (_, config) = load(text, &[]).unwrap();
        let exa = &config.exaroton[0];
        assert_eq!((exa.account.as_str(), exa.url.as_ref()), ("exa", None));
        assert_eq!(exa.top_up_unit, Some(1_000.into()));
        assert_eq!(config.time_zone, chrono_tz::Europe::Berlin);
        assert_eq!(config.budget.monthly.unwrap().to_string(), "250.50");
        assert_eq!(config.budget.runway_warning_ms, 7 * 86_400_000);
        assert_eq!(config.budget.runway_critical_ms, 12 * 3_600_000);
        assert_eq!(config.budget.guard_runway_ms, 12 * 3_600_000, "as long as nothing else is said");
        assert_eq!(config.budget.guard_month_percent, 100);
        let (_, guarded) = load("[budget]\nguard_runway_hours = 0\nguard_month_percent = 80", &[]).unwrap();
        assert_eq!((guarded.budget.guard_runway_ms, guarded.budget.guard_month_percent), (0, 80));
        let units: Vec<&str> = config.site.rates.per_unit.keys().map(|unit| unit.0.as_str()).collect();
        assert_eq!(units, ["USD", "credits"]);
        let (_, nothing) = load("", &[]).unwrap();
        assert_eq!((nothing.time_zone, nothing.budget.monthly), (chrono_tz::UTC, None));
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
            (
                "[site]\ntime_zone = \"Europe/Berlim\"",
                "config.toml:2: site.time_zone is the name of a zone such as Europe/Berlin or UTC, not \"Europe/Berlim\"",
            ),
            ("[exaroton.a]\ntop_up_unit = 1000", "config.toml: exaroton.a.token is missing"),
            (
                "[exaroton.a]\nurl = \"http://x.test/v1\"\ntoken = { env = \"T\" }",
                "config.toml:2: exaroton.a.url is plain http to another machine, which shows the token to everyone on the way: write https://, or set exaroton.a.allow_plain_http = true where the way is private",
            ),
            (
                "[orders.a]\npath = \"x\"\n[exaroton.a]\ntoken = { env = \"T\" }",
                "config.toml: [orders.a] needs a [panel.NAME] to provision on",
            ),
            (
                "[panel.a]\nurl = \"https://x\"\napplication_key = { env = \"K\" }\n[exaroton.a]\ntoken = { env = \"T\" }",
                "config.toml:5: there is a [panel.a] too: give one of them another name",
            ),
            ("[budget]\nmonthly = \"-1\"", "config.toml:2: budget.monthly is negative"),
            (
                "[budget]\nrunway_warning_days = 1\nrunway_critical_hours = 25",
                "config.toml:3: budget.runway_critical_hours is more than budget.runway_warning_days: the warning would never come first",
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
