//! Listening, and stopping.

use crate::app::{App, stopped};
use crate::config::ApiConfig;
use crate::connection::{self, Peer};
use crate::error::ServeError;
use crate::feed;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tandem_node::NodeHandle;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// How long the connections may take to end.
const STOP: Duration = Duration::from_secs(10);
/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running server. Dropping it leaves it running; see [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no more connections, lets requests under way finish, closes WebSockets, and waits for all of it.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // Every task holds a sender; the channel closes when the last of them has ended.
        tokio::time::timeout(STOP, self.ended.recv()).await.ok();
    }
}

/// Serves `node`. Must be called within a tokio runtime.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(node: NodeHandle, config: ApiConfig) -> Result<Server, ServeError> {
    // First the subscription, then the state: no block falls between.
    let blocks = node.subscribe();
    let indexer = feed::fill(&node, config.past_blocks)?;
    let mut listeners = Vec::with_capacity(config.listen.len());
    for address in &config.listen {
        let listen = TcpListener::bind(address).await;
        listeners.push(listen.map_err(|error| ServeError::Listen { address: *address, error })?);
    }
    let (stop, stopped) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    let app = Arc::new(App::new(node, config, indexer, stopped));
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    for listener in listeners {
        tokio::spawn(accept(Arc::clone(&app), listener, alive.clone()));
    }
    tokio::spawn(async move {
        feed::run(app, blocks).await;
        drop(alive);
    });
    Ok(Server { addresses, stop, ended })
}

async fn accept(app: Arc<App>, listener: TcpListener, alive: mpsc::Sender<()>) {
    let mut stop = pin!(stopped(app.stop.clone()));
    let limits = app.config.limits;
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, address)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let places = &app.counters.connections;
        let ip = address.ip();
        let Some(place) = places.take(ip, limits.connections_max, limits.connections_per_ip_max) else {
            app.counters.connections_refused.add();
            continue;
        };
        let peer = Peer { ip, alive: alive.clone() };
        tokio::spawn(connection::serve(Arc::clone(&app), stream, peer, place));
    }
}
