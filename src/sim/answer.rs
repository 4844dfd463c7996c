//! An answer before it is bytes, and its way onto the wire, with what faults make of it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::faults::Fault;
use super::listener::Scissors;

/// An answer before it is bytes.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content: Content,
    pub(super) retry_after_s: Option<u64>,
}

/// What it holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Json(Value),
    Raw(Vec<u8>),
    Html(&'static str),
    Text(String),
    /// Nothing, and another address.
    Moved(String),
}

impl Answer {
    pub(super) fn json(status: u16, value: Value) -> Self {
        Self { status, content: Content::Json(value), retry_after_s: None }
    }

    /// 200 with a file's bytes.
    pub(super) fn raw(bytes: Vec<u8>) -> Self {
        Self { status: 200, content: Content::Raw(bytes), retry_after_s: None }
    }

    pub(super) fn html(status: u16, page: &'static str) -> Self {
        Self { status, content: Content::Html(page), retry_after_s: None }
    }

    pub(super) fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, content: Content::Text(text.into()), retry_after_s: None }
    }

    /// The bytes.
    pub(super) fn send(self) -> Response<Body> {
        let (kind, body) = match &self.content {
            Content::Json(value) => ("application/json", Body::from(value.to_string())),
            Content::Raw(bytes) => ("application/octet-stream", Body::from(bytes.clone())),
            Content::Html(text) => ("text/html; charset=UTF-8", Body::from(*text)),
            Content::Text(text) => ("text/plain; charset=UTF-8", Body::from(text.clone())),
            Content::Moved(_) => ("text/plain; charset=UTF-8", Body::empty()),
        };
        let mut response = raw(self.status, kind, body);
        if let Some(wait_s) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        if let (Content::Moved(to), headers) = (self.content, response.headers_mut())
            && let Ok(to) = HeaderValue::from_str(&to)
        {
            headers.insert(header::LOCATION, to);
        }
        response
    }
}

/// How one simulator speaks when something is wrong before its API or with its answer.
pub(super) struct Manner {
    /// The answer of this status when nothing happened or nobody waited for what did.
    pub(super) failure: fn(u16) -> Answer,
    /// JSON that is cut in half where the answer had none.
    pub(super) json: &'static str,
    /// How a list begins and ends that is filled to any size.
    pub(super) list: (&'static str, &'static str),
}

impl Manner {
    /// Waits as a fault says; an answer where it keeps the request from having any effect, with the status to write down.
    pub(super) async fn before(
        &self,
        fault: Option<Fault>,
        latency_ms: u64,
        scissors: &Scissors,
    ) -> Option<(u16, Response<Body>)> {
        pause(latency_ms).await;
        let answer = match fault? {
            Fault::Hang { millis } => {
                pause(millis).await;
                return None;
            }
            Fault::FailBefore(status) => (self.failure)(status),
            Fault::DropBefore => {
                scissors.cut();
                return Some((0, (self.failure)(500).send()));
            }
            Fault::TooMany { retry_after_s } => {
                Answer { retry_after_s: Some(retry_after_s), ..(self.failure)(429) }
            }
            _ => return None,
        };
        Some((answer.status, answer.send()))
    }

    /// Applies what a fault does to a finished answer: what is sent, with the status to write down.
    pub(super) fn after(
        &self,
        fault: Option<Fault>,
        answer: Answer,
        scissors: &Scissors,
    ) -> (u16, Response<Body>) {
        let status = answer.status;
        match fault {
            Some(Fault::CommitThenDrop) => {
                scissors.cut();
                (0, answer.send())
            }
            Some(Fault::CommitThenStatus(status)) => (status, (self.failure)(status).send()),
            Some(Fault::MalformedJson) => {
                let text = match answer.content {
                    Content::Json(value) => value.to_string(),
                    _ => self.json.to_owned(),
                };
                let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
                (status, raw(status, "application/json", Body::from(text[..half].to_owned())))
            }
            Some(Fault::Html) => (status, Answer { status: 200, ..(self.failure)(502) }.send()),
            Some(Fault::Oversized { bytes }) => {
                (status, raw(200, "application/json", oversized(self.list, bytes)))
            }
            _ => (status, answer.send()),
        }
    }
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// A valid list of that many bytes, made while it is sent.
fn oversized((open, close): (&'static str, &'static str), bytes: u64) -> Body {
    let chunk = Bytes::from(vec![b' '; 65_536]);
    let open = std::iter::once(Bytes::from_static(open.as_bytes()));
    let filling = (0..bytes / 65_536).map(move |_| chunk.clone());
    let close = std::iter::once(Bytes::from_static(close.as_bytes()));
    let all = open.chain(filling).chain(close).map(Ok::<_, std::convert::Infallible>);
    Body::from_stream(futures::stream::iter(all))
}

fn raw(status: u16, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
