//! Why a block is not a block of this chain.

use core::fmt;
use tandem_codec::DecodeError;
use tandem_evm::{EvmError, TriesError};
use tandem_exchange::BrokenPromise;
use tandem_exchange::{Inadmissible, TransactionError};
use tandem_oracle::{ReportError, ReportsError};
use tandem_state::ReadSet;
use tandem_state::tree::ApplyError;

/// Why a block is invalid. Whatever an outsider proposes, this or an outcome is the answer, and the state is as before.
#[derive(Clone, Debug, PartialEq)]
pub enum InvalidBlock {
    /// Not the encoding of a block.
    Encoding(DecodeError),
    /// The header's field of this name is not what it must be, or not what execution gives.
    Header(&'static str),
    /// An action is not one, or is not signed.
    Action {
        /// Its place in the block.
        index: usize,
        /// Why.
        error: TransactionError,
    },
    /// An EVM transaction is not one, or is not signed.
    EvmTransaction {
        /// Its place in the block.
        index: usize,
        /// Why.
        reason: tandem_evm::TxRejection,
    },
    /// A price report is not one, or is not signed for this place.
    PriceReport {
        /// Its place in the block.
        index: usize,
        /// Why.
        error: ReportError,
    },
    /// The price reports are not those of enough validators.
    PriceReports(ReportsError),
    /// Price reports in a block that takes none.
    NotPriceHeight,
    /// An action may not stand in this block.
    Inadmissible {
        /// Its place in the block.
        index: usize,
        /// Why.
        reason: Inadmissible,
    },
    /// An action stands behind one of a later class.
    ClassOrder {
        /// Its place in the block.
        index: usize,
    },
    /// The actions need more work than a block may have.
    TooMuchWork {
        /// The action that passed the limit.
        index: usize,
    },
    /// EVM transactions in a block that has no EVM block.
    NotEvmHeight,
    /// The EVM block fails.
    Evm(EvmError),
    /// The state has no parameters, or an engine is not enshrined.
    State,
    /// A promise of the rules is broken.
    Invariant(BrokenPromise),
    /// Partial state lacks what this lists.
    MissingWitness(ReadSet),
    /// A state tree of partial state can't follow the changes.
    MissingTreeNode(ApplyError),
    /// A trie of partial state can't follow the changes.
    MissingTrieNode(TriesError),
}

impl fmt::Display for InvalidBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(error) => write!(f, "block encoding: {error}"),
            Self::Header(field) => write!(f, "header field {field} is wrong"),
            Self::Action { index, error } => write!(f, "action {index}: {error}"),
            Self::EvmTransaction { index, reason } => write!(f, "EVM transaction {index}: {reason}"),
            Self::PriceReport { index, error } => write!(f, "price report {index}: {error}"),
            Self::PriceReports(error) => error.fmt(f),
            Self::NotPriceHeight => f.write_str("price reports in a block that takes none"),
            Self::Inadmissible { index, reason } => write!(f, "action {index}: {reason}"),
            Self::ClassOrder { index } => write!(f, "action {index} stands behind one of a later class"),
            Self::TooMuchWork { index } => write!(f, "action {index} passes the block's work limit"),
            Self::NotEvmHeight => f.write_str("EVM transactions at a height without an EVM block"),
            Self::Evm(error) => write!(f, "EVM block: {error}"),
            Self::State => f.write_str("state lacks parameters or an enshrined engine"),
            Self::Invariant(promise) => write!(f, "invariant: {promise}"),
            Self::MissingTreeNode(error) => write!(f, "witness of the state tree: {error}"),
            Self::MissingTrieNode(error) => write!(f, "witness of the tries: {error}"),
            Self::MissingWitness(missing) => {
                write!(f, "witness lacks {} keys and {} ranges", missing.keys.len(), missing.ranges.len())
            }
        }
    }
}

impl core::error::Error for InvalidBlock {}
