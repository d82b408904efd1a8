//! One lane's flood and the other lane: with the pool full and each block's budget used up, whatever is sent to the other
//! lane is in the next block that it may be in. So it is with classes, and with accounts within one.

use crate::node::Node;
use alloy_primitives::Bytes;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tandem_exchange::action::{Action, CancelByCloid, Class, Order, OrderKind, SignedAction, TimeInForce};
use tandem_mempool::{ActionLimits, EvmLimits, PoolError};
use tandem_node::{ActionAnswer, DecidedBlock, PoolLimits, SubmitError};
use tandem_stf::Genesis;
use tandem_testkit::{PURR, Signer, asset, buy, evm_transfer, place, size};
use tandem_types::Cloid;
use tokio::task::JoinHandle;

/// Every so many blocks have an EVM block.
const EVM_INTERVAL: u64 = 3;
/// The largest batches of refused items that fit into a block: 60,000,000 units of work, 513,000 each.
const BATCHES_PER_BLOCK: usize = 116;
/// After so long what has not happened is not going to.
const PATIENCE: Duration = Duration::from_secs(5);
const FLOODERS: u8 = 4;
const BYSTANDER: u8 = 5;
/// What waits at least while a flood goes on.
const ACTIONS_MAX: usize = 300;
const TRANSACTIONS_MAX: usize = 120;

fn node() -> Node {
    let limits = PoolLimits {
        actions: ActionLimits { count_max: ACTIONS_MAX, ..ActionLimits::default() },
        evm: EvmLimits { count_max: TRANSACTIONS_MAX, ..EvmLimits::default() },
    };
    Node::open(limits, |genesis: &mut Genesis| {
        genesis.exchange.config.budget_base = 1 << 40;
        genesis.system.parameters.evm_interval = EVM_INTERVAL;
        genesis.system.parameters.evm_gas_limit = 1_000_000;
    })
}

/// A batch that is refused at once and costs as much work as one that is not.
fn batch(class: Class) -> Action {
    let order = |kind| Order { kind: OrderKind::Limit(kind), size: size("0"), ..buy(PURR, "1", "1") };
    match class {
        Class::Neutral => place(&[order(TimeInForce::Alo); 128]),
        Class::Cancels => cancels(128),
        Class::MayTake => place(&[order(TimeInForce::Gtc); 128]),
    }
}

fn cancels(count: usize) -> Action {
    Action::CancelByCloid(vec![CancelByCloid { asset: asset(PURR), cloid: Cloid([7; 16]) }; count])
}

/// What a bystander asks for: one item.
fn single(class: Class) -> Action {
    let order = |kind| Order { kind: OrderKind::Limit(kind), ..buy(PURR, "1", "10") };
    match class {
        Class::Neutral => place(&[order(TimeInForce::Alo)]),
        Class::Cancels => cancels(1),
        Class::MayTake => place(&[order(TimeInForce::Gtc)]),
    }
}

/// Fills the actions' lane with batches of the flooders, each as many.
async fn flood_actions(node: &mut Node, class: Class) {
    let missing = ACTIONS_MAX - node.handle.pool().len().0;
    let flooders = (1..=FLOODERS).map(Signer::wallet).cycle();
    let batches: Vec<SignedAction> =
        flooders.take(missing).map(|flooder| node.sign(&flooder, &batch(class))).collect();
    node.fill(batches).await;
    let more = node.sign(&Signer::wallet(1), &batch(class));
    let refused = node.send(more).await.unwrap().unwrap_err();
    assert_eq!(refused, SubmitError::Pool(PoolError::Full));
}

/// Transfers of the flooders, each with its own nonces.
fn transfers() -> impl Iterator<Item = Bytes> {
    let each = |nonce| (1..=FLOODERS).map(move |flooder| (flooder, nonce));
    (0..)
        .flat_map(each)
        .map(|(flooder, nonce)| evm_transfer(&Signer::wallet(flooder), nonce, [9; 20], 1).raw().clone())
}

async fn flood_evm(node: &mut Node, transfers: &mut impl Iterator<Item = Bytes>) {
    while node.handle.pool().len().1 < TRANSACTIONS_MAX {
        node.submit_evm(&transfers.next().unwrap()).await.unwrap();
    }
}

