//! Whatever bytes come, the decoders give an answer.

use proptest::prelude::*;
use quarterdeck::providers::pterodactyl::console::protocol;
use quarterdeck::providers::pterodactyl::wire::{self, Errors, Item, List};
use serde::de::DeserializeOwned;

/// Decodes, and drops what comes of it: only a panic can fail.
fn read<T: DeserializeOwned>(bytes: &[u8]) {
    drop(serde_json::from_slice::<List<T>>(bytes));
    drop(serde_json::from_slice::<Item<T>>(bytes));
}

fn read_all(bytes: &[u8]) {
    read::<wire::Node>(bytes);
    read::<wire::Server>(bytes);
    read::<wire::Egg>(bytes);
    read::<wire::User>(bytes);
    read::<wire::Allocation>(bytes);
    read::<wire::Location>(bytes);
    read::<wire::Stats>(bytes);
    drop(serde_json::from_slice::<Errors>(bytes));
    drop(serde_json::from_slice::<wire::WebsocketData>(bytes));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = protocol::hear(text);
    }
}

/// JSON of any shape, with the panel's own field names now and then.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    let names = prop_oneof![
        Just("data"),
        Just("attributes"),
        Just("object"),
        Just("meta"),
        Just("pagination"),
        Just("id"),
        Just("uuid"),
        Just("limits"),
        Just("container"),
        Just("environment"),
        Just("relationships"),
        Just("allocations"),
        Just("errors"),
        Just("code"),
        Just("resources"),
        Just("docker_images"),
        Just("event"),
        Just("args"),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn arbitrary_json_never_panics(json in any_json()) {
        read_all(json.to_string().as_bytes());
    }
}

#[test]
fn numbers_may_be_text_and_maps_may_be_lists() {
    let json = r#"{"object":"server","attributes":{"id":"7","uuid":"u","user":"2","node":3.0,"allocation":null,
        "external_id":12,"status":"brewing","limits":{"memory":"1024","swap":-1,"disk":0,"io":500,"cpu":"0"},
        "feature_limits":{"databases":null},"container":{"environment":[]},"brand_new_key":{"a":[1]}}}"#;
    let item: Item<wire::Server> = serde_json::from_str(json).expect("tolerated");
    let server = item.attributes.expect("a server");
    assert_eq!((server.id, server.user, server.node, server.allocation), (7, 2, 3, 0));
    assert_eq!(server.external_id.as_deref(), Some("12"));
    assert_eq!((server.limits.memory, server.limits.swap), (1024, -1));
    assert_eq!(server.status.as_deref(), Some("brewing"));
    let null: Item<wire::Server> =
        serde_json::from_str(r#"{"object":"null_resource","attributes":null}"#).expect("null");
    assert!(null.attributes.is_none());
}
