//! Consensus as a whole: real engines on loopback, a tiny chain that counts.

mod chain;
mod node;
mod wal;

mod four;
mod one;
mod power;
