//! Starting and stopping a simulated panel.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;

use super::handle::{FaultHandle, WorldHandle};
use super::options::PanelSimOptions;
use super::seed;
use super::shared::Shared;
use super::world::World;
use super::{http, wings};
use crate::sim::clock::WorldClock;
use crate::sim::listener::CutListener;
use crate::sim::tasks::Tasks;

/// The API keys of a simulated panel. All are of user 1 (the admin) unless said otherwise.
#[derive(Clone, PartialEq, Eq)]
pub struct PanelKeys {
    /// `ptla_`, everything.
    pub application: String,
    /// `ptlc_` of the admin: works on both APIs.
    pub admin: String,
    /// `ptlc_` of user 2, who is no admin.
    pub player: String,
    /// `ptla_` that only reads.
    pub read_only: String,
    /// `ptla_` without any permission.
    pub powerless: String,
    /// `ptla_` that reads and writes servers only.
    pub servers_only: String,
    /// `ptla_` bound to another address.
    pub application_bound: String,
    /// `ptlc_` of user 2 bound to another address.
    pub client_bound: String,
}

impl std::fmt::Debug for PanelKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PanelKeys(…)")
    }
}

/// A running panel simulator. Dropping it stops its tasks; [`PanelSim::stop`] also waits for them.
pub struct PanelSim {
    url: String,
    keys: PanelKeys,
    shared: Arc<Shared>,
    tasks: Tasks,
}

impl PanelSim {
    /// Starts the panel and one daemon socket per seeded node.
    ///
    /// # Errors
    /// The address or a port could not be opened.
    pub async fn start(options: PanelSimOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", reachable(listener.local_addr()?));
        let clock = WorldClock::new(options.clock.clone(), options.speed);
        let mut world = World::new(&options, clock.world_now(), clock.base_now());
        world.url.clone_from(&url);
        let keys = seed::fill(&mut world, options.world);
        let mut sockets = Vec::new();
        for node in world.nodes.values_mut() {
            let socket = TcpListener::bind((options.listen.ip(), 0)).await?;
            let port = socket.local_addr()?.port();
            node.socket_port = Some(port);
            node.daemon_listen = i64::from(port);
            scheme.clone_into(&mut node.scheme);
            node.fqdn = host_of(reachable(socket.local_addr()?));
            sockets.push((node.id, socket));
        }
        let shared = Arc::new(Shared::new(&options, clock, world));
        let mut tasks = Tasks::new();
        let wrap = |listener| CutListener::new(listener, options.tls.clone());
        tasks.spawn(http::serve(wrap(listener), Arc::clone(&shared), tasks.stopped()));
        for (node_id, socket) in sockets {
            tasks.spawn(wings::serve(wrap(socket), node_id, Arc::clone(&shared), tasks.stopped()));
        }
        let ticked = Arc::clone(&shared);
        tasks.spawn_ticker(&shared.clock, move || ticked.with(|_| ()));
        Ok(Self { url, keys, shared, tasks })
    }

    /// The panel's address, without a trailing slash.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The application key that may do everything.
    pub fn application_key(&self) -> &str {
        &self.keys.application
    }

    /// The admin's account key: client API, and the application API too.
    pub fn client_key(&self) -> &str {
        &self.keys.admin
    }

    /// All keys, for tests of permissions.
    pub fn keys(&self) -> &PanelKeys {
        &self.keys
    }

    /// Looks into the world.
    pub fn world(&self) -> WorldHandle {
        WorldHandle(Arc::clone(&self.shared))
    }

    /// Sets faults.
    pub fn faults(&self) -> FaultHandle {
        FaultHandle(Arc::clone(&self.shared))
    }

    /// Stops listening and ends all connections.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}

/// The address under which this machine reaches a listener: one on every interface is reached over loopback.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// The host part of an address as a URL writes it.
fn host_of(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
