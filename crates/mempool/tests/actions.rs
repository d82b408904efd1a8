//! The lane of exchange actions.

mod common;

use common::{account, action, cancel, neutral, orders};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_exchange::Transaction;
use tandem_exchange::action::{Action, Class};
use tandem_mempool::{ActionLane, ActionLimits, PoolError};
use tandem_types::Address;

const ROOMY: ActionLimits = ActionLimits { count_max: 100, bytes_max: 1 << 20, account_max: 100 };

/// An action of the signer of this number, for its own account.
fn insert(
    lane: &mut ActionLane,
    signer: u8,
    nonce: u64,
    what: &Action,
) -> Result<Vec<Arc<Transaction>>, PoolError> {
    lane.insert(action(signer, nonce, what), account(signer))
}

/// All that waits, as a block of any size would have it.
fn all(lane: &ActionLane) -> Vec<Arc<Transaction>> {
    lane.offer(usize::MAX, usize::MAX)
}

fn counts(lane: &ActionLane) -> BTreeMap<Address, usize> {
    let mut counts = BTreeMap::new();
    for waiting in all(lane) {
        *counts.entry(waiting.signer()).or_default() += 1;
    }
    counts
}

/// What each signer has of each class, in units of 256 bytes begun.
fn weights(lane: &ActionLane) -> BTreeMap<(Class, Address), usize> {
    let mut weights = BTreeMap::new();
    for waiting in all(lane) {
        *weights.entry((waiting.class(), waiting.signer())).or_default() += 1 + waiting.raw().len() / 256;
    }
    weights
}

/// Count and bytes of each class.
fn by_class(lane: &ActionLane) -> BTreeMap<Class, (usize, usize)> {
    let mut classes: BTreeMap<_, _> = Class::ALL.map(|class| (class, (0, 0))).into();
    for waiting in all(lane) {
        let (count, bytes) = classes.get_mut(&waiting.class()).unwrap();
        *count += 1;
        *bytes += waiting.raw().len();
    }
    classes
}

#[test]
fn actions_wait_in_the_order_of_a_block() {
    let mut lane = ActionLane::new(ROOMY);
    let arrivals = [(1, orders(1)), (2, neutral()), (3, cancel()), (4, orders(1)), (5, neutral())];
    for (nonce, what) in &arrivals {
        insert(&mut lane, 1, *nonce, what).unwrap();
    }
    let nonces: Vec<u64> = all(&lane).iter().map(|waiting| waiting.nonce()).collect();
    assert_eq!(nonces, [2, 5, 3, 1, 4]);
    assert!(all(&lane).is_sorted_by_key(|waiting| waiting.class()));
}

#[test]
fn one_action_waits_once_and_one_nonce_once() {
    let mut lane = ActionLane::new(ROOMY);
    insert(&mut lane, 1, 7, &neutral()).unwrap();
    assert_eq!(insert(&mut lane, 1, 7, &neutral()).unwrap_err(), PoolError::AlreadyWaiting);
    assert_eq!(insert(&mut lane, 1, 7, &cancel()).unwrap_err(), PoolError::NonceWaiting);
    insert(&mut lane, 2, 7, &neutral()).unwrap();
    let gone = lane.remove(&action(1, 7, &neutral()).id()).unwrap();
    assert_eq!(gone.nonce(), 7);
    insert(&mut lane, 1, 7, &cancel()).unwrap();
    assert_eq!(lane.len(), 2);
}

#[test]
fn a_signer_has_a_limit() {
    let mut lane = ActionLane::new(ActionLimits { account_max: 2, ..ROOMY });
    insert(&mut lane, 1, 1, &neutral()).unwrap();
    insert(&mut lane, 1, 2, &neutral()).unwrap();
    assert_eq!(insert(&mut lane, 1, 3, &neutral()).unwrap_err(), PoolError::SignerFull(2));
    insert(&mut lane, 2, 3, &neutral()).unwrap();
}

