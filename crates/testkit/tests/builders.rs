//! Fees of builders, through whole blocks: approved, taken of each fill, and paid out.

use proptest::prelude::*;
use tandem_exchange::action::{Order, OrderKind, Tpsl, Trigger};
use tandem_exchange::{BalanceKey, Event, ItemStatus, Rejection, TREASURY};
use tandem_testkit::{
    BTC, DOGE, ETH, Harness, PURR, Signer, Step, USD, approve_builder, buy, buy_perp, cancel_perp, modify,
    place, place_built, price, sell, sell_perp,
};
use tandem_types::{OrderId, TokenId};

const MILLION: u64 = 1_000_000;

/// ETH at 2000 USD; wallets 1 to 3 with ten thousand USD of collateral each, the first two with wallet 4 as builder.
fn market() -> (Harness, [Signer; 3], Signer) {
    let (mut chain, traders) = tandem_testkit::market::<3>("10000");
    let builder = Signer::wallet(4);
    for trader in &traders[..2] {
        approve(&mut chain, trader, &builder, "0.1%");
    }
    (chain, traders, builder)
}

fn approve(chain: &mut Harness, who: &Signer, builder: &Signer, rate: &str) -> Step {
    let nonce = chain.nonce();
    chain.act(who, &approve_builder(&builder.address(), rate, nonce))
}

fn cash(chain: &Harness, who: &Signer, token: TokenId) -> u64 {
    chain.balance(who, token).total.0
}

fn treasury(chain: &Harness) -> u64 {
    let key = BalanceKey { account: TREASURY, token: USD };
    chain.chain.tables.exchange.balances.peek(&key).map_or(0, |balance| balance.total.0)
}

/// What builders were paid, by order.
fn paid(step: &Step) -> Vec<(OrderId, u64)> {
    let events = step.receipts().iter().flat_map(|receipt| &receipt.events);
    let paid = events.chain(&step.outcome.receipts.due).filter_map(|event| match event {
        Event::BuilderPaid(paid) => Some((paid.order, paid.amount.0)),
        _ => None,
    });
    paid.collect()
}

/// The fees of the block's only trade: the taker's and the maker's.
fn fees(step: &Step) -> (u64, u64) {
    let mut trades =
        step.receipts().iter().flat_map(|receipt| &receipt.events).filter_map(|event| match event {
            Event::Trade(trade) => Some((trade.taker_fee.0, trade.maker_fee.0)),
            _ => None,
        });
    let (first, more) = (trades.next().expect("a trade"), trades.next());
    assert_eq!(more, None);
    first
}

#[test]
fn a_fee_must_be_approved_and_within_what_builders_may_take() {
    let (mut chain, [trader, _, stranger], builder) = market();
    let nobody = Signer::wallet(99);
    let rows = [
        (&trader, &builder, 101, Some(Rejection::BuilderNotApproved)),
        (&trader, &stranger, 1, Some(Rejection::BuilderNotApproved)),
        (&trader, &nobody, 1, Some(Rejection::BuilderNotApproved)),
        (&stranger, &builder, 1, Some(Rejection::BuilderNotApproved)),
        (&trader, &builder, 65_536, Some(Rejection::BuilderNotApproved)),
        (&stranger, &builder, 0, None),
        (&trader, &builder, 100, None),
    ];
    for (who, builder, tenths, expected) in rows {
        let order = buy_perp(ETH, "1900", "0.1");
        let step = chain.act(who, &place_built(&[order], &builder.address(), tenths));
        assert_eq!(step.receipts()[0].result.as_ref().err().copied(), expected, "{tenths}");
    }
    approve(&mut chain, &trader, &builder, "1%");
    let perp = place_built(&[buy_perp(ETH, "1900", "0.1")], &builder.address(), 101);
    assert_eq!(chain.act(&trader, &perp).rejection(0), Rejection::BuilderFeeTooHigh);
    let spot = place_built(&[buy(BTC, "1000", "0.1")], &builder.address(), 1_000);
    assert!(chain.act(&trader, &spot).receipts()[0].result.is_ok());
    let mixed = [buy(BTC, "1000", "0.1"), buy_perp(ETH, "1900", "0.1")];
    let step = chain.act(&trader, &place_built(&mixed, &builder.address(), 1_000));
    assert_eq!(step.rejection(0), Rejection::BuilderFeeTooHigh);
}

