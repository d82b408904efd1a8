//! A query of events: which ones, and in which blocks.

use super::LogFilter;
use crate::argument::{Argument, BlockId};
use alloy_primitives::B256;
use serde_json::Value;

/// A query of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogQuery {
    /// Which events.
    pub(crate) filter: LogFilter,
    /// In which blocks.
    pub(crate) span: Span,
}

/// In which blocks to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// In one.
    Block(B256),
    /// From one to another, both included; the latest where none is given.
    Range {
        /// The first.
        from: Option<BlockId>,
        /// The last.
        to: Option<BlockId>,
    },
}

impl Argument for LogQuery {
    fn parse(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("expected an object")?;
        let filter = LogFilter::parse(fields.get("address"), fields.get("topics"))?;
        let block = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => BlockId::parse(value).map(Some).map_err(|why| format!("field {name}: {why}")),
        };
        let (from, to) = (block("fromBlock")?, block("toBlock")?);
        let span = match fields.get("blockHash") {
            None | Some(Value::Null) => Span::Range { from, to },
            Some(_) if from.is_some() || to.is_some() => {
                return Err("blockHash excludes fromBlock and toBlock".to_owned());
            }
            Some(hash) => Span::Block(B256::parse(hash).map_err(|why| format!("field blockHash: {why}"))?),
        };
        Ok(Self { filter, span })
    }
}
