//! How leaves and inner nodes are hashed.
//!
//! With `C` the SHA-256 compression function and the initial values of [`iv`](super::iv):
//! - a leaf chains `C` from `LEAF` over `key length u8 ‖ value length u16 BE ‖ key ‖ value`, zero-padded to whole blocks;
//! - an inner node branching at bit `d` is `C(INNER[d], left ‖ right)`: one compression.
//!
//! Lengths come first, so no two leaves have the same blocks, and an initial value belongs to one kind and depth.
//! Hashes stay the eight state words between nodes.

use super::iv;
use tandem_crypto::{compress, compress_words};

/// A hash as the compression function leaves it: eight words, most significant first.
pub(super) type Digest = [u32; 8];

/// The hashes of a node's two children, side by side as they are compressed: one line of memory.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Slot([Digest; 2]);

impl Slot {
    pub(super) const fn new(left: Digest, right: Digest) -> Self {
        Self([left, right])
    }

    pub(super) const fn child(&self, side: bool) -> &Digest {
        let [left, right] = &self.0;
        if side { right } else { left }
    }

    pub(super) const fn child_mut(&mut self, side: bool) -> &mut Digest {
        let [left, right] = &mut self.0;
        if side { right } else { left }
    }

    /// Any word, to have the line fetched.
    pub(super) const fn word(&self) -> u32 {
        let [[word, ..], _] = self.0;
        word
    }
}

/// Hash of an inner node branching at bit `at`, below the number of depths.
pub(super) fn inner(at: u16, slot: &Slot) -> Digest {
    #[expect(
        clippy::indexing_slicing,
        reason = "keys of at most 64 bytes differ below bit 512, the table's length"
    )]
    let mut state = iv::INNER[usize::from(at)];
    let [left, right] = &slot.0;
    compress_words(&mut state, left, right);
    state
}

/// Compressions in a leaf's hash: blocks of its lengths, key and value.
pub(super) const fn leaf_blocks(key: &[u8], value: &[u8]) -> usize {
    key.len().saturating_add(value.len()).saturating_add(3).div_ceil(64)
}

/// Hash of a leaf. Both lengths were checked to fit their fields.
pub(super) fn leaf(key: &[u8], value: &[u8]) -> Digest {
    let [high, low] = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    let header = [u8::try_from(key.len()).unwrap_or(u8::MAX), high, low];
    let mut chain = Chain { state: iv::LEAF, block: [0; 64], filled: 0 };
    chain.push(&header);
    chain.push(key);
    chain.push(value);
    chain.finish()
}

/// A chain of compressions over bytes that arrive in pieces.
struct Chain {
    state: Digest,
    block: [u8; 64],
    filled: usize,
}

impl Chain {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.block.get_mut(self.filled..).unwrap_or_default();
            let (now, later) = bytes.split_at(room.len().min(bytes.len()));
            for (to, from) in room.iter_mut().zip(now) {
                *to = *from;
            }
            self.filled = self.filled.saturating_add(now.len());
            bytes = later;
            if self.filled == self.block.len() {
                self.compress();
            }
        }
    }

    fn compress(&mut self) {
        compress(&mut self.state, &self.block);
        self.block = [0; 64];
        self.filled = 0;
    }

    fn finish(mut self) -> Digest {
        if self.filled > 0 {
            self.compress();
        }
        self.state
    }
}

/// A hash as 32 bytes.
pub(super) fn to_bytes(digest: &Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(digest) {
        *to = word.to_be_bytes();
    }
    bytes
}

/// The hash that 32 bytes spell.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Digest {
    let mut digest = [0; 8];
    for (word, from) in digest.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*from);
    }
    digest
}
