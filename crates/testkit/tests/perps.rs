//! Perpetual markets, through whole blocks.

use tandem_exchange::action::{Order, OrderKind, TimeInForce};
use tandem_exchange::{CloseReason, Event, ItemStatus, Rejection, TREASURY};
use tandem_stf::InvalidBlock;
use tandem_testkit::{
    ETH, Harness, Signer, Step, USD, buy_perp, class_transfer, isolated_margin, leverage, perp_asset,
    perp_genesis, place, sell_perp, top_up, usd_send,
};
use tandem_types::{MarketId, OrderId, QuoteAtoms, SignedLots, SizeLots, TokenAtoms, Usd};

const ATOMS: i64 = 100_000_000;

/// ETH at 2000 USD and DOGE at 0.1; wallets 1 to 3 with a thousand USD of collateral each.
fn market() -> (Harness, [Signer; 3]) {
    tandem_testkit::market("1000")
}

const fn with(order: Order, time_in_force: TimeInForce) -> Order {
    Order { kind: OrderKind::Limit(time_in_force), ..order }
}

const fn reduce(order: Order) -> Order {
    Order { reduce_only: true, ..order }
}

fn size_of(chain: &Harness, who: &Signer, market: MarketId) -> i64 {
    chain.position(who, market).map_or(0, |position| position.size.0)
}

fn mark(chain: &Harness, market: MarketId) -> u64 {
    chain.chain.tables.exchange.perp_prices.peek(&market).expect("a price").mark.0
}

/// Opens `size` ETH for `long` against `short` at 2000.
fn open(chain: &mut Harness, long: &Signer, short: &Signer, size: &str) {
    chain.act(short, &place(&[sell_perp(ETH, "2000", size)]));
    let step = chain.act(long, &place(&[buy_perp(ETH, "2000", size)]));
    assert!(matches!(step.items(0), [ItemStatus::Filled { .. }]), "{step:?}");
}

fn closed(step: &Step, reason: CloseReason) -> Vec<OrderId> {
    let events = step.receipts()[0].events.iter();
    let ended = events.filter_map(|event| match event {
        Event::Closed { id, reason: why, .. } if *why == reason => Some(*id),
        _ => None,
    });
    ended.collect()
}

#[test]
fn a_trade_makes_a_long_and_a_short_and_costs_both_their_fees() {
    let (mut chain, [long, short, _]) = market();
    open(&mut chain, &long, &short, "0.5");
    // 1000 USD of notional: 0.45 and 0.15 USD of fees.
    let (bought, sold) = (chain.position(&long, ETH).unwrap(), chain.position(&short, ETH).unwrap());
    assert_eq!((bought.size, sold.size), (SignedLots(50), SignedLots(-50)));
    assert_eq!(bought.quote, Usd(-1_000 * ATOMS - 45_000_000));
    assert_eq!(sold.quote, Usd(1_000 * ATOMS - 15_000_000));
    assert_eq!((bought.entry, sold.asks), (QuoteAtoms(1_000 * 100_000_000), SizeLots(0)));
    let key = tandem_exchange::BalanceKey { account: TREASURY, token: USD };
    assert_eq!(chain.chain.tables.exchange.balances.peek(&key).unwrap().total, TokenAtoms(60_000_000));
    // Closing moves everything to the collateral, and nothing is left of the positions.
    chain.act(&short, &place(&[buy_perp(ETH, "2010", "0.5")]));
    chain.act(&long, &place(&[sell_perp(ETH, "2010", "0.5")]));
    assert_eq!((chain.position(&long, ETH), chain.position(&short, ETH)), (None, None));
    // A gain of 5 USD less 0.45 and 0.45225 of fees; the maker lost as much, and paid 0.15 and 0.15075.
    assert_eq!(chain.collateral(&long), Usd(1_005 * ATOMS - 45_000_000 - 45_225_000));
    assert_eq!(chain.collateral(&short), Usd(995 * ATOMS - 15_000_000 - 15_075_000));
}

