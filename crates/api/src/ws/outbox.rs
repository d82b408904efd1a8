//! What waits to be sent to one WebSocket.

use axum::extract::ws::Utf8Bytes;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, mpsc};

/// The sending end of a WebSocket's queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Sender<Utf8Bytes>,
    overflowed: AtomicBool,
    overflow: Notify,
}

impl Outbox {
    /// An outbox for `max` messages, and its other end.
    pub(crate) fn new(max: usize) -> (Self, mpsc::Receiver<Utf8Bytes>) {
        let (queue, messages) = mpsc::channel(max.max(1));
        (Self { queue, overflowed: AtomicBool::new(false), overflow: Notify::new() }, messages)
    }

    /// Adds a message, never waiting. One that does not fit is lost, and the connection with it: a reader that missed
    /// a message must begin anew. Returns whether the connection still takes messages.
    pub(crate) fn push(&self, message: Utf8Bytes) -> bool {
        if self.overflowed.load(Ordering::Acquire) {
            return false;
        }
        match self.queue.try_send(message) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.overflowed.store(true, Ordering::Release);
                self.overflow.notify_one();
                false
            }
        }
    }

    /// Returns when a message did not fit.
    pub(crate) async fn overflow(&self) {
        self.overflow.notified().await;
    }
}
