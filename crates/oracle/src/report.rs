//! A validator's price report: its encoding, its limits, and what is signed of it.
//!
//! A report is a vote extension: the validator signs it with its precommit, bound to the block that it precommits. The
//! next block's body carries such signed reports, and everything that can be said of one without state is checked by
//! [`SignedReport::check`]; that they come from validators with enough power is for [`judge`].
//!
//! What is signed (the form is that of `consensus`, whose tests hold both together):
//!
//! | field | type | bytes |
//! |---|---|---|
//! | tag | `tandem/consensus/1` | 18 |
//! | purpose | `u8`: 4 | 1 |
//! | chain, genesis | `u64`, hash | 40 |
//! | height, round, block, validator | `u64`, `u32`, hash, address | 64 |
//! | report | | 4 + 18 to 26 for each market |

use crate::PRICE_TICKS_END;
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_crypto::{ed25519, sha256};
use tandem_system::{ValidatorSet, validator_address};
use tandem_types::{Address, BlockId, ChainId, Hash, Height, MarketId, PriceTicks, Round};

/// Most markets in a report.
pub const REPORT_MARKETS_MAX: u32 = 1_000;
/// Longest encoding of a report: a count, and each market with both prices.
pub const REPORT_BYTES_MAX: u32 = 4 + REPORT_MARKETS_MAX * (2 + 8 + 1 + 8);
/// Longest encoding of a signed report.
pub const SIGNED_REPORT_BYTES_MAX: u32 = 32 + 4 + 64 + 4 + REPORT_BYTES_MAX;

const TAG: &[u8; 18] = b"tandem/consensus/1";
const PURPOSE_EXTENSION: u8 = 4;

/// What a validator saw of one market, in the market's ticks, each from 1 to below [`PRICE_TICKS_END`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Which perpetual market.
    pub market: MarketId,
    /// The oracle price: where the underlying trades.
    pub oracle: PriceTicks,
    /// Where perpetuals on the underlying trade elsewhere.
    pub external: Option<PriceTicks>,
}

impl Encode for Quote {
    fn encode(&self, out: &mut Vec<u8>) {
        self.market.encode(out);
        self.oracle.encode(out);
        self.external.encode(out);
    }
}

impl Decode for Quote {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let quote = Self {
            market: MarketId::decode(input)?,
            oracle: Decode::decode(input)?,
            external: Decode::decode(input)?,
        };
        let good = |price: PriceTicks| (1..PRICE_TICKS_END).contains(&price.0);
        if good(quote.oracle) && quote.external.is_none_or(good) {
            Ok(quote)
        } else {
            Err(input.invalid("reported price"))
        }
    }
}

/// What a validator reports at one height: markets ascending. An empty report says nothing, and is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(Vec<Quote>);

impl Report {
    /// A report of quotes, sorted by market; of quotes for the same market the last counts. Those beyond
    /// [`REPORT_MARKETS_MAX`], and those out of range, are left out.
    #[must_use]
    pub fn new(quotes: &[Quote]) -> Self {
        let mut by_market = alloc::collections::BTreeMap::new();
        for quote in quotes.iter().filter(|quote| Quote::from_bytes(&quote.to_bytes()).is_ok()) {
            by_market.insert(quote.market, *quote);
        }
        let max = usize::try_from(REPORT_MARKETS_MAX).unwrap_or(usize::MAX);
        Self(by_market.into_values().take(max).collect())
    }

    /// The quotes, markets ascending.
    #[must_use]
    pub fn quotes(&self) -> &[Quote] {
        &self.0
    }
}

impl Encode for Report {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Report {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let quotes: Vec<Quote> = input.list(REPORT_MARKETS_MAX)?;
        if quotes.is_sorted_by(|a, b| a.market < b.market) {
            Ok(Self(quotes))
        } else {
            Err(input.invalid("order of markets"))
        }
    }
}

/// What a report is signed for, besides its validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The chain.
    pub chain_id: ChainId,
    /// Its genesis.
    pub genesis_hash: Hash,
    /// The height of the block precommitted.
    pub height: Height,
    /// That block.
    pub block: BlockId,
}

/// A report as a block carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReport {
    /// The validator's key.
    pub public_key: ed25519::PublicKey,
    /// The round of the precommit.
    pub round: Round,
    /// The key's signature over [`signed_bytes`].
    pub signature: ed25519::Signature,
    /// The report's encoding.
    pub report: Vec<u8>,
}

impl Encode for SignedReport {
    fn encode(&self, out: &mut Vec<u8>) {
        self.public_key.encode(out);
        self.round.encode(out);
        self.signature.encode(out);
        self.report.encode(out);
    }
}