#[test]
fn malformed_orders_are_rejected_by_their_first_fault() {
    let (mut chain, [trader, ..]) = market();
    let ioc = |order| with(order, TimeInForce::Ioc);
    let unknown = Order { asset: perp_asset(MarketId(7)), ..buy_perp(ETH, "2000", "1") };
    let rows = [
        (unknown, Rejection::UnknownAsset),
        (buy_perp(ETH, "2000.00001", "1"), Rejection::PriceTick),
        (buy_perp(ETH, "2000", "1.001"), Rejection::SizeLot),
        (buy_perp(ETH, "2000", "0"), Rejection::SizeZero),
        (buy_perp(ETH, "900", "0.01"), Rejection::NotionalTooSmall),
        (buy_perp(ETH, "399.99", "1"), Rejection::PriceTooFar),
        (sell_perp(ETH, "3600.1", "1"), Rejection::PriceTooFar),
        (ioc(buy_perp(ETH, "2000", "15000.01")), Rejection::OrderTooLarge),
        (buy_perp(ETH, "2000", "15000.01"), Rejection::InsufficientMargin),
        (buy_perp(ETH, "2000", "150000.01"), Rejection::OrderTooLarge),
        (reduce(buy_perp(ETH, "2000", "1")), Rejection::ReduceOnlyWouldIncrease),
        (buy_perp(ETH, "2000", "10.01"), Rejection::InsufficientMargin),
        (ioc(buy_perp(ETH, "2000", "1")), Rejection::NoMatch),
    ];
    for (order, expected) in rows {
        assert_eq!(chain.act(&trader, &place(&[order])).rejection(0), expected, "{order:?}");
    }
    let mut unpriced = Harness::new(perp_genesis());
    let step = unpriced.act(&trader, &place(&[buy_perp(ETH, "2000", "1")]));
    assert_eq!(step.rejection(0), Rejection::NoMarkPrice);
}

#[test]
fn open_orders_count_on_the_side_that_needs_more() {
    // 20x: a thousand USD are margin for 10 ETH, bought or sold.
    let (mut chain, [trader, ..]) = market();
    let both = [buy_perp(ETH, "1900", "10"), sell_perp(ETH, "2100", "10"), sell_perp(ETH, "2200", "0.01")];
    let step = chain.act(&trader, &place(&both));
    assert!(matches!(step.items(0)[..2], [ItemStatus::Resting { .. }, ItemStatus::Resting { .. }]));
    assert_eq!(step.items(0)[2], ItemStatus::Rejected(Rejection::InsufficientMargin));
    let nonce = chain.nonce();
    let out = chain.act(&trader, &class_transfer("0.01", false, nonce));
    assert_eq!(out.rejection(0), Rejection::InsufficientWithdrawable);
}

#[test]
fn a_maker_without_margin_loses_its_order_and_the_taker_goes_on() {
    let (mut chain, [poor, rich, taker]) = market();
    // 9.5 at 20x need 950 of its 1000; each that it sells at 1990 costs it 10 against the mark, and the fee.
    let asks = chain.act(&poor, &place(&[sell_perp(ETH, "1990", "9.5")]));
    chain.act(&rich, &place(&[sell_perp(ETH, "2000", "1")]));
    let first = chain.act(&taker, &place(&[buy_perp(ETH, "2000", "1")]));
    assert!(matches!(first.items(0), [ItemStatus::Filled { size: SizeLots(100), .. }]));
    assert_eq!(size_of(&chain, &poor, ETH), -100);
    // Eight more would leave it with 907 where it needs 950.
    let second = chain.act(&taker, &place(&[buy_perp(ETH, "2000", "8")]));
    let ItemStatus::Resting { id, .. } = asks.items(0)[0] else { panic!("{asks:?}") };
    assert_eq!(closed(&second, CloseReason::NotAdmitted), [id]);
    assert!(matches!(second.items(0), [ItemStatus::Resting { filled: SizeLots(100), .. }]));
    let sizes = [&poor, &rich, &taker].map(|trader| size_of(&chain, trader, ETH));
    assert_eq!(sizes, [-100, -100, 200]);
    assert_eq!(chain.position(&poor, ETH).unwrap().asks, SizeLots(0));
}

