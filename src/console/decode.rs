//! Terminal bytes to keys: ASCII and UTF-8, CSI and SS3 sequences, the kitty keyboard protocol, bracketed paste, SGR
//! mouse reports, and the answer to our one question (synchronised output).
//!
//! Every byte is answered for: what is not understood is dropped whole, so a strange terminal cannot type by accident.
//! Memory is bounded by the constants below.

use super::component::{Mouse, MouseKind};
use super::keys::{Key, KeyCode};
use ratatui::layout::Position;

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A key.
    Key(Key),
    /// Pasted text, as it came.
    Paste(String),
    /// A mouse report.
    Mouse(Mouse),
    /// The terminal's answer: whether it knows synchronised output.
    SynchronisedOutput(bool),
}

/// The longest control sequence that is waited for; mouse and kitty reports are below 40 bytes.
const LONGEST_SEQUENCE: usize = 128;

/// The longest paste that is kept; the rest is dropped. Nothing here takes more than a line.
const LONGEST_PASTE: usize = 64 * 1024;

/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// The decoder's memory between reads.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// What the beginning of the waiting bytes is.
enum Step {
    /// This many bytes are something.
    Take(usize, Option<Decoded>),
    /// A paste begins after this many bytes.
    BeginPaste(usize),
    /// More bytes are needed.
    Wait,
}

impl Decoder {
    /// Takes bytes in and appends what they mean.
    pub fn feed(&mut self, bytes: &[u8], decoded: &mut Vec<Decoded>) {
        self.bytes.extend_from_slice(bytes);
        let mut waiting = std::mem::take(&mut self.bytes);
        let mut at = 0;
        while at < waiting.len() {
            if self.paste.is_some() {
                match self.feed_paste(&waiting[at..], decoded) {
                    0 => break,
                    taken => at += taken,
                }
                continue;
            }
            match step(&waiting[at..]) {
                Step::Take(taken, meaning) => {
                    decoded.extend(meaning);
                    at += taken;
                }
                Step::BeginPaste(taken) => {
                    self.paste = Some(Vec::new());
                    at += taken;
                }
                Step::Wait => break,
            }
        }
        waiting.drain(..at);
        self.bytes = waiting;
    }

    /// Whether an escape waits that may be a key of its own: if nothing follows soon, call [`Decoder::flush`].
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.paste.is_none() && !self.bytes.is_empty()
    }

    /// Nothing followed: a lone escape was the key.
    pub fn flush(&mut self, decoded: &mut Vec<Decoded>) {
        if self.bytes.first() == Some(&0x1b) {
            decoded.push(Decoded::Key(Key::plain(KeyCode::Esc)));
        }
        self.bytes.clear();
    }

    /// Takes bytes of a paste; returns how many were used.
    fn feed_paste(&mut self, bytes: &[u8], decoded: &mut Vec<Decoded>) -> usize {
        let Some(paste) = &mut self.paste else { return 0 };
        if let Some(end) = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END) {
            keep(paste, &bytes[..end]);
            decoded.push(Decoded::Paste(String::from_utf8_lossy(paste).into_owned()));
            self.paste = None;
            return end + PASTE_END.len();
        }
        // The end may be cut in two: its possible beginning stays.
        let certain = bytes.len() - (PASTE_END.len() - 1).min(bytes.len());
        keep(paste, &bytes[..certain]);
        certain
    }
}

fn keep(paste: &mut Vec<u8>, bytes: &[u8]) {
    let room = LONGEST_PASTE.saturating_sub(paste.len());
    paste.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

fn key(code: KeyCode) -> Decoded {
    Decoded::Key(Key::plain(code))
}

/// Reads the beginning of `bytes`, which are not empty.
fn step(bytes: &[u8]) -> Step {
    let first = bytes[0];
    match first {
        0x1b => escape(bytes),
        b'\r' => Step::Take(1, Some(key(KeyCode::Enter))),
        b'\t' => Step::Take(1, Some(key(KeyCode::Tab))),
        0x7f | 0x08 => Step::Take(1, Some(key(KeyCode::Backspace))),
        0 => Step::Take(1, Some(Decoded::Key(Key::ctrl(' ')))),
        0x01..=0x1a => Step::Take(1, Some(Decoded::Key(Key::ctrl(char::from(first - 1 + b'a'))))),
        0x1c..=0x1f => Step::Take(1, Some(Decoded::Key(Key::ctrl(char::from(first - 0x1c + b'\\'))))),
        0x20..=0x7e => Step::Take(1, Some(key(KeyCode::Char(char::from(first))))),
        _ => character(bytes),
    }
}

/// A character of several bytes.
fn character(bytes: &[u8]) -> Step {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Take(1, None),
    };
    let present = bytes.len().min(length);
    if bytes[1..present].iter().any(|byte| !(0x80..=0xbf).contains(byte)) {
        return Step::Take(1, None);
    }
    if present < length {
        return Step::Wait;
    }
    let character = std::str::from_utf8(&bytes[..length]).ok().and_then(|text| text.chars().next());
    Step::Take(length, character.filter(|c| !c.is_control()).map(|c| key(KeyCode::Char(c))))
}

