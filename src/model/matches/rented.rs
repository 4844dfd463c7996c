//! Rented servers and who answers for each: what bills compared with what matches own. Pure.
//!
//! A server is ours when it carries the mark of a match of ours, a name of ours, or a match says that it rented it. Others are
//! shown as unknown and nothing more: they may be anybody's.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::mark::is_match_server_name;
use super::{Match, MatchServer};
use crate::model::game_server::{DATHOST_CREDITS, GameServer, GameServerState, SubscriptionState};
use crate::model::ids::{MatchId, OperatorName, ServerKey};
use crate::model::money::Money;
use crate::model::time::Timestamp;

/// Somebody's word that a rented server shall stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptServer {
    /// Who said so.
    pub by: OperatorName,
    /// Why.
    pub reason: String,
    /// Until when; nothing for as long as nobody says otherwise.
    pub until: Option<Timestamp>,
}

impl KeptServer {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Who answers for a rented server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RentedStanding {
    /// A match that goes on.
    Match(MatchId),
    /// A match that is over, whose run still works on destroying it.
    Ending(MatchId),
    /// A person who said that it stays.
    Kept(KeptServer),
    /// Nobody: it is ours, and its match is over or not known.
    Orphan {
        /// The match it was rented for, where it says so.
        of: Option<MatchId>,
        /// Whether that match is known here and over: another engine may be playing one that is not known.
        is_over: bool,
        /// Since when that is known.
        since: Timestamp,
    },
    /// Not ours as far as anybody can tell.
    Unknown,
}

/// A rented server with who answers for it and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RentedView {
    /// Which.
    pub key: ServerKey,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub location: String,
    /// Whether it is on.
    pub state: GameServerState,
    /// Who answers for it.
    pub standing: RentedStanding,
    /// Reads of the account that found it without an owner, one after the other.
    pub sightings: u32,
    /// Whether only a person may delete it: it is protected, or paid by the month.
    pub is_for_people_only: bool,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// What it cost in the provider's present month, where the provider says so.
    pub cost: Option<Money>,
    /// What it burns now; nothing while it is off.
    pub burn_per_hour: Option<Money>,
    /// When it was observed.
    pub observed_at: Timestamp,
}

impl RentedView {
    /// Whether nobody answers for it although it is ours.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        matches!(self.standing, RentedStanding::Orphan { .. })
    }

    /// Whether automation may delete it after so many sightings.
    #[must_use]
    pub fn may_be_reaped(&self, sightings: u32) -> bool {
        // A name alone is no proof, anybody can give one; and a match that is not known may be another engine's.
        let is_surely_over = matches!(self.standing, RentedStanding::Orphan { is_over: true, .. });
        is_surely_over && !self.is_for_people_only && self.sightings >= sightings
    }
}

/// What judging looks at beside the servers.
pub struct RentedOwners<'a> {
    /// Every match that is known.
    pub matches: &'a BTreeMap<MatchId, Match>,
    /// Matches whose run goes on.
    pub running: &'a BTreeSet<MatchId>,
    /// What people said.
    pub kept: &'a BTreeMap<ServerKey, KeptServer>,
    /// Whether the servers were just read: judging the same read again is no other sighting.
    pub is_sighting: bool,
    /// The present.
    pub now: Timestamp,
}

/// Judges the servers of one complete read. `before` is what the read before this one found.
#[must_use]
pub fn judge_rented<'a>(
    servers: impl IntoIterator<Item = &'a GameServer>,
    owners: &RentedOwners<'_>,
    before: &[RentedView],
) -> Vec<RentedView> {
    let before: BTreeMap<&ServerKey, &RentedView> = before.iter().map(|view| (&view.key, view)).collect();
    servers
        .into_iter()
        .filter(|server| server.game == "cs2" || owner_of(server, owners).is_some())
        .map(|server| view(server, owners, before.get(&server.key).copied()))
        .collect()
}

/// The match that a server was rented for: by its mark, or because the match says so.
fn owner_of(server: &GameServer, owners: &RentedOwners<'_>) -> Option<MatchId> {
    MatchId::of_mark(&server.user_data).or_else(|| {
        let rented_it = |one: &&Match| one.rented.as_ref().is_some_and(|rented| rented.key == server.key);
        owners.matches.values().find(rented_it).map(|one| one.id.clone())
    })
}

