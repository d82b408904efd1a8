//! SHA-256: whole, and its bare compression function for trees that need no padding.
//!
//! Everything of the chain that is hashed with SHA-256 passes through here, so that a guest program can put its zkVM's
//! accelerated compression behind the same names. Source: FIPS 180-4 §6.2.

use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// One application of the compression function to a chaining value: no padding, no length.
pub fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    sha2::block_api::compress256(state, core::slice::from_ref(block));
}

/// As [`compress`], with the block as two hashes' big-endian words: what is chained from other compressions is words
/// already, and where the back end takes words nothing is swapped.
pub fn compress_words(state: &mut [u32; 8], left: &[u32; 8], right: &[u32; 8]) {
    let mut block = [0; 64];
    let words = left.iter().chain(right);
    for (to, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *to = word.to_be_bytes();
    }
    compress(state, &block);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 §5.3.3.
    const INITIAL: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];

    /// `abc`, padded by hand.
    fn abc() -> [u8; 64] {
        let mut block = [0; 64];
        block[..4].copy_from_slice(b"abc\x80");
        block[63] = 24;
        block
    }

    #[test]
    fn compression_of_a_padded_block_is_the_hash() {
        let mut state = INITIAL;
        compress(&mut state, &abc());
        assert!(state.iter().flat_map(|word| word.to_be_bytes()).eq(sha256(b"abc")));
    }

    #[test]
    fn words_and_bytes_compress_alike() {
        let (left, right) = ([0x0102_0304; 8], [0xfffe_fdfc; 8]);
        let mut block = [[1, 2, 3, 4]; 16];
        block[8..].fill([0xff, 0xfe, 0xfd, 0xfc]);
        let (mut of_bytes, mut of_words) = (INITIAL, INITIAL);
        compress(&mut of_bytes, block.as_flattened().try_into().unwrap());
        compress_words(&mut of_words, &left, &right);
        assert_eq!(of_bytes, of_words);
    }
}
