//! Single values: quantities and data in hex (EIP-1474), and lists of them.
//!
//! A quantity has no leading zeros and at least one digit; as geth and against the letter of the standard, a number in
//! JSON is taken for the small integers that some clients send so.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::Value;

/// A type that a parameter may have.
pub(crate) trait Argument: Sized {
    /// Parses it; the error completes the sentence "invalid argument x: …".
    fn parse(value: &Value) -> Result<Self, String>;
}

impl Argument for U256 {
    fn parse(value: &Value) -> Result<Self, String> {
        if let Some(number) = value.as_u64() {
            return Ok(Self::from(number));
        }
        let text = value.as_str().ok_or("expected a quantity in hex")?;
        let digits = text.strip_prefix("0x").ok_or("hex without 0x")?;
        match digits {
            "" => Err("empty hex".to_owned()),
            _ if digits.len() > 1 && digits.starts_with('0') => Err("quantity with leading zeros".to_owned()),
            _ if digits.len() > 64 => Err("quantity of more than 256 bits".to_owned()),
            _ if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => Err("not hex".to_owned()),
            _ => Self::from_str_radix(digits, 16).map_err(|_| "not hex".to_owned()),
        }
    }
}

impl Argument for u64 {
    fn parse(value: &Value) -> Result<Self, String> {
        U256::parse(value)?.try_into().map_err(|_| "quantity of more than 64 bits".to_owned())
    }
}

impl Argument for u128 {
    fn parse(value: &Value) -> Result<Self, String> {
        U256::parse(value)?.try_into().map_err(|_| "quantity of more than 128 bits".to_owned())
    }
}

impl Argument for Bytes {
    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str().ok_or("expected data in hex")?;
        data(text)
    }
}

impl Argument for Address {
    fn parse(value: &Value) -> Result<Self, String> {
        fixed(value).map(Self::new)
    }
}

impl Argument for B256 {
    fn parse(value: &Value) -> Result<Self, String> {
        fixed(value).map(Self::new)
    }
}

impl Argument for bool {
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "expected true or false".to_owned())
    }
}

impl Argument for f64 {
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_f64().ok_or_else(|| "expected a number".to_owned())
    }
}

impl Argument for String {
    fn parse(value: &Value) -> Result<Self, String> {
        value.as_str().map(ToOwned::to_owned).ok_or_else(|| "expected a string".to_owned())
    }
}

impl Argument for Value {
    fn parse(value: &Value) -> Result<Self, String> {
        Ok(value.clone())
    }
}

impl<T: Argument> Argument for Vec<T> {
    fn parse(value: &Value) -> Result<Self, String> {
        let values = value.as_array().ok_or("expected a list")?;
        values.iter().map(T::parse).collect()
    }
}

/// A storage slot, which clients write as a quantity or as 32 bytes; answers repeat their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StorageSlot {
    /// Its number.
    pub(crate) number: U256,
    /// Whether it was written as 32 bytes.
    pub(crate) is_whole: bool,
}

impl Argument for StorageSlot {
    // Leading zeros are fine here: web3.py and ethers write slots as data of any length.
    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str().ok_or("expected a slot in hex")?;
        let digits = text.strip_prefix("0x").ok_or("hex without 0x")?;
        if digits.is_empty() || digits.len() > 64 {
            return Err("expected 1 to 64 hex digits".to_owned());
        }
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err("not hex".to_owned());
        }
        let number = U256::from_str_radix(digits, 16).map_err(|_| "not hex".to_owned())?;
        Ok(Self { number, is_whole: digits.len() == 64 })
    }
}

fn data(text: &str) -> Result<Bytes, String> {
    let digits = text.strip_prefix("0x").ok_or("hex without 0x")?;
    if !digits.len().is_multiple_of(2) {
        return Err("hex of odd length".to_owned());
    }
    alloy_primitives::hex::decode(digits).map(Bytes::from).map_err(|_| "not hex".to_owned())
}

fn fixed<const N: usize>(value: &Value) -> Result<[u8; N], String> {
    let text = value.as_str().ok_or_else(|| format!("expected a string of {N} bytes in hex"))?;
    let bytes = data(text)?;
    <[u8; N]>::try_from(bytes.as_ref()).map_err(|_| format!("expected {N} bytes in hex, got {}", bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_hex_without_leading_zeros() {
        let rows = [
            (json!("0x0"), Ok(0)),
            (json!("0x41"), Ok(65)),
            (json!("0xffffffffffffffff"), Ok(u64::MAX)),
            (json!(5), Ok(5)),
            (json!("0x"), Err("empty hex")),
            (json!("0x00"), Err("quantity with leading zeros")),
            (json!("0x041"), Err("quantity with leading zeros")),
            (json!("41"), Err("hex without 0x")),
            (json!("0xg"), Err("not hex")),
            (json!("0x_1"), Err("not hex")),
            (json!("0x10000000000000000"), Err("quantity of more than 64 bits")),
            (json!(-1), Err("expected a quantity in hex")),
            (json!(1.5), Err("expected a quantity in hex")),
            (json!(true), Err("expected a quantity in hex")),
        ];
        for (value, expected) in rows {
            assert_eq!(u64::parse(&value), expected.map_err(str::to_owned), "{value}");
        }
    }

    #[test]
    fn slots_keep_the_form_they_were_written_in() {
        let whole = json!(format!("0x{:064x}", 5));
        let five = U256::from(5);
        assert_eq!(StorageSlot::parse(&whole), Ok(StorageSlot { number: five, is_whole: true }));
        for short in ["0x5", "0x05"] {
            assert_eq!(StorageSlot::parse(&json!(short)), Ok(StorageSlot { number: five, is_whole: false }));
        }
        for wrong in [json!("0x"), json!("5"), json!("0x-1"), json!(format!("0x{:065x}", 5)), json!(5)] {
            assert!(StorageSlot::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
