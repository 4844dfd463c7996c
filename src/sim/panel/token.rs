//! Websocket tokens: shaped like the panel's, signed with a keyed mix that only the simulator knows.

use serde_json::{Value, json};

use super::entities::{Node, Server};
use super::world::World;
use crate::model::time::Timestamp;
use crate::sim::random;

/// How long a token is good: ten minutes.
const LIFE_S: i64 = 600;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) server_uuid: String,
    pub(super) permissions: Vec<String>,
}

impl Claims {
    /// Whether a permission is among them; `*` covers all but those of admins.
    pub(super) fn may(&self, permission: &str) -> bool {
        self.permissions
            .iter()
            .any(|given| given == permission || (given == "*" && !permission.starts_with("admin.")))
    }
}

/// Writes a token for a user on a server.
pub(super) fn issue(world: &World, server: &Server, user_id: i64, permissions: &[String]) -> Option<String> {
    let node = world.nodes.get(&server.node_id)?;
    let user = world.users.get(&user_id)?;
    let now = world.stamp.0.div_euclid(1_000);
    let id = server.id.cast_unsigned();
    let claims = json!({
        "iss": world.url, "aud": [format!("{}://{}:{}", node.scheme, node.fqdn, node.daemon_listen)],
        "jti": random::hex(world.seed, &[user_id.cast_unsigned(), id, 401], 32),
        "iat": now, "nbf": now - 300, "exp": now + LIFE_S,
        "server_uuid": server.uuid, "user_uuid": user.uuid, "user_id": user_id, "permissions": permissions,
        "unique_id": random::letters(world.seed, &[now.cast_unsigned(), id, 402], 16),
    });
    let header = json!({"typ": "JWT", "alg": "HS256", "jti": claims["jti"]});
    let text = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let signature = sign(node, &text);
    Some(format!("{text}.{signature}"))
}

/// Reads a token; `None`: it was not written for this node.
pub(super) fn read(node: &Node, token: &str) -> Option<Claims> {
    let (text, signature) = token.rsplit_once('.')?;
    if signature != sign(node, text) {
        return None;
    }
    let claims: Value = serde_json::from_slice(&decode(text.split('.').nth(1)?)?).ok()?;
    let moment = |name: &str| claims.get(name)?.as_i64().map(|seconds| Timestamp(seconds * 1_000));
    Some(Claims {
        issued_at: moment("iat")?,
        expires_at: moment("exp")?,
        server_uuid: claims.get("server_uuid")?.as_str()?.to_owned(),
        permissions: claims
            .get("permissions")?
            .as_array()?
            .iter()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect(),
    })
}

fn sign(node: &Node, text: &str) -> String {
    let seed = random::of_text(&node.token);
    let digest: Vec<u8> =
        (0..4).flat_map(|lane| random::mix(seed, &[random::of_text(text), lane]).to_be_bytes()).collect();
    encode(&digest)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 for URLs, without padding.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = usize::try_from((number >> (18 - 6 * place)) & 63).unwrap_or(0);
            text.extend(ALPHABET.get(index).copied().map(char::from));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut number = 0_u32;
        for byte in chunk {
            let value = ALPHABET.iter().position(|known| known == byte)?;
            number = (number << 6) | u32::try_from(value).ok()?;
        }
        number <<= 6 * (4 - chunk.len());
        let [_, first, second, third] = number.to_be_bytes();
        bytes.extend([first, second, third].into_iter().take(chunk.len().saturating_sub(1)));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_both_ways() {
        for text in ["", "a", "ab", "abc", "abcd", "{\"exp\":1795190400}"] {
            assert_eq!(decode(&encode(text.as_bytes())).unwrap(), text.as_bytes());
        }
        assert_eq!(encode(b"Man?"), "TWFuPw");
    }
}
