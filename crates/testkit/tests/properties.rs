//! Random blocks: the rules against a naive twin, and their totality.

mod twin;

use proptest::prelude::*;
use tandem_codec::{Decode, Encode};
use tandem_exchange::action::{
    Action, CancelByCloid, Decimal, Modify, Order, OrderKind, OrderRef, SelfTradePrevention, TimeInForce,
};
use tandem_exchange::{AccountOrder, Allocation, BalanceKey, ItemStatus};
use tandem_state::Delta;
use tandem_stf::{BlockReceipts, Genesis, NothingKnown, Sequential, Witness, check_block};
use tandem_testkit::{
    Harness, PURR, Signer, USD, asset, buy, cancel, evm_transfer, genesis, place, sell, send, totals,
};
use tandem_types::{AccountId, Block, BlockTime, Cloid, OrderId, TokenAtoms};
use twin::{Own, Stay, TREASURY, Twin, Wish};

const TRADERS: u8 = 3;
/// Wallets that have no account until somebody sends to them.
const STRANGERS: u8 = 2;
const MONEY: u64 = 400 * 100_000_000;
const GOODS: u64 = 400;
const LOT: u64 = 100_000;

/// One action of one item.
#[derive(Clone, Copy, Debug)]
enum Step {
    Place(Wish),
    Cancel { nth: usize },
    CancelByCloid { cloid: u8 },
    Modify { nth: usize, wish: Wish },
    Send { to: u8, cents: u64 },
}

fn wishes() -> impl Strategy<Value = Wish> {
    let stay = prop_oneof![
        4 => Just(Stay::Gtc),
        1 => Just(Stay::Ioc),
        2 => Just(Stay::Alo),
        1 => Just(Stay::Fok)
    ];
    let own = prop_oneof![
        Just(Own::CancelMaker),
        Just(Own::CancelTaker),
        Just(Own::CancelBoth),
        Just(Own::Decrement)
    ];
    let lasts = proptest::option::weighted(0.3, 0..4u64);
    (any::<bool>(), 0..6u64, 5..120u64, stay, own, proptest::option::of(0..3u8), lasts).prop_map(
        |(buy, step, size, stay, own, cloid, lasts)| {
            let price = 100_000_000 + step * 1_000_000 + step * 10_000;
            Wish { buy, price, size, stay, own, cloid, until: lasts }
        },
    )
}

fn steps() -> impl Strategy<Value = (u8, Step)> {
    let step = prop_oneof![
        6 => wishes().prop_map(Step::Place),
        2 => (0..4usize).prop_map(|nth| Step::Cancel { nth }),
        1 => (0..3u8).prop_map(|cloid| Step::CancelByCloid { cloid }),
        2 => (0..4usize, wishes()).prop_map(|(nth, wish)| Step::Modify { nth, wish }),
        1 => (1..=TRADERS + STRANGERS, 0..30_000u64).prop_map(|(to, cents)| Step::Send { to, cents }),
    ];
    (1..=TRADERS, step)
}

fn order(wish: &Wish) -> Order {
    let base = if wish.buy { buy(PURR, "1", "1") } else { sell(PURR, "1", "1") };
    let own = match wish.own {
        Own::CancelMaker => None,
        Own::CancelTaker => Some(SelfTradePrevention::CancelTaker),
        Own::CancelBoth => Some(SelfTradePrevention::CancelBoth),
        Own::Decrement => Some(SelfTradePrevention::Decrement),
    };
    Order {
        price: Decimal::new(wish.price, 8).unwrap(),
        size: Decimal::new(wish.size, 0).unwrap(),
        kind: OrderKind::Limit(time_in_force(wish.stay)),
        cloid: wish.cloid.map(|number| Cloid([number; 16])),
        expires: wish.until.map(BlockTime),
        self_trade_prevention: own,
        ..base
    }
}

const fn time_in_force(stay: Stay) -> TimeInForce {
    match stay {
        Stay::Gtc => TimeInForce::Gtc,
        Stay::Ioc => TimeInForce::Ioc,
        Stay::Alo => TimeInForce::Alo,
        Stay::Fok => TimeInForce::Fok,
    }
}

