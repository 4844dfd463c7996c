//! The settlement: exactly once, whatever happens. Only what was played to its end is settled.

use futures::future::BoxFuture;

use super::Stage;
use crate::engine::observation::Observation;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::matches::{MatchEnd, MatchReading, Score, Winner};

pub(super) struct SettleMatch;

impl Step for SettleMatch {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            Ok(match result(&stage) {
                Err(why) => Some(Made::saying(format!("nothing to settle: {why}"))),
                Ok(_) => None,
            })
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let stage = Stage::of(scene)?;
            let (score, reading) = match result(&stage) {
                Ok(result) => result,
                Err(why) => return Ok(Made::saying(format!("nothing to settle: {why}"))),
            };
            let at = stage.facts.ended_at.unwrap_or_else(|| scene.services.now());
            let by = (at, scene.run.by.clone());
            let id = &stage.plan.match_id;
            // One that is settled already stays as it was: the ledger takes each match once.
            let settled = stage
                .matches
                .settlements
                .settle_by(&stage.plan.settlement, id, score, &reading.participants(), by)
                .await?;
            let words = words(&stage, settled.score);
            let settlement = Some(Box::new(settled));
            scene.services.fleet.observe(Observation::MatchSettled { id: id.clone(), settlement });
            Ok(Made::saying(words))
        })
    }
}

/// What is settled, or why nothing is.
fn result<'a>(stage: &Stage<'a>) -> Result<(Score, &'a MatchReading), String> {
    let Some(MatchEnd::Finished(score)) = &stage.facts.end else {
        let words = stage.facts.end.as_ref().map_or_else(|| "it did not end".to_owned(), MatchEnd::words);
        return Err(words);
    };
    let reading = stage.facts.reading.as_deref().filter(|reading| reading.is_settleable());
    let reading = reading.ok_or_else(|| "no round was played".to_owned())?;
    if reading.participants().is_empty() {
        return Err("nobody was seen to take part".to_owned());
    }
    Ok((*score, reading))
}

fn words(stage: &Stage<'_>, score: Score) -> String {
    let result = format!("{}:{}", score.team1, score.team2);
    match score.winner() {
        Winner::Draw => format!("settled {result}: a draw"),
        Winner::Side(side) => format!("settled {result}: {} won", stage.request.team_name(side)),
    }
}
