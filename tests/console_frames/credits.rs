//! The credits tab: what it shows of balances, what it asks, how it counts.

use insta::assert_snapshot;
use quarterdeck::console::actions::Action;
use quarterdeck::console::alerts_view::AlertsView;
use quarterdeck::console::component::{Component, Effect, Reveal, Touched};
use quarterdeck::console::context::{LinkState, UNICODE};
use quarterdeck::console::header;
use quarterdeck::console::keys::Key;
use quarterdeck::console::tabs;
use quarterdeck::console::theme::ColourDepth;
use quarterdeck::model::balance_view::Correction;
use quarterdeck::model::fleet::Change;
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{Reply, Request, Tab};
use quarterdeck::model::spend::AlertKey;
use quarterdeck::model::time::Timestamp;

use crate::fixture::NOW;
use crate::money::{self, HOUR, account, amount};
use crate::stage::{Stage, text};

const MONEY: Touched = Touched {
    is_everything: false,
    orders: Vec::new(),
    servers: Vec::new(),
    nodes: Vec::new(),
    runs: Vec::new(),
    matches: Vec::new(),
    is_header: false,
    is_shop: false,
    is_findings: false,
    is_money: true,
    is_series: false,
    is_notices: false,
};

/// The tab in front of the main balance, its past answered.
fn opened(stage: &Stage) -> Box<dyn Component> {
    let mut tab = tabs::component(Tab::Credits);
    let mut effects = stage.open(tab.as_mut());
    effects.extend(stage.act(tab.as_mut(), &[Action::Down, Action::Down]));
    answer(stage, tab.as_mut(), effects);
    tab
}

/// Answers what was asked, and what is asked then.
fn answer(stage: &Stage, tab: &mut dyn Component, mut effects: Vec<Effect>) {
    while !effects.is_empty() {
        let sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { request, ticket } => Some((ticket, money::past(&request)?)),
            _ => None,
        });
        let sent: Vec<_> = sent.collect();
        effects =
            sent.into_iter().flat_map(|(ticket, reply)| stage.reply(tab, ticket.0, &Ok(reply))).collect();
    }
}

fn requests(effects: Vec<Effect>) -> Vec<Request> {
    let sent = effects.into_iter();
    sent.filter_map(|effect| match effect {
        Effect::Send { request, .. } => Some(request),
        _ => None,
    })
    .collect()
}

#[test]
fn every_part_of_a_balance_in_both_alphabets_and_without_colours() {
    for (name, stage) in [
        ("unicode", Stage::new(money::fleet(), NOW)),
        ("plain", Stage::plain(money::fleet(), NOW)),
        ("no_colour", Stage::dressed(money::fleet(), NOW, "dark", ColourDepth::None, &UNICODE)),
    ] {
        let mut tab = opened(&stage);
        for part in ["chart", "days", "figures", "changes", "burnt"] {
            assert_snapshot!(format!("{part}_{name}"), stage.frame(tab.as_mut(), 80, 20));
            stage.act(tab.as_mut(), &[Action::NextPane]);
        }
        assert_snapshot!(format!("all_{name}"), stage.frame(tab.as_mut(), 120, 36));
    }
}

#[test]
fn the_chart_zooms_and_pans_and_asks_for_what_it_shows() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    stage.draw(tab.as_mut(), 80, 20);
    let read_at = money::main_balance().balance.observed_at;
    let asked = |effects| match requests(effects).first() {
        Some(Request::CreditsHistory { balance, from, to, points }) => {
            assert_eq!(*balance, account("exa"));
            (to.0 - from.0, read_at.0 - to.0, *points)
        }
        other => panic!("asked for {other:?}"),
    };
    let mut step = |action| {
        let effects = stage.act(tab.as_mut(), &[action]);
        let told = asked(effects.iter().map(clone_of).collect());
        answer(&stage, tab.as_mut(), effects);
        told
    };
    let (span, back, points) = step(Action::ZoomIn);
    assert_eq!((span, back), (6 * HOUR, 0));
    assert!((120..=150).contains(&points), "{points} points for 70 columns of two dots");
    assert_eq!(step(Action::PanBack), (6 * HOUR, 3 * HOUR, points));
    assert_eq!(step(Action::ZoomOut), (24 * HOUR, 3 * HOUR, points));
    assert_eq!(step(Action::ChartNow), (24 * HOUR, 0, points));
    assert_snapshot!("chart_week", {
        let effects = stage.act(tab.as_mut(), &[Action::ZoomOut, Action::ZoomOut]);
        answer(&stage, tab.as_mut(), effects);
        stage.frame(tab.as_mut(), 80, 20)
    });
}

