//! Every view in every state at every size: one table says which there are, and why the others cannot be.
//!
//! A view without a row here, a row without a state and a snapshot without a row are failures.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;
use quarterdeck::model::account::Feed;
use quarterdeck::model::action::{ActionPlan, ActionRequest};
use quarterdeck::model::finding::{Finding, Severity};
use quarterdeck::model::fleet::Change;
use quarterdeck::model::order::OrderStatus;
use quarterdeck::model::problem::Problem;
use quarterdeck::model::request::{ConsoleItem, Reply, Request};
use quarterdeck::model::server::{PowerState, Usage};

use crate::exaroton;
use crate::fixture::{self, ago, empty_fleet, fleet, with_feeds};
use crate::matches_fixture as rented;
use crate::money;
use crate::reports;
use crate::whole::Whole;

/// The states that a view is designed for. "Too small" is the last of [`SIZES`].
const STATES: [&str; 7] = ["loading", "empty", "fresh", "stale", "failed", "never_read", "lost"];

/// The sizes that every state is drawn at.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (34, 7)];

/// What a view looks like in a state.
enum Cell {
    /// It is drawn after it was opened in this state of the site and this was done.
    Drawn(fn(&mut Whole)),
    /// It has this state when the site is well and only this was done.
    Alone(fn(&mut Whole)),
    /// It cannot be in this state, because of this.
    Never(&'static str),
}
use Cell::{Alone, Drawn, Never};

/// The view is drawn as it was opened.
const HERE: Cell = Drawn(|_| {});

/// One view.
struct Row {
    view: &'static str,
    /// The component that draws it.
    component: &'static str,
    /// How it is opened.
    open: fn(&mut Whole),
    /// One cell for each of [`STATES`].
    states: [Cell; STATES.len()],
}

const NO_ROW: Cell = Never("there is no row to open");
const NOT_POLLED: Cell = Never("runs are the engine's own: no provider is polled for them");
const NOT_CONNECTED: Cell = Never("no provider delivers it, so none can be asked, be late or fail");
const NO_DATA: Cell = Never("it shows the program's own words, not data");
const NO_ANSWER: Cell = Never("it asks the operator, nobody else");
const HAS_TARGET: Cell = Never("it is always about something");
const NO_MEMORY: Cell = Never("an answer is there or it is not: none is remembered from before");

const TABLE: &[Row] = &[
    Row {
        view: "orders",
        component: "OrdersTab",
        open: |_| {},
        states: [HERE, HERE, HERE, HERE, HERE, HERE, HERE],
    },
    Row {
        view: "orders_filtered",
        component: "OrdersTab",
        open: |whole| {
            whole.press(&["/"]);
            whole.type_text("status=paid");
            whole.press(&["enter"]);
        },
        states: [
            HERE,
            Alone(|whole| {
                whole.press(&["/"]);
                whole.type_text("customer=nobody");
                whole.press(&["enter"]);
            }),
            HERE,
            HERE,
            HERE,
            HERE,
            HERE,
        ],
    },
    Row {
        view: "order_details",
        component: "OrdersTab",
        open: |whole| whole.press(&["down", "enter"]),
        states: [NO_ROW, NO_ROW, HERE, HERE, HERE, NO_ROW, HERE],
    },
    Row {
        view: "nodes",
        component: "NodesTab",
        open: |whole| whole.press(&["2"]),
        states: [HERE, HERE, HERE, HERE, HERE, HERE, HERE],
    },
    Row {
        view: "node_servers",
        component: "NodesTab",
        open: |whole| whole.press(&["2", "enter"]),
        states: [NO_ROW, Alone(|whole| whole.press(&["2", "end", "enter"])), HERE, HERE, HERE, NO_ROW, HERE],
    },
    Row {
        view: "servers",
        component: "NodesTab",
        open: |whole| whole.press(&["2", "v"]),
        states: [HERE, HERE, HERE, HERE, HERE, HERE, HERE],
    },
    Row {
        view: "nodes_and_accounts",
        component: "NodesTab",
        open: |whole| whole.press(&["2"]),
        states: [
            Never("as nodes alone"),
            Drawn(|whole| whole.change(exaroton::servers_feed(|_| {}))),
            Drawn(hosting),
            Drawn(|whole| {
                hosting(whole);
                whole.change(exaroton::servers_feed(late));
            }),
            Drawn(|whole| {
                hosting(whole);
                whole.change(exaroton::servers_feed(failing));
            }),
            Drawn(|whole| whole.change(exaroton::servers_feed(unheard))),
            Drawn(hosting),
        ],
    },
    Row {
        view: "credit_servers",
        component: "NodesTab",
        open: |whole| whole.press(&["2"]),
        states: [
            NO_ROW,
            Drawn(|whole| {
                whole.change(exaroton::servers_feed(|_| {}));
                whole.press(&["end", "enter"]);
            }),
            Drawn(hosting_servers),
            Drawn(|whole| {
                hosting_servers(whole);
                whole.change(exaroton::servers_feed(late));
            }),
            Drawn(|whole| {
                hosting_servers(whole);
                whole.change(exaroton::servers_feed(failing));
            }),
            Drawn(|whole| {
                whole.change(exaroton::servers_feed(unheard));
                whole.press(&["end", "enter"]);
            }),
            Drawn(hosting_servers),
        ],
    },
    Row {
        view: "credit_server_details",
        component: "NodesTab",
        open: |whole| whole.press(&["2"]),
        states: [
            NO_ROW,
            NO_ROW,
            Drawn(hosting_details),
            Drawn(|whole| {
                hosting_details(whole);
                whole.change(exaroton::servers_feed(late));
            }),
            Drawn(|whole| {
                hosting_details(whole);
                whole.change(exaroton::servers_feed(failing));
            }),
            NO_ROW,
            Drawn(hosting_details),
        ],
    },
    Row {
        view: "credit_server_console",
        component: "ServerConsole",
        open: |whole| whole.press(&["2"]),
        states: [
            Alone(|whole| {
                whole.press(&["2"]);
                hosting_servers(whole);
                whole.press(&["end", "up", "c"]);
            }),
            Alone(|whole| {
                whole.press(&["2"]);
                hosting_servers(whole);
                whole.press(&["down", "down", "c"]);
                whole.stream([ConsoleItem::Connected]);
            }),
            Drawn(joined_by_many),
            Drawn(|whole| {
                joined_by_many(whole);
                whole.stream([ConsoleItem::Reconnecting("exaroton gave no sign of life".to_owned())]);
            }),
            Drawn(|whole| {
                joined_by_many(whole);
                whole.stream([ConsoleItem::Closed("exaroton does not know this server".to_owned())]);
            }),
            NO_ROW,
            Drawn(joined_by_many),
        ],
    },
    Row {
        view: "set_ram",
        component: "CreditServerForm",
        open: |whole| whole.press(&["2"]),
        states: [
            NO_ANSWER,
            Drawn(|whole| {
                hosting_servers(whole);
                // Nobody knows what the lobby has.
                whole.press(&["m"]);
            }),
            Drawn(|whole| {
                hosting_servers(whole);
                whole.press(&["end", "up", "m"]);
            }),
            NO_ANSWER,
            Drawn(|whole| {
                hosting_servers(whole);
                whole.press(&["end", "up", "m"]);
                whole.type_text("0");
            }),
            NO_ROW,
            Drawn(|whole| {
                hosting_servers(whole);
                whole.press(&["end", "up", "m"]);
            }),
        ],
    },
    Row {
        view: "extend_time",
        component: "CreditServerForm",
        open: |whole| whole.press(&["2"]),
        states: [
            NO_ANSWER,
            HAS_TARGET,
            Drawn(|whole| {
                hosting_servers(whole);
                whole.press(&["*", "E"]);
            }),
            NO_ANSWER,
            Drawn(|whole| {
                hosting_servers(whole);
                whole.press(&["end", "up", "E"]);
                whole.type_text("99");
            }),
            NO_ROW,
            Drawn(|whole| {
                hosting_servers(whole);
                whole.press(&["end", "up", "E"]);
            }),
        ],
    },
    Row {
        view: "server_details",
        component: "NodesTab",
        open: |whole| whole.press(&["2", "v", "end", "enter"]),
        states: [NO_ROW, NO_ROW, HERE, HERE, HERE, NO_ROW, HERE],
    },
    Row {
        view: "matches_not_connected",
        component: "MatchesTab",
        open: |whole| whole.press(&["3"]),
        states: [NOT_CONNECTED, HERE, NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED, HERE],
    },
    Row {
        view: "matches",
        component: "MatchesTab",
        open: |whole| whole.press(&["3"]),
        states: [
            HERE,
            Drawn(|whole| whole.change(rented::feed_of(|_| {}))),
            Drawn(with_matches),
            Drawn(|whole| {
                with_matches(whole);
                whole.change(rented::feed_of(late));
            }),
            Drawn(|whole| {
                with_matches(whole);
                whole.change(rented::feed_of(failing));
            }),
            Drawn(|whole| {
                whole.change(rented::feed_of(|feed| {
                    failing(feed);
                    feed.succeeded_at = None;
                }));
            }),
            Drawn(with_matches),
        ],
    },
    Row {
        view: "match_details",
        component: "MatchesTab",
        open: |whole| whole.press(&["3"]),
        states: [
            NO_ROW,
            NO_ROW,
            Drawn(|whole| shown(whole, 1)),
            Drawn(|whole| {
                shown(whole, 1);
                whole.change(rented::feed_of(late));
            }),
            Drawn(|whole| {
                shown(whole, 1);
                whole.change(rented::feed_of(failing));
            }),
            NO_ROW,
            Drawn(|whole| shown(whole, 1)),
        ],
    },
    Row {
        view: "match_leaking",
        component: "MatchesTab",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| shown(whole, 0)),
    },
    Row {
        view: "match_warming_up",
        component: "MatchesTab",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| shown(whole, 2)),
    },
    Row {
        view: "match_settled",
        component: "MatchesTab",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| shown(whole, 4)),
    },
    Row {
        view: "match_form",
        component: "MatchForm",
        open: |whole| whole.press(&["3"]),
        states: [
            Never("it is typed into while the saved teams are read"),
            Drawn(new_match),
            Drawn(rematch),
            NO_ANSWER,
            Drawn(|whole| {
                new_match(whole);
                whole.press(&["tab"]);
                whole.type_text("76561197960265974 gaben");
                whole.press(&["enter"]);
            }),
            NO_ANSWER,
            Drawn(rematch),
        ],
    },
    Row {
        view: "match_plan",
        component: "PlanDialog",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| {
            rematch(whole);
            whole.press(&["enter"]);
            whole.reply(Ok(Reply::Plan(Box::new(rented::plan(
                ActionRequest::RunMatch { request: Box::new(rented::live().request) },
                "play 5v5 on de_mirage",
            )))));
        }),
    },
    Row {
        view: "keep_match_server",
        component: "AskDialog",
        open: |whole| whole.press(&["3"]),
        states: [
            NO_ANSWER,
            HAS_TARGET,
            Drawn(|whole| {
                asked(whole, 0, "a");
                whole.type_text("its crash is looked at");
            }),
            NO_ANSWER,
            Drawn(|whole| {
                asked(whole, 0, "a");
                whole.press(&["enter"]);
            }),
            NO_ROW,
            Drawn(|whole| asked(whole, 0, "a")),
        ],
    },
    Row {
        view: "add_player",
        component: "AskDialog",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| {
            asked(whole, 1, "p");
            whole.type_text("STEAM_0:1:7");
            whole.press(&["tab", "tab", "down"]);
        }),
    },
    Row {
        view: "settle_match",
        component: "AskDialog",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| {
            asked(whole, 5, "s");
            whole.type_text("7:2");
            whole.press(&["enter"]);
            whole.reply(Err(Problem::refused("match 01JBCRASH is settled already", "take that back first")));
        }),
    },
    Row {
        view: "reverse_settlement",
        component: "AskDialog",
        open: |whole| whole.press(&["3"]),
        states: only(|whole| asked(whole, 4, "u")),
    },
    Row {
        view: "players",
        component: "PlayersView",
        open: |whole| whole.press(&["3", "P"]),
        states: [
            HERE,
            Drawn(|whole| whole.reply(Ok(Reply::Standings(Vec::new())))),
            Drawn(|whole| whole.answer(rented::answer)),
            Drawn(|whole| {
                whole.answer(rented::answer);
                whole.press(&["f5"]);
                whole.reply(Err(Problem::storage("the record log cannot be read")));
            }),
            Drawn(|whole| whole.reply(Err(Problem::storage("the record log cannot be read")))),
            Never("the ledger is the engine's own: it is read or it is not"),
            Drawn(|whole| whole.answer(rented::answer)),
        ],
    },
    Row {
        view: "deployments",
        component: "NotConnected",
        open: |whole| whole.press(&["4"]),
        states: [NOT_CONNECTED, HERE, NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED, HERE],
    },
    Row {
        view: "credits_not_connected",
        component: "CreditsTab",
        open: |whole| whole.press(&["5"]),
        states: [NOT_CONNECTED, HERE, NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED, HERE],
    },
    Row {
        view: "credits",
        component: "CreditsTab",
        open: |whole| whole.press(&["5"]),
        states: [
            HERE,
            Drawn(|whole| whole.change(money::feed_of(|_| {}))),
            Drawn(paid),
            Drawn(|whole| {
                paid(whole);
                whole.change(money::feed_of(late));
            }),
            Drawn(|whole| {
                paid(whole);
                whole.change(money::feed_of(failing));
            }),
            Drawn(|whole| {
                whole.change(money::feed_of(|feed| {
                    failing(feed);
                    feed.succeeded_at = None;
                }));
            }),
            Drawn(paid),
        ],
    },
    Row {
        view: "report",
        component: "ReportDialog",
        open: |whole| whole.press(&["5"]),
        states: [
            Never("no balance is known yet that a report could tell of"),
            Drawn(|whole| {
                whole.change(money::feed_of(|_| {}));
                whole.press(&["p"]);
            }),
            Drawn(reporting),
            NO_MEMORY,
            Drawn(|whole| {
                paid(whole);
                whole.press(&["p"]);
                whole.reply(Err(Problem::storage("record 812 cannot be read")));
            }),
            Never("what was kept is reported, whoever answers now"),
            Drawn(reporting),
        ],
    },
    Row {
        view: "burners",
        component: "CreditsTab",
        open: |whole| whole.press(&["5"]),
        states: [
            NO_ROW,
            Drawn(|whole| {
                paid(whole);
                whole.press(&["end", "enter"]);
            }),
            Drawn(burning),
            Drawn(|whole| {
                burning(whole);
                whole.change(money::feed_of(late));
            }),
            Drawn(|whole| {
                burning(whole);
                whole.change(money::feed_of(failing));
            }),
            NO_ROW,
            Drawn(burning),
        ],
    },
    Row {
        view: "alerts",
        component: "AlertsView",
        open: |whole| whole.press(&["A"]),
        states: [HERE, HERE, Drawn(alerting), NOT_POLLED, NOT_POLLED, NOT_POLLED, Drawn(alerting)],
    },
    Row {
        view: "silence",
        component: "SilenceDialog",
        open: |_| {},
        states: [
            Never("there is no alert to silence yet"),
            HAS_TARGET,
            Drawn(silencing),
            NO_ANSWER,
            Drawn(|whole| {
                silencing(whole);
                whole.press(&["enter"]);
                whole.reply(Err(Problem::refused("this alert does not hold any more", "")));
            }),
            Never("there is no alert to silence"),
            Drawn(silencing),
        ],
    },
    Row {
        view: "runs",
        component: "RunsView",
        open: |whole| whole.press(&["r"]),
        states: [HERE, HERE, HERE, NOT_POLLED, NOT_POLLED, NOT_POLLED, HERE],
    },
    Row {
        view: "run",
        component: "RunDialog",
        open: |whole| whole.press(&["r", "down", "enter"]),
        states: [
            Alone(start_a_run),
            HAS_TARGET,
            HERE,
            NOT_POLLED,
            Drawn(|whole| whole.press(&["esc", "up", "enter"])),
            NOT_POLLED,
            HERE,
        ],
    },
    Row {
        view: "run_of_many_steps",
        component: "RunDialog",
        open: |whole| {
            whole.change(Change::Run(Box::new(fixture::long_run())));
            whole.press(&["r", "down", "enter"]);
        },
        states: [
            Never("as a run of few steps"),
            HAS_TARGET,
            HERE,
            NOT_POLLED,
            Never("as a run of few steps"),
            NOT_POLLED,
            HERE,
        ],
    },
    Row {
        view: "plan",
        component: "PlanDialog",
        open: |whole| whole.press(&["p"]),
        states: [
            Alone(|whole| whole.press(&["p"])),
            HAS_TARGET,
            Drawn(|whole| planned(whole, fixture::long_provision("812"))),
            Drawn(|whole| {
                planned(whole, fixture::long_provision("812"));
                let fleet = fleet();
                let paid = fleet.orders.values().find(|entry| entry.order.id.as_str() == "812");
                let mut order = (**paid.expect("the fixture's order")).clone();
                order.order.status = OrderStatus::Canceled;
                whole.change(Change::Order(order.into()));
            }),
            Drawn(|whole| whole.reply(Err(fixture::timeout()))),
            NO_ROW,
            Drawn(|whole| planned(whole, fixture::long_provision("812"))),
        ],
    },
    Row {
        view: "plan_refused",
        component: "PlanDialog",
        open: |whole| whole.press(&["p"]),
        states: [
            Never("as a plan"),
            HAS_TARGET,
            Drawn(|whole| planned(whole, fixture::refused("812"))),
            Never("as a plan"),
            Never("as a plan"),
            NO_ROW,
            Never("as a plan"),
        ],
    },
    Row {
        view: "keep",
        component: "KeepDialog",
        open: |whole| whole.press(&["2", "v", "a"]),
        states: [
            NO_ANSWER,
            HAS_TARGET,
            Drawn(|whole| whole.type_text("load tests until Friday")),
            NO_ANSWER,
            Drawn(|whole| whole.press(&["enter"])),
            NO_ROW,
            HERE,
        ],
    },
    Row {
        view: "confirm",
        component: "ConfirmDialog",
        open: |whole| whole.press(&["r", "down", "x"]),
        states: [
            Alone(|whole| whole.press(&["r", "down", "x", "y"])),
            HAS_TARGET,
            HERE,
            NOT_POLLED,
            Drawn(|whole| {
                whole.press(&["y"]);
                whole.reply(Err(fixture::timeout()));
            }),
            NOT_POLLED,
            HERE,
        ],
    },
    Row {
        view: "doctor",
        component: "DoctorView",
        open: |whole| whole.press(&["!"]),
        states: [
            HERE,
            Drawn(|whole| found(whole, vec![fine("every node row points at a node of the panel")])),
            Drawn(|whole| found(whole, findings())),
            Drawn(|whole| {
                found(whole, findings());
                whole.wait(75 * 60_000);
            }),
            Drawn(|whole| whole.reply(Err(fixture::timeout()))),
            NO_MEMORY,
            Drawn(|whole| found(whole, findings())),
        ],
    },
    Row {
        view: "console",
        component: "ServerConsole",
        open: |whole| whole.press(&["2", "v", "end", "c"]),
        states: [
            Alone(|whole| whole.press(&["2", "v", "end", "c"])),
            Alone(|whole| {
                whole.press(&["2", "v", "end", "c"]);
                whole.stream([ConsoleItem::Connected]);
            }),
            Drawn(live),
            Drawn(|whole| {
                live(whole);
                whole.stream([ConsoleItem::Reconnecting("the daemon closed the socket".to_owned())]);
            }),
            Drawn(|whole| {
                live(whole);
                whole.stream([ConsoleItem::Closed("the server was deleted".to_owned())]);
            }),
            NO_ROW,
            Drawn(live),
        ],
    },
    Row {
        view: "help",
        component: "Viewer",
        open: |whole| whole.press(&["?"]),
        states: [HERE, NO_DATA, HERE, NO_DATA, NO_DATA, NO_DATA, HERE],
    },
    Row {
        view: "notices",
        component: "Viewer",
        open: |_| {},
        states: [
            NO_DATA,
            Drawn(|whole| whole.press(&["N"])),
            Drawn(|whole| {
                whole.press(&["y", "e"]);
                let text = "order 812 has been paid for 50 m and nothing happens".to_owned();
                whole.change(Change::Notice { at: ago(0), text });
                whole.press(&["N"]);
            }),
            NO_DATA,
            NO_DATA,
            NO_DATA,
            Drawn(|whole| whole.press(&["y", "N"])),
        ],
    },
    Row {
        view: "palette",
        component: "Palette",
        open: |whole| whole.press(&[":"]),
        states: [
            HERE,
            Drawn(|whole| whole.type_text("zzz")),
            HERE,
            NO_DATA,
            NO_DATA,
            NO_DATA,
            Drawn(|whole| whole.type_text("server")),
        ],
    },
];

