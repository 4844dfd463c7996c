//! A tiny HTTP server that says exactly what a test scripted, byte for byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quarterdeck::model::ids::AccountId;
use quarterdeck::model::time::{ManualClock, Timestamp};
use quarterdeck::providers::pterodactyl::{PanelClient, PanelSettings, Timeouts};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The key every test client sends.
pub const KEY: &str = "ptlc_TESTKEYTESTKEYTESTKEYTESTKEYTESTKEYTESTKEY0";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET`.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Head with all headers, as sent.
    pub head: String,
    /// Body.
    pub body: String,
}

impl Seen {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What the server does with a request.
pub enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes, then resets the connection.
    Reset(Vec<u8>),
    /// Sends these bytes and then nothing, keeping the connection.
    Hang(Vec<u8>),
    /// Sends these bytes, then one more each 10 ms for ever.
    Drip(Vec<u8>),
    /// Sends these bytes, then so many more.
    Flood(Vec<u8>, usize),
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::with(status, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// An answer with headers.
    pub fn with(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        // HEAD-less statuses carry no body and no length.
        if status != 204 {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }
}

/// A running server; it ends when dropped.
pub struct Server {
    /// `http://127.0.0.1:port`.
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    written: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serves what `respond` says to each request.
    pub async fn start(respond: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::new(AtomicUsize::new(0));
        let (respond, seen_there, written_there) =
            (Arc::new(respond), Arc::clone(&seen), Arc::clone(&written));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (respond, seen, written) =
                    (Arc::clone(&respond), Arc::clone(&seen_there), Arc::clone(&written_there));
                tokio::spawn(async move {
                    let mut stream = stream;
                    if let Some(request) = read_request(&mut stream).await {
                        seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
                        answer(stream, respond(&request), &written).await;
                    }
                });
            }
        });
        Self { url, seen, written, task }
    }

    /// Serves the same to everybody.
    pub async fn always(status: u16, body: serde_json::Value) -> Self {
        Self::start(move |_| Reply::json(status, &body)).await
    }

    /// Requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes of floods that found a reader.
    pub fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 8192];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut words = head.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut request = Seen { method, target, head, body: String::new() };
    let length: usize = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + 4 + length {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
    request.body = String::from_utf8_lossy(&bytes[head_end + 4..]).into_owned();
    Some(request)
}

/// Plays one reply; a client that goes away ends it.
async fn answer(mut stream: TcpStream, reply: Reply, written: &AtomicUsize) {
    let first = match &reply {
        Reply::Bytes(bytes)
        | Reply::Reset(bytes)
        | Reply::Hang(bytes)
        | Reply::Drip(bytes)
        | Reply::Flood(bytes, _) => bytes.clone(),
    };
    if stream.write_all(&first).await.is_err() {
        return;
    }
    match reply {
        Reply::Bytes(_) => drop(stream.shutdown().await),
        Reply::Reset(_) => drop(stream.set_zero_linger()),
        Reply::Hang(_) => drop(stream.read(&mut [0_u8; 1]).await),
        Reply::Drip(_) => {
            let mut beat = tokio::time::interval(Duration::from_millis(10));
            while stream.write_all(b" ").await.is_ok() {
                beat.tick().await;
            }
        }
        Reply::Flood(_, total) => {
            let chunk = vec![b' '; 64 * 1024];
            for _ in 0..total / chunk.len() {
                if stream.write_all(&chunk).await.is_err() {
                    return;
                }
                written.fetch_add(chunk.len(), Ordering::Relaxed);
            }
        }
    }
}

/// Settings for a test server: short deadlines where a test waits for one.
pub fn settings(url: &str) -> PanelSettings {
    let mut settings = PanelSettings::new(AccountId::from("main"), url, SecretString::from(KEY));
    settings.timeouts = Timeouts {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(10),
        change: Duration::from_secs(10),
        create: Duration::from_secs(10),
    };
    settings
}

/// The moment at which every test client lives.
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::parse("2026-11-20T16:00:00Z").expect("a moment")))
}

/// A client of a test server.
pub fn client(url: &str) -> PanelClient {
    PanelClient::new(settings(url), clock()).expect("a client")
}
