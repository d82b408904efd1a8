//! What margin a notional needs: maintenance tiers with deductions, and initial margin by leverage.
//!
//! Amounts are quote atoms in 128 bits. Both requirements round up, deductions down: against whoever needs the margin.
//! Rules and reasons: `docs/exchange-rules.md`, "Margin". Source of the tiers: Hyperliquid, "Margin tiers".

use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::QuoteAtoms;

/// Most tiers of a market.
pub const TIERS_MAX: usize = 4;
/// Greatest leverage of any market.
pub const LEVERAGE_MAX: u8 = 100;

/// From which notional on which leverage is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tier {
    /// The least notional of the tier.
    pub from: QuoteAtoms,
    /// The greatest leverage within it.
    pub leverage_max: u8,
}
tandem_codec::record!(Tier { from, leverage_max });

/// A tier, and what is taken off `notional / (2 leverage)` in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    tier: Tier,
    deduction: u128,
}

impl Row {
    /// `2 × leverage`: the maintenance rate is one part in this.
    fn parts(&self) -> u128 {
        u128::from(self.tier.leverage_max).saturating_mul(2).max(1)
    }

    fn maintenance(&self, notional: u128) -> u128 {
        notional.div_ceil(self.parts()).saturating_sub(self.deduction)
    }
}

/// The tiers of a market: bounds rise from zero, leverages fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginTiers {
    rows: [Row; TIERS_MAX],
    len: u8,
}

impl MarginTiers {
    /// Checks tiers and works out their deductions; `None` if they are not tiers.
    #[must_use]
    pub fn new(tiers: &[Tier]) -> Option<Self> {
        let first = tiers.first()?;
        let rising = tiers.is_sorted_by(|a, b| a.from < b.from && a.leverage_max > b.leverage_max);
        let bounded = tiers.iter().all(|tier| (1..=LEVERAGE_MAX).contains(&tier.leverage_max));
        if !first.from.is_zero() || !rising || !bounded {
            return None;
        }
        let mut rows = [Row::default(); TIERS_MAX];
        let mut before: Option<Row> = None;
        for (at, tier) in tiers.iter().enumerate() {
            let row = Row { tier: *tier, deduction: before.map_or(0, |before| deduction(&before, tier)) };
            *rows.get_mut(at)? = row;
            before = Some(row);
        }
        Some(Self { rows, len: u8::try_from(tiers.len()).ok()? })
    }

    fn rows(&self) -> &[Row] {
        self.rows.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The tiers, lowest first.
    pub fn tiers(&self) -> impl Iterator<Item = Tier> {
        self.rows().iter().map(|row| row.tier)
    }

    /// The greatest leverage of all.
    #[must_use]
    pub fn leverage_max(&self) -> u8 {
        self.rows().first().map_or(1, |row| row.tier.leverage_max)
    }

    /// What a position of `notional` needs to stay. Never falls as the notional rises.
    #[must_use]
    pub fn maintenance(&self, notional: u128) -> u128 {
        let row = self.rows().iter().rev().find(|row| u128::from(row.tier.from.0) <= notional);
        row.map_or(notional, |row| row.maintenance(notional))
    }

    /// What a position of `notional` needs to be entered at `leverage`.
    #[must_use]
    pub fn initial(&self, notional: u128, leverage: u8) -> u128 {
        let by_leverage = notional.div_ceil(u128::from(leverage.max(1)));
        by_leverage.max(self.maintenance(notional).saturating_mul(2))
    }

    /// The greatest maintenance rate is one part in so many of the notional: the last tier's.
    pub(super) fn least_parts(&self) -> u128 {
        self.rows().last().map_or(2, Row::parts)
    }

    /// The maintenance rate at `notional` is one part in so many.
    pub(super) fn parts_at(&self, notional: u128) -> u128 {
        let row = self.rows().iter().rev().find(|row| u128::from(row.tier.from.0) <= notional);
        row.map_or(2, Row::parts)
    }

    /// Each tier's `2 × leverage` and deduction: maintenance is the greatest of `notional / parts - deduction`.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u128, u128)> {
        self.rows().iter().map(|row| (row.parts(), row.deduction))
    }
}

/// The deduction of the tier that follows `before`: the earlier one and `b (L - l) / (2 L l)`, rounded down.
fn deduction(before: &Row, tier: &Tier) -> u128 {
    let (high, low) = (u128::from(before.tier.leverage_max), u128::from(tier.leverage_max));
    let numerator = u128::from(tier.from.0).saturating_mul(high.saturating_sub(low));
    let denominator = high.saturating_mul(low).saturating_mul(2);
    before.deduction.saturating_add(numerator.checked_div(denominator).unwrap_or(0))
}

impl Encode for MarginTiers {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tiers().collect::<Vec<_>>().encode(out);
    }
}

