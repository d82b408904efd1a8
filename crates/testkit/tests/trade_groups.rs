//! Trade groups, through whole blocks: who is in one, and what its members' orders do when they meet.

use proptest::prelude::*;
use tandem_exchange::action::{
    Action, Decimal, Order, OrderKind, SelfTradePrevention, SetTradeGroup, TimeInForce, Tpsl, TwapRequest,
};
use tandem_exchange::{
    CloseReason, Event, ItemStatus, Rejection, TRADE_GROUP_MAX, Trade, sub_account_address,
};
use tandem_testkit::{
    BTC, ETH, Harness, PURR, Signer, Step, USD, approve, buy, buy_perp, create_sub_account, create_vault,
    invite, perp_asset, place, price, sell, sell_perp, send, sub_account_spot_transfer, sub_account_transfer,
    trade_group, waiting,
};
use tandem_types::{AccountId, Address};

/// A leader, a member of its group, and somebody else.
fn friends() -> (Harness, [Signer; 3]) {
    let (mut chain, people) = tandem_testkit::market::<3>("10000");
    befriend(&mut chain, &people[0], &people[1]);
    (chain, people)
}

fn befriend(chain: &mut Harness, leader: &Signer, member: &Signer) {
    chain.act(leader, &invite(member.address(), true));
    assert_eq!(chain.act(member, &trade_group(Some(leader))).items(0), [ItemStatus::Done]);
}

fn group_of(chain: &Harness, address: &Address) -> Option<AccountId> {
    chain.chain.tables.exchange.accounts.peek(&chain.account(address)).unwrap().trade_group
}

/// Whether two are in one group.
fn together(chain: &Harness, a: &Signer, b: &Signer) -> bool {
    let group = group_of(chain, &a.address());
    group.is_some() && group == group_of(chain, &b.address())
}

fn events(step: &Step) -> impl Iterator<Item = &Event> {
    let of_actions = step.receipts().iter().flat_map(|receipt| &receipt.events);
    of_actions.chain(&step.outcome.receipts.due)
}

