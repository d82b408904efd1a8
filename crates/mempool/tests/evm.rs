//! The lane of Ethereum transactions.

mod common;

use common::{account, action, evm, neutral};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tandem_mempool::{ActionLane, ActionLimits, EvmLane, EvmLimits, PoolError};

const ROOMY: EvmLimits = EvmLimits { count_max: 100, bytes_max: 1 << 20, sender_max: 16 };

fn nonces(lane: &EvmLane, base_fee: u64) -> Vec<u64> {
    lane.best(base_fee, 99, |_| 0).iter().map(|waiting| waiting.nonce()).collect()
}

#[test]
fn a_gap_holds_back_what_is_behind_it() {
    let mut lane = EvmLane::new(ROOMY);
    for nonce in [0, 1, 3] {
        lane.insert(evm(1, nonce, 100, 1), 0).unwrap();
    }
    assert_eq!(nonces(&lane, 7), [0, 1]);
    let sender = evm(1, 0, 100, 1).sender();
    assert_eq!(lane.pending_nonce(sender, 0), 2);
    lane.insert(evm(1, 2, 100, 1), 0).unwrap();
    assert_eq!(nonces(&lane, 7), [0, 1, 2, 3]);
    assert_eq!(lane.pending_nonce(sender, 0), 4);
    // What the state has passed is dropped, and no longer taken.
    lane.advance(sender, 2);
    assert_eq!(lane.len(), 2);
    assert_eq!(lane.insert(evm(1, 1, 100, 1), 2).unwrap_err(), PoolError::NonceTooLow { expected: 2 });
    assert_eq!(lane.best(7, 99, |_| 2).len(), 2);
}

#[test]
fn the_best_payer_comes_first_but_no_one_before_their_earlier_nonce() {
    let mut lane = EvmLane::new(ROOMY);
    lane.insert(evm(1, 0, 100, 1), 0).unwrap();
    lane.insert(evm(1, 1, 100, 50), 0).unwrap();
    lane.insert(evm(2, 0, 100, 9), 0).unwrap();
    lane.insert(evm(3, 0, 6, 6), 0).unwrap();
    let tips: Vec<u128> = lane.best(7, 99, |_| 0).iter().map(|waiting| waiting.priority_fee_cap()).collect();
    assert_eq!(tips, [9, 1, 50], "and nobody who can't pay the base fee");
    assert_eq!(lane.best(7, 2, |_| 0).len(), 2);
}

#[test]
fn a_replacement_pays_a_tenth_more_in_both_fees() {
    let rows = [
        ((110, 11), Ok(())),
        ((109, 11), Err(PoolError::Underpriced)),
        ((110, 10), Err(PoolError::Underpriced)),
        ((200, 10), Err(PoolError::Underpriced)),
        ((100, 10), Err(PoolError::AlreadyWaiting)),
    ];
    for ((fee_cap, priority), expected) in rows {
        let mut lane = EvmLane::new(ROOMY);
        lane.insert(evm(1, 0, 100, 10), 0).unwrap();
        lane.insert(evm(1, 1, 100, 10), 0).unwrap();
        assert_eq!(lane.insert(evm(1, 0, fee_cap, priority), 0).map(|_| ()), expected);
        assert_eq!(lane.len(), 2);
        let old = evm(1, 0, 100, 10).hash();
        assert_eq!(lane.find(&old).is_some(), expected.is_err());
    }
}

#[test]
fn a_full_lane_takes_replacements_and_newcomers_but_not_more_of_the_same() {
    let mut lane = EvmLane::new(EvmLimits { count_max: 4, sender_max: 4, ..ROOMY });
    for nonce in 0..4 {
        lane.insert(evm(1, nonce, 100, 10), 0).unwrap();
    }
    assert_eq!(lane.insert(evm(1, 4, 100, 10), 0).map(|_| ()), Err(PoolError::SignerFull(4)));
    lane.insert(evm(1, 0, 200, 20), 0).unwrap();
    assert_eq!(lane.len(), 4);
    lane.insert(evm(2, 0, 100, 1), 0).unwrap();
    assert!(lane.find(&evm(1, 3, 100, 10).hash()).is_none(), "the heaviest loses its last");
    lane.insert(evm(2, 1, 100, 1), 0).unwrap();
    assert_eq!(lane.insert(evm(2, 2, 100_000, 100_000), 0).map(|_| ()), Err(PoolError::Full));
}