/// The same request again; other effects are not looked at here.
fn clone_of(effect: &Effect) -> Effect {
    match effect {
        Effect::Send { request, ticket } => Effect::Send { request: request.clone(), ticket: *ticket },
        _ => Effect::FocusChanged,
    }
}

#[test]
fn a_refused_history_is_said_and_the_keys_go_on() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = tabs::component(Tab::Credits);
    let effects = stage.open(tab.as_mut());
    let refused = Problem::refused("no account with credits is connected", "configure one");
    for effect in effects {
        if let Effect::Send { ticket, .. } = effect {
            assert!(stage.reply(tab.as_mut(), ticket.0, &Err(refused.clone())).is_empty());
        }
    }
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(frame.contains("no history: no account with credits is connected"), "{frame}");
    assert_eq!(
        requests(stage.act(tab.as_mut(), &[Action::ZoomIn])).len(),
        1,
        "another question may be asked"
    );
}

#[test]
fn nothing_moves_between_readings_until_real_time_is_on() {
    let mut fleet = money::fleet();
    fleet.apply(money::feed_of(|feed| feed.interval_ms = 600_000));
    let mut stage = Stage::new(fleet, NOW);
    let mut tab = opened(&stage);
    let before = text(&stage.draw(tab.as_mut(), 80, 20));
    stage.now = NOW.plus_millis(9 * 60_000);
    assert_eq!(text(&stage.draw(tab.as_mut(), 80, 20)), before, "it moved without a reading");
    stage.now = NOW;
    stage.act(tab.as_mut(), &[Action::RealTime]);
    let counting = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(counting.contains("REAL TIME") && counting.contains("1204.5162"), "{counting}");
    let next = tab.next_change(&stage.context()).expect("it counts");
    assert_eq!(next, NOW.plus_millis(250), "four times a second");
    stage.now = next;
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(frame.contains("1204.5154"), "{frame}");
    assert_snapshot!("real_time", stage.frames(tab.as_mut()));
}

#[test]
fn a_slow_burn_waits_for_its_digit_and_what_rests_is_never_drawn_again() {
    let mut fleet = money::fleet();
    fleet.balances.retain(|key, _| *key == account("spare"));
    let stage = Stage::new(fleet.clone(), NOW);
    let mut tab = tabs::component(Tab::Credits);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::RealTime]);
    stage.draw(tab.as_mut(), 80, 20);
    let minute = Timestamp((NOW.0.div_euclid(60_000) + 1) * 60_000);
    assert_eq!(tab.next_change(&stage.context()), Some(minute), "only ages move");

    let mut slow = money::main_balance();
    slow.declared.running_per_hour = amount(400);
    let read_at = slow.balance.observed_at;
    fleet.balances.clear();
    fleet.apply(Change::Balance(Box::new(slow)));
    let stage = Stage::new(fleet, NOW);
    let mut tab = tabs::component(Tab::Credits);
    stage.open(tab.as_mut());
    stage.act(tab.as_mut(), &[Action::RealTime]);
    stage.draw(tab.as_mut(), 80, 20);
    // 0.04 an hour: the fourth digit falls every nine seconds.
    assert_eq!(tab.next_change(&stage.context()), Some(read_at.plus_millis(9_000)));
}

#[test]
fn a_reading_corrects_the_countdown_and_says_by_how_much() {
    let mut stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::RealTime]);
    let mut read = money::main_balance();
    read.balance.amount = amount(12_041_000);
    read.balance.observed_at = NOW;
    read.correction = Some(Correction { at: NOW, predicted: amount(12_045_162), read: amount(12_041_000) });
    stage.fleet.apply(Change::Balance(Box::new(read)));
    stage.tell(tab.as_mut(), &MONEY);
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(frame.contains("1204.1000"), "{frame}");
    assert!(frame.contains("03:04:05 read 0.4162 less than counted"), "{frame}");
}

