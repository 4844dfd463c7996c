//! Paths of requests as segments without percent signs.

/// The decoded segments of a path; one that is no text leaves none.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.trim_matches('/').split('/').map(decode).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// A segment without its percent signs; nothing when it is not text.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
