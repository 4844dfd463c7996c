//! The nests and eggs of every simulated panel; numbers and variables of the Minecraft ones as on a stock panel.

use super::entities::{Egg, EggVariable, Game, Nest};
use super::world::World;
use crate::sim::random;

/// Nests: number, name, description.
const NESTS: &[(i64, &str, &str)] = &[
    (1, "Minecraft", "Servers and proxies of the block game, plain and modded."),
    (2, "Source Engine", "Dedicated servers on Valve's engines."),
    (3, "Voice Servers", "Voice chat."),
    (4, "Rust", "Survival on an island, wiped now and then."),
    (5, "Survival", "Other survival games."),
];

const JAVA: &[(&str, &str)] = &[
    ("Java 21", "ghcr.io/pterodactyl/yolks:java_21"),
    ("Java 17", "ghcr.io/pterodactyl/yolks:java_17"),
    ("Java 16", "ghcr.io/pterodactyl/yolks:java_16"),
    ("Java 11", "ghcr.io/pterodactyl/yolks:java_11"),
    ("Java 8", "ghcr.io/pterodactyl/yolks:java_8"),
];
const SOURCE: &[(&str, &str)] = &[("Source", "ghcr.io/pterodactyl/games:source")];
const STEAM: &[(&str, &str)] = &[("Steam", "ghcr.io/parkervcp/steamcmd:debian")];
const RUST: &[(&str, &str)] = &[("Rust", "ghcr.io/pterodactyl/games:rust")];
const DEBIAN: &[(&str, &str)] = &[("Debian", "ghcr.io/pterodactyl/yolks:debian")];

const JAVA_FEATURES: &[&str] = &["eula", "java_version", "pid_limit"];
const JAVA_STARTUP: &str = "java -Xms128M -XX:MaxRAMPercentage=95.0 -jar {{SERVER_JARFILE}}";
const TERMINAL_STARTUP: &str = "java -Xms128M -XX:MaxRAMPercentage=95.0 -Dterminal.jline=false -Dterminal.ansi=true -jar {{SERVER_JARFILE}}";
const JAR_RULES: &str = r"required|regex:/^([\w\d._-]+)(\.jar)$/";

const BUNGEE_FILES: &str = r#"{"config.yml":{"parser":"yaml","find":{"listeners[0].query_port":"{{server.build.default.port}}","listeners[0].host":"0.0.0.0:{{server.build.default.port}}","servers.*.address":{"regex:^(127\\.0\\.0\\.1|localhost)(:\\d{1,5})?$":"{{config.docker.interface}}$2"}}}}"#;
const SERVER_PROPERTIES: &str = r#"{"server.properties":{"parser":"properties","find":{"server-ip":"0.0.0.0","server-port":"{{server.build.default.port}}","query.port":"{{server.build.default.port}}"}}}"#;

/// A variable: number, name, key, default, whether customers see and edit it, rules.
type Row = (i64, &'static str, &'static str, &'static str, bool, &'static str);

/// An egg as a table row.
struct Plan {
    id: i64,
    nest: i64,
    name: &'static str,
    images: &'static [(&'static str, &'static str)],
    features: &'static [&'static str],
    startup: &'static str,
    done: &'static str,
    stop: &'static str,
    files: Option<&'static str>,
    game: Game,
    variables: &'static [Row],
}

