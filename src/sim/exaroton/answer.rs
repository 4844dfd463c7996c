//! Answers: the envelope, and refusals in two languages (`providers/exaroton.md` §1.1, §1.2).

use serde_json::{Value, json};

use super::options::Language;
pub(super) use crate::sim::answer::Answer;

impl Answer {
    /// 200 with data.
    pub(super) fn ok(data: &Value) -> Self {
        Self::json(200, json!({ "success": true, "error": null, "data": data }))
    }

    /// An envelope that says no.
    pub(super) fn refused(status: u16, text: &str) -> Self {
        Self::json(status, json!({ "success": false, "error": text, "data": null }))
    }

    /// The page of the service before the API.
    pub(super) fn challenge(status: u16) -> Self {
        let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>";
        Self::html(status, page)
    }

    /// What that service says to a client without a name.
    pub(super) fn nameless() -> Self {
        Self::text(403, "error code: 1010")
    }
}

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    AlreadyStarting,
    AlreadyStopping,
    NotOffline,
    NotOnline,
    FilesAway,
    NoLog,
    WrongToken,
    Denied,
    NoFile,
    Unknown,
    RamRange,
    RamWhileRunning,
    NoCredits,
    BadRequest,
    TooMany,
}

impl Refusal {
    /// The answer in a language.
    pub(super) fn answer(self, language: Language) -> Answer {
        let (status, english, german) = self.row();
        Answer::refused(status, if language == Language::German { german } else { english })
    }

    fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::AlreadyStarting => (208, "Server is already starting", "Server startet bereits"),
            Self::AlreadyStopping => (208, "Server is already stopping", "Server stoppt bereits"),
            Self::NotOffline => (400, "Server is not offline", "Server ist nicht offline"),
            Self::NotOnline => (400, "Server is not online", "Server ist nicht online"),
            Self::FilesAway => (
                400,
                "File access is currently unavailable for this server",
                "Der Dateizugriff ist für diesen Server derzeit nicht verfügbar",
            ),
            Self::NoLog => {
                (400, "Log file is empty or does not exist", "Das Log ist leer oder existiert nicht")
            }
            Self::WrongToken => (403, "Invalid API token", "Ungültiges API-Token"),
            Self::Denied => (403, "Access denied", "Zugriff verweigert"),
            Self::NoFile => (404, "File not found", "Datei nicht gefunden"),
            Self::Unknown => (404, "Not found", "Nicht gefunden"),
            Self::RamRange => (400, "Invalid RAM value", "Ungültiger RAM-Wert"),
            Self::RamWhileRunning => (
                400,
                "RAM cannot be changed while the server is running",
                "RAM kann nicht geändert werden, während der Server läuft",
            ),
            Self::NoCredits => (400, "Not enough credits", "Nicht genügend Credits"),
            Self::BadRequest => (400, "Bad request", "Ungültige Anfrage"),
            Self::TooMany => (429, "Too many requests", "Zu viele Anfragen"),
        }
    }
}