#[test]
fn a_taker_is_judged_at_the_prices_that_it_gets() {
    let (mut chain, [maker, taker, _]) = market();
    chain.act(&maker, &place(&[sell_perp(ETH, "2400", "2")]));
    // Margin for 8 is there at mark, but two of them at 400 above it cost 800.
    let bid = with(buy_perp(ETH, "2400", "8"), TimeInForce::Ioc);
    let step = chain.act(&taker, &place(&[bid]));
    assert_eq!(step.rejection(0), Rejection::InsufficientMarginAfterFill);
    assert_eq!((size_of(&chain, &taker, ETH), size_of(&chain, &maker, ETH)), (0, 0));
}

#[test]
fn reduce_only_orders_never_grow_or_flip_a_position() {
    let (mut chain, [long, short, _]) = market();
    open(&mut chain, &long, &short, "1");
    // Twice the position together: the second is cut to what the first leaves of it.
    let asks = [reduce(sell_perp(ETH, "2100", "0.7")), reduce(sell_perp(ETH, "2110", "0.7"))];
    let step = chain.act(&long, &place(&asks));
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }, ItemStatus::Resting { .. }]));
    assert_eq!(chain.position(&long, ETH).unwrap().reduce_only, SizeLots(100));
    let third = chain.act(&long, &place(&[reduce(sell_perp(ETH, "2120", "0.1"))]));
    assert_eq!(third.rejection(0), Rejection::ReduceOnlyWouldIncrease);
    // The position shrinks by other means: the newest is cut first, then the older one.
    chain.act(&short, &place(&[buy_perp(ETH, "2000", "0.9")]));
    let step = chain.act(&long, &place(&[with(sell_perp(ETH, "2000", "0.5"), TimeInForce::Ioc)]));
    assert_eq!(closed(&step, CloseReason::ReduceOnly).len(), 1);
    assert_eq!(chain.position(&long, ETH).unwrap().reduce_only, SizeLots(50));
    // A market close with a reduce-only order larger than the position takes no more than that.
    let close = reduce(with(sell_perp(ETH, "1900", "5"), TimeInForce::Ioc));
    chain.act(&short, &place(&[buy_perp(ETH, "2000", "1")]));
    let step = chain.act(&long, &place(&[close]));
    assert!(matches!(step.items(0), [ItemStatus::Filled { size: SizeLots(50), .. }]), "{:?}", step.items(0));
    assert_eq!(chain.position(&long, ETH), None);
}

#[test]
fn an_isolated_position_is_topped_up_to_a_leverage_and_never_down() {
    let (mut chain, [long, short, _]) = market();
    chain.act(&long, &leverage(ETH, 10, false));
    open(&mut chain, &long, &short, "1");
    // 2000 at 10x: 200 are in it, 799.1 in the collateral. What is missing is rounded up to the atom.
    let rows = [
        ("0", Err(Rejection::LeverageOutOfRange)),
        ("10", Err(Rejection::LeverageReached)),
        ("11", Err(Rejection::LeverageReached)),
        ("8", Ok(250 * ATOMS)),
        ("8", Err(Rejection::LeverageReached)),
        ("7", Ok(28_571_428_572)),
        ("2.5", Ok(800 * ATOMS)),
        ("2", Err(Rejection::InsufficientWithdrawable)),
        ("100", Err(Rejection::LeverageReached)),
    ];
    for (wanted, expected) in rows {
        let before = chain.collateral(&long).0 + chain.position(&long, ETH).unwrap().quote.0;
        let step = chain.act(&long, &top_up(ETH, wanted));
        let position = chain.position(&long, ETH).unwrap();
        match expected {
            Ok(value) => assert_eq!(position.quote, Usd(value - 2_000 * ATOMS), "{wanted}"),
            Err(why) => assert_eq!(step.rejection(0), why, "{wanted}"),
        }
        assert_eq!(chain.collateral(&long).0 + position.quote.0, before, "{wanted}");
    }
    assert_eq!(chain.act(&short, &top_up(ETH, "1")).rejection(0), Rejection::NoIsolatedPosition);
}

