//! Hashes of the transactions sent through this server, for `newPendingTransactions` and its polled twin.
//!
//! What reaches the pool in another way is not told.

use crate::config::SENT_MAX;
use alloy_primitives::B256;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;

/// Hashes in the order sent, the newest of them kept.
#[derive(Debug)]
pub(crate) struct Sent {
    kept: Mutex<Kept>,
    events: broadcast::Sender<B256>,
}

#[derive(Debug, Default)]
struct Kept {
    hashes: VecDeque<B256>,
    /// How many were sent before the first kept.
    dropped: u64,
}

impl Default for Sent {
    fn default() -> Self {
        let (events, _) = broadcast::channel(SENT_MAX);
        Self { kept: Mutex::default(), events }
    }
}

impl Sent {
    /// Remembers and tells.
    pub(crate) fn push(&self, hash: B256) {
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.hashes.push_back(hash);
            if kept.hashes.len() > SENT_MAX {
                kept.hashes.pop_front();
                kept.dropped += 1;
            }
        }
        // Without subscribers nobody needs the event.
        drop(self.events.send(hash));
    }

    /// How many were sent so far.
    pub(crate) fn count(&self) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.dropped + kept.hashes.len() as u64
    }

    /// Those after the first `count`, as far as they are kept.
    pub(crate) fn since(&self, count: u64) -> Vec<B256> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = usize::try_from(count.saturating_sub(kept.dropped)).unwrap_or(usize::MAX);
        kept.hashes.iter().skip(skipped).copied().collect()
    }

    /// Those to come.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<B256> {
        self.events.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_since_is_told_as_far_as_it_is_kept() {
        let sent = Sent::default();
        let hash = |number: usize| B256::from(alloy_primitives::U256::from(number));
        (0..SENT_MAX + 5).for_each(|number| sent.push(hash(number)));
        assert_eq!(sent.count(), SENT_MAX as u64 + 5);
        assert_eq!(sent.since(SENT_MAX as u64 + 3), [hash(SENT_MAX + 3), hash(SENT_MAX + 4)]);
        assert_eq!(sent.since(0).first(), Some(&hash(5)));
        assert!(sent.since(u64::MAX).is_empty());
    }
}
