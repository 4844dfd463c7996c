//! Keys and passwords stay where they are kept: every byte that the program writes anywhere is searched for them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quarterdeck::cli::attach;
use quarterdeck::link::transport::UnixTransport;
use quarterdeck::link::{LinkClient, LinkEvent, connect};
use quarterdeck::model::ids::ServerKey;
use quarterdeck::model::request::{ConsoleItem, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::pty::Pty;
use crate::site::{DEADLINE, Ran, Site, write_private};

/// A password with characters that an address must escape, as it is and as the address has it.
const PASSWORD: &str = "Zq7/hidden+PW9";
const PASSWORD_ESCAPED: &str = "Zq7%2Fhidden%2BPW9";

/// A key that the panel does not know.
const WRONG_KEY: &str = "ptla_WrongButStillSecret0123456789abcdefghijk";

/// The forms in which a secret could be found.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let escape = |byte: &u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'.' | b'~' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let escaped = bytes.iter().map(escape).collect::<Vec<_>>().concat();
    let hexadecimal = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let list = format!("{bytes:?}");
    let utf16 = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms: Vec<Vec<u8>> =
        [secret.to_owned(), escaped, hexadecimal, list[1..list.len() - 1].to_owned()]
            .map(String::into_bytes)
            .into();
    forms.push(utf16);
    // In base64, the text around a secret shifts it by none, one or two bytes.
    forms.extend((0..3).map(|skipped| base64(&bytes[skipped..bytes.len() - (bytes.len() - skipped) % 3])));
    forms
}

/// Base64 of a whole number of three bytes.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |three: &[u8]| {
        let number = three.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| LETTERS[number >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(letters).collect()
}

/// Everything that was written, by where.
#[derive(Default)]
struct Written(Vec<(String, Vec<u8>)>);

impl Written {
    fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    fn ran(&mut self, what: &str, ran: &Ran) {
        self.add(format!("standard output of {what}"), ran.stdout.as_bytes());
        self.add(format!("standard error of {what}"), ran.stderr.as_bytes());
    }

    fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.folder(&path);
            } else if path.is_file() {
                self.add(path.display().to_string(), std::fs::read(&path).expect("a readable file"));
            }
        }
    }

    /// The places that contain any form of a secret.
    fn places_of(&self, secrets: &[&str]) -> Vec<&str> {
        let forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let is_in = |bytes: &[u8]| forms.iter().any(|form| contains(bytes, form));
        self.0.iter().filter(|(_, bytes)| is_in(bytes)).map(|(place, _)| place.as_str()).collect()
    }

    fn bytes_of(&self, part: &str) -> usize {
        self.0.iter().filter(|(place, _)| place.contains(part)).map(|(_, bytes)| bytes.len()).sum()
    }
}

/// Whether `wanted` is in `bytes`; skips from one occurrence of its first byte to the next.
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let (Some(first), mut rest) = (wanted.first(), bytes) else { return false };
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(wanted) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Sits between a client and an engine's socket and keeps what passes, both ways.
struct Tap {
    path: PathBuf,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    fn before(socket: PathBuf, path: PathBuf) -> Self {
        let listener = UnixListener::bind(&path).expect("a socket");
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeper = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (from_client, to_client) = client.into_split();
                let (from_engine, to_engine) =
                    UnixStream::connect(&socket).await.expect("the engine").into_split();
                tokio::spawn(pass(from_client, to_engine, Arc::clone(&keeper)));
                tokio::spawn(pass(from_engine, to_client, Arc::clone(&keeper)));
            }
        });
        Self { path, kept }
    }

    fn bytes(&self) -> Vec<u8> {
        self.kept.lock().expect("no panic elsewhere").clone()
    }
}

