//! Accounts with proofs (EIP-1186).

use crate::argument::StorageSlot;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use serde::Serialize;
use tandem_evm::{AccountProof, EvmAccount};

/// An account and some of its slots, provable from the state root.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProofView {
    address: Address,
    account_proof: Vec<Bytes>,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    storage_proof: Vec<SlotView>,
}

#[derive(Clone, Debug, Serialize)]
struct SlotView {
    key: Key,
    value: U256,
    proof: Vec<Bytes>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Key {
    Whole(B256),
    Quantity(U256),
}

impl ProofView {
    /// `proof` of `address` and of `slots`, in their order.
    pub(crate) fn of(address: Address, slots: &[StorageSlot], proof: AccountProof) -> Self {
        let account = proof.account.unwrap_or(EvmAccount::with_balance(U256::ZERO));
        let storage = slots.iter().zip(proof.storage);
        Self {
            address,
            account_proof: proof.proof,
            balance: account.balance,
            code_hash: account.code_hash,
            nonce: U64::from(account.nonce),
            storage_hash: proof.storage_root,
            storage_proof: storage
                .map(|(slot, proof)| SlotView { key: key(slot), value: proof.value, proof: proof.proof })
                .collect(),
        }
    }
}

fn key(slot: &StorageSlot) -> Key {
    if slot.is_whole { Key::Whole(B256::from(slot.number)) } else { Key::Quantity(slot.number) }
}