#[test]
fn an_isolated_position_has_its_own_margin() {
    let (mut chain, [long, short, _]) = market();
    chain.act(&long, &leverage(ETH, 10, false));
    open(&mut chain, &long, &short, "1");
    // 2000 at 10x: 200 and the fee of 0.9 moved out of the collateral.
    let position = chain.position(&long, ETH).unwrap();
    assert_eq!(chain.collateral(&long), Usd(1_000 * ATOMS - 200 * ATOMS - 90_000_000));
    assert_eq!(position.quote, Usd(-2_000 * ATOMS + 200 * ATOMS));
    assert_eq!(chain.act(&long, &leverage(ETH, 10, true)).rejection(0), Rejection::MarginModeLocked);
    // More may come in, and go out again, but not below initial margin and a tenth.
    chain.act(&long, &isolated_margin(ETH, 50_000_000));
    assert_eq!(chain.collateral(&long), Usd(1_000 * ATOMS - 250 * ATOMS - 90_000_000));
    let too_much = chain.act(&long, &isolated_margin(ETH, -50_000_001));
    assert_eq!(too_much.rejection(0), Rejection::InsufficientWithdrawable);
    chain.act(&long, &isolated_margin(ETH, -50_000_000));
    assert_eq!(chain.act(&short, &isolated_margin(ETH, 1)).rejection(0), Rejection::NoIsolatedPosition);
    // Half is closed at mark: half of the margin comes back, less the fee.
    chain.act(&short, &place(&[buy_perp(ETH, "2000", "0.5")]));
    chain.act(&long, &place(&[sell_perp(ETH, "2000", "0.5")]));
    assert_eq!(chain.position(&long, ETH).unwrap().quote, Usd(-1_000 * ATOMS + 100 * ATOMS));
    assert_eq!(chain.collateral(&long), Usd(1_000 * ATOMS - 100 * ATOMS - 90_000_000 - 45_000_000));
}

#[test]
fn leverage_is_within_the_market_and_leaves_the_account_sound() {
    let (mut chain, [long, short, _]) = market();
    for (wanted, expected) in [(0, Rejection::LeverageOutOfRange), (51, Rejection::LeverageOutOfRange)] {
        assert_eq!(chain.act(&long, &leverage(ETH, wanted, true)).rejection(0), expected);
    }
    assert_eq!(chain.act(&long, &leverage(MarketId(9), 5, true)).rejection(0), Rejection::UnknownAsset);
    open(&mut chain, &long, &short, "5");
    assert_eq!(chain.act(&long, &leverage(ETH, 9, true)).rejection(0), Rejection::InsufficientWithdrawable);
    assert_eq!(chain.act(&long, &leverage(ETH, 11, true)).items(0), [ItemStatus::Done]);
    assert_eq!(chain.position(&long, ETH).unwrap().leverage, 11);
}

#[test]
fn what_is_withdrawn_or_sent_leaves_the_margin_behind() {
    let (mut chain, [long, short, other]) = market();
    open(&mut chain, &long, &short, "1");
    // 2000 at 20x need 100, but a tenth of 2000 must stay: 200. The fee was 0.9.
    let nonce = chain.nonce();
    let step = chain.act(&long, &usd_send(&other.address(), "799.11", nonce));
    assert_eq!(step.rejection(0), Rejection::InsufficientWithdrawable);
    let nonce = chain.nonce();
    assert_eq!(chain.act(&long, &usd_send(&other.address(), "799.1", nonce)).items(0), [ItemStatus::Done]);
    assert_eq!(chain.collateral(&other), Usd(1_799 * ATOMS + 10_000_000));
    let nonce = chain.nonce();
    assert_eq!(chain.act(&other, &class_transfer("1799.1", false, nonce)).items(0), [ItemStatus::Done]);
    assert_eq!(chain.collateral(&other), Usd(0));
    let nonce = chain.nonce();
    let step = chain.act(&other, &class_transfer("0.00000001", false, nonce));
    assert_eq!(step.rejection(0), Rejection::InsufficientWithdrawable);
}

