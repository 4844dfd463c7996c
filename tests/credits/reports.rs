//! A simulated month, its reports over the link and from the command line in every format, and the simulator's own bill.

use std::path::Path;
use std::process::Stdio;

use quarterdeck::cli::engine::{EnginePaths, RunMode, attach, run_engine};
use quarterdeck::engine::EngineSetup;
use quarterdeck::engine::policy::Cadence;
use quarterdeck::link::LinkOptions;
use quarterdeck::link::wire::Hello;
use quarterdeck::model::problem::ProblemKind;
use quarterdeck::model::report::{
    Assembled, ReportAssembly, ReportFile, ReportFormat, ReportPeriod, ReportRequest,
};
use quarterdeck::model::request::{Reply, Request};
use quarterdeck::model::time::{Clock, Timestamp};
use quarterdeck::sim::exaroton::{Bill, ChargeKind, PayerId};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::lab::{A_START, Console, DEADLINE, HOUR, Lab, setup};
use crate::poppler::{has_poppler, told};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_quarterdeck");

const HOURS: i64 = 30 * 24;

/// November in Berlin.
const NOVEMBER: &str = "2026-10-31T23:00:00Z";

/// Asks often, because the test waits for every hour, and takes hourly readings for watched ones.
fn month_setup(lab: &Lab) -> EngineSetup {
    let clock: std::sync::Arc<dyn Clock> = lab.clock.clone();
    let mut setup = setup(lab.dir.path(), &lab.sim.url(), lab.sim.token(), clock, lab.rates.clone());
    let often = Cadence { running_ms: 5, visible_ms: 5, background_ms: 5, idle_ms: 5 };
    setup.policy.polling.credits = often;
    setup.policy.polling.servers = often;
    setup.money.policy.zone = chrono_tz::Europe::Berlin;
    setup.money.policy.tick_ms = 2;
    setup.money.policy.gap_after_ms = 2 * HOUR.unsigned_abs();
    env!("CARGO_PKG_VERSION").clone_into(&mut setup.version);
    setup
}

/// What the provider's own books say at one moment.
struct Truth {
    bill: Bill,
    own: Decimal,
}

impl Truth {
    fn of(lab: &Lab) -> Self {
        Self { bill: lab.sim.world().bill(), own: lab.truth() }
    }
}

/// A month hour by hour: a server that always runs, one that runs for ten days, top-ups, and nine hours without an engine's eye.
async fn live_through(lab: &Lab, console: &mut Console) {
    let world = lab.sim.world();
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    let hardcore = world.server("hardcore").expect("a server").id;
    world.set_auto_stop(&hardcore, None);
    let mut hour = 0;
    while hour < HOURS {
        match hour {
            26 => world.top_up(&own, 3_000),
            120 => assert!(world.start_from_outside(&hardcore)),
            270 => world.top_up(&own, 2_000),
            360 => world.crash(&hardcore),
            _ => {}
        }
        let step = if hour == 450 { 9 } else { 1 };
        lab.clock.advance_millis(step * HOUR);
        hour += step;
        console.read(lab).await;
        console.hour_is_kept(lab).await;
    }
}

async fn fetch(console: &mut Console, period: ReportPeriod, format: ReportFormat) -> ReportFile {
    let mut assembly = ReportAssembly::default();
    let mut next = Request::Report(ReportRequest { period, format, columns: None });
    loop {
        let Ok(Reply::ReportPart(part)) = console.ask_following(next).await else {
            panic!("no part of a report")
        };
        match assembly.take(*part).expect("the next part") {
            Assembled::More(request) => next = request,
            Assembled::Whole(file) => return file,
        }
    }
}

fn number(value: &Value) -> Decimal {
    value.as_str().expect("an amount").parse().expect("a number")
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list:#}"))
}

