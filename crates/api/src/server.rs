//! Listening, and stopping.

use crate::app::App;
use crate::config::ApiConfig;
use crate::error::ServeError;
use crate::{feed, http};
use hyper::service::service_fn;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tandem_connections::{Doors, Peer};
use tandem_node::NodeHandle;
use tokio::sync::{mpsc, watch};

/// How long the connections may take to end.
const STOP: Duration = Duration::from_secs(10);

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
        let listen = tandem_connections::listen(*address);
        listeners.push(listen.map_err(|error| ServeError::Listen { address: *address, error })?);
    }
    let (stop, stopped) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    let app = Arc::new(App::new(node, config, indexer, stopped));
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    for listener in listeners {
        let doors = Doors {
            limits: app.config.limits.connections(),
            places: Arc::clone(&app.counters.connections),
            refused: Arc::clone(&app.counters.connections_refused),
            stop: app.stop.clone(),
            alive: alive.clone(),
        };
        let app = Arc::clone(&app);
        tokio::spawn(doors.open(listener, move |peer: Peer| {
            let app = Arc::clone(&app);
            service_fn(move |request| {
                let (app, peer) = (Arc::clone(&app), peer.clone());
                async move { Ok::<_, Infallible>(http::handle(app, peer, request).await) }
            })
        }));
    }
    tokio::spawn(async move {
        feed::run(app, blocks).await;
        drop(alive);
    });
    Ok(Server { addresses, stop, ended })
}
