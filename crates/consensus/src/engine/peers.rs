//! Waiting for peers before the first round.
//!
//! The engine is ready before its network is: parts and votes of the first round would reach nobody.

use arc_malachitebft_app_channel::NetworkRequest;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(25);

/// Returns when `wanted` peers are connected, or after `limit`.
pub(crate) async fn wait(network: Sender<NetworkRequest>, wanted: usize, limit: Duration) {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        let connected = match NetworkRequest::dump_state(&network).await {
            Ok(Some(state)) => state.peers.len(),
            Ok(None) | Err(_) => 0,
        };
        if connected >= wanted {
            return;
        }
        sleep(POLL).await;
    }
}
