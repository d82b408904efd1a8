//! A running TWAP order: its keys, its parts, and how it ends.

use crate::Rejection;
use tandem_book::Side;
use tandem_crypto::sha256;
use tandem_state::keys;
use tandem_types::{AccountId, BlockTime, MarketId, QuoteAtoms, SizeLots};

/// Milliseconds from one part to the next.
pub const TWAP_INTERVAL_MS: u64 = 30_000;
/// How many even parts one part may be.
pub const TWAP_CATCH_UP: u64 = 3;

/// A TWAP order, by whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwapKey {
    /// Whose.
    pub account: AccountId,
    /// Its number.
    pub id: u64,
}

/// A TWAP order, by when its next part is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwapDue {
    /// When.
    pub time: u64,
    /// Its number.
    pub id: u64,
}

tandem_codec::record!(TwapKey { account, id });
tandem_codec::record!(TwapDue { time, id });
keys!(TwapKey: 12, TwapDue: 16);

/// A running TWAP order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twap {
    /// Where.
    pub market: MarketId,
    /// Its side.
    pub side: Side,
    /// All of it.
    pub size: SizeLots,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// Whether its parts vary.
    pub randomize: bool,
    /// How many parts it has.
    pub parts: u32,
    /// When it began.
    pub started: BlockTime,
    /// When its next part is due.
    pub next: BlockTime,
    /// How much has traded.
    pub filled: SizeLots,
    /// At what notional.
    pub notional: QuoteAtoms,
}
tandem_codec::record!(Twap {
    market,
    side,
    size,
    reduce_only,
    randomize,
    parts,
    started,
    next,
    filled,
    notional,
});

/// How a TWAP order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwapEnd {
    /// Its last part was placed, or all of it has traded.
    Finished,
    /// Its owner ended it.
    Cancelled,
    /// A part was refused.
    Refused(Rejection),
}

tandem_codec::variants!(TwapEnd as "end of a twap" {
    Finished = 0,
    Cancelled = 1,
    Refused(why) = 2,
});

impl Twap {
    /// The part that is due at `now`, from 0.
    pub(super) fn part_at(&self, now: BlockTime) -> u32 {
        let since = now.ms_since(self.started).unwrap_or(0);
        let part = since.checked_div(TWAP_INTERVAL_MS).unwrap_or(0);
        u32::try_from(part).unwrap_or(u32::MAX).min(self.parts.saturating_sub(1))
    }

    /// An even part, rounded up.
    #[must_use]
    pub fn even_part(&self) -> SizeLots {
        SizeLots(self.size.0.div_ceil(u64::from(self.parts.max(1))))
    }

    /// What should have traded when a part is done: rounded down, all of it at the last.
    #[must_use]
    pub fn target(&self, part: u32) -> SizeLots {
        let parts = u128::from(self.parts.max(1));
        let product = u128::from(self.size.0).saturating_mul(u128::from(part).saturating_add(1));
        let target = product.checked_div(parts).unwrap_or(0);
        SizeLots(u64::try_from(target).unwrap_or(u64::MAX)).min(self.size)
    }

    /// The size of a part, before it varies.
    #[must_use]
    pub fn part_size(&self, part: u32) -> SizeLots {
        let most = SizeLots(self.even_part().0.saturating_mul(TWAP_CATCH_UP));
        self.target(part).minus_or_zero(self.filled).min(most)
    }

    /// The size of a part that varies: between four and six fifths, the last one as it is.
    pub(super) fn varied(&self, part: u32, seed: &[u8]) -> SizeLots {
        let size = self.part_size(part);
        if !self.randomize || part.saturating_add(1) >= self.parts {
            return size;
        }
        let hash = sha256(seed);
        let word = hash.first_chunk::<8>().map_or(0, |head| u64::from_be_bytes(*head));
        let thousandths = word.checked_rem(401).unwrap_or(0).saturating_add(800);
        let product = u128::from(size.0).saturating_mul(u128::from(thousandths));
        let varied = u64::try_from(product.checked_div(1_000).unwrap_or(0)).unwrap_or(u64::MAX);
        let most = self.even_part().0.saturating_mul(TWAP_CATCH_UP);
        SizeLots(varied.min(most)).min(self.size.minus_or_zero(self.filled))
    }
}
