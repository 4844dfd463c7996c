//! What sqlx's errors mean: whose fault, may it be repeated, might it have happened.
//!
//! Must not: put a URL, a password or a row's values into a message.

use super::sql::Dialect;
use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use crate::model::sanitise::sanitise;
use crate::providers::transport::Refusal;

/// What was being done when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum During {
    /// Getting a connection: nothing was sent.
    Connect,
    /// Reading.
    Read,
    /// Changing rows: a lost answer may hide an effect.
    Write,
}

/// One known error code: kind, fault, retry, whether the statement surely had no effect, advice.
type Known = (&'static [&'static str], ProblemKind, Fault, bool, &'static str);

const CHECK_LOGIN: &str = "check user and password in the URL of the orders database";
const CHECK_RIGHTS: &str =
    "grant our role SELECT and UPDATE on the mapped tables, and a row-level security policy FOR ALL";
const CHECK_MAPPING: &str = "compare the mapping with the database: `quarterdeck doctor`";
const LOOK_AGAIN: &str = "it is repeated with the same claim token, which finds out";

const POSTGRES: &[Known] = &[
    (&["28P01", "28000"], ProblemKind::Unauthenticated, Fault::Configuration, true, CHECK_LOGIN),
    (&["3D000"], ProblemKind::NotFound, Fault::Configuration, true, "check the database's name in the URL"),
    (&["42501", "44000"], ProblemKind::Forbidden, Fault::Configuration, true, CHECK_RIGHTS),
    (&["42P01", "42703", "42883", "42804"], ProblemKind::Invalid, Fault::Configuration, true, CHECK_MAPPING),
    (
        &["42P05", "26000"],
        ProblemKind::Invalid,
        Fault::Configuration,
        true,
        "a transaction-mode pooler stands between: say so in the configuration",
    ),
    (
        &["53300"],
        ProblemKind::Unavailable,
        Fault::Provider,
        true,
        "the server has no connection left; lower max_connections",
    ),
    (&["57P03"], ProblemKind::Unreachable, Fault::Provider, true, "the database is starting or stopping"),
    (&["57014", "55P03"], ProblemKind::Timeout, Fault::Provider, true, ""),
    (&["57P01", "57P02", "57P05"], ProblemKind::Unreachable, Fault::Provider, false, LOOK_AGAIN),
    (&["40001", "40P01"], ProblemKind::Conflict, Fault::Provider, true, ""),
    (
        &["08P01"],
        ProblemKind::Unreachable,
        Fault::Configuration,
        true,
        "the pooler refused: check its user list, database and settings",
    ),
];

const MARIADB: &[Known] = &[
    (&["1045", "1698", "1251"], ProblemKind::Unauthenticated, Fault::Configuration, true, CHECK_LOGIN),
    (&["1044", "1142", "1143", "1227"], ProblemKind::Forbidden, Fault::Configuration, true, CHECK_RIGHTS),
    (&["1049"], ProblemKind::NotFound, Fault::Configuration, true, "check the database's name in the URL"),
    (&["1054", "1146"], ProblemKind::Invalid, Fault::Configuration, true, CHECK_MAPPING),
    (
        &["1040", "1203", "1226"],
        ProblemKind::Unavailable,
        Fault::Provider,
        true,
        "the server has no connection left; lower max_connections",
    ),
    (&["1205", "1969"], ProblemKind::Timeout, Fault::Provider, true, ""),
    (&["1213", "1020"], ProblemKind::Conflict, Fault::Provider, true, ""),
    (&["1053", "1927", "1317"], ProblemKind::Unreachable, Fault::Provider, false, LOOK_AGAIN),
];

const SQLITE: &[Known] = &[
    (
        &["5", "6", "261", "517"],
        ProblemKind::Timeout,
        Fault::Provider,
        true,
        "another program holds the database locked",
    ),
    (
        &["14"],
        ProblemKind::NotFound,
        Fault::Configuration,
        true,
        "check the path; `quarterdeck orders migrate` creates the embedded database",
    ),
    (
        &["8", "10", "13", "1032"],
        ProblemKind::Storage,
        Fault::Internal,
        false,
        "check the disk and the rights on the file",
    ),
    (
        &["11", "26"],
        ProblemKind::Storage,
        Fault::Internal,
        true,
        "the file is damaged or no SQLite database: restore it from a backup",
    ),
    (&["1"], ProblemKind::Invalid, Fault::Configuration, true, CHECK_MAPPING),
];

