//! How one item of an action ended.

use crate::Rejection;
use tandem_types::{Address, OrderId, QuoteAtoms, SizeLots};

/// How one item of an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemStatus {
    /// Done; nothing more to say (cancels, transfers).
    Done,
    /// The order rests, with what was filled at once.
    Resting {
        /// The order.
        id: OrderId,
        /// Filled before it came to rest.
        filled: SizeLots,
    },
    /// The order filled, or took what it could and ended.
    Filled {
        /// The order.
        id: OrderId,
        /// Size filled.
        size: SizeLots,
        /// Notional of the fills, from which the average price follows.
        notional: QuoteAtoms,
    },
    /// Refused.
    Rejected(Rejection),
    /// The order waits for the first order of its group to fill.
    WaitingForFill {
        /// The order.
        id: OrderId,
    },
    /// The order waits for its price, in a group or for a position.
    WaitingForTrigger {
        /// The order.
        id: OrderId,
    },
    /// A TWAP order runs.
    TwapRunning {
        /// Its number.
        id: u64,
    },
    /// An account was made that has no key.
    AccountMade {
        /// Its address.
        address: Address,
    },
}
tandem_codec::variants!(ItemStatus as "item status" {
    Done = 0,
    Resting { id, filled } = 1,
    Filled { id, size, notional } = 2,
    Rejected(rejection) = 3,
    WaitingForFill { id } = 4,
    WaitingForTrigger { id } = 5,
    TwapRunning { id } = 6,
    AccountMade { address } = 7,
});
