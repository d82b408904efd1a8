//! Calls and gas estimates on a view.

use super::fixtures::*;
use crate::{
    CallError, CallOutcome, CallRequest, EvmRead, EvmView, TxRejection, call, estimate_gas, execute_block,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, U256};

fn request(to: Address, input: Vec<u8>) -> CallRequest {
    CallRequest { from: address(1), to: Some(to), input: input.into(), ..CallRequest::default() }
}

#[test]
fn a_call_returns_output_and_revert_data_and_keeps_nothing() {
    let mut tables = genesis();
    let (stores, reverts) = (Address::repeat_byte(0xc1), Address::repeat_byte(0xc2));
    deploy(&mut tables, stores, &STORE);
    deploy(&mut tables, reverts, &REVERT);
    let stored = call(EvmView(&tables), &env(1), &request(stores, store(5, 8))).unwrap();
    assert!(matches!(stored, CallOutcome::Success { logs, .. } if logs.len() == 1));
    assert_eq!(tables.storage(stores, U256::from(5)), U256::ZERO);
    let reverted = call(EvmView(&tables), &env(1), &request(reverts, b"reason".to_vec())).unwrap();
    assert!(
        matches!(reverted, CallOutcome::Revert { output, .. } if output == Bytes::from_static(b"reason"))
    );
}

#[test]
fn a_call_needs_no_nonce_no_key_and_no_money_for_gas() {
    let mut tables = genesis();
    let contract = Address::repeat_byte(0xc1);
    deploy(&mut tables, contract, &STORE);
    let mut from_contract = request(address(2), Vec::new());
    from_contract.from = contract;
    from_contract.gas_limit = Some(100_000_000);
    assert!(matches!(call(EvmView(&tables), &env(1), &from_contract), Ok(CallOutcome::Success { .. })));
    let mut too_much = request(address(2), Vec::new());
    too_much.value = ether(1_000);
    assert!(matches!(
        call(EvmView(&tables), &env(1), &too_much),
        Err(CallError::Rejected(TxRejection::Funds { .. }))
    ));
}

#[test]
fn an_estimate_is_the_least_gas_with_which_the_transaction_succeeds() {
    let mut tables = genesis();
    let (stores, outer) = (Address::repeat_byte(0xc1), Address::repeat_byte(0xc2));
    deploy(&mut tables, stores, &STORE);
    deploy(&mut tables, outer, &HALF_GAS_CALL);
    let word = B256::left_padding_from(stores.as_slice()).to_vec();
    for (to, input) in [(address(2), Vec::new()), (stores, store(5, 8)), (outer, word)] {
        let gas = estimate_gas(EvmView(&tables), &env(1), &request(to, input.clone())).unwrap();
        for (limit, succeeds) in [(gas, true), (gas - 1, false)] {
            let mut tx = fee_market(0, to.into(), U256::ZERO, input.clone());
            tx.gas_limit = limit;
            let outcome = ADMISSION
                .check(sign(tx, key(1)))
                .map(|tx| execute_block(&mut tables.clone(), &env(1), &[tx]).unwrap());
            assert_eq!(outcome.is_ok_and(|outcome| outcome.receipts[0].success), succeeds, "{to} at {limit}");
        }
    }
}

#[test]
fn an_estimate_of_what_always_fails_gives_its_revert_data() {
    let mut tables = genesis();
    let reverts = Address::repeat_byte(0xc2);
    deploy(&mut tables, reverts, &REVERT);
    let error = estimate_gas(EvmView(&tables), &env(1), &request(reverts, b"no".to_vec())).unwrap_err();
    assert!(
        matches!(error, CallError::Fails(CallOutcome::Revert { output, .. }) if output == Bytes::from_static(b"no"))
    );
}
