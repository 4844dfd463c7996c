//! Text fitted to cells: width, cutting, padding, wrapping. Width is what the terminal draws, not bytes.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Cells the text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The longest beginning that fits in `cells`, and its width. A wide character is never cut in half.
pub(super) fn beginning(text: &str, cells: usize) -> (&str, usize) {
    let mut taken = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let next = taken + width(cluster);
        if next > cells {
            return (&text[..at], taken);
        }
        taken = next;
    }
    (text, taken)
}

/// The text cut to `cells`, its end replaced by `ellipsis` when something was cut.
#[must_use]
pub fn cut<'a>(text: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let Some(room) = cells.checked_sub(width(ellipsis)) else {
        return Cow::Borrowed(beginning(text, cells).0);
    };
    Cow::Owned(format!("{}{ellipsis}", beginning(text, room).0))
}

/// The text cut to `cells` before its byte `at`, so that what follows stays whole; cut at the end where there is no room
/// for that.
#[must_use]
pub fn cut_before<'a>(text: &'a str, at: usize, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    let Some((head, tail)) = text.split_at_checked(at).filter(|_| width(text) > cells) else {
        return cut(text, cells, ellipsis);
    };
    match cells.checked_sub(width(ellipsis) + width(tail)) {
        Some(room) if room > 0 => Cow::Owned(format!("{}{ellipsis}{tail}", beginning(head, room).0)),
        _ => cut(text, cells, ellipsis),
    }
}

/// An address cut before its port: `sin-01.pl…:25580`.
#[must_use]
pub fn cut_address<'a>(address: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    cut_before(address, address.rfind(':').unwrap_or(address.len()), cells, ellipsis)
}

/// A name cut before the size it ends with: `Counter-S… 4 GiB`.
#[must_use]
pub fn cut_before_size<'a>(name: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    let at = name.rfind(|c: char| c.is_ascii_digit()).and_then(|digit| name[..digit].rfind(' '));
    cut_before(name, at.unwrap_or(name.len()), cells, ellipsis)
}

/// The text in exactly `cells`, on the left.
#[must_use]
pub fn left(text: &str, cells: usize, ellipsis: &str) -> String {
    let text = cut(text, cells, ellipsis);
    let padding = cells.saturating_sub(width(&text));
    format!("{text}{:padding$}", "")
}

/// The text in exactly `cells`, on the right.
#[must_use]
pub fn right(text: &str, cells: usize, ellipsis: &str) -> String {
    let text = cut(text, cells, ellipsis);
    let padding = cells.saturating_sub(width(&text));
    format!("{:padding$}{text}", "")
}

/// The text broken into lines of at most `cells`, at spaces where there are any. No line is lost; an empty text is one
/// empty line.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let needed = width(&line) + usize::from(!line.is_empty()) + width(word);
        if needed <= cells {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        line = break_word(word, cells, &mut lines);
    }
    lines.push(line);
    lines
}

/// Moves full lines of a word that is too long into `lines`; returns the rest.
fn break_word(word: &str, cells: usize, lines: &mut Vec<String>) -> String {
    let mut rest = word;
    while width(rest) > cells {
        let (mut head, _) = beginning(rest, cells);
        if head.is_empty() {
            // One character is wider than the line: it goes alone, and the caller's area cuts it.
            head = rest.graphemes(true).next().unwrap_or(rest);
        }
        lines.push(head.to_owned());
        rest = &rest[head.len()..];
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_count_two_cells_and_are_not_halved() {
        assert_eq!(cut("日本語", 4, "…"), "日…");
        assert_eq!(cut("日本語", 5, "…"), "日本…");
        assert_eq!(left("日本語", 4, "…"), "日… ");
        assert_eq!(cut("abc", 3, "…"), "abc");
        assert_eq!(cut("abcd", 3, "..."), "...");
        assert_eq!(cut("abcd", 2, "..."), "ab");
        assert_eq!(right("7 %", 5, "…"), "  7 %");
    }

    #[test]
    fn what_matters_at_the_end_is_kept() {
        let host = "sin-01.play.example.net:25580";
        assert_eq!(cut_address(host, 29, "…"), host);
        assert_eq!(cut_address(host, 16, "…"), "sin-01.pl…:25580");
        assert_eq!(cut_address(host, 6, "…"), "sin-0…");
        assert_eq!(cut_address("sin-01.play", 6, "…"), "sin-0…");
        assert_eq!(cut_address("[2001:db8:1:2:3::4]:25565", 12, "…"), "[2001…:25565");
        assert_eq!(cut_before_size("Counter-Strike 4 GiB", 15, "…"), "Counter-… 4 GiB");
        assert_eq!(cut_before_size("Diamond 8G", 8, "…"), "Diam… 8G");
        assert_eq!(cut_before_size("Unlimited", 5, "…"), "Unli…");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("the node has no free allocation", 12), ["the node has", "no free", "allocation"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 10), [""]);
    }

    proptest! {
        #[test]
        fn everything_fits(text in any::<String>(), cells in 0_usize..30) {
            prop_assert!(width(&cut(&text, cells, "…")) <= cells);
            prop_assert!(width(&cut_address(&text, cells, "…")) <= cells);
            prop_assert!(width(&cut_before_size(&text, cells, "…")) <= cells);
            prop_assert_eq!(width(&left("plain text", cells, "~")), cells);
            for line in wrap(&text, cells) {
                prop_assert!(width(&line) <= cells.max(2) || line.graphemes(true).count() == 1);
            }
        }
    }
}