/// A console whose engine is in this state; a lost one is lost later, when its view is open.
fn in_state(state: &str) -> Whole {
    let mut whole = Whole::new();
    match state {
        "loading" => {}
        "empty" => whole.snapshot(&empty_fleet()),
        "stale" => whole.snapshot(&with_feeds(fixture::old_fleet(), |feed| {
            feed.succeeded_at = Some(ago(12 * 60_000));
            feed.is_late = true;
        })),
        "failed" => whole.snapshot(&with_feeds(fixture::old_fleet(), |feed| {
            feed.succeeded_at = Some(ago(12 * 60_000));
            feed.problem = Some(fixture::timeout());
            feed.failures = 7;
        })),
        "never_read" => whole.snapshot(&with_feeds(empty_fleet(), |feed| {
            feed.succeeded_at = None;
            feed.problem = Some(fixture::timeout());
        })),
        _ => whole.snapshot(&fleet()),
    }
    whole
}

/// Shown in the one state in which it is another than its like above.
const fn only(open: fn(&mut Whole)) -> [Cell; STATES.len()] {
    const LIKE: Cell = Never("as its like above");
    [LIKE, LIKE, Drawn(open), LIKE, LIKE, LIKE, LIKE]
}

/// Matches go on.
fn with_matches(whole: &mut Whole) {
    for change in rented::changes() {
        whole.change(change);
    }
    whole.press(&["home"]);
}

