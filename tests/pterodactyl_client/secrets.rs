//! The key appears in no error, no log and no debug text.

use std::io;
use std::sync::{Arc, Mutex};

use quarterdeck::model::problem::Problem;
use quarterdeck::providers::pterodactyl::PanelClient;
use quarterdeck::providers::transport::Priority;
use serde_json::json;

use crate::captures::new_server;
use crate::server::{KEY, Reply, Server, client, clock, settings};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn texts_of(problem: &Problem) -> Vec<String> {
    vec![format!("{problem}"), format!("{problem:?}"), serde_json::to_string(problem).expect("JSON")]
}

fn assert_clean(texts: &[String]) {
    for text in texts {
        // Not the whole key and no telling part of it.
        assert!(!text.contains(KEY) && !text.contains(&KEY[5..25]), "the key is in: {text}");
    }
}

#[test]
fn the_key_is_nowhere_even_when_the_panel_repeats_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let texts = tracing::subscriber::with_default(subscriber, || runtime.block_on(ask_in_every_way()));
    assert_clean(&texts);
    let logged = String::from_utf8_lossy(&log.0.lock().expect("log")).into_owned();
    assert!(logged.contains("/api/application/servers"), "the log was listened to");
    assert_clean(&[logged]);
}

async fn ask_in_every_way() -> Vec<String> {
    let echo = Server::start(|request| {
        let told = request.header("authorization").unwrap_or_default().to_owned();
        let errors =
            json!({"errors": [{"code": told, "status": "403", "detail": format!("bad key {told}")}]});
        match request.method.as_str() {
            "POST" => Reply::with(302, &[("Location", &format!("https://elsewhere.test/{KEY}"))], b""),
            "DELETE" => Reply::with(200, &[], told.as_bytes()),
            _ => Reply::json(403, &errors),
        }
    })
    .await;
    let client = client(&echo.url);
    let mut texts = vec![format!("{client:?}"), format!("{:?}", settings(&echo.url))];
    let read = client.servers(Priority::Run).await.expect_err("refused");
    assert!(read.message.contains("[key]"), "what the panel repeated is marked: {read}");
    texts.extend(texts_of(&read));
    texts.extend(texts_of(&client.create_server(&new_server()).await.expect_err("redirected")));
    client.delete_server(3, false).await.expect("whatever the body says");
    let malformed = Server::start(|_| Reply::with(200, &[], format!("\"{KEY}\"").as_bytes())).await;
    texts.extend(texts_of(
        &crate::server::client(&malformed.url).server(1, Priority::Run).await.expect_err("no object"),
    ));
    let console = client.console("88c40aa0-7247-461f-8414-2bab8e2a5794");
    texts.push(format!("{console:?}"));
    let mut console = console;
    while let Some(item) = console.next().await {
        texts.push(format!("{item:?}"));
    }
    texts
}

#[test]
fn a_wrong_key_or_address_is_refused_without_repeating_it() {
    let mut wrong = settings("http://127.0.0.1:1");
    wrong.application_key = format!("{KEY}\nX-Evil: 1").into();
    let problem = PanelClient::new(wrong, clock()).expect_err("no header can carry it");
    assert_clean(&texts_of(&problem));
    let problem =
        PanelClient::new(settings(&format!("https://user:{KEY}@panel.test")), clock()).expect_err("refused");
    assert_clean(&texts_of(&problem));
    assert!(format!("{:?}", settings("http://127.0.0.1:1")).contains("main"));
}
