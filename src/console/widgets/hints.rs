//! The hint bar: the most useful keys of what has the focus, as many as fit.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::text::width;
use crate::console::actions::{ACTIONS, Action, Scope};
use crate::console::component::Component;
use crate::console::context::ViewContext;

/// The actions with a place in the bar for this focus, most important first.
fn candidates(scope: Scope, context: &ViewContext<'_>) -> Vec<Action> {
    let stack = scope.stack();
    let mut specs: Vec<_> = ACTIONS
        .iter()
        .filter(|spec| spec.hint_priority > 0 && spec.scopes.iter().any(|scope| stack.contains(scope)))
        .filter(|spec| !(context.is_read_only && spec.risk.is_removed_by_read_only()))
        .filter(|spec| !context.keymap.keys(spec.action).is_empty())
        .collect();
    specs.sort_by_key(|spec| std::cmp::Reverse(spec.hint_priority));
    specs.into_iter().map(|spec| spec.action).collect()
}

/// The bar's line in `cells`. The key of what would do nothing now is muted; only the key, so that moving through rows
/// of different states costs little. Above a dialog, where nothing is moved through, it is left out.
#[must_use]
pub fn line(focused: &dyn Component, cells: u16, context: &ViewContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let mut left = usize::from(cells);
    let mut spans = Vec::new();
    // Only a dialog wants a size; on what screen does not matter here.
    let screen = Rect::new(0, 0, cells, 24);
    let is_dialog = focused.wanted_size(screen, context).is_some();
    for action in candidates(focused.scope(), context) {
        let is_enabled = focused.is_enabled(action, context);
        if is_dialog && !is_enabled {
            continue;
        }
        let key = context.keymap.label(action);
        let label = action.spec().label;
        let needed = width(&key) + 1 + width(label) + 2;
        if needed > left + 2 {
            continue;
        }
        left = left.saturating_sub(needed);
        let key_style = if is_enabled { theme.key } else { theme.muted };
        spans.push(Span::styled(key, key_style));
        spans.push(Span::styled(format!(" {label}"), theme.key_label));
        spans.push(Span::raw("  "));
    }
    spans.pop();
    Line::from(spans)
}