/// The details of the match in this row.
fn shown(whole: &mut Whole, row: usize) {
    with_matches(whole);
    whole.press(&vec!["down"; row]);
    whole.press(&["enter"]);
}

/// What a key asks about the match in this row.
fn asked(whole: &mut Whole, row: usize, key: &str) {
    with_matches(whole);
    whole.press(&vec!["down"; row]);
    whole.press(&[key]);
}

fn new_match(whole: &mut Whole) {
    whole.change(rented::feed_of(|_| {}));
    whole.press(&["n"]);
    whole.answer(rented::answer);
}

fn rematch(whole: &mut Whole) {
    asked(whole, 1, "R");
    whole.answer(rented::answer);
}

/// The accounts answer, and the past is known.
fn paid(whole: &mut Whole) {
    for change in money::changes() {
        whole.change(change);
    }
    whole.press(&["home", "down", "down"]);
    whole.answer(money::past);
}

/// Last week, shown by its engine.
fn reporting(whole: &mut Whole) {
    paid(whole);
    whole.press(&["p"]);
    whole.answer(|request| matches!(request, Request::Report(_)).then(|| reports::answer(request)));
}

fn burning(whole: &mut Whole) {
    paid(whole);
    whole.press(&["enter"]);
}

/// An exaroton account, and the nodes tab in front.
fn hosting(whole: &mut Whole) {
    for change in exaroton::changes() {
        whole.change(change);
    }
    whole.press(&["end"]);
}