#[test]
fn whoever_has_most_makes_room_for_whoever_has_less() {
    let mut lane = ActionLane::new(ActionLimits { count_max: 4, ..ROOMY });
    for nonce in 1..=4 {
        insert(&mut lane, 1, nonce, &neutral()).unwrap();
    }
    assert_eq!(insert(&mut lane, 1, 5, &neutral()).unwrap_err(), PoolError::Full);
    let evicted = insert(&mut lane, 2, 1, &neutral()).unwrap();
    let evicted: Vec<_> = evicted.iter().map(|action| (action.signer(), action.nonce())).collect();
    assert_eq!(evicted, [(action(1, 1, &neutral()).signer(), 4)]);
    insert(&mut lane, 2, 2, &neutral()).unwrap();
    // Two each: neither can push the other, and a third gets one place of one of them.
    assert_eq!(insert(&mut lane, 2, 3, &neutral()).unwrap_err(), PoolError::Full);
    insert(&mut lane, 3, 1, &neutral()).unwrap();
    assert_eq!(insert(&mut lane, 3, 2, &neutral()).unwrap_err(), PoolError::Full);
    assert_eq!(lane.len(), 4);
}

#[test]
fn a_flood_of_small_actions_makes_room_for_a_larger_one_of_somebody_else() {
    let small = action(1, 1, &neutral()).raw().len();
    let large = action(2, 1, &orders(10)).raw().len();
    let mut lane = ActionLane::new(ActionLimits { bytes_max: 30 * small, ..ROOMY });
    for nonce in 1..=30 {
        insert(&mut lane, 1, nonce, &neutral()).unwrap();
    }
    let evicted = insert(&mut lane, 2, 1, &orders(10)).unwrap();
    assert!(evicted.len() >= large / small && evicted.len() < 15, "{} of {small} for {large}", evicted.len());
    assert_eq!(lane.len(), 31 - evicted.len());
}

#[test]
fn few_large_actions_are_no_shelter() {
    let large = action(1, 1, &orders(100)).raw().len();
    let mut lane = ActionLane::new(ActionLimits { bytes_max: 2 * large, ..ROOMY });
    insert(&mut lane, 1, 1, &orders(100)).unwrap();
    insert(&mut lane, 1, 2, &orders(100)).unwrap();
    let evicted = insert(&mut lane, 2, 1, &neutral()).unwrap();
    assert_eq!(evicted[0].nonce(), 2);
}

#[test]
fn what_does_not_fit_after_all_evicts_nobody() {
    let small = action(1, 1, &neutral()).raw().len();
    let mut lane = ActionLane::new(ActionLimits { count_max: 6, bytes_max: 7 * small, ..ROOMY });
    for signer in [1, 2, 2, 3, 3, 3] {
        let nonce = u64::try_from(lane.len()).unwrap();
        insert(&mut lane, signer, nonce, &neutral()).unwrap();
    }
    let ids = |lane: &ActionLane| -> Vec<_> { all(lane).iter().map(|waiting| waiting.id()).collect() };
    let before = ids(&lane);
    // Its class may have two of the six places, and takes one; but its bytes are more than a third.
    assert_eq!(insert(&mut lane, 4, 1, &orders(100)).unwrap_err(), PoolError::Full);
    assert_eq!(ids(&lane), before);
}

