//! Liquidations, through whole blocks.

use tandem_exchange::perp::liquidation::{MarginUnit, VaultAddresses};
use tandem_exchange::perp::position::Position;
use tandem_exchange::{CloseReason, Event, PositionKey, Takeover, Trade, Vault};
use tandem_testkit::{
    DOGE, ETH, Harness, Signer, Step, buy_perp, isolated_margin, leverage, perp_genesis, place, sell_perp,
    usd_send,
};
use tandem_types::{AccountId, Address, MarketId, SizeLots, Usd};

const ATOMS: i64 = 100_000_000;

/// ETH at 2000 USD and DOGE at 0.1; wallets 1 to 3 with `usd` of collateral each, and the vaults with something.
fn market(usd: &str, backstop: u64, insurance: u64) -> (Harness, [Signer; 3]) {
    let (mut chain, traders) = tandem_testkit::market(usd);
    let giver = Signer::wallet(5);
    chain.deposit(&giver, "500000");
    let vaults = VaultAddresses::default();
    for (address, amount) in [(vaults.backstop, backstop), (vaults.insurance, insurance)] {
        if amount > 0 {
            let nonce = chain.nonce();
            chain.act(&giver, &usd_send(&address, &amount.to_string(), nonce));
        }
    }
    (chain, traders)
}

/// Opens `size` for `long` against `short` at 2000.
fn open(chain: &mut Harness, long: &Signer, short: &Signer, size: &str) {
    chain.act(short, &place(&[sell_perp(ETH, "2000", size)]));
    chain.act(long, &place(&[buy_perp(ETH, "2000", size)]));
}

/// A block with ETH at so many USD.
fn fall(chain: &mut Harness, usd: u64) -> Step {
    chain.set_oracle(ETH, usd * 10_000);
    chain.empty()
}

fn size_of(chain: &Harness, who: &Signer) -> i64 {
    chain.position(who, ETH).map_or(0, |position| position.size.0)
}

fn vault_position(chain: &Harness, address: &Address, market: MarketId) -> Option<Position> {
    let account = chain.account(address);
    chain.chain.tables.exchange.positions.peek(&PositionKey { account, market }).copied()
}

fn vault_collateral(chain: &Harness, address: &Address) -> Usd {
    chain.chain.tables.exchange.collaterals.peek(&chain.account(address)).copied().unwrap_or_default()
}

