//! The deltas of the last decided blocks, bounded in number and in memory.
//!
//! Quiet blocks reach far back; under load the bytes are the tighter bound, and what a full block changed is a few
//! megabytes. The newest delta is always kept.

use std::collections::VecDeque;
use std::sync::Arc;
use tandem_state::Delta;
use tandem_types::Height;

/// Past blocks that readers can look at, at most.
const BLOCKS_MAX: usize = 2_560;
/// Memory for them, at most, but for the newest alone.
const BYTES_MAX: usize = 512 << 20;

/// See the module. Heights are consecutive.
#[derive(Debug, Default)]
pub(crate) struct PastDeltas {
    deltas: VecDeque<(Height, Arc<Delta>)>,
    bytes: usize,
}

impl PastDeltas {
    /// Takes the delta of the next block, and drops the oldest ones that have no room any more.
    pub(crate) fn push(&mut self, height: Height, delta: Arc<Delta>) {
        self.push_bounded(height, delta, BYTES_MAX);
    }

    fn push_bounded(&mut self, height: Height, delta: Arc<Delta>, bytes_max: usize) {
        self.bytes += delta.memory_bytes();
        self.deltas.push_back((height, delta));
        while self.deltas.len() > BLOCKS_MAX || (self.bytes > bytes_max && self.deltas.len() > 1) {
            let dropped = self.deltas.pop_front().map_or(0, |(_, delta)| delta.memory_bytes());
            self.bytes -= dropped;
        }
    }

    /// The newest `count`, oldest first; `None` if there are not so many.
    pub(crate) fn newest(
        &self,
        count: usize,
    ) -> Option<impl DoubleEndedIterator<Item = &(Height, Arc<Delta>)>> {
        let skipped = self.deltas.len().checked_sub(count)?;
        Some(self.deltas.range(skipped..))
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCKS_MAX, PastDeltas};
    use std::sync::Arc;
    use tandem_codec::Decode;
    use tandem_state::Delta;
    use tandem_types::Height;

    /// One change: `key` of 1 byte, absent before, one byte after.
    fn delta() -> Arc<Delta> {
        let bytes = [0, 0, 0, 1, 0, 0, 0, 3, 1, 1, 7, 0, 1, 0, 0, 0, 1, 9];
        Arc::new(Delta::from_bytes(&bytes).expect("a delta"))
    }

    fn heights(past: &PastDeltas, count: usize) -> Option<Vec<u64>> {
        Some(past.newest(count)?.map(|(height, _)| height.0).collect())
    }

    #[test]
    fn the_newest_are_kept_within_the_bytes() {
        let size = delta().memory_bytes();
        assert!(size > 0);
        let mut past = PastDeltas::default();
        (1..=10).for_each(|height| past.push_bounded(Height(height), delta(), 3 * size));
        assert_eq!(heights(&past, 3), Some(vec![8, 9, 10]));
        assert_eq!(heights(&past, 2), Some(vec![9, 10]));
        assert_eq!(heights(&past, 4), None);
        past.push_bounded(Height(11), delta(), size - 1);
        assert_eq!((heights(&past, 1), heights(&past, 2)), (Some(vec![11]), None));
    }

    #[test]
    fn quiet_blocks_are_bounded_by_their_number() {
        let mut past = PastDeltas::default();
        let count = BLOCKS_MAX as u64 + 5;
        (1..=count).for_each(|height| past.push(Height(height), Arc::default()));
        assert!(heights(&past, BLOCKS_MAX).is_some());
        assert_eq!(heights(&past, BLOCKS_MAX + 1), None);
    }
}