/// Every figure of the model against the provider's own books.
fn check_figures(report: &Value, lab: &Lab, before: &Truth, after: &Truth) {
    let own = PayerId::Account(lab.sim.account_id().to_owned());
    let payer = named(&report["payers"], "northwind");
    let spent = after.bill.of_payer(&own) - before.bill.of_payer(&own);
    assert_eq!(number(&payer["opening"]["amount"]), before.own);
    assert_eq!(number(&payer["closing"]["amount"]), after.own);
    assert_eq!(number(&payer["spent"]["amount"]), spent, "to the last unit");
    assert_eq!(number(&payer["topped_up"]["amount"]), Decimal::from(5_000));
    assert_eq!(payer["top_ups"].as_array().expect("a list").len(), 2);
    let gaps = payer["gaps"].as_array().expect("a list");
    let length = |gap: &Value| {
        let at = |name: &str| Timestamp::parse(gap[name].as_str().expect("a moment")).expect("a moment");
        at("to").0 - at("from").0
    };
    assert_eq!(gaps.iter().map(length).collect::<Vec<_>>(), [9 * HOUR]);
    let parts = report["days"].as_array().expect("a list");
    assert_eq!(parts.len(), 30);
    let of_account = |day: &Value| {
        let parts = day["parts"].as_array().expect("a list").iter();
        let own = parts.filter(|part| part["payer"]["pool"].is_null());
        own.map(|part| number(&part["spent"]["amount"])).sum::<Decimal>()
    };
    assert_eq!(parts.iter().map(of_account).sum::<Decimal>(), spent);
    for name in ["weekend", "hardcore"] {
        let id = lab.sim.world().server(name).expect("a server").id;
        let ran = |bill: &Bill| -> Decimal {
            let charges =
                bill.charges.iter().filter(|one| one.server == id && one.kind == ChargeKind::Runtime);
            charges.map(|one| Decimal::from(one.micro)).sum::<Decimal>() / Decimal::from(1_000_000)
        };
        let truth = ran(&after.bill) - ran(&before.bill);
        let server = named(&report["servers"], name);
        let declared = number(&server["spent"]["amount"]) - number(&server["committed"]);
        let off = (declared - truth).abs();
        assert!(off <= truth / Decimal::from(100), "{name}: declared {declared}, billed {truth}");
    }
    let always = named(&report["servers"], "weekend")["ran_ms"].as_u64();
    assert_eq!(always, Some(HOURS.unsigned_abs() * HOUR.unsigned_abs()));
    let notes = report["notes"].as_array().expect("a list");
    let is_missed =
        |note: &Value| note.as_str().is_some_and(|note| note.starts_with("8 hours have no snapshot"));
    assert!(notes.iter().any(is_missed), "{notes:#?}");
}

/// Runs the program beside the engine, as anybody on its machine would.
async fn quarterdeck(folder: &Path, arguments: &[&str]) -> (i32, Vec<u8>, String) {
    let mut command = tokio::process::Command::new("/usr/bin/env");
    command.arg("-i").arg(format!("HOME={}", folder.display())).arg(PROGRAM).arg("--data-dir").arg(folder);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("it ends").expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), output.stdout, errors)
}

/// What begins a file of each format.
fn begins_well(format: ReportFormat, bytes: &[u8]) -> bool {
    match format {
        ReportFormat::Pdf => bytes.starts_with(b"%PDF-"),
        ReportFormat::Png => bytes.starts_with(b"\x89PNG\r\n"),
        ReportFormat::Svg => bytes.starts_with(b"<?xml") || bytes.starts_with(b"<svg"),
        ReportFormat::Csv => bytes.starts_with("\u{feff}section,".as_bytes()),
        ReportFormat::Json => bytes.starts_with(b"{"),
        ReportFormat::Text => bytes.starts_with(b"quarterdeck: spend report"),
    }
}

