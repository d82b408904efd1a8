//! The lane of exchange actions.

mod common;

use common::{action, cancel, neutral, orders};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tandem_exchange::action::Class;
use tandem_mempool::{ActionLane, ActionLimits, PoolError};
use tandem_types::Address;

const ROOMY: ActionLimits = ActionLimits { count_max: 100, bytes_max: 1 << 20, signer_max: 100 };

fn counts(lane: &ActionLane) -> BTreeMap<Address, usize> {
    let mut counts = BTreeMap::new();
    for waiting in lane.first(usize::MAX) {
        *counts.entry(waiting.signer()).or_default() += 1;
    }
    counts
}

/// What each signer has, in units of 256 bytes begun.
fn weights(lane: &ActionLane) -> BTreeMap<Address, usize> {
    let mut weights = BTreeMap::new();
    for waiting in lane.first(usize::MAX) {
        *weights.entry(waiting.signer()).or_default() += 1 + waiting.raw().len() / 256;
    }
    weights
}

#[test]
fn actions_wait_in_the_order_of_a_block() {
    let mut lane = ActionLane::new(ROOMY);
    let arrivals = [(1, orders(1)), (2, neutral()), (3, cancel()), (4, orders(1)), (5, neutral())];
    for (nonce, what) in &arrivals {
        lane.insert(action(1, *nonce, what)).unwrap();
    }
    let nonces: Vec<u64> = lane.first(9).iter().map(|waiting| waiting.nonce()).collect();
    assert_eq!(nonces, [2, 5, 3, 1, 4]);
    assert!(lane.first(9).is_sorted_by_key(|waiting| waiting.class()));
    assert_eq!(lane.first(2).len(), 2);
}

#[test]
fn one_action_waits_once_and_one_nonce_once() {
    let mut lane = ActionLane::new(ROOMY);
    lane.insert(action(1, 7, &neutral())).unwrap();
    assert_eq!(lane.insert(action(1, 7, &neutral())).unwrap_err(), PoolError::AlreadyWaiting);
    assert_eq!(lane.insert(action(1, 7, &cancel())).unwrap_err(), PoolError::NonceWaiting);
    lane.insert(action(2, 7, &neutral())).unwrap();
    let gone = lane.remove(&action(1, 7, &neutral()).id()).unwrap();
    assert_eq!(gone.nonce(), 7);
    lane.insert(action(1, 7, &cancel())).unwrap();
    assert_eq!(lane.len(), 2);
}

#[test]
fn a_signer_has_a_limit() {
    let mut lane = ActionLane::new(ActionLimits { signer_max: 2, ..ROOMY });
    lane.insert(action(1, 1, &neutral())).unwrap();
    lane.insert(action(1, 2, &neutral())).unwrap();
    assert_eq!(lane.insert(action(1, 3, &neutral())).unwrap_err(), PoolError::SignerFull(2));
    lane.insert(action(2, 3, &neutral())).unwrap();
}

#[test]
fn whoever_has_most_makes_room_for_whoever_has_less() {
    let mut lane = ActionLane::new(ActionLimits { count_max: 4, ..ROOMY });
    for nonce in 1..=4 {
        lane.insert(action(1, nonce, &neutral())).unwrap();
    }
    assert_eq!(lane.insert(action(1, 5, &neutral())).unwrap_err(), PoolError::Full);
    let evicted = lane.insert(action(2, 1, &neutral())).unwrap();
    let evicted: Vec<_> = evicted.iter().map(|action| (action.signer(), action.nonce())).collect();
    assert_eq!(evicted, [(action(1, 1, &neutral()).signer(), 4)]);
    lane.insert(action(2, 2, &neutral())).unwrap();
    // Two each: neither can push the other, and a third gets one place of one of them.
    assert_eq!(lane.insert(action(2, 3, &neutral())).unwrap_err(), PoolError::Full);
    lane.insert(action(3, 1, &neutral())).unwrap();
    assert_eq!(lane.insert(action(3, 2, &neutral())).unwrap_err(), PoolError::Full);
    assert_eq!(lane.len(), 4);
}

