//! Ethereum's JSON-RPC, over HTTP and WebSocket on one port: what cast, viem, ethers and web3.py need to send, wait,
//! call, read logs and subscribe.
//!
//! - [`serve`] listens and answers from a [`NodeHandle`](tandem_node::NodeHandle), within [`Limits`].
//! - `argument` turns JSON into typed parameters and names the one that is wrong; `view` turns blocks, transactions and
//!   receipts into JSON; `methods` has a file for each group of methods and nothing else in it.
//! - `blocks` finds EVM blocks in exchange blocks; `snapshot` reads the state of one of them while the chain moves on.
//!
//! Finality is immediate: `latest`, `safe` and `finalized` name the same block, and nothing is ever `removed`. `pending`
//! is the latest block too, except in `eth_getTransactionCount`, which counts what waits in the pool. Block 0 is the
//! genesis, which no exchange block carries.
//!
//! Invariants: no request makes a block wait longer than a table look-up or a proof takes; whatever a client can make
//! grow has a named bound; there are no accounts here, and nothing signs.
#![forbid(unsafe_code)]

mod argument;
mod blocks;
mod config;
mod fault;
mod logs;
mod methods;
mod polling;
mod sent;
mod server;
mod snapshot;
mod subscriptions;
mod view;

pub use config::{Limits, RpcConfig};
pub use server::{RpcError, RpcServer, serve};
