//! Who is closed, how much of it, and what it pays.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;
use tandem_types::{BlockTime, SignedLots, Usd};

/// A bucket, and lots.
type Holder = (usize, u64);

/// Runs both passes over holders; returns what each is closed by.
fn shares(need: u64, holders: &[Holder]) -> Vec<u64> {
    let mut state = Deleverage::new(BlockTime(0), HeldSide::Short);
    holders.iter().for_each(|(bucket, lots)| state.counted.add(*bucket, *lots));
    let mut closing = state.next_pass(SizeLots(need)).unwrap();
    let share = |(bucket, lots): &Holder| {
        let share = closing.share(*bucket, *lots);
        closing.closed.add(*bucket, share.0);
        share.0
    };
    holders.iter().map(share).collect()
}

#[test]
fn the_highest_bucket_is_closed_first_and_the_last_one_in_proportion() {
    let rows: [(u64, &[Holder], &[u64]); 5] = [
        (10, &[(4, 10), (9, 6), (5, 8)], &[0, 6, 4]),
        (10, &[(4, 30), (4, 10)], &[7, 3]),
        (3, &[(4, 1), (4, 1), (4, 1), (4, 1)], &[0, 1, 1, 1]),
        (100, &[(4, 5), (3, 5)], &[5, 5]),
        (1, &[(0, 1), (0, 1_000)], &[0, 1]),
    ];
    for (need, holders, expected) in rows {
        assert_eq!(shares(need, holders), expected, "{need} of {holders:?}");
    }
}

#[test]
fn buckets_double_from_an_eighth_on() {
    let at = |entry: u64, value: i128, long: bool| {
        let size = SignedLots(if long { 100 } else { -100 });
        let position = Position { size, entry: QuoteAtoms(entry), ..Position::new(1, MarginMode::Cross) };
        let unit = Margin { value, notional: 10_000, ..Margin::default() };
        bucket(&position, PriceTicks(1), &unit)
    };
    // Now worth 10,000. (entry, value, bucket of a long, bucket of a short)
    let rows = [
        (10_000, 10_000, 4, 4),
        (10_000, 5_001, 4, 4),
        (10_000, 5_000, 5, 5),
        (5_000, 5_000, 6, 4),
        (20_000, 5_000, 4, 6),
        (10_000, 100_000, 0, 0),
        (10_000, 80_000, 1, 1),
        (10_000, 1, 15, 15),
        (10_000, 0, 15, 15),
        (10_000, -1, 15, 15),
    ];
    for (entry, value, long, short) in rows {
        assert_eq!((at(entry, value, true), at(entry, value, false)), (long, short), "{entry} {value}");
    }
}

fn margins() -> impl Strategy<Value = Margin> {
    (-(1i128 << 50)..1 << 50, 1i128..1 << 50).prop_map(|(value, notional)| Margin {
        value,
        notional,
        ..Margin::default()
    })
}

proptest! {
    #[test]
    fn nobody_is_closed_by_a_lot_more_than_its_part(
        need in 1u64..100_000, holders in proptest::collection::vec((0usize..BUCKETS, 1u64..10_000), 1..50),
    ) {
        let shares = shares(need, &holders);
        let total: u64 = holders.iter().map(|(_, lots)| lots).sum();
        prop_assert_eq!(shares.iter().sum::<u64>(), need.min(total));
        for ((bucket, lots), share) in holders.iter().zip(&shares) {
            let of = |keep: &dyn Fn(usize) -> bool| {
                holders.iter().filter(|(other, _)| keep(*other)).map(|(_, lots)| *lots).sum::<u64>()
            };
            let (above, within) = (of(&|other| other > *bucket), of(&|other| other == *bucket));
            let quota = need.saturating_sub(above).min(within);
            // The exact part is quota × lots / within.
            let exact = u128::from(quota) * u128::from(*lots);
            let (floor, ceil) = (exact / u128::from(within), exact.div_ceil(u128::from(within)));
            prop_assert!((floor..=ceil).contains(&u128::from(*share)) && share <= lots);
        }
    }

    #[test]
    fn nobody_pays_more_than_is_missing_nor_with_more_than_its_closed_part_of_value(
        fund in margins(), holder in margins(), closed: u64,
    ) {
        let closed = u128::from(closed) % fund.notional.min(holder.notional).unsigned_abs() + 1;
        let paid = i128::from(payment(&fund, &holder, closed).0);
        prop_assert!(paid <= (-fund.value).max(0));
        prop_assert!(paid <= holder.value.max(0));
        // No more leverage than before: value' / notional' is at least value / notional.
        let part = i128::try_from(closed).unwrap();
        if holder.value > 0 {
            prop_assert!((holder.value - paid) * holder.notional >= holder.value * (holder.notional - part));
        }
        // The last part of all pays all, if it may.
        let last = Margin { notional: part, ..fund };
        let rich = Margin { value: i128::MAX >> 70, notional: part, ..Margin::default() };
        prop_assert_eq!(i128::from(payment(&last, &rich, closed).0), (-fund.value).max(0));
    }

    #[test]
    fn nothing_panics(size: i64, entry: u64, mark: u64, value: i128, held: i128, closed: u128, fund: i128) {
        let position = Position {
            size: SignedLots(size), entry: QuoteAtoms(entry), quote: Usd(0), ..Position::new(1, MarginMode::Cross)
        };
        let unit = Margin { value, notional: held, ..Margin::default() };
        prop_assert!(bucket(&position, PriceTicks(mark), &unit) < BUCKETS);
        let fund = Margin { value: fund, notional: value, ..Margin::default() };
        let _ = payment(&fund, &unit, closed);
    }
}
