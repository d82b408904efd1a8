//! The actions about referrals: what they say, from their bytes and back.
//!
//! All are L1 actions of an account or its agents. Source: hyperliquid-python-sdk 0.24, `exchange.py`; for those that
//! it lacks, the order of fields of Hyperliquid's TypeScript clients.

use super::parts::{Result, non_empty, skip_type};
use super::{FieldName as F, fields::Fields, msgpack::Input, msgpack::Output};
use alloc::boxed::Box;

/// Longest referral code on the wire.
pub const MAX_REFERRAL_CODE_BYTES: u32 = 20;

pub(super) fn referral_code(input: &mut Input<'_>) -> Result<Box<str>> {
    let mut fields = Fields::open(input, &[F::Type, F::Code])?;
    fields.required(F::Type, skip_type)?;
    let code = fields.required(F::Code, |input| non_empty(input, MAX_REFERRAL_CODE_BYTES))?;
    fields.close()?;
    Ok(code)
}

pub(super) fn claim_rewards(input: &mut Input<'_>) -> Result<()> {
    let mut fields = Fields::open(input, &[F::Type])?;
    fields.required(F::Type, skip_type)?;
    fields.close()
}

impl Output {
    pub(super) fn referral_code(&mut self, kind: &str, code: &str) {
        self.open(2, kind);
        self.word("code", code);
    }
}
