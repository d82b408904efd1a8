//! Reading a proof: untrusted bytes become nodes of a partial tree, or an error that says where they fail.
//!
//! Checked are: branching bits grow downward; each opened key is on the side of its bit; opened keys left and right of a
//! node part exactly at its bit; an opened node has an opened leaf below it, from which what is pruned beside it gets
//! its place; one key length per table; every length in its limit; no bytes left over; and the root.
//!
//! That the tree behind the root is well-formed where it is pruned is not for a proof to show: a root is trusted because
//! it follows from the genesis tree by executed blocks.
//!
//! Memory grows with the bytes read. Nested calls are about growing bits: at most the depth.

use super::arena::{Arena, Node, Subtree};
use super::bits::{Path, bit, bits_of};
use super::iv::DEPTHS;
use super::prove::{TAG_EMPTY, TAG_INNER_HIGH, TAG_LEAF, TAG_PRUNED};
use super::{KEY_LEN_MAX, KEY_LEN_MIN};
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{DecodeError, Reader};
use tandem_types::CoreRoot;

/// Why a proof is not one. Positions are bytes from the start of the proof, just after what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The bytes end early or too late.
    Bytes(DecodeError),
    /// A node's first byte is of no kind that may stand there.
    Kind {
        /// Where.
        at: usize,
    },
    /// A branching bit is not greater than that of the node above.
    BitOrder {
        /// Where.
        at: usize,
    },
    /// A key's length is outside of the limits, or differs from that of another key of its table.
    KeyLength {
        /// Where.
        at: usize,
    },
    /// An opened key is on the wrong side of a node, or keys on both sides do not part at its bit.
    KeyPlace {
        /// Where the node ends.
        at: usize,
    },
    /// An opened node has no opened leaf below it.
    NothingOpened {
        /// Where the node ends.
        at: usize,
    },
    /// The nodes hash to another root.
    Root {
        /// The root that follows from the proof.
        got: CoreRoot,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(error) => write!(f, "proof: {error}"),
            Self::Kind { at } => write!(f, "proof: no node of this kind may end at byte {at}"),
            Self::BitOrder { at } => write!(f, "proof: branching bits do not grow at byte {at}"),
            Self::KeyLength { at } => write!(f, "proof: key length not allowed at byte {at}"),
            Self::KeyPlace { at } => write!(f, "proof: keys do not part as the node before byte {at} says"),
            Self::NothingOpened { at } => write!(f, "proof: nothing opened below the node before byte {at}"),
            Self::Root { got } => write!(f, "proof: its root is {got}"),
        }
    }
}

impl core::error::Error for ProofError {}

impl From<DecodeError> for ProofError {
    fn from(error: DecodeError) -> Self {
        Self::Bytes(error)
    }
}

/// What a proof's bytes say, their root not yet compared.
pub(super) struct Opened<'a> {
    pub(super) arena: Arena,
    pub(super) root: Option<Subtree>,
    /// Keys and values of the opened leaves, ascending.
    pub(super) entries: Vec<(&'a [u8], &'a [u8])>,
}

/// Reads a whole proof.
pub(super) fn read(proof: &[u8]) -> Result<Opened<'_>, ProofError> {
    let mut reader = ProofReader { input: Reader::new(proof), arena: Arena::new(), entries: Vec::new() };
    let root = match proof {
        [TAG_EMPTY] => return Ok(Opened { arena: reader.arena, root: None, entries: reader.entries }),
        _ => reader.node(0)?.tree,
    };
    reader.input.finish()?;
    Ok(Opened { arena: reader.arena, root: Some(root), entries: reader.entries })
}

/// A node just read, with the first opened key below it.
struct Below<'a> {
    tree: Subtree,
    key: Option<&'a [u8]>,
}

struct ProofReader<'a> {
    input: Reader<'a>,
    arena: Arena,
    entries: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> ProofReader<'a> {
    /// A node whose branching bit, if it has one, is `bit_min` or greater.
    fn node(&mut self, bit_min: u16) -> Result<Below<'a>, ProofError> {
        let [tag] = self.input.array()?;
        match tag {
            0..=TAG_INNER_HIGH => self.inner(tag, bit_min),
            TAG_PRUNED => {
                let hash = super::hash::from_bytes(&self.input.array()?);
                Ok(Below { tree: self.arena.add_pruned(hash), key: None })
            }
            TAG_LEAF => self.leaf(),
            _ => Err(ProofError::Kind { at: self.input.position() }),
        }
    }

    fn inner(&mut self, high: u8, bit_min: u16) -> Result<Below<'a>, ProofError> {
        let [low] = self.input.array()?;
        let at = u16::from_be_bytes([high, low]);
        if at < bit_min || usize::from(at) >= DEPTHS {
            return Err(ProofError::BitOrder { at: self.input.position() });
        }
        let left = self.node(at.saturating_add(1))?;
        let right = self.node(at.saturating_add(1))?;
        let key = left.key.or(right.key);
        let key = key.ok_or(ProofError::NothingOpened { at: self.input.position() })?;
        let left_fits = left.key.is_none_or(|key| bits_of(key) > at && !bit(key, at));
        let right_fits = right.key.is_none_or(|right| {
            bits_of(right) > at && bit(right, at) && Path::new(key, at).divergence(right, 0) == at
        });
        if !left_fits || !right_fits {
            return Err(ProofError::KeyPlace { at: self.input.position() });
        }
        self.locate(&left.tree, key, at, false);
        self.locate(&right.tree, key, at, true);
        Ok(Below { tree: self.arena.add_inner(at, left.tree, right.tree), key: Some(key) })
    }

    fn locate(&mut self, child: &Subtree, key: &[u8], at: u16, side: bool) {
        if let Node::Pruned(number) = child.link.node() {
            self.arena.locate_pruned(number, key, at, side);
        }
    }

    fn leaf(&mut self) -> Result<Below<'a>, ProofError> {
        let [key_len, high, low] = self.input.array()?;
        let (key_len, value_len) = (usize::from(key_len), usize::from(u16::from_be_bytes([high, low])));
        if !(KEY_LEN_MIN..=KEY_LEN_MAX).contains(&key_len) {
            return Err(ProofError::KeyLength { at: self.input.position() });
        }
        let key = self.input.take(key_len)?;
        let value = self.input.take(value_len)?;
        self.check_table(key)?;
        self.entries.push((key, value));
        Ok(Below { tree: self.arena.add_leaf(key, value), key: Some(key) })
    }

    /// Keys of one table follow each other, so that comparing neighbours finds every difference in length.
    fn check_table(&self, key: &[u8]) -> Result<(), ProofError> {
        let Some((last, _)) = self.entries.last() else { return Ok(()) };
        if last.get(..KEY_LEN_MIN) == key.get(..KEY_LEN_MIN) && last.len() != key.len() {
            return Err(ProofError::KeyLength { at: self.input.position() });
        }
        Ok(())
    }
}