#[test]
fn what_burns_a_balance_and_what_if() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::Details]);
    assert_snapshot!("burners", stage.frames(tab.as_mut()));
    stage.act(tab.as_mut(), &[Action::WhatIf]);
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(frame.contains("WHAT IF") && frame.contains("space marks what stops"), "{frame}");
    // Stop the dearest, start two more of the second.
    stage.act(
        tab.as_mut(),
        &[Action::Mark, Action::OneMore, Action::OneMore, Action::OneMore, Action::OneLess],
    );
    assert_snapshot!("what_if", stage.frames(tab.as_mut()));
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    let burn = frame.lines().find(|line| line.starts_with("credits/h")).expect("the burn's row");
    assert_eq!(burn.split_whitespace().collect::<Vec<_>>(), ["credits/h", "12.8000", "14.8000", "+2.0000"]);
    stage.act(tab.as_mut(), &[Action::Back]);
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(
        !frame.contains("WHAT IF") && frame.contains("1 marked"),
        "esc leaves only the supposition: {frame}"
    );
    stage.act(tab.as_mut(), &[Action::Back, Action::Back]);
    assert!(text(&stage.draw(tab.as_mut(), 80, 20)).contains("ACCOUNT"), "back at the balances");
}

#[test]
fn burners_are_filtered_sorted_and_lead_to_their_server() {
    let mut fleet = money::fleet();
    let known = crate::fixture::server_key("42");
    let mut burners = money::burners();
    burners[0].server = known.clone();
    fleet.apply(Change::Burners { payer: account("exa"), burners });
    let stage = Stage::new(fleet, NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::Details, Action::Filter]);
    stage.type_text(tab.as_mut(), "cost>5 ram>1G");
    stage.act(tab.as_mut(), &[Action::Submit]);
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(
        frame.contains("survival") && !frame.contains("lobby") && frame.contains("1 of 4 shown"),
        "{frame}"
    );
    assert!(frame.contains("8.00 GiB") && frame.contains("running"), "{frame}");
    let effects = stage.act(tab.as_mut(), &[Action::OpenBurner]);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Reveal(Reveal::Server(key)) if *key == known))
    );
}

#[test]
fn what_changed_the_burn_is_told_by_who_did_it_since_a_moment() {
    let mut stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    let frame = text(&stage.draw(tab.as_mut(), 120, 36));
    let sentence = "since 00:00 +9.2000 credits/h: 2 starts by ann@bastion, order 812; 1 stop from outside;";
    assert!(frame.contains(sentence), "{frame}");
    stage.act(tab.as_mut(), &[Action::NextPane, Action::NextPane, Action::NextPane]);
    let frame = text(&stage.draw(tab.as_mut(), 80, 20));
    for words in [
        "Burn +9.2000 credits/h since 20 Nov 00:00 UTC",
        "+10.0000 2 starts by ann@bastion, order 812",
        "20 Nov 02:50   +4.0000 server s9 started: from outside",
    ] {
        assert!(frame.contains(words), "{words}:\n{frame}");
    }
    let window = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Send { request: Request::BurnAttribution { from, to, .. }, .. } => Some(to.0 - from.0),
            _ => None,
        })
    };
    for hours in [24, 7 * 24, 1] {
        let effects = stage.act(tab.as_mut(), &[Action::ChangesSince]);
        assert_eq!(window(&effects), Some(hours * HOUR));
        answer(&stage, tab.as_mut(), effects);
    }
    let frame = text(&stage.draw(tab.as_mut(), 120, 36));
    assert!(
        frame.contains("since 02:04 -0.8000 credits/h: 1 stop from outside; 1 start from outside;"),
        "{frame}"
    );
    // From now on: nothing is told until something changes.
    assert_eq!(window(&stage.act(tab.as_mut(), &[Action::CompareFromNow])), None);
    let frame = text(&stage.draw(tab.as_mut(), 120, 36));
    assert!(frame.contains("none since 20 Nov 03:04 UTC"), "{frame}");
    stage.now = NOW.plus_millis(60_000);
    let effects = stage.tell(tab.as_mut(), &MONEY);
    assert_eq!(window(&effects), Some(60_000));
    answer(&stage, tab.as_mut(), effects);
    let frame = text(&stage.draw(tab.as_mut(), 120, 36));
    assert!(frame.contains("nothing began to burn, stopped or got another price"), "{frame}");
}

