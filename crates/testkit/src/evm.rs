//! Ethereum transactions of the wallets.

use crate::Signer;
use crate::genesis::CHAIN_ID;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
use tandem_evm::{Admission, CheckedEvmTx, HardFork};
use tandem_types::Hash;

const GWEI: u128 = 1_000_000_000;

/// A transfer of `wei` to `to`.
///
/// # Panics
/// If the signer is not a wallet.
#[must_use]
pub fn evm_transfer(from: &Signer, nonce: u64, to: [u8; 20], wei: u64) -> CheckedEvmTx {
    sign(from, transaction(nonce, TxKind::Call(Address::new(to)), U256::from(wei), Bytes::new()))
}

/// Deploys a contract of this code.
///
/// # Panics
/// If the signer is not a wallet.
#[must_use]
pub fn deploy(from: &Signer, nonce: u64, code: &[u8]) -> CheckedEvmTx {
    sign(from, transaction(nonce, TxKind::Create, U256::ZERO, init_code(code).into()))
}

/// Init code that deploys `code`: CODECOPY of all that follows the 14 bytes, RETURN.
#[must_use]
pub fn init_code(code: &[u8]) -> Vec<u8> {
    let len = u16::try_from(code.len()).expect("short code").to_be_bytes();
    let mut init = vec![0x61, len[0], len[1], 0x80, 0x60, 14, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0, 0];
    init.extend_from_slice(code);
    init
}

fn transaction(nonce: u64, to: TxKind, value: U256, input: Bytes) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID.0,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to,
        value,
        access_list: alloy_eips::eip2930::AccessList::default(),
        input,
    }
}

fn sign(from: &Signer, transaction: TxEip1559) -> CheckedEvmTx {
    let Signer::Wallet(key) = from else { panic!("Ethereum transactions are signed by wallets") };
    let signed = key.sign(&Hash(transaction.signature_hash().0));
    let signature =
        Signature::new(U256::from_be_bytes(signed.r), U256::from_be_bytes(signed.s), signed.y_is_odd);
    let raw = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
    let admission = Admission { chain_id: CHAIN_ID.0, hard_fork: HardFork::Osaka, unprotected: false };
    admission.check(raw.into()).expect("a well-signed transaction passes")
}