/// The PDF as a person reads it, against the provider's own books.
fn check_text(pdf: &Path, payers: &[PayerId], before: &Truth, after: &Truth) {
    if !has_poppler() {
        return;
    }
    let text = told("pdftotext", &["-layout"], pdf);
    let cents = |credits: Decimal| {
        let mut shown = credits * Decimal::new(1, 2);
        shown.rescale(2);
        shown.to_string()
    };
    let spent: Decimal = payers.iter().map(|one| after.bill.of_payer(one) - before.bill.of_payer(one)).sum();
    for expected in [
        "2026-11-01 to 2026-11-30",
        "Europe/Berlin",
        "1 credits = 0.01 EUR",
        "SIMULATED",
        "northwind",
        "weekend",
        "hardcore",
        "50.00",
        "720.0 h",
        "not watched",
        "Page 1 of",
        &cents(spent),
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one month, told in the order in which it happens")]
async fn a_months_report_says_in_every_format_what_the_provider_billed() {
    let start = Timestamp::parse(NOVEMBER).expect("a moment");
    let lab = Lab::at(Timestamp(start.0 - 2 * HOUR - A_START), &["weekend"]).await;
    let paths = EnginePaths::in_data_dir(lab.dir.path());
    let engine = {
        let (paths, setup) = (paths.clone(), month_setup(&lab));
        tokio::spawn(async move { run_engine(&paths, RunMode::Foreground, setup).await })
    };
    let hello = Hello {
        operator: "ann@bastion".into(),
        origin: "console".to_owned(),
        is_read_only: false,
        wants_fleet: true,
    };
    let options = LinkOptions { hello, version: env!("CARGO_PKG_VERSION").to_owned() };
    let connected = async {
        loop {
            match attach(&paths, options.clone()).await {
                Ok(client) => break client,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let client = tokio::time::timeout(DEADLINE, connected).await.expect("the engine's socket");
    let mut console = Console::over(client);
    console.read(&lab).await;
    for _ in 0..2 {
        lab.clock.advance_millis(HOUR);
        console.read(&lab).await;
        console.hour_is_kept(&lab).await;
    }
    assert_eq!(lab.clock.now(), start);
    let before = Truth::of(&lab);
    live_through(&lab, &mut console).await;
    let after = Truth::of(&lab);
    lab.clock.advance_millis(3 * HOUR);
    console.read(&lab).await;

    // Over the link, by the words of the console.
    let json = fetch(&mut console, ReportPeriod::LastMonth, ReportFormat::Json).await;
    assert_eq!(json.name, "quarterdeck-spend-2026-11-01-to-2026-11-30.json");
    check_figures(&serde_json::from_slice(&json.bytes).expect("JSON"), &lab, &before, &after);

    // From the command line, by days.
    let days = ["credits", "report", "--from", "2026-11-01", "--to", "2026-11-30"];
    for (ending, format) in ReportFormat::ALL {
        let name = format!("november.{ending}");
        let (code, out, errors) = quarterdeck(lab.dir.path(), &[&days[..], &["-o", &name]].concat()).await;
        assert_eq!((code, out.len()), (0, 0), "{errors}");
        assert!(errors.contains(&name) && errors.contains("2026-11-01 to 2026-11-30"), "{errors}");
        let bytes = std::fs::read(lab.dir.path().join(&name)).expect("the file");
        assert!(begins_well(format, &bytes), "{ending}: {:?}", &bytes[..40.min(bytes.len())]);
        if format == ReportFormat::Json {
            check_figures(&serde_json::from_slice(&bytes).expect("JSON"), &lab, &before, &after);
        }
    }
    let pools = lab.sim.world().pools().into_iter().map(|(id, _)| PayerId::Pool(id));
    let payers: Vec<PayerId> = pools.chain([PayerId::Account(lab.sim.account_id().to_owned())]).collect();
    check_text(&lab.dir.path().join("november.pdf"), &payers, &before, &after);

    // Nothing is written over, and what cannot be is said by the exit code.
    let untouched = std::fs::read(lab.dir.path().join("november.csv")).expect("the file");
    for (arguments, wanted) in [
        (&["--last", "week", "-o", "november.csv"][..], 3),
        (&["--last", "week", "-o", "november.docx"], 2),
        (&["--last", "fortnight"], 2),
        (&["--to", "2026-11-30"], 2),
        (&["--last", "week", "--from", "2026-11-01"], 2),
        (&["--from", "2026-13-01"], 2),
        (&["--from", "2027-02-01", "--to", "2027-02-02"], 3),
        (&["--last", "month", "-o", "no/such/folder.pdf"], 1),
        (&["--last", "month"], 0),
        (&["--last", "month", "-o", "-", "--format", "pdf"], 0),
    ] {
        let (code, out, errors) =
            quarterdeck(lab.dir.path(), &[&["credits", "report"], arguments].concat()).await;
        assert_eq!(code, wanted, "{arguments:?}: {errors}");
        assert_eq!(out.is_empty(), wanted != 0, "{arguments:?}");
    }
    assert_eq!(std::fs::read(lab.dir.path().join("november.csv")).expect("the file"), untouched);
    let replaced = ["credits", "report", "--last", "7d", "-o", "november.csv", "--force"];
    let (code, _, errors) = quarterdeck(lab.dir.path(), &replaced).await;
    assert_eq!(code, 0, "{errors}");
    assert_ne!(std::fs::read(lab.dir.path().join("november.csv")).expect("the file"), untouched);

    // A balance of a past that nobody kept: said, not invented.
    let earlier = ReportPeriod::Days {
        from: "2026-09-01".parse().expect("a day"),
        to: "2026-09-30".parse().expect("a day"),
    };
    let json = fetch(&mut console, earlier, ReportFormat::Json).await;
    let report: Value = serde_json::from_slice(&json.bytes).expect("JSON");
    assert_eq!(report["totals"]["spent"], "0");
    assert!(report["notes"].to_string().contains("no readings"), "{:#}", report["notes"]);
    let future = ReportPeriod::Days {
        from: "2027-01-01".parse().expect("a day"),
        to: "2027-01-02".parse().expect("a day"),
    };
    let asked = ReportRequest { period: future, format: ReportFormat::Pdf, columns: None };
    let refused = console.ask_following(Request::Report(asked)).await.expect_err("the future is not known");
    assert_eq!(refused.kind, ProblemKind::Refused);

    console.ask_following(Request::Shutdown).await.expect("it is asked");
    tokio::time::timeout(DEADLINE, engine).await.expect("it ends").expect("no panic").expect("in order");
}