impl Decode for MarginTiers {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tiers: Vec<Tier> = input.list(u32::try_from(TIERS_MAX).unwrap_or(u32::MAX))?;
        Self::new(&tiers).ok_or_else(|| input.invalid("margin tiers"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const USD: u128 = 100_000_000;

    const fn tier(from_usd: u64, leverage_max: u8) -> Tier {
        Tier { from: QuoteAtoms(from_usd * 100_000_000), leverage_max }
    }

    #[test]
    fn maintenance_follows_the_published_example() {
        // BTC: 40x up to 150M, 20x above; the deduction is 1,875,000 and 200M need 3,125,000.
        let tiers = MarginTiers::new(&[tier(0, 40), tier(150_000_000, 20)]).unwrap();
        let rows = [
            (0, 0),
            (100, 1), // 1.25
            (150_000_000, 1_875_000),
            (200_000_000, 3_125_000),
        ];
        for (notional, needed) in rows {
            assert_eq!(tiers.maintenance(notional * USD) / USD, needed, "{notional}");
        }
        assert_eq!(tiers.lines().last(), Some((40, 1_875_000 * USD)));
    }

    #[test]
    fn initial_margin_is_by_leverage_but_no_less_than_the_tiers_allow() {
        let tiers = MarginTiers::new(&[tier(0, 40), tier(150_000_000, 20)]).unwrap();
        // Notional and leverage; 200M at 40x need 150M / 40 + 50M / 20.
        let rows = [
            (100, 1, 100),
            (100, 20, 5),
            (150_000_000, 40, 3_750_000),
            (200_000_000, 40, 6_250_000),
            (200_000_000, 20, 10_000_000),
            (200_000_000, 0, 200_000_000),
        ];
        for (notional, leverage, needed) in rows {
            assert_eq!(tiers.initial(notional * USD, leverage), needed * USD, "{notional} at {leverage}");
        }
    }

    #[test]
    fn tiers_start_at_zero_rise_and_fall() {
        let bad: [&[Tier]; 7] = [
            &[],
            &[tier(1, 10)],
            &[tier(0, 0)],
            &[tier(0, LEVERAGE_MAX + 1)],
            &[tier(0, 10), tier(5, 10)],
            &[tier(0, 10), tier(0, 5)],
            &[tier(0, 10), tier(1, 9), tier(2, 8), tier(3, 7), tier(4, 6)],
        ];
        for tiers in bad {
            assert_eq!(MarginTiers::new(tiers), None, "{tiers:?}");
        }
        let good = MarginTiers::new(&[tier(0, 10), tier(1, 9), tier(2, 8), tier(3, 7)]).unwrap();
        assert_eq!(MarginTiers::from_bytes(&good.to_bytes()), Ok(good));
    }

    /// Any tiers.
    pub(in crate::perp) fn any_tiers() -> impl Strategy<Value = MarginTiers> {
        let steps = proptest::collection::vec((1u64..1 << 50, 1u8..20), 0..TIERS_MAX);
        (20u8..=LEVERAGE_MAX, steps).prop_map(|(top, steps)| {
            let (mut from, mut leverage_max) = (0u64, top);
            let mut tiers = std::vec![Tier { from: QuoteAtoms(0), leverage_max: top }];
            for (width, fall) in steps {
                from += width;
                leverage_max = leverage_max.saturating_sub(fall);
                if leverage_max > 0 {
                    tiers.push(Tier { from: QuoteAtoms(from), leverage_max });
                }
            }
            tiers.truncate(TIERS_MAX);
            MarginTiers::new(&tiers).unwrap()
        })
    }

    /// The requirement tier by tier, as a fraction: every part of the notional at its own rate.
    fn exact(tiers: &MarginTiers, notional: u128) -> (u128, u128) {
        let common: u128 = tiers.tiers().map(|tier| u128::from(tier.leverage_max) * 2).product();
        let bounds: Vec<_> = tiers.tiers().map(|tier| u128::from(tier.from.0)).chain([u128::MAX]).collect();
        let parts = tiers.tiers().zip(bounds.windows(2)).map(|(tier, bounds)| {
            let part = notional.min(bounds[1]).saturating_sub(bounds[0]);
            part * (common / (u128::from(tier.leverage_max) * 2))
        });
        (parts.sum(), common)
    }

    proptest! {
        #[test]
        fn maintenance_is_monotone_and_at_least_exact(
            tiers in any_tiers(), notional in 0u128..1 << 52, more in 0u128..1 << 40,
        ) {
            let needed = tiers.maintenance(notional);
            prop_assert!(needed <= tiers.maintenance(notional + more));
            let (numerator, denominator) = exact(&tiers, notional);
            prop_assert!(needed * denominator >= numerator);
            prop_assert!(needed <= numerator / denominator + 1 + TIERS_MAX as u128);
        }

        #[test]
        fn a_tier_begins_where_the_one_before_ends(tiers in any_tiers()) {
            for tier in tiers.tiers().skip(1) {
                let from = u128::from(tier.from.0);
                let (below, at) = (tiers.maintenance(from - 1), tiers.maintenance(from));
                prop_assert!(at >= below && at - below <= 3);
            }
        }

        #[test]
        fn initial_margin_is_at_least_twice_maintenance(
            tiers in any_tiers(), notional in 0u128..1 << 60, leverage in 1u8..=LEVERAGE_MAX,
        ) {
            let initial = tiers.initial(notional, leverage);
            prop_assert!(initial >= tiers.maintenance(notional) * 2);
            prop_assert!(initial >= notional.div_ceil(u128::from(leverage)));
            prop_assert!(tiers.initial(notional, leverage.saturating_sub(1).max(1)) >= initial);
        }
    }
}