async fn pass(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    kept: Arc<Mutex<Vec<u8>>>,
) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = reader.read(&mut bytes).await {
        kept.lock().expect("no panic elsewhere").extend_from_slice(&bytes[..count]);
        if writer.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// A console: reads the fleet, asks everything that answers with provider data, and watches one server until it says something.
async fn look_at_everything(mut link: LinkClient, server: ServerKey) {
    link.ask(Request::Status).await.expect("a status");
    link.ask(Request::Doctor).await.expect("findings");
    link.ask(Request::Audit { limit: 100 }).await.expect("the audit log");
    let asked = link.send(Request::ConsoleOpen(server)).await;
    let heard = tokio::time::timeout(DEADLINE, async {
        loop {
            match link.next_event().await {
                LinkEvent::Console { id, item: ConsoleItem::Line(_) } if id == asked => return,
                LinkEvent::Disconnected(problem) => panic!("{problem}"),
                _ => {}
            }
        }
    });
    heard.await.expect("the server says something");
}

/// A PostgreSQL server that asks everybody for the password and then refuses it.
struct RefusingDatabase {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl RefusingDatabase {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeper = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let keeper = Arc::clone(&keeper);
                // A client that goes away early is no concern of a server.
                tokio::spawn(async move { refuse(client, &keeper).await.ok() });
            }
        });
        Self { port, heard }
    }
}

/// Messages of PostgreSQL's protocol, version 3: no TLS, password in the clear, refused.
async fn refuse(mut client: TcpStream, heard: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    const TLS_REQUEST: i32 = 80_877_103;
    let mut code = 0;
    while code == 0 || code == TLS_REQUEST {
        let mut message = vec![0; client.read_i32().await?.unsigned_abs() as usize - 4];
        client.read_exact(&mut message).await?;
        code = message.first_chunk().copied().map_or(0, i32::from_be_bytes);
        if code == TLS_REQUEST {
            client.write_all(b"N").await?;
        }
    }
    client.write_all(b"R\0\0\0\x08\0\0\0\x03").await?;
    let _kind = client.read_u8().await?;
    let mut password = vec![0; client.read_i32().await?.unsigned_abs() as usize - 4];
    client.read_exact(&mut password).await?;
    heard.lock().expect("no panic elsewhere").extend_from_slice(&password);
    let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"ops\"\0\0";
    client.write_all(b"E").await?;
    client.write_i32(i32::try_from(fields.len() + 4).expect("a short message")).await?;
    client.write_all(fields).await
}

/// A site whose second shop is a database that refuses its password.
async fn site_with_secrets(database: &RefusingDatabase) -> Site {
    let site = Site::start().await;
    site.add_order("ord-1", "paid").await;
    let address = format!("postgres://ops:{PASSWORD_ESCAPED}@127.0.0.1:{}/shop", database.port);
    write_private(&site.file("books.url"), &address);
    site.configure(&books(&site, "books.url"));
    site
}

fn books(site: &Site, file: &str) -> String {
    format!(
        "\n[orders.books]\ndatabase = \"postgres\"\npreset = \"supabase\"\nurl = {{ file = \"{}\" }}\n",
        site.file(file).display()
    )
}

async fn run_all(site: &Site, written: &mut Written, commands: &[&[&str]]) {
    for command in commands {
        let ran = site.run(command).await;
        written.ran(&command.join(" "), &ran);
    }
}

