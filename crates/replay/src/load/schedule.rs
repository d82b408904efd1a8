//! When requests are due.

use std::num::NonZeroU32;
use std::time::Duration;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Evenly spaced instants, which depend on nothing but the request's number.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    items_per_second: NonZeroU32,
    items_per_request: NonZeroU32,
}

impl Schedule {
    /// So many items each second, in requests of so many each.
    #[must_use]
    pub const fn new(items_per_second: NonZeroU32, items_per_request: NonZeroU32) -> Self {
        Self { items_per_second, items_per_request }
    }

    /// How long after the start a request is due. Rounded down for each anew, so that nothing adds up.
    #[must_use]
    pub fn due(&self, request: u64) -> Duration {
        let items = u128::from(request) * u128::from(self.items_per_request.get());
        let nanos = items * NANOS_PER_SECOND / u128::from(self.items_per_second.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many requests are due within so many seconds.
    #[must_use]
    pub fn requests(&self, seconds: u32) -> u64 {
        let items = u64::from(seconds) * u64::from(self.items_per_second.get());
        items.div_ceil(u64::from(self.items_per_request.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(items_per_second: u32, items_per_request: u32) -> Schedule {
        let number = |number| NonZeroU32::new(number).unwrap();
        Schedule::new(number(items_per_second), number(items_per_request))
    }

    #[test]
    fn requests_are_due_at_even_distances_without_drift() {
        let rows = [
            (1_000, 1, 0, 0),
            (1_000, 1, 1, 1_000_000),
            (3, 1, 1, 333_333_333),
            (3, 1, 3, 1_000_000_000),
            (3, 1, 3_000_000_000, 1_000_000_000_000_000_000),
            (100_000, 20, 5_000, 1_000_000_000),
        ];
        for (rate, batch, request, nanos) in rows {
            assert_eq!(schedule(rate, batch).due(request), Duration::from_nanos(nanos));
        }
    }

    #[test]
    fn every_request_but_no_other_is_due_in_time() {
        for (rate, batch, seconds) in [(1_000, 1, 60), (7, 3, 5), (100_000, 20, 60), (1, 20, 1)] {
            let schedule = schedule(rate, batch);
            let (count, end) = (schedule.requests(seconds), Duration::from_secs(u64::from(seconds)));
            assert!(schedule.due(count - 1) < end && schedule.due(count) >= end);
        }
    }
}