/// Whether this block's decision has the action. One that waits has no answer.
async fn decided_by(answer: JoinHandle<Result<ActionAnswer, SubmitError>>, block: &DecidedBlock) -> bool {
    let ended = tokio::time::timeout(PATIENCE, answer).await;
    ended.is_ok_and(|ended| ended.unwrap().unwrap().header.height == block.height())
}

const fn evm_count(block: &DecidedBlock) -> usize {
    block.block.body.evm_transactions.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_actions_leaves_the_next_evm_block_to_ethereum_transactions() {
    for class in Class::ALL {
        let mut node = node();
        for nonce in 0..3 {
            flood_actions(&mut node, class).await;
            let transfer = evm_transfer(&Signer::wallet(BYSTANDER), nonce, [9; 20], 1);
            node.submit_evm(transfer.raw()).await.unwrap();
            loop {
                let block = node.block();
                let in_block = block.block.body.actions.len();
                assert!(node.handle.pool().len().0 > 0, "more waits than a block takes: {in_block}");
                if block.height().0.is_multiple_of(EVM_INTERVAL) {
                    assert_eq!(block.block.body.evm_transactions, [transfer.raw().to_vec()]);
                    break;
                }
                assert_eq!(evm_count(&block), 0);
                flood_actions(&mut node, class).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_ethereum_transactions_leaves_the_next_block_to_actions() {
    let (mut node, mut transfers) = (node(), transfers());
    for _ in 0..2 * EVM_INTERVAL {
        flood_evm(&mut node, &mut transfers).await;
        let answers = [
            node.submit(&Signer::wallet(BYSTANDER), &single(Class::Neutral)).await,
            node.submit(&Signer::wallet(BYSTANDER), &single(Class::Cancels)).await,
            node.submit(&Signer::wallet(BYSTANDER), &single(Class::MayTake)).await,
        ];
        let block = node.block();
        assert_eq!(block.block.body.actions.len(), 3);
        for answer in answers {
            assert!(decided_by(answer, &block).await);
        }
        if block.height().0.is_multiple_of(EVM_INTERVAL) {
            assert!(evm_count(&block) > 0 && node.handle.pool().len().1 > 0, "the gas is used up");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_class_leaves_the_next_block_to_the_others_and_to_other_accounts() {
    for flooding in Class::ALL {
        let mut node = node();
        for _ in 0..3 {
            flood_actions(&mut node, flooding).await;
            let mut answers = Vec::new();
            // More than what a block that a flood has filled could leave over by chance.
            for class in Class::ALL.into_iter().flat_map(|class| [class; 3]) {
                let answer = node.submit(&Signer::wallet(BYSTANDER), &batch(class)).await;
                answers.push((class, answer));
            }
            let block = node.block();
            assert!(block.block.body.actions.len() < ACTIONS_MAX, "the work is used up");
            for (class, answer) in answers {
                assert!(decided_by(answer, &block).await, "{class:?} behind {flooding:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_alone_has_all_blocks_to_itself() {
    let mut node = node();
    flood_actions(&mut node, Class::Neutral).await;
    assert_eq!(node.block().block.body.actions.len(), BATCHES_PER_BLOCK);
    assert_eq!(node.block().block.body.actions.len(), BATCHES_PER_BLOCK);
    assert_eq!(node.block().block.body.actions.len(), ACTIONS_MAX - 2 * BATCHES_PER_BLOCK);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_of_one_lane_do_not_wait_for_those_of_the_other() {
    let mut node = node();
    // Whatever keeps the program's common threads busy, neither lane's admission runs on them.
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    for _ in 0..rayon::current_num_threads() {
        let blocked = Arc::clone(&blocked);
        rayon::spawn(move || {
            blocked.lock().unwrap().recv().unwrap_err();
        });
    }
    let transfer = transfers().next().unwrap();
    let evm = tokio::time::timeout(PATIENCE, node.submit_evm(&transfer)).await;
    let bystander = Signer::wallet(BYSTANDER);
    let action = tokio::time::timeout(PATIENCE, node.submit(&bystander, &single(Class::Neutral))).await;
    drop(release);
    evm.expect("the EVM's lane admits").unwrap();
    let answer = action.expect("the actions' lane admits");
    assert_eq!(node.handle.pool().len(), (1, 1));
    let block = node.block();
    assert!(decided_by(answer, &block).await);
}