fn hosting_servers(whole: &mut Whole) {
    hosting(whole);
    whole.press(&["enter"]);
}

/// Of the one that is online.
fn hosting_details(whole: &mut Whole) {
    hosting_servers(whole);
    whole.press(&["end", "up", "enter"]);
}

fn joined_by_many(whole: &mut Whole) {
    hosting_servers(whole);
    whole.press(&["end", "up", "c"]);
    let joined = |number| ConsoleItem::Line(format!("[12:00:{number:02}] player{number} joined the game"));
    let first = [ConsoleItem::Connected, ConsoleItem::Power(PowerState::Running)];
    whole.stream(first.into_iter().chain((1..=60).map(joined)));
    let usage = Usage {
        cpu_percent: 0.0,
        memory_bytes: 3_435_973_836,
        disk_bytes: 0,
        network_rx_bytes: 0,
        network_tx_bytes: 0,
        uptime_ms: 0,
        observed_at: ago(0),
    };
    whole.stream([ConsoleItem::Tick(64.5), ConsoleItem::Usage(usage), ConsoleItem::Heap(2_147_483_648)]);
}

fn unheard(feed: &mut Feed) {
    failing(feed);
    feed.succeeded_at = None;
}

fn alerting(whole: &mut Whole) {
    whole.change(Change::Alerts(money::alerts()));
    whole.press(&["home"]);
}

