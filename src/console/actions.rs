//! THE table of actions: the keymap, the hint bar, the help overlay, the palette, the documentation and the read-only
//! mode are all made from it.
//!
//! To add an action, add one row. Names are those of `model::action::ActionRequest::name` where there is one.

/// Where an action's keys are listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In every state of the console, dialogs and text fields included.
    Always,
    /// On every tab.
    Global,
    /// Where something can be moved through: tables, long texts, dialogs.
    Scroll,
    /// Wherever a table is in front.
    List,
    /// The orders tab.
    Orders,
    /// The nodes tab, at its first level.
    Nodes,
    /// The servers of a node.
    Servers,
    /// The servers of an exaroton account.
    CreditServers,
    /// A server's live console.
    Console,
    /// The matches tab.
    Matches,
    /// The list of runs.
    Runs,
    /// The balances of the credits tab.
    Credits,
    /// What burns a balance.
    Burners,
    /// The list of alerts.
    Alerts,
    /// A full-screen or overlaid text to read: help, doctor, details.
    Viewer,
    /// A dialog that asks something.
    Dialog,
    /// A text field being typed into.
    Text,
    /// A tab with nothing to list: not connected.
    Empty,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 18] = [
        Self::Always,
        Self::Global,
        Self::Scroll,
        Self::List,
        Self::Orders,
        Self::Nodes,
        Self::Servers,
        Self::CreditServers,
        Self::Console,
        Self::Matches,
        Self::Runs,
        Self::Credits,
        Self::Burners,
        Self::Alerts,
        Self::Viewer,
        Self::Dialog,
        Self::Text,
        Self::Empty,
    ];

    /// The scopes whose keys are heard while a component of this scope has the focus, nearest first.
    #[must_use]
    pub fn stack(self) -> &'static [Self] {
        match self {
            Self::Always => &[Self::Always],
            Self::Global | Self::Empty => &[Self::Empty, Self::Global, Self::Always],
            Self::Scroll | Self::Viewer => &[Self::Viewer, Self::Scroll, Self::Always],
            Self::List => &[Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Orders => &[Self::Orders, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Nodes => &[Self::Nodes, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Servers => &[Self::Servers, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::CreditServers => {
                &[Self::CreditServers, Self::List, Self::Scroll, Self::Global, Self::Always]
            }
            Self::Console => &[Self::Console, Self::Scroll, Self::Global, Self::Always],
            Self::Matches => &[Self::Matches, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Runs => &[Self::Runs, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Credits => &[Self::Credits, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Burners => &[Self::Burners, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Alerts => &[Self::Alerts, Self::List, Self::Scroll, Self::Global, Self::Always],
            Self::Dialog => &[Self::Dialog, Self::Scroll, Self::Always],
            Self::Text => &[Self::Text, Self::Always],
        }
    }

    /// The heading in help and documentation.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::Global => "On every tab",
            Self::Scroll => "Moving",
            Self::List => "Tables",
            Self::Orders => "Orders",
            Self::Nodes => "Nodes",
            Self::Servers => "Servers",
            Self::CreditServers => "Servers at exaroton",
            Self::Console => "Server console",
            Self::Matches => "Matches",
            Self::Runs => "Runs",
            Self::Credits => "Credits",
            Self::Burners => "What burns a balance",
            Self::Alerts => "Alerts",
            Self::Viewer => "Reading",
            Self::Dialog => "Dialogs",
            Self::Text => "Text fields",
            Self::Empty => "Tabs that are not connected",
        }
    }
}

/// What an action can do to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Changes only what is shown.
    View,
    /// Asks or writes something harmless: refresh, copy, export.
    Safe,
    /// Changes something that can be changed back.
    Changes,
    /// Ends something for good, or may lose data.
    Destroys,
}

impl Risk {
    /// Whether the read-only mode takes the action away.
    #[must_use]
    pub fn is_removed_by_read_only(self) -> bool {
        self >= Self::Changes
    }

    /// The word for help and documentation.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Safe => "safe",
            Self::Changes => "changes",
            Self::Destroys => "destroys",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSpec {
    /// The action.
    pub action: Action,
    /// Its stable name in configuration, palette and documentation.
    pub name: &'static str,
    /// One or two words for the hint bar.
    pub label: &'static str,
    /// One sentence for help and documentation.
    pub help: &'static str,
    /// Where its keys are listened to.
    pub scopes: &'static [Scope],
    /// What it can do.
    pub risk: Risk,
    /// Place in the hint bar, higher first; 0 keeps it out.
    pub hint_priority: u8,
    /// The default keys, by name; the first is shown.
    pub keys: &'static [&'static str],
}

macro_rules! actions {
    ($($variant:ident $name:literal $label:literal $risk:ident $priority:literal
       [$($scope:ident)+] [$($key:literal)*] $help:literal)+) => {
        /// Something an operator can do with a key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $help] $variant,)+
        }

        /// Every action, in the order of help.
        pub const ACTIONS: &[ActionSpec] = &[
            $(ActionSpec {
                action: Action::$variant,
                name: $name,
                label: $label,
                help: $help,
                scopes: &[$(Scope::$scope),+],
                risk: Risk::$risk,
                hint_priority: $priority,
                keys: &[$($key),*],
            },)+
        ];
    };
}

actions! {
//  variant         name                label           risk     hint  scopes                     default keys
    Help            "help"              "help"          View     90 [Global]                      ["?" "f1"]
        "Show every key that works here."
    Palette         "palette"           "commands"      View     60 [Global]                      [":" "ctrl-p"]
        "Find an action by its name and do it."
    Quit            "quit"              "quit"          View     80 [Global]                      ["q"]
        "Leave the console; the engine and its runs go on."
    QuitAtOnce      "quit_at_once"      "quit"          View      0 [Always]                      ["ctrl-c"]
        "Leave the console from any state; the engine and its runs go on."
    SuspendConsole  "suspend_console"   "background"    View      0 [Always]                      ["ctrl-z"]
        "Put the console into the background of the shell."
    RedrawScreen    "redraw_screen"     "redraw"        View      0 [Always]                      ["ctrl-l"]
        "Draw the whole screen again."
    TabOrders       "tab_orders"        "orders"        View      0 [Global]                      ["1"]
        "Go to the orders."
    TabNodes        "tab_nodes"         "nodes"         View      0 [Global]                      ["2"]
        "Go to the nodes and their servers."
    TabMatches      "tab_matches"       "matches"       View      0 [Global]                      ["3"]
        "Go to the matches."
    TabDeployments  "tab_deployments"   "deployments"   View      0 [Global]                      ["4"]
        "Go to the deployments."
    TabCredits      "tab_credits"       "credits"       View      0 [Global]                      ["5"]
        "Go to the credits."
    NextTab         "next_tab"          "next tab"      View      0 [Global]                      ["tab" "]"]
        "Go to the next tab."
    PreviousTab     "previous_tab"      "previous tab"  View      0 [Global]                      ["backtab" "["]
        "Go to the previous tab."
    RunsView        "runs"              "runs"          View     40 [Global]                      ["r"]
        "Show the runs: what goes on, step by step, and what ended."
    AlertsView      "alerts"            "alerts"        View      0 [Global]                      ["A"]
        "Show the alerts on money: what is wrong since when, and who silenced it."
    Doctor          "doctor"            "doctor"        Safe     30 [Global]                      ["!"]
        "Check plans, prices, nodes, eggs, orders and keys, and say what to do."
    Refresh         "refresh"           "refresh"       Safe     10 [Global Viewer]               ["f5" "ctrl-r"]
        "Ask the providers now for what is on screen."
    SwitchTheme     "switch_theme"      "theme"         View      0 [Global]                      ["T"]
        "Switch to the next theme."
    ToggleMouse     "toggle_mouse"      "mouse"         View      0 [Global]                      ["M"]
        "Let the mouse work here, or leave it to the terminal."
    Notices         "notices"           "notices"       View      0 [Global]                      ["N"]
        "Show the last notices."

    Up              "up"                "up"            View      0 [Scroll]                      ["up" "k"]
        "Move one row up."
    Down            "down"              "down"          View      0 [Scroll]                      ["down" "j"]
        "Move one row down."
    PageUp          "page_up"           "page up"       View      0 [Scroll]                      ["pageup" "ctrl-b"]
        "Move one page up."
    PageDown        "page_down"         "page down"     View      0 [Scroll]                      ["pagedown" "ctrl-f"]
        "Move one page down."
    HalfPageUp      "half_page_up"      "half page up"  View      0 [Scroll]                      ["ctrl-u"]
        "Move half a page up."
    HalfPageDown    "half_page_down"    "half page down" View     0 [Scroll]                      ["ctrl-d"]
        "Move half a page down."
    Home            "home"              "first"         View      0 [Scroll]                      ["home" "g"]
        "Move to the first row."
    End             "end"               "last"          View      0 [Scroll]                      ["end" "G"]
        "Move to the last row."

    Details         "details"           "details"       View     70 [List]                        ["enter" "right" "l"]
        "Open what is selected."
    Back            "back"              "back"          View     65 [List Viewer Console]         ["esc" "left" "h" "backspace"]
        "Go back: close what is open, clear the marks, clear the filter."
    CloseViewer     "close_viewer"      "close"         View     66 [Viewer]                      ["q" "?"]
        "Close what is being read."
    Filter          "filter"            "filter"        View     50 [List]                        ["/"]
        "Show only the rows that match: words match fuzzily, `status=running cost>0.2 !tag:keep` by column."
    SortNext        "sort_next"         "sort"          View     20 [List]                        ["o" ">"]
        "Sort by the next column."
    SortPrevious    "sort_previous"     "sort back"     View      0 [List]                        ["<"]
        "Sort by the previous column."
    SortReverse     "sort_reverse"      "reverse"       View      0 [List]                        ["O"]
        "Reverse the sort order."
    Mark            "mark"              "mark"          View     15 [List]                        ["space"]
        "Mark the row for an action on several, and move on."
    MarkAll         "mark_all"          "mark all"      View      0 [List]                        ["*"]
        "Mark every row shown, or unmark them all."
    Copy            "copy"              "copy"          Safe     12 [List Viewer Console]         ["y"]
        "Copy the most useful text of what is selected: address, id, message."
    Export          "export"            "export"        Safe      0 [List]                        ["e"]
        "Write the table as CSV and JSON files."

    ProvisionOrder  "provision_order"   "provision"     Changes 100 [Orders]                      ["p"]
        "Plan the provisioning of a paid order and, confirmed, carry it out."
    RetryOrder      "retry_order"       "retry"         Changes  95 [Orders]                      ["t"]
        "Try an order in error again from where it failed."
    OpenServer      "open_server"       "server"        View     45 [Orders]                      ["v"]
        "Go to the server of the order."

    AllServers      "all_servers"       "all servers"   View     45 [Nodes]                       ["v"]
        "Show the servers of every node; on an exaroton account, those of every such account."

    AttachConsole   "attach_console"    "console"       View     75 [Orders Servers CreditServers Burners Matches] ["c"]
        "Open the live console of the server."
    StartServer     "start_server"      "start"         Changes  74 [Servers CreditServers Burners Console] ["s"]
        "Start the server."
    StopServer      "stop_server"       "stop"          Changes  73 [Servers CreditServers Burners Console] ["x"]
        "Stop the server gracefully."
    RestartServer   "restart_server"    "restart"       Changes  72 [Servers CreditServers Burners Console] ["R"]
        "Restart the server."
    StartWithOwnCredits "start_with_own_credits" "start, own credits" Changes 16 [CreditServers Burners Console] ["S"]
        "Start the server on this account's credits instead of its pool's or owner's."
    SetRam          "set_ram"           "memory"        Changes  30 [CreditServers Burners Console] ["m"]
        "Set the memory of a server at exaroton, 2 to 16 GiB: what it burns from its next start on."
    ExtendTime      "extend_time"       "extend"        Changes  29 [CreditServers Burners Console] ["E"]
        "Put off the moment at which a server at exaroton stops because nobody plays."
    KillServer      "kill_server"       "kill"          Destroys 25 [Servers Console]             ["K"]
        "End the server's process at once; unsaved data is lost."
    SuspendServer   "suspend_server"    "suspend"       Changes  28 [Orders Servers Console]      ["z"]
        "Suspend the server: it stops and its owner is locked out."
    UnsuspendServer "unsuspend_server"  "unsuspend"     Changes  27 [Orders Servers Console]      ["Z"]
        "Lift the suspension of the server."
    ReinstallServer "reinstall_server"  "reinstall"     Destroys 14 [Servers Console]             ["I"]
        "Run the install script of the server again."
    DestroyServer   "destroy_server"    "destroy"       Destroys 35 [Orders Servers Console]      ["D"]
        "Delete the server and verify that it is gone."
    ForceDestroy    "force_destroy"     "force destroy" Destroys  0 [Orders Servers Console]      ["F"]
        "Delete the server although its node's daemon fails: offered after a destroy that failed so; files may stay."
    KeepServer      "keep_server"       "keep"          Changes  26 [Servers Burners]             ["a"]
        "Say why a server that nothing owns shall stay; it is no orphan then, and its burn is nobody's surprise."

    NewMatch        "new_match"         "new match"     Changes  98 [Matches]                     ["n"]
        "Ask for a match: teams, map, place; its plan says what it costs at most."
    Rematch         "rematch"           "rematch"       Changes  48 [Matches]                     ["R"]
        "Ask for a match like this one."
    CopyConnect     "copy_connect"      "copy connect"  Safe     76 [Matches]                     ["Y"]
        "Copy what players type to join, with the password; it is asked of the engine now and never shown."
    OpenRun         "open_run"          "run"           View     45 [Matches]                     ["v"]
        "Show the run that carries the match, step by step."
    AddPlayer       "add_player"        "add player"    Changes  36 [Matches]                     ["p"]
        "Put a player or a spectator on the list of a match that goes on."
    DestroyMatchServer "destroy_match_server" "destroy" Destroys 35 [Matches]                     ["D"]
        "Delete the rented server and verify that it is gone; a match on it ends."
    KeepMatchServer "keep_match_server" "keep"          Changes  26 [Matches]                     ["a"]
        "Say why and until when the rented server shall stay; it bills on and is no orphan until then."
    PlayersView     "players"           "players"       View     44 [Matches]                     ["P"]
        "Show the players: rating, matches won and lost, what they earned."
    SettleMatch     "settle_match"      "settle"        Changes  34 [Matches]                     ["s"]
        "Settle a match that is over and was not settled: ratings and rewards, once."
    ReverseSettlement "reverse_settlement" "take back"  Changes   0 [Matches]                     ["u"]
        "Take the settlement of the match back, with a reason; it may be settled again then."

    ConsoleType     "console_type"      "type"          View     85 [Console]                     ["i" "enter"]
        "Type a command into the server's console."
    ConsoleFollow   "console_follow"    "follow/pause"  View     55 [Console]                     ["f" "space"]
        "Follow new lines, or hold the view still."
    ConsoleSearch   "console_search"    "search"        View     50 [Console]                     ["/"]
        "Search the lines."
    SearchNext      "search_next"       "next match"    View      0 [Console]                     ["n"]
        "Go to the next match."
    SearchPrevious  "search_previous"   "previous match" View     0 [Console]                     ["b"]
        "Go to the previous match."

    NextPane        "next_pane"         "chart/days/figures" View 68 [Credits]                    ["v"]
        "Show the next part of the balance: chart, days, figures, changes of the burn, what burnt it."
    ZoomIn          "zoom_in"           "zoom in"       View     46 [Credits]                     ["+" "="]
        "Show a shorter time in the chart."
    ZoomOut         "zoom_out"          "zoom out"      View     47 [Credits]                     ["-"]
        "Show a longer time in the chart: up to a month."
    PanBack         "pan_back"          "earlier"       View     44 [Credits]                     [","]
        "Move the chart half its length into the past."
    PanForward      "pan_forward"       "later"         View     43 [Credits]                     ["."]
        "Move the chart half its length towards the present."
    ChartNow        "chart_now"         "to now"        View      0 [Credits]                     ["0"]
        "Show the chart up to the last reading again."
    RealTime        "real_time"         "real time"     View     69 [Credits Burners]             ["t"]
        "Let balances count down between readings, or stand as they were read."
    TakeSnapshot    "take_snapshot"     "snapshot"      Safe     42 [Credits]                     ["S"]
        "Keep a snapshot of every balance and server now."
    Report          "report"            "report"        Safe     67 [Credits]                     ["p"]
        "Make a report of a period: read it here, and write it as PDF, PNG, SVG, CSV, JSON or text."
    CompareFromNow  "compare_from_now"  "compare from now" View   18 [Credits Burners]            ["b"]
        "Tell changes of the burn from this moment on."
    ChangesSince    "changes_since"     "since"         View     17 [Credits]                     ["m"]
        "Tell changes of the burn, and what burnt, since another moment: today, 24 hours, the week, the last hour."
    BurntBy         "burnt_by"          "by owner"      View     16 [Credits]                     ["f"]
        "Tell what burnt by server, by owner (order, match, deployment, person) or by provider."
    OpenBurner      "open_burner"       "server"        View     45 [Burners]                     ["v"]
        "Go to the server where it runs."
    WhatIf          "what_if"           "what if"       View     71 [Burners]                     ["w"]
        "Show the burn and how long the money lasts as if the marked servers were stopped; esc leaves."
    OneMore         "one_more"          "one more"      View     38 [Burners]                     ["+" "="]
        "In what-if: as if one more server like this one were started."
    OneLess         "one_less"          "one less"      View     37 [Burners]                     ["-"]
        "In what-if: take one of the servers as if started back."

    SilenceAlert    "silence_alert"     "silence"       Changes  96 [Alerts]                      ["s"]
        "Say that the alert is known, for how long and why."
    UnsilenceAlert  "unsilence_alert"   "unsilence"     Changes  94 [Alerts]                      ["u"]
        "Take the silence of the alert back."

    CancelRun       "cancel_run"        "cancel run"    Changes  96 [Runs Matches]                ["x"]
        "Cancel the run: it stops after the present step and undoes what it did."

    Confirm         "confirm"           "confirm"       View     99 [Dialog]                      ["y" "f10"]
        "Do what the dialog asks. Never the key that opened the dialog."
    Cancel          "cancel"            "cancel"        View    100 [Dialog]                      ["n" "esc" "q"]
        "Close the dialog; nothing happens."
    Activate        "activate"          "choose"        View     50 [Dialog]                      ["enter"]
        "Press the button that is selected; cancel is selected at first."
    NextField       "next_field"        "next"          View      0 [Dialog]                      ["tab" "right" "l"]
        "Go to the next field or button."
    PreviousField   "previous_field"    "previous"      View      0 [Dialog]                      ["backtab" "left" "h"]
        "Go to the previous field or button."

    Submit          "submit"            "accept"        View     99 [Text]                        ["enter"]
        "Take the text."
    LeaveText       "leave_text"        "leave"         View     98 [Text]                        ["esc"]
        "Leave the text field."
    TextUp          "text_up"           "up"            View      0 [Text]                        ["up"]
        "The previous entry: history, or the list below the field."
    TextDown        "text_down"         "down"          View      0 [Text]                        ["down"]
        "The next entry: history, or the list below the field."
    TextPageUp      "text_page_up"      "page up"       View      0 [Text]                        ["pageup"]
        "Scroll what stands below the fields one page up."
    TextPageDown    "text_page_down"    "page down"     View      0 [Text]                        ["pagedown"]
        "Scroll what stands below the fields one page down."
    TextNextField   "text_next_field"   "next"          View      0 [Text]                        ["tab"]
        "Go to the next field, or complete."
    SaveRoster      "save_roster"       "save team"     Changes   0 [Text]                        ["ctrl-s"]
        "In the form of a match: save the team that is being edited, to choose it again."
    TextPreviousField "text_previous_field" "previous"  View      0 [Text]                        ["backtab"]
        "Go to the previous field."
}

impl Action {
    /// The row of the table.
    #[must_use]
    pub fn spec(self) -> &'static ActionSpec {
        // The enum and the table are made by one macro, in one order.
        &ACTIONS[self as usize]
    }

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The action with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|spec| spec.name == name).map(|spec| spec.action)
    }
}