/// Explains an error of sqlx.
pub(super) fn explain(account: &str, dialect: Dialect, during: During, error: &sqlx::Error) -> Problem {
    if during == During::Connect
        && let Some(refusal) = Refusal::of(error, "its server")
    {
        return refusal.problem(&format!("orders database {account}: cannot connect"));
    }
    let lost = if during == During::Write { Effect::Possible } else { Effect::None };
    let what = match during {
        During::Connect => "cannot connect",
        During::Read => "reading failed",
        During::Write => "writing failed",
    };
    let (kind, fault, effect, detail, advice) = match error {
        sqlx::Error::Database(database) => return by_code(account, dialect, during, database.as_ref()),
        sqlx::Error::Io(error) => {
            let advice = if during == During::Write {
                LOOK_AGAIN
            } else {
                "check that the database runs and can be reached from here"
            };
            (ProblemKind::Unreachable, Fault::Network, lost, error.to_string(), advice)
        }
        sqlx::Error::Tls(error) => (
            ProblemKind::Unreachable,
            Fault::Configuration,
            Effect::None,
            format!("TLS: {error}"),
            "let the server offer TLS, or say in the URL that the way is private: sslmode=disable (PostgreSQL), ssl-mode=DISABLED",
        ),
        sqlx::Error::PoolTimedOut => (
            ProblemKind::Timeout,
            Fault::Provider,
            Effect::None,
            "no connection became free in time".to_owned(),
            "",
        ),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            (ProblemKind::Unavailable, Fault::Internal, lost, "the connections are closed".to_owned(), "")
        }
        sqlx::Error::Configuration(_) => (
            ProblemKind::Invalid,
            Fault::Configuration,
            Effect::None,
            "the URL or an option is not valid".to_owned(),
            "correct the URL",
        ),
        _ => (
            ProblemKind::Malformed,
            Fault::Provider,
            lost,
            "an answer that is not understood".to_owned(),
            CHECK_MAPPING,
        ),
    };
    let is_final =
        matches!(kind, ProblemKind::Invalid | ProblemKind::Malformed) || matches!(error, sqlx::Error::Tls(_));
    let retry = if is_final { Retry::Never } else { Retry::Backoff };
    Problem {
        kind,
        fault,
        retry,
        effect,
        message: format!("orders database {account}: {what}: {}", sanitise(&detail)),
        advice: advice.to_owned(),
    }
}

fn by_code(
    account: &str,
    dialect: Dialect,
    during: During,
    error: &dyn sqlx::error::DatabaseError,
) -> Problem {
    let code = code_of(dialect, error);
    let table = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::MariaDb => MARIADB,
        Dialect::Sqlite => SQLITE,
    };
    let known = table.iter().find(|(codes, ..)| codes.contains(&code.as_str()));
    let (kind, fault, is_without_effect, advice) = match known {
        Some((_, kind, fault, is_without_effect, advice)) => (*kind, *fault, *is_without_effect, *advice),
        None if error.is_unique_violation() => (ProblemKind::Conflict, Fault::Provider, true, ""),
        // An error answer to a statement means that it was rolled back.
        None => (ProblemKind::Invalid, Fault::Provider, true, CHECK_MAPPING),
    };
    let may_pass = matches!(
        kind,
        ProblemKind::Unreachable | ProblemKind::Unavailable | ProblemKind::Timeout | ProblemKind::Conflict
    ) && !error.is_unique_violation();
    Problem {
        kind,
        fault,
        retry: if may_pass { Retry::Backoff } else { Retry::Never },
        effect: if during == During::Write && !is_without_effect { Effect::Possible } else { Effect::None },
        // Only the first message: details quote rows.
        message: format!("orders database {account}: {} ({code})", sanitise(error.message())),
        advice: advice.to_owned(),
    }
}

/// The dialect's own number or SQLSTATE.
fn code_of(dialect: Dialect, error: &dyn sqlx::error::DatabaseError) -> String {
    if dialect == Dialect::MariaDb
        && let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
    {
        return error.number().to_string();
    }
    error.code().map_or_else(String::new, std::borrow::Cow::into_owned)
}

/// No answer within the deadline.
pub(super) fn timed_out(account: &str, during: During, after_ms: u64) -> Problem {
    Problem {
        kind: ProblemKind::Timeout,
        fault: Fault::Network,
        retry: Retry::Backoff,
        effect: if during == During::Write { Effect::Possible } else { Effect::None },
        message: format!("orders database {account}: no answer within {after_ms} ms"),
        advice: if during == During::Write { LOOK_AGAIN.to_owned() } else { String::new() },
    }
}

/// A configuration that cannot be used; never with the URL's text.
pub(super) fn unusable_url(account: &str, scheme: &str) -> Problem {
    Problem {
        kind: ProblemKind::Invalid,
        fault: Fault::Configuration,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("orders database {account}: the URL is not a valid {scheme} URL"),
        advice: format!(
            "write it as {scheme}://user:password@host:port/database; percent-encode special characters"
        ),
    }
}