impl Decode for SignedReport {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            public_key: Decode::decode(input)?,
            round: Decode::decode(input)?,
            signature: Decode::decode(input)?,
            report: input.bytes(REPORT_BYTES_MAX)?.to_vec(),
        })
    }
}

/// Why bytes are not a signed report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportError {
    /// Not the encoding of one.
    Encoding(DecodeError),
    /// Not signed by the key that it names, or not for this place.
    Signature,
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(error) => write!(f, "price report: {error}"),
            Self::Signature => f.write_str("the signature of a price report does not verify"),
        }
    }
}

impl core::error::Error for ReportError {}

/// A report whose form and signature were checked, with its place in a block. Made by [`CheckedReport::from_raw`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedReport {
    raw: Vec<u8>,
    validator: Address,
    report: Report,
}

impl CheckedReport {
    /// Checks the bytes of a block's signed report.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn from_raw(raw: &[u8], scope: &Scope) -> Result<Self, ReportError> {
        let signed = SignedReport::from_bytes(raw).map_err(ReportError::Encoding)?;
        let report = Report::from_bytes(&signed.report).map_err(ReportError::Encoding)?;
        let validator = validator_address(&signed.public_key.0);
        let message = signed_bytes(scope, signed.round, &validator, &signed.report);
        signed.public_key.verify(&message, &signed.signature).map_err(|_| ReportError::Signature)?;
        Ok(Self { raw: raw.to_vec(), validator, report })
    }

    /// The bytes.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// SHA-256 of the bytes: its leaf in the block.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(sha256(&self.raw))
    }

    /// Who reports.
    #[must_use]
    pub const fn validator(&self) -> Address {
        self.validator
    }

    /// What.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }
}

/// What a validator signs for a report.
#[must_use]
pub fn signed_bytes(scope: &Scope, round: Round, validator: &Address, report: &[u8]) -> Vec<u8> {
    let mut out = TAG.to_vec();
    PURPOSE_EXTENSION.encode(&mut out);
    scope.chain_id.encode(&mut out);
    scope.genesis_hash.encode(&mut out);
    scope.height.encode(&mut out);
    round.encode(&mut out);
    scope.block.encode(&mut out);
    validator.encode(&mut out);
    out.extend_from_slice(report);
    out
}

/// Why reports that are each good are not good together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportsError {
    /// Not in ascending order of validators' addresses, each once.
    Order,
    /// From someone who is no validator.
    UnknownValidator(Address),
    /// Of no more than two thirds of the power.
    NoQuorum {
        /// Power of those who reported.
        reported: u128,
        /// Power of all.
        total: u128,
    },
}

impl fmt::Display for ReportsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("price reports are not in the order of validators"),
            Self::UnknownValidator(address) => write!(f, "price report of {address}, who is no validator"),
            Self::NoQuorum { reported, total } => {
                write!(f, "price reports of power {reported}, wanted more than two thirds of {total}")
            }
        }
    }
}

impl core::error::Error for ReportsError {}

/// Checks that reports are of more than two thirds of the power of `validators`, each validator once.
///
/// # Errors
/// [`ReportsError`].
pub fn judge(reports: &[CheckedReport], validators: &ValidatorSet) -> Result<(), ReportsError> {
    if !reports.is_sorted_by(|a, b| a.validator < b.validator) {
        return Err(ReportsError::Order);
    }
    let mut reported = 0u128;
    for report in reports {
        let power = validators.power_of(&report.validator);
        let power = power.ok_or(ReportsError::UnknownValidator(report.validator))?;
        reported = reported.saturating_add(u128::from(power));
    }
    let total = validators.total_power();
    if is_quorum(reported, total) { Ok(()) } else { Err(ReportsError::NoQuorum { reported, total }) }
}