fn view(server: &GameServer, owners: &RentedOwners<'_>, before: Option<&RentedView>) -> RentedView {
    let standing = standing(server, owners, before);
    let is_orphan = matches!(standing, RentedStanding::Orphan { .. });
    let credits = |amount: Decimal| Money::new(amount, DATHOST_CREDITS);
    let per_hour = server.price.per_hour.or(server.price.most_per_hour);
    RentedView {
        key: server.key.clone(),
        name: server.name.clone(),
        location: server.location.clone(),
        state: server.state,
        sightings: if is_orphan {
            before.map_or(0, |before| before.sightings).saturating_add(u32::from(owners.is_sighting))
        } else {
            0
        },
        standing,
        is_for_people_only: server.is_protected || server.price.subscription != SubscriptionState::PayAsYouGo,
        created_at: server.created_at,
        cost: server.price.used_in_month.map(credits),
        burn_per_hour: per_hour.filter(|_| server.is_billed_by_hour()).map(credits),
        observed_at: server.observed_at,
    }
}

fn standing(server: &GameServer, owners: &RentedOwners<'_>, before: Option<&RentedView>) -> RentedStanding {
    let of = owner_of(server, owners);
    if let Some(id) = of.as_ref().filter(|id| owners.running.contains(*id)) {
        let is_over = owners.matches.get(id).is_some_and(|one| one.phase.is_over());
        return if is_over { RentedStanding::Ending(id.clone()) } else { RentedStanding::Match(id.clone()) };
    }
    if let Some(kept) = owners.kept.get(&server.key).filter(|kept| kept.holds(owners.now)) {
        return RentedStanding::Kept(kept.clone());
    }
    if of.is_none() && !is_match_server_name(&server.name) {
        return RentedStanding::Unknown;
    }
    let since = match before.map(|before| &before.standing) {
        Some(RentedStanding::Orphan { since, .. }) => *since,
        _ => owners.now,
    };
    let is_over = of.as_ref().and_then(|id| owners.matches.get(id)).is_some_and(|one| one.phase.is_over());
    RentedStanding::Orphan { of, is_over, since }
}

