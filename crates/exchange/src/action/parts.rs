//! Parts that many actions have: lists, numbers, texts, and what user-signed actions end with.

use super::{
    ActionError, AddressText, Amount, AssetId, DECIMAL_BYTES_MAX, Decimal, FieldName as F, FieldText,
    HyperliquidChain, Kind, MAX_AMOUNT_BYTES, MAX_BATCH_ORDERS, OrderRef, Reason, Segment, UserSigned,
    fields::Fields,
    msgpack::Input,
    text::{ADDRESS_TEXT_BYTES, from_lower_hex, integer_from_hex},
};
use alloc::{boxed::Box, vec::Vec};
use tandem_types::{Address, ChainId, Cloid, OrderId};

/// Longest word of any field, with room so that a wrong one is shown rather than called too long.
pub(super) const WORD_BYTES_MAX: u32 = 64;

/// Bytes of a client order id on the wire.
const CLOID_TEXT_BYTES: u32 = 34;

/// Longest chain id: `0x` and 16 digits.
const CHAIN_ID_TEXT_BYTES: u32 = 18;

pub(super) type Result<T> = core::result::Result<T, ActionError>;

pub(super) fn user_fields(fields: &mut Fields<'_, '_>, nonce: u64) -> Result<UserSigned> {
    let chain_id = fields.required(F::SignatureChainId, chain_id)?;
    let chain = fields.required(F::HyperliquidChain, |input| word(input, HyperliquidChain::from_text))?;
    Ok(UserSigned { chain_id, chain, nonce })
}

pub(super) fn chain_id(input: &mut Input<'_>) -> Result<ChainId> {
    Ok(ChainId(integer_from_hex(input.text(CHAIN_ID_TEXT_BYTES)?)?))
}

/// The value of `type`, which [`find_type`](super::decode::find_type) has read.
pub(super) fn skip_type(input: &mut Input<'_>) -> Result<()> {
    input.text(WORD_BYTES_MAX)?;
    Ok(())
}

/// A list of 1 to [`MAX_BATCH_ORDERS`] items.
pub(super) fn list<'a, T>(
    input: &mut Input<'a>,
    item: impl Fn(&mut Input<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    list_of(input, usize::try_from(MAX_BATCH_ORDERS).unwrap_or(usize::MAX), item)
}

/// A list of 1 to `max` items. Memory grows with what is read, not with the count claimed.
pub(super) fn list_of<'a, T>(
    input: &mut Input<'a>,
    max: usize,
    item: impl Fn(&mut Input<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let (count, max) = (input.array()?, u32::try_from(max).unwrap_or(u32::MAX));
    if count == 0 {
        return Err(Reason::Empty.into());
    }
    if count > max {
        return Err(Reason::TooMany { count, max }.into());
    }
    let mut items = Vec::new();
    for at in 0..count {
        let index = u8::try_from(at).unwrap_or(u8::MAX);
        items.push(item(input).map_err(|error| error.inside(Segment::Index(index)))?);
    }
    Ok(items)
}

pub(super) fn boolean(input: &mut Input<'_>) -> Result<bool> {
    Ok(input.boolean()?)
}

pub(super) fn integer(input: &mut Input<'_>) -> Result<u64> {
    Ok(input.integer()?)
}

pub(super) fn asset(input: &mut Input<'_>) -> Result<AssetId> {
    let max = u64::from(u32::MAX);
    u32::try_from(input.integer()?).map(AssetId).map_err(|_| Reason::TooLarge { max }.into())
}

pub(super) fn order_id(input: &mut Input<'_>) -> Result<OrderId> {
    integer(input).map(OrderId)
}

pub(super) fn order_ref(input: &mut Input<'_>) -> Result<OrderRef> {
    if input.kind()? == Kind::Text {
        cloid(input).map(OrderRef::Cloid)
    } else {
        order_id(input).map(OrderRef::Id)
    }
}

pub(super) fn decimal(input: &mut Input<'_>) -> Result<Decimal> {
    let max = u32::try_from(DECIMAL_BYTES_MAX).unwrap_or(u32::MAX);
    Ok(Decimal::parse(input.text(max)?).map_err(Reason::Decimal)?)
}

pub(super) fn cloid(input: &mut Input<'_>) -> Result<Cloid> {
    Ok(Cloid(from_lower_hex(input.text(CLOID_TEXT_BYTES)?)?))
}

pub(super) fn address(input: &mut Input<'_>) -> Result<Address> {
    Ok(Address(from_lower_hex(input.text(ADDRESS_TEXT_BYTES)?)?))
}

pub(super) fn address_text(input: &mut Input<'_>) -> Result<AddressText> {
    AddressText::new(input.text(ADDRESS_TEXT_BYTES)?).ok_or_else(|| Reason::NotHex.into())
}

pub(super) fn amount(input: &mut Input<'_>) -> Result<Amount> {
    Ok(Amount::new(input.text(MAX_AMOUNT_BYTES)?)?)
}

pub(super) fn non_empty(input: &mut Input<'_>, max: u32) -> Result<Box<str>> {
    match input.text(max)? {
        "" => Err(Reason::Empty.into()),
        text => Ok(text.into()),
    }
}

pub(super) fn word<T>(input: &mut Input<'_>, from_text: impl Fn(&str) -> Option<T>) -> Result<T> {
    let text = input.text(WORD_BYTES_MAX)?;
    from_text(text).ok_or_else(|| Reason::UnknownWord(FieldText::new(text)).into())
}

pub(super) fn field(name: F, reason: Reason) -> ActionError {
    ActionError::from(reason).inside(Segment::Field(name))
}
