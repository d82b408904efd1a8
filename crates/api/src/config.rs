//! What an operator may choose.

use std::net::SocketAddr;
use std::time::Duration;
use tandem_connections::ConnectionLimits;

/// In which room for long bodies is counted.
pub(crate) const BODY_UNIT_BYTES: usize = 1 << 10;

/// Bytes of a body in units of room.
pub(crate) const fn body_units(bytes: usize) -> usize {
    bytes.div_ceil(BODY_UNIT_BYTES)
}

/// Settings of the server.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Bounds.
    pub limits: Limits,
    /// Blocks of the past from which the views are filled at start.
    pub past_blocks: u64,
    /// Appends further metrics in Prometheus's format, of other parts of the program.
    pub metrics: Option<fn(&mut String)>,
}

impl ApiConfig {
    /// Listens on these addresses, with defaults for the rest.
    #[must_use]
    pub fn new(listen: Vec<SocketAddr>) -> Self {
        Self { listen, limits: Limits::default(), past_blocks: 10_000, metrics: None }
    }
}

/// Bounds of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body and of a WebSocket message: the longest action as JSON, with room.
    pub body_bytes_max: usize,
    /// Bytes of the bodies that are being read, apart from short ones.
    pub bodies_bytes_max: usize,
    /// Connections in all, WebSockets among them; more are closed at once.
    pub connections_max: usize,
    /// Connections from one address.
    pub connections_per_ip_max: usize,
    /// Weight of the requests of one address within a minute; 0 bounds nothing.
    pub ip_weight_per_minute: u32,
    /// Whether that holds for addresses of this machine.
    pub loopback_is_limited: bool,
    /// WebSockets in all.
    pub websockets_max: usize,
    /// WebSockets from one address.
    pub websockets_per_ip_max: usize,
    /// Subscriptions of a WebSocket.
    pub subscriptions_max: usize,
    /// Messages that may wait for a slow reader; one more and it is disconnected.
    pub queue_messages_max: usize,
    /// Bytes that may wait for all slow readers together, beyond a little for each.
    pub queues_bytes_max: usize,
    /// WebSockets that one address may open within a minute; 0 bounds nothing.
    pub websockets_per_minute: u32,
    /// Messages that WebSockets of one address may send within a minute; 0 bounds nothing.
    pub websocket_messages_per_minute: u32,
    /// Posted requests of a WebSocket that may be under way.
    pub posts_in_flight_max: usize,
    /// How long a connection may take for the head of its next request, in milliseconds.
    pub head_timeout_ms: u64,
    /// How long a request's body may take, in milliseconds.
    pub body_timeout_ms: u64,
    /// How long a client may take nothing of what is sent to it, in milliseconds.
    pub write_timeout_ms: u64,
    /// After how long without a message either way a WebSocket is closed, in milliseconds.
    pub websocket_idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 128 << 10,
            bodies_bytes_max: 256 << 20,
            connections_max: 20_000,
            connections_per_ip_max: 10_000,
            ip_weight_per_minute: 1_200,
            loopback_is_limited: false,
            websockets_max: 10_000,
            websockets_per_ip_max: 1_000,
            subscriptions_max: 1_000,
            queue_messages_max: 1_024,
            queues_bytes_max: 512 << 20,
            websockets_per_minute: 30,
            websocket_messages_per_minute: 2_000,
            posts_in_flight_max: 100,
            head_timeout_ms: 60_000,
            body_timeout_ms: 10_000,
            write_timeout_ms: 20_000,
            websocket_idle_ms: 60_000,
        }
    }
}

impl Limits {
    /// The bounds of connections as such.
    pub(crate) const fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            all_max: self.connections_max,
            per_ip_max: self.connections_per_ip_max,
            head_timeout: Duration::from_millis(self.head_timeout_ms),
            write_timeout: Duration::from_millis(self.write_timeout_ms),
        }
    }

    /// The same bounds where no more than `connections` can be open: an address gets half of them.
    #[must_use]
    pub fn within(self, connections: usize) -> Self {
        Self {
            connections_max: self.connections_max.min(connections),
            connections_per_ip_max: self.connections_per_ip_max.min(connections / 2),
            ..self
        }
    }
}
