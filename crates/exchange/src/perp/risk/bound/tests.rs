//! Bounds are conservative: whatever prices and funding do, nobody falls below its maintenance margin unseen.

use super::*;
use crate::perp::margin::Margin;
use crate::perp::market::PerpPrices;
use crate::perp::position::{MarginMode, Position};
use crate::perp::tiers::{MarginTiers, tests::any_tiers};
use proptest::prelude::*;
use std::vec;
use tandem_types::{SignedLots, Usd};

/// A market, and what the account has there.
#[derive(Clone, Debug)]
struct Line {
    tiers: MarginTiers,
    prices: PerpPrices,
    position: Position,
}

impl Line {
    fn risk(&self) -> RiskLine {
        let side = HeldSide::of(self.position.size).unwrap();
        RiskLine {
            side,
            size: self.position.size.magnitude(),
            mark: self.prices.mark,
            price: self.prices.drift.risk_price(side, self.prices.mark),
            parts: self.tiers.least_parts(),
            bound: self.position.bound,
        }
    }

    fn is_reached(&self) -> bool {
        self.position.bound.unwrap().distance(self.risk().price) == 0
    }

    /// Moves the mark by so many ten-thousandths and a tick, and pays funding, in parts of 10^8 of the mark.
    fn move_on(&mut self, step: &Move) {
        let mark = i64::try_from(self.prices.mark.0).unwrap();
        let moved = (mark + mark * i64::from(step.mark) / 10_000 + i64::from(step.ticks)).max(1);
        self.prices.mark = PriceTicks(u64::try_from(moved).unwrap().min(1 << 40));
        let paid = i128::from(mark) * i128::from(step.funding) * 10_000;
        self.prices.funding_index += paid;
        self.prices.drift = self.prices.drift.after(paid);
    }
}

#[derive(Clone, Debug)]
struct Move {
    at: usize,
    mark: i32,
    ticks: i32,
    funding: i32,
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (any_tiers(), 1u64..1_000_000, -100_000i64..100_000).prop_filter_map(
        "held",
        |(tiers, mark, size)| {
            (size != 0).then(|| {
                let size = SignedLots(size);
                let mark = PriceTicks(mark);
                Line {
                    tiers,
                    prices: PerpPrices { mark, oracle: mark, ..PerpPrices::default() },
                    position: Position { size, ..Position::new(5, MarginMode::Cross) },
                }
            })
        },
    );
    proptest::collection::vec(line, 1..5)
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let step = (0usize..5, -300i32..300, -2i32..=2, prop_oneof![3 => Just(0i32), 1 => -400_000i32..400_000]);
    let step = step.prop_map(|(at, mark, ticks, funding)| Move { at, mark, ticks, funding });
    proptest::collection::vec(step, 1..40)
}

fn margin(lines: &[Line], collateral: i64) -> Margin {
    lines.iter().fold(Margin::of_collateral(Usd(collateral)), |sum, line| {
        sum.plus(&Margin::own(&line.position, &line.prices, &line.tiers))
    })
}

fn index(lines: &mut [Line], collateral: i64) {
    let excess = margin(lines, collateral).excess();
    let found = bounds(&lines.iter().map(Line::risk).collect::<Vec<_>>(), excess);
    for (line, bound) in lines.iter_mut().zip(found) {
        line.position.bound = Some(bound);
    }
}

