//! `match …`: the grammar.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::{ActArguments, OutputArguments};
use crate::model::matches::Score;

/// What a match is created from: flags over a file.
#[derive(Debug, Clone, Default, Args)]
pub struct CreateArguments {
    /// A request as TOML or JSON (what `match show -o json` prints under `request` is one); flags go before it
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The account that pays; needed where several are configured
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Name of the team that starts as counter-terrorists
    #[arg(long, value_name = "NAME")]
    pub team1: Option<String>,
    /// Its players: Steam ids in any form or profile addresses, each as ID or ID=NAME, between commas or repeated
    #[arg(long, value_name = "IDS")]
    pub players1: Vec<String>,
    /// Its substitutes
    #[arg(long, value_name = "IDS")]
    pub substitutes1: Vec<String>,
    /// A saved team instead
    #[arg(long, value_name = "NAME", conflicts_with_all = ["team1", "players1", "substitutes1"])]
    pub roster1: Option<String>,
    /// Name of the other team
    #[arg(long, value_name = "NAME")]
    pub team2: Option<String>,
    /// Its players
    #[arg(long, value_name = "IDS")]
    pub players2: Vec<String>,
    /// Its substitutes
    #[arg(long, value_name = "IDS")]
    pub substitutes2: Vec<String>,
    /// A saved team instead
    #[arg(long, value_name = "NAME", conflicts_with_all = ["team2", "players2", "substitutes2"])]
    pub roster2: Option<String>,
    /// Who may watch
    #[arg(long, value_name = "IDS")]
    pub spectators: Vec<String>,
    /// `de_mirage` or `workshop/NUMBER`
    #[arg(long)]
    pub map: Option<String>,
    /// Where the server stands: a city or the provider's id
    #[arg(long, value_name = "PLACE")]
    pub location: Option<String>,
    /// Copy this prepared server instead of renting a new one
    #[arg(long, value_name = "SERVER")]
    pub template: Option<String>,
    /// Seconds until the match is called off when somebody is missing [default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub connect_time: Option<u32>,
    /// Seconds from the last join to the start [default: 30]
    #[arg(long, value_name = "SECONDS")]
    pub countdown: Option<u32>,
    /// Save the recording before the server is destroyed
    #[arg(long)]
    pub keep_demo: bool,
}

/// `match …`
#[derive(Debug, Subcommand)]
pub enum MatchCommand {
    /// Rent a server, play a match, settle it and destroy the server
    Create {
        /// The match
        #[command(flatten)]
        request: Box<CreateArguments>,
        /// How to confirm
        #[command(flatten)]
        act: ActArguments,
    },
    /// List the matches (as `get matches`)
    List(OutputArguments),
    /// Everything about one
    Show {
        /// The match's id, or an unmistakable end of it
        id: String,
        /// How to write it
        #[command(flatten)]
        output: OutputArguments,
        /// Print only what players type to join, with the password
        #[arg(long)]
        connect: bool,
    },
    /// Cancel its run: the match is called off and its server destroyed
    Cancel {
        /// The match's id
        id: String,
    },
    /// Delete its rented server and verify that it is gone
    Destroy {
        /// The match's id
        id: String,
        /// How to confirm
        #[command(flatten)]
        act: ActArguments,
    },
    /// Keep its rented server; it bills on
    Keep {
        /// The match's id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Until when, as 2026-11-20T18:00:00Z; without it until somebody says otherwise
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// How to confirm
        #[command(flatten)]
        act: ActArguments,
    },
    /// Put a player on the list of a match that goes on
    AddPlayer {
        /// The match's id
        id: String,
        /// A Steam id or a profile's address, or ID=NAME
        player: String,
        /// 1 or 2; without it a spectator
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
        team: Option<u8>,
    },
    /// Settle a match that is over and was not settled
    Settle {
        /// The match's id
        id: String,
        /// Rounds of each team, as 13:7 [default: what the provider showed]
        #[arg(long, value_parser = score)]
        score: Option<Score>,
    },
    /// Take a settlement back; the match may be settled again then
    Reverse {
        /// The match's id
        id: String,
        /// Why; the ledger keeps it
        #[arg(long)]
        reason: String,
    },
}

/// `13:7`.
fn score(text: &str) -> Result<Score, String> {
    text.parse().map_err(|()| "the rounds of both teams, such as 13:7".to_owned())
}
