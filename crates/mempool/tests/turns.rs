//! Whose turn it is: the lane against a naive twin, and how long anybody waits.

mod common;

use common::{account, action, cancel, neutral, orders};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tandem_exchange::Transaction;
use tandem_exchange::action::{Action, Class};
use tandem_mempool::{ActionLane, ActionLimits};
use tandem_types::{AccountId, TxId};

const ROOMY: ActionLimits = ActionLimits { count_max: 10_000, bytes_max: 1 << 24, account_max: 1_000 };

/// A lane with actions of accounts, each signing for itself.
fn lane_of(arrivals: impl IntoIterator<Item = Arc<Transaction>>, accounts: &[u8]) -> ActionLane {
    let mut lane = ActionLane::new(ROOMY);
    for (arrived, number) in arrivals.into_iter().zip(accounts) {
        lane.insert(arrived, account(*number)).unwrap();
    }
    lane
}

/// All that waits, in turn, as pairs of what `name` says of each and its nonce.
fn in_turn<T>(lane: &ActionLane, name: impl Fn(&Transaction) -> T) -> Vec<(T, u64)> {
    let offered = lane.offer(usize::MAX, usize::MAX);
    offered.iter().map(|waiting| (name(waiting), waiting.nonce())).collect()
}

/// The number of the signer, found by trying.
fn signer(waiting: &Transaction) -> u8 {
    let is_it = |number: &u8| action(*number, 0, &neutral()).signer() == waiting.signer();
    (1..10).find(is_it).unwrap()
}

#[test]
fn ten_thousand_of_one_account_do_not_delay_the_one_of_another() {
    let many = (1..=50).map(|nonce| action(1, nonce, &neutral()));
    let lane = lane_of(many.chain([action(2, 7, &neutral())]), &[[1; 50].as_slice(), &[2]].concat());
    let order = in_turn(&lane, signer);
    assert_eq!(order[..4], [(1, 1), (2, 7), (1, 2), (1, 3)]);
}

#[test]
fn an_account_goes_by_nonce_in_whatever_order_its_actions_came() {
    let lane = lane_of([3, 1, 2].map(|nonce| action(1, nonce, &neutral())), &[1; 3]);
    assert_eq!(in_turn(&lane, signer), [(1, 1), (1, 2), (1, 3)]);
}

#[test]
fn agents_have_no_turns_of_their_own() {
    // Signers 1 to 3 act for one account, signer 4 for another.
    let arrivals = [(1, 1), (2, 2), (3, 3), (4, 9), (4, 10)];
    let lane = lane_of(arrivals.map(|(key, nonce)| action(key, nonce, &neutral())), &[1, 1, 1, 4, 4]);
    assert_eq!(in_turn(&lane, signer), [(1, 1), (4, 9), (2, 2), (4, 10), (3, 3)]);
}

#[test]
fn a_batch_counts_for_as_many_turns_as_it_has_items() {
    let batches = [action(1, 1, &orders(3)), action(1, 2, &orders(1))];
    let singles = (1..=5).map(|nonce| action(2, nonce, &orders(1)));
    let lane = lane_of(batches.into_iter().chain(singles), &[1, 1, 2, 2, 2, 2, 2]);
    assert_eq!(in_turn(&lane, signer), [(1, 1), (2, 1), (2, 2), (2, 3), (1, 2), (2, 4), (2, 5)]);
}

#[test]
fn turns_go_on_in_the_next_block() {
    let all = |key| (1..=3).map(move |nonce| action(key, nonce, &neutral()));
    let mut lane = lane_of(all(1).chain(all(2)), &[1, 1, 1, 2, 2, 2]);
    for nonce in [1, 2] {
        lane.served(&action(1, nonce, &neutral()).id()).unwrap();
    }
    // Account 1 is two ahead; account 3 joins where the clock stands, which is where account 1 was served last.
    lane.insert(action(3, 1, &neutral()), account(3)).unwrap();
    assert_eq!(in_turn(&lane, signer), [(2, 1), (2, 2), (3, 1), (1, 3), (2, 3)]);
    // What leaves without having been in a block costs no turn.
    lane.remove(&action(2, 1, &neutral()).id()).unwrap();
    assert_eq!(in_turn(&lane, signer), [(2, 2), (2, 3), (3, 1), (1, 3)]);
}