fn silencing(whole: &mut Whole) {
    whole.press(&["A"]);
    alerting(whole);
    whole.press(&["s"]);
    whole.type_text("ann looks at it");
}

fn late(feed: &mut Feed) {
    feed.succeeded_at = Some(ago(12 * 60_000));
    feed.is_late = true;
}

fn failing(feed: &mut Feed) {
    late(feed);
    feed.problem = Some(fixture::timeout());
    feed.failures = 7;
}

fn planned(whole: &mut Whole, plan: ActionPlan) {
    whole.reply(Ok(Reply::Plan(Box::new(plan))));
}

fn start_a_run(whole: &mut Whole) {
    whole.press(&["p"]);
    planned(whole, fixture::provision("812"));
    whole.press(&["y"]);
    whole.reply(Ok(Reply::RunStarted("01JF0000000000000000000RUN".into())));
}

fn found(whole: &mut Whole, findings: Vec<Finding>) {
    whole.reply(Ok(Reply::Findings(findings)));
}

fn fine(title: &str) -> Finding {
    Finding {
        check: "check".to_owned(),
        severity: Severity::Ok,
        title: title.to_owned(),
        why: String::new(),
        advice: String::new(),
        rows: Vec::new(),
    }
}

fn findings() -> Vec<Finding> {
    let finding = |severity, title: &str, why: &str, advice: &str, rows: &[&str]| Finding {
        severity,
        why: why.to_owned(),
        advice: advice.to_owned(),
        rows: rows.iter().map(|row| (*row).to_owned()).collect(),
        ..fine(title)
    };
    vec![
        fine("every node row points at a node of the panel"),
        finding(
            Severity::Warning,
            "1 node has no free allocation",
            "No order of its region can be provisioned on it.",
            "Add allocations to the node in the panel.",
            &["nyc-01 (node 3)"],
        ),
        finding(
            Severity::Error,
            "2 active plans have no price id",
            "Customers who buy it pay and never get a server.",
            "Give the plan a price id in the shop, or switch it off.",
            &["7 Diamond 8G", "9 Iron 2G"],
        ),
        fine("every region has an enabled node"),
    ]
}

