//! Ordering of opaque blocks by Malachite (Tendermint), for one validator and for many alike.
//!
//! An [`Application`] builds, executes, stores and finalises blocks; this crate moves their bytes between validators,
//! runs the engine's rounds, paces the heights and verifies signatures. It never looks into a block and never sees
//! an order; the rules never see a vote.
//!
//! Without the feature `engine` only the plain words of consensus are left, for light clients and for rules that
//! check signatures: validator sets, what validators sign, certificates, evidence. They need no runtime.
//!
//! Safety rests on what is durable before what binds: see [`Application`].
#![forbid(unsafe_code)]

mod certificate;
mod evidence;
mod keys;
mod limits;
mod signing;
mod validator;

pub use certificate::{Certificate, CertificateError, CommitSignature, SignedExtension, verify_certificate};
pub use evidence::{Evidence, EvidenceError, verify_evidence};
pub use keys::{KeyError, PrivateKey, PublicKey, Signature};
pub use limits::{
    BLOCK_BYTES_MAX, EXTENSION_BYTES_MAX, PART_BYTES, PARTS_MAX, POWER_TOTAL_MAX, ROUND_MAX, VALIDATORS_MAX,
};
pub use signing::{Domain, ExtensionScope, Proposal, SignedProposal, SignedVote, Vote, VoteKind};
pub use validator::{Validator, ValidatorAddress, ValidatorSet, ValidatorSetError};

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
pub use engine::{
    Application, ApplicationError, Block, Config, ConsensusError, ConsensusHandle, DecidedBlock,
    ExtensionPolicy, Keys, Multiaddr, NextHeight, NodeSeed, Origin, ReceivedBlock, Report, Reporter,
    Timeouts, Tip, UndecidedBlock, Verdict, Wal, encode_metrics, start,
};
