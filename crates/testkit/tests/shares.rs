//! How the classes of actions share a block: cases, and a naive twin on random floods.
//!
//! Each block here goes through [`Harness::block`]: it is checked, applied again and undone like any other, so whatever
//! the builder chooses is a valid block.

use proptest::prelude::*;
use tandem_exchange::action::{Action, CancelByCloid, Class, Order, OrderKind, TimeInForce as Tif};
use tandem_exchange::{CANCEL_WORK, MAKER_WORK, ORDER_WORK, Transaction};
use tandem_testkit::{Harness, PURR, Signer, Step, asset, buy, genesis, place, sell, size};
use tandem_types::Cloid;

const BLOCK: u64 = 60_000_000;
const SHARE: u64 = BLOCK / 3;
/// Work of an action before that of its items.
const BASE: u64 = 1_000;
const WALLETS: u8 = 5;

/// A chain on which nobody's budget runs out, nor the bytes of a block before its work.
fn chain() -> Harness {
    let mut genesis = genesis();
    genesis.system.parameters.block_work_max = BLOCK;
    genesis.exchange.config.budget_base = 1 << 40;
    genesis.exchange.config.open_orders_max = 10_000;
    let mut chain = Harness::new(genesis);
    chain.action_bytes_max = 2 << 20;
    chain
}

/// `items` that are refused at once, but cost what such items cost.
fn refused(class: Class, items: u64) -> Action {
    let items = usize::try_from(items).unwrap();
    let order = |kind| Order { kind: OrderKind::Limit(kind), size: size("0"), ..buy(PURR, "1", "1") };
    match class {
        Class::Neutral => place(&vec![order(Tif::Alo); items]),
        Class::Cancels => {
            Action::CancelByCloid(vec![CancelByCloid { asset: asset(PURR), cloid: Cloid([7; 16]) }; items])
        }
        Class::MayTake => place(&vec![order(Tif::Gtc); items]),
    }
}

const fn cost(class: Class, items: u64) -> u64 {
    let item = match class {
        Class::Neutral | Class::MayTake => ORDER_WORK.0,
        Class::Cancels => CANCEL_WORK.0,
    };
    BASE + items * item
}

/// So many actions, each of its number of items, signed by the wallets in turn.
fn flood(chain: &mut Harness, class: Class, sizes: impl IntoIterator<Item = u64>) -> Vec<Transaction> {
    let signed = sizes.into_iter().zip((1..=WALLETS).cycle());
    signed.map(|(items, wallet)| chain.sign(&Signer::wallet(wallet), &refused(class, items))).collect()
}

const fn work(step: &Step, class: Class) -> u64 {
    step.taken.of(class).work.0
}

fn count(step: &Step, class: Class) -> usize {
    usize::try_from(step.taken.of(class).count).unwrap()
}

fn used(step: &Step) -> u64 {
    Class::ALL.map(|class| work(step, class)).iter().sum()
}

#[test]
fn a_class_alone_has_the_whole_block() {
    for class in Class::ALL {
        let mut chain = chain();
        let full = usize::try_from(BLOCK / cost(class, 128)).unwrap();
        let actions = flood(&mut chain, class, vec![128; full + 5]);
        let step = chain.block(&actions, &[]);
        assert_eq!(count(&step, class), full, "{class:?}");
    }
}

#[test]
fn three_floods_have_a_third_each() {
    let mut chain = chain();
    for _ in 0..3 {
        let mut actions = flood(&mut chain, Class::Neutral, [128; 120]);
        actions.extend(flood(&mut chain, Class::Cancels, [128; 160]));
        actions.extend(flood(&mut chain, Class::MayTake, [128; 120]));
        let step = chain.block(&actions, &[]);
        for class in Class::ALL {
            let got = work(&step, class);
            assert!(got <= SHARE + 2 * cost(class, 128), "{class:?} got {got}");
            assert!(got > SHARE - cost(class, 128), "{class:?} got {got}");
        }
    }
}

#[test]
fn whoever_comes_behind_a_flood_is_in_the_next_block_and_the_flood_has_the_rest() {
    for flooding in Class::ALL {
        let mut chain = chain();
        let others = || Class::ALL.into_iter().filter(|class| *class != flooding);
        for round in 0..3 {
            let mut actions = flood(&mut chain, flooding, [128; 160]);
            for class in others() {
                actions.extend(flood(&mut chain, class, [1; 20]));
            }
            let step = chain.block(&actions, &[]);
            assert!(others().all(|class| count(&step, class) == 20), "{flooding:?}");
            // Once it is known what the others cost, at most a quarter of that is kept in vain.
            let needed: u64 = others().map(|class| work(&step, class)).sum();
            let unused = BLOCK - used(&step);
            assert!(round == 0 || unused < needed / 4 + cost(flooding, 128), "{flooding:?}: {unused} unused");
        }
    }
}

