//! Fee tiers, rebates, and whose volume counts for whom.

use tandem_exchange::fees::{DAYS, FeeSchedule, FeeTier, Rates, RebateTier, day_of, fee_state};
use tandem_exchange::{Event, ItemStatus, SPOT_ASSET_BASE, TREASURY, Trade};
use tandem_stf::Genesis;
use tandem_testkit::{
    ETH, Harness, PURR, Signer, Step, USD, buy, buy_perp, create_sub_account, perp_genesis, place, sell,
    sell_perp, sub_account_transfer,
};
use tandem_types::{MarketId, Usd};

const DAY_MS: u64 = 24 * 3_600_000;

fn maker() -> Signer {
    Signer::wallet(1)
}

fn taker() -> Signer {
    Signer::wallet(2)
}

/// Above 1,000 and 10,000 USD; rebates above a tenth and half of all volume.
fn schedule() -> FeeSchedule {
    let rates = |taker_ppm, maker_ppm| Rates { taker_ppm, maker_ppm };
    let tier = |above_usd, perp, spot| FeeTier { above_usd, perp, spot };
    let tiers =
        [tier(1_000, rates(400, 120), rates(600, 300)), tier(10_000, rates(300, 40), rates(400, 100))];
    let rebate = |above_share_ppm, rebate_ppm| RebateTier { above_share_ppm, rebate_ppm };
    FeeSchedule::new(&tiers, &[rebate(500_000, 20), rebate(900_000, 30)]).unwrap()
}

fn fee_genesis() -> Genesis {
    let mut genesis = perp_genesis();
    genesis.exchange.config.fees = schedule();
    genesis
}

/// ETH at 2,000 USD; wallets 1 to 4 with collateral.
fn chain() -> Harness {
    let mut chain = Harness::trading(fee_genesis());
    chain.traders::<4>("100000");
    chain
}

/// `taker` buys ETH from `maker` at 2,000 USD.
fn trade(chain: &mut Harness, maker: &Signer, taker: &Signer, size: &str) -> (Trade, Step) {
    chain.act(maker, &place(&[sell_perp(ETH, "2000", size)]));
    let step = chain.act(taker, &place(&[buy_perp(ETH, "2000", size)]));
    (traded(&step), step)
}

fn traded(step: &Step) -> Trade {
    let trade = step.receipts()[0].events.iter().find_map(|event| match event {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    trade.unwrap_or_else(|| panic!("no trade: {:?}", step.receipts()[0]))
}

fn pass_days(chain: &mut Harness, days: u64) {
    chain.step_ms = DAY_MS;
    for _ in 0..days {
        chain.empty();
    }
    chain.step_ms = 100;
}

/// Fees in 10^-8 USD of a trade of so many USD.
const fn fee(usd: u64, ppm: u64) -> u64 {
    usd * 100 * ppm
}

#[test]
fn a_tier_holds_from_the_day_after_its_volume_until_that_is_fourteen_days_old() {
    let mut chain = chain();
    let (maker, taker) = (maker(), taker());
    // On its first day nobody has a tier, whatever is traded.
    for _ in 0..2 {
        let (first, _) = trade(&mut chain, &maker, &taker, "1");
        assert_eq!((first.taker_fee.0, first.maker_fee.0), (fee(2_000, 450), fee(2_000, 150)));
    }
    pass_days(&mut chain, 1);
    // 4,000 USD: the first tier for both; the maker made all of the volume, so that it is paid.
    let (second, _) = trade(&mut chain, &maker, &taker, "0.1");
    assert_eq!((second.taker_fee.0, second.maker_fee.0), (fee(200, 400), 0));
    assert_eq!(second.maker_rebate.0, fee(200, 30));
    // The other way round: this one's makers have made nothing.
    let (third, _) = trade(&mut chain, &taker, &maker, "0.1");
    assert_eq!((third.taker_fee.0, third.maker_fee.0), (fee(200, 400), fee(200, 120)));
    pass_days(&mut chain, u64::from(DAYS) - 1);
    let (last, _) = trade(&mut chain, &maker, &taker, "0.1");
    assert_eq!(last.taker_fee.0, fee(200, 400), "the first day counts on the fourteenth after it");
    pass_days(&mut chain, 1);
    let (after, _) = trade(&mut chain, &maker, &taker, "0.1");
    assert_eq!(after.taker_fee.0, fee(200, 450));
}

#[test]
fn sub_accounts_share_their_masters_tier_and_volume() {
    let mut chain = chain();
    let (maker, taker) = (maker(), taker());
    let step = chain.act(&taker, &create_sub_account("a"));
    let [ItemStatus::AccountMade { address }] = step.items(0) else { panic!() };
    chain.act(&taker, &sub_account_transfer(address, true, 1_000_000_000));
    // The sub-account trades; its master has the tier.
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "1")]));
    let step = chain.act_for(&taker, address, &place(&[buy_perp(ETH, "2000", "1")]));
    assert_eq!(traded(&step).taker_fee.0, fee(2_000, 450));
    pass_days(&mut chain, 1);
    assert_eq!(trade(&mut chain, &maker, &taker, "0.1").0.taker_fee.0, fee(200, 400));
    // And the sub-account with it.
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.1")]));
    let step = chain.act_for(&taker, address, &place(&[buy_perp(ETH, "2000", "0.1")]));
    assert_eq!(traded(&step).taker_fee.0, fee(200, 400));
    let tables = &chain.chain.tables.exchange;
    let [master, sub] = [taker.address(), *address].map(|address| {
        let account = chain.account(&address);
        fee_state(tables, account, chain.parent.time)
    });
    assert_eq!(master, sub);
    let volumes: Vec<_> = master.days.iter().map(|(_, volume)| (volume.taker, volume.maker)).collect();
    assert_eq!(volumes, [(2_000_000_000, 0), (400_000_000, 0)]);
}