#[test]
fn of_one_signer_a_block_is_offered_no_more_than_the_rules_remember() {
    let kinds = [neutral(), cancel(), orders(1)];
    let arrivals = (1..=150u64).map(|nonce| action(1, nonce, &kinds[usize::try_from(nonce % 3).unwrap()]));
    let mut lane = lane_of(arrivals, &[1; 150]);
    lane.insert(action(2, 500, &neutral()), account(1)).unwrap();
    let nonces: BTreeSet<u64> = in_turn(&lane, signer).into_iter().map(|(_, nonce)| nonce).collect();
    assert_eq!(nonces, (1..=100).chain([500]).collect());
}

#[test]
fn each_class_is_offered_as_much_as_a_block_takes() {
    let (mut arrivals, mut accounts) = (Vec::new(), Vec::new());
    for kind in [neutral(), cancel(), orders(1)] {
        for nonce in 1..=5 {
            let number = u8::try_from(1 + arrivals.len()).unwrap();
            arrivals.push(action(number, nonce, &kind));
            accounts.push(number);
        }
    }
    let lane = lane_of(arrivals, &accounts);
    let classes = |offered: Vec<Arc<Transaction>>| offered.iter().map(|one| one.class()).collect::<Vec<_>>();
    let [neutral, cancels, takers] = Class::ALL;
    assert_eq!(classes(lane.offer(2, usize::MAX)), [neutral, neutral, cancels, cancels, takers, takers]);
    let longest = lane.offer(9, usize::MAX).iter().map(|one| one.raw().len()).max().unwrap();
    assert_eq!(classes(lane.offer(9, longest)), [neutral, cancels, takers]);
    assert_eq!(classes(lane.offer(9, 0)), []);
}

/// The lane as one would explain it: lists, searched from end to end.
#[derive(Default)]
struct Naive {
    waiting: Vec<Waiting>,
    starts: BTreeMap<(Class, AccountId), (u64, u64)>,
    /// Starts of accounts that have nothing waiting.
    left: BTreeMap<(Class, AccountId), u64>,
    clocks: BTreeMap<Class, u64>,
    arrivals: u64,
}

/// How many orders an action of these tests has.
fn items(action: &Transaction) -> u64 {
    match action.checked().action() {
        Action::Order(place) => u64::try_from(place.orders.len()).unwrap(),
        _ => 1,
    }
}

#[derive(Clone)]
struct Waiting {
    id: TxId,
    class: Class,
    account: AccountId,
    nonce: u64,
    arrival: u64,
    items: u64,
}

impl Naive {
    fn insert(&mut self, action: &Transaction, account: AccountId) {
        self.arrivals += 1;
        let (class, arrival) = (action.class(), self.arrivals);
        let clock = self.clocks.get(&class).copied().unwrap_or(0);
        let start = self.left.get(&(class, account)).map_or(clock, |left| clock.max(*left));
        self.starts.entry((class, account)).or_insert((start, arrival));
        let items = items(action);
        let (id, nonce) = (action.id(), action.nonce());
        self.waiting.push(Waiting { id, class, account, nonce, arrival, items });
    }

    fn order(&self) -> Vec<TxId> {
        let (mut starts, mut left, mut order) = (self.starts.clone(), self.waiting.clone(), Vec::new());
        for class in Class::ALL {
            let rank = |one: &Waiting, starts: &BTreeMap<_, (u64, u64)>| {
                (starts[&(class, one.account)], one.account, one.nonce, one.arrival)
            };
            while let Some(next) =
                left.iter().filter(|one| one.class == class).min_by_key(|one| rank(one, &starts)).cloned()
            {
                starts.get_mut(&(class, next.account)).unwrap().0 += next.items;
                left.retain(|one| one.id != next.id);
                order.push(next.id);
            }
        }
        order
    }

