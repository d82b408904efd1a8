//! Where to serve, and the bounds of what clients may take.

use std::net::SocketAddr;
use std::time::Duration;
use tandem_connections::ConnectionLimits;

/// Where and how to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcConfig {
    /// Addresses to listen on; port 0 picks a free one.
    pub addresses: Vec<SocketAddr>,
    /// Bounds.
    pub limits: Limits,
}

impl RpcConfig {
    /// Serves on `addresses` within the customary bounds.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self { addresses, limits: Limits::default() }
    }
}

/// Bounds of what clients may take. The defaults are those of Ethereum clients where they have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, WebSockets among them; more are closed at once.
    pub connections_max: u32,
    /// Connections from one address.
    pub connections_per_ip_max: u32,
    /// How long a connection may take for the head of its next request; so also how long it may be idle.
    pub head_timeout: Duration,
    /// How long a request may take, from its head to its answer.
    pub request_timeout: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write_timeout: Duration,
    /// How often a silent WebSocket is pinged; one that answers none of three is closed.
    pub ping_interval: Duration,
    /// Bytes of a request's body, or of a WebSocket message.
    pub request_bytes_max: u32,
    /// Bytes of a response.
    pub response_bytes_max: u32,
    /// Calls in a batch.
    pub batch_max: u32,
    /// Subscriptions of a connection.
    pub subscriptions_max: u32,
    /// Blocks that a query of logs may span.
    pub log_blocks_max: u64,
    /// Logs in an answer.
    pub logs_max: usize,
    /// Filters that are polled, of all clients together.
    pub filters_max: usize,
    /// How long a filter lives that nobody polls.
    pub filter_idle_max: Duration,
    /// Messages executed at a time by `eth_call` and `eth_estimateGas`; others wait.
    pub executions_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_ip_max: 5_000,
            head_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(20),
            ping_interval: Duration::from_secs(30),
            request_bytes_max: 5 * 1024 * 1024,
            response_bytes_max: 25 * 1024 * 1024,
            batch_max: 1_000,
            subscriptions_max: 128,
            log_blocks_max: 10_000,
            logs_max: 10_000,
            filters_max: 10_000,
            filter_idle_max: Duration::from_secs(5 * 60),
            // Blocks are executed on the same cores.
            executions_max: 4,
        }
    }
}

impl Limits {
    /// The bounds of connections as such.
    pub(crate) const fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            all_max: self.connections_max as usize,
            per_ip_max: self.connections_per_ip_max as usize,
            head_timeout: self.head_timeout,
            write_timeout: self.write_timeout,
        }
    }

    /// The same bounds where no more than `connections` can be open: an address gets half of them.
    #[must_use]
    pub fn within(self, connections: u32) -> Self {
        Self {
            connections_max: self.connections_max.min(connections),
            connections_per_ip_max: self.connections_per_ip_max.min(connections / 2),
            ..self
        }
    }
}

/// Pings unanswered after which a WebSocket is closed.
pub(crate) const PINGS_MISSED_MAX: usize = 3;
/// Messages queued for a WebSocket before its subscriptions wait for it.
pub(crate) const WEBSOCKET_QUEUE_MAX: u32 = 256;
/// Most blocks of `eth_feeHistory`, as in geth.
pub(crate) const FEE_HISTORY_MAX: u64 = 1_024;
/// Most percentiles of `eth_feeHistory`, as in geth.
pub(crate) const PERCENTILES_MAX: usize = 100;
/// Most slots of `eth_getProof`, as in geth.
pub(crate) const PROOF_SLOTS_MAX: usize = 1_024;
/// EVM blocks held in memory.
pub(crate) const RECENT_BLOCKS_MAX: usize = 128;
/// Hashes of sent transactions that filters can still ask for.
pub(crate) const SENT_MAX: usize = 4_096;
