//! Cached values as bytes: postcard with a checksum and the version of the program that wrote them.
//!
//! Must not: hold a secret, or fail on what an older program wrote: that is no value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::problem::Problem;

/// postcard does not describe itself: only what this very version wrote is read back.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Encodes a value: checksum, program, value.
pub(super) fn encode<V: Serialize + ?Sized>(name: &str, value: &V) -> Result<Vec<u8>, Problem> {
    let content = postcard::to_stdvec(&(PROGRAM, value)).map_err(|error| {
        Problem::refused(format!("the cached value {name} has no binary form: {error}"), "")
    })?;
    let mut bytes = crc32fast::hash(&content).to_be_bytes().to_vec();
    bytes.extend_from_slice(&content);
    Ok(bytes)
}

/// Whether the bytes are what was written.
pub(super) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (checksum, content) = bytes.split_first_chunk()?;
    (crc32fast::hash(content) == u32::from_be_bytes(*checksum)).then_some(content)
}

/// Decodes a value; nothing when it is damaged, of another version, or of another shape.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (program, rest) = postcard::take_from_bytes::<&str>(checked(bytes)?).ok()?;
    if program != PROGRAM {
        return None;
    }
    let (value, rest) = postcard::take_from_bytes(rest).ok()?;
    rest.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_damaged_or_foreign_ones_do_not() {
        let bytes = encode("fleet", &("name", 7_u32)).unwrap();
        assert_eq!(decode::<(String, u32)>(&bytes), Some(("name".to_owned(), 7)));
        assert_eq!(decode::<(String, u32, u32)>(&bytes), None);
        assert_eq!(decode::<String>(&bytes), None, "a value of another shape left bytes over");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_eq!(decode::<(String, u32)>(&changed), None);
        }
    }
}
