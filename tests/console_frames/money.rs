//! A site with prepaid accounts: three that burn, one that rests, and a past for each.

use std::collections::BTreeMap;

use quarterdeck::model::account::{Feed, FeedKind, Provider};
use quarterdeck::model::balance::{Balance, BalanceKey, PoolShare};
use quarterdeck::model::balance_view::{BalanceView, Correction, ScheduledCharge};
use quarterdeck::model::billed_later::BilledLater;
use quarterdeck::model::credits::{CreditServer, CreditServerPlayers, CreditServerStatus, Payer};
use quarterdeck::model::fleet::{Change, Fleet, Metric, Sample, SeriesKey, SeriesOwner};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::money::{Currency, Money, Rates};
use quarterdeck::model::request::{CreditsHistory, HistoryPoint, Reply, Request};
use quarterdeck::model::site::Site;
use quarterdeck::model::spend::{
    Alert, AlertKey, AlertLevel, Attribution, BurnChange, BurnRange, Burner, BurnerKind, BurnerOwner,
    Burning, Cause, ChangeKind, Day, Exposure, KnownChange, Period, Silence, Total, WindowSpend, Windows,
    attribution,
};
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

use crate::fixture::{NOW, ago, feed};

pub const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Ten-thousandths.
pub fn amount(ten_thousandths: i64) -> Decimal {
    Decimal::new(ten_thousandths, 4)
}

fn credits() -> Currency {
    Currency("credits".to_owned())
}

pub fn account(name: &str) -> BalanceKey {
    BalanceKey::account(name.into())
}

pub fn pool() -> BalanceKey {
    BalanceKey::pool("exa".into(), "p1")
}

/// Windows of a balance that burns evenly; the month has a gap.
fn windows(per_hour: Decimal) -> Windows {
    let window = |from: i64, watched_percent: i64| {
        let hours = Decimal::from((NOW.0 - from) / HOUR);
        let watched_ms = u64::try_from((NOW.0 - from) / 100 * watched_percent).expect("a time");
        WindowSpend {
            from: Timestamp(from),
            to: NOW,
            spent: per_hour * hours,
            per_hour: Some(per_hour),
            per_day: Some(per_hour * Decimal::from(24)),
            watched_ms,
        }
    };
    let midnight = NOW.0.div_euclid(DAY) * DAY;
    let watched = [100, 100, 99, 62];
    let periods = Period::ALL.into_iter().zip(watched);
    periods
        .map(|(period, watched)| (period, window(midnight - i64::from(period.days() - 1) * DAY, watched)))
        .collect()
}

fn view(key: BalanceKey, name: &str, unit: Currency, left: i64, running: i64) -> BalanceView {
    let running = amount(running);
    BalanceView {
        balance: Balance {
            provider: if unit == credits() { Provider::Exaroton } else { Provider::Dathost },
            key,
            name: name.to_owned(),
            amount: amount(left),
            unit,
            share: None,
            observed_at: ago(4_000),
        },
        declared: Total {
            running_per_hour: running,
            committed_per_hour: Decimal::ZERO,
            running: if running.is_zero() { 0 } else { 3 },
        },
        observed_per_hour: Some(running),
        mismatch: None,
        range: BurnRange::of(running, &[running * amount(9_000), running * amount(12_000)]),
        windows: windows(running),
        topped_up_total: Decimal::ZERO,
        doubt_total: Decimal::ZERO,
        exposure: Exposure { per_hour: running * Decimal::TWO, at_once: Decimal::TEN },
        correction: None,
        charges: Vec::new(),
    }
}

/// The account that the frames look at: it burns more than declared.
pub fn main_balance() -> BalanceView {
    let mut main = view(account("exa"), "acme-hosting", credits(), 12_045_300, 124_000);
    main.declared.committed_per_hour = amount(4_000);
    main.range = BurnRange::of(amount(128_000), &[amount(121_000), amount(134_120)]);
    main.observed_per_hour = Some(amount(134_120));
    main.mismatch = Some("0.6 credits/h more than declared: perhaps a server unknown here".to_owned());
    main.topped_up_total = amount(5_000_000);
    main.correction =
        Some(Correction { at: ago(4_000), predicted: amount(12_045_420), read: amount(12_045_300) });
    main.charges = vec![ScheduledCharge {
        at: Timestamp(NOW.0 + 11 * DAY),
        amount: amount(120_000),
        what: "storage of weekend and lobby".to_owned(),
    }];
    main
}

fn balances() -> Vec<BalanceView> {
    let mut shared = view(pool(), "weekend\u{1b}[31m pool", credits(), 962_000, 180_000);
    shared.balance.share =
        Some(PoolShare { is_owner: true, share: amount(6_200), amount: amount(596_440), members: 3 });
    let cash = view(account("dathost"), "dathost", Currency("EUR".to_owned()), 421_000, 9_137);
    let mut idle = view(account("spare"), "spare", credits(), 0, 0);
    idle.observed_per_hour = None;
    idle.windows = Vec::new();
    vec![main_balance(), shared, cash, idle]
}

