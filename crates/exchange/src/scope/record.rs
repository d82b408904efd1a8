//! What the tables hold of agents' scopes.

use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{MarketId, QuoteAtoms};

/// Most markets of a scope.
const MARKETS_MAX: u32 = 16;

/// What an agent may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Its markets, ascending; all if there are none.
    pub markets: Vec<MarketId>,
    /// The most notional of one order.
    pub order_max: Option<QuoteAtoms>,
    /// The most notional of all its orders.
    pub total_max: Option<QuoteAtoms>,
    /// The notional of all its orders so far.
    pub used: QuoteAtoms,
}

impl Encode for Scope {
    fn encode(&self, out: &mut Vec<u8>) {
        self.markets.encode(out);
        self.order_max.encode(out);
        self.total_max.encode(out);
        self.used.encode(out);
    }
}

impl Decode for Scope {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            markets: input.list(MARKETS_MAX)?,
            order_max: Decode::decode(input)?,
            total_max: Decode::decode(input)?,
            used: Decode::decode(input)?,
        })
    }
}
