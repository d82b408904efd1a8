//! Keccak-256, the hash of Ethereum: addresses, EIP-712, tries and message trees.
//!
//! The sponge is here, the permutation comes from the `keccak` crate: the permutation is what zkVMs accelerate, so a
//! guest back end replaces one call. Rate 136 bytes, padding byte `01` (SHA-3 pads with `06`).
//! Source: The Keccak reference, version 3.0, §1.1; Ethereum yellow paper, appendix B.

use core::fmt;
use tandem_types::Hash;

const RATE_BYTES: usize = 136;
const LANES: usize = 25;

/// Keccak-256 of input that arrives in pieces.
#[derive(Clone)]
pub struct Keccak256 {
    state: [u64; LANES],
    block: [u8; RATE_BYTES],
    filled: usize,
}

impl Default for Keccak256 {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing of the input, which may be secret.
impl fmt::Debug for Keccak256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keccak256").finish_non_exhaustive()
    }
}

impl Keccak256 {
    /// The hash of nothing so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: [0; LANES], block: [0; RATE_BYTES], filled: 0 }
    }

    /// Appends `bytes` to the input.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.block.get_mut(self.filled..).unwrap_or_default();
            let taken = room.len().min(rest.len());
            let (head, tail) = rest.split_at(taken);
            room.iter_mut().zip(head).for_each(|(slot, byte)| *slot = *byte);
            self.filled = self.filled.saturating_add(taken);
            rest = tail;
            if self.filled == RATE_BYTES {
                self.absorb();
            }
        }
    }

    /// As [`Keccak256::update`], for chains of calls.
    #[must_use]
    pub fn chain(mut self, bytes: &[u8]) -> Self {
        self.update(bytes);
        self
    }

    /// The hash of the input.
    #[must_use]
    pub fn finalize(mut self) -> Hash {
        // The block is never full here: `update` absorbs it at once.
        self.block.iter_mut().skip(self.filled).for_each(|byte| *byte = 0);
        if let Some(byte) = self.block.get_mut(self.filled) {
            *byte = 0x01;
        }
        if let Some(byte) = self.block.last_mut() {
            *byte |= 0x80;
        }
        self.absorb();
        let mut hash = [0; 32];
        for (out, lane) in hash.chunks_exact_mut(8).zip(self.state) {
            out.copy_from_slice(&lane.to_le_bytes());
        }
        Hash(hash)
    }

    fn absorb(&mut self) {
        let (words, _) = self.block.as_chunks::<8>();
        for (lane, word) in self.state.iter_mut().zip(words) {
            *lane ^= u64::from_le_bytes(*word);
        }
        permute(&mut self.state);
        self.filled = 0;
    }
}

fn permute(state: &mut [u64; LANES]) {
    keccak::Keccak::new().with_f1600(|f1600| f1600(state));
}

/// Keccak-256 of `bytes`.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> Hash {
    Keccak256::new().chain(bytes).finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec::Vec};
    use proptest::prelude::*;

    #[test]
    fn known_answers() {
        // Ethereum's well-known hashes, and inputs around the rate computed with eth-hash.
        let rows: [(&[u8], &str); 6] = [
            (b"", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            (b"abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
            (b"\x80", "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"),
            (&[b'a'; 135], "0x34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"),
            (&[b'a'; 136], "0xa6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"),
            (&[b'a'; 137], "0xd869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"),
        ];
        for (input, hash) in rows {
            assert_eq!(format!("{}", keccak256(input)), hash, "{} bytes", input.len());
        }
    }

    proptest! {
        #[test]
        fn pieces_hash_as_the_whole(input in prop::collection::vec(any::<u8>(), 0..600), cut in 0usize..600) {
            let (head, tail) = input.split_at(cut.min(input.len()));
            let pieces: Vec<&[u8]> = tail.chunks(7).collect();
            let mut hasher = Keccak256::new().chain(head);
            pieces.iter().for_each(|piece| hasher.update(piece));
            prop_assert_eq!(hasher.finalize(), keccak256(&input));
        }
    }
}
