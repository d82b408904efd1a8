//! The zero price: no fill that it lets pass makes a unit less healthy.

use super::*;
use crate::perp::market::PerpPrices;
use crate::perp::position::{FillTerms, MarginMode, Position, notional};
use crate::perp::tiers::tests::any_tiers;
use proptest::prelude::*;
use tandem_types::{QuoteAtoms, SignedLots, Usd};

#[test]
fn the_zero_price_gives_up_what_stood_behind_the_position() {
    // Half of the maintenance margin is there, at a rate of 1/20: 2.5 % of the mark, and one tick less.
    let margin = |value, maintenance| Margin { value, maintenance, ..Margin::default() };
    let rows = [
        (HeldSide::Long, 50, 100, 9_751),
        (HeldSide::Short, 50, 100, 10_249),
        (HeldSide::Long, 99, 100, 9_506),
        (HeldSide::Long, 0, 100, 10_001),
        (HeldSide::Short, 0, 100, 9_999),
        (HeldSide::Long, -50, 100, 10_001),
    ];
    for (side, value, maintenance, expected) in rows {
        let zero = zero_price(side, PriceTicks(10_000), &margin(value, maintenance), 20);
        assert_eq!(zero, PriceTicks(expected), "{side:?} {value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A unit below its maintenance margin is sold in fills at the zero price or better, with the fee of a liquidation.
    #[test]
    fn no_liquidation_fill_leaves_the_account_less_healthy(
        size in prop_oneof![-20i64..20, -1_000_000i64..1_000_000],
        mark in prop_oneof![1u64..100, 20u64..1_000_000], tiers in any_tiers(), isolated: bool,
        health in 0i128..1_000, others in (0i128..1 << 40, 0i128..1 << 40),
        fills in proptest::collection::vec((prop_oneof![1u64..5, 1u64..1_000_000], prop_oneof![Just(0u64), 0u64..2_000], 0u64..10_000), 1..8), part: u64,
    ) {
        prop_assume!(size != 0);
        let prices = PerpPrices { mark: PriceTicks(mark), oracle: PriceTicks(mark), ..PerpPrices::default() };
        let mode = if isolated { MarginMode::Isolated } else { MarginMode::Cross };
        let mut position = Position { size: SignedLots(size), ..Position::new(5, mode) };
        let others = if isolated { (0, 0) } else { others };
        let maintenance = Margin::own(&position, &prices, &tiers).maintenance + others.1;
        let value = maintenance * health / 1_000;
        let quote = value - others.0 - Margin::own(&position, &prices, &tiers).value;
        prop_assume!(i64::try_from(quote).is_ok());
        position.quote = Usd(i64::try_from(quote).unwrap());
        let unit = |position: &Position, released: i128| {
            let own = Margin::own(position, &prices, &tiers);
            Margin { value: own.value + others.0 + released, maintenance: own.maintenance + others.1, ..own }
        };
        let mut before = unit(&position, 0);
        prop_assert!(before.excess() < 0 || maintenance == 0);
        prop_assume!(before.excess() < 0);

        let order = SizeLots(part % size.unsigned_abs() + 1);
        let side = position.reducing_side().unwrap();
        let left = notional(position.size.magnitude().minus_or_zero(order), prices.mark);
        let way = HeldSide::of(position.size).unwrap();
        let zero = zero_price(way, prices.mark, &before, tiers.parts_at(left));
        let (mut remaining, mut released) = (order, 0i128);
        for (lots, better, fee) in fills {
            let lots = SizeLots(lots.min(remaining.0));
            let price = match side {
                Side::Ask => PriceTicks(zero.0 + better),
                Side::Bid => PriceTicks(zero.0.saturating_sub(better)),
            };
            if lots.is_zero() || position.size.is_zero() {
                break;
            }
            let fee = QuoteAtoms(fee.min(improvement(side, zero, price, lots)));
            let terms = FillTerms { side, size: lots, price, fee };
            let mut filled = position.fill(&terms, prices.mark, &tiers).unwrap();
            if !filled.position.size.is_zero() && isolated {
                filled.position.quote.0 += filled.to_collateral.0;
                filled.to_collateral = Usd(0);
            }
            released += i128::from(filled.to_collateral.0);
            position = filled.position;
            remaining = remaining.minus_or_zero(lots);
            let after = unit(&position, released);
            prop_assert!(after.value >= 0);
            prop_assert!(
                after.value * before.maintenance >= before.value * after.maintenance,
                "{before:?} {after:?} zero {zero:?}"
            );
            before = after;
        }
    }
}
