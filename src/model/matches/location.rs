//! Where match servers can stand: the provider's ids are historical, so people are shown the city.
//!
//! What is not in the table is an id all the same: providers open new places, and the request is theirs to judge.

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The provider's id.
    pub id: &'static str,
    /// The city that it really is in.
    pub city: &'static str,
}

const fn at(id: &'static str, city: &'static str) -> Location {
    Location { id, city }
}

/// The known places, Europe first, then westwards (`providers/dathost.md` §3.5).
pub const LOCATIONS: [Location; 37] = [
    at("stockholm", "Stockholm"),
    at("amsterdam", "Amsterdam"),
    at("dusseldorf", "Frankfurt"),
    at("bristol", "London"),
    at("strasbourg", "Paris"),
    at("helsinki", "Helsinki"),
    at("warsaw", "Warsaw"),
    at("barcelona", "Madrid"),
    at("prague", "Prague"),
    at("copenhagen", "Copenhagen"),
    at("dublin", "Dublin"),
    at("milan", "Milan"),
    at("oslo", "Oslo"),
    at("bucharest", "Bucharest"),
    at("istanbul", "Istanbul"),
    at("beauharnois", "Toronto"),
    at("new_york_city", "New York"),
    at("chicago", "Chicago"),
    at("atlanta", "Atlanta"),
    at("miami", "Miami"),
    at("dallas", "Dallas"),
    at("denver", "Denver"),
    at("los_angeles", "Los Angeles"),
    at("portland", "Seattle"),
    at("sao_paulo", "São Paulo"),
    at("buenos_aires", "Buenos Aires"),
    at("santiago", "Santiago"),
    at("singapore", "Singapore"),
    at("tokyo", "Tokyo"),
    at("hong_kong", "Hong Kong"),
    at("seoul", "Seoul"),
    at("mumbai", "Mumbai"),
    at("dubai", "Dubai"),
    at("johannesburg", "Johannesburg"),
    at("sydney", "Sydney"),
    at("perth", "Perth"),
    at("auckland", "Auckland"),
];

/// The city of an id; the id itself where it is not known.
#[must_use]
pub fn city_of(id: &str) -> &str {
    LOCATIONS.iter().find(|place| place.id == id).map_or(id, |place| place.city)
}

/// A place for people: the city, and the provider's id where that is another word.
#[must_use]
pub fn place_of(id: &str) -> String {
    let city = city_of(id);
    if location_id(city) == plain(city) { city.to_owned() } else { format!("{city} ({id})") }
}

/// A city's name as the provider writes its own.
fn plain(city: &str) -> String {
    city.to_lowercase().replace('ã', "a").replace([' ', '-'], "_")
}

/// The id that people mean by a city's name or an id, in upper or lower case; what is not known stays as it is.
#[must_use]
pub fn location_id(text: &str) -> String {
    let wanted = plain(text.trim());
    let meant = LOCATIONS.iter().find(|place| plain(place.city) == wanted || place.id == wanted);
    meant.map_or(wanted, |place| place.id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_and_ids_lead_to_the_same_place() {
        for place in LOCATIONS {
            assert_eq!(location_id(place.city), place.id);
            assert_eq!(location_id(place.id), place.id);
            assert_eq!(city_of(place.id), place.city);
        }
        assert_eq!(location_id(" frankfurt "), "dusseldorf");
        assert_eq!(location_id("Sao Paulo"), "sao_paulo");
        assert_eq!(location_id("New-York-City"), "new_york_city");
    }

    #[test]
    fn what_is_not_known_stays_an_id() {
        assert_eq!((place_of("stockholm"), place_of("sao_paulo")), ("Stockholm".into(), "São Paulo".into()));
        assert_eq!(
            (place_of("dusseldorf"), place_of("lagos")),
            ("Frankfurt (dusseldorf)".into(), "lagos".into())
        );
        assert_eq!((location_id("lagos").as_str(), city_of("lagos")), ("lagos", "lagos"));
    }
}