fn trades(step: &Step) -> Vec<Trade> {
    let trades = step.outcome.receipts.due.iter().filter_map(|event| match event {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    trades.collect()
}

fn takeovers(step: &Step) -> Vec<Takeover> {
    let found = step.outcome.receipts.due.iter().filter_map(|event| match event {
        Event::Takeover(takeover) => Some(*takeover),
        _ => None,
    });
    found.collect()
}

fn is_queued(chain: &Harness, who: &Signer) -> bool {
    let unit = MarginUnit::cross(chain.account(&who.address()));
    chain.chain.tables.exchange.liquidations.peek(&unit).is_some()
}

#[test]
fn an_account_below_maintenance_is_sold_into_the_book_after_its_orders_are_cancelled() {
    let (mut chain, [long, short, other]) = market("1000", 0, 0);
    open(&mut chain, &long, &short, "5");
    chain.act(&long, &place(&[buy_perp(ETH, "1500", "1"), buy_perp(ETH, "1400", "1")]));
    chain.act(&other, &place(&[buy_perp(ETH, "1814", "3")]));
    assert!(trades(&fall(&mut chain, 1_820)).is_empty(), "95 of 91 are there");
    // 1000 - 5 x 185 - 4.5 of fees are 70.5, of 90.75: above two thirds. The zero price is 1801.
    let step = fall(&mut chain, 1_815);
    let events = &step.outcome.receipts.due;
    let cancelled =
        events.iter().filter(|event| matches!(event, Event::Closed { reason: CloseReason::Liquidation, .. }));
    assert_eq!(cancelled.count(), 2);
    let order = events.iter().find_map(|event| match event {
        Event::LiquidationOrder(order) => Some(*order),
        _ => None,
    });
    let order = order.expect("an order");
    assert_eq!((order.value, order.maintenance), (Usd(7_050_000_000), Usd(9_075_000_000)));
    let [trade] = trades(&step)[..] else { panic!("{events:?}") };
    assert_eq!((trade.taker_order, trade.size), (order.order, SizeLots(300)));
    // The ordinary fee is less than what the price is better than the zero price, and goes to the insurance fund.
    let fee = Usd(3 * 1_814 * ATOMS * 450 / 1_000_000);
    assert_eq!(vault_collateral(&chain, &VaultAddresses::default().insurance), fee);
    assert_eq!(size_of(&chain, &long), 200);
    assert!(!is_queued(&chain, &long), "it has its margin again");
}

#[test]
fn nothing_is_sold_below_the_zero_price_and_it_is_tried_again_a_second_later() {
    let (mut chain, [long, short, other]) = market("1000", 0, 0);
    open(&mut chain, &long, &short, "5");
    chain.act(&other, &place(&[buy_perp(ETH, "1800", "5")]));
    assert!(trades(&fall(&mut chain, 1_815)).is_empty());
    assert!(is_queued(&chain, &long));
    chain.step_ms = 900;
    chain.act(&other, &place(&[buy_perp(ETH, "1803", "5")]));
    assert_eq!(size_of(&chain, &long), 500, "its turn has not come");
    chain.step_ms = 100;
    assert_eq!(trades(&chain.empty()).len(), 1);
    assert_eq!(size_of(&chain, &long), 0);
}

#[test]
fn below_two_thirds_the_backstop_takes_positions_and_collateral() {
    let (mut chain, [long, short, _]) = market("1000", 5_000, 0);
    open(&mut chain, &long, &short, "5");
    // 20.5 of 90.25.
    let step = fall(&mut chain, 1_805);
    let backstop = VaultAddresses::default().backstop;
    let [takeover] = takeovers(&step)[..] else { panic!("{step:?}") };
    assert_eq!((takeover.vault, takeover.size.0), (Vault::Backstop, 500));
    assert_eq!((chain.position(&long, ETH), chain.collateral(&long)), (None, Usd(0)));
    let taken = vault_position(&chain, &backstop, ETH).expect("a position");
    assert_eq!((taken.size.0, taken.quote), (500, Usd(-5 * 1_805 * ATOMS)));
    assert_eq!(vault_collateral(&chain, &backstop), Usd(5_020 * ATOMS + 50_000_000));
}

#[test]
fn a_backstop_without_margin_leaves_it_to_the_book() {
    let (mut chain, [long, short, other]) = market("1000", 100, 0);
    open(&mut chain, &long, &short, "5");
    chain.act(&other, &place(&[buy_perp(ETH, "1803", "5")]));
    let step = fall(&mut chain, 1_805);
    assert_eq!((takeovers(&step).len(), trades(&step).len()), (0, 1));
    assert_eq!((size_of(&chain, &long), size_of(&chain, &other)), (0, 500));
}

#[test]
fn what_is_worth_less_than_nothing_is_closed_against_the_other_side_which_pays_what_is_missing() {
    let (mut chain, [long, short, other]) = market("1000", 0, 0);
    open(&mut chain, &long, &short, "5");
    let untouched = chain.collateral(&other);
    // 54.5 are missing.
    let step = fall(&mut chain, 1_790);
    let closed = step.outcome.receipts.due.iter().find_map(|event| match event {
        Event::Deleveraged(closed) => Some(*closed),
        _ => None,
    });
    let closed = closed.expect("someone is deleveraged");
    assert_eq!((closed.size_before.0, closed.size.0, closed.paid.0), (-500, 0, 5_450_000_000));
    let all = [&long, &short].map(|who| chain.position(who, ETH));
    assert_eq!((all, chain.collateral(&long)), ([None, None], Usd(0)));
    assert_eq!(chain.collateral(&short), Usd((2_050 * ATOMS) - 150_000_000 - 5_450_000_000));
    let insurance = VaultAddresses::default().insurance;
    assert_eq!(
        (vault_collateral(&chain, &insurance), vault_position(&chain, &insurance, ETH)),
        (Usd(0), None)
    );
    assert_eq!(chain.collateral(&other), untouched, "who holds nothing pays nothing");
    assert!(chain.chain.tables.exchange.deleverages.is_empty());
}

#[test]
fn the_insurance_fund_pays_first() {
    let (mut chain, [long, short, _]) = market("1000", 0, 50);
    open(&mut chain, &long, &short, "5");
    fall(&mut chain, 1_790);
    assert_eq!(chain.collateral(&short), Usd((2_050 * ATOMS) - 150_000_000 - 450_000_000));
    assert_eq!(vault_collateral(&chain, &VaultAddresses::default().insurance), Usd(0));
    // With a backstop that takes it, nobody is deleveraged.
    let (mut chain, [long, short, _]) = market("1000", 5_000, 100);
    open(&mut chain, &long, &short, "5");
    let step = fall(&mut chain, 1_790);
    assert_eq!(takeovers(&step)[0].vault, Vault::Backstop);
    assert_eq!(size_of(&chain, &short), -500);
    assert_eq!(vault_collateral(&chain, &VaultAddresses::default().insurance), Usd(45 * ATOMS + 50_000_000));
}

#[test]
fn an_isolated_position_is_liquidated_on_its_own() {
    let (mut chain, [long, short, other]) = market("1000", 5_000, 0);
    chain.act(&long, &leverage(ETH, 20, false));
    chain.act(&other, &place(&[sell_perp(DOGE, "0.1", "10000")]));
    chain.act(&long, &place(&[buy_perp(DOGE, "0.1", "10000")]));
    open(&mut chain, &long, &short, "2");
    chain.act(&long, &isolated_margin(ETH, 10_000_000));
    let collateral = chain.collateral(&long);
    // 200 of initial margin and 10; at 1,900 10 of 38 are left.
    let step = fall(&mut chain, 1_900);
    assert_eq!(takeovers(&step).len(), 1);
    assert_eq!(
        (chain.position(&long, ETH).map(|left| left.size.0), chain.collateral(&long)),
        (Some(0), collateral)
    );
    assert!(chain.position(&long, DOGE).is_some_and(|position| position.size.0 == 10_000));
    let unit = MarginUnit::isolated(chain.account(&long.address()), ETH);
    assert!(chain.chain.tables.exchange.liquidations.peek(&unit).is_none());
}

#[test]
fn of_a_large_position_a_fifth_is_sold_first_and_all_of_it_within_the_cooldown() {
    let (mut chain, [long, short, other]) = market("12000", 0, 0);
    open(&mut chain, &long, &short, "100");
    chain.act(&other, &place(&[buy_perp(ETH, "1895", "100")]));
    // 200,000 at 2000; at 1895 there are 12,000 - 10,500 - 90 = 1,410 of 1,895.
    let step = fall(&mut chain, 1_895);
    let sizes: Vec<_> = trades(&step).iter().map(|trade| trade.size.0).collect();
    assert_eq!((sizes, size_of(&chain, &long)), (vec![2_000], 8_000));
    // It is still short of margin, and 30 seconds have not passed.
    chain.step_ms = 1_000;
    let step = fall(&mut chain, 1_893);
    assert_eq!(trades(&step)[0].size.0, 8_000);
    assert_eq!(size_of(&chain, &long), 0);
}

#[test]
fn after_the_cooldown_parts_are_sold_again() {
    let (mut chain, [long, short, other]) = market("12000", 0, 0);
    open(&mut chain, &long, &short, "100");
    chain.act(&other, &place(&[buy_perp(ETH, "1895", "20")]));
    fall(&mut chain, 1_895);
    assert_eq!(size_of(&chain, &long), 8_000);
    chain.step_ms = 31_000;
    let step = chain.act(&other, &place(&[buy_perp(ETH, "1893", "80")]));
    assert_eq!(trades(&step).iter().map(|trade| trade.size.0).collect::<Vec<_>>(), [1_600]);
}

#[test]
fn a_stale_market_waits() {
    let (mut chain, [long, short, other]) = market("1000", 0, 0);
    open(&mut chain, &long, &short, "5");
    fall(&mut chain, 1_804);
    assert!(is_queued(&chain, &long));
    chain.quotes.clear();
    chain.step_ms = 20_000;
    let step = chain.act(&other, &place(&[buy_perp(ETH, "1804", "5")]));
    assert_eq!((trades(&step).len(), size_of(&chain, &long)), (0, 500));
    chain.step_ms = 1_000;
    chain.set_oracle(ETH, 18_040_000);
    assert_eq!(trades(&chain.empty()).len(), 1);
    assert_eq!(size_of(&chain, &long), 0);
}

#[test]
fn vaults_are_the_last_accounts_of_the_genesis() {
    let chain = Harness::new(perp_genesis());
    let vaults = VaultAddresses::default();
    assert_eq!(
        [vaults.backstop, vaults.insurance].map(|address| chain.account(&address)),
        [AccountId(6), AccountId(7)]
    );
}
