//! The server over a real socket, in front of a real node: one validator, its own genesis, real blocks.

mod blocks;
mod chain;
mod client;
mod contract;
mod errors;
mod events;
mod hostile;
mod proofs;
mod shapes;
mod transactions;
mod wallet;