#[test]
fn approvals_are_bounded_replaced_and_taken_back() {
    let (mut chain, [trader, ..], builder) = market();
    assert_eq!(approve(&mut chain, &trader, &builder, "1.001%").rejection(0), Rejection::BuilderFeeTooHigh);
    let nobody = Signer::wallet(99);
    assert_eq!(approve(&mut chain, &trader, &nobody, "0.1%").rejection(0), Rejection::UnknownBuilder);
    let step = approve(&mut chain, &trader, &nobody, "0%");
    assert_eq!(step.items(0), [ItemStatus::Done], "taking back what never was");
    approve(&mut chain, &trader, &builder, "0.005%");
    let order = |tenths| place_built(&[buy_perp(ETH, "1900", "0.1")], &builder.address(), tenths);
    assert_eq!(chain.act(&trader, &order(6)).rejection(0), Rejection::BuilderNotApproved);
    assert!(chain.act(&trader, &order(5)).receipts()[0].result.is_ok());
    approve(&mut chain, &trader, &builder, "0%");
    assert_eq!(chain.act(&trader, &order(1)).rejection(0), Rejection::BuilderNotApproved);
    // Ten, and no more.
    let mut accounts: Vec<_> = (2..=5).map(Signer::wallet).collect();
    for number in 20..27 {
        let (wallet, nonce) = (Signer::wallet(number), chain.nonce());
        chain.act(&trader, &tandem_testkit::send(&wallet.address(), USD, "1", nonce));
        accounts.push(wallet);
    }
    let last = accounts.pop().expect("eleven");
    for builder in &accounts {
        assert!(approve(&mut chain, &trader, builder, "0.1%").receipts()[0].result.is_ok());
    }
    assert_eq!(approve(&mut chain, &trader, &last, "0.1%").rejection(0), Rejection::TooManyBuilders);
    approve(&mut chain, &trader, &accounts[0], "0.0%");
    assert!(approve(&mut chain, &trader, &last, "0.1%").receipts()[0].result.is_ok());
}

#[test]
fn both_sides_of_a_perpetual_trade_pay_their_builders_beside_their_fees() {
    let (mut chain, [maker, taker, _], builder) = market();
    let before = (cash(&chain, &builder, USD), treasury(&chain));
    let at = |order| place_built(&[order], &builder.address(), 7);
    chain.act(&maker, &at(sell_perp(ETH, "2000", "1")));
    // The maker's fee stays with its order while that rests, also when the approval is gone.
    approve(&mut chain, &maker, &builder, "0%");
    let step = chain.act(&taker, &at(buy_perp(ETH, "2000", "0.5")));
    // 1,000 USD of notional: 4.5 and 1.5 basis points, and 0.7 to the builder of each.
    let part = 7_000_000;
    assert_eq!(fees(&step), (45_000_000 + part, 15_000_000 + part));
    assert_eq!(paid(&step).iter().map(|(_, amount)| *amount).collect::<Vec<_>>(), [part, part]);
    assert_eq!(cash(&chain, &builder, USD), before.0 + 2 * part);
    assert_eq!(treasury(&chain), before.1 + 60_000_000);
    let position = chain.position(&taker, ETH).expect("a position");
    assert_eq!(position.quote.0, -1_000 * 100_000_000 - 45_000_000 - i64::try_from(part).unwrap());
}

#[test]
fn on_spot_only_sales_pay_a_builder() {
    let (mut chain, [maker, taker, _], builder) = market();
    let before = cash(&chain, &builder, USD);
    let at = |order| place_built(&[order], &builder.address(), 100);
    chain.act(&maker, &at(buy(PURR, "2", "1000")));
    let step = chain.act(&taker, &at(sell(PURR, "2", "1000")));
    // 2,000 USD: the seller pays 0.07 % and 0.1 %, the buyer 0.04 % of what it bought.
    assert_eq!(fees(&step), (140_000_000 + 200_000_000, 40_000));
    assert_eq!(cash(&chain, &builder, USD), before + 200_000_000);
    // The other way round it is the maker that sells.
    chain.act(&maker, &at(sell(PURR, "2", "1000")));
    let step = chain.act(&taker, &at(buy(PURR, "2", "1000")));
    assert_eq!(fees(&step), (70_000, 80_000_000 + 200_000_000));
    assert_eq!(cash(&chain, &builder, USD), before + 400_000_000);
}

fn stop(order: Order) -> Order {
    let trigger = Trigger { is_market: true, price: price("2050"), tpsl: Tpsl::StopLoss };
    Order { kind: OrderKind::Trigger(trigger), ..order }
}

