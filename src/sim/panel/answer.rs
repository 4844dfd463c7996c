//! Answers and errors as the panel words them (`providers/pterodactyl.md` §2.1, §5).

use serde_json::{Value, json};

/// What is sent back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content: Content,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Empty,
    Json(Value),
    Text(String),
    Html(String),
}

impl Answer {
    /// 200 with JSON.
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, content: Content::Json(body), headers: Vec::new() }
    }

    /// 201 with JSON.
    pub(super) fn created(body: Value) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    /// 204.
    pub(super) fn none() -> Self {
        Self { status: 204, content: Content::Empty, headers: Vec::new() }
    }

    /// Plain text, as file contents are sent.
    pub(super) fn text(body: String) -> Self {
        Self { status: 200, content: Content::Text(body), headers: Vec::new() }
    }
}

/// One entry of an error envelope.
#[derive(Debug, Clone)]
struct Entry {
    code: String,
    detail: String,
    meta: Option<(String, &'static str)>,
}

/// A refusal.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: u16,
    entries: Vec<Entry>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Failure {
    /// One error.
    pub(super) fn new(status: u16, code: &str, detail: &str) -> Self {
        let entry = Entry { code: code.to_owned(), detail: detail.to_owned(), meta: None };
        Self { status, entries: vec![entry], headers: Vec::new() }
    }

    /// 422 with an entry per failed rule: field, rule, text.
    pub(super) fn invalid(problems: Vec<(String, &'static str, String)>) -> Self {
        let entries = problems
            .into_iter()
            .map(|(field, rule, detail)| Entry {
                code: "ValidationException".to_owned(),
                detail,
                meta: Some((field, rule)),
            })
            .collect();
        Self { status: 422, entries, headers: Vec::new() }
    }

    /// A missing row.
    pub(super) fn not_found() -> Self {
        Self::new(404, "NotFoundHttpException", "The requested resource could not be found on the server.")
    }

    /// A missing permission.
    pub(super) fn unauthorized_action() -> Self {
        Self::new(403, "AccessDeniedHttpException", "This action is unauthorized.")
    }

    /// A business rule says no.
    pub(super) fn refused(code: &str, detail: &str) -> Self {
        Self::new(400, code, detail)
    }

    /// Something the panel did not expect.
    pub(super) fn unexpected(code: &str) -> Self {
        let text = "An unexpected error was encountered while processing this request, please try again.";
        Self::new(500, code, text)
    }

    /// The JSON envelope, or what a browser gets.
    pub(super) fn into_answer(self, wants_json: bool, panel_url: &str) -> Answer {
        if !wants_json {
            return self.into_page(panel_url);
        }
        let errors: Vec<Value> = self
            .entries
            .iter()
            .map(|entry| {
                let mut error =
                    json!({"code": entry.code, "status": self.status.to_string(), "detail": entry.detail});
                if let (Some((field, rule)), Some(object)) = (&entry.meta, error.as_object_mut()) {
                    object.insert("meta".to_owned(), json!({"source_field": field, "rule": rule}));
                }
                error
            })
            .collect();
        Answer {
            status: self.status,
            content: Content::Json(json!({ "errors": errors })),
            headers: self.headers,
        }
    }

    fn into_page(self, panel_url: &str) -> Answer {
        let mut headers = self.headers;
        let to = match self.status {
            401 => Some(format!("{panel_url}/auth/login")),
            422 => Some(panel_url.to_owned()),
            _ => None,
        };
        let status = if to.is_some() { 302 } else { self.status };
        let text = to.as_ref().map_or_else(
            || format!("<!DOCTYPE html>\n<html lang=\"en\"><body>{status}</body></html>"),
            |to| format!("<!DOCTYPE html>\n<html><head><meta http-equiv=\"refresh\" content=\"0;url='{to}'\" /></head></html>"),
        );
        if let Some(to) = to {
            headers.push(("location", to));
        }
        Answer { status, content: Content::Html(text), headers }
    }
}