    fn remove(&mut self, id: &TxId, served: bool) {
        let at = self.waiting.iter().position(|one| one.id == *id).unwrap();
        let gone = self.waiting.remove(at);
        let key = (gone.class, gone.account);
        if served {
            let start = self.starts.get_mut(&key).unwrap();
            let clock = self.clocks.entry(gone.class).or_default();
            *clock = start.0.max(*clock);
            start.0 += gone.items;
        }
        if !self.waiting.iter().any(|one| (one.class, one.account) == key) {
            let (start, _) = self.starts.remove(&key).unwrap();
            self.left.insert(key, start);
        }
        if served && !self.waiting.iter().any(|one| one.class == gone.class) {
            self.left.retain(|(class, _), _| *class != gone.class);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert { signer: u8, account: u8, nonce: u64, kind: usize },
    Serve { count: usize },
    Drop { nth: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (1..6u8, 1..4u8, 0..40u64, 0..4usize)
            .prop_map(|(signer, account, nonce, kind)| Step::Insert { signer, account, nonce, kind }),
        2 => (1..6usize).prop_map(|count| Step::Serve { count }),
        1 => (0..20usize).prop_map(|nth| Step::Drop { nth }),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_lane_gives_turns_as_its_naive_twin_does(steps in steps()) {
        let (mut lane, mut twin) = (ActionLane::new(ROOMY), Naive::default());
        let kinds = [neutral(), cancel(), orders(1), orders(7)];
        for step in steps {
            match step {
                Step::Insert { signer, account: owner, nonce, kind } => {
                    let arrived = action(signer, nonce, &kinds[kind]);
                    if lane.insert(Arc::clone(&arrived), account(owner)).is_ok() {
                        twin.insert(&arrived, account(owner));
                    }
                }
                Step::Serve { count } => {
                    for served in lane.offer(count, usize::MAX) {
                        prop_assert!(lane.served(&served.id()).is_some());
                        twin.remove(&served.id(), true);
                    }
                }
                Step::Drop { nth } => {
                    if let Some(gone) = lane.offer(usize::MAX, usize::MAX).get(nth) {
                        prop_assert!(lane.remove(&gone.id()).is_some());
                        twin.remove(&gone.id(), false);
                    }
                }
            }
            let order: Vec<TxId> =
                lane.offer(usize::MAX, usize::MAX).iter().map(|waiting| waiting.id()).collect();
            prop_assert_eq!(order, twin.order());
        }
    }

    /// With `n` accounts that have something waiting while it waits, and `c` actions of its class in each block, an
    /// account's `k`th action is in a block at the latest `⌈(k + 1) × n / c⌉` blocks after it came.
    #[test]
    fn nobody_waits_longer_than_turns_take(
        arrivals in proptest::collection::vec(proptest::collection::vec((1..6u8, 1..12u64), 0..4), 1..12),
        per_block in 1..4usize,
    ) {
        struct Seen { account: AccountId, ahead: usize, blocks: usize, others: BTreeSet<AccountId> }
        let mut lane = ActionLane::new(ROOMY);
        let mut seen: BTreeMap<TxId, Seen> = BTreeMap::new();
        let mut nonce = 0;
        let mut blocks = arrivals.into_iter();
        loop {
            let arrived = blocks.next();
            let more = arrived.is_some();
            for (owner, count) in arrived.into_iter().flatten() {
                for _ in 0..count {
                    nonce += 1;
                    let arrived = action(owner, nonce, &neutral());
                    let own = |other: &&Seen| other.account == account(owner);
                    let ahead = 1 + seen.values().filter(own).count();
                    let begin = Seen { account: account(owner), ahead, blocks: 0, others: BTreeSet::new() };
                    seen.insert(arrived.id(), begin);
                    lane.insert(arrived, account(owner)).unwrap();
                }
            }
            let active: BTreeSet<AccountId> = seen.values().map(|one| one.account).collect();
            for one in seen.values_mut() {
                one.blocks += 1;
                one.others.extend(&active);
            }
            for served in lane.offer(per_block, usize::MAX) {
                lane.served(&served.id()).unwrap();
                let one = seen.remove(&served.id()).unwrap();
                let bound = ((one.ahead + 1) * one.others.len()).div_ceil(per_block);
                prop_assert!(one.blocks <= bound, "{} blocks, at most {bound}", one.blocks);
            }
            if !more && seen.is_empty() {
                break;
            }
        }
        prop_assert!(lane.is_empty());
    }
}
