//! Where servers can stand: ids are historical and not literal (`providers/dathost.md` §3.5).

use serde_json::Value;

use crate::model::sanitise::sanitise;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The provider's id.
    pub id: String,
    /// The city for people; the id where nothing better is known.
    pub city: String,
}

/// Ids that do not say where they are.
const CITIES: &[(&str, &str)] = &[
    ("dusseldorf", "Frankfurt"),
    ("strasbourg", "Paris"),
    ("bristol", "London"),
    ("barcelona", "Madrid"),
    ("portland", "Seattle"),
    ("beauharnois", "Toronto"),
    ("new_york_city", "New York"),
    ("los_angeles", "Los Angeles"),
    ("sao_paulo", "São Paulo"),
    ("buenos_aires", "Buenos Aires"),
    ("hong_kong", "Hong Kong"),
];

/// The city of an id: unknown ones are opaque and shown as they are.
#[must_use]
pub fn city_of(id: &str) -> String {
    if let Some((_, city)) = CITIES.iter().find(|(known, _)| *known == id) {
        return (*city).to_owned();
    }
    let mut characters = id.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Ids as texts, as `id` or `location` of objects, or as the keys of one object; what is none of these is left out.
pub(super) fn read(rows: &Value) -> Vec<Location> {
    let ids: Vec<&str> = match rows {
        Value::Array(rows) => rows.iter().filter_map(id_of).collect(),
        Value::Object(object) => object.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    ids.into_iter().map(sanitise).map(|id| Location { city: city_of(&id), id }).collect()
}

fn id_of(row: &Value) -> Option<&str> {
    row.as_str().or_else(|| row.get("id")?.as_str()).or_else(|| row.get("location")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_is_read_and_ids_are_not_taken_literally() {
        for rows in [
            json!(["dusseldorf", "stockholm", "moon_base"]),
            json!([{ "id": "dusseldorf" }, { "location": "stockholm" }, { "id": "moon_base", "x": null }, 7]),
            json!({ "dusseldorf": {}, "stockholm": null, "moon_base": 1 }),
        ] {
            let mut read = read(&rows);
            read.sort_by(|a, b| a.city.cmp(&b.city));
            let cities: Vec<&str> = read.iter().map(|location| location.city.as_str()).collect();
            assert_eq!(cities, ["Frankfurt", "Moon_base", "Stockholm"], "{rows}");
        }
        assert!(read(&json!(null)).is_empty());
    }
}
