//! Which key does what: the table's defaults with the operator's own bindings over them.

use std::collections::HashMap;

use super::actions::{ACTIONS, Action, Scope};
use super::keys::Key;

/// One line of the operator's configuration: these keys, and only these, do the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBinding {
    /// The action's name.
    pub action: String,
    /// Names of keys; none takes the action off the keyboard (the palette still has it).
    pub keys: Vec<String>,
    /// Where it is written: `config.toml:31`; empty when not from a file.
    pub place: String,
}

/// Something wrong with the operator's bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapProblem {
    /// Where it is written; empty when not from a file.
    pub place: String,
    /// What is wrong and what was done about it.
    pub message: String,
}

impl std::fmt::Display for KeymapProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.place, self.message)
        }
    }
}

/// Keys of every action, and actions of every key in every scope.
#[derive(Debug, Clone)]
pub struct Keymap {
    keys: Vec<Vec<Key>>,
    actions: HashMap<(Scope, Key), Action>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&[]).0
    }
}

impl Keymap {
    /// The defaults with these bindings over them, and what was wrong with them.
    ///
    /// A binding that is not understood, or whose key already does something else where it is heard, is left out;
    /// the first one written wins, and operator's bindings win over defaults.
    #[must_use]
    pub fn new(bindings: &[KeyBinding]) -> (Self, Vec<KeymapProblem>) {
        let mut problems = Vec::new();
        let mut keymap = Self { keys: vec![Vec::new(); ACTIONS.len()], actions: HashMap::new() };
        let mut is_rebound = vec![false; ACTIONS.len()];
        for binding in bindings {
            keymap.rebind(binding, &mut is_rebound, &mut problems);
        }
        for spec in ACTIONS.iter().filter(|spec| !is_rebound[spec.action as usize]) {
            for key in spec.keys.iter().filter_map(|name| Key::parse(name).ok()) {
                // A default gives way to an operator's key; the action keeps its other keys and the palette.
                if keymap.holder(spec.action, key).is_none() {
                    keymap.bind(spec.action, key);
                }
            }
        }
        for spec in ACTIONS.iter().filter(|spec| !is_rebound[spec.action as usize]) {
            if keymap.keys[spec.action as usize].is_empty() && !spec.keys.is_empty() {
                problems.push(KeymapProblem {
                    place: String::new(),
                    message: format!("`{}` has no key left: your bindings took all of them", spec.name),
                });
            }
        }
        (keymap, problems)
    }

    /// Takes in one line of the configuration.
    fn rebind(&mut self, binding: &KeyBinding, is_rebound: &mut [bool], problems: &mut Vec<KeymapProblem>) {
        let mut complain =
            |message: String| problems.push(KeymapProblem { place: binding.place.clone(), message });
        let Some(action) = Action::from_name(&binding.action) else {
            complain(format!("no action is called `{}`", binding.action));
            return;
        };
        is_rebound[action as usize] = true;
        for name in &binding.keys {
            let key = match Key::parse(name) {
                Ok(key) => key,
                Err(message) => {
                    complain(message);
                    continue;
                }
            };
            if action.spec().scopes.contains(&Scope::Text) && key.typed().is_some() {
                complain(format!("`{key}` cannot do `{}`: it is text where that is heard", binding.action));
            } else if let Some(other) = self.holder(action, key) {
                if other != action {
                    complain(format!("`{key}` for `{}` already does `{}`", binding.action, other.name()));
                }
            } else {
                self.bind(action, key);
            }
        }
    }

    /// The action that already has this key somewhere where `action` is heard.
    fn holder(&self, action: Action, key: Key) -> Option<Action> {
        let scopes = action.spec().scopes;
        Scope::ALL
            .iter()
            .map(|focus| focus.stack())
            .filter(|stack| stack.iter().any(|scope| scopes.contains(scope)))
            .flatten()
            .find_map(|scope| self.actions.get(&(*scope, key)).copied())
    }

