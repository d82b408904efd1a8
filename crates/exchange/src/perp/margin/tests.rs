//! Vectors of the sources, and what holds of any positions.

use super::*;
use crate::perp::position::{FillTerms, Filled};
use crate::perp::tiers::{Tier, tests::any_tiers};
use proptest::prelude::*;
use tandem_book::Side;
use tandem_types::SizeLots;

const USD: i128 = 100_000_000;

fn flat(leverage_max: u8) -> MarginTiers {
    MarginTiers::new(&[Tier { from: QuoteAtoms(0), leverage_max }]).unwrap()
}

fn at(mark: u64) -> PerpPrices {
    PerpPrices { mark: PriceTicks(mark), oracle: PriceTicks(mark), ..PerpPrices::default() }
}

fn held(size: i64, quote: i128) -> Position {
    let quote = Usd(i64::try_from(quote).unwrap());
    Position { size: SignedLots(size), quote, ..Position::new(10, MarginMode::Cross) }
}

#[test]
fn liquidation_prices_follow_the_published_examples() {
    // Lots of 10^-2, ticks of 10^-4 USD. dYdX: 1000 USD and -3 at 3000, maintenance 5 %; 3174.60.
    let alone = liquidation_price(SignedLots(-300), PriceTicks(30_000_000), 1_000 * USD, 0, &flat(10));
    assert_eq!(alone, Some(PriceTicks(31_746_032)));
    // With 1000 others at 1.75 that need 10 %, and -1.5: 3380.95.
    let other = 175 * USD;
    let cross = liquidation_price(SignedLots(-150), PriceTicks(30_000_000), 1_000 * USD, other, &flat(10));
    assert_eq!(cross, Some(PriceTicks(33_809_524)));
    // A long that nothing can break, and nothing at all.
    assert_eq!(liquidation_price(SignedLots(100), PriceTicks(10_000), 100 * USD, 0, &flat(10)), None);
    assert_eq!(liquidation_price(SignedLots(0), PriceTicks(10_000), USD, 0, &flat(10)), None);
}

#[test]
fn what_may_be_taken_out_leaves_initial_margin_and_a_tenth() {
    // Leverage 10 of at most 50; 100 lots at 1000 ticks are 0.1 USD of notional. Quote -0.1: no profit.
    let margin = |collateral: i128, leverage: u8| {
        let position = Position { leverage, ..held(100, -10_000_000) };
        let collateral = Margin::of_collateral(Usd(i64::try_from(collateral).unwrap()));
        collateral.plus(&Margin::cross_part(&position, &at(1_000), &flat(50)))
    };
    let rows =
        [(USD, 10, USD - 1_000_000), (USD, 50, USD - 1_000_000), (USD, 2, USD - 5_000_000), (0, 10, 0)];
    for (collateral, leverage, free) in rows {
        let margin = margin(collateral, leverage);
        assert_eq!(i128::from(margin.withdrawable().0), free, "{collateral} at {leverage}");
        assert_eq!(margin.may_be_left(), collateral >= 5_000_000);
    }
}

#[test]
fn funding_is_owed_rounded_up() {
    // Size, growth of the index, owed.
    let unit = crate::perp::position::FUNDING_INDEX_UNIT;
    let rows = [
        (3, unit, 3),
        (3, unit + 1, 4),
        (3, -unit - 1, -3),
        (-3, unit + 1, -3),
        (-3, -unit - 1, 4),
        (0, 5, 0),
        (3, 0, 0),
    ];
    for (size, index, owed) in rows {
        assert_eq!(held(size, 0).funding_owed(index), owed, "{size} {index}");
    }
}

fn positions() -> impl Strategy<Value = Position> {
    let sizes = (-1_000_000i64..1_000_000, 0u64..1_000_000, 0u64..1_000_000);
    (sizes, -(1i64 << 50)..1 << 50, 1u8..=20, any::<bool>()).prop_map(
        |((size, bids, asks), quote, leverage, isolated)| Position {
            size: SignedLots(size),
            quote: Usd(if size == 0 { 0 } else { quote }),
            bids: SizeLots(bids),
            asks: SizeLots(asks),
            ..Position::new(leverage, if isolated { MarginMode::Isolated } else { MarginMode::Cross })
        },
    )
}

