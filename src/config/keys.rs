//! THE table of configuration keys. A key that is not here is an error with a suggestion.
//!
//! `*` stands for a name that the operator chooses (an account, a currency, an action).

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number, zero or more.
    Integer,
    /// An exact decimal, written as text or number.
    Decimal,
    /// One text or a list of texts.
    TextList,
    /// `{ env = "X" }`, `{ file = "…" }` or `{ command = "…" }`; never the secret itself.
    Secret,
}

/// One configuration key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted path, `*` for chosen names.
    pub path: &'static str,
    /// What a value looks like.
    pub kind: Kind,
    /// The default as it would be written; empty for none.
    pub default: &'static str,
    /// One line for people.
    pub help: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key { path, kind, default, help }
}

/// Words for `console.colours`.
pub const COLOURS: &[&str] = &["auto", "true", "256", "16", "none"];
/// Words for three-way switches.
pub const SWITCH: &[&str] = &["auto", "on", "off"];
/// Words for `orders.*.database`.
pub const DATABASES: &[&str] = &["sqlite", "postgres", "mysql"];
/// Words for `orders.*.preset`.
pub const PRESETS: &[&str] = &["embedded", "supabase", "billing"];
/// Words for `orders.*.pooler`.
pub const POOLERS: &[&str] = &["auto", "direct", "transaction"];

/// Words for `matches.rating`.
pub const RATINGS: &[&str] = &["fixed", "elo"];

/// Words for `orders.*.amounts`.
pub const AMOUNTS: &[&str] = &["auto", "major", "minor"];

