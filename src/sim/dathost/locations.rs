//! Where servers can stand, by ids that are historical and not literal (`providers/dathost.md` §3.5).

/// Ids with the cities they are in.
pub(super) const LOCATIONS: &[(&str, &str)] = &[
    ("stockholm", "Stockholm"),
    ("amsterdam", "Amsterdam"),
    ("dusseldorf", "Frankfurt"),
    ("bristol", "London"),
    ("strasbourg", "Paris"),
    ("warsaw", "Warsaw"),
    ("barcelona", "Madrid"),
    ("beauharnois", "Toronto"),
    ("new_york_city", "New York"),
    ("chicago", "Chicago"),
    ("portland", "Seattle"),
    ("sao_paulo", "São Paulo"),
    ("singapore", "Singapore"),
    ("sydney", "Sydney"),
];