#[test]
fn spot_counts_double_and_a_rebate_is_in_what_the_taker_received() {
    let mut chain = Harness::new(fee_genesis());
    let (maker, taker) = (maker(), taker());
    let spot = |chain: &mut Harness, size: &str| {
        chain.act(&maker, &place(&[sell(PURR, "1", size)]));
        traded(&chain.act(&taker, &place(&[buy(PURR, "1", size)])))
    };
    let first = spot(&mut chain, "600");
    assert_eq!(first.market, MarketId(SPOT_ASSET_BASE + 1));
    // 700 and 400 millionths of 600 PURR and 600 USD.
    assert_eq!((first.taker_fee.0, first.maker_fee.0), (42_000, fee(600, 400)));
    pass_days(&mut chain, 1);
    let before = [USD, PURR].map(|token| chain.balance(&maker, token).total.0);
    let treasury = |chain: &Harness, token| {
        let key = tandem_exchange::BalanceKey { account: TREASURY, token };
        chain.chain.tables.exchange.balances.peek(&key).map_or(0, |balance| balance.total.0)
    };
    let kept = treasury(&chain, PURR);
    let second = spot(&mut chain, "100");
    // 600 millionths of 100 PURR for the taker, of which the maker has 30.
    assert_eq!((second.taker_fee.0, second.maker_fee.0, second.maker_rebate.0), (6_000, 0, 300));
    let after = [USD, PURR].map(|token| chain.balance(&maker, token).total.0);
    assert_eq!(after, [before[0] + 100 * 100_000_000, before[1] - 100 * 100_000 + 300]);
    assert_eq!(treasury(&chain, PURR), kept + 5_700);
}

#[test]
fn a_rebate_on_perpetuals_goes_to_the_makers_collateral_out_of_the_takers_fee() {
    let mut chain = chain();
    let (maker, taker) = (maker(), taker());
    trade(&mut chain, &maker, &taker, "1");
    pass_days(&mut chain, 1);
    let money = |chain: &Harness, signer: &Signer| {
        let account = chain.account(&signer.address());
        let Usd(atoms) = chain.chain.tables.exchange.collaterals.peek(&account).copied().unwrap_or_default();
        atoms
    };
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.5")]));
    let (before, kept) = (money(&chain, &maker), treasury_usd(&chain));
    let step = chain.act(&taker, &place(&[buy_perp(ETH, "2000", "0.5")]));
    let trade = traded(&step);
    assert_eq!((trade.taker_fee.0, trade.maker_rebate.0), (fee(1_000, 400), fee(1_000, 30)));
    assert_eq!(money(&chain, &maker) - before, i64::try_from(fee(1_000, 30)).unwrap());
    assert_eq!(treasury_usd(&chain) - kept, fee(1_000, 370));
}

fn treasury_usd(chain: &Harness) -> u64 {
    let key = tandem_exchange::BalanceKey { account: TREASURY, token: USD };
    chain.chain.tables.exchange.balances.peek(&key).map_or(0, |balance| balance.total.0)
}

#[test]
fn a_rebate_is_never_more_than_the_takers_fee() {
    let mut genesis = fee_genesis();
    genesis.exchange.perps.config.taker_fee_ppm = 0;
    let free = |above_usd| FeeTier { above_usd, perp: Rates::default(), spot: Rates::default() };
    let rebates = [RebateTier { above_share_ppm: 0, rebate_ppm: 50_000 }];
    genesis.exchange.config.fees = FeeSchedule::new(&[free(0)], &rebates).unwrap();
    let mut chain = Harness::trading(genesis);
    chain.traders::<2>("10000");
    trade(&mut chain, &maker(), &taker(), "1");
    pass_days(&mut chain, 1);
    let (second, _) = trade(&mut chain, &maker(), &taker(), "1");
    assert_eq!((second.taker_fee.0, second.maker_fee.0, second.maker_rebate.0), (0, 0, 0));
}

#[test]
fn at_most_fourteen_days_are_kept_of_anyone() {
    let mut chain = chain();
    let (maker, taker) = (maker(), taker());
    for _ in 0..20 {
        trade(&mut chain, &maker, &taker, "0.01");
        pass_days(&mut chain, 1);
    }
    trade(&mut chain, &maker, &taker, "0.01");
    let tables = &chain.chain.tables.exchange;
    let most = usize::try_from(DAYS).unwrap();
    assert_eq!(tables.volume_days.len(), 2 * most);
    assert_eq!(tables.exchange_days.len(), most + 1);
    let own = fee_state(tables, chain.account(&maker.address()), chain.parent.time);
    let today = day_of(chain.parent.time);
    let days: Vec<_> = own.days.iter().map(|(day, _)| *day).collect();
    assert_eq!(days, (today - DAYS..=today).collect::<Vec<_>>());
    // After a pause all of it is forgotten with the next trade.
    pass_days(&mut chain, u64::from(DAYS) + 2);
    trade(&mut chain, &maker, &taker, "0.01");
    let tables = &chain.chain.tables.exchange;
    assert_eq!((tables.volume_days.len(), tables.exchange_days.len()), (0, 1));
}