pub fn burner(payer: BalanceKey, id: &str, name: &str, per_hour: i64, owner: BurnerOwner) -> Burner {
    Burner {
        server: ServerKey { account: payer.account.clone(), id: id.to_owned() },
        name: name.to_owned(),
        payer,
        per_hour: amount(per_hour),
        kind: BurnerKind::Running,
        owner,
    }
}

/// What burns the main account.
pub fn burners() -> Vec<Burner> {
    let exa = account("exa");
    vec![
        burner(exa.clone(), "s1", "survival", 60_000, BurnerOwner::Order("812".into())),
        burner(exa.clone(), "s2", "weekend event with a long name", 40_000, BurnerOwner::Unowned),
        burner(exa.clone(), "s3", "lobby", 24_000, BurnerOwner::Match("m-7".into())),
        Burner {
            kind: BurnerKind::Committed,
            ..burner(exa, "s3", "storage of lobby", 4_000, BurnerOwner::Unowned)
        },
    ]
}

/// The servers behind it.
fn servers() -> Vec<CreditServer> {
    let server = |id: &str, name: &str, status, ram_gib| CreditServer {
        key: ServerKey { account: "exa".into(), id: id.to_owned() },
        name: name.to_owned(),
        address: format!("{name}.exaroton.me"),
        motd: String::new(),
        status,
        host: None,
        port: None,
        players: CreditServerPlayers::default(),
        software: None,
        is_shared: false,
        ram_gib,
        payer: Payer::Balance(account("exa")),
        observed_at: ago(4_000),
    };
    vec![
        server("s1", "survival", CreditServerStatus::Online, Some(6)),
        server("s2", "event", CreditServerStatus::Preparing, Some(4)),
        server("s3", "lobby", CreditServerStatus::Unknown(77), None),
    ]
}

/// The accounts' feed, in the condition that the frame is about.
pub fn feed_of(change: impl Fn(&mut Feed)) -> Change {
    let mut feed = Feed { account: "exa".into(), provider: Provider::Exaroton, ..feed(FeedKind::Credits) };
    change(&mut feed);
    Change::Feed(Box::new(feed))
}

/// Everything about money, as the engine says it.
pub fn changes() -> Vec<Change> {
    let rates = Rates { per_unit: BTreeMap::from([(credits(), Decimal::new(12, 3))]), ..Rates::default() };
    let site = Site { name: "acme".to_owned(), word: "PRODUCTION".to_owned(), rates, ..Site::default() };
    let mut changes = vec![Change::Site(site), feed_of(|_| {})];
    changes.extend(balances().into_iter().map(|view| Change::Balance(Box::new(view))));
    changes.extend(servers().into_iter().map(|server| Change::CreditServer(server.into())));
    changes.push(Change::Burners { payer: account("exa"), burners: burners() });
    changes
}

/// The fixture's panel as an account that is billed later, and a trend of two of them.
pub fn billed_later() -> Vec<Change> {
    let fleet = crate::fixture::fleet();
    let burns: Vec<Decimal> = fleet
        .servers
        .values()
        .filter_map(|server| server.burn_per_hour.as_ref().map(|burn| burn.amount))
        .collect();
    let later = BilledLater {
        account: "panel".into(),
        provider: Provider::Pterodactyl,
        servers: u32::try_from(burns.len()).expect("a small site"),
        unpriced: 1,
        per_hour: vec![Money { amount: burns.into_iter().sum(), currency: Currency("EUR".to_owned()) }],
    };
    let trend = |key: BalanceKey, highest: f32| {
        let points = (0..20_u8).filter(|minute| !(8..12).contains(minute)).map(|minute| Sample {
            at: ago(i64::from(20 - minute) * 60_000),
            value: highest * f32::from(minute) / 20.0,
        });
        let series = SeriesKey { owner: SeriesOwner::Balance(key), metric: Metric::BurnPerHour };
        Change::Samples { series, points: points.collect() }
    };
    vec![Change::BilledLater(vec![later]), trend(account("exa"), 12.8), trend(account("panel"), 0.03)]
}

/// Alerts of both levels, one of them silenced for two hours.
pub fn alerts() -> Vec<Alert> {
    let alert = |key, level, text: &str, hours: i64| Alert {
        key,
        level,
        text: text.to_owned(),
        since: ago(hours * HOUR),
        silence: None,
    };
    let mut known = alert(AlertKey::Runway(pool()), AlertLevel::Critical, "runs out in 5 hours", 3);
    known.silence = Some(Silence {
        by: "ann@bastion".into(),
        reason: "the event ends at six".to_owned(),
        until: Timestamp(NOW.0 + 2 * HOUR),
    });
    vec![
        alert(
            AlertKey::BudgetBurn(0),
            AlertLevel::Critical,
            "the month's budget burns 16 times too fast over 1 h",
            1,
        ),
        known,
        alert(
            AlertKey::Mismatch(account("exa")),
            AlertLevel::Warning,
            "falls by 0.6 credits/h more than declared: perhaps a server unknown here",
            26,
        ),
    ]
}