const LOOKS: &[&[&str]] = &[
    &["get", "orders", "-o", "json"],
    &["get", "servers", "-o", "json"],
    &["get", "feeds", "-o", "json"],
    &["get", "feeds"],
    &["get", "audit", "-o", "json"],
    &["get", "runs", "-o", "json"],
    &["doctor"],
    &["doctor", "-o", "json"],
    &["engine", "status", "-o", "json"],
    &["config", "show", "--origin"],
    &["config", "show"],
    &["config", "check"],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_written_anywhere() {
    let database = RefusingDatabase::start().await;
    let site = site_with_secrets(&database).await;
    let mut written = Written::default();
    run_all(&site, &mut written, LOOKS).await;
    let provisioned = site.run(&["order", "provision", "ord-1", "--yes", "--json"]).await.ended_with(0);
    written.ran("order provision", &provisioned);
    let server = site.sim.world().servers_with_external_id("shop:ord-1").remove(0);

    let tap = Tap::before(site.data().join("run/engine.sock"), site.file("tap.sock"));
    let link = connect(UnixTransport(tap.path.clone()), attach::options("console", false)).await.unwrap();
    let key = ServerKey { account: "panel".into(), id: server.id.to_string() };
    site.sim.world().power(server.id, quarterdeck::model::server::PowerSignal::Start);
    look_at_everything(link, key).await;
    written.add("the link", tap.bytes());

    let folder = site.file("");
    let open = |variable: &str| {
        let mut words = site.words(&[]);
        words.splice(1..1, ["TERM=xterm-256color".to_owned(), variable.to_owned()]);
        let words: Vec<&str> = ["/usr/bin/env"].into_iter().chain(words.iter().map(String::as_str)).collect();
        Pty::start(&words, &folder, &[], (140, 40))
    };
    let (ended, raw) = open("QD_CONSOLE_PANIC=1").end();
    assert!(!ended.success() && contains(&raw, b"panicked at"), "{}", String::from_utf8_lossy(&raw));
    written.add("the terminal after a panic", raw);

    let mut console = open("RUST_BACKTRACE=full");
    console.wait_for("ord-1");
    console.send("!");
    console.wait_for("what to do");
    console.send("q");
    console.wait_until("the orders again", |seen| !seen.shows("what to do"));
    console.send("q");
    written.add("the terminal of a console", console.end().1);

    // A key that the panel refuses, a panel that is gone, an address that cannot be read.
    site.run(&["engine", "stop"]).await.ended_with(0);
    write_private(&site.file("application.key"), WRONG_KEY);
    run_all(&site, &mut written, LOOKS).await;
    for told in [&b"401"[..], b"password authentication failed"] {
        assert!(written.0.iter().any(|(_, bytes)| contains(bytes, told)), "the refusals are told");
    }
    assert!(contains(&database.heard.lock().unwrap(), PASSWORD.as_bytes()), "the password was used");
    run_all(&site, &mut written, &[&["order", "provision", "ord-1", "--yes"]]).await;
    site.run(&["engine", "stop"]).await.ended_with(0);
    write_private(&site.file("broken.url"), &format!("postgres://ops:{PASSWORD_ESCAPED}@[::1:port/shop"));
    site.configure(&books(&site, "broken.url"));
    let broken = site.run(&["get", "feeds"]).await;
    assert_ne!(broken.code, 0, "{broken:?}");
    written.ran("an engine that cannot start", &broken);
    run_all(
        &site,
        &mut written,
        &[&["engine", "run"], &["config", "check"], &["config", "show", "--origin"]],
    )
    .await;
    written.ran("store export", &site.run(&["store", "export"]).await);
    written.folder(&site.data());

    for (place, least) in [("engine.log", 1_000), ("the link", 2_000), ("/sled/", 100), ("/log/", 1_000)] {
        assert!(written.bytes_of(place) >= least, "{place} has only {} bytes", written.bytes_of(place));
    }
    let (application, client) = (site.sim.application_key().to_owned(), site.sim.client_key().to_owned());
    let secrets = [application.as_str(), &client, PASSWORD, PASSWORD_ESCAPED, WRONG_KEY];
    assert_eq!(written.places_of(&secrets), Vec::<&str>::new(), "secrets were written");

    // The search finds what is there: each secret, in each form, in the middle of each kind of place.
    for secret in secrets {
        for form in forms(secret) {
            let mut copy = Written::default();
            let mut log = std::fs::read(site.data().join("engine.log")).unwrap();
            let middle = log.len() / 2;
            log.splice(middle..middle, form);
            copy.add("a copy of the log", log);
            assert_eq!(copy.places_of(&secrets).len(), 1, "{secret} would not be found");
        }
    }
}
