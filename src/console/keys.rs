//! A key as the operator presses it, and its name in configuration and on screen.
//!
//! Names: `a`, `G`, `?`, `space`, `enter`, `esc`, `tab`, `backtab`, `up`, `pageup`, `f5`, with `ctrl-`, `alt-` and
//! (for keys that are not characters) `shift-` before them.

use std::fmt;

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    /// A character as typed: `G` for shift and g.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, 1 to 24.
    F(u8),
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// With control held.
    pub is_ctrl: bool,
    /// With alt held.
    pub is_alt: bool,
    /// With shift held; always false for characters, which carry it in themselves.
    pub is_shift: bool,
}

/// The keys with a name of their own, as written and read.
const NAMES: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

/// Other spellings that are read but never written.
const ALIASES: &[(&str, KeyCode)] = &[
    ("escape", KeyCode::Esc),
    ("return", KeyCode::Enter),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
    ("minus", KeyCode::Char('-')),
    ("plus", KeyCode::Char('+')),
];

impl Key {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, is_ctrl: false, is_alt: false, is_shift: false }
    }

    /// A typed character.
    #[must_use]
    pub const fn char(character: char) -> Self {
        Self::plain(KeyCode::Char(character))
    }

    /// A character with control held; letters are lower case.
    #[must_use]
    pub const fn ctrl(character: char) -> Self {
        Self {
            code: KeyCode::Char(character.to_ascii_lowercase()),
            is_ctrl: true,
            is_alt: false,
            is_shift: false,
        }
    }

    /// Reads a name such as `ctrl-p`, `G`, `shift-f5`.
    ///
    /// # Errors
    /// The name is not one of a key; the message says what was expected.
    pub fn parse(name: &str) -> Result<Self, String> {
        let mut key = Self::char(' ');
        // Only blanks of a text file: other white space, such as a no-break space, may be the key that is meant.
        let mut rest = name.trim_matches([' ', '\t']);
        while let Some((modifier, after)) = rest.split_once('-') {
            if after.is_empty() {
                break;
            }
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" if modifier.len() > 1 => key.is_ctrl = true,
                "alt" | "meta" if modifier.len() > 1 => key.is_alt = true,
                "shift" => key.is_shift = true,
                _ => break,
            }
            rest = after;
        }
        key.code = code_of(rest).ok_or_else(|| {
            format!("`{name}` is no key: write a character, or space, enter, esc, tab, up, pageup, f5 …, with ctrl- or alt- before it")
        })?;
        Ok(key.normalised())
    }

    /// The same key in the one form that comparing needs: shift lives in characters, control letters are lower case.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        match self.code {
            KeyCode::Char(character) => {
                let shifted = if self.is_shift { upper(character) } else { character };
                let settled = if self.is_ctrl { lower(shifted) } else { shifted };
                self.code = KeyCode::Char(settled);
                self.is_shift = false;
            }
            KeyCode::Tab if self.is_shift => {
                self.code = KeyCode::BackTab;
                self.is_shift = false;
            }
            KeyCode::BackTab => self.is_shift = false,
            _ => {}
        }
        self
    }

    /// The character a text field inserts for this key, if it is one.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if !self.is_ctrl && !self.is_alt => Some(character),
            _ => None,
        }
    }
}

/// The upper case of a character that has exactly one.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    upper.next().filter(|_| upper.next().is_none()).unwrap_or(character)
}

/// The lower case of a character that has exactly one.
fn lower(character: char) -> char {
    let mut lower = character.to_lowercase();
    lower.next().filter(|_| lower.next().is_none()).unwrap_or(character)
}

/// The code behind a name without modifiers.
fn code_of(name: &str) -> Option<KeyCode> {
    let mut characters = name.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return (!character.is_control()).then_some(KeyCode::Char(character));
    }
    let lowered = name.to_ascii_lowercase();
    if let Some((_, code)) = NAMES.iter().chain(ALIASES).find(|(known, _)| *known == lowered) {
        return Some(*code);
    }
    let number: u8 = lowered.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&number).then_some(KeyCode::F(number))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ctrl {
            f.write_str("ctrl-")?;
        }
        if self.is_alt {
            f.write_str("alt-")?;
        }
        if self.is_shift {
            f.write_str("shift-")?;
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(character) => write!(f, "{character}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        assert_eq!(Key::parse("ctrl-P").unwrap(), Key::ctrl('p'));
        assert_eq!(Key::parse("-").unwrap(), Key::char('-'));
        assert_eq!(Key::parse("ctrl--").unwrap(), Key::ctrl('-'));
        assert_eq!(Key::parse("shift-g").unwrap(), Key::char('G'));
        assert_eq!(Key::parse("shift-tab").unwrap(), Key::plain(KeyCode::BackTab));
        assert_eq!(Key::parse("PgUp").unwrap(), Key::plain(KeyCode::PageUp));
        assert!(Key::parse("hyper-x").is_err());
        assert!(Key::parse("").is_err());
        assert!(Key::parse("f25").is_err());
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let named = proptest::sample::select(NAMES).prop_map(|(_, code)| code);
        let code = prop_oneof![
            any::<char>().prop_filter("drawable", |c| !c.is_control()).prop_map(KeyCode::Char),
            named,
            (1_u8..=24).prop_map(KeyCode::F),
        ];
        (code, any::<[bool; 3]>()).prop_map(|(code, [is_ctrl, is_alt, is_shift])| {
            Key { code, is_ctrl, is_alt, is_shift }.normalised()
        })
    }

    proptest! {
        #[test]
        fn every_key_is_read_back_from_its_name(key in any_key()) {
            prop_assert_eq!(Key::parse(&key.to_string()), Ok(key));
        }
    }
}