/// The fixture's fleet with the accounts.
pub fn fleet() -> Fleet {
    let mut fleet = crate::fixture::fleet();
    for change in changes() {
        fleet.apply(change);
    }
    fleet
}

/// The past that was asked for: an even burn, five hours unwatched, a top-up.
pub fn past(request: &Request) -> Option<Reply> {
    if let Request::BurnAttribution { payer: Some(payer), from, to } = request {
        return Some(Reply::BurnAttribution(Box::new(attributed(payer, *from, *to))));
    }
    let Request::CreditsHistory { from, to, points, .. } = request else { return None };
    let slices = i64::from((*points).max(1));
    let step = ((to.0 - from.0) / slices).max(1);
    let top_up_at = to.0 - 9 * HOUR;
    let history = CreditsHistory {
        points: (0..slices)
            .map(|number| {
                let at = from.0 + number * step;
                let back = to.0 - at - step;
                let topped_up = if at + step <= top_up_at { 500 } else { 0 };
                let burnt = Decimal::from(back) * amount(128_000) / Decimal::from(HOUR);
                let is_gap = (15 * HOUR..20 * HOUR).contains(&back);
                HistoryPoint {
                    at: Timestamp(at),
                    spent: Decimal::from(step) * amount(128_000) / Decimal::from(HOUR),
                    balance: (!is_gap).then(|| amount(12_045_300) + burnt - Decimal::from(topped_up)),
                    is_gap,
                }
            })
            .collect(),
        days: (0..30).map(day).collect(),
        by_server: [("s1", "survival", 1_440_000), ("s2", "weekend event", 801_234), ("s3", "lobby", 96_000)]
            .map(|(id, name, spent)| {
                (ServerKey { account: "exa".into(), id: id.to_owned() }, name.to_owned(), amount(spent))
            })
            .to_vec(),
        last_snapshot: None,
    };
    Some(Reply::CreditsHistory(Box::new(history)))
}

/// What burnt and what changed it: four starts of ours, a stop and a start from outside.
fn attributed(payer: &BalanceKey, from: Timestamp, to: Timestamp) -> Attribution {
    if *payer != account("exa") {
        return Attribution { from, to, ..Attribution::default() };
    }
    let ann = || Cause::Run {
        run: "01RUN".into(),
        by: "ann@bastion".into(),
        action: "start_server".to_owned(),
        order: None,
    };
    let change = |id: &str, minutes: i64, before: i64, after: i64, owner: BurnerOwner, cause: Cause| {
        let (before, after) = (amount(before), amount(after));
        let burner = burner(account("exa"), id, &format!("server {id}"), 0, owner);
        BurnChange {
            at: ago(minutes * 60_000),
            since: ago(minutes * 60_000 + 30_000),
            server: burner.server,
            name: burner.name,
            payer: burner.payer,
            unit: None,
            owner: burner.owner,
            kind: ChangeKind::of(before, after).expect("a change"),
            before,
            after,
            cause,
        }
    };
    let order = || BurnerOwner::Order("812".into());
    let changes = [
        change("s9", 14, 0, 40_000, BurnerOwner::Unowned, Cause::Outside),
        change("s3", 31, 8_000, 24_000, BurnerOwner::Match("m-7".into()), Cause::Outside),
        change("s8", 47, 64_000, 0, BurnerOwner::Unowned, Cause::Outside),
        change("s1", 62, 0, 60_000, order(), ann()),
        change("s2", 62, 0, 40_000, order(), ann()),
    ];
    let known: Vec<KnownChange> = changes
        .into_iter()
        .map(|change| KnownChange { change, provider: Provider::Exaroton, unit: credits() })
        .collect();
    let burning: Vec<Burning> = burners()
        .into_iter()
        .filter(|burner| burner.kind == BurnerKind::Running)
        .map(|burner| Burning {
            server: burner.server,
            name: burner.name,
            payer: burner.payer,
            provider: Provider::Exaroton,
            owner: burner.owner,
            per_hour: burner.per_hour,
            unit: credits(),
            since: None,
        })
        .collect();
    attribution(&burning, &known, (from, to), |order| order.id.to_string())
}

/// A day of the last thirty, oldest first; one was watched by half.
fn day(number: i64) -> Day {
    let start = (NOW.0.div_euclid(DAY) - 29 + number) * DAY;
    let watched = if number == 27 { DAY / 2 } else { DAY };
    Day {
        date: Timestamp(start).to_datetime().date_naive(),
        spend: WindowSpend {
            from: Timestamp(start),
            to: Timestamp(start + DAY),
            spent: amount(1_500_000 + number * 40_000 + number % 7 * 210_000),
            per_hour: None,
            per_day: None,
            watched_ms: u64::try_from(watched).expect("a time"),
        },
    }
}
