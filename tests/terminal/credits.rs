//! What the credits tab costs a terminal: nothing while nothing is read, some digits while a balance counts down.

use quarterdeck::link::LinkEvent;
use quarterdeck::model::account::Provider;
use quarterdeck::model::balance::{Balance, BalanceKey};
use quarterdeck::model::balance_view::BalanceView;
use quarterdeck::model::fleet::Change;
use quarterdeck::model::money::Currency;
use quarterdeck::model::spend::{BurnRange, Exposure, Total};
use quarterdeck::model::time::Timestamp;
use rust_decimal::Decimal;

use crate::stage::Stage;

/// A balance of 1204.53 credits that burns 12.4 an hour, as read at a moment.
pub fn balance(at: Timestamp, hundredths: i64) -> Change {
    let running = Decimal::new(124, 1);
    Change::Balance(Box::new(BalanceView {
        balance: Balance {
            key: BalanceKey::account("exa".into()),
            provider: Provider::Exaroton,
            name: "exa".to_owned(),
            amount: Decimal::new(hundredths, 2),
            unit: Currency("credits".to_owned()),
            share: None,
            observed_at: at,
        },
        declared: Total { running_per_hour: running, committed_per_hour: Decimal::ZERO, running: 3 },
        observed_per_hour: Some(running),
        mismatch: None,
        range: BurnRange::of(running, &[]),
        exposure: Exposure { per_hour: running, at_once: Decimal::ZERO },
        doubt_total: Decimal::ZERO,
        windows: Vec::new(),
        topped_up_total: Decimal::ZERO,
        correction: None,
        charges: Vec::new(),
    }))
}

fn read(stage: &mut Stage, hundredths: i64) -> usize {
    let change = balance(stage.now, hundredths);
    stage.app.on_link(LinkEvent::Changes { sequence: 2, changes: vec![change] }, stage.now);
    stage.frame()
}

/// The tab in front, its first reading shown.
fn opened(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(20, width, height);
    stage.press("5");
    read(&mut stage, 120_453);
    assert!(stage.text().contains("1204.53"), "{}", stage.text());
    stage
}

/// Lets time pass the way the loop does: a frame whenever something may change by itself. Gives frames and bytes.
fn pass(stage: &mut Stage, millis: u64) -> (usize, usize) {
    let (end, mut frames, mut bytes) = (stage.now.plus_millis(millis), 0, 0);
    while let Some(next) = stage.app.next_time(stage.now).filter(|next| *next <= end) {
        stage.now = next.max(stage.now.plus_millis(1));
        bytes += stage.frame();
        frames += 1;
    }
    stage.now = end;
    (frames, bytes + stage.frame())
}

#[test]
fn without_real_time_mode_nothing_is_written_until_a_reading_comes() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut stage = opened(width, height);
        assert_eq!(stage.frame(), 0);
        let (frames, bytes) = pass(&mut stage, 9 * 60_000);
        assert_eq!(bytes, 0, "written by {frames} frames at {width}x{height}:\n{}", stage.text());
        assert!(read(&mut stage, 120_390) > 0);
        assert!(stage.text().contains("1203.90"), "{}", stage.text());
    }
}

#[test]
fn a_countdown_writes_a_few_digits_four_times_a_second_at_most() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut stage = opened(width, height);
        stage.press("t");
        assert!(stage.text().contains("1204.5300") && stage.text().contains("REAL TIME"), "{}", stage.text());
        let (frames, bytes) = pass(&mut stage, 10_000);
        assert!((35..=41).contains(&frames), "{frames} frames in ten seconds");
        assert!(bytes <= frames * 40, "{bytes} bytes in {frames} frames at {width}x{height}");
        assert!(stage.text().contains("1204.495"), "{}", stage.text());
        stage.press("t");
        assert_eq!(pass(&mut stage, 30_000).1, 0, "it stands again");
    }
}

#[test]
fn a_key_in_the_tab_costs_what_it_changes() {
    let mut stage = opened(200, 50);
    let second = BalanceKey::pool("exa".into(), "p1");
    let Change::Balance(mut view) = balance(stage.now, 9_620) else { return };
    view.balance.key = second;
    let changes = vec![Change::Balance(view)];
    stage.app.on_link(LinkEvent::Changes { sequence: 3, changes }, stage.now);
    stage.frame();
    stage.press("down");
    let bytes = stage.press("up");
    assert!((1..=900).contains(&bytes), "{bytes} bytes for another balance with its pane");
}
