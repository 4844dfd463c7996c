//! Rounds: who wins them, what players do in them, and when there are enough.

use serde_json::json;

use super::{Match, MatchFate, Step};
use crate::sim::dathost::world::World;

/// Rounds that win a match, and rounds after which it ends without a winner.
const ROUNDS_TO_WIN: u32 = 13;
const MOST_ROUNDS: u32 = 24;

impl World {
    /// When the next round ends.
    pub(super) fn await_round(&mut self, id: &str) {
        let (least, most) = self.match_timings.round_ms;
        let lasts = self.match_luck(id, 2, least, most);
        let at = self.now.plus_millis(lasts.max(1));
        if let Some(one) = self.matches.get_mut(id) {
            one.step = Step::Live;
            one.next_at = Some(at);
        }
    }

    pub(super) fn round_ends(&mut self, id: &str) {
        let Some(one) = self.matches.get(id) else { return };
        let server = one.server.clone();
        if matches!(one.fate, MatchFate::Crashes { after_rounds } if one.rounds() >= after_rounds) {
            self.crash(&server);
            return;
        }
        if is_over(one) {
            self.end_match(id);
            return;
        }
        let weights = weights(one);
        let is_first = self.match_luck(id, 3, 1, weights.0 + weights.1) <= weights.0;
        self.play_round(id, usize::from(!is_first));
        let Some(one) = self.matches.get(id).cloned() else { return };
        let scores = json!({ "team1_score": one.scores[0], "team2_score": one.scores[1] });
        self.tell(id, "round_end", Some(scores));
        if let Some(one) = self.matches.get(id).cloned() {
            self.hooks.call(&one, "round_end", &one.webhooks.round_end_url, &super::object(&one, false));
        }
        if is_over(&one) { self.end_match(id) } else { self.await_round(id) }
    }

    /// A round is won: everybody who is there has done something in it.
    fn play_round(&mut self, id: &str, winner: usize) {
        if let Some(score) = self.matches.get_mut(id).and_then(|one| one.scores.get_mut(winner)) {
            *score += 1;
        }
        let count = self.matches.get(id).map_or(0, |one| one.players.len());
        for at in 0..count {
            let kills = self.match_luck(id, 4, 0, 2);
            let dies = self.match_luck(id, 5, 0, 1);
            let assists = self.match_luck(id, 6, 0, 1);
            let damage = self.match_luck(id, 7, 0, 180);
            let Some(player) = self.matches.get_mut(id).and_then(|one| one.players.get_mut(at)) else {
                return;
            };
            if !player.is_connected || player.team == "spectator" {
                continue;
            }
            for (name, more) in [
                ("kills", kills),
                ("deaths", dies),
                ("assists", assists),
                ("damage_dealt", damage),
                ("2ks", u64::from(kills == 2)),
                ("kills_with_headshot", kills / 2),
                ("score", kills * 2 + assists),
            ] {
                *player.stats.entry(name).or_default() += u32::try_from(more).unwrap_or(0);
            }
        }
    }
}

/// Whether enough rounds are played.
fn is_over(one: &Match) -> bool {
    match one.fate {
        MatchFate::Ends(first, second) => one.rounds() >= first + second,
        _ => one.scores.iter().any(|score| *score >= ROUNDS_TO_WIN) || one.rounds() >= MOST_ROUNDS,
    }
}

/// How likely each team wins the next round: as much as it still has to win.
fn weights(one: &Match) -> (u64, u64) {
    match one.fate {
        MatchFate::Ends(first, second) => {
            (u64::from(first.saturating_sub(one.scores[0])), u64::from(second.saturating_sub(one.scores[1])))
        }
        _ => (50, 50),
    }
}
