//! Text from outside, made safe to draw: no control characters, no escapes, no bidirectional marks.

/// Removes everything that could move the cursor, change colours or reorder text; tabs become spaces.
///
/// Escape sequences are removed whole (CSI, OSC and two-character ones), so `ESC [ 31 m` leaves nothing behind.
#[must_use]
pub fn sanitise(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape(&mut characters),
            '\u{9b}' => skip_csi(&mut characters),
            '\t' => clean.push(' '),
            character if is_drawable(character) => clean.push(character),
            _ => {}
        }
    }
    clean
}

/// The text itself when nothing in it is dangerous, which is nearly always; else what [`sanitise`] leaves of it.
#[must_use]
pub fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().all(is_drawable) {
        std::borrow::Cow::Borrowed(text)
    } else {
        std::borrow::Cow::Owned(sanitise(text))
    }
}

/// Whether a character may reach the terminal.
fn is_drawable(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

/// Skips what follows an escape character.
fn skip_escape(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => skip_csi(characters),
        Some(']' | 'P' | '_' | '^' | 'X') => skip_string(characters),
        _ => {}
    }
}

/// Skips parameters up to the final byte of a control sequence.
fn skip_csi(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    for character in characters.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&character) {
            return;
        }
    }
}

/// Skips a string sequence up to BEL or `ESC \`.
fn skip_string(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(character) = characters.next() {
        if character == '\u{7}' || character == '\u{9c}' {
            return;
        }
        if character == '\u{1b}' {
            characters.next_if_eq(&'\\');
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_leave_nothing_behind() {
        assert_eq!(sanitise("a\u{1b}[31;1mred\u{1b}[0m b"), "ared b");
        assert_eq!(sanitise("\u{1b}]0;title\u{7}x\u{1b}]52;c;YWJj\u{1b}\\y"), "xy");
        assert_eq!(sanitise("a\u{202e}b\r\nc\td"), "abc d");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(text in any::<String>()) {
            let clean = sanitise(&text);
            prop_assert!(clean.chars().all(is_drawable));
            prop_assert_eq!(super::clean(&text), clean.as_str());
            prop_assert_eq!(sanitise(&clean), clean);
        }
    }
}
