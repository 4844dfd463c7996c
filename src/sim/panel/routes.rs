//! Which handler answers which path.

use super::application;
use super::call::Route;
use super::client;
use super::query::decode;

/// The route of a request with its parameters; HEAD is answered as GET.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Route, Vec<String>)> {
    let method = if method == "HEAD" { "GET" } else { method };
    all().find_map(|route| {
        (route.method == method).then(|| matches(route.pattern, path)).flatten().map(|params| (route, params))
    })
}

/// The methods that a path knows.
pub(super) fn methods(path: &str) -> Vec<&'static str> {
    let mut methods: Vec<&'static str> = Vec::new();
    for route in all().filter(|route| matches(route.pattern, path).is_some()) {
        if !methods.contains(&route.method) {
            methods.push(route.method);
            if route.method == "GET" {
                methods.push("HEAD");
            }
        }
    }
    methods
}

fn all() -> impl Iterator<Item = &'static Route> {
    application::ROUTES.iter().chain(client::ROUTES).flat_map(|table| table.iter())
}

/// Parameters of a path that fits a pattern; one trailing slash is forgiven.
fn matches(pattern: &str, path: &str) -> Option<Vec<String>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut params = Vec::new();
    let mut given = path.split('/');
    for expected in pattern.split('/') {
        let segment = given.next()?;
        if expected.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            params.push(decode(segment, false));
        } else if expected != segment {
            return None;
        }
    }
    given.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        assert_eq!(matches("/a/{x}/b", "/a/1%20/b/"), Some(vec!["1 ".to_owned()]));
        assert_eq!(matches("/a/{x}", "/a/"), None);
        assert_eq!(matches("/a", "//a"), None);
        assert_eq!(matches("/a", "/a/b"), None);
    }
}
