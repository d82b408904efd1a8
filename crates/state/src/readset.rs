//! What a block asked of the state: the keys found or found absent, and the intervals scanned.

use alloc::vec::Vec;

/// Keys and inclusive intervals, with their tables' prefixes, sorted. From a full execution it says what a witness
/// must prove; from a partial one, what the witness lacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// Single keys outside of [`ReadSet::ranges`].
    pub keys: Vec<Vec<u8>>,
    /// Intervals, disjoint within a table.
    pub ranges: Vec<(Vec<u8>, Vec<u8>)>,
}

impl ReadSet {
    /// Whether nothing was asked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.ranges.is_empty()
    }
}