fn trades(step: &Step) -> Vec<Trade> {
    let trades = events(step).filter_map(|event| match event {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    trades.collect()
}

/// Whose orders self-trade prevention ended, in order.
fn prevented(chain: &Harness, step: &Step, people: &[Signer]) -> Vec<usize> {
    let place = |account: &AccountId| people.iter().position(|who| chain.account(&who.address()) == *account);
    let ended = events(step).filter_map(|event| match event {
        Event::Closed { account, reason: CloseReason::SelfTrade, .. } => place(account),
        _ => None,
    });
    ended.collect()
}

#[test]
fn it_takes_an_invitation_and_a_consent() {
    let (mut chain, people) = tandem_testkit::market::<3>("1000");
    let [leader, member, other] = &people;
    assert_eq!(chain.act(member, &trade_group(Some(leader))).rejection(0), Rejection::NotInvited);
    chain.act(leader, &invite(member.address(), true));
    assert!(!together(&chain, leader, member), "not before it has agreed");
    chain.act(member, &trade_group(Some(leader)));
    assert!(together(&chain, leader, member) && !together(&chain, leader, other));
    // Both again, without effect.
    chain.act(leader, &invite(member.address(), true));
    assert_eq!(chain.act(member, &trade_group(Some(leader))).items(0), [ItemStatus::Done]);
    chain.act(leader, &invite(member.address(), false));
    assert!(!together(&chain, leader, member));
    assert_eq!(group_of(&chain, &leader.address()), None, "a group of one is none");
    assert_eq!(chain.act(member, &trade_group(Some(leader))).rejection(0), Rejection::NotInvited);
}

#[test]
fn members_leave_and_change_groups_as_they_like_and_leaders_part_with_theirs_first() {
    let (mut chain, people) = friends();
    let [leader, member, other] = &people;
    let nobody = Signer::wallet(99).address();
    let rows = [
        (leader, invite(leader.address(), true), Rejection::TradeGroupOfOneself),
        (leader, invite(nobody, true), Rejection::UnknownTradeGroupMember),
        (leader, invite(other.address(), false), Rejection::NotInvited),
        (member, invite(other.address(), true), Rejection::FollowsTradeGroup),
        (leader, trade_group(None), Rejection::LeadsTradeGroup),
        (other, trade_group(None), Rejection::NotInTradeGroup),
        (other, trade_group(Some(&Signer::wallet(99))), Rejection::NotInvited),
    ];
    for (who, action, why) in rows {
        assert_eq!(chain.act(who, &action).rejection(0), why, "{action:?}");
    }
    chain.act(other, &invite(member.address(), true));
    chain.act(other, &invite(leader.address(), true));
    assert_eq!(chain.act(leader, &trade_group(Some(other))).rejection(0), Rejection::LeadsTradeGroup);
    chain.act(member, &trade_group(Some(other)));
    assert!(together(&chain, other, member));
    assert_eq!(group_of(&chain, &leader.address()), None, "its last member has left");
    chain.act(leader, &trade_group(Some(other)));
    assert!(together(&chain, leader, member));
    chain.act(leader, &trade_group(None));
    assert!(!together(&chain, leader, member) && together(&chain, other, member));
    assert_eq!(chain.act(leader, &trade_group(Some(other))).rejection(0), Rejection::NotInvited);
}

#[test]
fn a_master_puts_in_its_sub_accounts_and_vaults_alone() {
    let (mut chain, people) = tandem_testkit::market::<2>("10000");
    let [master, other] = &people;
    let made = |step: &Step| match step.items(0) {
        [ItemStatus::AccountMade { address }] => *address,
        items => panic!("{items:?}"),
    };
    let desk = made(&chain.act(master, &create_sub_account("desk")));
    let vault = made(&chain.act(master, &create_vault("vault", 200_000_000)));
    for address in [desk, vault] {
        chain.act(master, &invite(address, true));
        assert_eq!(group_of(&chain, &address), Some(chain.account(&master.address())));
    }
    // For others' groups the master agrees in its name.
    chain.act(other, &invite(desk, true));
    assert_eq!(group_of(&chain, &desk), Some(chain.account(&master.address())));
    chain.act_for(master, &desk, &trade_group(Some(other)));
    assert_eq!(group_of(&chain, &desk), Some(chain.account(&other.address())));
    // It takes it back as it put it in, but not while it leads a group itself.
    chain.act(master, &invite(desk, true));
    assert_eq!(group_of(&chain, &desk), Some(chain.account(&master.address())));
    chain.act(master, &invite(desk, false));
    chain.act_for(master, &desk, &invite(other.address(), true));
    assert_eq!(chain.act(master, &invite(desk, true)).rejection(0), Rejection::LeadsTradeGroup);
}

#[test]
fn a_leader_invites_a_hundred() {
    let (mut chain, [leader, _, other]) = friends();
    let mut invited = 1;
    for number in 6..=u8::try_from(TRADE_GROUP_MAX).unwrap() + 5 {
        let (somebody, nonce) = (Signer::wallet(number), chain.nonce());
        let gift = send(&somebody.address(), USD, "1", nonce);
        let signed = [(&leader, gift), (&leader, invite(somebody.address(), true))];
        let signed: Vec<_> = signed.iter().map(|(who, action)| chain.sign(who, action)).collect();
        let step = chain.block(&signed, &[]);
        let done = step.receipts().iter().filter(|receipt| receipt.result.is_ok()).count();
        invited += usize::from(done == 2);
    }
    assert_eq!(invited, usize::from(TRADE_GROUP_MAX));
    let full = chain.act(&leader, &invite(other.address(), true));
    assert_eq!(full.rejection(0), Rejection::TradeGroupFull);
}

#[test]
fn agents_act_in_groups_for_their_accounts() {
    let (mut chain, [leader, member, _]) = friends();
    let (agent, nonce) = (Signer::key(1), chain.nonce());
    chain.act(&member, &approve(&agent.address(), None, nonce));
    chain.act(&agent, &trade_group(None));
    assert!(!together(&chain, &leader, &member));
}

/// An order of a size.
type OfSize = fn(&str) -> Order;

/// What each choice of the arriving order does when it meets a friend's: who loses its order, and what trades with whom
/// stands behind it.
#[test]
fn friends_do_not_trade_whatever_the_arriving_order_chose() {
    use SelfTradePrevention::{CancelBoth, CancelMaker, CancelTaker, Decrement};
    let rows = [
        (None, vec![0], 1, "10"),
        (Some(CancelMaker), vec![0], 1, "10"),
        (Some(CancelTaker), vec![1], 0, "0"),
        (Some(CancelBoth), vec![0, 1], 0, "0"),
        (Some(Decrement), vec![0, 1], 1, "6"),
    ];
    let markets: [(OfSize, OfSize); 2] = [
        (|size| sell_perp(ETH, "2000", size), |size| buy_perp(ETH, "2000", size)),
        (|size| sell(PURR, "2", &format!("{size}0")), |size| buy(PURR, "2", &format!("{size}0"))),
    ];
    for (ask, bid) in markets {
        for (mode, lose, count, traded) in &rows {
            let (mut chain, people) = friends();
            let [leader, member, other] = &people;
            chain.act(leader, &place(&[ask("4")]));
            chain.act(other, &place(&[ask("10")]));
            let arriving = Order { self_trade_prevention: *mode, ..bid("10") };
            let step = chain.act(member, &place(&[arriving]));
            assert_eq!(prevented(&chain, &step, &people), *lose, "{mode:?}");
            let trades = trades(&step);
            assert_eq!(trades.len(), *count, "{mode:?}");
            assert!(trades.iter().all(|trade| trade.maker == chain.account(&other.address())));
            let lots: u64 = trades.iter().map(|trade| trade.size.0).sum();
            let unit = if arriving.asset == perp_asset(ETH) { 100 } else { 10 };
            assert_eq!(lots, traded.parse::<u64>().unwrap() * unit, "{mode:?}");
        }
    }
}

#[test]
fn fill_or_kill_counts_on_no_friend() {
    let (mut chain, people) = friends();
    let [leader, member, other] = &people;
    chain.act(leader, &place(&[sell(PURR, "2", "100")]));
    chain.act(other, &place(&[sell(PURR, "2", "50")]));
    let fok = |size: &str| Order { kind: OrderKind::Limit(TimeInForce::Fok), ..buy(PURR, "2", size) };
    assert_eq!(chain.act(member, &place(&[fok("60")])).rejection(0), Rejection::FillOrKillUnfilled);
    assert_eq!(trades(&chain.act(member, &place(&[fok("50")]))).len(), 1);
}

#[test]
fn what_rests_already_is_bound_and_freed_with_its_owner() {
    let (mut chain, people) = friends();
    let [leader, member, _] = &people;
    chain.act(leader, &place(&[sell(BTC, "1000", "0.1")]));
    chain.act(member, &trade_group(None));
    assert_eq!(trades(&chain.act(member, &place(&[buy(BTC, "1000", "0.05")]))).len(), 1);
    befriend(&mut chain, leader, member);
    let step = chain.act(member, &place(&[buy(BTC, "1000", "0.05")]));
    assert_eq!((trades(&step).len(), prevented(&chain, &step, &people)), (0, vec![0]));
}

#[test]
fn triggers_and_parts_of_twap_orders_ask_too() {
    let (mut chain, people) = friends();
    let [leader, member, _] = &people;
    chain.act(leader, &place(&[sell_perp(ETH, "2100", "1"), sell_perp(ETH, "2100", "1")]));
    chain.act(member, &place(&[waiting(buy_perp(ETH, "2100", "1"), "2050", Tpsl::StopLoss)]));
    chain.set_oracle(ETH, 20_600_000);
    let mut met = Vec::new();
    for _ in 0..8 {
        let step = chain.empty();
        assert_eq!(trades(&step), []);
        met.extend(prevented(&chain, &step, &people));
    }
    assert!(met.contains(&0), "the trigger met what its friend offers");
    chain.act(leader, &place(&[sell_perp(ETH, "2100", "1")]));
    let request = TwapRequest {
        asset: perp_asset(ETH),
        is_buy: true,
        size: price("1"),
        reduce_only: false,
        minutes: 5,
        randomize: false,
    };
    let step = chain.act(member, &Action::TwapOrder(request));
    assert_eq!(trades(&step), []);
    assert_eq!(prevented(&chain, &step, &people), [0]);
}

/// The one trade that friends make: whoever is liquidated sells to whomever bids.
#[test]
fn a_liquidation_trades_with_friends() {
    let (mut chain, [long, friend, short]) = tandem_testkit::market("1000");
    chain.act(&short, &place(&[sell_perp(ETH, "2000", "5")]));
    chain.act(&long, &place(&[buy_perp(ETH, "2000", "5")]));
    befriend(&mut chain, &long, &friend);
    chain.act(&friend, &place(&[buy_perp(ETH, "1814", "3")]));
    chain.set_oracle(ETH, 18_200_000);
    assert_eq!(trades(&chain.empty()), []);
    chain.set_oracle(ETH, 18_150_000);
    let step = chain.empty();
    let trades = trades(&step);
    let accounts = [&long, &friend].map(|who| chain.account(&who.address()));
    assert_eq!(trades.iter().map(|trade| [trade.taker, trade.maker]).collect::<Vec<_>>(), [accounts]);
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Invite {
        user: usize,
        is_invited: bool,
    },
    Join {
        leader: usize,
    },
    Leave,
    Trade {
        perp: bool,
        is_buy: bool,
        step: u32,
        size: u32,
        mode: Option<SelfTradePrevention>,
        stay: TimeInForce,
    },
}

fn deeds() -> impl Strategy<Value = (usize, Deed)> {
    let mode = prop::option::of(prop::sample::select(SelfTradePrevention::ALL));
    let stay = prop::sample::select(vec![
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Ioc,
        TimeInForce::Alo,
        TimeInForce::Fok,
    ]);
    let trade = (any::<bool>(), any::<bool>(), 0..6u32, 1..40u32, mode, stay).prop_map(
        |(perp, is_buy, step, size, mode, stay)| Deed::Trade { perp, is_buy, step, size, mode, stay },
    );
    let deed = prop_oneof![
        2 => (0..5usize, prop::bool::weighted(0.8))
            .prop_map(|(user, is_invited)| Deed::Invite { user, is_invited }),
        1 => Just(Deed::Join { leader: 0 }),
        1 => (0..5usize).prop_map(|leader| Deed::Join { leader }),
        1 => Just(Deed::Leave),
        12 => trade,
    ];
    (0..5usize, deed)
}

fn order(deed: Deed) -> Option<Order> {
    let Deed::Trade { perp, is_buy, step, size, mode, stay } = deed else { return None };
    let (size, at) = (u64::from(size), u64::from(step));
    let (price, size) = if perp { ((1_990 + 4 * at, 0), (size, 2)) } else { ((200 + at, 2), (10 + size, 0)) };
    let decimal = |(mantissa, decimals)| Decimal::new(mantissa, decimals).expect("a decimal");
    let base = match (perp, is_buy) {
        (true, true) => buy_perp(ETH, "1", "1"),
        (true, false) => sell_perp(ETH, "1", "1"),
        (false, true) => buy(PURR, "1", "1"),
        (false, false) => sell(PURR, "1", "1"),
    };
    let kind = OrderKind::Limit(stay);
    Some(Order { price: decimal(price), size: decimal(size), self_trade_prevention: mode, kind, ..base })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Four wallets and a sub-account of the first do as they like: nobody ever trades with a friend, and all that the
    /// harness checks of every block holds.
    #[test]
    fn members_never_trade_with_each_other(deeds in prop::collection::vec(deeds(), 1..60)) {
        let (mut chain, people) = tandem_testkit::market::<4>("1000");
        chain.act(&people[0], &create_sub_account("desk"));
        let desk = sub_account_address(&people[0].address(), 0);
        for (token, amount) in [(USD, "5000"), (PURR, "5000")] {
            chain.act(&people[0], &sub_account_spot_transfer(&desk, true, token, amount));
        }
        chain.act(&people[0], &sub_account_transfer(&desk, true, 500_000_000));
        // All could be friends at once, and some are.
        for user in [people[1].address(), people[2].address(), people[3].address(), desk] {
            chain.act(&people[0], &invite(user, true));
        }
        chain.act(&people[1], &trade_group(Some(&people[0])));
        let addresses: Vec<Address> = people.iter().map(Signer::address).chain([desk]).collect();
        for (who, deed) in deeds {
            let action = match deed {
                Deed::Invite { user, is_invited } => invite(addresses[user], is_invited),
                Deed::Join { leader } => Action::SetTradeGroup(SetTradeGroup { leader: Some(addresses[leader]) }),
                Deed::Leave => trade_group(None),
                Deed::Trade { .. } => place(&[order(deed).expect("an order")]),
            };
            let group = |chain: &Harness, account: AccountId| {
                chain.chain.tables.exchange.accounts.peek(&account).unwrap().trade_group
            };
            let step = match people.get(who) {
                Some(signer) => chain.act(signer, &action),
                None => chain.act_for(&people[0], &desk, &action),
            };
            for trade in trades(&step) {
                let (taker, maker) = (group(&chain, trade.taker), group(&chain, trade.maker));
                prop_assert!(taker.is_none() || taker != maker, "{trade:?}");
            }
        }
    }
}
