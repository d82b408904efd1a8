//! The engine's side of the crate: what runs.

mod application;
mod config;
mod context;
mod error;
mod host;
mod parts;
mod peers;
mod report;
mod signer;
mod spoken;
mod start;
mod wal;
mod watchdog;
mod wire;

pub use application::{
    Application, ApplicationError, Block, DecidedBlock, ExtensionPolicy, NextHeight, Origin, ReceivedBlock,
    Tip, UndecidedBlock, Verdict,
};
pub use arc_malachitebft_app_channel::app::net::Multiaddr;
pub use config::{Config, Keys, NodeSeed, Timeouts};
pub use error::ConsensusError;
pub use report::{Report, Reporter};
pub use start::{ConsensusHandle, encode_metrics, start};
pub use wal::Wal;
