//! A block's bytes on their way: cut into parts that vouch for themselves, put together again under a bound.
//!
//! The proposer signs one [`PartsHeader`], which lists the hash of each part; every part carries the header. So a
//! receiver may take parts in any order and from anybody, verifies one signature per block, and never holds a byte
//! that the proposer of that round did not sign for. Anybody who has the block can send it again under the
//! proposer's signature.

mod assembler;
mod header;
#[cfg(test)]
mod tests;

pub(crate) use assembler::{Added, Assembled, Assembler, Turn};
pub(crate) use header::{Part, PartsHeader, SignedHeader, sign, split};
