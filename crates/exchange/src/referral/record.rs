//! What is remembered of referrals.

use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{AccountId, BlockTime, QuoteAtoms};

/// Longest referral code: Hyperliquid's.
pub const REFERRAL_CODE_MAX: usize = 20;

/// A referral code: 1 to [`REFERRAL_CODE_MAX`] upper-case letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferralCode {
    bytes: [u8; REFERRAL_CODE_MAX],
    len: u8,
}

impl ReferralCode {
    /// Checks a code.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let good = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if code.is_empty() || !code.as_bytes().iter().all(good) {
            return None;
        }
        let mut bytes = [0; REFERRAL_CODE_MAX];
        bytes.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
        Some(Self { bytes, len: u8::try_from(code.len()).ok()? })
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let code = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(code).unwrap_or_default()
    }
}

impl Encode for ReferralCode {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_str().as_bytes().encode(out);
    }
}

impl Decode for ReferralCode {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = input.bytes(u32::try_from(REFERRAL_CODE_MAX).unwrap_or(u32::MAX))?;
        let code = core::str::from_utf8(bytes).ok().and_then(Self::new);
        code.ok_or_else(|| input.invalid("referral code"))
    }
}

/// An account that refers others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its code.
    pub code: ReferralCode,
    /// How many it has referred.
    pub referees: u32,
    /// What it may claim.
    pub unclaimed: QuoteAtoms,
    /// What it has claimed so far.
    pub claimed: QuoteAtoms,
}
tandem_codec::record!(Referrer { code, referees, unclaimed, claimed });

/// By whom an account was referred, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Its referrer.
    pub referrer: AccountId,
    /// Since when.
    pub since: BlockTime,
    /// The fees that it has paid since of which the referrer got a part.
    pub fees: QuoteAtoms,
    /// The referrer's part of them.
    pub rewards: QuoteAtoms,
}
tandem_codec::record!(Referral { referrer, since, fees, rewards });

/// An account, by who referred it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefereeKey {
    /// Who referred.
    pub referrer: AccountId,
    /// Whom.
    pub referee: AccountId,
}
tandem_codec::record!(RefereeKey { referrer, referee });
tandem_state::keys!(RefereeKey: 8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_to_twenty_capital_letters_and_digits() {
        for (code, good) in [
            ("A", true),
            ("TANDEM2026", true),
            ("ABCDEFGHIJKLMNOPQRST", true),
            ("", false),
            ("ABCDEFGHIJKLMNOPQRSTU", false),
            ("tandem", false),
            ("TAN DEM", false),
            ("TAN-DEM", false),
            ("ÄÄ", false),
        ] {
            let found = ReferralCode::new(code);
            assert_eq!(found.is_some(), good, "{code:?}");
            let bytes = code.as_bytes().to_bytes();
            assert_eq!(ReferralCode::from_bytes(&bytes).ok(), found, "{code:?}");
            assert!(
                found.is_none_or(|found| found.as_str() == code && found.to_bytes() == bytes),
                "{code:?}"
            );
        }
    }
}
