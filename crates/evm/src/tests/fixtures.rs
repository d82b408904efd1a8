//! Keys, contracts and a genesis for tests.

use crate::{
    Admission, CheckedEvmTx, EvmAccount, EvmBlockEnv, EvmError, EvmOutcome, EvmTables, EvmTries, EvmWitness,
    HardFork, StateChanges, TouchedKeys, execute_block,
};
use alloc::vec::Vec;
use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use tandem_state::{Direction, Tables};

pub(crate) const CHAIN_ID: u64 = 7_331;
pub(crate) const GWEI: u128 = 1_000_000_000;
pub(crate) const ADMISSION: Admission =
    Admission { chain_id: CHAIN_ID, hard_fork: HardFork::Osaka, unprotected: false };

/// A key by number.
pub(crate) fn key(number: u8) -> B256 {
    B256::repeat_byte(number)
}

/// The address of a key.
pub(crate) fn address(number: u8) -> Address {
    transfer(number, 0, Address::ZERO, U256::ZERO).sender()
}

pub(crate) fn env(number: u64) -> EvmBlockEnv {
    EvmBlockEnv {
        chain_id: CHAIN_ID,
        hard_fork: HardFork::Osaka,
        number,
        timestamp_s: 1_700_000_000 + number,
        base_fee: 7,
        gas_limit: 30_000_000,
        beneficiary: Address::repeat_byte(0xbe),
        prev_randao: B256::repeat_byte(0x42),
        parent_hash: keccak256(number.to_be_bytes()),
        parent_beacon_root: B256::repeat_byte(0x17),
    }
}

pub(crate) fn ether(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64).pow(U256::from(18))
}

/// Two funded accounts (keys 1 and 2) and the system contracts, sealed.
pub(crate) fn genesis() -> EvmTables {
    let mut tables = EvmTables::default();
    for number in [1, 2] {
        tables.set_account(address(number), Some(EvmAccount::with_balance(ether(100))));
    }
    crate::deploy_system_contracts(&mut tables);
    tables.seal();
    tables
}

/// Puts a contract in place as genesis does.
pub(crate) fn deploy(tables: &mut EvmTables, at: Address, code: &[u8]) {
    tables.deploy(at, U256::ZERO, Bytes::copy_from_slice(code));
}

/// A fee-market transaction with generous fees.
pub(crate) fn fee_market(nonce: u64, to: TxKind, value: U256, input: Vec<u8>) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 1_000_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to,
        value,
        access_list: alloy_eips::eip2930::AccessList::default(),
        input: input.into(),
    }
}

/// Signs and encodes.
pub(crate) fn sign<T>(tx: T, secret: B256) -> Bytes
where
    T: SignableTransaction<Signature>,
    TxEnvelope: From<alloy_consensus::Signed<T>>,
{
    let signature = sign_message(secret, tx.signature_hash()).unwrap();
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into()
}

pub(crate) fn checked(number: u8, tx: TxEip1559) -> CheckedEvmTx {
    ADMISSION.check(sign(tx, key(number))).unwrap()
}

pub(crate) fn transfer(number: u8, nonce: u64, to: Address, value: U256) -> CheckedEvmTx {
    checked(number, fee_market(nonce, TxKind::Call(to), value, Vec::new()))
}

pub(crate) fn invoke(number: u8, nonce: u64, to: Address, input: Vec<u8>) -> CheckedEvmTx {
    checked(number, fee_market(nonce, TxKind::Call(to), U256::ZERO, input))
}

pub(crate) fn create(number: u8, nonce: u64, code: &[u8]) -> CheckedEvmTx {
    checked(number, fee_market(nonce, TxKind::Create, U256::ZERO, init_code(code)))
}

/// Init code that deploys `code`: CODECOPY of all that follows the 14 bytes, RETURN.
pub(crate) fn init_code(code: &[u8]) -> Vec<u8> {
    let len = u16::try_from(code.len()).unwrap().to_be_bytes();
    let mut init = alloc::vec![0x61, len[0], len[1], 0x80, 0x60, 14, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0, 0];
    init.extend_from_slice(code);
    init
}

/// Stores the second word of the call data in the slot that the first names, and logs the slot as a topic.
pub(crate) const STORE: [u8; 18] = [
    0x60, 32, 0x35, // CALLDATALOAD(32)
    0x5f, 0x35, // CALLDATALOAD(0)
    0x55, // SSTORE
    0x5f, 0x35, // topic
    0x5f, 0x5f, 0xa1, // LOG1(0, 0, topic)
    0x5f, 0x35, 0x54, // SLOAD
    0x5f, 0x52, 0x00, 0x00,
];

/// Call data for [`STORE`].
pub(crate) fn store(slot: u64, value: u64) -> Vec<u8> {
    [U256::from(slot).to_be_bytes::<32>(), U256::from(value).to_be_bytes::<32>()].concat()
}

/// Reverts with the call data.
pub(crate) const REVERT: [u8; 9] = [0x36, 0x5f, 0x5f, 0x37, 0x36, 0x5f, 0xfd, 0, 0];

/// Returns what `BLOCKHASH` gives for the number in the call data.
pub(crate) const BLOCK_HASH: [u8; 9] = [0x5f, 0x35, 0x40, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3];

/// Calls the address in the call data with half of the gas left, and reverts if that fails.
pub(crate) const HALF_GAS_CALL: [u8; 22] = [
    0x5f, 0x5f, 0x5f, 0x5f, 0x5f, // no output, no input, no value
    0x5f, 0x35, // address
    0x60, 2, 0x5a, 0x04, // GAS / 2
    0xf1, // CALL
    0x60, 19, 0x57, // JUMPI
    0x5f, 0x5f, 0xfd, 0x00, // REVERT
    0x5b, 0x00, 0x00, // at 19
];

/// Destroys itself, sending its balance to the caller.
pub(crate) const DESTROY: [u8; 2] = [0x33, 0xff];

/// Executes a block, and again on what its recorded witness proves: outcome, delta and root must be the same.
pub(crate) fn execute(
    tables: &mut EvmTables,
    env: &EvmBlockEnv,
    block: &[CheckedEvmTx],
) -> Result<EvmOutcome, EvmError> {
    tables.seal();
    let before = tables.clone();
    let mut tries = tries_of(&before);
    let root = tries.root();
    tables.record(true);
    let outcome = execute_block(tables, env, block);
    let touched = TouchedKeys::of(&tables.take_reads()).unwrap();
    tables.record(false);
    let delta = tables.seal();
    let changes = StateChanges::of(&delta, Direction::Forward).unwrap();
    let witness = EvmWitness::of(&tries, &before, touched, &changes).unwrap();

    let (mut partial, mut sparse) = witness.open(root).unwrap();
    assert_eq!(execute_block(&mut partial, env, block), outcome);
    assert!(partial.misses().is_empty());
    assert_eq!(partial.seal(), delta);
    assert_eq!(sparse.apply(&changes), tries.apply(&changes));
    outcome
}

/// The tries over all that is in the tables.
pub(crate) fn tries_of(tables: &EvmTables) -> EvmTries {
    let mut tries = EvmTries::default();
    tries.apply(&StateChanges::whole(tables).unwrap()).unwrap();
    tries
}