#[test]
fn an_account_that_is_billed_later_stands_beside_the_balances() {
    let mut fleet = money::fleet();
    for change in money::billed_later() {
        fleet.apply(change);
    }
    let stage = Stage::new(fleet, NOW);
    let mut tab = tabs::component(Tab::Credits);
    let mut effects = stage.open(tab.as_mut());
    effects.extend(stage.act(tab.as_mut(), &[Action::End]));
    answer(&stage, tab.as_mut(), effects);
    assert_snapshot!("billed_later", stage.frames(tab.as_mut()));
    let focus = tab.focus(&stage.context());
    assert!(
        focus.balances.contains(&account("panel")) && focus.balances.contains(&account("exa")),
        "{focus:?}"
    );

    stage.act(tab.as_mut(), &[Action::Details]);
    let frame = text(&stage.draw(tab.as_mut(), 120, 30));
    assert!(frame.contains("billed later  burns 0.0") && frame.contains(" EUR/h, "), "{frame}");
    for words in ["order 814", "ORPHAN", "0.0137"] {
        assert!(frame.contains(words), "{words}: {frame}");
    }
    let effects = stage.act(tab.as_mut(), &[Action::WhatIf]);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Notice(_, words) if words.contains("no balance")))
    );
    stage.act(tab.as_mut(), &[Action::Details]);
    let frame = text(&stage.draw(tab.as_mut(), 120, 30));
    assert!(frame.contains("billed later while it exists: only"), "{frame}");
}

#[test]
fn nobodys_server_is_kept_from_what_burns() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::Details]);
    assert!(!tab.is_enabled(Action::KeepServer, &stage.context()), "an order answers for the dearest");
    stage.act(tab.as_mut(), &[Action::Down]);
    assert!(tab.is_enabled(Action::KeepServer, &stage.context()));
    let opened = stage.act(tab.as_mut(), &[Action::KeepServer]).pop();
    assert!(matches!(opened, Some(Effect::Open(_))));
}

#[test]
fn what_burnt_is_told_by_server_by_owner_and_by_provider() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    let mut told = || {
        stage.act(tab.as_mut(), &[Action::BurntBy]);
        text(&stage.draw(tab.as_mut(), 80, 20))
    };
    let (by_owner, by_provider, by_server) = (told(), told(), told());
    assert!(
        by_owner.contains("by owner since 20 Nov 00:00 UTC, credits") && by_owner.contains("match m-7"),
        "{by_owner}"
    );
    assert!(by_provider.contains("exaroton   ") && !by_provider.contains("lobby"), "{by_provider}");
    assert!(by_server.contains("survival") && by_server.contains("lobby"), "{by_server}");
}

#[test]
fn an_old_reading_says_its_age_and_widens_its_bounds() {
    let mut stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    let fresh = text(&stage.draw(tab.as_mut(), 80, 20));
    stage.now = NOW.plus_millis(5 * 3_600_000);
    let old = text(&stage.draw(tab.as_mut(), 80, 20));
    assert!(fresh.contains("read 03:04:01") && old.contains("read ! 5 h old"), "{old}");
    let bounds = |frame: &str| {
        frame.split_once("UTC (").and_then(|(_, rest)| rest.split_once(')')).map(|b| b.0.to_owned())
    };
    assert_ne!(bounds(&fresh), bounds(&old));
}

#[test]
fn snapshots_are_taken_by_key_and_their_answer_is_said() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    assert_eq!(requests(stage.act(tab.as_mut(), &[Action::TakeSnapshot])), [Request::TakeSnapshot]);
    let said = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Notice(_, words) => Some(words),
            _ => None,
        })
    };
    let kept = said(stage.reply(tab.as_mut(), 0, &Ok(Reply::Done)));
    assert_eq!(kept.as_deref(), Some("a snapshot of every balance and server is kept"));
    let refused = Problem::refused("the disk is full", "");
    let refused = said(stage.reply(tab.as_mut(), 0, &Err(refused)));
    assert_eq!(refused.as_deref(), Some("no snapshot: the disk is full"));
}

