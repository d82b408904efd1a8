//! Signed transactions for the lanes.

#![allow(dead_code, reason = "each test program uses a part")]

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature as EvmSignature, TxKind, U256};
use std::sync::Arc;
use tandem_crypto::{ed25519, secp256k1};
use tandem_evm::{Admission, CheckedEvmTx, HardFork};
use tandem_exchange::Transaction;
use tandem_exchange::action::{
    Action, AssetId, CancelOrders, Decimal, Grouping, Network, NetworkKind, Order, OrderKind, PlaceOrders,
    Signature, SignedAction, TimeInForce, ed25519_message,
};
use tandem_types::{AccountId, ChainId, Hash};

/// A neutral action of `items` items, a cancel, or an order that may take.
pub(crate) const fn neutral() -> Action {
    Action::Noop
}

pub(crate) fn cancel() -> Action {
    let cancel = tandem_exchange::action::Cancel { asset: AssetId(0), order: tandem_types::OrderId(1) };
    Action::Cancel(CancelOrders { cancels: vec![cancel], fast: None })
}

pub(crate) fn orders(items: usize) -> Action {
    let order = Order {
        asset: AssetId(10_000),
        is_buy: true,
        price: Decimal::parse("1").unwrap(),
        size: Decimal::parse("1").unwrap(),
        reduce_only: false,
        kind: OrderKind::Limit(TimeInForce::Gtc),
        cloid: None,
        self_trade_prevention: None,
        expires: None,
    };
    Action::Order(PlaceOrders { orders: vec![order; items], grouping: Grouping::Na, builder: None })
}

/// The account of this number.
pub(crate) fn account(number: u8) -> AccountId {
    AccountId(number.into())
}

/// An action of the signer of this number.
pub(crate) fn action(signer: u8, nonce: u64, action: &Action) -> Arc<Transaction> {
    let network = Network { kind: NetworkKind::Dev, chain_id: ChainId(1), genesis_hash: Hash([0; 32]) };
    let key = ed25519::SigningKey::from_seed([signer; 32]);
    let mut signed = SignedAction {
        action: action.encode(),
        nonce,
        vault_address: None,
        expires_after: None,
        signature: Signature::Ed25519 {
            public_key: key.public_key(),
            signature: ed25519::Signature([0; 64]),
        },
    };
    let signature = key.sign(&ed25519_message(&network.genesis_hash, &signed.action_hash()));
    signed.signature = Signature::Ed25519 { public_key: key.public_key(), signature };
    Arc::new(Transaction::from_signed(&signed, &network).unwrap())
}

/// A transfer with these fees per gas.
pub(crate) fn evm(signer: u8, nonce: u64, fee_cap: u128, priority: u128) -> Arc<CheckedEvmTx> {
    let transaction = TxEip1559 {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: fee_cap,
        max_priority_fee_per_gas: priority,
        to: TxKind::Call(Address::ZERO),
        value: U256::from(1),
        access_list: alloy_eips::eip2930::AccessList::default(),
        input: Bytes::new(),
    };
    let key = secp256k1::SigningKey::from_bytes(&[signer; 32]).unwrap();
    let signed = key.sign(&Hash(transaction.signature_hash().0));
    let signature =
        EvmSignature::new(U256::from_be_bytes(signed.r), U256::from_be_bytes(signed.s), signed.y_is_odd);
    let raw = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
    let admission = Admission { chain_id: 1, hard_fork: HardFork::Osaka, unprotected: false };
    Arc::new(admission.check(raw.into()).unwrap())
}
