//! What the client is asked with and answers beside the model's own words.

use std::fmt;

use secrecy::SecretString;

use crate::providers::transport::Field;

/// Settings of a server, for making one and for changing one; what is left out stays as it is (§3.4).
///
/// Its two passwords are kept in a type that cannot be printed.
#[derive(Debug, Clone, Default)]
pub struct ServerSettings {
    /// Its name.
    pub name: Option<String>,
    /// Where it stands; another place means another address.
    pub location: Option<String>,
    /// Free text that DatHost never touches: whose it is, in our words.
    pub user_data: Option<String>,
    /// Stops itself after so many empty minutes; 0: never.
    pub autostop_minutes: Option<u32>,
    /// Whether deleting it is refused. Duplicates inherit it.
    pub is_protected: Option<bool>,
    /// Whether a crashed game is started again.
    pub reboots_on_crash: Option<bool>,
    /// Settings of the game.
    pub cs2: Cs2Settings,
}

/// Settings of a CS2 server (§3.4).
#[derive(Debug, Clone, Default)]
pub struct Cs2Settings {
    /// Players and spectators it has room for, 5 to 64: what drives the price.
    pub slots: Option<u32>,
    /// The password of its remote console.
    pub rcon: Option<SecretString>,
    /// The password players join with.
    pub password: Option<SecretString>,
    /// The game server's own login at Steam; without it the game warns that it is for LANs only.
    pub steam_token: Option<SecretString>,
    /// `competitive`, `wingman` …
    pub game_mode: Option<String>,
    /// What `mapgroup`, or one map of the workshop, is played.
    pub maps: Option<MapsSource>,
    /// Whether matches are recorded and can be watched.
    pub has_gotv: Option<bool>,
    /// Whether no bots fill empty places.
    pub has_no_bots: Option<bool>,
    /// Whether only those with the password see it.
    pub is_private: Option<bool>,
}

/// Where a server's maps come from. Collections of the workshop rotate unreliably, so only single maps are offered (§8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapsSource {
    /// An official group and the map it begins with.
    Group {
        /// `mg_active`.
        group: String,
        /// `de_mirage`.
        start_map: String,
    },
    /// One map of the workshop, by id.
    WorkshopMap(String),
}

impl ServerSettings {
    /// As fields of a form: booleans `true` and `false`, whole numbers, nested keys with dots (§1).
    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields = Fields::default();
        fields.text("name", self.name.as_ref());
        fields.text("location", self.location.as_ref());
        fields.text("user_data", self.user_data.as_ref());
        if let Some(minutes) = self.autostop_minutes {
            fields.text("autostop", Some(minutes > 0));
            fields.text("autostop_minutes", Some(minutes).filter(|minutes| *minutes > 0));
        }
        fields.text("deletion_protection", self.is_protected);
        fields.text("reboot_on_crash", self.reboots_on_crash);
        self.cs2.add_to(&mut fields);
        fields.0
    }

    /// The secrets among them, to be taken out of texts.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        [&self.cs2.rcon, &self.cs2.password, &self.cs2.steam_token].into_iter().flatten().cloned().collect()
    }
}

impl Cs2Settings {
    fn add_to(&self, fields: &mut Fields) {
        fields.text("cs2_settings.slots", self.slots);
        fields.secret("cs2_settings.rcon", self.rcon.as_ref());
        fields.secret("cs2_settings.password", self.password.as_ref());
        fields.secret("cs2_settings.steam_game_server_login_token", self.steam_token.as_ref());
        fields.text("cs2_settings.game_mode", self.game_mode.as_ref());
        match &self.maps {
            None => {}
            Some(MapsSource::Group { group, start_map }) => {
                fields.text("cs2_settings.maps_source", Some("mapgroup"));
                fields.text("cs2_settings.mapgroup", Some(group));
                fields.text("cs2_settings.mapgroup_start_map", Some(start_map));
            }
            Some(MapsSource::WorkshopMap(id)) => {
                fields.text("cs2_settings.maps_source", Some("workshop_single_map"));
                fields.text("cs2_settings.workshop_single_map_id", Some(id));
            }
        }
        fields.text("cs2_settings.enable_gotv", self.has_gotv);
        fields.text("cs2_settings.disable_bots", self.has_no_bots);
        fields.text("cs2_settings.private_server", self.is_private);
    }
}

/// Fields as they are added; what is not there is left out.
#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    fn text(&mut self, name: &str, value: Option<impl fmt::Display>) {
        self.0.extend(value.map(|value| Field::new(name, value.to_string())));
    }

    fn secret(&mut self, name: &str, value: Option<&SecretString>) {
        self.0.extend(value.map(|value| Field::secret(name, value)));
    }
}

/// What a server tells of who plays and what was played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Names of those who play.
    pub players: Vec<String>,
    /// Maps and for how many seconds each was played.
    pub maps: Vec<(String, u64)>,
}

/// A file of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its path below the folder that was asked for.
    pub path: String,
    /// Its size; nothing where the provider does not say.
    pub size_bytes: Option<u64>,
    /// Whether it is only remembered.
    pub is_deleted: bool,
}