/// The table as Markdown, for the README and the manual: one section per scope.
#[must_use]
pub fn documentation() -> String {
    let mut text = String::new();
    for scope in Scope::ALL {
        let rows: Vec<_> = ACTIONS.iter().filter(|spec| spec.scopes.contains(&scope)).collect();
        if rows.is_empty() {
            continue;
        }
        text.extend(["### ", scope.title(), "\n\n| keys | action | what it does |\n| --- | --- | --- |\n"]);
        for spec in rows {
            let keys: Vec<_> = spec.keys.iter().map(|key| format!("`{key}`")).collect();
            let help = spec.help.replace('|', "\\|");
            text.extend(["| ", &keys.join(" "), " | `", spec.name, "` | ", &help, " |\n"]);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::console::keys::Key;

    #[test]
    fn names_are_unique_and_lead_back() {
        let names: BTreeSet<_> = ACTIONS.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), ACTIONS.len());
        for spec in ACTIONS {
            assert_eq!(Action::from_name(spec.name), Some(spec.action));
            assert_eq!(spec.action.spec(), spec);
        }
    }

    #[test]
    fn every_default_key_is_a_key_and_means_one_thing_in_each_stack() {
        for focus in Scope::ALL {
            let mut seen: BTreeMap<Key, &str> = BTreeMap::new();
            for spec in ACTIONS.iter().filter(|spec| spec.scopes.iter().any(|s| focus.stack().contains(s))) {
                for name in spec.keys {
                    let key = Key::parse(name).unwrap();
                    let before = seen.insert(key, spec.name);
                    assert!(before.is_none(), "{focus:?}: {key} means {} and {}", before.unwrap(), spec.name);
                }
            }
        }
    }

    #[test]
    fn text_fields_take_no_character_as_an_action() {
        for spec in ACTIONS.iter().filter(|spec| Scope::Text.stack().iter().any(|s| spec.scopes.contains(s)))
        {
            for name in spec.keys {
                assert_eq!(Key::parse(name).unwrap().typed(), None, "{} on {name}", spec.name);
            }
        }
    }

    #[test]
    fn documentation_names_every_action() {
        let text = documentation();
        for spec in ACTIONS {
            assert!(text.contains(&format!("`{}`", spec.name)), "{} is undocumented", spec.name);
        }
    }
}