/// The `nth` open order of a trader, or one that never was.
fn nth_order(twin: &Twin, who: u8, nth: usize) -> u64 {
    twin.orders.iter().filter(|order| order.who == who).nth(nth).map_or(u64::MAX, |order| order.id)
}

/// What runs on the twin.
type Run = Box<dyn FnOnce(&mut Twin) -> bool>;

/// With its expiry as a time: so many blocks after the next.
fn dated(chain: &Harness, wish: Wish) -> Wish {
    Wish { until: wish.until.map(|blocks| chain.now().plus_ms(100 * blocks).0), ..wish }
}

/// The action, and the same on the twin. Ids are chosen before the block.
fn both(chain: &mut Harness, twin: &Twin, who: u8, step: Step) -> (Action, Run) {
    match step {
        Step::Place(wish) => {
            let wish = dated(chain, wish);
            (place(&[order(&wish)]), Box::new(move |twin| twin.place(who, &wish)))
        }
        Step::Cancel { nth } => {
            let id = nth_order(twin, who, nth);
            (cancel(PURR, &[OrderId(id)]), Box::new(move |twin| twin.cancel(who, id)))
        }
        Step::CancelByCloid { cloid } => {
            let item = CancelByCloid { asset: asset(PURR), cloid: Cloid([cloid; 16]) };
            (Action::CancelByCloid(vec![item]), Box::new(move |twin| twin.cancel_by_cloid(who, cloid)))
        }
        Step::Modify { nth, wish } => {
            let id = nth_order(twin, who, nth);
            let old = twin.orders.iter().find(|order| order.id == id);
            let wish = Wish { cloid: old.and_then(|order| order.cloid), ..wish };
            // What may not rest always replaces; the twin shrinks in place only what may.
            let wish = Wish { stay: if wish.stay == Stay::Alo { Stay::Alo } else { Stay::Gtc }, ..wish };
            // Half of them keep their time, so that some shrink in place.
            let kept = old.filter(|_| wish.size.is_multiple_of(2)).map(|order| order.until);
            let wish = Wish { until: kept.unwrap_or(dated(chain, wish).until), ..wish };
            let modify = Modify { target: OrderRef::Id(OrderId(id)), order: order(&wish) };
            (Action::Modify(modify), Box::new(move |twin| twin.modify(who, id, &wish)))
        }
        Step::Send { to, cents } => {
            let nonce = chain.nonce();
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let action = send(&Signer::wallet(to).address(), USD, &amount, nonce);
            (action, Box::new(move |twin| twin.send_money(who, to, cents * 1_000_000)))
        }
    }
}

fn small_genesis() -> Genesis {
    let mut genesis = genesis();
    let gift = |number, token, amount| Allocation {
        address: Signer::wallet(number).address(),
        token,
        amount: TokenAtoms(amount),
    };
    genesis.exchange.allocations = (1..=TRADERS)
        .flat_map(|number| [gift(number, USD, MONEY), gift(number, PURR, GOODS * LOT)])
        .collect();
    genesis
}

fn small_twin() -> Twin {
    Twin {
        money: (1..=TRADERS).map(|who| (who, MONEY)).chain([(TREASURY, 0)]).collect(),
        goods: (1..=TRADERS).map(|who| (who, GOODS * LOT)).chain([(TREASURY, 0)]).collect(),
        lot: LOT,
        least: 10 * 100_000_000,
        ..Twin::default()
    }
}

