//! `/ws`: subscriptions, and requests posted over a WebSocket.
//!
//! Each topic (a channel with its parameters) numbers its messages; every subscriber of it sees the same numbers without
//! a gap, beginning with a snapshot that has the number of the last message it includes. Who comes back and says which
//! number it had last (`fromSeq`) is given what it missed instead, as long as that is remembered.

mod l4;
mod message;
pub(crate) mod outbox;
mod publish;
mod snapshot;
mod socket;
pub(crate) mod topic;

pub(crate) use topic::CHANNELS;
#[cfg(test)]
pub(crate) use topic::Topic;

use crate::app::App;
use crate::error::ApiError;
use crate::http::of_error;
use axum::body::Body;
use axum::extract::{FromRequestParts, WebSocketUpgrade};
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use std::sync::Arc;
use tandem_connections::Peer;

/// Taken for each WebSocket as soon as there is one: with the library's 128 KiB, 5,000 idle ones take 700 MB.
const READ_BUFFER_BYTES: usize = 8 << 10;

/// Makes a connection a WebSocket.
pub(crate) async fn upgrade(
    app: &Arc<App>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<Body>, ApiError> {
    let limits = app.config.limits;
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|rejection| {
        let status = rejection.into_response().status();
        ApiError::new(status, "not_a_websocket", "GET /ws must ask for an upgrade to a WebSocket")
    })?;
    app.opened.take_websocket(peer.ip, &limits)?;
    let place = app.counters.websockets.take(peer.ip, limits.websockets_max, limits.websockets_per_ip_max);
    let Some(place) = place else {
        let text = "too many WebSockets from this address or in all";
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_websockets", text);
        return Ok(of_error(&ApiError { retry_after_s: Some(10), ..error }));
    };
    let app = Arc::clone(app);
    let upgrade = upgrade
        .max_message_size(limits.body_bytes_max)
        .max_frame_size(limits.body_bytes_max)
        .read_buffer_size(READ_BUFFER_BYTES)
        // Each message goes to the kernel at once; the queue before it is what bounds those that wait.
        .write_buffer_size(0);
    Ok(upgrade.on_upgrade(move |socket| async move {
        socket::run(app, peer.ip, socket).await;
        drop((place, peer.alive));
    }))
}