/// A collateral with which the account has `share` thousandths of its notional beyond what it needs.
fn collateral(lines: &[Line], share: i64) -> i64 {
    let margin = margin(lines, 0);
    let wanted = margin.notional * i128::from(share) / 1_000 - margin.excess();
    i64::try_from(wanted).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nobody_falls_below_maintenance_unseen(
        mut lines in lines(), moves in moves(), share in prop_oneof![0i64..3, 0i64..200],
    ) {
        let collateral = collateral(&lines, share);
        index(&mut lines, collateral);
        prop_assert!(lines.iter().all(|line| !line.is_reached()), "nobody is looked at before a price has moved");
        for step in &moves {
            let at = step.at % lines.len();
            lines[at].move_on(step);
            let excess = margin(&lines, collateral).excess();
            let is_selected = lines.iter().any(Line::is_reached);
            prop_assert!(is_selected || excess >= 0, "{excess} {lines:?}");
            if is_selected && excess < 0 {
                return Ok(());
            }
            if is_selected {
                index(&mut lines, collateral);
            }
        }
    }

    /// Bounds that are kept after a change of the account are as good as new ones.
    #[test]
    fn bounds_that_are_kept_are_sound(
        mut lines in lines(), moves in moves(), share in 0i64..200, bought in -20_000i64..20_000, paid: i32,
    ) {
        let money = collateral(&lines, share);
        index(&mut lines, money);
        let size = lines[0].position.size.0 + bought;
        prop_assume!(size != 0);
        lines[0].position.size = SignedLots(size);
        let money = money + i64::from(paid);
        let excess = margin(&lines, money).excess();
        let risks = |lines: &[Line]| lines.iter().map(Line::risk).collect::<Vec<_>>();
        let was_bound = lines[0].position.bound;
        if !are_sound(&risks(&lines), excess) {
            // The one that has changed gets a bound beside the others'.
            let others: u128 = lines[1..].iter().map(|line| line.risk().risked_with_slack().unwrap()).sum();
            let leftover = excess.checked_sub_unsigned(others).and_then(|left| u128::try_from(left).ok());
            let weights = lines.iter().map(|line| line.risk().weight()).sum();
            let beside = leftover.and_then(|left| bound_beside(&lines[0].risk(), left, excess, weights));
            prop_assume!(beside.is_some());
            lines[0].position.bound = beside;
            prop_assert!(was_bound != beside && are_sound(&risks(&lines), excess));
        }
        for step in &moves {
            let at = step.at % lines.len();
            lines[at].move_on(step);
            if lines.iter().any(Line::is_reached) {
                return Ok(());
            }
            prop_assert!(margin(&lines, money).excess() >= 0);
        }
    }

    /// Whoever has `share` of its notional beyond what it needs is not looked at while marks move by less than half of
    /// that.
    #[test]
    fn an_account_far_from_its_limit_is_not_looked_at(
        mut lines in lines(), share in 10i64..500, moved in proptest::collection::vec(-100i64..=100, 5),
    ) {
        for line in &mut lines {
            line.prices.mark.0 += 10_000; // A tick is little.
        }
        let collateral = collateral(&lines, share);
        index(&mut lines, collateral);
        for (line, moved) in lines.iter_mut().zip(moved) {
            let mark = i64::try_from(line.prices.mark.0).unwrap();
            line.prices.mark.0 = u64::try_from(mark + mark * moved * share / 250_000).unwrap();
        }
        prop_assert!(lines.iter().all(|line| !line.is_reached()));
    }

    #[test]
    fn keys_order_as_moves_reach_them(a: i64, b: i64, price: i64, account: u32, other: u32) {
        for side in [HeldSide::Long, HeldSide::Short] {
            let key = |ticks, account| RiskKey::new(MarketId(3), &RiskBound { side, ticks }, AccountId(account));
            let nearer = if side == HeldSide::Long { a > b } else { a < b };
            prop_assert!(a == b || (key(a, account) < key(b, other)) == nearer);
            let last = RiskKey::last_due(MarketId(3), side, price);
            let bound = RiskBound { side, ticks: a };
            let is_due = if side == HeldSide::Long { price <= a } else { price >= a };
            prop_assert_eq!(key(a, account) <= last, is_due);
            prop_assert!(RiskKey::first(MarketId(3), side) <= key(a, account));
            prop_assert!(is_due == (bound.distance(price) == 0));
        }
    }
}

#[test]
fn funding_drifts_against_whoever_pays() {
    // A tick per lot is 10^12 of the index. (paid, long, short)
    let tick = INDEX_UNITS_PER_TICK;
    let rows = [
        (0, 0, 0),
        (2 * tick, 6, 1),
        (1, 1, 0),
        (-1, 0, -1),
        (-2 * tick, -2, -2),
        (tick, 3, 0),
        (-tick - 1, -1, -2),
    ];
    for (paid, long, short) in rows {
        assert_eq!(FundingDrift::default().after(paid), FundingDrift { long, short }, "{paid}");
    }
}

#[test]
fn an_accounts_bounds_share_its_excess_by_value() {
    let line = |side, size, mark| RiskLine {
        side,
        size: SizeLots(size),
        mark: PriceTicks(mark),
        price: i64::try_from(mark).unwrap(),
        parts: 20,
        bound: None,
    };
    // 800 of excess beyond slack against a notional of 10 lots at 1,000: three quarters of it are 0.6 of a tick a lot.
    let one = [line(HeldSide::Long, 10, 1_000)];
    let at = |excess| bounds(&one, excess).first().map(|bound| bound.ticks);
    assert_eq!(at(800 + 8), Some(999));
    assert_eq!(at(80_000 + 8), Some(1_000 - 60));
    assert_eq!(at(-5), Some(999));
    let two = vec![line(HeldSide::Long, 10, 1_000), line(HeldSide::Short, 100, 100)];
    let found = bounds(&two, 160_000 + 16);
    let ticks: Vec<_> = found.iter().map(|bound| bound.ticks).collect();
    assert_eq!(ticks, [1_000 - 58, 100 + 5]);
    let lines: Vec<_> =
        two.iter().zip(&found).map(|(line, bound)| RiskLine { bound: Some(*bound), ..*line }).collect();
    assert!(are_sound(&lines, 160_000) && !are_sound(&lines, 98_000) && !are_sound(&two, 160_000));
}

#[test]
fn a_bound_beside_others_is_fair_or_nothing() {
    let line = RiskLine {
        side: HeldSide::Long,
        size: SizeLots(10),
        mark: PriceTicks(1_000),
        price: 1_000,
        parts: 20,
        bound: None,
    };
    // A tick takes 1,000 atoms. Of an excess of 400,000, three quarters among twice its weight are 150 ticks.
    let beside =
        |leftover| bound_beside(&line, leftover, 400_000, 2 * line.weight()).map(|bound| bound.ticks);
    assert_eq!(beside(400_000), Some(1_000 - 150));
    assert_eq!(beside(150_008), Some(1_000 - 150));
    assert_eq!(beside(150_007), Some(1_000 - 149));
    assert_eq!(beside(75_008), Some(1_000 - 75));
    assert_eq!(beside(75_007), None);
    // Without any excess, the next tick is all there is, and costs nothing.
    assert_eq!(bound_beside(&line, 0, 0, line.weight()).map(|bound| bound.ticks), Some(999));
}
