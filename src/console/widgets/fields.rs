//! Labelled fields below each other: one has the focus, some offer choices. Knows no domain type.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::form::TextField;
use super::text;
use crate::console::actions::Action;
use crate::console::context::ViewContext;
use crate::console::keys::Key;

/// Cells before a label: the mark of the field that has the focus.
const MARK_CELLS: usize = 2;

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    label: &'static str,
    input: TextField,
    choices: Vec<String>,
    is_choice_only: bool,
}

impl Field {
    /// A field that holds `text`.
    #[must_use]
    pub fn new(label: &'static str, text: &str) -> Self {
        Self { label, input: TextField::with_text(text), choices: Vec::new(), is_choice_only: false }
    }

    /// Up and down go through these; anything else may be typed.
    #[must_use]
    pub fn with_choices(mut self, choices: impl IntoIterator<Item = String>) -> Self {
        self.choices = choices.into_iter().collect();
        self
    }

    /// One of these and nothing else: up, down and space go through them.
    #[must_use]
    pub fn one_of(self, choices: impl IntoIterator<Item = String>) -> Self {
        Self { is_choice_only: true, ..self.with_choices(choices) }
    }

    /// Puts the next or previous choice in; says whether there are any.
    fn choose(&mut self, is_next: bool) -> bool {
        let count = self.choices.len();
        let present = self.choices.iter().position(|choice| choice == self.input.text());
        let at = match (present, is_next) {
            (None, true) => 0,
            (Some(at), true) => (at + 1) % count.max(1),
            (None, false) => count.saturating_sub(1),
            (Some(at), false) => (at + count - 1) % count.max(1),
        };
        let chosen = self.choices.get(at).cloned();
        chosen.inspect(|chosen| self.input.set(chosen)).is_some()
    }
}

/// What an action or key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// The text of this field is another.
    Text(usize),
    /// A choice was put into this field.
    Chosen(usize),
    /// The focus moved.
    Focus,
    /// It was not for the fields.
    Nothing,
}

/// The fields.
#[derive(Debug, Clone)]
pub struct Fields {
    rows: Vec<Field>,
    focused: usize,
    /// Cells of labels.
    label_cells: usize,
    /// Cells beside each field for what is said of it.
    note_cells: usize,
}

