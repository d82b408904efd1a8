//! The Ethereum half of the transition function: Osaka rules on revm, over Tandem's tables and Ethereum's tries.
//!
//! - [`Admission`] turns raw transactions into [`CheckedEvmTx`]s: decoded, bounded, signed.
//! - [`execute_block`] runs a block of them on the [`EvmTables`]; [`BlockExecutor`] is the same, one at a time, for the
//!   block builder. [`call`] and [`estimate_gas`] run a message on a view without leaving a trace.
//! - [`EvmTries`] keeps the Merkle Patricia tries in step with the tables' deltas: state root, account and storage
//!   proofs, and the witness from which the same code computes the same root without the rest of the state.
//!
//! What a block means is Ethereum's, with these choices of our own:
//!
//! | value | meaning here |
//! |---|---|
//! | `TIMESTAMP` | the Tandem block's time in whole seconds; neighbouring blocks may share it |
//! | `PREVRANDAO` | given by the caller in [`EvmBlockEnv::prev_randao`]; predictable to the proposer |
//! | `BLOCKHASH` | read from the EIP-2935 contract's storage, so that every answer is provable from the state root |
//! | EIP-4788 value | [`EvmBlockEnv::parent_beacon_root`]: the id of the parent Tandem block |
//! | `BLOBBASEFEE` | 1: there are no blobs, blob transactions are rejected by name |
//! | withdrawals, requests | none; their roots are those of empty lists |
//! | base fee | burnt; priority fees go to the beneficiary |
//!
//! All of Osaka's precompiles are present, with pure Rust back ends (arkworks for bn254, BLS12-381 and the KZG point
//! evaluation, k256, p256), because the same bytes must run in the guest.
//!
//! Invariants: no transaction and no witness makes anything here panic; execution depends on nothing but the tables,
//! the environment and the transactions; this crate does not know what an order or a market is.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]

extern crate alloc;

mod call;
mod changes;
mod database;
mod env;
mod execute;
mod outcome;
mod receipt;
mod rejection;
mod tables;
mod transaction;
mod trie;
mod tries;
mod witness;

#[cfg(test)]
mod tests;

pub use alloy_consensus::Header as EvmHeader;
pub use call::{CALL_GAS_MAX, CallError, CallOutcome, CallRequest, call, estimate_gas};
pub use changes::StateChanges;
pub use env::{EvmBlockEnv, HardFork, next_base_fee};
pub use execute::{BlockExecutor, EvmError, TxError, execute_block};
pub use outcome::EvmOutcome;
pub use receipt::EvmReceipt;
pub use rejection::TxRejection;
pub use tables::{Code, EvmAccount, EvmRead, EvmTables, EvmView, StorageKey, Word, deploy_system_contracts};
pub use transaction::{Admission, CheckedEvmTx, TX_BYTES_MAX};
pub use trie::{Missing, Nodes, Trie, TrieError};
pub use tries::{AccountProof, EvmTries, StorageProof, TriesError};
pub use witness::{EvmWitness, TouchedKeys, WitnessError};
