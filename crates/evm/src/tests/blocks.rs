//! Blocks: receipts, roots, rejections, system calls.

use super::fixtures::*;
use crate::{
    BlockExecutor, CheckedEvmTx, EvmError, EvmHeader, EvmRead, EvmReceipt, EvmTables, TxError, TxRejection,
    execute_block,
};
use alloc::vec;
use alloc::vec::Vec;
use alloy_consensus::TxEip7702;
use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_eips::eip7702::Authorization;
use alloy_eips::{eip2935, eip4788};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256};
use tandem_state::Tables;

fn balance(tables: &mut EvmTables, address: Address) -> U256 {
    tables.account(address).map_or(U256::ZERO, |account| account.balance)
}

#[test]
fn a_transfer_moves_value_burns_the_base_fee_and_pays_the_beneficiary() {
    let mut tables = genesis();
    let to = Address::repeat_byte(9);
    let outcome = execute(&mut tables, &env(1), &[transfer(1, 0, to, ether(3))]).unwrap();
    assert_eq!(outcome.gas_used, 21_000);
    assert_eq!(balance(&mut tables, to), ether(3));
    let tip = U256::from(21_000 * GWEI);
    assert_eq!(balance(&mut tables, env(1).beneficiary), tip);
    let burnt = U256::from(21_000 * 7);
    assert_eq!(balance(&mut tables, address(1)), ether(97) - tip - burnt);
    assert_eq!(tables.account(address(1)).unwrap().nonce, 1);
}

#[test]
fn a_contract_is_created_called_and_logs() {
    let mut tables = genesis();
    let contract = address(1).create(0);
    let block =
        [create(1, 0, &STORE), invoke(1, 1, contract, store(5, 8)), invoke(2, 0, contract, store(5, 0))];
    let outcome = execute(&mut tables, &env(1), &block).unwrap();
    let [created, first, second] = &outcome.receipts[..] else { panic!("three receipts") };
    assert_eq!(created.contract, Some(contract));
    assert!(first.success && second.success);
    assert_eq!(first.logs.len(), 1);
    assert_eq!(first.logs[0].data.topics()[0], B256::from(U256::from(5)));
    assert_eq!(second.cumulative_gas_used, created.gas_used + first.gas_used + second.gas_used);
    assert_eq!(outcome.gas_used, second.cumulative_gas_used);
    assert!(outcome.logs_bloom.contains(&first.bloom()));
    assert_eq!(tables.storage(contract, U256::from(5)), U256::ZERO);
    assert_eq!(tables.code(contract).unwrap()[..], STORE);
    assert_eq!(tables.account(contract).unwrap().code_hash, keccak256(STORE));
}

#[test]
fn a_reverted_transaction_costs_gas_and_changes_nothing_else() {
    let mut tables = genesis();
    let contract = Address::repeat_byte(0xcc);
    deploy(&mut tables, contract, &REVERT);
    tables.seal();
    let mut tx = fee_market(0, TxKind::Call(contract), ether(1), vec![1, 2, 3]);
    tx.gas_limit = 50_000;
    let outcome = execute(&mut tables, &env(1), &[checked(1, tx)]).unwrap();
    assert!(!outcome.receipts[0].success);
    assert!(outcome.receipts[0].gas_used < 50_000);
    assert_eq!(balance(&mut tables, contract), U256::ZERO);
}

#[test]
fn roots_are_those_of_ethereum_for_an_empty_block() {
    let mut tables = genesis();
    let outcome = execute(&mut tables, &env(1), &[]).unwrap();
    let header = outcome.header(&env(1), B256::ZERO);
    assert_eq!(header.transactions_root, alloy_trie::EMPTY_ROOT_HASH);
    assert_eq!(header.receipts_root, alloy_trie::EMPTY_ROOT_HASH);
    assert_eq!(header.withdrawals_root, Some(alloy_trie::EMPTY_ROOT_HASH));
    let mut rlp: Vec<u8> = Vec::new();
    alloy_rlp::Encodable::encode(&header, &mut rlp);
    let decoded: EvmHeader = alloy_rlp::Decodable::decode(&mut &rlp[..]).unwrap();
    assert_eq!(decoded.hash_slow(), keccak256(&rlp));
}