fn live(whole: &mut Whole) {
    let joined = |number| ConsoleItem::Line(format!("[12:00:{number:02} INFO]: player{number} joined"));
    let first = [ConsoleItem::Connected, ConsoleItem::Power(PowerState::Running)];
    whole.stream(first.into_iter().chain((1..=60).map(joined)));
    let error = "\u{1b}[31m[12:01:00 ERROR]: Could not pass event\u{1b}[0m".to_owned();
    whole.stream([ConsoleItem::Lost(12), ConsoleItem::Line(error)]);
}

/// The views in their states, each as it is drawn.
fn each_drawn(mut draw: impl FnMut(&str, Whole)) {
    for row in TABLE {
        for (state, cell) in STATES.iter().zip(&row.states) {
            let mut whole = match cell {
                Drawn(finish) => {
                    let mut whole = in_state(state);
                    (row.open)(&mut whole);
                    finish(&mut whole);
                    whole
                }
                Alone(open) => {
                    let mut whole = in_state("fresh");
                    open(&mut whole);
                    whole
                }
                Never(_) => continue,
            };
            if *state == "lost" {
                whole.lose();
            }
            draw(&format!("{}_{state}", row.view), whole);
        }
    }
}

#[test]
fn every_view_in_every_state_at_every_size() {
    each_drawn(|name, mut whole| {
        let frames = SIZES.map(|(width, height)| whole.frame(width, height));
        assert_snapshot!(name, frames.join("\n"));
    });
}