#[test]
fn a_class_has_a_third_of_the_room_against_any_flood_of_the_others() {
    let mut lane = ActionLane::new(ActionLimits { count_max: 12, ..ROOMY });
    // As many accounts as actions: nobody has more than anybody else.
    for signer in 1..=12 {
        insert(&mut lane, signer, 1, &neutral()).unwrap();
    }
    assert_eq!(insert(&mut lane, 13, 1, &neutral()).unwrap_err(), PoolError::Full);
    for signer in 1..=4 {
        let evicted = insert(&mut lane, signer, 2, &cancel()).unwrap();
        assert_eq!(evicted.iter().map(|gone| gone.class()).collect::<Vec<_>>(), [Class::Neutral]);
    }
    assert_eq!(insert(&mut lane, 13, 2, &cancel()).unwrap_err(), PoolError::Full);
    for signer in 5..=8 {
        assert_eq!(insert(&mut lane, signer, 3, &orders(1)).unwrap().len(), 1);
    }
    assert_eq!(insert(&mut lane, 13, 3, &orders(1)).unwrap_err(), PoolError::Full);
    let classes: Vec<Class> = all(&lane).iter().map(|waiting| waiting.class()).collect();
    assert_eq!(classes, [[Class::Neutral; 4], [Class::Cancels; 4], [Class::MayTake; 4]].concat());
}

#[test]
fn agents_give_an_account_no_more_room() {
    let limits = ActionLimits { count_max: 4, account_max: 3, ..ROOMY };
    let mut lane = ActionLane::new(limits);
    let mut agent =
        |key, owner| lane.insert(action(key, 1, &neutral()), account(owner)).map(|gone| gone.len());
    assert_eq!([1, 2, 3].map(|key| agent(key, 1)), [Ok(0); 3]);
    assert_eq!(agent(4, 1), Err(PoolError::SignerFull(3)));
    assert_eq!([agent(5, 2), agent(6, 2)], [Ok(0), Ok(1)]);
    assert_eq!(agent(7, 2), Err(PoolError::Full));
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
        let limits = ActionLimits { count_max: 12, bytes_max: 4_000, account_max: 8 };
        let mut lane = ActionLane::new(limits);
        for step in steps {
            let before = counts(&lane);
            let classes = by_class(&lane);
            match step {
                Step::Insert { signer, nonce, class } => {
                    let what = [neutral(), cancel(), orders(5)][usize::from(class)].clone();
                    let newcomer = action(signer, nonce, &what);
                    match lane.insert(newcomer.clone(), account(signer)) {
                        Ok(evicted) => {
                            let after = weights(&lane);
                            for gone in evicted {
                                if gone.class() != newcomer.class() {
                                    // The other class had more than its third, and the newcomer's has no more.
                                    let third = |of: Class, classes: &BTreeMap<Class, (usize, usize)>| {
                                        let (count, bytes) = classes[&of];
                                        (count * 3 > limits.count_max, bytes * 3 > limits.bytes_max)
                                    };
                                    prop_assert_ne!(third(gone.class(), &classes), (false, false));
                                    prop_assert_ne!(third(newcomer.class(), &by_class(&lane)), (true, true));
                                    continue;
                                }
                                // Whoever made room still has no less of the class than the newcomer's signer.
                                prop_assert_ne!(gone.signer(), newcomer.signer());
                                let of = |signer| after.get(&(gone.class(), signer)).copied().unwrap_or(0);
                                prop_assert!(of(gone.signer()) >= of(newcomer.signer()));
                            }
                        }
                        Err(_) => prop_assert_eq!(&counts(&lane), &before, "a refusal changes nothing"),
                    }
                }
                Step::Remove { nth } => {
                    if let Some(waiting) = all(&lane).get(nth) {
                        prop_assert!(lane.remove(&waiting.id()).is_some());
                        prop_assert!(!lane.contains(&waiting.id()));
                        prop_assert!(lane.remove(&waiting.id()).is_none());
                    }
                }
            }
            let all = all(&lane);
            prop_assert_eq!(all.len(), lane.len());
            prop_assert!(lane.len() <= limits.count_max);
            prop_assert!(all.iter().map(|waiting| waiting.raw().len()).sum::<usize>() <= limits.bytes_max);
            prop_assert!(counts(&lane).values().all(|count| *count <= limits.account_max));
            prop_assert!(all.is_sorted_by_key(|waiting| waiting.class()));
            prop_assert!(all.iter().all(|waiting| waiting.class() >= Class::Neutral));
        }
    }
}
