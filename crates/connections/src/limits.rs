//! Bounds of a face's connections.

use std::time::Duration;

/// See the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all; more are closed at once.
    pub all_max: usize,
    /// Connections from one address.
    pub per_ip_max: usize,
    /// How long a connection may take for the head of its next request; so also how long it may be idle.
    pub head_timeout: Duration,
    /// How long a client may take nothing of what is written to it.
    pub write_timeout: Duration,
}
