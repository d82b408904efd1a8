//! `approveBuilderFee`: its form, its bytes and what is signed.

use super::fields::Fields;
use super::msgpack::{Input, Output};
use super::text::address_to_hex;
use super::{ActionError, Decimal, DecimalError, FieldName as F, Reason, UserSigned, parts};
use alloc::boxed::Box;
use tandem_types::Address;

/// Longest fee rate: `100.000%`, with room for zeros that some clients add.
pub const MAX_FEE_RATE_BYTES: u32 = 16;

/// Decimals of a percentage that counts tenths of a basis point.
const PERCENT_DECIMALS: u8 = 3;

/// Lets a builder take a fee of the orders that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveBuilderFee {
    /// The highest rate; zero ends the approval.
    pub max_fee_rate: FeeRate,
    /// The builder.
    pub builder: Address,
    /// Network and nonce.
    pub user: UserSigned,
}

/// A rate as its signer spelt it, such as `0.001%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeRate {
    text: Box<str>,
    tenths_bp: u64,
}

impl FeeRate {
    /// Reads a decimal of at most three places, and a percent sign.
    ///
    /// # Errors
    /// [`Reason::TextTooLong`], [`Reason::Decimal`].
    pub fn new(text: &str) -> Result<Self, Reason> {
        if u32::try_from(text.len()).map_or(true, |len| len > MAX_FEE_RATE_BYTES) {
            return Err(Reason::TextTooLong { max: MAX_FEE_RATE_BYTES });
        }
        let number = text.strip_suffix('%').ok_or(Reason::Decimal(DecimalError::NotADigit))?;
        let rate = Decimal::parse_amount(number).map_err(Reason::Decimal)?;
        let tenths_bp = rate.to_units(PERCENT_DECIMALS);
        let tenths_bp = tenths_bp.ok_or(Reason::Decimal(DecimalError::TooManyDecimals))?;
        Ok(Self { text: text.into(), tenths_bp })
    }

    /// As it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means, in tenths of a basis point.
    #[must_use]
    pub const fn tenths_bp(&self) -> u64 {
        self.tenths_bp
    }
}

const FIELDS: &[F] =
    &[F::MaxFeeRate, F::Builder, F::Nonce, F::Type, F::SignatureChainId, F::HyperliquidChain];

impl ApproveBuilderFee {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let mut fields = Fields::open(input, FIELDS)?;
        let max_fee_rate =
            fields.required(F::MaxFeeRate, |input| Ok(FeeRate::new(input.text(MAX_FEE_RATE_BYTES)?)?))?;
        let builder = fields.required(F::Builder, parts::address)?;
        let nonce = fields.required(F::Nonce, parts::integer)?;
        fields.required(F::Type, parts::skip_type)?;
        let user = parts::user_fields(&mut fields, nonce)?;
        fields.close()?;
        Ok(Self { max_fee_rate, builder, user })
    }

    pub(super) fn write(&self, out: &mut Output) {
        out.map(FIELDS.len());
        out.word("maxFeeRate", self.max_fee_rate.text());
        out.word("builder", &address_to_hex(&self.builder));
        out.number("nonce", self.user.nonce);
        out.word("type", "approveBuilderFee");
        out.user_fields(&self.user);
    }
}
