//! What a home has promised, and whether it is kept.

use crate::said::Said;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tandem_codec::{Decode, Encode};
use tandem_consensus::{Certificate, Report};
use tandem_exchange::Receipt;
use tandem_node::{DecidedBlock, EVM_TRANSACTION, NodeHandle, TX};
use tandem_state::Tables;
use tandem_stf::{Chain, NothingKnown, Sequential, apply_block, check_block};
use tandem_types::{BlockId, Hash, Header, Height};

/// An answer that a client had.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) receipt: Receipt,
    pub(crate) header: Arc<Header>,
}

/// What clients have been told.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) actions: Vec<Answer>,
    /// Ethereum transactions that were admitted; no promise that a block has them.
    pub(crate) sent: Vec<Hash>,
}

/// What the validator said, and where it contradicted itself.
#[derive(Debug, Default)]
pub(crate) struct Words {
    said: Said,
    contradictions: Vec<String>,
}

impl Words {
    pub(crate) fn add(&mut self, report: Report) {
        if let Some(turn) = self.said.add(&report) {
            self.contradictions.push(format!("{turn:?}: {report:?}"));
        }
    }
}

/// See the file.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) answers: Arc<Mutex<Answers>>,
    pub(crate) said: Arc<Mutex<Words>>,
    /// Blocks that a check has found, by height.
    blocks: BTreeMap<u64, BlockId>,
    /// Ethereum transactions that a check has found, with their heights.
    mined: BTreeMap<Hash, Height>,
    /// Blocks that were not decided in the first round of their height.
    later_rounds: u64,
    /// Power cuts while consensus ran.
    pub(crate) cuts_at_work: u64,
}

impl History {
    pub(crate) fn height(&self) -> u64 {
        self.blocks.len() as u64
    }

    pub(crate) const fn later_rounds(&self) -> u64 {
        self.later_rounds
    }

    pub(crate) fn answers(&self) -> u64 {
        self.answers.lock().unwrap().actions.len() as u64
    }

    /// What the validator was heard to say; a busy machine may miss some of the three words of a height.
    pub(crate) fn words(&self) -> u64 {
        self.said.lock().unwrap().said.len() as u64
    }

    /// Compares a node that was just opened with everything that was promised before.
    pub(crate) fn check(&mut self, node: &NodeHandle, seed: u64) {
        let blocks = blocks(node);
        assert_replayed(node, &blocks, seed);
        assert_reports(&blocks, seed);
        self.check_blocks(&blocks, seed);
        self.check_answers(node, &blocks, seed);
        self.check_evm(node, seed);
        let words = self.said.lock().unwrap();
        assert_eq!(words.contradictions, Vec::<String>::new(), "seed {seed}");
    }

    /// Blocks once found stay.
    fn check_blocks(&mut self, blocks: &[DecidedBlock], seed: u64) {
        let found: BTreeMap<u64, BlockId> = blocks.iter().map(|block| (block.height().0, block.id)).collect();
        for (height, id) in &self.blocks {
            assert_eq!(found.get(height), Some(id), "seed {seed}: block {height} was replaced");
        }
        self.blocks = found;
        let round = |block: &DecidedBlock| Certificate::from_bytes(&block.certificate).unwrap().round();
        self.later_rounds = blocks.iter().filter(|block| round(block).0 > 0).count() as u64;
    }

    fn check_answers(&self, node: &NodeHandle, blocks: &[DecidedBlock], seed: u64) {
        for answer in &self.answers.lock().unwrap().actions {
            let height = answer.header.height;
            let block = blocks.get(usize::try_from(height.0).unwrap() - 1);
            let block = block.unwrap_or_else(|| panic!("seed {seed}: {height} was answered and is gone"));
            assert_eq!(block.block.header, *answer.header, "seed {seed}");
            assert!(block.receipts.actions.contains(&answer.receipt), "seed {seed}: {:?}", answer.receipt);
            let hit = node.lookup(TX, &answer.receipt.tx.0).unwrap().expect("an answered action is indexed");
            assert_eq!(hit.height, height, "seed {seed}");
        }
    }

    /// Ethereum transactions that had a receipt keep it.
    fn check_evm(&mut self, node: &NodeHandle, seed: u64) {
        for hash in &self.answers.lock().unwrap().sent {
            let height = node.lookup(EVM_TRANSACTION, &hash.0).unwrap().map(|hit| hit.height);
            let before = self.mined.get(hash).copied();
            assert!(before.is_none() || before == height, "seed {seed}: {hash} was at {before:?}");
            if let Some(height) = height {
                self.mined.insert(*hash, height);
            }
        }
    }
}

fn blocks(node: &NodeHandle) -> Vec<DecidedBlock> {
    let Some(heights) = node.heights() else { return Vec::new() };
    assert_eq!(*heights.start(), Height(1), "no block was pruned");
    let block = |height| node.block(Height(height)).unwrap().expect("a block within the heights");
    (1..=heights.end().0).map(block).collect()
}

/// After each price height the validator's report is there, whatever happened in between.
fn assert_reports(blocks: &[DecidedBlock], seed: u64) {
    for block in blocks {
        let parent = block.height().0 - 1;
        let expected = usize::from(parent > 0 && parent.is_multiple_of(2));
        assert_eq!(block.block.body.price_reports.len(), expected, "seed {seed}: block {}", block.height());
    }
}

/// Executes the blocks again from genesis; state and roots must be those that the node came back with.
fn assert_replayed(node: &NodeHandle, blocks: &[DecidedBlock], seed: u64) {
    let (mut chain, mut parent) = node.genesis().chain().unwrap();
    for block in blocks {
        let bytes = block.block.to_bytes();
        let checked = check_block(&bytes, node.identity(), &Sequential, &NothingKnown).unwrap();
        let outcome = apply_block(&mut chain, &parent, &checked).unwrap();
        assert_eq!(outcome.receipts, block.receipts, "seed {seed}");
        assert_eq!(outcome.delta, *block.delta, "seed {seed}");
        parent = outcome.header;
    }
    let state = node.state();
    assert_eq!(*state.head(), parent, "seed {seed}");
    assert_eq!(state.tables.entries(), chain.tables.entries(), "seed {seed}");
    assert_roots(node, &mut chain, &parent, seed);
}

/// The roots of the entries that the node came back with, computed anew.
fn assert_roots(node: &NodeHandle, replayed: &mut Chain, head: &Header, seed: u64) {
    let mut chain = Chain { tables: node.state().tables.clone(), ..Chain::default() };
    chain.rebuild_trees().unwrap();
    let roots = (chain.system_root(), chain.core_root(), chain.evm_root());
    assert_eq!(roots, (replayed.system_root(), replayed.core_root(), replayed.evm_root()), "seed {seed}");
    assert_eq!(roots, (head.system_root, head.core_root, head.evm_root), "seed {seed}");
}
