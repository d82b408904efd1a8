//! The same of perpetual markets.

use super::{World, resting};
use crate::{Before, FundingPayment, LedgerEntry};
use tandem_exchange::{PositionChange, QUOTE};
use tandem_testkit::{
    DOGE, ETH, Harness, Signer, USD, buy_perp, perp_genesis, place, sell_perp, send, usd_send,
};
use tandem_types::{AccountId, QuoteAtoms, SignedLots, TokenAtoms, Usd};

const HOUR_MS: u64 = 3_600_000;
const USD_ATOMS: i64 = 100_000_000;

/// ETH at 2000 USD and DOGE at 0.1; wallets 1 to 3 with ten thousand USD of collateral each.
pub(super) fn market() -> (World, [Signer; 3]) {
    let mut world = World::of(Harness::new(perp_genesis()));
    world.chain.set_oracle(ETH, 20_000_000);
    world.chain.set_oracle(DOGE, 100_000);
    let traders = [1, 2, 3].map(Signer::wallet);
    for trader in &traders {
        let step = world.chain.deposit(trader, "10000");
        world.see(&step);
    }
    (world, traders)
}

impl World {
    pub(super) fn account(&self, who: &Signer) -> AccountId {
        self.indexer.markets().account(&who.address()).unwrap()
    }

    pub(super) fn trade(&mut self, buyer: &Signer, seller: &Signer, size: &str) -> crate::BlockChanges {
        let step = self.chain.act(seller, &place(&[sell_perp(ETH, "2000", size)]));
        self.see(&step);
        let step = self.chain.act(buyer, &place(&[buy_perp(ETH, "2000", size)]));
        self.see(&step)
    }

    /// Moves on past the next full hour.
    fn pass_hour(&mut self) -> crate::BlockChanges {
        self.chain.step_ms = HOUR_MS - self.chain.parent.time.0 % HOUR_MS + 1;
        let step = self.chain.empty();
        self.chain.step_ms = 100;
        self.see(&step)
    }
}

#[test]
fn fills_tell_the_position_before_and_what_was_closed() {
    let (mut world, [one, two, three]) = market();
    world.trade(&one, &two, "1");
    let step = world.chain.act(&one, &place(&[sell_perp(ETH, "2010", "1.5")]));
    world.see(&step);
    let step = world.chain.act(&three, &place(&[buy_perp(ETH, "2010", "1.5")]));
    let changes = world.see(&step);
    let row = &changes.trades[0];
    let change = |who, size_before: i64, size: i64, entry_usd: u64, profit| {
        Before::Perpetual(PositionChange {
            account: world.account(who),
            market: ETH,
            trade: row.trade.id,
            size_before: SignedLots(size_before),
            size: SignedLots(size),
            entry: QuoteAtoms(entry_usd * 100_000_000),
            closed_profit: Usd(profit),
        })
    };
    assert_eq!(row.taker_before, change(&three, 0, 150, 3_015, 0));
    assert_eq!(row.maker_before, change(&one, 100, -50, 1_005, 10 * USD_ATOMS));
    assert_eq!(changes.positions, [world.account(&one), world.account(&three)]);
    assert!(changes.perpetuals.contains(&ETH));
    let day = world.indexer.day(ETH);
    assert_eq!((day.lots, day.notional), (250, (2_000 + 3_015) * 100_000_000));
}

#[test]
fn orders_remember_that_they_are_reduce_only() {
    let (mut world, [one, two, _]) = market();
    world.trade(&one, &two, "1");
    let reduce = |order| tandem_exchange::action::Order { reduce_only: true, ..order };
    let orders = [reduce(sell_perp(ETH, "2100", "0.5")), sell_perp(ETH, "2200", "0.5")];
    let step = world.chain.act(&one, &place(&orders));
    let (first, second) = (resting(&step, 0), resting(&step, 1));
    world.see(&step);
    let flags = |world: &World| [first, second].map(|id| world.indexer.open_order(id).unwrap().reduce_only);
    assert_eq!(flags(&world), [true, false]);
    world.indexer = world.made_anew();
    assert_eq!(flags(&world), [true, false]);
    let step = world.chain.act(&two, &place(&[buy_perp(ETH, "2200", "1")]));
    world.see(&step);
    let closed = |id| world.indexer.history().order(id).unwrap().order.reduce_only;
    assert_eq!([first, second].map(closed), [true, false]);
}

