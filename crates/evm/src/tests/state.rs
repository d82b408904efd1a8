//! The tries of the whole state against alloy's root functions over all entries, and witnesses against both.

use super::fixtures::*;
use crate::{
    EvmAccount, EvmRead, EvmTables, EvmTries, EvmWitness, Nodes, StateChanges, TouchedKeys, TriesError,
    WitnessError, execute_block,
};
use alloc::vec;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::proof::verify_proof;
use alloy_trie::root::{state_root_unhashed, storage_root_unhashed};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use proptest::prelude::*;
use tandem_codec::{Decode, Encode};
use tandem_state::{Direction, Tables};

/// The root from all entries, by alloy.
fn twin_root(tables: &EvmTables) -> B256 {
    let whole = StateChanges::whole(tables).unwrap();
    let storage_root = |address: &Address| {
        let slots = whole.storage.get(address).into_iter().flatten();
        storage_root_unhashed(slots.map(|(slot, value)| (B256::from(*slot), *value)))
    };
    state_root_unhashed(whole.accounts.iter().filter_map(|(address, account)| {
        let account = (*account)?;
        let root = storage_root(address);
        Some((*address, TrieAccount::new(account.nonce, account.balance, root, account.code_hash)))
    }))
}

/// A change to the tables: an account's balance (0 removes it), or a slot of one that stays.
#[derive(Clone, Debug)]
enum Edit {
    Account(u8, u64),
    Slot(u8, u8, u64),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0u8..24, 0u64..3).prop_map(|(address, balance)| Edit::Account(address, balance)),
        (100u8..106, 0u8..12, 0u64..3).prop_map(|(address, slot, value)| Edit::Slot(address, slot, value)),
    ]
}

