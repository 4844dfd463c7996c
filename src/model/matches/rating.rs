//! What a result does to ratings. Pure; ratings are whole points, and what one side wins the other loses per player.

use serde::{Deserialize, Serialize};

use super::settlement::{Side, Winner};

/// Points that a player who was never rated has.
pub const FIRST_RATING: i32 = 1_000;

/// Points per result of the fixed rule: the sources' ±25.
pub const FIXED_POINTS: u16 = 25;

/// The rating difference at which the stronger side is expected to win ten times as often: Elo's convention.
const ELO_SCALE: f64 = 400.0;

/// How ratings change with a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingRule {
    /// The winner gains so many points, the loser loses them; a draw changes nothing.
    Fixed(u16),
    /// Elo over the teams' mean ratings, at most so many points; a draw moves the weaker side up.
    Elo(u16),
}

impl Default for RatingRule {
    fn default() -> Self {
        Self::Fixed(FIXED_POINTS)
    }
}

impl RatingRule {
    /// What each player of a side gains (or loses, below zero), given the ratings of both sides before.
    #[must_use]
    pub fn change(self, side: Side, winner: Winner, team1: &[i32], team2: &[i32]) -> i32 {
        let of_first = match (self, winner) {
            (Self::Fixed(_), Winner::Draw) => 0,
            (Self::Fixed(points), Winner::Side(Side::Team1)) => i32::from(points),
            (Self::Fixed(points), Winner::Side(Side::Team2)) => -i32::from(points),
            (Self::Elo(most), winner) => elo(most, winner, mean(team1), mean(team2)),
        };
        match side {
            Side::Team1 => of_first,
            Side::Team2 => -of_first,
        }
    }
}

fn mean(ratings: &[i32]) -> f64 {
    if ratings.is_empty() {
        return f64::from(FIRST_RATING);
    }
    let sum: i64 = ratings.iter().copied().map(i64::from).sum();
    sum as f64 / ratings.len() as f64
}

/// The first side's points, rounded to whole ones; kept in the ledger, so no other machine computes them again.
fn elo(most: u16, winner: Winner, first: f64, second: f64) -> i32 {
    let expected = 1.0 / (1.0 + 10_f64.powf((second - first) / ELO_SCALE));
    let scored = match winner {
        Winner::Side(Side::Team1) => 1.0,
        Winner::Side(Side::Team2) => 0.0,
        Winner::Draw => 0.5,
    };
    let points = (f64::from(most) * (scored - expected)).round();
    #[expect(clippy::cast_possible_truncation, reason = "between -65,535 and 65,535: `most` is 16 bits")]
    let points = points as i32;
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST_WINS: Winner = Winner::Side(Side::Team1);

    #[test]
    fn the_fixed_rule_gives_and_takes_the_same() {
        let change = |side, winner| RatingRule::default().change(side, winner, &[1_000], &[1_400]);
        assert_eq!((change(Side::Team1, FIRST_WINS), change(Side::Team2, FIRST_WINS)), (25, -25));
        assert_eq!((change(Side::Team1, Winner::Draw), change(Side::Team2, Winner::Draw)), (0, 0));
    }

    #[test]
    fn elo_expects_the_stronger_side_to_win() {
        let elo = RatingRule::Elo(32);
        assert_eq!(elo.change(Side::Team1, FIRST_WINS, &[1_000], &[1_000]), 16);
        assert_eq!(elo.change(Side::Team1, FIRST_WINS, &[1_400], &[1_000]), 3);
        assert_eq!(elo.change(Side::Team2, Winner::Side(Side::Team2), &[1_400], &[1_000]), 29);
        assert_eq!(elo.change(Side::Team2, Winner::Draw, &[1_400], &[1_000]), 13);
    }

    proptest! {
        #[test]
        fn what_one_side_gains_the_other_loses(
            rule in prop_oneof![(0..200_u16).prop_map(RatingRule::Fixed), (0..200_u16).prop_map(RatingRule::Elo)],
            winner in prop_oneof![Just(FIRST_WINS), Just(Winner::Side(Side::Team2)), Just(Winner::Draw)],
            team1 in prop::collection::vec(-5_000..5_000_i32, 0..6),
            team2 in prop::collection::vec(-5_000..5_000_i32, 0..6),
        ) {
            let (first, second) = (rule.change(Side::Team1, winner, &team1, &team2), rule.change(Side::Team2, winner, &team1, &team2));
            prop_assert_eq!(first + second, 0);
            if winner == FIRST_WINS {
                prop_assert!(first >= 0);
            }
        }
    }
}
