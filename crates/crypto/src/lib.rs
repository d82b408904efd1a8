//! Hashes and signatures: the only crate through which the rules touch cryptography.
//!
//! Every primitive sits behind a small function or type of our own, so that a guest program can put the accelerated
//! operations of its zkVM behind the same name; nothing of the underlying crates appears in a signature. What has
//! more than one spelling elsewhere has one here: secp256k1 signatures are low-s with recovery id 0 or 1, ed25519 is
//! ZIP-215, where one by one and batch verification give the same answer for every input.
//!
//! What is hashed and signed is decided by its owners (`exchange`, `stf`, `evm`); this crate only says how.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]

extern crate alloc;

pub mod ed25519;
pub mod eip712;
mod keccak;
pub mod merkle;
pub mod secp256k1;
mod sha256;

pub use keccak::{Keccak256, keccak256};
pub use sha256::{compress, compress_words, sha256};