/// A thousand and eight asks at which nobody takes.
fn with_makers() -> Harness {
    let mut chain = chain();
    for _ in 0..9 {
        chain.act(&Signer::wallet(1), &place(&[sell(PURR, "0.1", "100"); 112]));
    }
    chain
}

/// A fill-or-kill order that visits a thousand makers and takes none.
fn dear() -> Action {
    let kind = OrderKind::Limit(Tif::Fok);
    place(&[Order { kind, ..buy(PURR, "0.1", "1000000") }])
}

#[test]
fn a_class_that_was_thought_cheap_has_its_share_one_block_later() {
    let mut chain = with_makers();
    let cheap = flood(&mut chain, Class::MayTake, [1; 20]);
    chain.block(&cheap, &[]);
    let price = BASE + ORDER_WORK.0 + 1_000 * MAKER_WORK.0;
    let mut got = Vec::new();
    for _ in 0..4 {
        let mut actions = flood(&mut chain, Class::Neutral, [128; 160]);
        actions.extend((0..8).map(|_| chain.sign(&Signer::wallet(2), &dear())));
        let step = chain.block(&actions, &[]);
        assert!(work(&step, Class::Neutral) > SHARE);
        got.push(work(&step, Class::MayTake));
    }
    assert!(got[0] < price, "the first forecast was {}", got[0]);
    assert!(got[1..].iter().all(|got| *got > SHARE - price), "{got:?}");
}

#[test]
fn bytes_are_shared_like_work() {
    let mut chain = chain();
    let actions = |chain: &mut Harness| {
        let mut actions = flood(chain, Class::Neutral, [64; 60]);
        actions.extend(flood(chain, Class::Cancels, [1; 60]));
        actions.extend(flood(chain, Class::MayTake, [64; 60]));
        actions
    };
    let long = actions(&mut chain).iter().map(|action| action.raw().len()).max().unwrap();
    chain.action_bytes_max = 30 * long;
    for _ in 0..2 {
        let actions = actions(&mut chain);
        let step = chain.block(&actions, &[]);
        assert_eq!(count(&step, Class::Cancels), 60, "cancels need less than their third of the bytes");
        for class in [Class::Neutral, Class::MayTake] {
            let bytes = usize::try_from(step.taken.of(class).bytes).unwrap();
            assert!(bytes >= 9 * long, "{class:?} got {bytes}");
        }
        let all: u64 = Class::ALL.map(|class| step.taken.of(class).bytes).iter().sum();
        let all = usize::try_from(all).unwrap();
        assert!(all <= 30 * long && all > 29 * long, "{all} of {}", 30 * long);
    }
}

#[test]
fn without_shares_the_list_is_taken_as_it_comes() {
    let mut chain = chain();
    let mut actions = flood(&mut chain, Class::Neutral, [128; 120]);
    actions.extend(flood(&mut chain, Class::Cancels, [1]));
    let proposer = tandem_system::validator_address(&chain.genesis.system.validators[0].public_key);
    let none: &[tandem_stf::CheckedEvmTx] = &[];
    let builder = tandem_stf::Builder {
        parent: &chain.parent,
        time: chain.now(),
        proposer,
        last_commit: &[],
        price_reports: &[],
        actions: &actions,
        shares: None,
        evm_transactions: none,
        action_bytes_max: 1 << 20,
        evm_bytes_max: 0,
    };
    let built = builder.build(&mut chain.chain).unwrap();
    assert_eq!(built.taken.neutral.count, BLOCK / cost(Class::Neutral, 128));
}

/// What the builder does, in plain loops over lists. It knows what each action costs beforehand.
#[derive(Default)]
struct Naive {
    /// Work of an item as measured last, by class.
    item: [Option<u64>; 3],
}

/// Class, items, work and bytes of an action.
type Row = (usize, u64, u64, u64);

