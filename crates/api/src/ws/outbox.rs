//! What waits to be sent to one WebSocket.

use axum::extract::ws::Utf8Bytes;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// Bytes that may wait for a reader whatever others do.
const OWN_BYTES: usize = 256 << 10;
/// Most bytes that may wait for one reader. A message always fits where nothing waits.
const BYTES_MAX: usize = 16 << 20;

/// Room for what waits for all readers, beyond what each has of its own.
#[derive(Debug)]
pub(crate) struct QueueRoom {
    taken: AtomicUsize,
    max: usize,
}

impl QueueRoom {
    pub(crate) const fn new(max: usize) -> Self {
        Self { taken: AtomicUsize::new(0), max }
    }

    /// Bytes taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.max);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The sending end of a WebSocket's queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Sender<Utf8Bytes>,
    room: Arc<QueueRoom>,
    waiting: Mutex<Waiting>,
    overflow: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: usize,
    overflowed: bool,
}

impl Outbox {
    /// An outbox for `max` messages, and its other end.
    pub(crate) fn new(max: usize, room: Arc<QueueRoom>) -> (Self, mpsc::Receiver<Utf8Bytes>) {
        let (queue, messages) = mpsc::channel(max.max(1));
        (Self { queue, room, waiting: Mutex::default(), overflow: Notify::new() }, messages)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message, never waiting. One that does not fit is lost, and the connection with it: a reader that missed
    /// a message must begin anew. Returns whether the connection still takes messages.
    pub(crate) fn push(&self, message: Utf8Bytes) -> bool {
        let mut waiting = self.waiting();
        if waiting.overflowed {
            return false;
        }
        let bytes = message.len();
        if self.has_room(&waiting, bytes) {
            match self.queue.try_send(message) {
                Ok(()) => {
                    waiting.bytes += bytes;
                    return true;
                }
                Err(refused) => {
                    self.room.give(shared(waiting.bytes + bytes) - shared(waiting.bytes));
                    if matches!(refused, mpsc::error::TrySendError::Closed(_)) {
                        return false;
                    }
                }
            }
        }
        waiting.overflowed = true;
        drop(waiting);
        self.overflow.notify_one();
        false
    }

    /// Takes room for as many bytes more.
    fn has_room(&self, waiting: &Waiting, bytes: usize) -> bool {
        let after = waiting.bytes + bytes;
        let fits = waiting.bytes == 0 || after <= BYTES_MAX;
        fits && self.room.take(shared(after) - shared(waiting.bytes))
    }

    /// Says that a message has left the queue.
    pub(crate) fn left(&self, message: &Utf8Bytes) {
        let mut waiting = self.waiting();
        let after = waiting.bytes.saturating_sub(message.len());
        self.room.give(shared(waiting.bytes) - shared(after));
        waiting.bytes = after;
    }

    /// Returns when a message did not fit.
    pub(crate) async fn overflow(&self) {
        self.overflow.notified().await;
    }
}

/// What of the bytes that wait for a reader is taken from the common room.
const fn shared(bytes: usize) -> usize {
    bytes.saturating_sub(OWN_BYTES)
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.room.give(shared(self.waiting().bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Utf8Bytes {
        "x".repeat(bytes).into()
    }

    #[test]
    fn messages_and_bytes_are_bounded() {
        let rows: [(&str, &[usize], usize); 5] = [
            ("messages", &[1, 1, 1, 1], 3),
            ("bytes of one", &[BYTES_MAX, 1], 1),
            ("one that is long", &[BYTES_MAX + 1], 1),
            ("the common room", &[OWN_BYTES, 2 * BYTES_MAX], 1),
            ("own room", &[OWN_BYTES, 1], 2),
        ];
        for (what, lengths, fitting) in rows {
            let room = Arc::new(QueueRoom::new(2 * BYTES_MAX));
            let (outbox, messages) = Outbox::new(3, Arc::clone(&room));
            let pushed = lengths.iter().filter(|bytes| outbox.push(message(**bytes))).count();
            assert_eq!(pushed, fitting, "{what}");
            assert_eq!(outbox.waiting().overflowed, fitting < lengths.len(), "{what}");
            drop((outbox, messages));
            assert_eq!(room.taken(), 0, "{what}");
        }
    }

    #[test]
    fn room_comes_back_as_messages_leave() {
        let room = Arc::new(QueueRoom::new(BYTES_MAX));
        let (outbox, mut messages) = Outbox::new(8, Arc::clone(&room));
        for _ in 0..20 {
            assert!(outbox.push(message(OWN_BYTES)) && outbox.push(message(OWN_BYTES)));
            assert_eq!(room.taken(), OWN_BYTES);
            while let Ok(message) = messages.try_recv() {
                outbox.left(&message);
            }
            assert_eq!((room.taken(), outbox.waiting().bytes), (0, 0));
        }
    }

    #[test]
    fn a_full_room_costs_only_those_who_use_it() {
        let room = Arc::new(QueueRoom::new(OWN_BYTES));
        let (slow, _keep) = Outbox::new(8, Arc::clone(&room));
        assert!(slow.push(message(2 * OWN_BYTES)) && !slow.push(message(1)));
        let (other, _keep) = Outbox::new(8, Arc::clone(&room));
        assert!(other.push(message(OWN_BYTES)));
    }
}