fn fills() -> impl Strategy<Value = FillTerms> {
    (any::<bool>(), 1u64..2_000_000, 1u64..1_000_000, 0u64..1_000).prop_map(|(buys, size, price, fee)| {
        FillTerms {
            side: if buys { Side::Bid } else { Side::Ask },
            size: SizeLots(size),
            price: PriceTicks(price),
            fee: QuoteAtoms(fee),
        }
    })
}

fn fill(position: Position, terms: &FillTerms, mark: u64, tiers: &MarginTiers) -> Filled {
    position.fill(terms, PriceTicks(mark), tiers).unwrap()
}

proptest! {
    #[test]
    fn exposure_bounds_every_subset_of_fills(position in positions(), bought: u64, sold: u64) {
        let (bought, sold) = (bought % (position.bids.0 + 1), sold % (position.asks.0 + 1));
        let after = i128::from(position.size.0) + i128::from(bought) - i128::from(sold);
        prop_assert!(u128::from(position.exposure().0) >= after.unsigned_abs());
    }

    #[test]
    fn a_fill_moves_money_and_makes_none(
        position in positions(), terms in fills(), mark in 1u64..1_000_000, tiers in any_tiers(),
    ) {
        let filled = fill(position, &terms, mark, &tiers);
        let money = |position: &Position| i128::from(position.quote.0);
        let paid = i128::from(terms.size.0) * i128::from(terms.price.0) * 100;
        let paid = if terms.side == Side::Bid { paid } else { -paid };
        let moved = money(&filled.position) - money(&position) + i128::from(filled.to_collateral.0);
        prop_assert_eq!(moved, -paid - i128::from(terms.fee.0));
        let size = i64::try_from(terms.size.0).unwrap();
        let size = if terms.side == Side::Bid { size } else { -size };
        prop_assert_eq!(filled.position.size.0, position.size.0 + size);
        if filled.position.size.is_zero() {
            prop_assert_eq!(filled.position.quote, Usd(0));
        }
    }

    /// A fill at mark without a fee never changes what a maker needs, and takes nothing from its value.
    #[test]
    fn a_makers_fill_raises_no_need(
        position in positions(), size: u64, buys: bool, mark in 1u64..1_000_000, tiers in any_tiers(),
    ) {
        let open = if buys { position.bids.0 } else { position.asks.0 };
        prop_assume!(open > 0);
        let side = if buys { Side::Bid } else { Side::Ask };
        let size = SizeLots(size % open + 1);
        let terms = FillTerms { side, size, price: PriceTicks(mark), fee: QuoteAtoms(0) };
        let filled = fill(position, &terms, mark, &tiers);
        let after = crate::perp::settle::uncount(filled.position, side, size, false);
        let part = |position: &Position| Margin::cross_part(position, &at(mark), &tiers);
        match position.mode {
            MarginMode::Cross => {
                let value = part(&after).value + i128::from(filled.to_collateral.0);
                prop_assert_eq!(value, part(&position).value);
                prop_assert!(part(&after).initial <= part(&position).initial);
            }
            // An isolated position's orders give up what they need as margin.
            MarginMode::Isolated => {
                let freed = part(&position).initial - part(&after).initial;
                let opened = i128::from(after.size.magnitude().0) > i128::from(position.size.magnitude().0);
                if opened && position.size.is_negative() == after.size.is_negative() {
                    prop_assert!(-i128::from(filled.to_collateral.0) <= freed);
                }
            }
        }
    }

    /// Whoever is not above its initial margin and reduces at a price that the rules let pass is no less healthy.
    #[test]
    fn a_reduction_never_lowers_health(
        position in positions(), part: u64, price in 1u64..1_000_000, fee in 0u64..1_000,
        mark in 1u64..1_000_000, tiers in any_tiers(),
    ) {
        prop_assume!(!position.size.is_zero());
        let size = SizeLots(part % position.size.magnitude().0 + 1);
        let side = position.reducing_side().unwrap();
        let terms = FillTerms { side, size, price: PriceTicks(price), fee: QuoteAtoms(fee) };
        let filled = fill(position, &terms, mark, &tiers);
        let own = |position: &Position| Margin::own(position, &at(mark), &tiers);
        let (before, after) = (own(&position), own(&filled.position));
        if after.is_sound_after(&before) && !after.covers_initial() {
            prop_assert!(after.value >= 0);
            prop_assert!(after.value * before.maintenance >= before.value * after.maintenance);
        }
        // At mark and without a fee every reduction of what is worth something passes.
        let fair = FillTerms { price: PriceTicks(mark), fee: QuoteAtoms(0), ..terms };
        let filled = fill(position, &fair, mark, &tiers);
        if before.value >= 0 {
            prop_assert!(own(&filled.position).is_sound_after(&before) || filled.position.mode == MarginMode::Cross);
            let account = own(&filled.position).plus(&Margin::of_collateral(filled.to_collateral));
            prop_assert!(position.mode == MarginMode::Isolated || account.is_sound_after(&before));
        }
    }

    #[test]
    fn what_opens_an_isolated_position_starts_with_its_initial_margin(
        terms in fills(), mark in 1u64..1_000_000, leverage in 1u8..=20, tiers in any_tiers(),
    ) {
        let position = Position::new(leverage, MarginMode::Isolated);
        let filled = fill(position, &terms, mark, &tiers);
        let own = Margin::own(&filled.position, &at(mark), &tiers);
        prop_assert!(own.covers_initial());
        prop_assert!(filled.to_collateral.0 <= 0);
        prop_assert!(own.value == own.initial || filled.to_collateral.is_zero());
    }

    /// Below it by a tick the position has less than its maintenance margin, above it by a tick it has enough.
    #[test]
    fn a_liquidation_price_is_where_maintenance_ends(
        size in -1_000_000i64..1_000_000, mark in 1_000u64..1_000_000, share in 0i128..40, other in 0i128..1_000_000,
        tiers in any_tiers(),
    ) {
        prop_assume!(size != 0);
        let value = i128::from(size.unsigned_abs()) * i128::from(mark) * 100 * share / 20;
        let found = liquidation_price(SignedLots(size), PriceTicks(mark), value, other, &tiers);
        let enough = |price: u64| {
            let worth = value + i128::from(size) * (i128::from(price) - i128::from(mark)) * 100;
            let needed = tiers.maintenance(notional(SizeLots(size.unsigned_abs()), PriceTicks(price)));
            // Requirements are rounded by up to an atom a tier; a tick of one lot is a hundred.
            worth + 5 >= i128::try_from(needed).unwrap() + other
        };
        let (below, above) = match (found, size > 0) {
            (Some(price), true) => (price.0 - 1, price.0 + 1),
            (Some(price), false) => (price.0 + 1, price.0 - 1),
            (None, long) => {
                prop_assert_eq!(enough(1), long);
                return Ok(());
            }
        };
        prop_assert!(enough(above), "{found:?}");
        prop_assert!(!enough(below), "{found:?}");
    }

    #[test]
    fn nothing_panics(
        size: i64, quote: i64, funding_index: i128, bids: u64, asks: u64, leverage: u8,
        mark: u64, index: i128, isolated: bool, tiers in any_tiers(), terms in fills(),
    ) {
        let mode = if isolated { MarginMode::Isolated } else { MarginMode::Cross };
        let position = Position {
            size: SignedLots(size), quote: Usd(quote), funding_index, bids: SizeLots(bids), asks: SizeLots(asks),
            ..Position::new(leverage, mode)
        };
        let prices = PerpPrices { mark: PriceTicks(mark), funding_index: index, ..PerpPrices::default() };
        let own = Margin::own(&position, &prices, &tiers);
        for margin in [own, Margin::cross_part(&position, &prices, &tiers)] {
            prop_assert!(margin.is_sound_after(&own) || !margin.covers_initial());
            prop_assert!(margin.may_be_left() || margin.withdrawable().is_zero());
        }
        let settled = position.settle_funding(index);
        let filled = position.fill(&terms, PriceTicks(mark), &tiers);
        let price = liquidation_price(SignedLots(size), PriceTicks(mark), i128::from(quote), 0, &tiers);
        prop_assert!(settled.is_ok() || filled.is_err() || price.is_none_or(|price| price.0 > 0));
    }
}
