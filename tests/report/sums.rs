//! Every sum of a report agrees with its parts, whatever the period cuts through.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use proptest::prelude::*;
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::BalanceKey;
use quarterdeck::model::money::Currency;
use quarterdeck::model::spend::{Movement, MovementPolicy, Reading, movements, normalised};
use quarterdeck::model::time::Timestamp;
use quarterdeck::report::{PayerInput, Report, ReportInput, SpendSource};
use rust_decimal::Decimal;

use crate::fixture::{self, HOUR_MS, moment, reference_month};

fn assert_sums_agree(report: &Report) {
    for payer in report.payers.iter().filter(|payer| payer.is_prepaid) {
        let (Some(opening), Some(closing)) = (&payer.opening, &payer.closing) else { continue };
        let expected =
            opening.amount - payer.spent.amount + payer.topped_up.amount + payer.unexplained.amount;
        assert_eq!(closing.amount, expected, "{}", payer.name);
    }
    let totals = &report.totals;
    assert_eq!(
        totals.closing,
        totals.opening - totals.spent_from_balances + totals.topped_up + totals.unexplained
    );
    for (index, payer) in report.payers.iter().enumerate() {
        let days: Decimal = report.days.iter().map(|day| day.parts[index].spent.amount).sum();
        assert_eq!(days, payer.spent.amount, "the days of {}", payer.name);
        let servers: Decimal = report
            .servers
            .iter()
            .filter(|server| server.payer == payer.key)
            .map(|server| server.spent.amount)
            .sum();
        let rest: Decimal = report
            .not_attributed
            .iter()
            .filter(|rest| rest.payer == payer.key)
            .map(|rest| rest.amount.amount)
            .sum();
        assert_eq!(servers + rest, payer.spent.amount, "the servers of {}", payer.name);
    }
    assert_eq!(report.days.iter().map(|day| day.spent).sum::<Decimal>(), totals.spent);
    assert_eq!(report.providers.iter().map(|group| group.spent).sum::<Decimal>(), totals.spent);
    assert_eq!(report.owners.iter().map(|group| group.spent).sum::<Decimal>(), totals.spent);
}

#[test]
fn the_reference_months_sums_agree() {
    let report = Report::build(&reference_month());
    assert_sums_agree(&report);
    assert_eq!((report.payers.len(), report.providers.len(), report.days.len()), (3, 3, 31));
    assert!(report.totals.spent > Decimal::ONE_HUNDRED && !report.not_attributed.is_empty());
    assert!(report.payers[0].top_ups.len() > 1, "{:?}", report.payers[0].top_ups);
    assert_eq!(report.payers[0].gaps.len(), 2, "{:?}", report.payers[0].gaps);
    let longest = report.days.iter().find(|day| day.date.to_string() == "2026-10-25").unwrap();
    assert_eq!(longest.to.millis_since(longest.from), 25 * HOUR_MS);
    assert!(report.notes.iter().any(|note| note.contains("2026-10-25 had 25 hours")), "{:?}", report.notes);
}

#[test]
fn a_gap_counts_as_spend_and_not_as_an_average() {
    let report = Report::build(&reference_month());
    let payer = &report.payers[0];
    let in_gaps: Decimal = payer.gaps.iter().filter_map(|gap| gap.spent).sum();
    let watched_hours = Decimal::from(payer.watched_ms) / Decimal::from(HOUR_MS);
    let average = ((payer.spent.amount - in_gaps) / watched_hours).round_dp(6).normalize();
    assert_eq!(payer.per_hour, Some(average));
    assert!(in_gaps > Decimal::ZERO);
    assert!(payer.line.iter().filter(|point| point.is_after_gap).count() == 2);
}

#[test]
fn alerts_that_held_before_the_period_are_told_and_the_worst_level_counts() {
    let report = Report::build(&reference_month());
    let told: Vec<_> = report
        .alerts
        .iter()
        .map(|alert| (format!("{:?}", alert.level), alert.about.clone(), alert.ended.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            ("Warning".to_owned(), "spend of DatHost".to_owned(), true),
            ("Critical".to_owned(), "runway of exaroton main".to_owned(), true),
            ("Warning".to_owned(), "budget over 3 d".to_owned(), false),
        ]
    );
    assert!(report.alerts[0].began < report.from);
    assert_eq!(report.alerts[1].silenced, "anna@desk: top-up is ordered");
}

#[test]
fn an_orphan_costs_until_its_end_and_saves_from_then_on() {
    let report = Report::build(&reference_month());
    let orphan = report.orphans.iter().find(|orphan| orphan.server.id == "5f1a").unwrap();
    assert_eq!(orphan.cost.amount, Decimal::new(40, 2), "ten hours at 0.04");
    assert_eq!(orphan.saved.amount, Decimal::new(4, 2) * Decimal::from(745 - 110));
    let endless = report.orphans.iter().find(|orphan| orphan.server.id == "9c2d").unwrap();
    assert_eq!((endless.saved.amount, endless.ended_at), (Decimal::ZERO, None));
    let saved: Decimal = report.orphans.iter().filter_map(|orphan| orphan.saved.reporting).sum();
    assert_eq!(report.totals.saved, saved);
}

#[test]
fn what_has_no_rate_is_named_and_in_no_total() {
    let mut input = reference_month();
    input.site.rates.per_unit = BTreeMap::new();
    let report = Report::build(&input);
    assert_sums_agree(&report);
    assert_eq!(report.totals.left_out, [Currency("credits".to_owned())]);
    assert!(report.notes.iter().any(|note| note.contains("No rate to EUR is configured for credits")));
    assert_eq!(report.rates[0].per_unit, None);
    assert!(report.payers[0].spent.amount > Decimal::ZERO, "its own unit is still told");
}