/// More than two thirds.
pub(crate) const fn is_quorum(part: u128, total: u128) -> bool {
    part.saturating_mul(3) > total.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use tandem_system::{SystemTables, Validator};

    const SCOPE: Scope = Scope {
        chain_id: ChainId(7),
        genesis_hash: Hash([1; 32]),
        height: Height(10),
        block: BlockId([2; 32]),
    };

    const fn quote(market: u16, oracle: u64, external: Option<u64>) -> Quote {
        let external = match external {
            Some(price) => Some(PriceTicks(price)),
            None => None,
        };
        Quote { market: MarketId(market), oracle: PriceTicks(oracle), external }
    }

    fn signed(seed: u8, report: &Report, scope: &Scope) -> SignedReport {
        let key = ed25519::SigningKey::from_seed([seed; 32]);
        let (public_key, round) = (key.public_key(), Round(3));
        let message = signed_bytes(scope, round, &validator_address(&public_key.0), &report.to_bytes());
        SignedReport { public_key, round, signature: key.sign(&message), report: report.to_bytes() }
    }

    fn checked(seed: u8) -> CheckedReport {
        let signed = signed(seed, &Report::new(&[quote(1, 5, None)]), &SCOPE);
        CheckedReport::from_raw(&signed.to_bytes(), &SCOPE).unwrap()
    }

    #[test]
    fn a_signed_report_checks_in_its_place_alone() {
        let report = Report::new(&[quote(3, 7, Some(8)), quote(1, 5, None)]);
        let good = signed(1, &report, &SCOPE);
        let check = |signed: &SignedReport, scope: &Scope| CheckedReport::from_raw(&signed.to_bytes(), scope);
        assert_eq!(check(&good, &SCOPE).unwrap().report(), &report);
        for scope in [
            Scope { chain_id: ChainId(8), ..SCOPE },
            Scope { genesis_hash: Hash([9; 32]), ..SCOPE },
            Scope { height: Height(20), ..SCOPE },
            Scope { block: BlockId([9; 32]), ..SCOPE },
        ] {
            assert_eq!(check(&good, &scope), Err(ReportError::Signature));
        }
        let other_round = SignedReport { round: Round(4), ..good.clone() };
        assert_eq!(check(&other_round, &SCOPE), Err(ReportError::Signature));
        let other_key = SignedReport { public_key: signed(2, &report, &SCOPE).public_key, ..good };
        assert_eq!(check(&other_key, &SCOPE), Err(ReportError::Signature));
        assert!(matches!(CheckedReport::from_raw(&[0; 7], &SCOPE), Err(ReportError::Encoding(_))));
    }

    #[test]
    fn a_report_has_one_encoding() {
        let bad = [
            vec![quote(1, 0, None)],
            vec![quote(1, PRICE_TICKS_END, None)],
            vec![quote(1, 5, Some(0))],
            vec![quote(2, 5, None), quote(1, 5, None)],
            vec![quote(1, 5, None), quote(1, 5, None)],
        ];
        for quotes in bad {
            assert!(Report::from_bytes(&quotes.to_bytes()).is_err(), "{quotes:?}");
        }
        let whole =
            Report::new(&[quote(2, 5, Some(9)), quote(1, 7, None), quote(2, 6, None), quote(3, 0, None)]);
        assert_eq!(whole.quotes(), [quote(1, 7, None), quote(2, 6, None)]);
        assert_eq!(Report::from_bytes(&Report::default().to_bytes()), Ok(Report::default()));
    }

    #[test]
    fn the_largest_report_has_the_greatest_length() {
        let quotes: Vec<_> = (0..2_000).map(|market| quote(market, 1, Some(1))).collect();
        let report = Report::new(&quotes);
        assert_eq!(report.to_bytes().len(), REPORT_BYTES_MAX as usize);
        assert_eq!(signed(1, &report, &SCOPE).to_bytes().len(), SIGNED_REPORT_BYTES_MAX as usize);
        const { assert!(SIGNED_REPORT_BYTES_MAX <= tandem_types::PRICE_REPORT_BYTES_MAX) };
    }

    #[test]
    fn reports_are_of_more_than_two_thirds_each_validator_once() {
        let mut tables = SystemTables::default();
        for (seed, power) in [(1u8, 1u64), (2, 1), (3, 1), (4, 3)] {
            let public_key = ed25519::SigningKey::from_seed([seed; 32]).public_key().0;
            tables.validators.put(validator_address(&public_key), Validator { public_key, power });
        }
        let set = ValidatorSet::current(&mut tables);
        let sorted = |seeds: &[u8]| {
            let mut reports: Vec<_> = seeds.iter().map(|seed| checked(*seed)).collect();
            reports.sort_by_key(CheckedReport::validator);
            reports
        };
        let none = |reported| Err(ReportsError::NoQuorum { reported, total: 6 });
        for (seeds, expected) in [
            (&[1, 2, 3, 4][..], Ok(())),
            (&[1, 2, 4], Ok(())),
            (&[1, 4], none(4)),
            (&[1, 2, 3], none(3)),
            (&[], none(0)),
        ] {
            assert_eq!(judge(&sorted(seeds), &set), expected, "{seeds:?}");
        }
        let mut reports = sorted(&[1, 2, 3, 4]);
        reports.swap(0, 1);
        assert_eq!(judge(&reports, &set), Err(ReportsError::Order));
        assert_eq!(judge(&sorted(&[4, 4]), &set), Err(ReportsError::Order));
        let stranger = checked(9).validator();
        assert_eq!(judge(&sorted(&[9]), &set), Err(ReportsError::UnknownValidator(stranger)));
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_report_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(CheckedReport::from_raw(&bytes, &SCOPE).is_err());
            if let Ok(report) = Report::from_bytes(&bytes) {
                prop_assert_eq!(report.to_bytes(), bytes);
            }
        }
    }
}