impl Naive {
    /// The places in the list that get into a block of so much work and so many bytes, and what each class had to leave
    /// of both.
    fn choose(&mut self, rows: &[Row], work_max: u64, bytes_max: u64) -> (Vec<usize>, [(u64, u64); 3]) {
        let (mut work_left, mut bytes_left) = (work_max, bytes_max);
        let (mut chosen, mut left) = (Vec::new(), [(0, 0); 3]);
        for (class, left) in left.iter_mut().enumerate() {
            let (mut work_kept, mut bytes_kept) = (0, 0);
            for later in class + 1..3 {
                let of: Vec<&Row> = rows.iter().filter(|row| row.0 == later).collect();
                let items: u64 = of.iter().map(|row| row.1).sum();
                let bytes: u64 = of.iter().map(|row| row.3).sum();
                let work = match self.item[later] {
                    Some(item) => items * item * 5 / 4,
                    None => u64::MAX,
                };
                if !of.is_empty() {
                    work_kept += work.min(work_max / 3);
                    bytes_kept += bytes.min(bytes_max / 3);
                }
            }
            *left = (work_kept, bytes_kept);
            for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.0 == class) {
                if row.2 + work_kept > work_left || row.3 + bytes_kept > bytes_left {
                    break;
                }
                work_left -= row.2;
                bytes_left -= row.3;
                chosen.push(at);
            }
        }
        for (class, item) in self.item.iter_mut().enumerate() {
            let of = chosen.iter().map(|at| &rows[*at]).filter(|row| row.0 == class);
            let (items, work) = of.fold((0, 0), |sum, row| (sum.0 + row.1, sum.1 + row.2));
            *item = if items == 0 { *item } else { Some(u64::div_ceil(work, items)) };
        }
        (chosen, left)
    }
}

fn floods() -> impl Strategy<Value = [Vec<u64>; 3]> {
    let sizes = || {
        prop_oneof![
            1 => Just(Vec::new()),
            2 => proptest::collection::vec(1..4u64, 0..20),
            3 => proptest::collection::vec(100..=128u64, 0..150),
        ]
    };
    [sizes(), sizes(), sizes()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn random_floods_are_shared_as_the_naive_twin_shares_them(
        blocks in proptest::collection::vec(floods(), 1..5),
        few_bytes in any::<bool>(),
    ) {
        let (mut chain, mut twin) = (chain(), Naive::default());
        chain.action_bytes_max = if few_bytes { 200_000 } else { 2 << 20 };
        let bytes_max = u64::try_from(chain.action_bytes_max).unwrap();
        for sizes in blocks {
            let mut actions = Vec::new();
            let mut rows: Vec<Row> = Vec::new();
            for (at, (class, sizes)) in Class::ALL.into_iter().zip(&sizes).enumerate() {
                for (signed, items) in flood(&mut chain, class, sizes.clone()).into_iter().zip(sizes) {
                    rows.push((at, *items, cost(class, *items), u64::try_from(signed.raw().len()).unwrap()));
                    actions.push(signed);
                }
            }
            let step = chain.block(&actions, &[]);
            let (chosen, left) = twin.choose(&rows, BLOCK, bytes_max);
            let place = |raw: &Vec<u8>| actions.iter().position(|action| action.raw() == raw.as_slice());
            let got: Vec<usize> = step.block.body.actions.iter().filter_map(place).collect();
            prop_assert_eq!(got, chosen);
            check(&rows, &step, bytes_max, left)?;
        }
    }
}

/// Nothing is exceeded; each class has at least its share, less one action, or everything; and who is left out is left
/// out because the block is full, but for what was kept for later classes in vain and for less than one action.
fn check(rows: &[Row], step: &Step, bytes_max: u64, left: [(u64, u64); 3]) -> Result<(), TestCaseError> {
    let bytes = |class| step.taken.of(class).bytes;
    let all_bytes = Class::ALL.map(bytes).iter().sum::<u64>();
    prop_assert!(used(step) <= BLOCK && all_bytes <= bytes_max);
    for (at, class) in Class::ALL.into_iter().enumerate() {
        let of = || rows.iter().filter(|row| row.0 == at);
        let (dearest, longest) = of().fold((0, 0), |most, row| (row.2.max(most.0), row.3.max(most.1)));
        if count(step, class) == of().count() {
            continue;
        }
        let work_is_up = work(step, class) + dearest > SHARE;
        let bytes_are_up = bytes(class) + longest > bytes_max / 3;
        prop_assert!(work_is_up || bytes_are_up, "{class:?} has {:?}", step.taken.of(class));
        let later = Class::ALL[at + 1..].iter().map(|class| (work(step, *class), bytes(*class)));
        let had = later.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let work_is_used = BLOCK - used(step) < left[at].0.saturating_sub(had.0) + dearest;
        let bytes_are_used = bytes_max - all_bytes < left[at].1.saturating_sub(had.1) + longest;
        prop_assert!(work_is_used || bytes_are_used, "{class:?}: {} of {all_bytes} bytes used", used(step));
    }
    Ok(())
}
