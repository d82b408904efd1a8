//! Texts that a user-signed action carries as they were signed, and hexadecimal.
//!
//! In EIP-712 a `string` is signed letter by letter, so its spelling is kept: a checksummed address or an amount of
//! "1.0" must hash as its signer saw it. The meaning is read beside it.

use super::{Decimal, Reason};
use alloc::{boxed::Box, string::String};
use core::fmt::{self, Write};
use tandem_types::{Address, Cloid};

/// Longest amount of a transfer: 20 digits, a point, and room for zeros that some clients add.
pub const MAX_AMOUNT_BYTES: u32 = 40;

/// Longest token name on the wire: a name, a colon and a 16-byte id in hexadecimal.
pub const MAX_TOKEN_BYTES: u32 = 64;

/// Longest agent name: Hyperliquid's 16 characters and its `valid_until` suffix, with room for non-ASCII letters.
pub const MAX_AGENT_NAME_BYTES: u32 = 96;

/// Bytes of an address on the wire.
pub(super) const ADDRESS_TEXT_BYTES: u32 = 42;

/// An address as its signer spelt it, in any mix of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressText {
    text: Box<str>,
    address: Address,
}

impl AddressText {
    /// Reads `0x` and 40 hexadecimal digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Some(Self { address: Address(from_hex(text)?), text: text.into() })
    }

    /// As it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }
}

/// An amount of a token as its signer spelt it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    text: Box<str>,
    value: Decimal,
}

impl Amount {
    /// Reads digits with at most one point between them; zeros may stand at either end.
    ///
    /// # Errors
    /// [`Reason::TextTooLong`], [`Reason::Decimal`].
    pub fn new(text: &str) -> Result<Self, Reason> {
        if text.len() > usize::try_from(MAX_AMOUNT_BYTES).unwrap_or(usize::MAX) {
            return Err(Reason::TextTooLong { max: MAX_AMOUNT_BYTES });
        }
        let value = Decimal::parse_amount(text).map_err(Reason::Decimal)?;
        Ok(Self { text: text.into(), value })
    }

    /// As it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means, in whole tokens.
    #[must_use]
    pub const fn value(&self) -> Decimal {
        self.value
    }
}

/// The bytes of `0x` and two hexadecimal digits for each, in either case.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(bytes)
}

/// As [`from_hex`], lower-case digits only: one spelling.
pub(super) fn from_lower_hex<const N: usize>(text: &str) -> Result<[u8; N], Reason> {
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    from_hex(text).filter(|_| !upper).ok_or(Reason::NotHex)
}

/// An integer as `0x` and its lower-case hexadecimal digits, without leading zeros.
pub(super) fn integer_from_hex(text: &str) -> Result<u64, Reason> {
    let value = text.strip_prefix("0x").filter(|digits| !digits.is_empty() && digits.len() <= 16).and_then(
        |digits| digits.bytes().try_fold(0u64, |value, byte| Some((value << 4) | u64::from(nibble(byte)?))),
    );
    value.filter(|value| integer_to_hex(*value) == text).ok_or(Reason::NotHex)
}

pub(super) fn integer_to_hex(value: u64) -> String {
    alloc::format!("{value:#x}")
}

/// The lower-case spelling of a client order id.
pub(super) fn cloid_to_hex(cloid: &Cloid) -> String {
    display(cloid)
}

/// The lower-case spelling of an address.
pub(super) fn address_to_hex(address: &Address) -> String {
    display(address)
}

fn display(value: &dyn fmt::Display) -> String {
    let mut text = String::new();
    match write!(text, "{value}") {
        // Writing to a string does not fail.
        Ok(()) | Err(fmt::Error) => text,
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