/// Every key, in the order of `config init`.
pub const KEYS: &[Key] = &[
    key("site.name", Kind::Text, "quarterdeck", "The site's name, shown in every frame and confirmation."),
    key("site.word", Kind::Text, "", "A word for what it is, such as PRODUCTION; in every frame."),
    key("site.colour", Kind::Text, "", "Colour of that word: a colour name or #rrggbb."),
    key("site.read_only", Kind::Bool, "false", "Refuse every action, from every console."),
    key("site.currency", Kind::Text, "EUR", "The reporting currency."),
    key(
        "site.time_zone",
        Kind::Text,
        "UTC",
        "Days and reports are of this zone: a name such as Europe/Berlin.",
    ),
    key(
        "site.rates.*",
        Kind::Decimal,
        "",
        "What one unit of that currency is worth in the reporting currency; credits are exaroton's, dathost-credits DatHost's.",
    ),
    key(
        "engine.data_dir",
        Kind::Text,
        "",
        "Where the record log and the cache live; default: the XDG state folder.",
    ),
    key(
        "engine.idle_exit_minutes",
        Kind::Integer,
        "15",
        "An engine started on demand leaves after this long without client, run or automation.",
    ),
    key("limits.paid_too_long_minutes", Kind::Integer, "10", "A paid order older than this is stuck."),
    key(
        "limits.provisioning_too_long_minutes",
        Kind::Integer,
        "30",
        "An order provisioning longer than this, with no run at work, is stuck.",
    ),
    key(
        "limits.install_deadline_minutes",
        Kind::Integer,
        "45",
        "An install longer than this needs an operator.",
    ),
    key(
        "limits.orphan_cost_per_gib_hour",
        Kind::Decimal,
        "0",
        "What a GiB of memory of a server without a known plan burns per hour, in the reporting currency.",
    ),
    key(
        "budget.monthly",
        Kind::Decimal,
        "0",
        "What prepaid money a month may cost, in the reporting currency; 0: no budget, no alert on it.",
    ),
    key("budget.runway_warning_days", Kind::Integer, "7", "A balance that lasts shorter than this warns."),
    key(
        "budget.runway_critical_hours",
        Kind::Integer,
        "24",
        "A balance that lasts shorter than this is critical.",
    ),
    key(
        "budget.guard_runway_hours",
        Kind::Integer,
        "24",
        "A plan that leaves its balance for a shorter time asks once more; not set: runway_critical_hours; 0: never.",
    ),
    key(
        "budget.guard_month_percent",
        Kind::Integer,
        "100",
        "A plan that takes the month past so much of budget.monthly asks once more; 0: never.",
    ),
    key(
        "matches.reward",
        Kind::Decimal,
        "0",
        "What each player of a winning team earns, in the site's virtual currency.",
    ),
    key("matches.currency", Kind::Text, "soberanas", "That virtual currency."),
    key(
        "matches.rating",
        Kind::Choice(RATINGS),
        "fixed",
        "How a result changes ratings: the same points always, or Elo by the teams' ratings.",
    ),
    key("matches.points", Kind::Integer, "25", "Points of a result (fixed), or at most (elo)."),
    key(
        "matches.public_url",
        Kind::Text,
        "",
        "Address at which the provider can reach this engine; empty: matches are only polled.",
    ),
    key(
        "matches.allow_plain_http",
        Kind::Bool,
        "false",
        "Let the provider call without TLS: only where the way is private.",
    ),
    key(
        "matches.reap",
        Kind::Bool,
        "false",
        "Delete rented servers by itself that are ours, of no match, and were seen so twice.",
    ),
    key("console.theme", Kind::Text, "dark", "Theme: a built-in name or a file in console.theme_dir."),
    key(
        "console.theme_dir",
        Kind::Text,
        "",
        "Folder with themes of your own; default: themes/ beside config.toml.",
    ),
    key("console.colours", Kind::Choice(COLOURS), "auto", "Colour depth."),
    key("console.unicode", Kind::Choice(SWITCH), "auto", "Draw with Unicode glyphs."),
    key("console.mouse", Kind::Bool, "false", "Take the mouse; nobody needs it."),
    key(
        "console.synchronised_output",
        Kind::Choice(SWITCH),
        "auto",
        "Wrap large frames in synchronised output (DEC 2026).",
    ),
    key("console.read_only", Kind::Bool, "false", "This console asks for no action."),
    key("console.keys.*", Kind::TextList, "", "Keys of an action, instead of its defaults."),
    key("panel.*.url", Kind::Text, "", "Address of the Pterodactyl panel, without /api."),
    key(
        "panel.*.application_key",
        Kind::Secret,
        "",
        "Application key (ptla_…) or a root admin's client key.",
    ),
    key(
        "panel.*.client_key",
        Kind::Secret,
        "",
        "Client key (ptlc_…) of a root admin: live use, power, console.",
    ),
    key(
        "panel.*.origin",
        Kind::Text,
        "",
        "Origin for the node's websocket, when it is not the panel's address.",
    ),
    key(
        "panel.*.ca_file",
        Kind::Text,
        "",
        "PEM file of a private authority that signed the certificates of panel and nodes.",
    ),
    key(
        "panel.*.allow_plain_http",
        Kind::Bool,
        "false",
        "Ask a panel on another machine without TLS: only where the way to it is private.",
    ),
    key("panel.*.max_body_mib", Kind::Integer, "8", "Answers larger than this are refused."),
    key(
        "orders.*.panel",
        Kind::Text,
        "",
        "The panel that orders of this database are provisioned on; needed when there are several.",
    ),
    key("orders.*.database", Kind::Choice(DATABASES), "sqlite", "What kind of database it is."),
    key(
        "orders.*.path",
        Kind::Text,
        "",
        "File of an SQLite database; default: orders.sqlite in the data folder.",
    ),
    key("orders.*.url", Kind::Secret, "", "postgres://… or mysql://… with user and password."),
    key(
        "orders.*.ca_file",
        Kind::Text,
        "",
        "PEM file of the authority of the database's certificate; with it the certificate is always checked.",
    ),
    key(
        "orders.*.preset",
        Kind::Choice(PRESETS),
        "",
        "Names of tables and columns: embedded (SQLite), supabase (PostgreSQL), billing (MariaDB/MySQL).",
    ),
    key("orders.*.currency", Kind::Text, "EUR", "Currency of amounts whose row does not say."),
    key(
        "orders.*.amounts",
        Kind::Choice(AMOUNTS),
        "auto",
        "In what amounts are stored; auto: as the preset says.",
    ),
    key(
        "orders.*.listen_channel",
        Kind::Text,
        "",
        "The NOTIFY channel that a trigger of the shop's PostgreSQL sends on.",
    ),
    key("orders.*.pooler", Kind::Choice(POOLERS), "auto", "auto: port 6543 is a transaction-mode pooler."),
    key("orders.*.tables.*", Kind::Text, "", "Another name for a table of the preset."),
    key(
        "orders.*.columns.*.*",
        Kind::Text,
        "",
        "Another name for a column of a table of the preset; empty: it does not exist.",
    ),
    key(
        "exaroton.*.url",
        Kind::Text,
        "",
        "Another address of the API, with its version; default: exaroton's own.",
    ),
    key("exaroton.*.token", Kind::Secret, "", "The account's API token."),
    key(
        "exaroton.*.top_up_unit",
        Kind::Decimal,
        "0",
        "Credits are bought in multiples of this: it tells a top-up from spend to the credit; 0: not known.",
    ),
    key(
        "exaroton.*.ca_file",
        Kind::Text,
        "",
        "PEM file of a private authority that signed the API's certificate.",
    ),
    key(
        "exaroton.*.allow_plain_http",
        Kind::Bool,
        "false",
        "Ask another machine without TLS: only where the way to it is private.",
    ),
    key(
        "dathost.*.url",
        Kind::Text,
        "",
        "Another address of the API, with its version; default: DatHost's own.",
    ),
    key("dathost.*.email", Kind::Text, "", "The address the account logs in with."),
    key(
        "dathost.*.password",
        Kind::Secret,
        "",
        "The account's password: DatHost has no API keys, so this may spend money.",
    ),
    key(
        "dathost.*.account_email",
        Kind::Text,
        "",
        "Act on this other account, which has invited ours; default: our own.",
    ),
    key(
        "dathost.*.top_up_unit",
        Kind::Decimal,
        "0",
        "Credits are bought in multiples of this: it tells a top-up from spend to the credit; 0: not known.",
    ),
    key(
        "dathost.*.ca_file",
        Kind::Text,
        "",
        "PEM file of a private authority that signed the API's certificate.",
    ),
    key(
        "dathost.*.allow_plain_http",
        Kind::Bool,
        "false",
        "Ask another machine without TLS: only where the way to it is private.",
    ),
];

