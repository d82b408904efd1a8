//! Many signatures at the price of about half as many.
//!
//! Verification is one sum of all equations, each times a coefficient that whoever made the signatures can't foresee.
//! The coefficients are derived from the batch itself (its keys, signatures and messages, hashed), so no randomness is
//! needed and the same batch always gives the same answer. To make a false signature pass, one would have to search
//! about 2^128 batches.

use super::{Claim, InvalidSignature};
use crate::{Keccak256, keccak256};
use core::convert::Infallible;
use ed25519_zebra as zebra;
use rand_core::{TryCryptoRng, TryRng};
use tandem_types::Hash;

const SEED_TAG: &[u8] = b"tandem/ed25519-batch";

/// Checks that every claim is true. An empty batch is.
///
/// # Errors
/// [`InvalidSignature`] if one or more are false; [`Claim::verify`] on each says which.
pub(super) fn verify(claims: &[Claim<'_>]) -> Result<(), InvalidSignature> {
    let mut batch = zebra::batch::Verifier::new();
    let mut seed = Keccak256::new().chain(SEED_TAG);
    for claim in claims {
        let key = zebra::VerificationKeyBytes::from(claim.key.0);
        batch.queue((key, zebra::Signature::from_bytes(&claim.signature.0), claim.message));
        // Fixed widths, the message by its hash: two batches never give the same bytes.
        seed.update(&claim.key.0);
        seed.update(&claim.signature.0);
        seed.update(&keccak256(claim.message).0);
    }
    batch.verify(Coefficients { seed: seed.finalize(), counter: 0 }).map_err(|_| InvalidSignature)
}

/// The stream `keccak256(seed ‖ counter)`, 32 bytes at a time.
struct Coefficients {
    seed: Hash,
    counter: u64,
}

impl Coefficients {
    fn next_block(&mut self) -> [u8; 32] {
        let block = Keccak256::new().chain(&self.seed.0).chain(&self.counter.to_be_bytes()).finalize();
        self.counter = self.counter.wrapping_add(1);
        block.0
    }

    fn next_array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        self.fill(&mut array);
        array
    }

    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            chunk.iter_mut().zip(self.next_block()).for_each(|(slot, byte)| *slot = byte);
        }
    }
}

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.next_array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.next_array()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}