#[test]
fn a_lost_engine_stops_the_countdown() {
    let mut stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    stage.act(tab.as_mut(), &[Action::RealTime]);
    stage.link = LinkState::Lost { since: NOW, problem: "the engine closed the connection".to_owned() };
    let before = text(&stage.draw(tab.as_mut(), 80, 20));
    stage.now = NOW.plus_millis(30_000);
    assert_eq!(text(&stage.draw(tab.as_mut(), 80, 20)).replace("30 s ago", "0 s ago"), before);
}

#[test]
fn any_size_and_any_keys() {
    let stage = Stage::new(money::fleet(), NOW);
    let mut tab = opened(&stage);
    for width in [0, 1, 5, 39, 40, 79, 107, 108, 200] {
        for height in [0, 1, 5, 6, 12, 13, 14, 25, 26, 27, 40] {
            stage.draw(tab.as_mut(), width, height);
            tab.cursor(ratatui::layout::Rect::new(0, 0, width, height), &stage.context());
        }
        stage.act(tab.as_mut(), &[Action::NextPane, Action::ZoomOut, Action::Details, Action::WhatIf]);
        stage.draw(tab.as_mut(), width, 9);
        stage.act(tab.as_mut(), &[Action::Back, Action::Back, Action::PanBack, Action::RealTime]);
    }
}

#[test]
fn an_alert_is_silenced_with_an_end_and_a_reason_and_heard_again() {
    let mut stage = Stage::new(money::fleet(), NOW);
    stage.fleet.apply(Change::Alerts(money::alerts()));
    let mut view = AlertsView::default();
    stage.open(&mut view);
    stage.draw(&mut view, 80, 20);
    let opened = stage.act(&mut view, &[Action::SilenceAlert]).pop();
    let Some(Effect::Open(mut dialog)) = opened else { panic!("a dialog opens") };
    stage.open(dialog.as_mut());
    assert!(requests(stage.act(dialog.as_mut(), &[Action::Submit])).is_empty(), "no reason yet");
    assert!(text(&stage.draw(dialog.as_mut(), 80, 20)).contains("a reason is needed"));
    stage.type_text(dialog.as_mut(), "known");
    stage.act(dialog.as_mut(), &[Action::TextNextField]);
    stage.press(dialog.as_mut(), &[Key::ctrl('u')]);
    assert!(requests(stage.act(dialog.as_mut(), &[Action::Submit])).is_empty(), "no end");
    stage.type_text(dialog.as_mut(), "2d");
    let sent = requests(stage.act(dialog.as_mut(), &[Action::Submit, Action::Submit]));
    let until = NOW.plus_millis(48 * 3_600_000);
    let asked = Request::SilenceAlert { alert: AlertKey::BudgetBurn(0), until, reason: "known".to_owned() };
    assert_eq!(sent, [asked], "once");
    let effects = stage.reply(dialog.as_mut(), 0, &Ok(Reply::Done));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Close)));

    stage.act(&mut view, &[Action::End]);
    let sent = requests(stage.act(&mut view, &[Action::UnsilenceAlert]));
    assert_eq!(sent, [Request::UnsilenceAlert(AlertKey::Runway(money::pool()))]);
    stage.now = NOW.plus_millis(3 * 3_600_000);
    stage.draw(&mut view, 80, 20);
    assert!(!view.is_enabled(Action::UnsilenceAlert, &stage.context()), "its silence is over");
}

#[test]
fn the_header_counts_alerts_by_level_and_silences_apart() {
    let mut stage = Stage::new(money::fleet(), NOW);
    stage.fleet.apply(Change::Alerts(money::alerts()));
    let line = header::site_line(&stage.context(), 160).to_string();
    let places = ["1 orphan", "✗ 1 critical (A)", "! 1 warning", "3 stuck", "(1 silenced)"]
        .map(|words| line.find(words));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{line}");
    let until = header::next_site_change(&stage.context());
    assert_eq!(until, Some(NOW.plus_millis(2 * 3_600_000)));
    stage.now = NOW.plus_millis(2 * 3_600_000);
    let line = header::site_line(&stage.context(), 160).to_string();
    assert!(line.contains("✗ 2 critical") && !line.contains("silenced"), "{line}");
}