/// What follows an escape.
fn escape(bytes: &[u8]) -> Step {
    let Some(second) = bytes.get(1) else { return Step::Wait };
    match second {
        b'[' => control_sequence(bytes),
        b'O' => match bytes.get(2) {
            None => Step::Wait,
            Some(last) => Step::Take(3, final_key(*last).map(key)),
        },
        b']' | b'P' | b'_' | b'^' | b'X' => control_string(bytes),
        0x1b => Step::Take(1, Some(key(KeyCode::Esc))),
        _ => match step(&bytes[1..]) {
            Step::Take(taken, Some(Decoded::Key(key))) => {
                Step::Take(taken + 1, Some(Decoded::Key(Key { is_alt: true, ..key }.normalised())))
            }
            Step::Take(taken, _) => Step::Take(taken + 1, None),
            Step::BeginPaste(_) | Step::Wait => Step::Wait,
        },
    }
}

/// A string that the terminal sends unasked or as an answer to somebody else: dropped whole.
fn control_string(bytes: &[u8]) -> Step {
    for (at, byte) in bytes.iter().enumerate().skip(2) {
        match byte {
            0x07 => return Step::Take(at + 1, None),
            0x1b if bytes.get(at + 1) == Some(&b'\\') => return Step::Take(at + 2, None),
            _ => {}
        }
    }
    if bytes.len() > LONGEST_PASTE { Step::Take(bytes.len(), None) } else { Step::Wait }
}

fn control_sequence(bytes: &[u8]) -> Step {
    let Some(end) = bytes.iter().skip(2).position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return if bytes.len() > LONGEST_SEQUENCE { Step::Take(bytes.len(), None) } else { Step::Wait };
    };
    let (parameters, last, taken) = (&bytes[2..2 + end], bytes[2 + end], end + 3);
    if !(0x40..=0x7e).contains(&last) {
        // Not the end of any sequence: the broken part is dropped, the byte is read anew.
        return Step::Take(taken - 1, None);
    }
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    if last == b'~' && text == "200" {
        return Step::BeginPaste(taken);
    }
    Step::Take(taken, meaning(text, last))
}

/// What a whole control sequence means.
fn meaning(parameters: &str, last: u8) -> Option<Decoded> {
    if let Some(report) = parameters.strip_prefix('<') {
        return mouse(report, last);
    }
    if let Some(report) = parameters.strip_prefix('?') {
        // DECRPM: 0 unknown, 1 set, 2 reset, 3 and 4 permanent.
        let state = report.strip_prefix("2026;")?.strip_suffix('$')?;
        return (last == b'y').then_some(Decoded::SynchronisedOutput(matches!(state, "1" | "2" | "3")));
    }
    let mut numbers = parameters.split(';');
    let first = numbers.next().unwrap_or_default();
    let mut second = numbers.next().unwrap_or_default().split(':');
    let modifiers: u8 = second.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    if second.next() == Some("3") {
        return None; // the release of a key
    }
    let code = match last {
        b'~' => numbered_key(first.parse().ok()?)?,
        b'u' => kitty_key(first.split(':').next()?.parse().ok()?)?,
        b'Z' => KeyCode::BackTab,
        // F1 to F4 with modifiers; without them they are SS3. `R` alone is a cursor report.
        b'P' | b'Q' | b'R' | b'S' if first != "1" => return None,
        other => final_key(other)?,
    };
    Some(Decoded::Key(with_modifiers(code, modifiers)))
}

/// xterm's modifiers: one more than the sum of shift 1, alt 2, control 4.
fn with_modifiers(code: KeyCode, modifiers: u8) -> Key {
    let bits = modifiers.saturating_sub(1);
    Key { code, is_shift: bits & 1 != 0, is_alt: bits & 2 != 0, is_ctrl: bits & 4 != 0 }.normalised()
}

/// The key behind the last byte of a sequence.
fn final_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

