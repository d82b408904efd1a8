//! Medians, of three prices and of many weighted ones.

use tandem_types::PriceTicks;

/// The middle one of three prices.
#[must_use]
pub fn of_three(a: PriceTicks, b: PriceTicks, c: PriceTicks) -> PriceTicks {
    a.min(b).max(a.max(b).min(c))
}

/// The lower weighted median: the least price at which half of the weight is reached. `None` without weight.
///
/// Sorts `votes` by price. Weights sum in 128 bits, which no list in memory exceeds.
#[must_use]
pub fn weighted(votes: &mut [(PriceTicks, u64)]) -> Option<PriceTicks> {
    votes.sort_unstable();
    let total = weight_of(votes);
    let mut below = 0u128;
    votes.iter().filter(|(_, weight)| *weight > 0).find_map(|(price, weight)| {
        below = below.saturating_add(u128::from(*weight));
        (below.saturating_mul(2) >= total).then_some(*price)
    })
}

/// The weight of all votes.
#[must_use]
pub fn weight_of(votes: &[(PriceTicks, u64)]) -> u128 {
    votes.iter().fold(0, |sum, (_, weight)| u128::saturating_add(sum, u128::from(*weight)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn the_lower_median_is_where_half_of_the_weight_is_reached() {
        type Row = (&'static [(u64, u64)], Option<u64>);
        let rows: [Row; 7] = [
            (&[], None),
            (&[(5, 0)], None),
            (&[(5, 1)], Some(5)),
            (&[(7, 1), (5, 1)], Some(5)),
            (&[(7, 2), (5, 1)], Some(7)),
            (&[(1, 1), (2, 1), (3, 1), (4, 1)], Some(2)),
            (&[(100, 3), (101, 2), (102, 2), (99, 1), (103, 1), (98, 1), (97, 1), (104, 1)], Some(100)),
        ];
        for (votes, expected) in rows {
            let mut votes: Vec<_> =
                votes.iter().map(|(price, weight)| (PriceTicks(*price), *weight)).collect();
            assert_eq!(weighted(&mut votes), expected.map(PriceTicks), "{votes:?}");
        }
    }

    proptest! {
        #[test]
        fn the_middle_one_of_three_is_that_of_the_sorted(a: u64, b: u64, c: u64) {
            let mut sorted = [a, b, c];
            sorted.sort_unstable();
            prop_assert_eq!(of_three(PriceTicks(a), PriceTicks(b), PriceTicks(c)).0, sorted[1]);
        }

        /// With less than half of the weight, liars can't move the median out of the honest votes' range.
        #[test]
        fn a_minority_cannot_move_the_median_out_of_the_honest_range(
            honest in proptest::collection::vec((1_000u64..1_100, 1u64..1_000), 1..20),
            lies in proptest::collection::vec((any::<u64>(), 1u64..1_000), 0..20),
        ) {
            let weight = |votes: &[(u64, u64)]| votes.iter().map(|(_, weight)| weight).sum::<u64>();
            let mut left = weight(&honest) - 1;
            let lies = lies.into_iter().filter_map(|(price, weight)| {
                let weight = weight.min(left);
                left -= weight;
                (weight > 0).then_some((price, weight))
            });
            let mut votes: Vec<_> =
                honest.iter().copied().chain(lies).map(|(price, weight)| (PriceTicks(price), weight)).collect();
            let median = weighted(&mut votes).unwrap().0;
            let prices = || honest.iter().map(|(price, _)| *price);
            prop_assert!(prices().min().unwrap() <= median && median <= prices().max().unwrap());
        }

        #[test]
        fn a_higher_vote_never_lowers_the_median(
            votes in proptest::collection::vec((1u64..1_000, 1u64..100), 1..20), at: usize, up in 0u64..500,
        ) {
            let mut before: Vec<_> = votes.iter().map(|(price, weight)| (PriceTicks(*price), *weight)).collect();
            let mut after = before.clone();
            let at = at % after.len();
            after[at].0.0 += up;
            prop_assert!(weighted(&mut before) <= weighted(&mut after));
        }
    }
}