#[test]
fn a_period_that_is_not_over_is_reported_until_now() {
    let mut input = reference_month();
    input.generated_at = moment("2026-10-12T10:00:00Z");
    let report = Report::build(&input);
    assert_eq!(report.to, input.generated_at);
    assert_eq!(report.days.len(), 12);
    assert!(report.notes[0].contains("not over"), "{:?}", report.notes);
    assert!(report.payers.iter().all(|payer| payer.gaps.iter().all(|gap| gap.to <= report.to)));
}

#[test]
fn a_server_of_an_unknown_payer_is_named_and_in_no_sum() {
    let mut input = reference_month();
    input.servers[3].payer = BalanceKey::account("gone".into());
    let report = Report::build(&input);
    assert_sums_agree(&report);
    assert!(report.notes.iter().any(|note| note.starts_with("1 servers name a payer")), "{:?}", report.notes);
}

#[test]
fn a_balance_without_readings_says_so() {
    let mut input = reference_month();
    input.payers[0].spend = SpendSource::Observed(Vec::new());
    let report = Report::build(&input);
    assert_sums_agree(&report);
    assert_eq!((report.payers[0].opening.clone(), report.payers[0].gaps.len()), (None, 1));
    assert!(
        report.notes.iter().any(|note| note.contains("exaroton main has no readings for 31 d")),
        "{:?}",
        report.notes
    );
}

#[test]
fn names_from_outside_are_clean() {
    let report = Report::build(&reference_month());
    for server in &report.servers {
        assert!(!server.name.chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", server.name);
    }
}

/// A life of a balance: at each reading so much later, so much spent, perhaps topped up, perhaps torn from the reading
/// before it.
fn life() -> impl Strategy<Value = Vec<Movement>> {
    let step = (60_000..9_000_000_u64, 0..5_000_i64, prop::bool::weighted(0.1), prop::bool::weighted(0.03));
    prop::collection::vec(step, 2..120).prop_map(|steps| {
        let policy = MovementPolicy { gap_after_ms: 2 * HOUR_MS, top_up_unit: Decimal::from(1_000) };
        let (mut at, mut balance, mut declared) =
            (moment("2026-10-20T00:00:00Z"), Decimal::from(5_000), Decimal::ZERO);
        let mut pieces = vec![Vec::new()];
        for (index, (later, spent, is_topped_up, is_torn)) in (0_u64..).zip(steps) {
            let reading = Reading { sequence: index, at, balance, declared_total: declared };
            pieces.last_mut().expect("a piece").push(reading);
            let spent = Decimal::new(spent, 3);
            at = at.plus_millis(later);
            balance -= spent;
            declared += spent;
            if is_topped_up {
                balance += Decimal::from(1_000);
            }
            if is_torn {
                balance -= Decimal::new(333, 1);
                pieces.push(Vec::new());
            }
        }
        pieces.iter().flat_map(|piece| movements(&normalised(piece), &policy)).collect()
    })
}

fn input_of(spends: Vec<SpendSource>, from: Timestamp, to: Timestamp, zone: Tz) -> ReportInput {
    let payers = spends.into_iter().enumerate().map(|(index, spend)| PayerInput {
        key: BalanceKey::account(format!("account-{index}").into()),
        name: format!("Account {index}"),
        provider: Provider::Exaroton,
        unit: Currency(if index == 0 { "credits" } else { "EUR" }.to_owned()),
        spend,
    });
    ReportInput {
        site: fixture::site(),
        zone,
        from,
        to,
        generated_at: to,
        payers: payers.collect(),
        servers: Vec::new(),
        alerts: Vec::new(),
        orphans: Vec::new(),
        notes: Vec::new(),
    }
}

proptest! {
    #[test]
    fn sums_agree_wherever_the_period_cuts(a in life(), b in life(), from in 0..200_u64, length in 1..400_u64) {
        let from = moment("2026-10-19T00:00:00Z").plus_millis(from * 1_700_000);
        let to = from.plus_millis(length * 1_900_000);
        let input = input_of(vec![SpendSource::Observed(a), SpendSource::Observed(b)], from, to, fixture::ZONE);
        let report = Report::build(&input);
        assert_sums_agree(&report);
        for payer in &report.payers {
            prop_assert!(payer.watched_ms <= to.millis_since(from));
            prop_assert!(payer.gaps.iter().all(|gap| gap.from >= from && gap.to <= to && gap.from < gap.to));
            prop_assert!(payer.line.is_sorted_by_key(|point| point.at));
        }
    }

    #[test]
    fn neighbouring_periods_join(a in life(), cut in 1..300_u64) {
        let from = moment("2026-10-19T00:00:00Z");
        let (middle, to) = (from.plus_millis(cut * 1_700_000), from.plus_millis(600 * 1_700_000));
        let part = |from, to| Report::build(&input_of(vec![SpendSource::Observed(a.clone())], from, to, Tz::UTC));
        let (first, second, whole) = (part(from, middle), part(middle, to), part(from, to));
        prop_assert_eq!(first.totals.spent + second.totals.spent, whole.totals.spent);
        prop_assert_eq!(first.totals.topped_up + second.totals.topped_up, whole.totals.topped_up);
        prop_assert_eq!(&first.payers[0].closing, &second.payers[0].opening);
    }
}
