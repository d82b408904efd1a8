//! Putting blocks together, with a bound on what is held.
//!
//! Parts are taken for the next two heights, up to [`ROUNDS_AHEAD`] rounds ahead, from the proposer of that round
//! only, and at most [`BLOCKS_PER_ROUND`] blocks of it. What still exceeds [`BYTES_MAX`] evicts the blocks furthest
//! ahead. Headers of complete blocks stay until their height is decided: they let us send a block again.

use super::header::{Part, SignedHeader, hash};
use crate::{Domain, ValidatorSet};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_types::{BlockId, Height, Round};

/// Rounds after the current one for which parts are taken; the engine looks as far ahead.
const ROUNDS_AHEAD: u32 = 10;
/// Blocks held of one round. An honest proposer has one; the second bounds what an equivocator costs.
const BLOCKS_PER_ROUND: usize = 2;
/// Bytes of incomplete and of early blocks.
const BYTES_MAX: usize = 64 << 20;

/// Where consensus is: the height being decided, its round and validators.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) set: ValidatorSet,
}

impl Turn {
    /// Whether parts for this height and round may matter soon.
    fn awaits(&self, height: Height, round: Round) -> bool {
        let ahead = |from: u32| round.0 <= from.saturating_add(ROUNDS_AHEAD);
        (height == self.height && ahead(self.round.0)) || (Some(height) == self.height.next() && ahead(0))
    }
}

/// A block whose parts are all here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assembled {
    pub(crate) header: Arc<SignedHeader>,
    pub(crate) bytes: Bytes,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It completed a block of the current height.
    Complete(Assembled),
    /// More are needed, or the height's turn has not come.
    Pending,
    /// Not wanted, and nobody's fault: too early, too late, a repetition, or too many.
    Dropped,
    /// No honest node sends this.
    Faulty(&'static str),
}

struct Assembly {
    header: Arc<SignedHeader>,
    /// One per part. Emptied when the block is handed over.
    data: Vec<Option<Bytes>>,
    handed_over: bool,
}

impl Assembly {
    fn new(header: Arc<SignedHeader>) -> Self {
        Self { data: vec![None; header.header.hashes.len()], header, handed_over: false }
    }

    fn held(&self) -> usize {
        self.data.iter().flatten().map(Bytes::len).sum()
    }

    fn is_complete(&self) -> bool {
        !self.handed_over && self.data.iter().all(Option::is_some)
    }

    fn hand_over(&mut self) -> Assembled {
        self.handed_over = true;
        let mut bytes = BytesMut::with_capacity(self.held());
        self.data.drain(..).flatten().for_each(|data| bytes.extend_from_slice(&data));
        Assembled { header: self.header.clone(), bytes: bytes.freeze() }
    }
}

/// Blocks of coming rounds, in parts.
pub(crate) struct Assembler {
    domain: Domain,
    rounds: BTreeMap<(Height, Round), Vec<Assembly>>,
    held: usize,
}

impl Assembler {
    pub(crate) const fn new(domain: Domain) -> Self {
        Self { domain, rounds: BTreeMap::new(), held: 0 }
    }

    /// Takes one part.
    pub(crate) fn add(&mut self, part: Part, turn: &Turn) -> Added {
        let header = &part.header.header;
        let key = (header.height, header.round);
        // The set of the height after this one may differ: at worst one round of a new proposer is lost.
        if !turn.awaits(key.0, key.1) || *turn.set.proposer(key.0, key.1).address() != header.proposer {
            return Added::Dropped;
        }
        let at = match self.admit(&part.header, key, turn) {
            Ok(at) => at,
            Err(refused) => return refused,
        };
        let Some(assembly) = self.rounds.get_mut(&key).and_then(|blocks| blocks.get_mut(at)) else {
            return Added::Dropped;
        };
        let Some(slot) = usize::try_from(part.index).ok().and_then(|index| assembly.data.get_mut(index))
        else {
            return Added::Dropped;
        };
        if slot.is_some() {
            return Added::Dropped;
        }
        if !matches_hash(&part) {
            return Added::Faulty("part differs from its hash");
        }
        self.held += part.data.len();
        *slot = Some(part.data);
        if key.0 == turn.height && assembly.is_complete() {
            self.held -= assembly.held();
            return Added::Complete(assembly.hand_over());
        }
        self.evict();
        Added::Pending
    }

    /// Where in its round the block of `header` is put together, after verifying a header not seen before.
    fn admit(
        &mut self,
        header: &Arc<SignedHeader>,
        key: (Height, Round),
        turn: &Turn,
    ) -> Result<usize, Added> {
        let blocks = self.rounds.entry(key).or_default();
        if let Some(at) = blocks.iter().position(|assembly| assembly.header == *header) {
            return Ok(at);
        }
        if blocks.len() >= BLOCKS_PER_ROUND {
            return Err(Added::Dropped);
        }
        let signed = turn.set.validator(&header.header.proposer).is_some_and(|proposer| {
            proposer.key().verifies(&self.domain.parts_bytes(&header.header), &header.signature)
        });
        if !signed {
            return Err(Added::Faulty("signature of a parts header is invalid"));
        }
        blocks.push(Assembly::new(header.clone()));
        Ok(blocks.len() - 1)
    }

    fn evict(&mut self) {
        while self.held > BYTES_MAX
            && let Some((_, blocks)) = self.rounds.pop_last()
        {
            self.held -= blocks.iter().map(Assembly::held).sum::<usize>();
        }
    }

    /// Remembers a header of our own, so that the block can be sent again.
    pub(crate) fn remember(&mut self, header: Arc<SignedHeader>) {
        let blocks = self.rounds.entry((header.header.height, header.header.round)).or_default();
        if !blocks.iter().any(|assembly| assembly.header == header) {
            blocks.push(Assembly { header, data: Vec::new(), handed_over: true });
        }
    }

    /// The header under which `block` was proposed.
    pub(crate) fn header(&self, height: Height, round: Round, block: BlockId) -> Option<Arc<SignedHeader>> {
        let blocks = self.rounds.get(&(height, round))?;
        blocks.iter().map(|assembly| &assembly.header).find(|header| header.header.block == block).cloned()
    }

    /// Hands over `header`'s block without its parts: the receiver has the bytes already.
    /// `false` if that was done before.
    pub(crate) fn skip(&mut self, header: &Arc<SignedHeader>) -> bool {
        let key = (header.header.height, header.header.round);
        let found =
            self.rounds.get_mut(&key).into_iter().flatten().find(|assembly| assembly.header == *header);
        let Some(assembly) = found.filter(|assembly| !assembly.handed_over) else { return false };
        self.held -= assembly.held();
        assembly.data.clear();
        assembly.handed_over = true;
        true
    }

    /// Drops all heights below `height` and hands over the blocks of `height` that came early.
    pub(crate) fn advance(&mut self, height: Height) -> Vec<Assembled> {
        self.rounds = self.rounds.split_off(&(height, Round(0)));
        let early =
            self.rounds.iter_mut().filter(|((of, _), _)| *of == height).flat_map(|(_, blocks)| blocks);
        let ready = early.filter(|assembly| assembly.is_complete()).map(Assembly::hand_over).collect();
        self.held = self.rounds.values().flatten().map(Assembly::held).sum();
        ready
    }
}

fn matches_hash(part: &Part) -> bool {
    let want = usize::try_from(part.index).ok().and_then(|index| part.header.header.hashes.get(index));
    want == Some(&hash(&part.data))
}
