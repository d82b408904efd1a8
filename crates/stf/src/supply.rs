//! Where a block's transactions come from.
//!
//! The phases of a block are written once, for validating a block and for building one. They differ only in what happens
//! to a transaction that may not stand where it is offered: the validator's supply ends the block, the builder's notes it
//! and goes on.

use crate::invalid::InvalidBlock;
use tandem_coprocessor::Work;
use tandem_evm::{CheckedEvmTx, TxError};
use tandem_exchange::{Inadmissible, Transaction};

/// Why a transaction may not stand where it was offered. It left no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The exchange does not admit it.
    Inadmissible(Inadmissible),
    /// Actions of a later class came before.
    ClassOrder,
    /// The block has no room for so much work.
    TooMuchWork(Work),
    /// The EVM refuses it.
    Evm(TxError),
}

/// An action that is next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) action: &'a Transaction,
    /// Work of the block that it must leave for others.
    pub(crate) work_kept: Work,
}

/// Two lists of transactions, and what becomes of each.
pub(crate) trait Supply {
    /// The next action; `None` ends the lane.
    fn action(&mut self) -> Option<Offer<'_>>;
    /// The EVM transaction at `index`; `None` ends the lane.
    fn evm_transaction(&self, index: usize) -> Option<&CheckedEvmTx>;
    /// The action offered last was executed with so much work, or refused.
    ///
    /// # Errors
    /// [`InvalidBlock`] to end the block.
    fn action_ended(&mut self, end: Result<Work, Refusal>) -> Result<(), InvalidBlock>;
    /// The EVM transaction at `index` was executed, or refused.
    ///
    /// # Errors
    /// [`InvalidBlock`] to end the block.
    fn evm_ended(&mut self, index: usize, end: Result<(), TxError>) -> Result<(), InvalidBlock>;
}
