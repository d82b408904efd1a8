//! Agents that may do only certain things.

use tandem_exchange::action::{
    Action, Amount, ApproveAgent, ApproveScopedAgent, AssetId, Cancel, CancelOrders, Grouping, Modify, Order,
    OrderKind, OrderRef, TimeInForce, Tpsl, Trigger, TwapRequest, UserSigned,
};
use tandem_exchange::{AddressKey, Agency, ItemStatus, Rejection, Scope};
use tandem_stf::Refusal;
use tandem_testkit::{
    BTC, CHAIN_ID, DOGE, ETH, Harness, PURR, Signer, Step, USD, approve, asset, buy, buy_perp, cancel_perp,
    create_sub_account, grouped, invite, isolated_margin, leverage, market, perp_asset, place, price, sell,
    sell_perp, send, sub_account_transfer, trade_group,
};
use tandem_types::{Address, OrderId, QuoteAtoms};

fn owner() -> Signer {
    Signer::wallet(1)
}

fn agent() -> Signer {
    Signer::key(1)
}

/// ETH at 2,000 USD, DOGE at 0.1, collateral for two.
fn chain() -> Harness {
    market::<2>("100000").0
}

fn scoped(agent: &Address, assets: &[AssetId], order_usd: &str, total_usd: &str, nonce: u64) -> Action {
    let limit = |text: &str| (!text.is_empty()).then(|| Amount::new(text).unwrap());
    let Action::ApproveAgent(approval) = approve(agent, Some("desk"), nonce) else { unreachable!() };
    let (order_usd, total_usd) = (limit(order_usd), limit(total_usd));
    Action::ApproveScopedAgent(ApproveScopedAgent { approval, assets: assets.to_vec(), order_usd, total_usd })
}

/// A chain on which the owner has approved the agent so.
fn with_scope(assets: &[AssetId], order_usd: &str, total_usd: &str) -> Harness {
    let mut chain = chain();
    let nonce = chain.now().0;
    let step = chain.act(&owner(), &scoped(&agent().address(), assets, order_usd, total_usd, nonce));
    assert_eq!(step.items(0), [ItemStatus::Done]);
    chain
}

fn refused(step: &Step) -> Option<Rejection> {
    step.receipts()[0].result.as_ref().err().copied()
}

fn used(chain: &Harness) -> u64 {
    let scope = chain.chain.tables.exchange.agent_scopes.peek(&AddressKey::of(&agent().address()));
    scope.map_or(0, |scope| scope.used.0 / 100_000_000)
}

#[test]
fn an_agent_acts_on_the_markets_of_its_scope_alone() {
    let mut chain = with_scope(&[perp_asset(ETH), asset(PURR)], "", "");
    let eth = buy_perp(ETH, "1900", "1");
    let cancel_both = Action::Cancel(CancelOrders {
        cancels: [perp_asset(ETH), perp_asset(DOGE)]
            .map(|asset| Cancel { asset, order: OrderId(0) })
            .to_vec(),
        fast: None,
    });
    let market = Some(Rejection::ScopeMarket);
    let rows = [
        (place(&[eth]), None),
        (place(&[buy(PURR, "1", "100")]), None),
        (place(&[buy(BTC, "100", "1")]), market),
        // One that is not allowed refuses all.
        (place(&[eth, buy_perp(DOGE, "0.09", "1000")]), market),
        (cancel_both, market),
        (cancel_perp(ETH, &[OrderId(99)]), None),
        (leverage(ETH, 5, true), None),
        (leverage(DOGE, 5, true), market),
        (isolated_margin(DOGE, 1), market),
        (Action::CancelAll(Some(perp_asset(ETH))), None),
        (Action::CancelAll(None), market),
        (Action::ScheduleCancel(None), market),
        (Action::Noop, None),
    ];
    for (action, expected) in rows {
        let step = chain.act(&agent(), &action);
        assert_eq!(refused(&step), expected, "{action:?}");
    }
    // The account's own key may do everything.
    assert_eq!(refused(&chain.act(&owner(), &Action::CancelAll(None))), None);
}

