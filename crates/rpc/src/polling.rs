//! Filters that clients poll: what each has told already. There is a bound on their number, and one that nobody polls
//! goes after a while.

use crate::config::Limits;
use crate::fault::Fault;
use crate::logs::LogQuery;
use alloy_primitives::U256;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a filter tells.
#[derive(Clone, Debug)]
pub(crate) enum Topic {
    /// Events.
    Logs(LogQuery),
    /// Hashes of new blocks.
    Blocks,
    /// Hashes of sent transactions.
    Sent,
}

/// A filter, and what it tells next: the number of a block, or of a sent transaction.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) topic: Topic,
    pub(crate) next: u64,
}

#[derive(Debug)]
struct Entry {
    filter: Filter,
    used: Instant,
}

/// The filters of all clients.
#[derive(Debug)]
pub(crate) struct Filters {
    entries: Mutex<BTreeMap<U256, Entry>>,
    count_max: usize,
    idle_max: Duration,
}

impl Filters {
    pub(crate) const fn new(limits: &Limits) -> Self {
        let entries = Mutex::new(BTreeMap::new());
        Self { entries, count_max: limits.filters_max, idle_max: limits.filter_idle_max }
    }

    /// Adds a filter under an id that nobody can guess, so that clients can't take what others poll.
    pub(crate) fn add(&self, filter: Filter, now: Instant) -> Result<U256, Fault> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| Fault::internal(&error))?;
        let id = U256::from_be_slice(&id);
        let mut entries = self.entries();
        entries.retain(|_, entry| now.saturating_duration_since(entry.used) < self.idle_max);
        if entries.len() >= self.count_max {
            return Err(Fault::limit("too many filters: uninstall those no longer needed"));
        }
        entries.insert(id, Entry { filter, used: now });
        Ok(id)
    }

    /// A filter as it stands.
    pub(crate) fn find(&self, id: U256, now: Instant) -> Result<Filter, Fault> {
        let mut entries = self.entries();
        let entry = entries.get_mut(&id).filter(|entry| {
            // One that is past its time is gone, whether or not it was cleared away yet.
            now.saturating_duration_since(entry.used) < self.idle_max
        });
        let entry = entry.ok_or_else(|| Fault::server("filter not found"))?;
        entry.used = now;
        Ok(entry.filter.clone())
    }

    /// Notes what a filter tells next.
    pub(crate) fn advance(&self, id: U256, next: u64) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.filter.next = entry.filter.next.max(next);
        }
    }

    /// Drops a filter; whether there was one.
    pub(crate) fn remove(&self, id: U256) -> bool {
        self.entries().remove(&id).is_some()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<U256, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: Filter = Filter { topic: Topic::Blocks, next: 1 };

    #[test]
    fn filters_are_bounded_and_go_when_nobody_polls() {
        let limits = Limits { filters_max: 2, ..Limits::default() };
        let filters = Filters::new(&limits);
        let start = Instant::now();
        let first = filters.add(BLOCKS, start).unwrap();
        let second = filters.add(BLOCKS, start).unwrap();
        assert_ne!(first, second);
        assert_eq!(filters.add(BLOCKS, start).unwrap_err().code, -32_005);
        let later = start + limits.filter_idle_max / 2;
        filters.advance(first, 5);
        assert_eq!(filters.find(first, later).unwrap().next, 5);
        let end = start + limits.filter_idle_max;
        assert_eq!(filters.find(second, end).unwrap_err().message, "filter not found");
        filters.add(BLOCKS, end).unwrap();
        assert!(filters.remove(first));
        assert!(!filters.remove(first));
        assert!(!filters.remove(second));
    }
}