    fn bind(&mut self, action: Action, key: Key) {
        self.keys[action as usize].push(key);
        for scope in action.spec().scopes {
            self.actions.insert((*scope, key), action);
        }
    }

    /// What a key does while a component of this scope has the focus.
    #[must_use]
    pub fn action(&self, focus: Scope, key: Key) -> Option<Action> {
        focus.stack().iter().find_map(|scope| self.actions.get(&(*scope, key)).copied())
    }

    /// The keys of an action; the first is the one to show.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        &self.keys[action as usize]
    }

    /// The name of the action's first key; empty when it has none.
    #[must_use]
    pub fn label(&self, action: Action) -> String {
        self.keys(action).first().map(Key::to_string).unwrap_or_default()
    }

    /// The key that confirms a dialog: the first one that did not open it.
    #[must_use]
    pub fn confirm_key(&self, opened_by: Option<Key>) -> Option<Key> {
        self.keys(Action::Confirm).iter().copied().find(|key| Some(*key) != opened_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(action: &str, keys: &[&str], place: &str) -> KeyBinding {
        KeyBinding {
            action: action.to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            place: place.to_owned(),
        }
    }

    #[test]
    fn every_default_key_reaches_its_action_from_every_focus_that_hears_it() {
        let (keymap, problems) = Keymap::new(&[]);
        assert_eq!(problems, []);
        for spec in ACTIONS {
            assert_eq!(keymap.keys(spec.action).len(), spec.keys.len(), "{}", spec.name);
            for focus in Scope::ALL.iter().filter(|f| f.stack().iter().any(|s| spec.scopes.contains(s))) {
                for key in keymap.keys(spec.action) {
                    assert_eq!(keymap.action(*focus, *key), Some(spec.action), "{focus:?} {key}");
                }
            }
        }
    }

    #[test]
    fn conflicts_and_mistakes_are_reported_with_their_place() {
        let (keymap, problems) = Keymap::new(&[
            binding("provision_order", &["P"], "config.toml:4"),
            binding("retry_order", &["P"], "config.toml:5"),
            binding("nonsense", &["x"], "config.toml:6"),
            binding("quit", &["hyper-q"], "config.toml:7"),
            binding("submit", &["s"], "config.toml:8"),
        ]);
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said[0], "config.toml:5: `P` for `retry_order` already does `provision_order`");
        assert_eq!(said[1], "config.toml:6: no action is called `nonsense`");
        assert!(said[2].starts_with("config.toml:7: `hyper-q` is no key"), "{}", said[2]);
        assert!(said[3].starts_with("config.toml:8: `s` cannot do `submit`"), "{}", said[3]);
        assert_eq!(keymap.action(Scope::Orders, Key::char('P')), Some(Action::ProvisionOrder));
        assert_eq!(keymap.action(Scope::Orders, Key::char('p')), None);
    }

    #[test]
    fn a_default_gives_way_and_says_so_only_when_nothing_is_left() {
        let (keymap, problems) = Keymap::new(&[binding("quit", &["?"], "")]);
        assert_eq!(problems, []);
        assert_eq!(keymap.action(Scope::Orders, Key::char('?')), Some(Action::Quit));
        assert_eq!(keymap.label(Action::Help), "f1");
        let (_, problems) = Keymap::new(&[binding("quit", &["p"], "")]);
        let left_without = ACTIONS.iter().filter(|spec| spec.keys == ["p"]).count();
        assert_eq!(problems.len(), left_without, "{problems:?}");
        let names_it =
            |problem: &KeymapProblem| problem.message.contains("`provision_order` has no key left");
        assert!(problems.iter().any(names_it), "{problems:?}");
    }

    #[test]
    fn the_key_that_opened_a_dialog_never_confirms_it() {
        let keymap = Keymap::default();
        let usual = keymap.confirm_key(None).unwrap();
        assert_eq!(keymap.confirm_key(Some(Key::char('p'))), Some(usual));
        assert_ne!(keymap.confirm_key(Some(usual)), Some(usual));
    }
}
