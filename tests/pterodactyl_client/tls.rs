//! HTTPS to the panel and wss to its nodes: a private authority, and certificates that are refused.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::ids::AccountId;
use quarterdeck::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};
use quarterdeck::model::request::ConsoleItem;
use quarterdeck::model::server::PowerState;
use quarterdeck::providers::pterodactyl::{PanelClient, PanelSettings};
use quarterdeck::providers::transport::Priority;
use quarterdeck::sim::panel::{PanelSim, PanelSimOptions, WorldKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::clock;
use crate::sim::order;

/// Longer than anything here takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_secs(30);

/// A certificate authority of one test, with its file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("written");
        Self { issuer: Issuer::new(params, key), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server's certificate for one name, changed by `change` before it is signed.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        serving(certificate.der().clone(), &key)
    }
}

fn serving(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<rustls::ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    Arc::new(config)
}

async fn panel(tls: Arc<rustls::ServerConfig>) -> PanelSim {
    let options = PanelSimOptions {
        world: WorldKind::Small,
        tls: Some(tls),
        speed: 50.0,
        ..PanelSimOptions::default()
    };
    PanelSim::start(options).await.expect("a simulator")
}

fn client(sim: &PanelSim, url: &str, ca_file: Option<PathBuf>) -> PanelClient {
    let key = |text: &str| SecretString::from(text.to_owned());
    let mut settings = PanelSettings::new(AccountId::from("sim"), url, key(sim.application_key()));
    settings.client_key = Some(key(sim.client_key()));
    settings.ca_file = ca_file;
    PanelClient::new(settings, clock()).expect("a client")
}

async fn wait_for(
    console: &mut quarterdeck::providers::pterodactyl::ConsoleConnection,
    is_it: impl Fn(&ConsoleItem) -> bool,
) -> ConsoleItem {
    let search = async {
        loop {
            let item = console.next().await.expect("the console goes on");
            if is_it(&item) {
                return item;
            }
        }
    };
    tokio::time::timeout(DEADLINE, search).await.expect("it came in time")
}

/// Nothing was sent, the reason is named, and asking again is left to a person.
fn assert_refused(problem: &Problem, fault: Fault, words: &[&str]) {
    assert_eq!(
        (problem.kind, problem.fault, problem.retry, problem.effect),
        (ProblemKind::Unreachable, fault, Retry::Never, Effect::None),
        "{problem}"
    );
    let text = problem.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_authority_that_is_named_works_from_list_to_console() {
    let authority = Authority::new("panel authority");
    let sim = panel(authority.server("127.0.0.1", |_| ())).await;
    assert!(sim.url().starts_with("https://"), "{}", sim.url());
    let client = client(&sim, &sim.url(), Some(authority.file()));
    assert_eq!(client.nodes(Priority::Run).await.expect("nodes over TLS").len(), 2);
    let made = client.create_server(&order(&client, "order-tls").await).await.expect("created over TLS");
    let id: i64 = made.key.id.parse().expect("digits");
    sim.world().finish_install(id, true);
    sim.world().power(id, quarterdeck::model::server::PowerSignal::Start);
    let mut console = client.console(&made.uuid);
    wait_for(&mut console, |item| *item == ConsoleItem::Connected).await;
    wait_for(&mut console, |item| *item == ConsoleItem::Power(PowerState::Running)).await;
    sim.world().say(id, "over wss");
    wait_for(&mut console, |item| matches!(item, ConsoleItem::Line(line) if line.contains("over wss"))).await;
    sim.stop().await;
}

/// A server's certificate, the authority that is trusted, whose fault that is and words of the message.
type Case<'a> = (Arc<rustls::ServerConfig>, PathBuf, Fault, &'a [&'a str]);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_refused_says_whose_fault_it_is_and_is_not_asked_again() {
    let authority = Authority::new("panel authority");
    let stranger = Authority::new("somebody else");
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 3, 4);
    };
    let early = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2090, 1, 1);
        params.not_after = date_time_ymd(2091, 1, 1);
    };
    let none: fn(&mut CertificateParams) = |_| ();
    let cases: [Case<'_>; 4] = [
        (
            stranger.server("127.0.0.1", none),
            authority.file(),
            Fault::Configuration,
            &["127.0.0.1", "not trusted", "ca_file"],
        ),
        (
            authority.server("127.0.0.1", expired),
            authority.file(),
            Fault::Provider,
            &["expired on 2021-03-04", "renewed"],
        ),
        (
            authority.server("127.0.0.1", early),
            authority.file(),
            Fault::Provider,
            &["not valid before 2090-01-01", "clocks"],
        ),
        (
            authority.server("panel.test", none),
            authority.file(),
            Fault::Configuration,
            &["another name: panel.test", "address"],
        ),
    ];
    for (tls, ca_file, fault, words) in cases {
        let sim = panel(tls).await;
        let client = client(&sim, &sim.url(), Some(ca_file));
        let problem = client.nodes(Priority::Poll).await.expect_err("refused");
        assert_refused(&problem, fault, words);
        assert_eq!(sim.world().requests_total(), 0, "no request went over it");
        let mut console = client.console("88c40aa0-7247-461f-8414-2bab8e2a5794");
        let last = wait_for(&mut console, |item| !matches!(item, ConsoleItem::Line(_))).await;
        assert!(matches!(&last, ConsoleItem::Closed(why) if why.contains(words[0])), "{last:?}");
        sim.stop().await;
    }
}

#[tokio::test]
async fn an_authority_of_the_machine_is_needed_where_none_is_named() {
    let authority = Authority::new("panel authority");
    let sim = panel(authority.server("127.0.0.1", |_| ())).await;
    let problem = client(&sim, &sim.url(), None).nodes(Priority::Run).await.expect_err("refused");
    assert_refused(&problem, Fault::Configuration, &["not trusted", "ca_file of the account"]);
    sim.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_explained() {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.pem");
    std::fs::write(&file, certificate.pem()).expect("written");
    let sim = panel(serving(certificate.der().clone(), &key)).await;
    let problem = client(&sim, &sim.url(), Some(file)).nodes(Priority::Run).await.expect_err("refused");
    assert_refused(&problem, Fault::Provider, &["an authority's own", "make an authority"]);
    sim.stop().await;
}

#[tokio::test]
async fn a_port_without_tls_is_said_to_be_one() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0_u8; 64];
            drop(stream.read(&mut hello).await);
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await);
        }
    });
    let key = SecretString::from("ptla_unsent");
    let settings = PanelSettings::new(AccountId::from("main"), url, key);
    let client = PanelClient::new(settings, clock()).expect("a client");
    let problem = client.nodes(Priority::Run).await.expect_err("refused");
    assert_refused(&problem, Fault::Configuration, &["does not speak TLS", "scheme and port"]);
}

#[tokio::test]
async fn a_file_of_authorities_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate here").expect("written");
    let damaged = folder.path().join("damaged.pem");
    std::fs::write(&damaged, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
        .expect("written");
    for (file, word) in [
        (folder.path().join("missing.pem"), "No such file"),
        (empty, "no certificate in it"),
        (damaged, "damaged.pem"),
    ] {
        let mut settings = PanelSettings::new(
            AccountId::from("main"),
            "https://127.0.0.1",
            SecretString::from("ptla_unsent"),
        );
        settings.ca_file = Some(file);
        let problem = PanelClient::new(settings, clock()).expect_err("refused");
        assert_eq!((problem.kind, problem.fault), (ProblemKind::Invalid, Fault::Configuration));
        assert!(problem.message.contains(word), "{problem}");
    }
}