#[test]
fn a_flood_of_small_actions_makes_room_for_a_larger_one_of_somebody_else() {
    let small = action(1, 1, &neutral()).raw().len();
    let large = action(2, 1, &orders(10)).raw().len();
    let mut lane = ActionLane::new(ActionLimits { bytes_max: 30 * small, ..ROOMY });
    for nonce in 1..=30 {
        lane.insert(action(1, nonce, &neutral())).unwrap();
    }
    let evicted = lane.insert(action(2, 1, &orders(10))).unwrap();
    assert!(evicted.len() >= large / small && evicted.len() < 15, "{} of {small} for {large}", evicted.len());
    assert_eq!(lane.len(), 31 - evicted.len());
}

#[test]
fn few_large_actions_are_no_shelter() {
    let large = action(1, 1, &orders(100)).raw().len();
    let mut lane = ActionLane::new(ActionLimits { bytes_max: 2 * large, ..ROOMY });
    lane.insert(action(1, 1, &orders(100))).unwrap();
    lane.insert(action(1, 2, &orders(100))).unwrap();
    let evicted = lane.insert(action(2, 1, &neutral())).unwrap();
    assert_eq!(evicted[0].nonce(), 2);
}

#[test]
fn what_does_not_fit_after_all_evicts_nobody() {
    let small = action(1, 1, &neutral()).raw().len();
    let mut lane = ActionLane::new(ActionLimits { bytes_max: 10 * small, ..ROOMY });
    for nonce in 1..=10 {
        lane.insert(action(1, nonce, &[neutral(), cancel()][usize::from(nonce % 2 == 0)]))
            .unwrap_or_default();
    }
    let before: Vec<_> = lane.first(99).iter().map(|waiting| waiting.id()).collect();
    assert_eq!(lane.insert(action(2, 1, &orders(100))).unwrap_err(), PoolError::Full);
    let after: Vec<_> = lane.first(99).iter().map(|waiting| waiting.id()).collect();
    assert_eq!(after, before);
}

#[derive(Clone, Debug)]
enum Step {
    Insert { signer: u8, nonce: u64, class: u8 },
    Remove { nth: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (1..6u8, 0..30u64, 0..3u8).prop_map(|(signer, nonce, class)| Step::Insert { signer, nonce, class }),
        1 => (0..20usize).prop_map(|nth| Step::Remove { nth }),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn limits_hold_and_nobody_with_a_fair_share_is_pushed_out(steps in steps()) {
        let limits = ActionLimits { count_max: 12, bytes_max: 4_000, signer_max: 8 };
        let mut lane = ActionLane::new(limits);
        for step in steps {
            let before = counts(&lane);
            match step {
                Step::Insert { signer, nonce, class } => {
                    let what = [neutral(), cancel(), orders(5)][usize::from(class)].clone();
                    let newcomer = action(signer, nonce, &what);
                    match lane.insert(newcomer.clone()) {
                        Ok(evicted) => {
                            let after = weights(&lane);
                            for gone in evicted {
                                prop_assert_ne!(gone.signer(), newcomer.signer());
                                // Whoever made room still has no less than the newcomer's signer.
                                let kept = after.get(&gone.signer()).copied().unwrap_or(0);
                                prop_assert!(kept >= after[&newcomer.signer()]);
                            }
                        }
                        Err(_) => prop_assert_eq!(&counts(&lane), &before, "a refusal changes nothing"),
                    }
                }
                Step::Remove { nth } => {
                    if let Some(waiting) = lane.first(usize::MAX).get(nth) {
                        prop_assert!(lane.remove(&waiting.id()).is_some());
                        prop_assert!(!lane.contains(&waiting.id()));
                        prop_assert!(lane.remove(&waiting.id()).is_none());
                    }
                }
            }
            let all = lane.first(usize::MAX);
            prop_assert_eq!(all.len(), lane.len());
            prop_assert!(lane.len() <= limits.count_max);
            prop_assert!(all.iter().map(|waiting| waiting.raw().len()).sum::<usize>() <= limits.bytes_max);
            prop_assert!(counts(&lane).values().all(|count| *count <= limits.signer_max));
            prop_assert!(all.is_sorted_by_key(|waiting| waiting.class()));
            prop_assert!(all.iter().all(|waiting| waiting.class() >= Class::Neutral));
        }
    }
}
