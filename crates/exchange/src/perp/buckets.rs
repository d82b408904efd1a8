//! Buckets of those who may be deleveraged, and how far a pass over them has come.

use super::risk::bound::HeldSide;
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{AccountId, BlockTime, SizeLots};

/// Buckets of holders: one for each doubling of the score from 1/8 on; the first has all below, the last all above.
pub const BUCKETS: usize = 16;
/// Lots of each bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buckets([u64; BUCKETS]);

impl Buckets {
    fn of(&self, bucket: usize) -> u64 {
        self.0.get(bucket).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, bucket: usize, lots: u64) {
        if let Some(sum) = self.0.get_mut(bucket) {
            *sum = sum.saturating_add(lots);
        }
    }

    /// Lots of all buckets above one.
    fn above(&self, bucket: usize) -> u64 {
        self.0.iter().skip(bucket.saturating_add(1)).fold(0u64, |sum, lots| sum.saturating_add(*lots))
    }
}

impl Encode for Buckets {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|lots| lots.encode(out));
    }
}

impl Decode for Buckets {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut lots = [0; BUCKETS];
        for lots in &mut lots {
            *lots = Decode::decode(input)?;
        }
        Ok(Self(lots))
    }
}

/// What is being deleveraged in a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleverage {
    /// Since when.
    pub since: BlockTime,
    /// The side whose holders are closed.
    pub side: HeldSide,
    /// Lots that this pass closes; none while it counts.
    pub need: SizeLots,
    /// The holder from which on it goes on.
    pub cursor: AccountId,
    /// Lots counted in each bucket.
    pub counted: Buckets,
    /// Lots come by so far, when closing.
    pub seen: Buckets,
    /// Lots closed so far.
    pub closed: Buckets,
}
tandem_codec::record!(Deleverage { since, side, need, cursor, counted, seen, closed });

impl Deleverage {
    pub(super) fn new(since: BlockTime, side: HeldSide) -> Self {
        let none = Buckets::default();
        let (need, cursor) = (SizeLots::ZERO, AccountId(0));
        Self { since, side, need, cursor, counted: none, seen: none, closed: none }
    }

    /// The share of a holder of `lots` in `bucket`, who is come by now.
    pub(crate) fn share(&mut self, bucket: usize, lots: u64) -> SizeLots {
        self.seen.add(bucket, lots);
        let counted = self.counted.of(bucket);
        let quota = self.need.0.saturating_sub(self.counted.above(bucket)).min(counted);
        let seen = self.seen.of(bucket).min(counted);
        let target = u128::from(quota).saturating_mul(u128::from(seen)).checked_div(u128::from(counted));
        let target = u64::try_from(target.unwrap_or(0)).unwrap_or(u64::MAX);
        SizeLots(target.saturating_sub(self.closed.of(bucket)).min(lots))
    }

    /// What follows a pass: after counting, closing; after closing, counting anew. `None` if nobody is there.
    pub(super) fn next_pass(&self, held: SizeLots) -> Option<Self> {
        let fresh = Self::new(self.since, self.side);
        if !self.need.is_zero() {
            let has_closed = self.closed != Buckets::default();
            return has_closed.then_some(fresh);
        }
        let is_empty = self.counted == Buckets::default();
        (!is_empty).then_some(Self { need: held, counted: self.counted, ..fresh })
    }
}
