//! A simulated panel, a shop in SQLite and a configuration that points at both; commands run with nothing else.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use quarterdeck::providers::orders;
use quarterdeck::sim::panel::{InstallPolicy, PanelSim, PanelSimOptions, WorldKind};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use tempfile::TempDir;
use tokio::process::Command;

/// How long anything may take: far beyond what it takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// The variable that holds the client key of a site.
pub const CLIENT_KEY: &str = "SITE_CLIENT_KEY";

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_quarterdeck");

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ran {
    /// The standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{self:#?}"))
    }

    /// Asserts the exit code, showing everything when it is another.
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

/// A site with its own folders, and whatever engine its commands start.
pub struct Site {
    /// The panel.
    pub sim: PanelSim,
    folder: TempDir,
}

impl Site {
    /// Two nodes that both serve region `eu`, no order; installs take milliseconds.
    pub async fn start() -> Self {
        Self::with_installs(InstallPolicy { min_ms: 20, max_ms: 60, ..InstallPolicy::default() }).await
    }

    /// The same with other installs.
    pub async fn with_installs(installs: InstallPolicy) -> Self {
        let options = PanelSimOptions { world: WorldKind::Small, installs, ..PanelSimOptions::default() };
        let sim = PanelSim::start(options).await.expect("the simulator starts");
        let folder = tempfile::Builder::new().prefix("qd-cli-").tempdir().expect("a folder");
        let site = Self { sim, folder };
        orders::create_embedded(&site.file("shop.sqlite")).await.expect("the embedded schema");
        let egg =
            site.sim.world().eggs().iter().find(|egg| egg.name == "Vanilla Minecraft").expect("an egg").id;
        let mut script = format!(
            "INSERT INTO plans (id, name, price_minor, cost_minor, ram_mib, disk_mib, panel_egg_id) \
             VALUES ('small', 'Small', 730, 365, 1024, 2048, {egg});"
        );
        for node in site.sim.world().nodes() {
            let values = format!("('eu', {})", node.id);
            script.extend(["INSERT INTO region_nodes (region, panel_node_id) VALUES ", &values, ";"]);
        }
        site.sql(&script).await;
        write_private(&site.file("application.key"), site.sim.application_key());
        site.configure("");
        site
    }

    /// Writes the configuration, with `more` behind it.
    pub fn configure(&self, more: &str) {
        let text = format!(
            "[site]\nname = \"northwind\"\n\n[panel.panel]\nurl = \"{}\"\napplication_key = {{ file = \"{}\" }}\n\
             client_key = {{ env = \"{CLIENT_KEY}\" }}\n\n[orders.shop]\npath = \"{}\"\n{more}\n",
            self.sim.url(),
            self.file("application.key").display(),
            self.file("shop.sqlite").display(),
        );
        std::fs::write(self.file("config.toml"), text).expect("the configuration is written");
    }

    /// A file of the site's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data folder of the site's engine.
    pub fn data(&self) -> PathBuf {
        self.file("data")
    }

    /// Runs a script on the shop's database, as the shop would.
    pub async fn sql(&self, script: &str) {
        let url = format!("sqlite://{}", self.file("shop.sqlite").display());
        let mut connection = SqliteConnection::connect(&url).await.expect("the shop's file");
        connection.execute("PRAGMA busy_timeout = 10000").await.expect("a timeout");
        connection.execute(sqlx::raw_sql(AssertSqlSafe(script.to_owned()))).await.expect("the script runs");
        connection.close().await.expect("closed");
    }

    /// Adds an order of a customer of its own.
    pub async fn add_order(&self, id: &str, status: &str) {
        self.sql(&format!(
            "INSERT INTO customers (id, email, name) VALUES ('customer-{id}', 'c-{id}@example.test', 'Cleo {id}');
             INSERT INTO orders (id, status, customer_id, plan_id, region, server_name, amount_minor)
             VALUES ('{id}', '{status}', 'customer-{id}', 'small', 'eu', 'server of {id}', 730);"
        ))
        .await;
    }

    /// The arguments and variables of every command: a list for `env -i`.
    pub fn words(&self, arguments: &[&str]) -> Vec<String> {
        self.words_in(&self.data(), arguments)
    }

    fn words_in(&self, data: &Path, arguments: &[&str]) -> Vec<String> {
        let path = |path: PathBuf| path.display().to_string();
        let mut words = vec![
            "-i".to_owned(),
            "PATH=/usr/bin:/bin".to_owned(),
            format!("HOME={}", path(self.file("home"))),
            format!("{CLIENT_KEY}={}", self.sim.client_key()),
            "QUARTERDECK_LOG=trace".to_owned(),
            "RUST_BACKTRACE=1".to_owned(),
            PROGRAM.to_owned(),
            "--config".to_owned(),
            path(self.file("config.toml")),
            "--data-dir".to_owned(),
            path(data.to_owned()),
        ];
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        words
    }

    /// A command of the program, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.data(), arguments)
    }

    /// The same with another data folder.
    pub fn command_in(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("/usr/bin/env");
        command.args(self.words_in(data, arguments)).current_dir(self.folder.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments)).await
    }

    /// What the living engine says of itself.
    pub async fn engine_pid(&self) -> i32 {
        let status = self.run(&["engine", "status", "-o", "json"]).await.ended_with(0).json();
        i32::try_from(status["pid"].as_i64().expect("a process")).expect("a process number")
    }

    /// Kills the living engine without any warning and waits until it is gone.
    pub async fn kill_engine(&self) {
        let pid = self.engine_pid().await;
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the engine is ours");
        until("the engine's end", || (!self.engines().contains(&pid)).then_some(())).await;
    }

    /// Processes that run an engine on this site's data folder.
    pub fn engines(&self) -> Vec<i32> {
        engines_of(&self.data())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for pid in self.engines() {
            // It may just have ended by itself.
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// Writes a file that only its owner can read.
pub fn write_private(file: &Path, text: &str) {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    let mut opened =
        options.write(true).create(true).truncate(true).mode(0o600).open(file).expect("a private file");
    opened.write_all(text.as_bytes()).expect("the file is written");
}

/// Runs a command to its end.
pub async fn finish(mut command: Command) -> Ran {
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} never ended")).expect("the program starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Processes that run an engine on a data folder, by their command lines.
fn engines_of(data: &Path) -> Vec<i32> {
    let wanted = data.display().to_string();
    let is_engine = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.contains(&wanted.as_bytes())
            && words.contains(&b"engine".as_slice())
            && words.contains(&b"run".as_slice())
    };
    let processes = std::fs::read_dir("/proc").expect("a Linux machine").flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_engine).collect()
}

/// Waits until `condition` gives a value.
pub async fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(value) = condition() {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