const EGGS: &[Plan] = &[
    Plan {
        id: 1,
        nest: 1,
        name: "Bungeecord",
        images: JAVA,
        features: JAVA_FEATURES,
        startup: JAVA_STARTUP,
        done: "Listening on ",
        stop: "end",
        files: Some(BUNGEE_FILES),
        game: Game::Proxy,
        variables: &[
            (1, "Bungeecord Version", "BUNGEE_VERSION", "latest", true, "required|alpha_num|between:1,6"),
            (2, "Bungeecord Jar File", "SERVER_JARFILE", "bungeecord.jar", true, JAR_RULES),
        ],
    },
    Plan {
        id: 2,
        nest: 1,
        name: "Forge Minecraft",
        images: JAVA,
        features: JAVA_FEATURES,
        startup: TERMINAL_STARTUP,
        done: ")! For help, type ",
        stop: "stop",
        files: Some(SERVER_PROPERTIES),
        game: Game::Minecraft,
        variables: &[
            (3, "Server Jar File", "SERVER_JARFILE", "server.jar", true, JAR_RULES),
            (4, "Minecraft Version", "MC_VERSION", "latest", true, "required|string|max:9"),
            (5, "Build Type", "BUILD_TYPE", "recommended", true, "required|string|in:recommended,latest"),
            (6, "Forge Version", "FORGE_VERSION", "", true, r"nullable|regex:/^[0-9\.\-]+$/"),
        ],
    },
    Plan {
        id: 3,
        nest: 1,
        name: "Sponge (SpongeVanilla)",
        images: JAVA,
        features: JAVA_FEATURES,
        startup: JAVA_STARTUP,
        done: ")! For help, type ",
        stop: "stop",
        files: Some(SERVER_PROPERTIES),
        game: Game::Minecraft,
        variables: &[
            (
                7,
                "Sponge Version",
                "SPONGE_VERSION",
                "1.12.2-7.3.0",
                true,
                r"required|regex:/^([a-zA-Z0-9.\-_]+)$/",
            ),
            (8, "Server Jar File", "SERVER_JARFILE", "server.jar", true, JAR_RULES),
        ],
    },
    Plan {
        id: 4,
        nest: 1,
        name: "Vanilla Minecraft",
        images: JAVA,
        features: JAVA_FEATURES,
        startup: JAVA_STARTUP,
        done: ")! For help, type ",
        stop: "stop",
        files: Some(SERVER_PROPERTIES),
        game: Game::Minecraft,
        variables: &[
            (9, "Server Jar File", "SERVER_JARFILE", "server.jar", true, JAR_RULES),
            (10, "Server Version", "VANILLA_VERSION", "latest", true, "required|string|between:3,15"),
        ],
    },
    Plan {
        id: 5,
        nest: 1,
        name: "Paper",
        images: JAVA,
        features: JAVA_FEATURES,
        startup: TERMINAL_STARTUP,
        done: ")! For help, type ",
        stop: "stop",
        files: Some(SERVER_PROPERTIES),
        game: Game::Minecraft,
        variables: &[
            (11, "Minecraft Version", "MINECRAFT_VERSION", "latest", true, "nullable|string|max:20"),
            (12, "Server Jar File", "SERVER_JARFILE", "server.jar", true, JAR_RULES),
            (13, "Download Path", "DL_PATH", "", false, "nullable|string"),
            (14, "Build Number", "BUILD_NUMBER", "latest", true, "required|string|max:20"),
        ],
    },
    Plan {
        id: 8,
        nest: 2,
        name: "Counter-Strike 2",
        images: STEAM,
        features: &["gsl_token", "steam_disk_space"],
        startup: "./game/cs2.sh -dedicated -port {{SERVER_PORT}} +map {{SRCDS_MAP}} -maxplayers {{MAX_PLAYERS}} +sv_setsteamaccount {{STEAM_ACC}}",
        done: "Connection to Steam servers successful",
        stop: "quit",
        files: None,
        game: Game::CounterStrike,
        variables: &[
            (20, "Map", "SRCDS_MAP", "de_dust2", true, r"required|string|regex:/^(\w{1,30})$/"),
            (21, "Game Server Login Token", "STEAM_ACC", "", true, "nullable|string|size:32"),
            (22, "Max Players", "MAX_PLAYERS", "12", true, "required|integer|between:1,64"),
            (23, "Source App Id", "SRCDS_APPID", "730", false, "required|string|max:20"),
        ],
    },
    Plan {
        id: 10,
        nest: 2,
        name: "Garrys Mod",
        images: SOURCE,
        features: &["gsl_token", "steam_disk_space"],
        startup: "./srcds_run -game garrysmod -console -port {{SERVER_PORT}} +map {{SRCDS_MAP}} +maxplayers {{MAX_PLAYERS}}",
        done: "gameserver Steam ID",
        stop: "quit",
        files: None,
        game: Game::CounterStrike,
        variables: &[
            (30, "Map", "SRCDS_MAP", "gm_flatgrass", true, r"required|string|regex:/^(\w{1,40})$/"),
            (31, "Max Players", "MAX_PLAYERS", "32", true, "required|integer|max:128"),
        ],
    },
    Plan {
        id: 12,
        nest: 3,
        name: "Teamspeak3 Server",
        images: DEBIAN,
        features: &[],
        startup: "./ts3server default_voice_port={{SERVER_PORT}} query_port={{QUERY_PORT}} license_accepted=1",
        done: "listening on 0.0.0.0:",
        stop: "^C",
        files: None,
        game: Game::Other,
        variables: &[
            (
                40,
                "Server Version",
                "TS_VERSION",
                "latest",
                true,
                r"required|string|regex:/^([0-9.]{5,9}|latest)$/",
            ),
            (41, "Query Port", "QUERY_PORT", "10011", false, "required|integer|between:1025,65535"),
        ],
    },
    Plan {
        id: 14,
        nest: 4,
        name: "Rust",
        images: RUST,
        features: &["steam_disk_space"],
        startup: "./RustDedicated -batchmode +server.port {{SERVER_PORT}} +server.hostname \"{{HOSTNAME}}\" +server.worldsize {{WORLD_SIZE}} +server.maxplayers {{MAX_PLAYERS}} +rcon.password \"{{RCON_PASS}}\"",
        done: "Server startup complete",
        stop: "quit",
        files: None,
        game: Game::Rust,
        variables: &[
            (50, "Server Name", "HOSTNAME", "A Rust Server", true, "required|string|max:60"),
            (51, "World Size", "WORLD_SIZE", "3000", true, "required|integer|between:1000,6000"),
            (52, "Max Players", "MAX_PLAYERS", "40", true, "required|integer|max:500"),
            (53, "RCON Password", "RCON_PASS", "", true, r"required|regex:/^[\w.-]{6,64}$/"),
        ],
    },
    Plan {
        id: 15,
        nest: 1,
        name: "Velocity",
        images: JAVA,
        features: &["java_version"],
        startup: JAVA_STARTUP,
        done: "Done (",
        stop: "end",
        files: None,
        game: Game::Proxy,
        variables: &[
            (60, "Velocity Version", "VELOCITY_VERSION", "latest", true, "required|string|between:3,14"),
            (61, "Server Jar File", "SERVER_JARFILE", "velocity.jar", true, JAR_RULES),
        ],
    },
    Plan {
        id: 16,
        nest: 5,
        name: "Valheim",
        images: DEBIAN,
        features: &["steam_disk_space"],
        startup: "./valheim_server.x86_64 -nographics -batchmode -name \"{{SERVER_NAME}}\" -port {{SERVER_PORT}} -world {{WORLD}} -password {{PASSWORD}}",
        done: "Game server connected",
        stop: "^C",
        files: None,
        game: Game::Valheim,
        variables: &[
            (70, "Server Name", "SERVER_NAME", "A Valheim Server", true, "required|string|max:60"),
            (71, "World Name", "WORLD", "Midgard", true, r"required|string|regex:/^[\w-]{1,20}$/"),
            (72, "Password", "PASSWORD", "hrafn-secret", true, "required|string|min:5|max:20"),
        ],
    },
];

