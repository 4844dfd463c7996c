//! Whatever is written into the configuration file: an error with its place, or values; never a panic.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::document;
use super::keys::KEYS;
use super::load::Layers;
use super::tests::FULL as WHOLE;
use super::typed::Config;

/// Reads a text as the program does; what comes out does not matter.
fn read(text: &str) {
    let file = Path::new("config.toml");
    let Ok(values) = document::parse(text, file) else { return };
    let merged = Layers::merge(Some((PathBuf::from(file), values)), std::iter::empty(), &[]);
    if let Ok(layers) = merged {
        drop(Config::from_layers(&layers));
    }
}

/// A value of TOML, of any kind and size.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(0)].prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        any::<bool>().prop_map(|truth| truth.to_string()),
        ".{0,30}".prop_map(|text| format!("{text:?}")),
        "[0-9]{1,40}".prop_map(|text| format!("\"{text}\"")),
        ".{0,12}".prop_map(|text| format!("[{text:?}, {text:?}]")),
        "[a-z]{1,8}".prop_map(|name| format!("{{ {name} = \"X\" }}")),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&text);
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_whole_file_with_anything_changed_is_read_or_refused(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..12), cut in any::<usize>(),
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for (place, byte) in changes {
            let length = bytes.len();
            bytes[place % length] = byte;
        }
        if cut % 3 == 0 {
            bytes.truncate(cut % bytes.len());
        }
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn every_key_takes_or_refuses_any_value(at in 0..KEYS.len(), value in value(), name in "[a-z]{1,6}") {
        let path = KEYS[at].path.replace('*', &name);
        read(&format!("{path} = {value}\n"));
        read(&format!("{path} = {value}\n{WHOLE}"));
    }
}

#[test]
fn the_text_that_is_changed_is_a_good_one() {
    let values = document::parse(WHOLE, Path::new("config.toml")).unwrap();
    let layers =
        Layers::merge(Some((PathBuf::from("config.toml"), values)), std::iter::empty(), &[]).unwrap();
    Config::from_layers(&layers).unwrap();
}
