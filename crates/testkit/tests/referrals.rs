//! Referrals, through whole blocks: codes, discounts, what is set aside of each fill, and its payment.

use proptest::prelude::*;
use tandem_exchange::action::{Action, Amount, ApproveScopedAgent};
use tandem_exchange::fees::{FeeSchedule, FeeTier, Rates, RebateTier};
use tandem_exchange::referral::{REFERRER_VOLUME_MIN, Referral, Referrer};
use tandem_exchange::{BalanceKey, Event, ItemStatus, Rejection, TREASURY, Trade, Transaction};
use tandem_stf::Genesis;
use tandem_testkit::{
    BTC, DOGE, ETH, Harness, PURR, Signer, Step, USD, approve, buy, buy_perp, class_transfer, convert,
    create_sub_account, create_vault, perp_genesis, place, register_referrer, sell, sell_perp, set_referrer,
    sub_account_transfer,
};
use tandem_types::{QuoteAtoms, TokenAtoms, TokenId};

const ATOMS: u64 = 100_000_000;

fn wallet(number: u8) -> Signer {
    Signer::wallet(number)
}

/// ETH at 2,000 USD and DOGE at 0.1; wallets 1 to 4 with a hundred thousand USD of collateral each.
fn chain_of(genesis: Genesis) -> Harness {
    let mut chain = Harness::new(genesis);
    chain.set_oracle(ETH, 20_000_000);
    chain.set_oracle(DOGE, 100_000);
    chain.empty();
    for number in 1..=4 {
        let nonce = chain.nonce();
        chain.act(&wallet(number), &class_transfer("100000", true, nonce));
    }
    chain
}

/// The same with wallet 1, which has traded enough, as the referrer CODE of wallet 2.
fn referred() -> Harness {
    let mut chain = chain_of(perp_genesis());
    trade(&mut chain, &wallet(1), &wallet(4), "5");
    assert_eq!(chain.act(&wallet(1), &register_referrer("CODE")).items(0), [ItemStatus::Done]);
    assert_eq!(chain.act(&wallet(2), &set_referrer("CODE")).items(0), [ItemStatus::Done]);
    chain
}

/// `taker` buys ETH from `maker` at 2,000 USD.
fn trade(chain: &mut Harness, maker: &Signer, taker: &Signer, size: &str) -> Trade {
    chain.act(maker, &place(&[sell_perp(ETH, "2000", size)]));
    traded(&chain.act(taker, &place(&[buy_perp(ETH, "2000", size)])))
}

