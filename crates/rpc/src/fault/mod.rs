//! What a request is refused with: the codes of JSON-RPC and EIP-1474, and geth's texts where clients match on them.

mod execution;
mod submit;

use alloy_primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use std::fmt::Display;
use tandem_node::NodeError;

/// A parameter is missing or wrong.
const INVALID_PARAMS: i32 = -32_602;
/// The node failed.
const INTERNAL: i32 = -32_603;
/// The request is fine, and the state says no.
const SERVER: i32 = -32_000;
/// The method is known, this use of it is not.
const UNSUPPORTED: i32 = -32_004;
/// The answer would be too large.
const LIMIT: i32 = -32_005;
/// Execution reverted; geth's code, which libraries look for.
const REVERTED: i32 = 3;
/// The history asked for is no longer kept; geth's code.
const PRUNED: i32 = 4_444;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) data: Option<Bytes>,
}

impl Fault {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The parameter `name` is wrong.
    pub(crate) fn invalid(name: &str, why: impl Display) -> Self {
        Self::new(INVALID_PARAMS, format!("invalid argument {name}: {why}"))
    }

    /// The parameter `name` is missing.
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(INVALID_PARAMS, format!("missing value for required argument {name}"))
    }

    /// The parameters are not a list.
    pub(crate) fn not_a_list() -> Self {
        Self::new(INVALID_PARAMS, "invalid argument params: must be a list")
    }

    /// There are more parameters than the method has.
    pub(crate) fn too_many(wanted: usize) -> Self {
        Self::new(INVALID_PARAMS, format!("too many arguments, want at most {wanted}"))
    }

    /// The state or the chain says no.
    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self::new(SERVER, message)
    }

    /// The answer would exceed a bound.
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(LIMIT, message)
    }

    /// This use of the method is not offered.
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(UNSUPPORTED, message)
    }

    /// The block asked for is unknown.
    pub(crate) fn no_block() -> Self {
        Self::server("header not found")
    }

    /// The block is known and was pruned.
    pub(crate) fn pruned() -> Self {
        Self::new(PRUNED, "pruned history unavailable")
    }

    /// The state of a block is no longer kept.
    pub(crate) fn no_state(number: u64) -> Self {
        Self::server(format!("state of block {number} is not available: only that of recent blocks is kept"))
    }

    /// The node failed; the log has the details.
    pub(crate) fn internal(error: &dyn Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(INTERNAL, "internal error")
    }
}

impl From<NodeError> for Fault {
    fn from(error: NodeError) -> Self {
        Self::internal(&error)
    }
}

impl From<Fault> for ErrorObjectOwned {
    fn from(fault: Fault) -> Self {
        Self::owned(fault.code, fault.message, fault.data)
    }
}