#[test]
fn an_order_is_weighed_at_the_worst_price_that_it_could_have() {
    let mut chain = with_scope(&[], "4000", "");
    let too_large = Some(Rejection::ScopeOrderNotional);
    let trigger = |is_buy: bool, at: &str, limit: &str| Order {
        kind: OrderKind::Trigger(Trigger { is_market: true, price: price(at), tpsl: Tpsl::StopLoss }),
        ..if is_buy { buy_perp(ETH, limit, "1.9") } else { sell_perp(ETH, limit, "1.9") }
    };
    let twap = |size: &str, reduce_only| {
        let (asset, size) = (perp_asset(ETH), price(size));
        Action::TwapOrder(TwapRequest {
            asset,
            is_buy: true,
            size,
            reduce_only,
            minutes: 5,
            randomize: false,
        })
    };
    let reduce = Order { reduce_only: true, ..sell_perp(ETH, "1990", "40") };
    let rows = [
        (place(&[buy_perp(ETH, "2000", "2")]), None),
        (place(&[buy_perp(ETH, "2000", "2.01")]), too_large),
        (place(&[buy_perp(ETH, "1990", "2"), buy_perp(ETH, "1991", "2")]), None),
        // A sale at any price trades with the bids that rest, here at 2,000.
        (place(&[sell_perp(ETH, "1900", "2.01")]), too_large),
        (place(&[trigger(true, "2100", "2150")]), too_large),
        (place(&[trigger(true, "2050", "2100")]), None),
        (place(&[trigger(false, "1900", "1800")]), None),
        (twap("2.01", false), too_large),
        (twap("2.01", true), None),
        // Whoever only reduces does not need leave to.
        (place(&[reduce]), None),
        (
            grouped(&[Order { kind: trigger(false, "1900", "1800").kind, ..reduce }], Grouping::PositionTpsl),
            None,
        ),
    ];
    for (action, expected) in rows {
        let step = chain.act(&agent(), &action);
        assert_eq!(refused(&step), expected, "{action:?} {:?}", step.receipts()[0].result);
    }
}

#[test]
fn all_orders_together_stay_within_the_total() {
    let mut chain = with_scope(&[], "", "10000");
    let agent = agent();
    let step = chain.act(&agent, &place(&[buy_perp(ETH, "1900", "2"), buy_perp(ETH, "1800", "0.001")]));
    // The second has more decimals than lots: what is refused doesn't count.
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }, ItemStatus::Rejected(_)]));
    assert_eq!(used(&chain), 3_800);
    let [ItemStatus::Resting { id, .. }, _] = step.items(0) else { unreachable!() };
    let replaced = Modify { target: OrderRef::Id(*id), order: buy_perp(ETH, "1900", "3") };
    assert_eq!(refused(&chain.act(&agent, &Action::Modify(replaced))), None);
    assert_eq!(used(&chain), 9_500);
    let over = chain.act(&agent, &place(&[buy_perp(ETH, "1000", "0.26"), buy_perp(ETH, "1000", "0.25")]));
    assert_eq!(refused(&over), Some(Rejection::ScopeTotalNotional));
    // A cancel gives nothing back.
    chain.act(&agent, &Action::CancelAll(None));
    assert_eq!(used(&chain), 9_500);
    let last = chain.act(&agent, &place(&[buy_perp(ETH, "1000", "0.5")]));
    assert!(matches!(last.items(0), [ItemStatus::Resting { .. }]));
    // Approved anew it begins anew.
    let nonce = chain.now().0;
    chain.act(&owner(), &scoped(&agent.address(), &[], "", "10000", nonce));
    assert_eq!(used(&chain), 0);
}