#[test]
fn a_waiting_order_pays_its_builder_when_it_fires_and_a_replaced_one_does_not() {
    let (mut chain, [maker, taker, _], builder) = market();
    let at = |order| place_built(&[order], &builder.address(), 10);
    chain.act(&maker, &place(&[sell_perp(ETH, "2100", "1")]));
    chain.act(&taker, &at(stop(buy_perp(ETH, "2100", "1"))));
    let before = cash(&chain, &builder, USD);
    chain.set_oracle(ETH, 20_600_000);
    let mut got = 0;
    for _ in 0..4 {
        got += paid(&chain.empty()).iter().map(|(_, amount)| amount).sum::<u64>();
    }
    assert_eq!(got, 2_100 * 10_000, "a basis point of 2,100 USD");
    assert_eq!(cash(&chain, &builder, USD), before + got);
    // A smaller size keeps the order, another price makes a new one.
    let step = chain.act(&maker, &at(sell_perp(ETH, "2200", "1")));
    let (ItemStatus::Resting { id, .. }, at_2200) = (step.items(0)[0], "2200") else { panic!("rests") };
    chain.act(&maker, &modify(id, sell_perp(ETH, at_2200, "0.5")));
    let step = chain.act(&taker, &place(&[buy_perp(ETH, at_2200, "0.1")]));
    assert_eq!(paid(&step), [(id, 220 * 10_000)]);
    chain.act(&maker, &modify(id, sell_perp(ETH, "2201", "0.5")));
    let step = chain.act(&taker, &place(&[buy_perp(ETH, "2201", "0.1")]));
    assert_eq!(paid(&step), []);
}

fn listed(chain: &Harness) -> usize {
    let table = &chain.chain.tables.exchange.order_builders;
    let (mut count, mut from) = (0, OrderId(0));
    while let Some((id, _)) = table.peek_first(&from, &OrderId(u64::MAX)) {
        (count, from) = (count + 1, OrderId(id.0 + 1));
    }
    count
}

#[test]
fn nothing_is_remembered_of_orders_that_have_ended() {
    let (mut chain, [maker, taker, _], builder) = market();
    let at = |order| place_built(&[order], &builder.address(), 10);
    let orders =
        [sell_perp(ETH, "2000", "0.5"), sell_perp(ETH, "2000", "0.5"), stop(buy_perp(ETH, "2100", "1"))];
    let step = chain.act(&maker, &place_built(&orders, &builder.address(), 10));
    assert_eq!(listed(&chain), 3);
    chain.act(&taker, &at(buy_perp(ETH, "2000", "0.7")));
    assert_eq!(listed(&chain), 2);
    let ids: Vec<OrderId> = step
        .items(0)
        .iter()
        .filter_map(|item| match item {
            ItemStatus::Resting { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    chain.act(&maker, &cancel_perp(ETH, &ids));
    assert_eq!(listed(&chain), 0);
}

/// An order of a size.
type OfSize = fn(&str) -> Order;

proptest! {
    /// The builder gets no less than the exact part and less than an atom more, and never more than what is paid.
    #[test]
    fn a_builder_gets_its_part_rounded_up_and_nothing_is_lost(
        lots in 1u64..100_000, tenths in 0u64..=100, maker_tenths in 0u64..=100, on_perpetuals: bool,
    ) {
        let (mut chain, [maker, taker, _], builder) = market();
        let before = (cash(&chain, &builder, USD), treasury(&chain));
        let size = format!("{}", lots + 100);
        let (asks, bids): (OfSize, OfSize) = if on_perpetuals {
            (|size| sell_perp(DOGE, "0.1", size), |size| buy_perp(DOGE, "0.1", size))
        } else {
            (|size| sell(PURR, "1.0001", size), |size| buy(PURR, "1.0001", size))
        };
        chain.act(&maker, &place_built(&[asks(&size)], &builder.address(), maker_tenths));
        let step = chain.act(&taker, &place_built(&[bids(&size)], &builder.address(), tenths));
        let atoms = if on_perpetuals { (lots + 100) * 10_000_000 } else { (lots + 100) * 100_010_000 };
        let part = |tenths: u64| u64::try_from((u128::from(atoms) * u128::from(tenths * 10)).div_ceil(u128::from(MILLION))).unwrap();
        let expected = if on_perpetuals { part(tenths) + part(maker_tenths) } else { part(maker_tenths) };
        prop_assert_eq!(cash(&chain, &builder, USD) - before.0, expected);
        let (taker_fee, maker_fee) = fees(&step);
        let kept = treasury(&chain) - before.1;
        if on_perpetuals {
            prop_assert_eq!(taker_fee + maker_fee, kept + expected);
        } else {
            prop_assert_eq!(maker_fee, kept + expected);
        }
    }
}
