//! What the server counts of itself.

use axum::http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tandem_connections::Places;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the server counts of itself.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) exchange_requests: Counter,
    pub(crate) info_requests: Counter,
    pub(crate) responses_ok: Counter,
    pub(crate) responses_client_error: Counter,
    pub(crate) responses_server_error: Counter,
    pub(crate) connections: Arc<Places>,
    pub(crate) connections_refused: Arc<AtomicU64>,
    pub(crate) websockets: Arc<Places>,
    pub(crate) websockets_slow: Counter,
}

impl Counters {
    pub(crate) fn count_response(&self, status: StatusCode) {
        let counter = match status.as_u16() {
            0..400 => &self.responses_ok,
            400..500 => &self.responses_client_error,
            _ => &self.responses_server_error,
        };
        counter.add();
    }
}
