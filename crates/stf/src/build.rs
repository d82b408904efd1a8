//! Building a block from what waits in the pool.

mod selection;
mod shares;

pub use shares::ClassShares;
pub(crate) use shares::SHARES;

use crate::chain::{Chain, StateTree};
use crate::execution::{Given, execute};
use crate::invalid::InvalidBlock;
use crate::outcome::Outcome;
use crate::supply::Refusal;
use alloc::vec::Vec;
use core::borrow::Borrow;
use selection::Selection;
use tandem_coprocessor::Work;
use tandem_evm::{CheckedEvmTx, TxError};
use tandem_exchange::Transaction;
use tandem_exchange::action::ByClass;
use tandem_oracle::CheckedReport;
use tandem_types::{Address, Block, BlockTime, Body, Header};

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
    /// The price reports that came with the votes for the parent, in the order of validators; none if it is no price
    /// height or the chain has no perpetual markets.
    pub price_reports: &'a [CheckedReport],
    /// Exchange actions in class order; within a class, in the order wanted.
    pub actions: &'a [A],
    /// How the classes share the block; without, each class may take all that is left.
    pub shares: Option<&'a ClassShares>,
    /// EVM transactions in the order wanted.
    pub evm_transactions: &'a [T],
    /// Most bytes of exchange actions in the block.
    pub action_bytes_max: usize,
    /// Most bytes of EVM transactions in the block.
    pub evm_bytes_max: usize,
}

/// What a class of actions had of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Actions.
    pub count: u64,
    /// Their items: what is batched counts each.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their work.
    pub work: Work,
    /// Whether work was lacking for another that would have been within the class's share.
    pub is_short: bool,
}

/// A block that was built, with what was refused. What is in neither had no room.
#[derive(Debug)]
pub struct Built {
    /// The block.
    pub block: Block,
    /// What it does; the chain stands after it.
    pub outcome: Outcome,
    /// What each class of actions had of it.
    pub taken: ByClass<Taken>,
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
            price_reports: self.price_reports,
        };
        let work = chain.tables.system.parameters.peek(&()).ok_or(InvalidBlock::State)?.block_work_max;
        let mut selection = Selection::new(self, Work(work));
        let outcome = execute(chain, &given, &mut selection)?;
        let Selection { body, taken, refused_actions, refused_transactions, .. } = selection;
        let block = Block { header: outcome.header.clone(), body };
        Ok(Built { block, outcome, taken, refused_actions, refused_transactions })
    }
}

impl<A, T> Builder<'_, A, T> {
    /// The body before any transaction.
    fn empty_body(&self) -> Body {
        let price_reports = self.price_reports.iter().map(|report| report.raw().to_vec()).collect();
        Body { last_commit: self.last_commit.to_vec(), price_reports, ..Body::default() }
    }
}