/// Whether `path` (concrete) fits `pattern` (with `*`).
#[must_use]
pub fn fits(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('.');
    let mut given = path.split('.');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

/// The key of a concrete path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| fits(key.path, path))
}

/// Whether a concrete path is the beginning of some key's path: a table.
#[must_use]
pub fn is_table(path: &str) -> bool {
    let depth = path.split('.').count();
    KEYS.iter().any(|key| {
        let parts: Vec<&str> = key.path.split('.').collect();
        parts.len() > depth && fits(&parts[..depth].join("."), path)
    })
}

/// The known path most like a wrong one, when any is near enough to be meant.
#[must_use]
pub fn suggestion(path: &str) -> Option<String> {
    let given: Vec<&str> = path.split('.').collect();
    KEYS.iter()
        .map(|key| concrete(key.path, &given))
        .map(|candidate| (strsim::damerau_levenshtein(&candidate, path), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 3.max(candidate.len() / 4))
        .map(|(_, candidate)| candidate)
}

/// A pattern with its `*` filled from the path that was given.
fn concrete(pattern: &str, given: &[&str]) -> String {
    pattern
        .split('.')
        .enumerate()
        .map(|(at, part)| if part == "*" { given.get(at).copied().unwrap_or("NAME") } else { part })
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_paths_only() {
        assert!(find("panel.main.url").is_some());
        assert!(find("panel.url").is_none());
        assert!(find("orders.shop.columns.orders.status").is_some());
        assert!(is_table("panel.main"));
        assert!(is_table("orders.shop.columns.orders"));
        assert!(!is_table("site.name"));
    }

    #[test]
    fn suggestions_are_near_and_keep_the_chosen_name() {
        assert_eq!(suggestion("panel.main.aplication_key").as_deref(), Some("panel.main.application_key"));
        assert_eq!(suggestion("site.nmae").as_deref(), Some("site.name"));
        assert_eq!(suggestion("completely.unrelated.thing.indeed"), None);
    }

    #[test]
    fn every_default_is_of_its_kind() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            let fits = match key.kind {
                Kind::Choice(words) => words.contains(&key.default),
                Kind::Bool => matches!(key.default, "true" | "false"),
                Kind::Integer => key.default.parse::<u64>().is_ok(),
                Kind::Decimal => key.default.parse::<rust_decimal::Decimal>().is_ok(),
                Kind::Text | Kind::TextList => true,
                Kind::Secret => false,
            };
            assert!(fits, "{}: {:?}", key.path, key.default);
        }
    }
}