#[test]
fn every_component_of_the_console_is_in_the_table() {
    let mut known = BTreeSet::new();
    components(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/console")), &mut known);
    let listed: BTreeSet<String> = TABLE.iter().map(|row| row.component.to_owned()).collect();
    assert_eq!(known, listed, "components of src/console on the left, those of the table on the right");
}

/// The names in `impl Component for …` below a folder.
fn components(folder: &Path, known: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            components(&path, known);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = std::fs::read_to_string(&path).expect("a source");
            let names = source.lines().filter_map(|line| line.strip_prefix("impl Component for "));
            known.extend(names.map(|rest| rest.trim_end_matches(" {").to_owned()));
        }
    }
}

#[test]
fn every_snapshot_is_of_the_table_and_every_reason_is_said() {
    let mut wanted = BTreeSet::new();
    for row in TABLE {
        for (state, cell) in STATES.iter().zip(&row.states) {
            match cell {
                Drawn(_) | Alone(_) => {
                    wanted.insert(format!("console_frames__states__{}_{state}.snap", row.view));
                }
                Never(reason) => assert!(!reason.is_empty(), "{} {state}", row.view),
            }
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/console_frames/snapshots");
    let entries = std::fs::read_dir(folder).expect("the snapshots");
    let kept: BTreeSet<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("console_frames__states__"))
        .collect();
    assert_eq!(kept, wanted, "snapshots on the left, the table's cells on the right");
}

/// The site of the fixture is in production: whatever is open says so.
#[test]
fn every_frame_says_where_it_acts() {
    each_drawn(|name, mut whole| {
        if name.ends_with("_loading") {
            return; // the engine has not said yet which site this is
        }
        for (width, height) in SIZES {
            let text = whole.text(width, height);
            assert!(text.contains("PRODUCTION"), "{name} at {width}x{height}:\n{text}");
        }
    });
}

#[test]
fn a_plan_shows_its_cost_warnings_and_steps_without_scrolling() {
    let mut whole = in_state("fresh");
    whole.press(&["p"]);
    let plan = fixture::long_provision("812");
    planned(&mut whole, plan.clone());
    let text = whole.text(80, 24);
    assert!(text.contains("EUR/h →"), "{text}");
    for step in &plan.steps {
        assert!(text.contains(&step.title), "{} is not on screen:\n{text}", step.title);
    }
    assert!(text.contains("more below"), "{text}");
    whole.press(&["pagedown"]);
    let text = whole.text(80, 24);
    assert!(text.contains("more above") && text.contains("image"), "{text}");
}

#[test]
fn a_run_follows_its_acting_step_until_it_is_scrolled_away() {
    let acting = |text: &str| text.lines().any(|line| line.contains("acting"));
    let mut whole = in_state("fresh");
    whole.text(80, 24);
    let mut run = fixture::long_run();
    whole.change(Change::Run(Box::new(run.clone())));
    whole.press(&["r", "down", "enter"]);
    let text = whole.text(80, 24);
    assert!(acting(&text) && text.contains("more above"), "{text}");
    whole.press(&["home"]);
    assert!(!acting(&whole.text(80, 24)), "the operator reads the first steps");
    fixture::next_step(&mut run);
    whole.change(Change::Run(Box::new(run.clone())));
    assert!(!acting(&whole.text(80, 24)), "it moved under the reader's eyes");
    whole.press(&["end"]);
    assert!(acting(&whole.text(80, 24)));
    fixture::next_step(&mut run);
    whole.change(Change::Run(Box::new(run)));
    assert!(acting(&whole.text(80, 24)), "it follows again");
}

#[test]
fn a_refused_plan_says_the_refusal_first() {
    let mut whole = in_state("fresh");
    whole.press(&["p"]);
    planned(&mut whole, fixture::refused("812"));
    let text = whole.text(80, 24);
    let first = text.lines().find(|line| line.contains("refused") || line.contains("✓ ok"));
    assert!(first.is_some_and(|line| line.contains("refused")), "{text}");
}