#[test]
fn a_lane_full_of_many_senders_gives_way_to_whoever_pays_a_tenth_more_than_the_least() {
    let mut lane = EvmLane::new(EvmLimits { count_max: 4, ..ROOMY });
    for (signer, price) in [(1, 500), (2, 100), (3, 300), (4, 200)] {
        lane.insert(evm(signer, 0, price, price), 0).unwrap();
    }
    let senders = |lane: &EvmLane| -> Vec<u128> {
        lane.best(0, 9, |_| 0).iter().map(|waiting| waiting.fee_cap()).collect()
    };
    // Neither who offers too little, nor who has something waiting.
    assert_eq!(lane.insert(evm(5, 0, 109, 109), 0), Err(PoolError::Full));
    assert_eq!(lane.insert(evm(1, 1, 900, 900), 0), Err(PoolError::Full));
    assert_eq!(senders(&lane), [500, 300, 200, 100]);
    lane.insert(evm(5, 0, 110, 110), 0).unwrap();
    lane.insert(evm(6, 0, 121, 121), 0).unwrap();
    lane.insert(evm(7, 0, 1_000, 1_000), 0).unwrap();
    assert_eq!(senders(&lane), [1_000, 500, 300, 200]);
}

#[test]
fn a_flood_in_one_lane_leaves_the_other_as_it_was() {
    let mut actions = ActionLane::new(ActionLimits { count_max: 5, ..ActionLimits::default() });
    let mut transactions = EvmLane::new(EvmLimits { count_max: 5, sender_max: 5, ..ROOMY });
    for nonce in 0..5 {
        actions.insert(action(1, nonce, &neutral()), account(1)).unwrap();
    }
    let content = |lane: &ActionLane| -> Vec<_> {
        lane.offer(99, usize::MAX).iter().map(|waiting| waiting.id()).collect()
    };
    let before = content(&actions);
    for signer in 1..9 {
        for nonce in 0..5 {
            let taken = transactions.insert(evm(signer, nonce, 100, 10), 0);
            assert!(matches!(taken, Ok(()) | Err(PoolError::Full)));
        }
    }
    assert_eq!(transactions.len(), 5);
    assert_eq!(content(&actions), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn limits_hold_and_every_index_agrees(
        steps in proptest::collection::vec((1..5u8, 0..8u64, 1..5u128, 0..3u8), 0..60)
    ) {
        let limits = EvmLimits { count_max: 10, bytes_max: 900, sender_max: 6 };
        let mut lane = EvmLane::new(limits);
        let mut waiting = BTreeMap::new();
        for (signer, nonce, price, what) in steps {
            let transaction = evm(signer, nonce, 100 * price, 10 * price);
            if what == 0 {
                let removed = lane.remove(&transaction.hash()).is_some();
                prop_assert_eq!(removed, waiting.remove(&transaction.hash()).is_some());
            } else if lane.insert(transaction.clone(), 0).is_ok() {
                waiting.insert(transaction.hash(), transaction);
                waiting.retain(|hash, _| lane.find(hash).is_some());
            }
            prop_assert_eq!(lane.len(), waiting.len());
            prop_assert!(waiting.keys().all(|hash| lane.find(hash).is_some_and(|found| found.hash() == *hash)));
            prop_assert!(lane.len() <= limits.count_max);
            prop_assert!(waiting.values().map(|tx| tx.raw().len()).sum::<usize>() <= limits.bytes_max);
            let mut counts: BTreeMap<_, usize> = BTreeMap::new();
            let mut places = BTreeMap::new();
            for transaction in waiting.values() {
                *counts.entry(transaction.sender()).or_default() += 1;
                prop_assert!(places.insert((transaction.sender(), transaction.nonce()), ()).is_none());
            }
            prop_assert!(counts.values().all(|count| *count <= limits.sender_max));
            // What is offered runs without gaps from each sender's next nonce.
            let mut next: BTreeMap<_, u64> = BTreeMap::new();
            for offered in lane.best(0, usize::MAX, |_| 0) {
                let expected = next.entry(offered.sender()).or_default();
                prop_assert_eq!(offered.nonce(), *expected);
                *expected += 1;
            }
        }
    }
}