#[test]
fn transaction_and_receipt_roots_agree_with_alloy() {
    let mut tables = genesis();
    let block: Vec<_> = (0..20).map(|nonce| transfer(1, nonce, Address::repeat_byte(9), ether(1))).collect();
    let outcome = execute(&mut tables, &env(1), &block).unwrap();
    let envelopes: Vec<_> = block.iter().map(|tx| tx.envelope().clone()).collect();
    assert_eq!(outcome.transactions_root, alloy_consensus::proofs::calculate_transaction_root(&envelopes));
    let receipts: Vec<_> = outcome.receipts.iter().map(EvmReceipt::envelope).collect();
    assert_eq!(outcome.receipts_root, alloy_consensus::proofs::calculate_receipt_root(&receipts));
}

#[test]
fn what_may_not_stand_in_a_block_is_refused_in_order_and_without_a_trace() {
    let poor = transfer(3, 0, address(1), ether(1));
    let mut cheap = fee_market(0, TxKind::Call(address(2)), U256::ZERO, Vec::new());
    (cheap.max_fee_per_gas, cheap.max_priority_fee_per_gas) = (6, 0);
    let mut large = fee_market(0, TxKind::Call(address(2)), U256::ZERO, Vec::new());
    large.gas_limit = 1 << 24;
    let mut tables = genesis();
    let mut narrow = env(1);
    narrow.gas_limit = 10_000_000;
    let rows = [
        (transfer(1, 1, address(2), ether(1)), TxRejection::NonceTooHigh { expected: 0 }),
        (checked(1, cheap), TxRejection::FeeBelowBaseFee),
        (checked(1, large), TxRejection::BlockGas { left: 10_000_000 }),
    ];
    let mut executor = BlockExecutor::begin(&mut tables, narrow).unwrap();
    for (tx, reason) in rows {
        assert_eq!(executor.transact(&tx).unwrap_err(), TxError::Rejected(reason));
    }
    assert!(matches!(executor.transact(&poor), Err(TxError::Rejected(TxRejection::Funds { .. }))));
    executor.transact(&transfer(1, 0, address(2), ether(1))).unwrap();
    let again = executor.transact(&transfer(1, 0, address(2), ether(1))).unwrap_err();
    assert_eq!(again, TxError::Rejected(TxRejection::NonceTooLow { expected: 1 }));
    let tried = executor.finish();
    let delta = tables.seal();

    let mut plain = genesis();
    let expected = execute_block(&mut plain, &narrow, &[transfer(1, 0, address(2), ether(1))]).unwrap();
    assert_eq!((tried, delta), (expected, plain.seal()));
}

#[test]
fn a_block_with_an_invalid_transaction_names_it() {
    let block = [transfer(1, 0, address(2), ether(1)), transfer(1, 2, address(2), ether(1))];
    let error = execute(&mut genesis(), &env(1), &block).unwrap_err();
    assert_eq!(error, EvmError::Transaction { index: 1, reason: TxRejection::NonceTooHigh { expected: 1 } });
}

#[test]
fn the_parents_hash_and_beacon_root_are_stored_and_blockhash_reads_them() {
    let mut tables = genesis();
    let reader = Address::repeat_byte(0xaa);
    deploy(&mut tables, reader, &BLOCK_HASH);
    for number in 1..=3 {
        execute(&mut tables, &env(number), &[]).unwrap();
    }
    let slot = U256::from(2);
    assert_eq!(B256::from(tables.storage(eip2935::HISTORY_STORAGE_ADDRESS, slot)), env(3).parent_hash);
    let request = |number: u64| crate::CallRequest {
        to: Some(reader),
        input: Bytes::copy_from_slice(&U256::from(number).to_be_bytes::<32>()),
        ..crate::CallRequest::default()
    };
    let hash =
        |tables: &EvmTables, number| match crate::call(crate::EvmView(tables), &env(4), &request(number)) {
            Ok(crate::CallOutcome::Success { output, .. }) => B256::from_slice(&output),
            other => panic!("{other:?}"),
        };
    assert_eq!(hash(&tables, 2), env(3).parent_hash);
    assert_eq!(hash(&tables, 4), B256::ZERO);
    let time = U256::from(env(3).timestamp_s % 8191 + 8191);
    assert_eq!(B256::from(tables.storage(eip4788::BEACON_ROOTS_ADDRESS, time)), env(3).parent_beacon_root);
}

#[test]
fn a_contract_destroyed_in_the_transaction_that_created_it_leaves_nothing() {
    // Init code that stores, then destroys.
    let init = vec![0x60, 1, 0x5f, 0x55, 0x33, 0xff];
    let mut tables = genesis();
    let tx = checked(1, fee_market(0, TxKind::Create, ether(1), init));
    execute(&mut tables, &env(1), &[tx]).unwrap();
    let contract = address(1).create(0);
    assert_eq!(tables.account(contract), None);
    assert_eq!(tables.storage(contract, U256::ZERO), U256::ZERO);
    assert_eq!(tables.storage.peek(&crate::StorageKey::new(contract, U256::ZERO)), None);
}

