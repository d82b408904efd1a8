//! Listening: HTTP and WebSocket on each address, within the limits.

use crate::config::{Limits, PING_INTERVAL, RpcConfig, WEBSOCKET_QUEUE_MAX};
use crate::methods::{self, Context};
use crate::subscriptions::Ids;
use jsonrpsee::Methods;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::server::{BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle};
use std::net::SocketAddr;
use tandem_node::NodeHandle;
use tandem_stf::GenesisError;
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;

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
    handles: Vec<ServerHandle>,
}

/// Serves the JSON-RPC of `node`.
///
/// # Errors
/// [`RpcError`]; nothing is then served.
pub async fn serve(node: NodeHandle, config: RpcConfig) -> Result<RpcServer, RpcError> {
    let context = Context::new(node, config.limits).map_err(RpcError::Genesis)?;
    let methods = Methods::from(methods::all(context)?);
    let mut server = RpcServer { addresses: Vec::new(), handles: Vec::new() };
    for address in &config.addresses {
        let listening = listen(*address, &config.limits, methods.clone());
        let (address, handle) =
            listening.await.map_err(|source| RpcError::Listen { address: *address, source })?;
        server.addresses.push(address);
        server.handles.push(handle);
    }
    Ok(server)
}

async fn listen(
    address: SocketAddr,
    limits: &Limits,
    methods: Methods,
) -> std::io::Result<(SocketAddr, ServerHandle)> {
    // Web pages may call: nothing here acts in anyone's name.
    let middleware = ServiceBuilder::new().layer(CorsLayer::permissive());
    let server = Server::builder().set_config(server_config(limits)).set_http_middleware(middleware);
    let server = server.build(address).await?;
    let address = server.local_addr()?;
    Ok((address, server.start(methods)))
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
            PingConfig::new().ping_interval(PING_INTERVAL).inactive_limit(PING_INTERVAL).max_failures(3),
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
    pub async fn stop(self) {
        for handle in &self.handles {
            // One that has stopped by itself needs no telling.
            handle.stop().ok();
        }
        for handle in self.handles {
            handle.stopped().await;
        }
    }
}
