//! Receipts: what a transaction did, for clients and for the receipts root.

use alloc::vec::Vec;
use alloy_consensus::{Eip658Value, Receipt, ReceiptEnvelope, ReceiptWithBloom, TxType};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, LogData, logs_bloom};
use tandem_codec::{Decode, DecodeError, Encode, Reader};

/// Most events of one transaction: at 375 gas each, more than any gas limit pays for.
const LOGS_MAX: u32 = 1 << 20;
/// Most topics of an event (`LOG4`).
const TOPICS_MAX: u32 = 4;
/// Longest data of an event in bytes: at 8 gas each, more than any gas limit pays for.
const LOG_BYTES_MAX: u32 = 1 << 26;

/// What an executed transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmReceipt {
    /// Hash of the transaction.
    pub tx_hash: B256,
    /// EIP-2718 type; 0 for legacy transactions.
    pub tx_type: u8,
    /// Whether it ended without revert or halt.
    pub success: bool,
    /// Gas used by this transaction, after refunds.
    pub gas_used: u64,
    /// Gas used in the block up to and with this transaction.
    pub cumulative_gas_used: u64,
    /// What a gas cost, in 10^-18 native coin.
    pub gas_price: u128,
    /// The contract that a creation made.
    pub contract: Option<Address>,
    /// Events, in order; none if it failed.
    pub logs: Vec<Log>,
}

impl EvmReceipt {
    /// The Bloom filter over the events.
    #[must_use]
    pub fn bloom(&self) -> Bloom {
        logs_bloom(&self.logs)
    }

    /// The receipt as Ethereum commits to it (EIP-2718).
    #[must_use]
    pub fn envelope(&self) -> ReceiptEnvelope {
        let receipt = Receipt {
            status: Eip658Value::Eip658(self.success),
            cumulative_gas_used: self.cumulative_gas_used,
            logs: self.logs.clone(),
        };
        let tx_type = TxType::try_from(self.tx_type).unwrap_or(TxType::Legacy);
        ReceiptEnvelope::from_typed(tx_type, ReceiptWithBloom::new(receipt, self.bloom()))
    }

    /// The bytes under the receipts root.
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        self.envelope().encoded_2718()
    }
}

impl Encode for EvmReceipt {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tx_hash.0.encode(out);
        self.tx_type.encode(out);
        self.success.encode(out);
        self.gas_used.encode(out);
        self.cumulative_gas_used.encode(out);
        self.gas_price.encode(out);
        self.contract.map(|contract| contract.0.0).encode(out);
        encode_count(self.logs.len(), out);
        self.logs.iter().for_each(|log| encode_log(log, out));
    }
}

impl Decode for EvmReceipt {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            tx_hash: B256::new(input.array()?),
            tx_type: u8::decode(input)?,
            success: bool::decode(input)?,
            gas_used: u64::decode(input)?,
            cumulative_gas_used: u64::decode(input)?,
            gas_price: u128::decode(input)?,
            contract: Option::<[u8; 20]>::decode(input)?.map(Address::new),
            logs: decode_logs(input)?,
        })
    }
}

fn encode_count(count: usize, out: &mut Vec<u8>) {
    u32::try_from(count).unwrap_or(u32::MAX).encode(out);
}

fn encode_log(log: &Log, out: &mut Vec<u8>) {
    log.address.0.0.encode(out);
    encode_count(log.data.topics().len(), out);
    log.data.topics().iter().for_each(|topic| topic.0.encode(out));
    encode_count(log.data.data.len(), out);
    out.extend_from_slice(&log.data.data);
}

fn decode_logs(input: &mut Reader<'_>) -> Result<Vec<Log>, DecodeError> {
    let count = input.length(LOGS_MAX)?;
    let mut logs = Vec::new();
    for _ in 0..count {
        let address = Address::new(input.array()?);
        let topics = input.list::<[u8; 32]>(TOPICS_MAX)?.into_iter().map(B256::new).collect();
        let data = Bytes::copy_from_slice(input.bytes(LOG_BYTES_MAX)?);
        logs.push(Log { address, data: LogData::new_unchecked(topics, data) });
    }
    Ok(logs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log() -> impl Strategy<Value = Log> {
        let topics = prop::collection::vec(any::<[u8; 32]>().prop_map(B256::new), 0..=4);
        let data = prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from);
        (any::<[u8; 20]>(), topics, data).prop_map(|(address, topics, data)| Log {
            address: Address::new(address),
            data: LogData::new_unchecked(topics, data),
        })
    }

    proptest! {
        #[test]
        fn receipts_decode_as_they_were_encoded_and_nothing_shorter_does(
            logs in prop::collection::vec(log(), 0..4),
            contract in any::<Option<[u8; 20]>>(),
            (tx_type, success, gas_used, gas_price) in any::<(u8, bool, u64, u128)>(),
        ) {
            let receipt = EvmReceipt {
                tx_hash: B256::repeat_byte(tx_type),
                tx_type,
                success,
                gas_used,
                cumulative_gas_used: gas_used,
                gas_price,
                contract: contract.map(Address::new),
                logs,
            };
            let bytes = receipt.to_bytes();
            prop_assert_eq!(EvmReceipt::from_bytes(&bytes), Ok(receipt));
            prop_assert!(EvmReceipt::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        }
    }
}
