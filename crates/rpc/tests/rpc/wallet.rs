//! Keys and signed transactions.

use crate::chain::CHAIN_ID;
use alloy_consensus::crypto::secp256k1::{recover_signer, sign_message};
use alloy_consensus::{SignableTransaction, Signed, TxEip1559, TxEnvelope};

use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex};
use serde_json::{Value, json};

const GWEI: u128 = 1_000_000_000;

/// A key.
pub(crate) struct Wallet(B256);

impl Wallet {
    pub(crate) const fn new(number: u8) -> Self {
        Self(B256::repeat_byte(number))
    }

    pub(crate) fn address(&self) -> Address {
        let hash = B256::repeat_byte(1);
        recover_signer(&sign_message(self.0, hash).unwrap(), hash).unwrap()
    }

    /// A raw transaction, as `eth_sendRawTransaction` takes it.
    pub(crate) fn sign(&self, nonce: u64, to: TxKind, value: u64, input: impl Into<Bytes>) -> Value {
        self.sign_with(TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 500_000,
            max_fee_per_gas: 10 * GWEI,
            max_priority_fee_per_gas: GWEI,
            to,
            value: U256::from(value),
            input: input.into(),
            ..TxEip1559::default()
        })
    }

    pub(crate) fn sign_with<T: SignableTransaction<Signature>>(&self, transaction: T) -> Value
    where
        TxEnvelope: From<Signed<T>>,
    {
        let signature = sign_message(self.0, transaction.signature_hash()).unwrap();
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        json!(hex::encode_prefixed(envelope.encoded_2718()))
    }

    /// Lets the code at `address` act for this key's account (EIP-7702).
    pub(crate) fn authorize(&self, address: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address, nonce };
        let signature = sign_message(self.0, authorization.signature_hash()).unwrap();
        authorization.into_signed(signature)
    }
}
