//! Admission: one encoding, this chain, a real signature.

use super::fixtures::*;
use crate::{Admission, TX_BYTES_MAX, TxRejection};
use alloc::vec;
use alloc::vec::Vec;
use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use proptest::prelude::*;

const HALF_ORDER: U256 = alloy_consensus::crypto::SECP256K1N_HALF;

fn check(raw: impl Into<Bytes>) -> Result<crate::CheckedEvmTx, TxRejection> {
    ADMISSION.check(raw.into())
}

fn legacy(chain_id: Option<u64>) -> TxLegacy {
    TxLegacy {
        chain_id,
        gas_limit: 21_000,
        gas_price: 10,
        to: TxKind::Call(Address::ZERO),
        ..TxLegacy::default()
    }
}

#[test]
fn the_four_types_are_accepted_and_their_sender_recovered() {
    let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: Address::ZERO, nonce: 0 };
    let signature =
        alloy_consensus::crypto::secp256k1::sign_message(key(2), authorization.signature_hash()).unwrap();
    let delegation = TxEip7702 {
        chain_id: CHAIN_ID,
        gas_limit: 100_000,
        max_fee_per_gas: 100,
        authorization_list: vec![authorization.into_signed(signature)],
        ..TxEip7702::default()
    };
    let access = TxEip2930 { chain_id: CHAIN_ID, gas_limit: 60_000, gas_price: 10, ..TxEip2930::default() };
    let raws = [
        sign(legacy(Some(CHAIN_ID)), key(1)),
        sign(access, key(1)),
        sign(fee_market(0, TxKind::Create, U256::ZERO, Vec::new()), key(1)),
        Bytes::new(),
        sign(delegation, key(1)),
    ];
    for (tx_type, raw) in (0u8..).zip(raws).filter(|(tx_type, _)| *tx_type != 3) {
        let tx = check(raw.clone()).unwrap();
        assert_eq!(tx.tx_type(), tx_type);
        assert_eq!(tx.sender(), address(1));
        assert_eq!(tx.hash(), keccak256(&raw));
        assert_eq!(tx.raw(), &raw);
    }
}

#[test]
fn what_is_wrong_is_named_in_order() {
    let good = sign(legacy(Some(CHAIN_ID)), key(1));
    let trailing = [&good[..], &[0]].concat();
    let rows: [(Vec<u8>, TxRejection); 8] = [
        (vec![3; TX_BYTES_MAX + 1], TxRejection::TooLong),
        (vec![3, 0xc0], TxRejection::BlobTransaction),
        (vec![], TxRejection::Malformed),
        (vec![5, 0xc0], TxRejection::Malformed),
        (trailing, TxRejection::Malformed),
        (good[..good.len() - 1].to_vec(), TxRejection::Malformed),
        (sign(legacy(None), key(1)).to_vec(), TxRejection::Unprotected),
        (sign(legacy(Some(1)), key(1)).to_vec(), TxRejection::WrongChain { signed: 1 }),
    ];
    for (raw, reason) in rows {
        assert_eq!(check(raw).unwrap_err(), reason);
    }
    let lenient = Admission { unprotected: true, ..ADMISSION };
    assert_eq!(lenient.check(sign(legacy(None), key(1))).unwrap().sender(), address(1));
}

#[test]
fn what_no_state_makes_valid_is_refused_at_the_door() {
    let call = || fee_market(0, TxKind::Call(address(2)), U256::ZERO, Vec::new());
    let rows = [
        (TxEip1559 { max_priority_fee_per_gas: 101 * GWEI, ..call() }, TxRejection::PriorityFeeAboveCap),
        (TxEip1559 { gas_limit: (1 << 24) + 1, ..call() }, TxRejection::GasLimitAboveCap),
        (TxEip1559 { gas_limit: 20_999, ..call() }, TxRejection::IntrinsicGas { needed: 21_000 }),
        // EIP-7623: 100 bytes that are not zero cost at least 40 gas each.
        (
            TxEip1559 { gas_limit: 24_999, input: vec![1; 100].into(), ..call() },
            TxRejection::IntrinsicGas { needed: 25_000 },
        ),
        (TxEip1559 { nonce: u64::MAX, ..call() }, TxRejection::NonceOverflow),
        (fee_market(0, TxKind::Create, U256::ZERO, vec![0; 49_153]), TxRejection::InitCodeTooLong),
    ];
    for (tx, reason) in rows {
        assert_eq!(check(sign(tx, key(1))).unwrap_err(), reason);
    }
    let delegation = TxEip7702 { chain_id: CHAIN_ID, gas_limit: 100_000, ..TxEip7702::default() };
    assert_eq!(check(sign(delegation, key(1))).unwrap_err(), TxRejection::NoAuthorizations);
}

#[test]
fn a_signature_in_the_upper_half_or_out_of_range_is_refused() {
    let raw = sign(legacy(Some(CHAIN_ID)), key(1));
    let tx = TxEnvelope::decode_2718_exact(&raw).unwrap();
    let signature = *tx.signature();
    let legacy = tx.as_legacy().unwrap().tx().clone();
    let order = HALF_ORDER * U256::from(2) + U256::from(1);
    let twisted = [
        Signature::new(signature.r(), order - signature.s(), !signature.v()),
        Signature::new(U256::ZERO, signature.s(), signature.v()),
        Signature::new(signature.r(), U256::ZERO, signature.v()),
        Signature::new(order, signature.s(), signature.v()),
        Signature::new(U256::MAX, signature.s(), signature.v()),
    ];
    for signature in twisted {
        let tx = TxEnvelope::from(alloy_consensus::Signed::new_unhashed(legacy.clone(), signature));
        assert_eq!(check(tx.encoded_2718()).unwrap_err(), TxRejection::Signature);
    }
}

#[test]
fn gas_price_is_capped_by_the_fee_cap() {
    let tx = transfer(1, 0, Address::ZERO, U256::ZERO);
    assert_eq!(tx.gas_price(7), Some(GWEI + 7));
    assert_eq!(tx.gas_price(u64::try_from(100 * GWEI).unwrap()), Some(100 * GWEI));
    assert_eq!(tx.gas_price(u64::try_from(100 * GWEI + 1).unwrap()), None);
}

proptest! {
    #[test]
    fn no_bytes_panic(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = check(raw);
    }

    #[test]
    fn no_mutation_of_a_transaction_is_the_same_transaction(at in 0usize..120, flip in 1u8..) {
        let raw = sign(fee_market(0, TxKind::Call(Address::ZERO), U256::from(1), Vec::new()), key(1));
        let mut bytes = raw.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(tx) = check(bytes.clone()) {
            prop_assert_eq!(tx.hash(), keccak256(&bytes));
            prop_assert_ne!((tx.sender(), tx.envelope().signature_hash()), (address(1), B256::ZERO));
        }
    }
}
