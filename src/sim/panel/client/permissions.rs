//! The permissions that an owner can give to others.

/// Groups with their keys.
pub(super) const GROUPS: &[(&str, &[&str])] = &[
    ("websocket", &["connect"]),
    ("control", &["console", "start", "stop", "restart"]),
    ("user", &["create", "read", "update", "delete"]),
    ("file", &["create", "read", "read-content", "update", "delete", "archive", "sftp"]),
    ("backup", &["create", "read", "delete", "download", "restore"]),
    ("allocation", &["read", "create", "update", "delete"]),
    ("startup", &["read", "update", "docker-image"]),
    ("database", &["create", "read", "update", "delete", "view_password"]),
    ("schedule", &["create", "read", "update", "delete"]),
    ("settings", &["rename", "reinstall"]),
    ("activity", &["read"]),
];

/// Whether a word such as `control.start` is one of them.
pub(super) fn is_known(word: &str) -> bool {
    word.split_once('.')
        .is_some_and(|(group, key)| GROUPS.iter().any(|(name, keys)| *name == group && keys.contains(&key)))
}
