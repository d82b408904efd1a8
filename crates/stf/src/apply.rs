//! Applying a block that somebody proposed.

use crate::chain::{Chain, StateTree};
use crate::check::CheckedBlock;
use crate::execution::{Given, execute};
use crate::invalid::InvalidBlock;
use crate::outcome::Outcome;
use crate::supply::{Offer, Refusal, Supply};
use tandem_coprocessor::Work;
use tandem_evm::{CheckedEvmTx, EvmError, TxError};
use tandem_state::Direction;
use tandem_types::Header;

/// Applies `block` to the chain, which stands at `parent`. On success the chain stands at the block.
///
/// # Errors
/// [`InvalidBlock`]: the block is none of this chain's at this place, and the chain stands at `parent` as before. With
/// [`InvalidBlock::MissingWitness`] or [`InvalidBlock::MissingTrieNode`] nothing is said about the block, and the
/// partial chain is to be dropped.
pub fn apply_block(
    chain: &mut Chain<impl StateTree>,
    parent: &Header,
    block: &CheckedBlock,
) -> Result<Outcome, InvalidBlock> {
    let header = block.header();
    let given = Given {
        parent,
        time: header.time,
        proposer: header.proposer,
        last_commit: block.last_commit(),
        price_reports: block.price_reports(),
    };
    let mut supply = Proposed { block, next: 0, executed: 0 };
    let outcome = execute(chain, &given, &mut supply)?;
    let verdict = match first_difference(&outcome.header, header) {
        Some(field) => Err(InvalidBlock::Header(field)),
        None if supply.executed < block.evm_transactions().len() => Err(InvalidBlock::NotEvmHeight),
        None => return Ok(outcome),
    };
    chain.follow(&outcome.delta, Direction::Backward).map_err(|_| InvalidBlock::State)?;
    verdict
}

/// The transactions of a proposed block. One that may not stand in it ends it.
struct Proposed<'a> {
    block: &'a CheckedBlock,
    /// The place of the next action.
    next: usize,
    /// EVM transactions executed.
    executed: usize,
}

impl Supply for Proposed<'_> {
    fn action(&mut self) -> Option<Offer<'_>> {
        let action = self.block.actions().get(self.next)?;
        Some(Offer { action, work_kept: Work(0) })
    }

    fn evm_transaction(&self, index: usize) -> Option<&CheckedEvmTx> {
        self.block.evm_transactions().get(index)
    }

    fn action_ended(&mut self, end: Result<Work, Refusal>) -> Result<(), InvalidBlock> {
        let index = self.next;
        self.next = index.saturating_add(1);
        end.map(|_| ()).map_err(|why| match why {
            Refusal::Inadmissible(reason) => InvalidBlock::Inadmissible { index, reason },
            Refusal::ClassOrder => InvalidBlock::ClassOrder { index },
            Refusal::TooMuchWork(_) => InvalidBlock::TooMuchWork { index },
            Refusal::Evm(_) => InvalidBlock::State,
        })
    }

    fn evm_ended(&mut self, index: usize, end: Result<(), TxError>) -> Result<(), InvalidBlock> {
        self.executed = index.saturating_add(1);
        end.map_err(|error| match error {
            TxError::Rejected(reason) => InvalidBlock::Evm(EvmError::Transaction { index, reason }),
            TxError::MissingCode => InvalidBlock::Evm(EvmError::MissingCode),
        })
    }
}

macro_rules! first_difference {
    ($ours:ident, $theirs:ident, $($field:ident),*) => {
        [ $( ($ours.$field != $theirs.$field, stringify!($field)) ),* ]
    };
}

/// The name of the first field in which two headers differ.
fn first_difference(ours: &Header, theirs: &Header) -> Option<&'static str> {
    let fields = first_difference!(
        ours,
        theirs,
        version,
        chain_id,
        height,
        evm_height,
        time,
        parent,
        proposer,
        actions_root,
        evm_transactions_root,
        commit_root,
        price_reports_root,
        evidence_root,
        decisions_root,
        registry_root,
        receipts_root,
        evm_root,
        core_root,
        cross_root,
        system_root,
        delta_hash,
        validators,
        next_validators,
        parameters,
        evm_header
    );
    fields.into_iter().find(|(differs, _)| *differs).map(|(_, name)| name)
}
