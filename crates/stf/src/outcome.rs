//! What a block did.

use alloc::vec::Vec;
use alloy_rlp::{Decodable, Encodable};
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_crypto::merkle::{ListName, ListRoot};
use tandem_crypto::sha256;
use tandem_evm::{EvmHeader, EvmReceipt};
use tandem_exchange::{Event, Receipt};
use tandem_state::Delta;
use tandem_types::{BLOCK_ACTIONS_MAX, BLOCK_EVM_TRANSACTIONS_MAX, Hash, Header, ReceiptsRoot};

/// The receipts of a block: of its actions, of its due work, and of its EVM transactions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockReceipts {
    /// One for each action, in order.
    pub actions: Vec<Receipt>,
    /// What due work did.
    pub due: Vec<Event>,
    /// The EVM block's header, on EVM heights.
    pub evm_header: Option<EvmHeader>,
    /// One for each EVM transaction, in order.
    pub evm: Vec<EvmReceipt>,
}

impl BlockReceipts {
    /// The root over the actions' receipts and the due work's events; EVM receipts have Ethereum's root in the EVM
    /// header.
    #[must_use]
    pub fn root(&self) -> ReceiptsRoot {
        let mut root = ListRoot::new(ListName::new("receipts"));
        let receipts = self.actions.iter().map(Encode::to_bytes).chain([self.due.to_bytes()]);
        receipts.for_each(|receipt| root.push(&Hash(sha256(&receipt))));
        ReceiptsRoot(root.finish().0)
    }
}

/// Longest RLP of an EVM header; those of this chain have about 600 bytes.
const EVM_HEADER_BYTES_MAX: u32 = 4_096;
/// Most events of due work in a block, far above what its work limit allows.
const DUE_EVENTS_MAX: u32 = 1 << 20;

impl Encode for BlockReceipts {
    fn encode(&self, out: &mut Vec<u8>) {
        // What an order that rests leaves, about.
        let items = self.actions.iter().map(|receipt| receipt.result.as_ref().map_or(1, Vec::len));
        out.reserve(items.fold(0, |sum: usize, items| sum.saturating_add(items.saturating_mul(128))));
        self.actions.encode(out);
        self.due.encode(out);
        let header = self.evm_header.as_ref().map(|header| {
            let mut rlp = Vec::new();
            Encodable::encode(header, &mut rlp);
            rlp
        });
        header.encode(out);
        self.evm.encode(out);
    }
}

impl Decode for BlockReceipts {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            actions: input.list(BLOCK_ACTIONS_MAX)?,
            due: input.list(DUE_EVENTS_MAX)?,
            evm_header: decode_header(input)?,
            evm: input.list(BLOCK_EVM_TRANSACTIONS_MAX)?,
        })
    }
}

fn decode_header(input: &mut Reader<'_>) -> Result<Option<EvmHeader>, DecodeError> {
    if !<bool as Decode>::decode(input)? {
        return Ok(None);
    }
    let mut rlp = input.bytes(EVM_HEADER_BYTES_MAX)?;
    let header = <EvmHeader as Decodable>::decode(&mut rlp).map_err(|_| input.invalid("EVM header"))?;
    if rlp.is_empty() { Ok(Some(header)) } else { Err(input.invalid("EVM header")) }
}

/// The outcome of a valid block. The chain's state has moved on to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The block's header.
    pub header: Header,
    /// What it changed.
    pub delta: Delta,
    /// What it did.
    pub receipts: BlockReceipts,
}
