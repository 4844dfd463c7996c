//! Copying over any distance: OSC 52 asks the operator's own terminal to take the text.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// The longest text that is copied: terminals take about 75,000 bytes of base64 (xterm, hterm).
pub const LONGEST_COPY_BYTES: usize = 55_000;

/// The bytes that put `text` into the clipboard; nothing when it is too long.
#[must_use]
pub fn sequence(text: &str) -> Option<String> {
    if text.len() > LONGEST_COPY_BYTES {
        return None;
    }
    let mut bytes = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_travels_as_base64() {
        assert_eq!(sequence("203.0.113.10:25565").unwrap(), "\u{1b}]52;c;MjAzLjAuMTEzLjEwOjI1NTY1\u{1b}\\");
        assert_eq!(sequence(&"x".repeat(LONGEST_COPY_BYTES + 1)), None);
    }
}