fn perform(tables: &mut EvmTables, edit: &Edit) {
    match *edit {
        Edit::Account(address, balance) => tables
            .set_account(Address::repeat_byte(address), Some(EvmAccount::with_balance(U256::from(balance)))),
        Edit::Slot(address, slot, value) => {
            let address = Address::repeat_byte(address);
            if tables.account(address).is_none() {
                tables.deploy(address, U256::ZERO, Bytes::from_static(&STORE));
            }
            tables.set_storage(address, U256::from(slot), U256::from(value) << 200);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn roots_follow_blocks_forwards_backwards_and_from_witnesses(
        blocks in prop::collection::vec(prop::collection::vec(edit(), 0..20), 1..6),
    ) {
        let mut tables = EvmTables::default();
        let mut tries = EvmTries::default();
        let mut history = vec![(EMPTY_ROOT_HASH, None)];
        for block in &blocks {
            let before = tables.clone();
            tables.record(true);
            block.iter().for_each(|edit| perform(&mut tables, edit));
            let touched = TouchedKeys::of(&tables.take_reads()).unwrap();
            tables.record(false);
            let delta = tables.seal();
            let changes = StateChanges::of(&delta, Direction::Forward).unwrap();
            let witness = EvmWitness::of(&tries, &before, touched, &changes).unwrap();
            let root_before = tries.root();

            let root = tries.apply(&changes).unwrap();
            prop_assert_eq!(root, twin_root(&tables));

            let witness = EvmWitness::from_bytes(&witness.to_bytes()).unwrap();
            let (mut partial, mut sparse) = witness.open(root_before).unwrap();
            block.iter().for_each(|edit| perform(&mut partial, edit));
            prop_assert!(partial.misses().is_empty());
            prop_assert_eq!(&partial.seal(), &delta);
            prop_assert_eq!(sparse.apply(&changes), Ok(root));
            history.push((root, Some(delta)));
        }
        while let Some((root, Some(delta))) = history.pop() {
            prop_assert_eq!(tries.root(), root);
            tries.apply(&StateChanges::of(&delta, Direction::Backward).unwrap()).unwrap();
        }
        prop_assert_eq!(tries.root(), EMPTY_ROOT_HASH);
    }

    #[test]
    fn a_shortened_or_changed_witness_never_gives_another_state(
        edits in prop::collection::vec(edit(), 1..30),
        drop in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let mut tables = EvmTables::default();
        edits.iter().for_each(|edit| perform(&mut tables, edit));
        tables.seal();
        let mut tries = tries_of(&tables);
        let touched = everything(&tables);
        prop_assume!(!touched.accounts.is_empty());
        let witness = EvmWitness::of(&tries, &tables, touched, &StateChanges::default()).unwrap();

        let mut short = witness.clone();
        short.nodes.remove(drop.index(witness.nodes.len()));
        prop_assert!(short.open(tries.root()).is_err());

        let mut changed = witness.clone();
        let at = flip.index(witness.nodes.len());
        let mut bytes = changed.nodes[at].to_vec();
        let place = flip.index(bytes.len());
        bytes[place] ^= 1;
        changed.nodes[at] = bytes.into();
        prop_assert!(changed.open(tries.root()).is_err());
        prop_assert!(witness.open(tries.root()).is_ok());
    }
}

/// All that is in the tables, as if a block had touched it.
fn everything(tables: &EvmTables) -> TouchedKeys {
    let whole = StateChanges::whole(tables).unwrap();
    let slots = whole.storage.iter().flat_map(|(address, slots)| slots.keys().map(|slot| (*address, *slot)));
    TouchedKeys {
        slots: slots.collect(),
        accounts: whole.accounts.keys().copied().collect(),
        codes: whole.accounts.keys().copied().collect(),
    }
}

#[test]
fn a_witness_without_a_contracts_code_is_refused() {
    let mut tables = genesis();
    let contract = Address::repeat_byte(0xcc);
    deploy(&mut tables, contract, &STORE);
    let mut tries = tries_of(&tables);
    let touched = everything(&tables);
    let mut witness = EvmWitness::of(&tries, &tables, touched, &StateChanges::default()).unwrap();
    witness.codes.retain(|code| code[..] != STORE);
    assert_eq!(witness.open(tries.root()).unwrap_err(), WitnessError::Code(contract));
}

#[test]
fn a_block_on_its_witness_ends_in_misses_where_the_witness_is_short() {
    let tables = genesis();
    let mut tries = tries_of(&tables);
    let block = [transfer(1, 0, Address::repeat_byte(9), ether(1))];
    let mut recorded = tables.clone();
    recorded.record(true);
    execute_block(&mut recorded, &env(1), &block).unwrap();
    let mut touched = TouchedKeys::of(&recorded.take_reads()).unwrap();
    assert!(touched.accounts.remove(&Address::repeat_byte(9)));
    let witness = EvmWitness::of(&tries, &tables, touched, &StateChanges::default()).unwrap();
    let (mut partial, _) = witness.open(tries.root()).unwrap();
    let _ = execute_block(&mut partial, &env(1), &block);
    let missed = TouchedKeys::of(&partial.misses()).unwrap();
    assert!(missed.accounts.contains(&Address::repeat_byte(9)));
}

#[test]
fn account_and_storage_proofs_verify_with_alloy() {
    let mut tables = genesis();
    let contract = address(1).create(0);
    let block =
        [create(1, 0, &STORE), invoke(1, 1, contract, store(5, 8)), invoke(1, 2, contract, store(6, 9))];
    execute_block(&mut tables, &env(1), &block).unwrap();
    let mut tries = tries_of(&tables);
    let root = tries.root();
    for (address, expected) in [(contract, true), (Address::repeat_byte(0x77), false)] {
        let proof = tries.prove(address, &[U256::from(5), U256::from(7)]).unwrap();
        assert_eq!(proof.account.is_some(), expected);
        let leaf = proof.account.map(|account| {
            let leaf =
                TrieAccount::new(account.nonce, account.balance, proof.storage_root, account.code_hash);
            alloy_rlp::encode(leaf)
        });
        verify_proof(root, Nibbles::unpack(keccak256(address)), leaf, &proof.proof).unwrap();
        for slot in &proof.storage {
            let key = keccak256(slot.slot.to_be_bytes::<32>());
            let value = (!slot.value.is_zero()).then(|| alloy_rlp::encode(slot.value));
            verify_proof(proof.storage_root, Nibbles::unpack(key), value, &slot.proof).unwrap();
        }
    }
    let values: Vec<U256> = tries
        .prove(contract, &[U256::from(5), U256::from(7)])
        .unwrap()
        .storage
        .iter()
        .map(|s| s.value)
        .collect();
    assert_eq!(values, [U256::from(8), U256::ZERO]);
}

#[test]
fn sealed_tries_name_what_is_missing() {
    let mut tries = EvmTries::open(B256::repeat_byte(1), &Nodes::default()).unwrap();
    assert!(matches!(tries.account(Address::ZERO), Err(TriesError::Missing { storage_of: None, .. })));
    let mut changes = StateChanges::default();
    changes.accounts.insert(Address::ZERO, Some(EvmAccount::with_balance(U256::from(1))));
    assert!(tries.apply(&changes).is_err());
}