/// The key behind `CSI number ~`.
fn numbered_key(number: u8) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number - 10),
        17..=21 => KeyCode::F(number - 11),
        23..=26 => KeyCode::F(number - 12),
        28..=29 => KeyCode::F(number - 13),
        31..=34 => KeyCode::F(number - 14),
        _ => return None,
    })
}

/// The key behind `CSI number u`.
fn kitty_key(number: u32) -> Option<KeyCode> {
    Some(match number {
        27 => KeyCode::Esc,
        13 | 57414 => KeyCode::Enter,
        9 => KeyCode::Tab,
        127 | 8 => KeyCode::Backspace,
        57399..=57408 => KeyCode::Char(char::from_digit(number - 57399, 10)?),
        // Private use: keys that we have no name for.
        57344..=63743 => return None,
        other => KeyCode::Char(char::from_u32(other).filter(|c| !c.is_control())?),
    })
}

/// An SGR mouse report: `button;column;row`, `M` pressed, `m` released.
fn mouse(report: &str, last: u8) -> Option<Decoded> {
    let mut numbers = report.split(';').map(|text| text.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let kind = match (button, last) {
        (0, b'M') => MouseKind::Press,
        (64, b'M') => MouseKind::WheelUp,
        (65, b'M') => MouseKind::WheelDown,
        _ => return None,
    };
    let at = Position::new(column.checked_sub(1)?, row.checked_sub(1)?);
    Some(Decoded::Mouse(Mouse { kind, at }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Decoded> {
        let mut decoded = Vec::new();
        Decoder::default().feed(bytes, &mut decoded);
        decoded
    }

    fn keys(bytes: &[u8]) -> String {
        let names: Vec<_> = all(bytes)
            .into_iter()
            .map(|decoded| match decoded {
                Decoded::Key(key) => key.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        names.join(" ")
    }

    #[test]
    fn keys_of_xterm_and_kitty_are_understood() {
        assert_eq!(keys(b"aG \r\t\x7f\x03\x1a"), "a G space enter tab backspace ctrl-c ctrl-z");
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[1;5C\x1b[3~\x1b[5~\x1b[Z"),
            "up down ctrl-right delete pageup backtab"
        );
        assert_eq!(keys(b"\x1bOP\x1b[15~\x1b[24~\x1b[1;2Q"), "f1 f5 f12 shift-f2");
        assert_eq!(keys(b"\x1bx\x1b\x1b[A"), "alt-x esc up");
        assert_eq!(keys(b"\x1b[112;5u\x1b[27u\x1b[103;2u\x1b[97;1:3u"), "ctrl-p esc G");
        assert_eq!(keys("é漢".as_bytes()), "é 漢");
    }

    #[test]
    fn reports_and_strangers_type_nothing() {
        assert_eq!(all(b"\x1b[?2026;2$y"), [Decoded::SynchronisedOutput(true)]);
        assert_eq!(all(b"\x1b[?2026;0$y"), [Decoded::SynchronisedOutput(false)]);
        assert_eq!(all(b"\x1b[?62;22c\x1b]11;rgb:0/0/0\x1b\\\x1bP>|x\x1b\\\x1b[12;4R\x1b[I\x1b[?1u"), []);
        assert_eq!(keys(b"\x1b[12\xffa"), "a");
    }

    #[test]
    fn pastes_and_clicks_come_whole() {
        assert_eq!(
            keys(b"\x1b[<0;3;4M\x1b[<0;3;4m"),
            "Mouse(Mouse { kind: Press, at: Position { x: 2, y: 3 } })"
        );
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for byte in b"\x1b[200~q\x1b[A\n\x1b[201~z" {
            decoder.feed(&[*byte], &mut found);
        }
        assert_eq!(found, [Decoded::Paste("q\u{1b}[A\n".to_owned()), Decoded::Key(Key::char('z'))]);
    }

    #[test]
    fn a_lone_escape_waits_and_then_is_a_key() {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        decoder.feed(b"\x1b", &mut found);
        assert!(decoder.is_waiting());
        assert_eq!(found, []);
        decoder.flush(&mut found);
        assert_eq!(found, [Decoded::Key(Key::plain(KeyCode::Esc))]);
        assert!(!decoder.is_waiting());
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_mean_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..60), cut in 0_usize..60) {
            let cut = cut.min(bytes.len());
            let mut decoder = Decoder::default();
            let mut pieces = Vec::new();
            decoder.feed(&bytes[..cut], &mut pieces);
            decoder.feed(&bytes[cut..], &mut pieces);
            prop_assert_eq!(pieces, all(&bytes));
        }
    }
}
