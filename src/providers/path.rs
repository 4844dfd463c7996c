//! Parts of a path below a provider's address: what is no plain part of it is refused, the rest is percent-encoded.

use std::fmt::Write as _;

use crate::model::problem::Problem;

/// The longest id taken: real ones have 16 to 36 characters.
const MAX_ID_BYTES: usize = 64;
/// The longest name and the longest path of a file.
const MAX_PATH_BYTES: usize = 2_000;

/// An id of letters and digits; anything else could reach another endpoint. `provider` names whose it should be.
pub(super) fn plain_id<'a>(id: &'a str, provider: &str) -> Result<&'a str, Problem> {
    let is_plain =
        !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_plain {
        Ok(id)
    } else {
        Err(Problem::refused(format!("this is no id of {provider}"), "check the id that was given"))
    }
}

/// The text with everything but letters, digits and `-._~` as percent signs.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// One segment, percent-encoded.
pub(super) fn segment(text: &str) -> Result<String, Problem> {
    if text.is_empty() || text == "." || text == ".." || text.len() > MAX_PATH_BYTES {
        return Err(Problem::refused("this name fits in no path", ""));
    }
    Ok(percent_encoded(text))
}

/// A file's path: each segment encoded, slashes kept, none at its ends; empty for the folder of all files.
pub(super) fn file_path(path: &str) -> Result<String, Problem> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(Problem::refused("this path is too long", ""));
    }
    Ok(path.split('/').map(segment).collect::<Result<Vec<_>, _>>()?.join("/"))
}
