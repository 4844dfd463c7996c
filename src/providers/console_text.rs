//! Console output of game servers, made fit for a screen.

use crate::model::sanitise::sanitise;

/// Characters kept of one console line.
const MAX_LINE_CHARACTERS: usize = 4_096;
/// Lines kept of one frame.
const MAX_LINES: usize = 200;

/// The drawable lines of a text, which may hold several.
pub fn lines(text: &str) -> Vec<String> {
    let text = text.trim_end_matches(['\r', '\n']);
    text.split('\n').take(MAX_LINES).map(cut).collect()
}

/// A line without controls; of a line that overwrites itself (progress bars) the last state is what a terminal shows.
fn cut(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let shown = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
    let mut clean = sanitise(shown);
    if let Some((at, _)) = clean.char_indices().nth(MAX_LINE_CHARACTERS) {
        clean.truncate(at);
    }
    clean
}
