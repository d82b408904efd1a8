//! Which block: a tag, a number, or an object with hash or number (EIP-1898).

use super::Argument;
use alloy_primitives::B256;
use serde_json::Value;

/// Which block. Finality is immediate, so `safe` and `finalized` are the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BlockId {
    /// The last EVM block.
    #[default]
    Latest,
    /// The last EVM block with what waits in the pool, where that makes a difference.
    Pending,
    /// By number; the genesis is 0.
    Number(u64),
    /// By hash.
    Hash(B256),
}

impl Argument for BlockId {
    fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => match text.as_str() {
                "latest" | "safe" | "finalized" => Ok(Self::Latest),
                "pending" => Ok(Self::Pending),
                "earliest" => Ok(Self::Number(0)),
                text if text.len() == 66 => B256::parse(value).map(Self::Hash),
                _ => u64::parse(value).map(Self::Number),
            },
            Value::Number(_) => u64::parse(value).map(Self::Number),
            Value::Object(fields) => match (fields.get("blockHash"), fields.get("blockNumber")) {
                (Some(hash), None) => B256::parse(hash).map(Self::Hash),
                (None, Some(number)) => Self::parse(number),
                (Some(_), Some(_)) => Err("blockHash and blockNumber exclude each other".to_owned()),
                (None, None) => Err("expected blockHash or blockNumber".to_owned()),
            },
            Value::Null | Value::Bool(_) | Value::Array(_) => Err("expected a block".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_are_named_by_tag_number_or_hash() {
        let hash = B256::repeat_byte(0xab);
        let rows = [
            (json!("latest"), Ok(BlockId::Latest)),
            (json!("safe"), Ok(BlockId::Latest)),
            (json!("finalized"), Ok(BlockId::Latest)),
            (json!("pending"), Ok(BlockId::Pending)),
            (json!("earliest"), Ok(BlockId::Number(0))),
            (json!("0x10"), Ok(BlockId::Number(16))),
            (json!(16), Ok(BlockId::Number(16))),
            (json!(hash.to_string()), Ok(BlockId::Hash(hash))),
            (json!({"blockHash": hash.to_string()}), Ok(BlockId::Hash(hash))),
            (json!({"blockHash": hash.to_string(), "requireCanonical": true}), Ok(BlockId::Hash(hash))),
            (json!({"blockNumber": "0x10"}), Ok(BlockId::Number(16))),
            (json!({"blockNumber": "latest"}), Ok(BlockId::Latest)),
            (json!({}), Err("expected blockHash or blockNumber")),
            (json!("newest"), Err("hex without 0x")),
            (json!("0x010"), Err("quantity with leading zeros")),
            (json!(true), Err("expected a block")),
        ];
        for (value, expected) in rows {
            assert_eq!(BlockId::parse(&value), expected.map_err(str::to_owned), "{value}");
        }
    }
}
