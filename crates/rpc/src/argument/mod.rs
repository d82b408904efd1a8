//! Parameters: positional, each parsed under its name, so that an error says which one is wrong.

mod block_id;
mod call;
mod value;

pub(crate) use block_id::BlockId;
pub(crate) use call::Call;
pub(crate) use value::{Argument, StorageSlot};

use crate::fault::Fault;
use jsonrpsee::types::Params;
use serde_json::Value;

/// Most parameters that any method has.
const ARGUMENTS_MAX: usize = 8;

/// The parameters of a request, taken one after the other.
#[derive(Debug)]
pub(crate) struct Arguments {
    values: std::vec::IntoIter<Value>,
}

impl Arguments {
    /// The parameters as they came; absent ones are an empty list.
    pub(crate) fn of(params: &Params<'_>) -> Result<Self, Fault> {
        params.as_str().map_or_else(|| Ok(Self::from_values(Vec::new())), Self::parse)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        match serde_json::from_str(text) {
            Ok(Value::Array(values)) if values.len() <= ARGUMENTS_MAX => Ok(Self::from_values(values)),
            Ok(Value::Array(_)) => Err(Fault::too_many(ARGUMENTS_MAX)),
            Ok(Value::Null) => Ok(Self::from_values(Vec::new())),
            Ok(_) | Err(_) => Err(Fault::not_a_list()),
        }
    }

    fn from_values(values: Vec<Value>) -> Self {
        Self { values: values.into_iter() }
    }

    /// The next parameter.
    pub(crate) fn required<T: Argument>(&mut self, name: &str) -> Result<T, Fault> {
        self.optional(name)?.ok_or_else(|| Fault::missing(name))
    }

    /// The next parameter, if it is there and not null.
    pub(crate) fn optional<T: Argument>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        match self.values.next() {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::parse(&value).map(Some).map_err(|why| Fault::invalid(name, why)),
        }
    }

    /// The next parameter, a block; the latest if it is not given.
    pub(crate) fn block(&mut self) -> Result<BlockId, Fault> {
        Ok(self.optional("block")?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(params: &str) -> Option<Fault> {
        let mut arguments = match Arguments::parse(params) {
            Ok(arguments) => arguments,
            Err(fault) => return Some(fault),
        };
        arguments.required::<alloy_primitives::Address>("address").err()
    }

    #[test]
    fn errors_name_the_parameter() {
        let rows = [
            ("{}", "invalid argument params: must be a list"),
            ("[]", "missing value for required argument address"),
            ("null", "missing value for required argument address"),
            ("[null]", "missing value for required argument address"),
            ("[1]", "invalid argument address: expected a string of 20 bytes in hex"),
            (r#"["0x12"]"#, "invalid argument address: expected 20 bytes in hex, got 1"),
            (r#"["0x1"]"#, "invalid argument address: hex of odd length"),
            (r#"["12"]"#, "invalid argument address: hex without 0x"),
            ("[1,2,3,4,5,6,7,8,9]", "too many arguments, want at most 8"),
        ];
        for (params, expected) in rows {
            let fault = error(params).expect(params);
            assert_eq!((fault.code, fault.message.as_str()), (-32_602, expected), "{params}");
        }
    }
}