fn assert_same(chain: &Harness, twin: &Twin) {
    let tables = &chain.chain.tables.exchange;
    for who in twin.money.keys().copied() {
        let account = match who {
            TREASURY => AccountId(0),
            who => chain.account(&Signer::wallet(who).address()),
        };
        let balance =
            |token| tables.balances.peek(&BalanceKey { account, token }).copied().unwrap_or_default();
        let (money, goods) = (balance(USD), balance(PURR));
        assert_eq!((money.total.0, money.hold.0), (twin.money[&who], twin.held_money(who)), "money of {who}");
        assert_eq!((goods.total.0, goods.hold.0), (twin.goods[&who], twin.held_goods(who)), "goods of {who}");
    }
    let market = tandem_types::MarketId(u16::try_from(asset(PURR).0).unwrap());
    let mut open: Vec<(u64, u64)> = Vec::new();
    for side in [tandem_book::Side::Bid, tandem_book::Side::Ask] {
        let resting = tandem_book::resting(&tables.orders, market, side);
        open.extend(resting.map(|(key, order)| (key.id.0, order.remaining.0)));
    }
    for order in &twin.orders {
        let key = AccountOrder { account: AccountId(u32::from(order.who)), id: OrderId(order.id) };
        let kept = tables.account_orders.peek(&key).map(|info| info.time_in_force);
        assert_eq!(kept, Some(time_in_force(order.stay)), "of order {}", order.id);
    }
    assert_eq!(tables.accounts.len(), twin.money.len());
    open.sort_unstable();
    let mut expected: Vec<_> = twin.orders.iter().map(|order| (order.id, order.left)).collect();
    expected.sort_unstable();
    assert_eq!(open, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn random_blocks_do_what_the_naive_twin_does(
        blocks in proptest::collection::vec(proptest::collection::vec(steps(), 0..8), 1..8)
    ) {
        let (mut chain, mut twin) = (Harness::new(small_genesis()), small_twin());
        let before = totals(&chain.chain.tables.exchange);
        for steps in blocks {
            twin.now = chain.now().0;
            let mut planned: Vec<(Action, u8, Run)> = Vec::new();
            for (who, step) in steps {
                let (action, run) = both(&mut chain, &twin, who, step);
                planned.push((action, who, run));
            }
            planned.sort_by_key(|(action, ..)| action.class());
            let signed: Vec<_> =
                planned.iter().map(|(action, who, _)| chain.sign(&Signer::wallet(*who), action)).collect();
            let made = chain.block(&signed, &[]);
            prop_assert!(made.refused.is_empty());
            for ((action, who, run), receipt) in planned.into_iter().zip(made.receipts()) {
                let done = match &receipt.result {
                    Ok(items) => !matches!(items.as_slice(), [ItemStatus::Rejected(_)]),
                    Err(_) => false,
                };
                prop_assert_eq!(done, run(&mut twin), "{} {:?} {:?}", who, action, receipt);
            }
            twin.end();
            assert_same(&chain, &twin);
        }
        prop_assert_eq!(totals(&chain.chain.tables.exchange), before);
    }

    #[test]
    fn bytes_that_are_no_block_are_invalid(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let chain = Harness::default();
        prop_assert!(check_block(&bytes, &chain.identity, &Sequential, &NothingKnown).is_err());
        // Neither of these takes anything for granted.
        drop((Witness::from_bytes(&bytes), Delta::from_bytes(&bytes), BlockReceipts::from_bytes(&bytes)));
        drop(Genesis::from_bytes(&bytes));
    }
}

fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(96)
}

/// A valid block of every kind of transaction, and the chain before it.
fn full_block() -> (Harness, Block) {
    let mut chain = Harness::default();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    chain.act(&maker, &place(&[sell(PURR, "1", "100")]));
    chain.until_before(10);
    let nonce = chain.nonce();
    let actions = [
        chain.sign(&maker, &send(&taker.address(), USD, "1", nonce)),
        chain.sign(&maker, &cancel(PURR, &[OrderId(5)])),
        chain.sign(&taker, &place(&[buy(PURR, "1", "50")])),
    ];
    let block = chain.clone().build(&actions, &[evm_transfer(&maker, 0, [9; 20], 5)]).unwrap().block;
    (chain, block)
}

#[test]
fn a_changed_byte_of_a_block_makes_it_invalid_and_leaves_the_chain_as_it_was() {
    let (mut chain, block) = full_block();
    let bytes = block.to_bytes();
    // The time is the proposer's to choose: another one makes another block.
    let time = 26..34;
    for at in (0..bytes.len()).filter(|at| !time.contains(at)) {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        if let Ok(bad) = Block::from_bytes(&bad) {
            assert!(chain.propose(&bad).is_err(), "byte {at}");
        }
    }
    assert!(chain.propose(&block).is_ok());
}

#[test]
fn a_shortened_or_lengthened_block_is_no_block() {
    let (chain, block) = full_block();
    let bytes = block.to_bytes();
    for end in 0..bytes.len() {
        assert!(check_block(&bytes[..end], &chain.identity, &Sequential, &NothingKnown).is_err());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(check_block(&longer, &chain.identity, &Sequential, &NothingKnown).is_err());
}
