//! The message of `eth_call` and `eth_estimateGas`.

use super::Argument;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::Bytes;
use serde_json::{Map, Value};
use tandem_evm::CallRequest;

/// A message to execute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call(pub(crate) CallRequest);

impl Argument for Call {
    // `to` may be null, which creates a contract; `input` and `data` are the same field, of which clients send either
    // or both. Fields that don't bear on execution are passed over: clients send whole transactions.
    fn parse(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("expected an object")?;
        let price = field(fields, "maxFeePerGas")?;
        let legacy_price = field(fields, "gasPrice")?;
        if price.is_some() && legacy_price.is_some() {
            return Err("both gasPrice and maxFeePerGas specified".to_owned());
        }
        if field::<Vec<Value>>(fields, "authorizationList")?.is_some_and(|list| !list.is_empty()) {
            return Err("authorizationList is not supported in calls".to_owned());
        }
        Ok(Self(CallRequest {
            from: field(fields, "from")?.unwrap_or_default(),
            to: field(fields, "to")?,
            gas_limit: field(fields, "gas")?,
            gas_price: price.or(legacy_price).unwrap_or_default(),
            value: field(fields, "value")?.unwrap_or_default(),
            input: input(fields)?,
            access_list: field::<List>(fields, "accessList")?.unwrap_or_default().0,
        }))
    }
}

fn field<T: Argument>(fields: &Map<String, Value>, name: &str) -> Result<Option<T>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => T::parse(value).map(Some).map_err(|why| format!("field {name}: {why}")),
    }
}

fn input(fields: &Map<String, Value>) -> Result<Bytes, String> {
    match (field::<Bytes>(fields, "input")?, field::<Bytes>(fields, "data")?) {
        (Some(input), Some(data)) if input != data => {
            Err("both data and input are set and not equal: use input".to_owned())
        }
        (input, data) => Ok(input.or(data).unwrap_or_default()),
    }
}

#[derive(Debug, Default)]
struct List(AccessList);

impl Argument for List {
    fn parse(value: &Value) -> Result<Self, String> {
        let items = value.as_array().ok_or("expected a list")?;
        items.iter().map(item).collect::<Result<Vec<_>, _>>().map(|items| Self(AccessList(items)))
    }
}

fn item(value: &Value) -> Result<AccessListItem, String> {
    let fields = value.as_object().ok_or("expected a list of objects")?;
    Ok(AccessListItem {
        address: field(fields, "address")?.ok_or("field address is missing")?,
        storage_keys: field(fields, "storageKeys")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use serde_json::json;

    #[test]
    fn a_message_is_read_from_either_name_of_its_input() {
        let to = Address::repeat_byte(7);
        for name in ["input", "data"] {
            let value = json!({"to": to, name: "0x0102", "value": "0x5", "gas": "0x10", "gasPrice": "0x2"});
            let Call(request) = Call::parse(&value).unwrap();
            assert_eq!((request.to, request.value, request.gas_limit), (Some(to), U256::from(5), Some(16)));
            assert_eq!((request.input.as_ref(), request.gas_price), ([1, 2].as_slice(), 2));
        }
        assert_eq!(Call::parse(&json!({"to": null})).unwrap().0.to, None);
    }

    #[test]
    fn errors_name_the_field() {
        let rows = [
            (json!([]), "expected an object"),
            (json!({"to": "0x1"}), "field to: hex of odd length"),
            (json!({"value": "0x00"}), "field value: quantity with leading zeros"),
            (
                json!({"data": "0x01", "input": "0x02"}),
                "both data and input are set and not equal: use input",
            ),
            (json!({"gasPrice": "0x1", "maxFeePerGas": "0x1"}), "both gasPrice and maxFeePerGas specified"),
            (json!({"accessList": [{}]}), "field accessList: field address is missing"),
        ];
        for (value, expected) in rows {
            assert_eq!(Call::parse(&value).unwrap_err(), expected, "{value}");
        }
    }
}
