//! The question at the end of a dialog: yes or no, or a name to type. Cancel is the default, and the key that opened
//! the dialog never confirms it.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::form::TextField;
use crate::console::actions::{Action, Scope};
use crate::console::context::ViewContext;
use crate::console::keys::Key;

/// What the operator must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Press the confirm key.
    YesNo,
    /// Type this name, exactly.
    TypeName(String),
}

/// What an action or key did to the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing decided.
    Open,
    /// Nothing shall happen.
    Cancelled,
    /// Do it; with the typed name where one was asked for.
    Confirmed(Option<String>),
}

/// The question and what was pressed so far.
#[derive(Debug, Clone)]
pub struct Prompt {
    question: Question,
    /// What confirming does, in one or two words: `destroy`.
    verb: String,
    opened_by: Option<Key>,
    is_confirm_selected: bool,
    field: TextField,
    is_wrong: bool,
}

impl Prompt {
    /// A question with cancel selected.
    #[must_use]
    pub fn new(question: Question, verb: &str, opened_by: Option<Key>) -> Self {
        Self {
            question,
            verb: verb.to_owned(),
            opened_by,
            is_confirm_selected: false,
            field: TextField::default(),
            is_wrong: false,
        }
    }

    /// Where keys are looked up: a name is typed as text.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.question {
            Question::YesNo => Scope::Dialog,
            Question::TypeName(_) => Scope::Text,
        }
    }

    /// Does an action; `key` is the one that was pressed.
    pub fn action(&mut self, action: Action, key: Option<Key>) -> Answer {
        let is_opening_key = key.is_some() && key == self.opened_by;
        match (action, &self.question) {
            (Action::Cancel | Action::LeaveText, _) => Answer::Cancelled,
            (Action::NextField | Action::PreviousField, Question::YesNo) => {
                self.is_confirm_selected = !self.is_confirm_selected;
                Answer::Open
            }
            (Action::Confirm, Question::YesNo) if !is_opening_key => Answer::Confirmed(None),
            (Action::Activate, Question::YesNo) => {
                if !self.is_confirm_selected {
                    Answer::Cancelled
                } else if is_opening_key {
                    Answer::Open
                } else {
                    Answer::Confirmed(None)
                }
            }
            (Action::Submit, Question::TypeName(name)) => {
                if self.field.text() == name {
                    return Answer::Confirmed(Some(name.clone()));
                }
                self.is_wrong = true;
                Answer::Open
            }
            _ => Answer::Open,
        }
    }

    /// Types a key into the name; says whether it was taken.
    pub fn text_key(&mut self, key: Key) -> bool {
        self.is_wrong = false;
        matches!(self.question, Question::TypeName(_)) && self.field.key(key)
    }

    /// The rows to draw, the text field last; the same number whatever was typed.
    #[must_use]
    pub fn lines(&self, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        match &self.question {
            Question::YesNo => vec![self.buttons(context)],
            Question::TypeName(name) => self.name_lines(name, context),
        }
    }

    /// Column and row (from the first of [`Prompt::lines`]) of the text cursor.
    #[must_use]
    pub fn cursor(&self) -> Option<(usize, usize)> {
        match self.question {
            Question::YesNo => None,
            Question::TypeName(_) => Some((NAME_LABEL.len() + self.field.visible(NAME_CELLS).1, 1)),
        }
    }

    fn buttons(&self, context: &ViewContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let confirm_key =
            context.keymap.confirm_key(self.opened_by).map(|key| key.to_string()).unwrap_or_default();
        let button = |key: String, label: &str, is_selected: bool| {
            let style = if is_selected { theme.button_focused } else { theme.button };
            let key_style: Style = if is_selected { style } else { theme.key };
            [
                Span::styled(if is_selected { "[" } else { " " }, style),
                Span::styled(key, key_style),
                Span::styled(format!(" {label}"), style),
                Span::styled(if is_selected { "]" } else { " " }, style),
                Span::raw("  "),
            ]
        };
        let cancel_key = context.keymap.label(Action::Cancel);
        let mut spans = Vec::new();
        spans.extend(button(cancel_key, "cancel", !self.is_confirm_selected));
        spans.extend(button(confirm_key, &self.verb, self.is_confirm_selected));
        let default = if self.is_confirm_selected { self.verb.as_str() } else { "cancel" };
        spans.push(Span::styled(format!("enter: {default}"), theme.muted));
        Line::from(spans)
    }

    fn name_lines(&self, name: &str, context: &ViewContext<'_>) -> Vec<Line<'static>> {
        let theme = context.theme;
        let ask = Line::from(vec![
            Span::styled(format!("to {}, type: ", self.verb), theme.text),
            Span::styled(name.to_owned(), theme.strong),
        ]);
        let (typed, _) = self.field.visible(NAME_CELLS);
        let mut field = vec![
            Span::styled(NAME_LABEL, theme.muted),
            Span::styled(format!("{typed:<NAME_CELLS$}"), theme.input),
        ];
        let (note, style) =
            if self.is_wrong { (" that is not it", theme.bad) } else { (" esc cancels", theme.muted) };
        field.push(Span::styled(note, style));
        vec![ask, Line::from(field)]
    }
}

/// Before the field.
const NAME_LABEL: &str = "name: ";
/// Cells of the field; longer names scroll.
const NAME_CELLS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(prompt: &mut Prompt, text: &str) {
        for character in text.chars() {
            assert!(prompt.text_key(Key::char(character)));
        }
    }

    #[test]
    fn cancel_is_the_default_and_confirming_needs_another_key() {
        let mut prompt = Prompt::new(Question::YesNo, "stop", Some(Key::char('y')));
        assert_eq!(prompt.action(Action::Confirm, Some(Key::char('y'))), Answer::Open);
        assert_eq!(prompt.action(Action::Confirm, Some(Key::char('o'))), Answer::Confirmed(None));
        assert_eq!(prompt.action(Action::Activate, None), Answer::Cancelled);
        assert_eq!(prompt.action(Action::NextField, None), Answer::Open);
        assert_eq!(prompt.action(Action::Activate, Some(Key::char('y'))), Answer::Open);
        assert_eq!(prompt.action(Action::Activate, None), Answer::Confirmed(None));
        assert_eq!(prompt.action(Action::Cancel, None), Answer::Cancelled);
    }

    #[test]
    fn a_name_must_be_typed_exactly() {
        let mut prompt = Prompt::new(Question::TypeName("survival".to_owned()), "destroy", None);
        assert_eq!(prompt.scope(), Scope::Text);
        assert_eq!(prompt.action(Action::Submit, None), Answer::Open);
        typed(&mut prompt, "Survival");
        assert_eq!(prompt.action(Action::Submit, None), Answer::Open);
        prompt.text_key(Key::ctrl('u'));
        typed(&mut prompt, "survival");
        assert_eq!(prompt.action(Action::Confirm, None), Answer::Open);
        assert_eq!(prompt.action(Action::Submit, None), Answer::Confirmed(Some("survival".to_owned())));
        assert_eq!(prompt.action(Action::LeaveText, None), Answer::Cancelled);
    }
}
