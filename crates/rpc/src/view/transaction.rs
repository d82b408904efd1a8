//! Transactions, mined and waiting.

use super::place;
use crate::blocks::EvmBlock;
use alloy_consensus::Transaction;
use alloy_eips::eip2930::AccessListItem;
use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use serde::Serialize;
use tandem_evm::CheckedEvmTx;

/// A transaction. Which fields there are depends on its type.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionView {
    block_hash: Option<B256>,
    block_number: Option<U64>,
    transaction_index: Option<U64>,
    hash: B256,
    #[serde(rename = "type")]
    tx_type: U64,
    from: Address,
    to: Option<Address>,
    nonce: U64,
    gas: U64,
    /// What a gas cost in the block; of one that waits, what it may cost at most.
    gas_price: U256,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_fee_per_gas: Option<U256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_priority_fee_per_gas: Option<U256>,
    value: U256,
    input: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_id: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_list: Option<Vec<AccessView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_list: Option<Vec<AuthorizationView>>,
    v: U64,
    r: U256,
    s: U256,
    #[serde(skip_serializing_if = "Option::is_none")]
    y_parity: Option<U64>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessView {
    address: Address,
    storage_keys: Vec<B256>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationView {
    chain_id: U256,
    address: Address,
    nonce: U64,
    y_parity: U64,
    r: U256,
    s: U256,
}

impl TransactionView {
    /// A transaction of a block.
    pub(crate) fn mined(tx: &CheckedEvmTx, block: &EvmBlock, index: usize) -> Self {
        let price = tx.gas_price(block.header.base_fee_per_gas.unwrap_or_default());
        Self {
            block_hash: Some(block.hash),
            block_number: Some(U64::from(block.number())),
            transaction_index: Some(place(index)),
            gas_price: U256::from(price.unwrap_or_else(|| tx.fee_cap())),
            ..Self::waiting(tx)
        }
    }

    /// A transaction of the pool.
    pub(crate) fn waiting(tx: &CheckedEvmTx) -> Self {
        let envelope = tx.envelope();
        let signature = envelope.signature();
        let is_typed = tx.tx_type() != 0;
        let is_dynamic = envelope.is_dynamic_fee();
        let parity = U64::from(u64::from(signature.v()));
        let authorizations = envelope.authorization_list();
        Self {
            block_hash: None,
            block_number: None,
            transaction_index: None,
            hash: tx.hash(),
            tx_type: U64::from(tx.tx_type()),
            from: tx.sender(),
            to: tx.to(),
            nonce: U64::from(tx.nonce()),
            gas: U64::from(tx.gas_limit()),
            gas_price: U256::from(tx.fee_cap()),
            max_fee_per_gas: is_dynamic.then(|| U256::from(tx.fee_cap())),
            max_priority_fee_per_gas: is_dynamic.then(|| U256::from(tx.priority_fee_cap())),
            value: tx.value(),
            input: tx.input().clone(),
            chain_id: envelope.chain_id().map(U64::from),
            access_list: is_typed.then(|| {
                envelope.access_list().map_or_else(Vec::new, |list| list.iter().map(access).collect())
            }),
            authorization_list: authorizations.map(|list| list.iter().map(authorization).collect()),
            v: if is_typed { parity } else { legacy_v(signature.v(), envelope.chain_id()) },
            r: signature.r(),
            s: signature.s(),
            y_parity: is_typed.then_some(parity),
        }
    }
}

/// The recovery value of a legacy signature. EIP-155.
fn legacy_v(is_odd: bool, chain_id: Option<u64>) -> U64 {
    let parity = u64::from(is_odd);
    U64::from(chain_id.map_or(27 + parity, |id| id.saturating_mul(2).saturating_add(35 + parity)))
}

fn access(item: &AccessListItem) -> AccessView {
    AccessView { address: item.address, storage_keys: item.storage_keys.clone() }
}

fn authorization(signed: &SignedAuthorization) -> AuthorizationView {
    let inner = signed.inner();
    AuthorizationView {
        chain_id: inner.chain_id,
        address: inner.address,
        nonce: U64::from(inner.nonce),
        y_parity: U64::from(signed.y_parity()),
        r: signed.r(),
        s: signed.s(),
    }
}