#[test]
fn every_position_pays_on_the_hour_what_it_held_then() {
    let (mut world, [one, two, three]) = market();
    world.trade(&one, &two, "1");
    let opened = world.indexer.time();
    assert_eq!(world.pass_hour().payments.len(), 2);
    world.trade(&three, &two, "0.5");
    let changes = world.pass_hour();
    // Without a premium the hour pays 0.00125 % of 2000 USD an ETH.
    let rates: Vec<_> = world.indexer.funding().rates(ETH, 0, u64::MAX).map(|rate| rate.rate.0).collect();
    assert_eq!(rates, [12_500_000, 12_500_000]);
    let short = |payment: &FundingPayment| (payment.size.0, payment.paid);
    let of = |world: &World, who| {
        let account = world.account(who);
        world.indexer.funding().payments(account).map(short).collect::<Vec<_>>()
    };
    assert_eq!(of(&world, &one), [(100, 2_500_000), (100, 2_500_000)]);
    assert_eq!(of(&world, &two), [(-150, -3_750_000), (-100, -2_500_000)]);
    assert_eq!(of(&world, &three), [(50, 1_250_000)]);
    assert_eq!(changes.payments.iter().map(short).collect::<Vec<_>>().len(), 3);
    let since = world.indexer.funding().since(world.account(&two), ETH);
    assert!(since.opened == opened && since.changed > opened);
    // What the account is worth follows the rules' own settlement.
    let position = world.chain.position(&one, ETH).unwrap();
    let prices = world.chain.chain.tables.exchange.perp_prices.peek(&ETH).unwrap();
    assert_eq!(position.funding_owed(prices.funding_index), 5_000_000);

    let again = world.made_anew();
    for who in [&one, &two, &three] {
        let account = world.account(who);
        assert!(again.funding().payments(account).eq(world.indexer.funding().payments(account)));
        assert_eq!(again.funding().since(account, ETH), world.indexer.funding().since(account, ETH));
    }
    assert!(again.funding().rates(ETH, 0, u64::MAX).eq(world.indexer.funding().rates(ETH, 0, u64::MAX)));
}

#[test]
fn a_position_of_before_the_kept_blocks_pays_for_the_hours_within_them() {
    let (mut world, [one, two, _]) = market();
    world.trade(&one, &two, "1");
    world.blocks.clear();
    world.pass_hour();
    let again = world.made_anew();
    let account = world.account(&one);
    assert_eq!(
        again.funding().payments(account).map(|payment| payment.paid).collect::<Vec<_>>(),
        [2_500_000]
    );
    assert_eq!(again.funding().since(account, ETH), crate::Since::default());
}

#[test]
fn the_ledger_has_what_moved_on_both_sides() {
    let (mut world, [one, two, _]) = market();
    let stranger = Signer::wallet(77);
    let nonce = world.chain.nonce();
    let step = world.chain.act(&one, &usd_send(&two.address(), "5", nonce));
    let changes = world.see(&step);
    assert_eq!(changes.ledger.len(), 1);
    let nonce = world.chain.nonce();
    let step = world.chain.act(&one, &send(&stranger.address(), USD, "7", nonce));
    world.see(&step);
    let (from, to, new) = (world.account(&one), world.account(&two), world.account(&stranger));
    let usd = |count: u64| count * 100_000_000;
    let entries = |account| -> Vec<_> { world.indexer.ledger().of(account).map(|row| row.entry).collect() };
    let sent = LedgerEntry::UsdTransfer { from, to, amount: QuoteAtoms(usd(5)), fee: TokenAtoms(0) };
    let gift = LedgerEntry::SpotTransfer {
        from,
        to: new,
        token: QUOTE,
        amount: TokenAtoms(usd(7)),
        fee: TokenAtoms(usd(1)),
    };
    let class = |account| LedgerEntry::ClassTransfer { account, to_perp: Usd(10_000 * USD_ATOMS) };
    assert_eq!(entries(from), [gift, sent, class(from)]);
    assert_eq!(entries(to), [sent, class(to)]);
    assert_eq!(entries(new), [gift]);
    assert!(world.made_anew().ledger().of(from).eq(world.indexer.ledger().of(from)));
}