#[test]
fn funding_is_paid_each_hour_on_touch_and_conserved() {
    let (mut chain, [long, short, other]) = market();
    open(&mut chain, &long, &short, "1");
    chain.step_ms = 3_600_000;
    let step = chain.empty();
    let paid = step.outcome.receipts.due.iter().filter(|event| matches!(event, Event::FundingRate { .. }));
    assert_eq!(paid.count(), 2);
    chain.step_ms = 100;
    // Nothing was written of the accounts; interest of 0.01 % for eight hours, an eighth of it on 2000: 0.025 USD.
    let before = chain.position(&long, ETH).unwrap();
    chain.deposit(&other, "1000");
    chain.act(&other, &place(&[buy_perp(ETH, "2000", "1"), sell_perp(ETH, "2001", "1")]));
    chain.act(&long, &place(&[with(sell_perp(ETH, "2000", "0.5"), TimeInForce::Ioc)]));
    let after = chain.position(&long, ETH).unwrap();
    assert_eq!(after.quote.0 - before.quote.0, 1_000 * ATOMS - 45_000_000 - 2_500_000);
    let step = chain.act(&short, &place(&[with(buy_perp(ETH, "2001", "0.5"), TimeInForce::Ioc)]));
    let funded = step.receipts()[0].events.iter().find_map(|event| match event {
        Event::Funding { paid, .. } => Some(*paid),
        _ => None,
    });
    assert_eq!(funded, Some(Usd(-2_500_000)));
    let pool = chain.chain.tables.exchange.perp_totals.peek(&ETH).unwrap().funding_pool;
    assert_eq!(pool, Usd(0));
}

#[test]
fn open_interest_stays_within_its_cap() {
    let mut genesis = perp_genesis();
    genesis.exchange.perps.markets[0].open_interest_max = SizeLots(100);
    let mut chain = Harness::trading(genesis);
    let [long, short] = chain.traders("1000");
    chain.act(&short, &place(&[sell_perp(ETH, "2000", "2")]));
    let step = chain.act(&long, &place(&[buy_perp(ETH, "2000", "1.01")]));
    assert_eq!(step.rejection(0), Rejection::OpenInterestCap);
    assert!(matches!(
        chain.act(&long, &place(&[buy_perp(ETH, "2000", "1")])).items(0),
        [ItemStatus::Filled { .. }]
    ));
}

#[test]
fn the_mark_follows_what_validators_report_and_nothing_within_a_block() {
    let (mut chain, [bidder, asker, taker]) = market();
    assert_eq!(mark(&chain, ETH), 20_000_000);
    // The book that a block leaves moves the mark at the next update: oracle with basis, and its own median.
    chain.act_all(&[
        (&bidder, place(&[buy_perp(ETH, "2020", "0.1")])),
        (&asker, place(&[sell_perp(ETH, "2030", "0.1")])),
    ]);
    assert_eq!(mark(&chain, ETH), 20_000_000);
    chain.empty();
    assert_eq!(mark(&chain, ETH), 20_250_000);
    chain.quotes[0].external = Some(tandem_types::PriceTicks(20_240_000));
    chain.act(&taker, &place(&[buy_perp(ETH, "2030", "0.05")]));
    assert!((20_240_000..=20_250_000).contains(&mark(&chain, ETH)));
}

#[test]
fn blocks_after_price_heights_carry_the_reports_of_enough_validators() {
    let (mut chain, _) = market();
    let good = chain.clone().empty().block;
    assert_eq!(good.body.price_reports.len(), 4);
    let mut bad = good.clone();
    bad.body.price_reports.truncate(2);
    assert!(matches!(chain.propose(&bad), Err(InvalidBlock::PriceReports(_))));
    bad = good.clone();
    bad.body.price_reports.swap(0, 1);
    assert!(matches!(chain.propose(&bad), Err(InvalidBlock::PriceReports(_))));
    bad = good.clone();
    bad.body.price_reports[0][70] ^= 1;
    assert!(matches!(chain.propose(&bad), Err(InvalidBlock::PriceReport { index: 0, .. })));
    // Three of four suffice, but are another block than the one with four.
    bad = good.clone();
    bad.body.price_reports.pop();
    assert_eq!(chain.propose(&bad), Err(InvalidBlock::Header("price_reports_root")));
    assert!(chain.propose(&good).is_ok());

    // On a chain without perpetual markets a report has no place.
    let mut spot = Harness::default();
    spot.until_before(11);
    let mut block = spot.clone().empty().block;
    block.body.price_reports = good.body.price_reports;
    assert!(spot.propose(&block).is_err());
}