impl Match {
    /// Whether its server bills although nothing is played any more.
    #[must_use]
    pub fn is_lingering(&self) -> bool {
        self.phase.is_over() && self.server == MatchServer::Up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::game_server::{GameServerPorts, GameServerPrice};
    use proptest::prelude::*;

    fn server(id: &str, user_data: &str) -> GameServer {
        GameServer {
            key: ServerKey { account: "dat".into(), id: id.to_owned() },
            name: format!("server {id}"),
            user_data: user_data.to_owned(),
            game: "cs2".to_owned(),
            location: "stockholm".to_owned(),
            state: GameServerState::On,
            match_id: None,
            error: String::new(),
            players_online: None,
            host: None,
            ip: None,
            ports: GameServerPorts::default(),
            price: GameServerPrice { per_hour: Some(Decimal::new(22, 2)), ..GameServerPrice::default() },
            autostop_minutes: None,
            is_protected: false,
            duplicated_from: None,
            created_at: None,
            observed_at: Timestamp(0),
        }
    }

    /// A match that is known and over.
    fn over(id: &str) -> Match {
        Match {
            id: id.into(),
            request: super::super::request::tests::request(1),
            run: "run".into(),
            by: "ann@desk".into(),
            phase: crate::model::matches::MatchPhase::Finished,
            phase_since: Timestamp(0),
            until: None,
            server: MatchServer::Up,
            rented: None,
            burn_per_hour: None,
            cost: None,
            reading: None,
            end: None,
            settlement: None,
            demo_file: None,
            hooks: crate::model::matches::HookState::NotConfigured,
            requested_at: Timestamp(0),
            ended_at: None,
            observed_at: Timestamp(0),
        }
    }

    fn judge(
        servers: &[GameServer],
        running: &[&str],
        kept: &[(&str, Option<i64>)],
        before: &[RentedView],
        now: i64,
    ) -> Vec<RentedView> {
        let kept = kept
            .iter()
            .map(|(id, until)| {
                let note = KeptServer {
                    by: "ann@desk".into(),
                    reason: "demo".to_owned(),
                    until: until.map(Timestamp),
                };
                (ServerKey { account: "dat".into(), id: (*id).to_owned() }, note)
            })
            .collect();
        let over = [over("M2"), over("M3"), over("DEAD")];
        let owners = RentedOwners {
            matches: &over.into_iter().map(|one| (one.id.clone(), one)).collect(),
            running: &running.iter().map(|id| MatchId::from(*id)).collect(),
            kept: &kept,
            is_sighting: true,
            now: Timestamp(now),
        };
        judge_rented(servers, &owners, before)
    }

    #[test]
    fn what_bills_and_is_nobodys_is_an_orphan_and_others_are_left_alone() {
        let servers = [
            server("a", "quarterdeck:match:M1"),
            server("b", "quarterdeck:match:M2"),
            server("c", "somebody else"),
            GameServer { name: "qd-match-12345678".to_owned(), ..server("d", "") },
        ];
        let found = judge(&servers, &["M1"], &[], &[], 5);
        let since = Timestamp(5);
        let standings: Vec<&RentedStanding> = found.iter().map(|view| &view.standing).collect();
        assert_eq!(
            standings,
            [
                &RentedStanding::Match("M1".into()),
                &RentedStanding::Orphan { of: Some("M2".into()), is_over: true, since },
                &RentedStanding::Unknown,
                &RentedStanding::Orphan { of: None, is_over: false, since },
            ]
        );
        assert_eq!(found[1].burn_per_hour, Some(Money::new(Decimal::new(22, 2), DATHOST_CREDITS)));
    }

    #[test]
    fn automation_waits_for_two_sightings_and_never_touches_what_is_protected_or_only_named_like_ours() {
        let servers = [
            server("a", "quarterdeck:match:M2"),
            GameServer { is_protected: true, ..server("b", "quarterdeck:match:M2") },
            GameServer { name: "qd-match-12345678".to_owned(), ..server("c", "") },
            GameServer {
                price: GameServerPrice {
                    subscription: SubscriptionState::Active,
                    ..GameServerPrice::default()
                },
                ..server("d", "quarterdeck:match:M3")
            },
            server("e", "quarterdeck:match:OF_ANOTHER_ENGINE"),
        ];
        let first = judge(&servers, &[], &[], &[], 1);
        assert!(first.iter().all(|view| view.is_orphan() && !view.may_be_reaped(2)));
        let second = judge(&servers, &[], &[], &first, 2);
        let reaped: Vec<bool> = second.iter().map(|view| view.may_be_reaped(2)).collect();
        assert_eq!(reaped, [true, false, false, false, false]);
        let RentedStanding::Orphan { since, .. } = second[0].standing else { panic!("{:?}", second[0]) };
        assert_eq!(since, Timestamp(1));
    }

    #[test]
    fn a_kept_server_is_an_orphan_again_when_its_time_is_over() {
        let servers = [server("a", "quarterdeck:match:M1")];
        assert!(!judge(&servers, &[], &[("a", Some(10))], &[], 9)[0].is_orphan());
        assert!(judge(&servers, &[], &[("a", Some(10))], &[], 10)[0].is_orphan());
        assert!(!judge(&servers, &[], &[("a", None)], &[], 1_000)[0].is_orphan());
    }

    proptest! {
        /// Whatever stands there: only what carries the mark of a match that nobody works on is ever taken by automation.
        #[test]
        fn only_marked_servers_are_ever_reaped(marks in prop::collection::vec((0..4_u8, any::<bool>(), any::<bool>()), 0..8), rounds in 1..5_u32) {
            let servers: Vec<GameServer> = marks.iter().enumerate().map(|(at, (mark, is_protected, is_kept_free))| {
                let user_data = match mark { 0 => "quarterdeck:match:LIVE", 1 => "quarterdeck:match:DEAD", 2 => "other", _ => "" };
                let name = if *is_kept_free { "qd-match-x" } else { "theirs" };
                GameServer { is_protected: *is_protected, name: name.to_owned(), ..server(&at.to_string(), user_data) }
            }).collect();
            let mut views = Vec::new();
            for round in 0..rounds {
                views = judge(&servers, &["LIVE"], &[], &views, i64::from(round));
            }
            for (view, server) in views.iter().zip(&servers) {
                let expected = server.user_data.ends_with("DEAD") && !server.is_protected && rounds >= 2;
                prop_assert_eq!(view.may_be_reaped(2), expected);
            }
        }
    }
}
