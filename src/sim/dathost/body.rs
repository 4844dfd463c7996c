//! Bodies of requests: forms of both encodings, files, JSON (`providers/dathost.md` §1).

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{Request as HttpRequest, header};
use serde_json::Value;

/// A body as far as handlers care.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Fields of a form of either encoding.
    pub(super) form: BTreeMap<String, String>,
    /// The part of a form that is a file.
    pub(super) file: Option<Vec<u8>>,
    /// The body as JSON; nothing when it is none.
    pub(super) json: Option<Value>,
}

/// Reads a body by its content type; nothing when it is not what that says.
pub(super) async fn read(parts: &Parts, bytes: Bytes) -> Option<Received> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if kind.starts_with("multipart/form-data") {
        return read_parts(request(parts, bytes)).await;
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        let form =
            Form::<BTreeMap<String, String>>::from_request(form_request(parts, bytes), &()).await.ok()?;
        return Some(Received { form: form.0, ..Received::default() });
    }
    Some(Received { json: serde_json::from_slice(&bytes).ok(), ..Received::default() })
}

async fn read_parts(request: Request) -> Option<Received> {
    let mut received = Received::default();
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    while let Some(part) = parts.next_field().await.ok()? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.ok()?;
        if is_file {
            received.file = Some(bytes.to_vec());
        } else {
            received.form.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Some(received)
}

fn request(parts: &Parts, bytes: Bytes) -> Request {
    let mut request = HttpRequest::new(Body::from(bytes));
    *request.headers_mut() = parts.headers.clone();
    *request.method_mut() = parts.method.clone();
    request
}

/// A form is read from the body whatever the method.
fn form_request(parts: &Parts, bytes: Bytes) -> Request {
    let mut request = request(parts, bytes);
    *request.method_mut() = axum::http::Method::POST;
    request
}