#[test]
fn a_contract_destroyed_later_keeps_its_code_and_loses_its_balance() {
    let mut tables = genesis();
    let contract = address(1).create(0);
    let block =
        [create(1, 0, &DESTROY), transfer(2, 0, address(2), ether(1)), invoke(1, 1, contract, Vec::new())];
    execute(&mut tables, &env(1), &block).unwrap();
    assert_eq!(tables.code(contract).unwrap()[..], DESTROY);
}

#[test]
fn blocks_follow_each_other() {
    let mut tables = genesis();
    let contract = address(1).create(0);
    let blocks = [
        vec![create(1, 0, &STORE), transfer(2, 0, Address::repeat_byte(9), ether(1))],
        vec![invoke(1, 1, contract, store(5, 8)), invoke(2, 1, contract, store(6, 9)), create(2, 2, &STORE)],
        vec![invoke(1, 2, contract, store(5, 0))],
    ];
    for (number, block) in (1..).zip(blocks) {
        execute(&mut tables, &env(number), &block).unwrap();
    }
    assert_eq!(tables.storage(contract, U256::from(6)), U256::from(9));
}

/// A transaction by key 1 that delegates key 2's account.
fn delegate(nonce: u64, to: Address, authority_nonce: u64) -> CheckedEvmTx {
    let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: to, nonce: authority_nonce };
    let signature = sign_message(key(2), authorization.signature_hash()).unwrap();
    let tx = TxEip7702 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 100 * GWEI,
        authorization_list: vec![authorization.into_signed(signature)],
        ..TxEip7702::default()
    };
    ADMISSION.check(sign(tx, key(1))).unwrap()
}

#[test]
fn a_delegation_is_set_followed_changed_and_cleared() {
    let mut tables = genesis();
    let (first, second) = (Address::repeat_byte(0xc1), Address::repeat_byte(0xc2));
    deploy(&mut tables, first, &STORE);
    deploy(&mut tables, second, &REVERT);
    let authority = address(2);
    let slot = U256::from(5);

    let block = [delegate(0, first, 0), invoke(1, 1, authority, store(5, 8))];
    execute(&mut tables, &env(1), &block).unwrap();
    assert_eq!(tables.code(authority).unwrap()[3..], first[..]);
    assert_eq!(tables.storage(authority, slot), U256::from(8));

    let block =
        [invoke(1, 2, authority, store(5, 9)), delegate(3, second, 1), invoke(1, 4, authority, store(5, 7))];
    let outcome = execute(&mut tables, &env(2), &block).unwrap();
    assert!(!outcome.receipts[2].success);
    assert_eq!(tables.storage(authority, slot), U256::from(9));

    let block = [
        delegate(5, Address::ZERO, 2),
        invoke(1, 6, authority, store(5, 7)),
        transfer(2, 3, first, U256::ZERO),
    ];
    let outcome = execute(&mut tables, &env(3), &block).unwrap();
    // 21,000 and EIP-7623's floor for 62 zero bytes and 2 others: nothing was executed.
    assert_eq!(outcome.receipts[1].gas_used, 21_000 + 700);
    assert_eq!(tables.code(authority), None);
    assert_eq!(tables.storage(authority, slot), U256::from(9));
}

#[test]
fn osaka_verifies_secp256r1_and_counts_leading_zeros() {
    let mut tables = genesis();
    // EIP-7951: digest, r, s, x, y of a valid signature.
    let input = hex!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
        "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
        "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
        "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
        "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let leading_zeros = Address::repeat_byte(0xc1);
    // CLZ (EIP-7939) of the call data's first word, returned.
    deploy(&mut tables, leading_zeros, &[0x5f, 0x35, 0x1e, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3]);
    let verifier = Address::from_slice(&U256::from(0x100).to_be_bytes::<32>()[12..]);
    let returned = |to: Address, input: &[u8]| {
        let request = crate::CallRequest {
            to: Some(to),
            input: Bytes::copy_from_slice(input),
            ..crate::CallRequest::default()
        };
        match crate::call(crate::EvmView(&tables), &env(1), &request) {
            Ok(crate::CallOutcome::Success { output, .. }) => U256::from_be_slice(&output),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(returned(verifier, &input), U256::from(1));
    assert_eq!(returned(leading_zeros, &U256::from(1).to_be_bytes::<32>()), U256::from(255));
}