impl Fields {
    /// These fields, with room for notes beside them; the first has the focus.
    #[must_use]
    pub fn new(fields: Vec<Field>, note_cells: usize) -> Self {
        let label_cells = fields.iter().map(|field| text::width(field.label)).max().unwrap_or(0) + 1;
        Self { rows: fields, focused: 0, label_cells, note_cells }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What is in a field, without blanks around it.
    #[must_use]
    pub fn text(&self, at: usize) -> &str {
        self.rows.get(at).map_or("", |field| field.input.text().trim())
    }

    /// Puts text into a field.
    pub fn set(&mut self, at: usize, text: &str) {
        if let Some(field) = self.rows.get_mut(at) {
            field.input.set(text);
        }
    }

    /// What up and down go through in a field.
    pub fn set_choices(&mut self, at: usize, choices: impl IntoIterator<Item = String>) {
        if let Some(field) = self.rows.get_mut(at) {
            field.choices = choices.into_iter().collect();
        }
    }

    /// The field that has the focus.
    #[must_use]
    pub fn focused(&self) -> usize {
        self.focused
    }

    /// Moves the focus.
    pub fn focus(&mut self, at: usize) {
        self.focused = at.min(self.rows.len().saturating_sub(1));
    }

    /// Whether the field in focus offers choices.
    #[must_use]
    pub fn has_choices(&self) -> bool {
        self.rows.get(self.focused).is_some_and(|field| !field.choices.is_empty())
    }

    /// Does an action of text fields: tab moves the focus; up and down choose where there is a choice, and move where not.
    pub fn on_action(&mut self, action: Action) -> Edited {
        let is_next = matches!(action, Action::TextNextField | Action::TextDown);
        match action {
            Action::TextNextField | Action::TextPreviousField => self.step(is_next),
            Action::TextUp | Action::TextDown => {
                let at = self.focused;
                if self.rows.get_mut(at).is_some_and(|field| field.choose(is_next)) {
                    return Edited::Chosen(at);
                }
                self.step(is_next);
            }
            _ => return Edited::Nothing,
        }
        Edited::Focus
    }

    fn step(&mut self, is_next: bool) {
        let count = self.rows.len().max(1);
        self.focused = if is_next { (self.focused + 1) % count } else { (self.focused + count - 1) % count };
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Edited {
        let at = self.focused;
        let Some(field) = self.rows.get_mut(at) else { return Edited::Nothing };
        if field.is_choice_only {
            let is_chosen = key.typed() == Some(' ') && field.choose(true);
            return if is_chosen { Edited::Chosen(at) } else { Edited::Nothing };
        }
        if field.input.key(key) { Edited::Text(at) } else { Edited::Nothing }
    }

    /// Takes pasted text, apart from what is in the field already.
    pub fn paste(&mut self, pasted: &str) -> Edited {
        let at = self.focused;
        match self.rows.get_mut(at) {
            Some(field) if !field.is_choice_only => {
                field.input.paste(pasted);
                Edited::Text(at)
            }
            _ => Edited::Nothing,
        }
    }

    fn field_cells(&self, cells: usize) -> usize {
        let beside = if self.note_cells > 0 { self.note_cells + 1 } else { 0 };
        cells.saturating_sub(MARK_CELLS + self.label_cells + beside)
    }

    /// The rows, as many of them around the focus as fit, with a note beside each.
    #[must_use]
    pub fn lines(
        &self,
        (cells, rows): (usize, usize),
        note: impl Fn(usize) -> Option<(String, Style)>,
        context: &ViewContext<'_>,
    ) -> Vec<Line<'static>> {
        let (theme, first) = (context.theme, self.first_row(rows));
        let field_cells = self.field_cells(cells);
        let row = |(at, field): (usize, &Field)| {
            let is_focused = at == self.focused;
            let mark = if is_focused { context.glyphs.selected } else { " " };
            let label_style = if is_focused { theme.strong } else { theme.muted };
            let seen = if is_focused {
                field.input.visible(field_cells).0.to_owned()
            } else {
                text::cut(field.input.text(), field_cells, context.glyphs.ellipsis).into_owned()
            };
            let mut spans = vec![
                Span::styled(text::left(mark, MARK_CELLS, ""), theme.accent),
                Span::styled(text::left(field.label, self.label_cells, ""), label_style),
                Span::styled(text::left(&seen, field_cells, ""), theme.input),
            ];
            if let Some((words, style)) = note(at) {
                let words = text::cut(&words, self.note_cells, context.glyphs.ellipsis).into_owned();
                spans.extend([Span::raw(" "), Span::styled(words, style)]);
            }
            Line::from(spans)
        };
        self.rows.iter().enumerate().skip(first).take(rows).map(row).collect()
    }

    /// The first row shown, so that the one in focus is.
    fn first_row(&self, rows: usize) -> usize {
        self.focused.saturating_sub(rows.saturating_sub(1))
    }

    /// The cursor's column and row in what [`Fields::lines`] shows.
    #[must_use]
    pub fn cursor(&self, (cells, rows): (usize, usize)) -> (usize, usize) {
        let column =
            self.rows.get(self.focused).map_or(0, |field| field.input.visible(self.field_cells(cells)).1);
        (MARK_CELLS + self.label_cells + column, self.focused - self.first_row(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keys::KeyCode;

    fn fields() -> Fields {
        let choices = || ["one".to_owned(), "two".to_owned()];
        Fields::new(
            vec![
                Field::new("free", ""),
                Field::new("offered", "").with_choices(choices()),
                Field::new("fixed", "one").one_of(choices()),
            ],
            0,
        )
    }

    #[test]
    fn choices_go_round_and_free_text_stays_possible() {
        let mut fields = fields();
        assert_eq!(
            fields.on_action(Action::TextDown),
            Edited::Focus,
            "nothing to choose from: the focus moves"
        );
        assert_eq!(fields.on_action(Action::TextUp), Edited::Chosen(1));
        assert_eq!(fields.text(1), "two");
        fields.on_action(Action::TextDown);
        assert_eq!(fields.text(1), "one");
        fields.key(Key::char('x'));
        assert_eq!(fields.text(1), "onex");
    }

    #[test]
    fn a_field_of_choices_only_takes_nothing_else() {
        let mut fields = fields();
        fields.focus(2);
        assert_eq!(fields.key(Key::char('x')), Edited::Nothing);
        assert_eq!(fields.paste("three"), Edited::Nothing);
        assert_eq!(fields.key(Key::plain(KeyCode::Backspace)), Edited::Nothing);
        assert_eq!(fields.key(Key::char(' ')), Edited::Chosen(2));
        assert_eq!(fields.text(2), "two");
    }

    #[test]
    fn the_field_in_focus_is_shown_however_few_rows_there_are() {
        let mut fields = fields();
        for _ in 0..4 {
            for rows in 0..4 {
                let (_, row) = fields.cursor((20, rows));
                assert!(row <= rows.saturating_sub(1), "{row} of {rows}");
            }
            fields.on_action(Action::TextNextField);
        }
    }
}
