//! What bounds memory and messages, with the reason for each.

/// Validators in a set. A certificate of 256 signatures is 22 KB and takes some 10 ms to verify.
pub const VALIDATORS_MAX: u32 = 256;

/// Sum of the voting powers of a set: the engine multiplies it by 3.
pub const POWER_TOTAL_MAX: u64 = u64::MAX / 3;

/// Bytes of one block. Two must fit into a sync response.
pub const BLOCK_BYTES_MAX: u32 = 4 << 20;

/// Bytes of block in one proposal part, except the last: small enough to be forwarded while the next one is sent.
pub const PART_BYTES: usize = 64 << 10;

/// Parts of the greatest block.
pub const PARTS_MAX: u32 = 64;

/// Bytes of one vote extension: prices of some 250 markets.
pub const EXTENSION_BYTES_MAX: u32 = 4 << 10;

/// Greatest round: at a tenth of a second each, a day. Beyond it something other than a timeout is wrong.
pub const ROUND_MAX: u32 = 1_000_000;
