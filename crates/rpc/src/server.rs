//! Listening: HTTP and WebSocket on each address, within the limits.

use crate::config::{Limits, PINGS_MISSED_MAX, RpcConfig, WEBSOCKET_QUEUE_MAX};
use crate::methods::{self, Context};
use crate::subscriptions::Ids;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use jsonrpsee::Methods;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::server::{
    BatchRequestConfig, HttpBody, PingConfig, Server, ServerConfig, ServerHandle, StopHandle, stop_channel,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tandem_connections::{Doors, Peer};
use tandem_node::NodeHandle;
use tandem_stf::GenesisError;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tower::{Service, ServiceBuilder};
use tower_http::cors::CorsLayer;

/// How long the connections may take to end.
const STOP: Duration = Duration::from_secs(10);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The address is taken, or not this machine's.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The genesis has no first state.
    #[error("genesis: {0}")]
    Genesis(GenesisError),
    /// Two methods have one name.
    #[error("methods: {0}")]
    Methods(#[from] RegisterMethodError),
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct RpcServer {
    addresses: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
    sessions: ServerHandle,
}

/// Serves the JSON-RPC of `node`.
///
/// # Errors
/// [`RpcError`]; nothing is then served.
pub async fn serve(node: NodeHandle, config: RpcConfig) -> Result<RpcServer, RpcError> {
    let limits = config.limits;
    let context = Context::new(node, limits).map_err(RpcError::Genesis)?;
    let methods = Methods::from(methods::all(context)?);
    let mut listeners = Vec::with_capacity(config.addresses.len());
    for address in &config.addresses {
        let listening = tandem_connections::listen(*address);
        listeners.push(listening.map_err(|source| RpcError::Listen { address: *address, source })?);
    }
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let (stop, stopped) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    let (session, sessions) = stop_channel();
    let doors = Doors {
        limits: limits.connections(),
        places: Arc::default(),
        refused: Arc::default(),
        stop: stopped,
        alive,
    };
    let answers = Answers { methods, session, limits };
    for listener in listeners {
        answers.open(doors.clone(), listener);
    }
    Ok(RpcServer { addresses, stop, ended, sessions })
}

/// What requests are answered from.
struct Answers {
    methods: Methods,
    session: StopHandle,
    limits: Limits,
}

impl Answers {
    /// Answers whoever comes.
    fn open(&self, doors: Doors, listener: TcpListener) {
        // Web pages may call: nothing here acts in anyone's name.
        let middleware = ServiceBuilder::new().layer(CorsLayer::permissive());
        let builder =
            Server::builder().set_config(server_config(&self.limits)).set_http_middleware(middleware);
        let builder = builder.to_service_builder();
        let (methods, session) = (self.methods.clone(), self.session.clone());
        let timeout = self.limits.request_timeout;
        tokio::spawn(doors.open(listener, move |peer: Peer| {
            let service = builder.clone().build(methods.clone(), session.clone());
            service_fn(move |request| {
                let (mut service, alive) = (service.clone(), peer.alive.clone());
                async move {
                    let answer = tokio::time::timeout(timeout, service.call(request)).await;
                    drop(alive);
                    answer.unwrap_or_else(|_| Ok(too_slow()))
                }
            })
        }));
    }
}

/// The answer to a request whose body does not come.
fn too_slow() -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::from("request took too long"));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
}

fn server_config(limits: &Limits) -> ServerConfig {
    ServerConfig::builder()
        .max_connections(limits.connections_max)
        .max_request_body_size(limits.request_bytes_max)
        .max_response_body_size(limits.response_bytes_max)
        .max_subscriptions_per_connection(limits.subscriptions_max)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_max))
        .set_message_buffer_capacity(WEBSOCKET_QUEUE_MAX)
        .enable_ws_ping(
            PingConfig::new()
                .ping_interval(limits.ping_interval)
                .inactive_limit(limits.ping_interval)
                .max_failures(PINGS_MISSED_MAX),
        )
        .set_tcp_no_delay(true)
        .set_id_provider(Ids)
        .build()
}

impl RpcServer {
    /// Where it listens, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no more requests, and returns when the connections are closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // One that has stopped by itself needs no telling.
        self.sessions.stop().ok();
        let ended = async {
            // Every connection holds a sender; the channel closes when the last of them has ended.
            self.ended.recv().await;
            self.sessions.stopped().await;
        };
        tokio::time::timeout(STOP, ended).await.ok();
    }
}
