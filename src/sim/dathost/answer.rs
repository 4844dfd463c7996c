//! Refusals. The shape of error bodies is not documented: `message` is a guess (`providers/dathost.md` §1.1).

use serde_json::json;

pub(super) use crate::sim::answer::Answer;

/// The page of a proxy before the API.
const PAGE: &str = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body></body></html>";

/// What a handler makes of a request.
pub(super) type Reply = Result<Answer, Refusal>;

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    WrongLogin,
    NotInvited,
    NoServer,
    Unknown,
    /// Values that are wrong, with the reason.
    Invalid(String),
    /// A protected server, with the status that the rules say.
    Protected(u16),
    /// No credits, with the status that the rules say.
    NoCredits(u16),
    HostRefused,
    /// The disk quota is used up.
    NoSpace,
}

impl Refusal {
    /// The answer.
    pub(super) fn answer(self) -> Answer {
        let (status, text) = match self {
            Self::WrongLogin => (401, "Wrong email or password".to_owned()),
            Self::NotInvited => (403, "This account has not invited you".to_owned()),
            Self::NoServer => (404, "A server with this id was not found".to_owned()),
            Self::Unknown => (404, "Not found".to_owned()),
            Self::Invalid(why) => (400, why),
            Self::Protected(status) => (status, "The server has deletion protection".to_owned()),
            Self::NoCredits(status) => (status, "Not enough credits".to_owned()),
            Self::NoSpace => (507, "The disk quota is used up".to_owned()),
            Self::HostRefused => (500, "The server could not be started".to_owned()),
        };
        said(status, &text)
    }
}

/// A refusal in the API's words.
pub(super) fn said(status: u16, text: &str) -> Answer {
    Answer::json(status, json!({ "message": text }))
}

/// A proxy's page.
pub(super) fn page(status: u16) -> Answer {
    Answer::html(status, PAGE)
}

/// A success that says nothing.
pub(super) fn done() -> Answer {
    Answer::json(200, serde_json::Value::Null)
}