/// Puts nests and eggs into a world.
pub(super) fn plant(world: &mut World) {
    let seed = world.seed;
    for (id, name, description) in NESTS {
        let nest = Nest {
            id: *id,
            uuid: random::uuid(seed, &[id.cast_unsigned(), 71]),
            name: (*name).to_owned(),
            description: (*description).to_owned(),
        };
        world.nests.insert(*id, nest);
    }
    for plan in EGGS {
        world.eggs.insert(plan.id, egg(seed, plan));
    }
}

fn egg(seed: u64, plan: &Plan) -> Egg {
    let variable = |(id, name, key, default, is_open, rules): &Row| EggVariable {
        id: *id,
        name: (*name).to_owned(),
        description: format!("{name} of the server."),
        env_variable: (*key).to_owned(),
        default_value: (*default).to_owned(),
        is_user_viewable: *is_open,
        is_user_editable: *is_open,
        rules: (*rules).to_owned(),
    };
    Egg {
        id: plan.id,
        uuid: random::uuid(seed, &[plan.id.cast_unsigned(), 72]),
        nest_id: plan.nest,
        name: plan.name.to_owned(),
        description: format!("Runs {}.", plan.name),
        images: plan.images.iter().map(|(label, image)| ((*label).to_owned(), (*image).to_owned())).collect(),
        features: plan.features.iter().map(|feature| (*feature).to_owned()).collect(),
        startup: plan.startup.to_owned(),
        done: plan.done.to_owned(),
        stop: plan.stop.to_owned(),
        config_file: plan.files.map(str::to_owned),
        variables: plan.variables.iter().map(variable).collect(),
        game: plan.game,
    }
}
