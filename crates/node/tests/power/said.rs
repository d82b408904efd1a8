//! What the validator has said in all its lives.

use std::collections::BTreeMap;
use tandem_consensus::{Report, VoteKind};
use tandem_types::{BlockId, Height, Round};

/// A place where a validator may say one thing only; a proposal has no kind.
type Turn = (Height, Round, Option<VoteKind>);

/// See the file.
#[derive(Debug, Default)]
pub(crate) struct Said(BTreeMap<Turn, Option<BlockId>>);

impl Said {
    /// Adds a report; gives the turn if something else was said there before.
    pub(crate) fn add(&mut self, report: &Report) -> Option<Turn> {
        let (turn, block) = match report {
            Report::Proposed(said) => ((said.height, said.round, None), Some(said.block)),
            Report::Voted(said) => ((said.height, said.round, Some(said.kind)), said.block),
            _ => return None,
        };
        let before = *self.0.entry(turn).or_insert(block);
        (before != block).then_some(turn)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
