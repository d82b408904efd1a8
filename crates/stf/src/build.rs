//! Building a block from what waits in the pool.

use crate::chain::{Chain, StateTree};
use crate::execution::{Given, execute};
use crate::invalid::InvalidBlock;
use crate::outcome::Outcome;
use crate::supply::{Refusal, Supply};
use alloc::vec::Vec;
use core::borrow::Borrow;
use tandem_evm::{CheckedEvmTx, TxError};
use tandem_exchange::Transaction;
use tandem_types::{Address, BLOCK_ACTIONS_MAX, BLOCK_EVM_TRANSACTIONS_MAX, Block, BlockTime, Body, Header};

/// What a block is to be built from. `A` and `T` are the checked transactions, or pointers to them.
#[derive(Debug)]
pub struct Builder<'a, A, T> {
    /// The block to build on, at which the chain stands.
    pub parent: &'a Header,
    /// The time of the new block: after the parent's, by no more than a step.
    pub time: BlockTime,
    /// Who builds.
    pub proposer: Address,
    /// The certificate of the parent.
    pub last_commit: &'a [u8],
    /// Exchange actions in class order; within a class, in the order wanted.
    pub actions: &'a [A],
    /// EVM transactions in the order wanted.
    pub evm_transactions: &'a [T],
    /// Most bytes of exchange actions in the block.
    pub action_bytes_max: usize,
    /// Most bytes of EVM transactions in the block.
    pub evm_bytes_max: usize,
}

/// A block that was built, with what was refused. What is in neither had no room.
#[derive(Debug)]
pub struct Built {
    /// The block.
    pub block: Block,
    /// What it does; the chain stands after it.
    pub outcome: Outcome,
    /// Actions refused: their places in the list, and the reasons.
    pub refused_actions: Vec<(usize, Refusal)>,
    /// EVM transactions refused: their places in the list, and the reasons.
    pub refused_transactions: Vec<(usize, TxError)>,
}

impl<A: Borrow<Transaction>, T: Borrow<CheckedEvmTx>> Builder<'_, A, T> {
    /// Executes what fits and makes the block of it.
    ///
    /// # Errors
    /// [`InvalidBlock`] if no block can be built here at all: the time is none that a block may have after the parent,
    /// or an invariant broke.
    pub fn build(&self, chain: &mut Chain<impl StateTree>) -> Result<Built, InvalidBlock> {
        let given = Given {
            parent: self.parent,
            time: self.time,
            proposer: self.proposer,
            last_commit: self.last_commit,
        };
        let mut pool = Pool {
            actions: self.actions,
            transactions: self.evm_transactions,
            action_bytes_left: self.action_bytes_max,
            evm_bytes_left: self.evm_bytes_max,
            full: false,
            body: Body { last_commit: self.last_commit.to_vec(), ..Body::default() },
            refused_actions: Vec::new(),
            refused_transactions: Vec::new(),
        };
        let outcome = execute(chain, &given, &mut pool)?;
        Ok(Built {
            block: Block { header: outcome.header.clone(), body: pool.body },
            outcome,
            refused_actions: pool.refused_actions,
            refused_transactions: pool.refused_transactions,
        })
    }
}

/// What waits, and what became of it.
struct Pool<'a, A, T> {
    actions: &'a [A],
    transactions: &'a [T],
    action_bytes_left: usize,
    evm_bytes_left: usize,
    /// Whether an action was refused for want of room: then the rest waits for the next block.
    full: bool,
    body: Body,
    refused_actions: Vec<(usize, Refusal)>,
    refused_transactions: Vec<(usize, TxError)>,
}

/// Whether a block's list takes another transaction.
fn has_room(list: &[Vec<u8>], max: u32) -> bool {
    u32::try_from(list.len()).is_ok_and(|len| len < max)
}

impl<A: Borrow<Transaction>, T: Borrow<CheckedEvmTx>> Supply for Pool<'_, A, T> {
    fn action(&self, index: usize) -> Option<&Transaction> {
        let action = self.actions.get(index)?.borrow();
        let room = has_room(&self.body.actions, BLOCK_ACTIONS_MAX);
        (room && !self.full && action.raw().len() <= self.action_bytes_left).then_some(action)
    }

    fn evm_transaction(&self, index: usize) -> Option<&CheckedEvmTx> {
        let transaction = self.transactions.get(index)?.borrow();
        let room = has_room(&self.body.evm_transactions, BLOCK_EVM_TRANSACTIONS_MAX);
        (room && transaction.raw().len() <= self.evm_bytes_left).then_some(transaction)
    }

    fn action_ended(&mut self, index: usize, end: Result<(), Refusal>) -> Result<(), InvalidBlock> {
        match end {
            Ok(()) => {
                let raw = self.actions.get(index).map(|action| action.borrow().raw()).unwrap_or_default();
                self.action_bytes_left = self.action_bytes_left.saturating_sub(raw.len());
                self.body.actions.push(raw.to_vec());
            }
            Err(Refusal::TooMuchWork) => self.full = true,
            Err(why) => self.refused_actions.push((index, why)),
        }
        Ok(())
    }

    fn evm_ended(&mut self, index: usize, end: Result<(), TxError>) -> Result<(), InvalidBlock> {
        match (end, self.transactions.get(index)) {
            (Ok(()), Some(transaction)) => {
                let raw = transaction.borrow().raw();
                self.evm_bytes_left = self.evm_bytes_left.saturating_sub(raw.len());
                self.body.evm_transactions.push(raw.to_vec());
            }
            (Err(error), _) => self.refused_transactions.push((index, error)),
            (Ok(()), None) => {}
        }
        Ok(())
    }
}