#[test]
fn a_scoped_agent_moves_no_money_and_makes_no_accounts() {
    let mut chain = with_scope(&[], "", "");
    let step = chain.act(&owner(), &create_sub_account("a"));
    let [ItemStatus::AccountMade { address }] = step.items(0) else { panic!() };
    let other = Signer::wallet(2);
    let groups = [invite(other.address(), true), trade_group(Some(&other))];
    for action in [create_sub_account("b"), sub_account_transfer(address, true, 1)].into_iter().chain(groups)
    {
        assert_eq!(refused(&chain.act(&agent(), &action)), Some(Rejection::ScopeAction));
    }
    let nonce = chain.now().0;
    let theft = send(&agent().address(), USD, "1", nonce);
    assert_eq!(refused(&chain.act(&agent(), &theft)), Some(Rejection::AgentNotAllowed));
    // For a sub-account it may do what it may for the master.
    let step = chain.act_for(&agent(), address, &place(&[buy_perp(ETH, "1900", "1")]));
    assert_eq!(step.rejection(0), Rejection::InsufficientMargin);
    let mut other = with_scope(&[asset(PURR)], "", "");
    other.act(&owner(), &create_sub_account("a"));
    let step = other.act_for(&agent(), address, &place(&[buy_perp(ETH, "1900", "1")]));
    assert_eq!(step.rejection(0), Rejection::ScopeMarket);
}

#[test]
fn no_agent_changes_a_scope_and_it_ends_with_the_approval() {
    let mut chain = with_scope(&[asset(PURR)], "", "");
    let (owner, agent) = (owner(), agent());
    let nonce = chain.now().0;
    let wider = scoped(&agent.address(), &[], "", "", nonce);
    assert_eq!(refused(&chain.act(&agent, &wider)), Some(Rejection::AgentNotAllowed));
    assert_eq!(chain.chain.tables.exchange.agent_scopes.len(), 1);
    // Approved without a scope it has none.
    let nonce = chain.now().0;
    chain.act(&owner, &approve(&agent.address(), Some("desk"), nonce));
    assert_eq!(chain.chain.tables.exchange.agent_scopes.len(), 0);
    assert_eq!(refused(&chain.act(&agent, &place(&[buy_perp(ETH, "1900", "1")]))), None);
    // Scoped again and struck off, nothing is left of it.
    let nonce = chain.now().0;
    chain.act(&owner, &scoped(&agent.address(), &[asset(PURR)], "", "", nonce));
    let nonce = chain.now().0;
    chain.act(&owner, &approve(&Address::default(), Some("desk"), nonce));
    let tables = &chain.chain.tables.exchange;
    let signer = tables.signers.peek(&AddressKey::of(&agent.address())).unwrap();
    assert!(matches!(signer.agency, Agency::Revoked { .. }));
    assert_eq!(tables.agent_scopes.len(), 0);
}

#[test]
fn a_scoped_approval_ends_when_its_name_says() {
    let mut chain = chain();
    let (now, until) = (chain.now().0, chain.now().0 + 1_000);
    let user = UserSigned {
        chain_id: CHAIN_ID,
        chain: tandem_exchange::action::HyperliquidChain::Testnet,
        nonce: now,
    };
    let name = format!("desk valid_until {until}");
    let approval = ApproveAgent { agent: agent().address(), name: Some(name.into()), user };
    let request = ApproveScopedAgent { approval, assets: Vec::new(), order_usd: None, total_usd: None };
    chain.act(&owner(), &Action::ApproveScopedAgent(request));
    assert_eq!(refused(&chain.act(&agent(), &Action::Noop)), None);
    chain.step_ms = 1_001;
    let nonce = chain.nonce();
    let late = agent().transaction(&Action::Noop, nonce, &chain.identity.network);
    let step = chain.block(&[late], &[]);
    assert!(matches!(step.refused.as_slice(), [(_, Refusal::Inadmissible(_))]), "{:?}", step.refused);
}

#[test]
fn limits_of_nothing_or_of_more_than_can_be_counted_are_refused() {
    let mut chain = chain();
    for (limit, why) in [
        ("0", Rejection::AmountZero),
        ("0.000000001", Rejection::AmountDust),
        ("999999999999", Rejection::AmountTooLarge),
    ] {
        let nonce = chain.now().0;
        let step = chain.act(&owner(), &scoped(&agent().address(), &[], limit, "", nonce));
        assert_eq!(step.rejection(0), why, "{limit}");
    }
    let nonce = chain.now().0;
    let step = chain.act(&owner(), &scoped(&agent().address(), &[AssetId(70_000)], "", "", nonce));
    assert_eq!(step.rejection(0), Rejection::UnknownAsset);
    assert_eq!(Scope::default().used, QuoteAtoms(0));
    assert!(matches!(sell(PURR, "1", "1").kind, OrderKind::Limit(TimeInForce::Gtc)));
}