fn traded(step: &Step) -> Trade {
    let trade = step.receipts()[0].events.iter().find_map(|event| match event {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    trade.unwrap_or_else(|| panic!("no trade: {:?}", step.receipts()[0]))
}

fn referrer(chain: &Harness, who: &Signer) -> Referrer {
    let account = chain.account(&who.address());
    *chain.chain.tables.exchange.referrers.peek(&account).expect("a referrer")
}

fn referral(chain: &Harness, who: &Signer) -> Referral {
    let account = chain.account(&who.address());
    *chain.chain.tables.exchange.referrals.peek(&account).expect("a referral")
}

fn treasury(chain: &Harness) -> u64 {
    let key = BalanceKey { account: TREASURY, token: USD };
    chain.chain.tables.exchange.balances.peek(&key).map_or(0, |balance| balance.total.0)
}

fn cash(chain: &Harness, who: &Signer) -> u64 {
    chain.balance(who, USD).total.0
}

/// Fees in 10^-8 USD of a trade of so many USD.
const fn fee(usd: u64, ppm: u64) -> u64 {
    usd * 100 * ppm
}

#[test]
fn a_code_needs_volume_and_is_had_by_one_account_once() {
    let mut chain = chain_of(perp_genesis());
    let refused = |chain: &mut Harness, who: u8, code: &str| {
        let step = chain.act(&wallet(who), &register_referrer(code));
        step.receipts()[0].result.is_err().then(|| step.rejection(0))
    };
    // A lot below 10,000 USD.
    trade(&mut chain, &wallet(1), &wallet(2), "4.99");
    assert_eq!(refused(&mut chain, 1, "A"), Some(Rejection::ReferrerVolume));
    trade(&mut chain, &wallet(2), &wallet(1), "0.01");
    let account = chain.account(&wallet(1).address());
    let volume = chain.chain.tables.exchange.accounts.peek(&account).unwrap().traded;
    assert_eq!(volume, REFERRER_VOLUME_MIN);
    for code in ["a", "A B", "A-B"] {
        assert_eq!(refused(&mut chain, 1, code), Some(Rejection::ReferralCode), "{code}");
    }
    assert_eq!(refused(&mut chain, 1, "TANDEM2026"), None);
    assert_eq!(refused(&mut chain, 1, "OTHER"), Some(Rejection::ReferrerRegistered));
    assert_eq!(refused(&mut chain, 2, "TANDEM2026"), Some(Rejection::ReferralCodeTaken));
    assert_eq!(refused(&mut chain, 2, "TANDEM2027"), None);
}

#[test]
fn a_referrer_is_another_and_set_once() {
    let mut chain = referred();
    trade(&mut chain, &wallet(2), &wallet(3), "5");
    chain.act(&wallet(2), &register_referrer("SECOND"));
    let rows = [
        (1, "CODE", Rejection::SelfReferral),
        (3, "NOBODY", Rejection::UnknownReferralCode),
        (3, "code", Rejection::ReferralCode),
        (2, "CODE", Rejection::ReferrerSet),
        (2, "SECOND", Rejection::SelfReferral),
    ];
    for (who, code, expected) in rows {
        let step = chain.act(&wallet(who), &set_referrer(code));
        assert_eq!(step.rejection(0), expected, "{who} {code}");
    }
    // Two may refer each other: each pays the treasury nine tenths.
    assert_eq!(chain.act(&wallet(1), &set_referrer("SECOND")).items(0), [ItemStatus::Done]);
    assert_eq!((referrer(&chain, &wallet(1)).referees, referrer(&chain, &wallet(2)).referees), (1, 1));
}

#[test]
fn sub_accounts_and_vaults_neither_refer_nor_are_referred() {
    let mut chain = referred();
    let master = wallet(2);
    let mut wards = Vec::new();
    for action in [create_sub_account("a"), create_vault("vault", 1_000_000_000)] {
        let step = chain.act(&master, &action);
        let [ItemStatus::AccountMade { address }] = step.items(0) else { panic!("{:?}", step.receipts()) };
        wards.push(*address);
    }
    for ward in &wards {
        for action in [register_referrer("WARD"), set_referrer("CODE")] {
            let step = chain.act_for(&master, ward, &action);
            assert_eq!(step.rejection(0), Rejection::ReferralAccount, "{action:?}");
        }
    }
    // And their fees are whole, and nobody's but the treasury's.
    chain.act(&master, &sub_account_transfer(&wards[0], true, 1_000_000_000));
    chain.act(&wallet(4), &place(&[sell_perp(ETH, "2000", "0.2")]));
    for ward in wards {
        let step = chain.act_for(&master, &ward, &place(&[buy_perp(ETH, "2000", "0.1")]));
        assert_eq!(traded(&step).taker_fee.0, fee(200, 450));
    }
    assert_eq!(referrer(&chain, &wallet(1)).unclaimed, QuoteAtoms::ZERO);
}

#[test]
fn both_sides_of_a_perpetual_trade_pay_less_and_a_tenth_is_set_aside() {
    let mut chain = referred();
    let (referee, other) = (wallet(2), wallet(3));
    let before = treasury(&chain);
    let taken = trade(&mut chain, &other, &referee, "1");
    assert_eq!((taken.taker_fee.0, taken.maker_fee.0), (fee(2_000, 432), fee(2_000, 150)));
    assert_eq!(referrer(&chain, &wallet(1)).unclaimed.0, fee(2_000, 432) / 10);
    let made = trade(&mut chain, &referee, &other, "1");
    assert_eq!((made.taker_fee.0, made.maker_fee.0), (fee(2_000, 450), fee(2_000, 144)));
    let (fees, rewards) = (fee(2_000, 432 + 144), fee(2_000, 432 + 144) / 10);
    assert_eq!(referrer(&chain, &wallet(1)).unclaimed.0, rewards);
    let found = referral(&chain, &referee);
    assert_eq!((found.fees.0, found.rewards.0), (fees, rewards));
    assert_eq!(
        treasury(&chain) - before,
        fees + fee(2_000, 150 + 450),
        "all fees are there until they are claimed"
    );
}

#[test]
fn on_spot_a_tenth_of_what_is_paid_in_usd_is_set_aside() {
    let mut chain = referred();
    let (referee, other) = (wallet(2), wallet(3));
    let spot = |chain: &mut Harness, seller: &Signer, buyer: &Signer, sells: bool| {
        let (first, second) = (sell(PURR, "2", "1000"), buy(PURR, "2", "1000"));
        if sells {
            chain.act(buyer, &place(&[second]));
            return traded(&chain.act(seller, &place(&[first])));
        }
        chain.act(seller, &place(&[first]));
        traded(&chain.act(buyer, &place(&[second])))
    };
    // 2,000 USD. 700 millionths less 4 % are 672, 400 are 384; a thousand PURR are 10^8 atoms.
    let mut rewards = 0;
    for (seller, buyer, sells, taker, maker, reward) in [
        (&referee, &other, true, fee(2_000, 672), 40_000, fee(2_000, 672) / 10),
        (&referee, &other, false, 70_000, fee(2_000, 384), fee(2_000, 384) / 10),
        (&other, &referee, true, fee(2_000, 700), 38_400, 0),
        (&other, &referee, false, 67_200, fee(2_000, 400), 0),
    ] {
        let trade = spot(&mut chain, seller, buyer, sells);
        assert_eq!((trade.taker_fee.0, trade.maker_fee.0), (taker, maker));
        rewards += reward;
        assert_eq!(referrer(&chain, &wallet(1)).unclaimed.0, rewards);
    }
}

#[test]
fn what_is_set_aside_is_claimed_once_it_is_more_than_a_dollar() {
    let mut chain = referred();
    let (own, referee) = (wallet(1), wallet(2));
    assert_eq!(chain.act(&wallet(3), &Action::ClaimRewards).rejection(0), Rejection::RewardsTooSmall);
    // A tenth of 432 millionths: 1 USD of about 23,148 USD.
    trade(&mut chain, &wallet(3), &referee, "11.57");
    assert_eq!(referrer(&chain, &own).unclaimed.0, 99_964_800);
    assert_eq!(chain.act(&own, &Action::ClaimRewards).rejection(0), Rejection::RewardsTooSmall);
    trade(&mut chain, &wallet(3), &referee, "0.01");
    let unclaimed = referrer(&chain, &own).unclaimed.0;
    assert_eq!(unclaimed, 99_964_800 + fee(20, 432) / 10);
    let before = (cash(&chain, &own), treasury(&chain));
    let step = chain.act(&own, &Action::ClaimRewards);
    let account = chain.account(&own.address());
    assert_eq!(step.receipts()[0].events, [Event::RewardsClaimed { account, amount: TokenAtoms(unclaimed) }]);
    assert_eq!((cash(&chain, &own), treasury(&chain)), (before.0 + unclaimed, before.1 - unclaimed));
    let after = referrer(&chain, &own);
    assert_eq!((after.unclaimed.0, after.claimed.0), (0, unclaimed));
    assert_eq!(chain.act(&own, &Action::ClaimRewards).rejection(0), Rejection::RewardsTooSmall);
}

/// With wallets 2 and 3 rich enough for millions.
fn rich() -> Harness {
    let mut genesis = perp_genesis();
    for allocation in &mut genesis.exchange.allocations {
        allocation.amount = TokenAtoms(allocation.amount.0 * 2_000);
    }
    let mut chain = chain_of(genesis);
    trade(&mut chain, &wallet(1), &wallet(4), "5");
    chain.act(&wallet(1), &register_referrer("CODE"));
    chain.act(&wallet(2), &set_referrer("CODE"));
    chain
}

#[test]
fn the_discount_ends_at_25_million_of_volume_and_rewards_at_a_billion() {
    let mut chain = rich();
    let (referee, other) = (wallet(2), wallet(3));
    // The referee sells BTC for so many thousand USD: what it pays, and what its referrer gets of that.
    let mut sale = |thousands: u64| {
        let size = format!("{}.{:02}", thousands / 100, thousands % 100);
        let size = size.trim_end_matches('0').trim_end_matches('.');
        chain.act(&other, &place(&[buy(BTC, "100000", size)]));
        let before = referrer(&chain, &wallet(1)).unclaimed.0;
        let trade = traded(&chain.act(&referee, &place(&[sell(BTC, "100000", size)])));
        (trade.taker_fee.0, referrer(&chain, &wallet(1)).unclaimed.0 - before)
    };
    let shared = |usd: u64, ppm: u64| (fee(usd, ppm), fee(usd, ppm) / 10);
    assert_eq!(sale(10_000), shared(10_000_000, 672));
    // The order that passes the bound has the discount whole.
    assert_eq!(sale(15_000), shared(15_000_000, 672));
    assert_eq!(sale(1), shared(1_000, 700));
    assert_eq!(sale(9_000), shared(9_000_000, 700));
    for _ in 0..2 {
        assert_eq!(sale(483_000), shared(483_000_000, 700));
    }
    assert_eq!(sale(1), (fee(1_000, 700), 0));
}

#[test]
fn a_reward_is_no_more_than_what_the_rebate_left() {
    let mut genesis = perp_genesis();
    let rates = Rates { taker_ppm: 450, maker_ppm: 150 };
    let tier = FeeTier { above_usd: 1, perp: rates, spot: rates };
    // Of a discounted fee of 432 a maker gets 430.
    let rebates = [RebateTier { above_share_ppm: 0, rebate_ppm: 430 }];
    genesis.exchange.config.fees = FeeSchedule::new(&[tier], &rebates).unwrap();
    let mut chain = chain_of(genesis);
    trade(&mut chain, &wallet(1), &wallet(4), "5");
    chain.act(&wallet(1), &register_referrer("CODE"));
    chain.act(&wallet(2), &set_referrer("CODE"));
    chain.step_ms = 24 * 3_600_000;
    chain.empty();
    chain.step_ms = 100;
    let before = treasury(&chain);
    let trade = trade(&mut chain, &wallet(1), &wallet(2), "1");
    assert_eq!((trade.taker_fee.0, trade.maker_rebate.0), (fee(2_000, 432), fee(2_000, 430)));
    assert_eq!(referrer(&chain, &wallet(1)).unclaimed.0, fee(2_000, 2));
    assert_eq!(treasury(&chain) - before, fee(2_000, 2));
}

#[test]
fn of_a_liquidated_takers_fee_nobody_gets_a_part() {
    let mut chain = referred();
    let (referee, other) = (wallet(2), wallet(3));
    let nonce = chain.nonce();
    chain.act(&referee, &class_transfer("99000", false, nonce));
    trade(&mut chain, &other, &referee, "5");
    chain.act(&other, &place(&[buy_perp(ETH, "1814", "3")]));
    let before = referral(&chain, &referee);
    chain.set_oracle(ETH, 18_150_000);
    let step = chain.empty();
    let liquidated = step.outcome.receipts.due.iter().find_map(|event| match event {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    let trade = liquidated.expect("a liquidation");
    assert_eq!(trade.taker, chain.account(&referee.address()));
    assert_eq!(trade.taker_fee.0, fee(3 * 1_814, 432));
    assert_eq!(referral(&chain, &referee), before);
}

#[test]
fn agents_act_for_their_accounts_and_scoped_ones_do_not() {
    let mut chain = referred();
    trade(&mut chain, &wallet(3), &wallet(4), "5");
    let (agent, scoped) = (Signer::key(1), Signer::key(2));
    let nonce = chain.nonce();
    chain.act(&wallet(3), &approve(&agent.address(), None, nonce));
    let nonce = chain.nonce();
    let Action::ApproveAgent(approval) = approve(&scoped.address(), Some("desk"), nonce) else {
        unreachable!()
    };
    let scope = |order_usd: Option<Amount>| ApproveScopedAgent {
        approval: approval.clone(),
        assets: Vec::new(),
        order_usd,
        total_usd: None,
    };
    chain.act(&wallet(3), &Action::ApproveScopedAgent(scope(None)));
    for action in [register_referrer("THIRD"), set_referrer("CODE"), Action::ClaimRewards] {
        assert_eq!(chain.act(&scoped, &action).rejection(0), Rejection::ScopeAction, "{action:?}");
    }
    for action in [register_referrer("THIRD"), set_referrer("CODE")] {
        assert_eq!(chain.act(&agent, &action).items(0), [ItemStatus::Done], "{action:?}");
    }
    assert_eq!(referral(&chain, &wallet(3)).referrer, chain.account(&wallet(1).address()));
}

#[test]
fn an_account_of_several_keys_refers_and_is_referred_as_before() {
    let mut chain = referred();
    let keys = [wallet(4), wallet(5)];
    let nonce = chain.nonce();
    chain.act(&wallet(3), &convert(&keys.clone().map(|key| key.address()), 2, nonce));
    let (nonce, network) = (chain.nonce(), chain.identity.network);
    let co_signers: Vec<&Signer> = keys.iter().collect();
    let of = wallet(3).address();
    let signed = keys[0].sign_for(&of, &co_signers, &set_referrer("CODE"), nonce, &network);
    let transaction = Transaction::from_signed(&signed, &network).expect("a well-signed action");
    let step = chain.block(&[transaction], &[]);
    assert_eq!(step.items(0), [ItemStatus::Done]);
    assert_eq!(referral(&chain, &wallet(3)).referrer, chain.account(&wallet(1).address()));
}

/// One trade of a stream: who sells to whom, who of them takes, how much, and where.
#[derive(Clone, Copy, Debug)]
struct Deal {
    seller: u8,
    buyer: u8,
    seller_takes: bool,
    size: u64,
    token: Option<TokenId>,
}

fn deal() -> impl Strategy<Value = Deal> {
    let people = (1u8..=4, 1u8..=3, any::<bool>());
    (people, 101u64..5_000, any::<bool>()).prop_map(|((seller, next, seller_takes), size, on_spot)| Deal {
        seller,
        buyer: (seller + next - 1) % 4 + 1,
        seller_takes,
        size,
        token: on_spot.then_some(PURR),
    })
}

fn strike(chain: &mut Harness, deal: &Deal) -> Trade {
    let size = deal.size.to_string();
    let (ask, bid) = match deal.token {
        Some(token) => (sell(token, "1.0007", &size), buy(token, "1.0007", &size)),
        None => (sell_perp(DOGE, "0.1003", &size), buy_perp(DOGE, "0.1003", &size)),
    };
    let (seller, buyer) = (wallet(deal.seller), wallet(deal.buyer));
    let sides = if deal.seller_takes { [(buyer, bid), (seller, ask)] } else { [(seller, ask), (buyer, bid)] };
    let [_, step] = sides.map(|(who, order)| chain.act(&who, &place(&[order])));
    traded(&step)
}

proptest! {
    /// Each fill sets aside a tenth of each referred side's fee in USD rounded down, the treasury keeps all fees until
    /// they are claimed, and then pays exactly that. That totals are constant and records agree is checked with each block.
    #[test]
    fn every_fee_is_shared_exactly_and_nothing_is_lost(deals in prop::collection::vec(deal(), 1..6)) {
        let mut chain = referred();
        chain.act(&wallet(3), &set_referrer("CODE"));
        let (before, mut fees, mut rewards) = (treasury(&chain), 0, 0);
        for deal in &deals {
            let trade = strike(&mut chain, deal);
            let (taker, maker) = if deal.seller_takes { (deal.seller, deal.buyer) } else { (deal.buyer, deal.seller) };
            for (who, fee) in [(taker, trade.taker_fee.0), (maker, trade.maker_fee.0)] {
                let in_usd = deal.token.is_none() || who == deal.seller;
                fees += if in_usd { fee } else { 0 };
                rewards += if in_usd && [2, 3].contains(&who) { fee / 10 } else { 0 };
            }
        }
        let own = referrer(&chain, &wallet(1));
        prop_assert_eq!(own.unclaimed.0, rewards);
        prop_assert_eq!(treasury(&chain) - before, fees);
        let had = cash(&chain, &wallet(1));
        chain.act(&wallet(1), &Action::ClaimRewards);
        let paid = if rewards > ATOMS { rewards } else { 0 };
        prop_assert_eq!(cash(&chain, &wallet(1)) - had, paid);
        prop_assert_eq!(treasury(&chain) - before, fees - paid);
    }
}
