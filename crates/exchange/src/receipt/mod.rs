//! What an action did, for whoever asks later.

mod close;
mod event;
mod liquidation;
mod status;
mod trade;
mod vault;

pub use close::CloseReason;
pub use event::Event;
pub use liquidation::{Deleveraged, LiquidationOrder, Takeover, Vault};
pub use status::ItemStatus;
pub use trade::{BuilderPaid, PositionChange, Trade};
pub use vault::VaultWithdrawal;

use crate::Rejection;
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{AccountId, TxId};

/// Most items in a receipt: the largest batch.
const ITEMS_MAX: u32 = 1_000;
/// Most events in a receipt: every item of the largest batch with the most fills.
const EVENTS_MAX: u32 = 1 << 20;

/// What an action did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The action.
    pub tx: TxId,
    /// Whose account acted.
    pub account: AccountId,
    /// How each item ended, or why the whole was refused.
    pub result: Result<Vec<ItemStatus>, Rejection>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Encode for Receipt {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tx.encode(out);
        self.account.encode(out);
        match &self.result {
            Ok(items) => {
                true.encode(out);
                items.encode(out);
            }
            Err(rejection) => {
                false.encode(out);
                rejection.encode(out);
            }
        }
        self.events.encode(out);
    }
}

impl Decode for Receipt {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (tx, account) = (Decode::decode(input)?, Decode::decode(input)?);
        let result =
            if bool::decode(input)? { Ok(input.list(ITEMS_MAX)?) } else { Err(Rejection::decode(input)?) };
        Ok(Self { tx, account, result, events: input.list(EVENTS_MAX)? })
    }
}
