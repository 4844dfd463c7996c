//! One question of a kind at a time: keys never wait for an answer, and a held key asks once when the last answer is there.

use crate::console::component::{Effects, Ticket};
use crate::model::problem::Problem;
use crate::model::request::{Reply, Request};

/// Tickets of different queries never meet: each counts in a lane of its own.
const LANES: u64 = 8;

/// Something the engine is asked about.
pub(super) trait Question: Clone + PartialEq {
    /// What it answers.
    type Answer;

    /// The request.
    fn request(&self) -> Request;
    /// The answer in a reply; nothing in a reply of another kind.
    fn answer(reply: &Reply) -> Option<Self::Answer>;
}

/// What is wanted, what is on its way, what was answered last.
pub(super) struct Query<Q: Question> {
    lane: u64,
    asked_before: u64,
    wanted: Option<Q>,
    asked: Option<(Ticket, Q)>,
    /// The last question that was answered, well or not.
    answered: Option<Q>,
    got: Option<(Q, Q::Answer)>,
    problem: Option<Problem>,
}

impl<Q: Question> Query<Q> {
    /// A query whose tickets are of this lane, from 1 on.
    pub(super) fn of_lane(lane: u64) -> Self {
        Self { lane, asked_before: 0, wanted: None, asked: None, answered: None, got: None, problem: None }
    }

    /// Asks, unless that is known or something is on its way.
    pub(super) fn want(&mut self, question: Q, effects: &mut Effects) {
        self.wanted = Some(question);
        self.ask(effects);
    }

    /// Asks for what is wanted by now.
    pub(super) fn ask(&mut self, effects: &mut Effects) {
        let Some(wanted) = self.wanted.as_ref().filter(|_| self.asked.is_none()) else { return };
        if self.answered.as_ref() == Some(wanted) {
            return;
        }
        let ticket = Ticket(self.asked_before * LANES + self.lane);
        self.asked_before += 1;
        effects.send(wanted.request(), ticket);
        self.asked = Some((ticket, wanted.clone()));
    }

    /// Takes the answer to its own question; says whether it was one.
    pub(super) fn answer(&mut self, ticket: Ticket, result: &Result<Reply, Problem>) -> bool {
        let Some((_, question)) = self.asked.take_if(|(asked, _)| *asked == ticket) else { return false };
        self.answered = Some(question.clone());
        match result.as_ref().map(Q::answer) {
            Ok(Some(answer)) => {
                self.problem = None;
                self.got = Some((question, answer));
            }
            Ok(None) => {
                let words = "the engine gave another kind of answer";
                self.problem = Some(Problem::refused(words, "update both programs"));
            }
            Err(problem) => self.problem = Some(problem.clone()),
        }
        true
    }

    /// Forgets what is on its way: the connection it was asked over may be gone.
    pub(super) fn forget(&mut self) {
        self.asked = None;
        self.answered = None;
    }

    /// The last good answer and its question.
    pub(super) fn got(&self) -> Option<&(Q, Q::Answer)> {
        self.got.as_ref()
    }

    /// Why the last question has no answer.
    pub(super) fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }
}
