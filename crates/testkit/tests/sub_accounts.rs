//! Sub-accounts: who acts for them, what they have of their own, and that nothing leaves them but to their masters.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tandem_exchange::action::{Action, CheckError, HyperliquidChain, SignedAction};
use tandem_exchange::{
    AGENTS_MAX, Control, Event, Inadmissible, ItemStatus, Rejection, SUB_ACCOUNTS_MAX, TREASURY, Transaction,
    sub_account_address,
};
use tandem_stf::Refusal;
use tandem_testkit::{
    BTC, ETH, Harness, PURR, Signer, Step, USD, approve, buy, buy_perp, cancel, class_transfer,
    create_sub_account, genesis, leverage, market, place, rename_sub_account, sell, sell_perp, send,
    sub_account_spot_transfer, sub_account_transfer, usd_send,
};
use tandem_types::{AccountId, Address, Usd};

const USD_ATOMS: i64 = 100_000_000;

fn master() -> Signer {
    Signer::wallet(1)
}

fn other() -> Signer {
    Signer::wallet(2)
}

fn agent() -> Signer {
    Signer::key(1)
}

/// A chain with perpetual markets, on which both have collateral.
fn chain() -> Harness {
    market::<2>("10000").0
}

fn create(chain: &mut Harness, by: &Signer, name: &str) -> Address {
    let step = chain.act(by, &create_sub_account(name));
    let [ItemStatus::AccountMade { address }] = step.items(0) else { panic!("{:?}", step.receipts()[0]) };
    *address
}

/// Offers an action for the account that has this address.
fn act_for(chain: &mut Harness, by: &Signer, names: &Address, action: &Action) -> Result<Step, Inadmissible> {
    let nonce = chain.nonce();
    let transaction = by.transaction_for(names, action, nonce, &chain.identity.network);
    let step = chain.block(&[transaction], &[]);
    match step.refused.as_slice() {
        [] => Ok(step),
        [(_, Refusal::Inadmissible(why))] => Err(*why),
        other => panic!("{other:?}"),
    }
}

fn collateral(chain: &Harness, account: AccountId) -> i64 {
    let Usd(atoms) = chain.chain.tables.exchange.collaterals.peek(&account).copied().unwrap_or_default();
    atoms
}

#[test]
fn a_sub_account_has_its_own_orders_balances_and_budget() {
    let mut chain = chain();
    let master = master();
    let address = create(&mut chain, &master, "desk one");
    let (own, sub) = (chain.account(&master.address()), chain.account(&address));
    assert_eq!(address, sub_account_address(&master.address(), 0));
    chain.act(&master, &sub_account_spot_transfer(&address, true, USD, "500"));
    let step = act_for(&mut chain, &master, &address, &place(&[buy(PURR, "1", "100")])).unwrap();
    let [ItemStatus::Resting { id, .. }] = step.items(0) else { panic!() };
    assert_eq!(step.receipts()[0].account, sub);
    let tables = &chain.chain.tables.exchange;
    let counts = [own, sub].map(|account| tables.accounts.peek(&account).unwrap().open_orders);
    let actions = tables.accounts.peek(&sub).unwrap().actions;
    assert_eq!((counts, actions), ([0, 1], 1));
    // What the master signs without naming it is for the master: the order is not its own.
    assert_eq!(chain.act(&master, &cancel(PURR, &[*id])).rejection(0), Rejection::UnknownOrder);
    let step = act_for(&mut chain, &master, &address, &cancel(PURR, &[*id])).unwrap();
    assert_eq!(step.items(0), [ItemStatus::Done]);
}

#[test]
fn a_sub_account_costs_the_activation_fee_and_whoever_lacks_it_has_none() {
    let mut chain = Harness::default();
    let (master, before) = (master(), Harness::default().balance(&master(), USD).total.0);
    let step = chain.act(&master, &create_sub_account("a"));
    let fee = chain.genesis.exchange.config.activation_fee.0;
    assert_eq!(chain.balance(&master, USD).total.0, before - fee);
    assert!(step.receipts()[0].events.iter().any(|event| matches!(event, Event::SubAccountNamed { .. })));
    // Somebody with an account and next to nothing.
    let poor = Signer::wallet(60);
    let nonce = chain.now().0;
    chain.act(&master, &send(&poor.address(), USD, "0.5", nonce));
    assert_eq!(chain.act(&poor, &create_sub_account("a")).rejection(0), Rejection::ActivationFee);
    let tables = &chain.chain.tables.exchange;
    assert_eq!(tables.sub_accounts.len(), 1);
    assert_eq!(tables.accounts.peek(&TREASURY).unwrap().control, Control::Key { sub_accounts: 0 });
}

#[test]
fn whoever_acts_for_the_master_acts_for_its_sub_accounts_and_nobody_else() {
    let mut chain = chain();
    let (master, other, agent) = (master(), other(), agent());
    let address = create(&mut chain, &master, "a");
    let sub = chain.account(&address);
    chain.act(&master, &sub_account_transfer(&address, true, 1_000_000_000));
    let nonce = chain.now().0;
    chain.act(&master, &approve(&agent.address(), None, nonce));
    let order = place(&[buy_perp(ETH, "1900", "1")]);
    for signer in [&master, &agent] {
        let step = act_for(&mut chain, signer, &address, &order).unwrap();
        assert!(matches!(step.items(0), [ItemStatus::Resting { .. }]), "{:?}", step.receipts()[0]);
        assert_eq!(step.receipts()[0].account, sub);
    }
    let refused = act_for(&mut chain, &other, &address, &order).unwrap();
    assert_eq!(refused.rejection(0), Rejection::UnknownVault);
    assert_eq!(refused.receipts()[0].account, chain.account(&other.address()));
    // Nonces are the signer's, whomever it acts for.
    let network = chain.identity.network;
    let nonce = chain.nonce();
    let own = master.transaction(&Action::Noop, nonce, &network);
    let same = master.transaction_for(&address, &Action::Noop, nonce, &network);
    let step = chain.block(&[own, same], &[]);
    assert!(matches!(step.refused.as_slice(), [(_, Refusal::Inadmissible(Inadmissible::NonceUsed))]));
    // An agent struck off acts for none of them.
    let nonce = chain.now().0;
    chain.act(&master, &approve(&Address::default(), None, nonce));
    assert_eq!(act_for(&mut chain, &agent, &address, &order).unwrap_err(), Inadmissible::AgentExpired);
}

#[test]
fn what_is_signed_as_a_wallet_is_never_for_a_sub_account() {
    let mut chain = chain();
    let address = create(&mut chain, &master(), "a");
    let nonce = chain.now().0;
    for action in [
        send(&other().address(), USD, "1", nonce),
        usd_send(&other().address(), "1", nonce),
        class_transfer("1", false, nonce),
        approve(&agent().address(), None, nonce),
    ] {
        let signed = master().sign(&action, nonce, None, &chain.identity.network);
        let signed = SignedAction { vault_address: Some(address), ..signed };
        let refused = Transaction::from_signed(&signed, &chain.identity.network).unwrap_err();
        assert_eq!(refused, CheckError::UnsignedVault);
    }
}

#[test]
fn collateral_that_positions_need_stays_with_whom_it_is() {
    let mut chain = chain();
    let (master, other) = (master(), other());
    let address = create(&mut chain, &master, "a");
    let (own, sub) = (chain.account(&master.address()), chain.account(&address));
    // Nothing that isn't there, nor nothing at all.
    for (deposit, micros, why) in [
        (true, 0, Rejection::AmountZero),
        (true, 10_001_000_000, Rejection::InsufficientWithdrawable),
        (false, 1, Rejection::InsufficientWithdrawable),
        (true, u64::MAX, Rejection::AmountTooLarge),
    ] {
        let step = chain.act(&master, &sub_account_transfer(&address, deposit, micros));
        assert_eq!(step.rejection(0), why, "{deposit} {micros}");
    }
    chain.act(&master, &sub_account_transfer(&address, true, 1_000_000_000));
    assert_eq!((collateral(&chain, own), collateral(&chain, sub)), (9_000 * USD_ATOMS, 1_000 * USD_ATOMS));
    act_for(&mut chain, &master, &address, &leverage(ETH, 10, true)).unwrap();
    act_for(&mut chain, &master, &address, &place(&[buy_perp(ETH, "2000", "2")])).unwrap();
    chain.act(&other, &place(&[sell_perp(ETH, "2000", "2")]));
    // 4,000 USD held at ten times need 400, and the maker's fee was 60 cents.
    let too_much = chain.act(&master, &sub_account_transfer(&address, false, 599_400_001));
    assert_eq!(too_much.rejection(0), Rejection::InsufficientWithdrawable);
    let all = chain.act(&master, &sub_account_transfer(&address, false, 599_400_000));
    let atoms = 59_940 * USD_ATOMS.unsigned_abs() / 100;
    assert_eq!(
        all.receipts()[0].events,
        [Event::SubAccountTransfer { from: sub, to: own, amount: tandem_types::QuoteAtoms(atoms) }]
    );
    // The master's own collateral doesn't stand behind it: it is liquidated alone.
    chain.set_oracle(ETH, 17_500_000);
    for _ in 0..20 {
        chain.step_ms = 1_000;
        chain.act(&other, &place(&[buy_perp(ETH, "1700", "10")]));
    }
    let key = tandem_exchange::PositionKey { account: sub, market: ETH };
    assert_eq!(
        chain.chain.tables.exchange.positions.peek(&key).map(|position| position.size.0).unwrap_or(0),
        0
    );
    assert_eq!(collateral(&chain, own), 9_000 * USD_ATOMS + 59_940 * USD_ATOMS / 100);
}

#[test]
fn held_tokens_stay_and_others_come_back() {
    let mut chain = Harness::default();
    let master = master();
    let address = create(&mut chain, &master, "a");
    chain.act(&master, &sub_account_spot_transfer(&address, true, PURR, "100"));
    act_for(&mut chain, &master, &address, &place(&[sell(PURR, "1", "60")])).unwrap();
    for (amount, why) in [
        ("40.00001", Rejection::InsufficientBalance),
        ("0.000001", Rejection::AmountDust),
        ("0", Rejection::AmountZero),
    ] {
        let step = chain.act(&master, &sub_account_spot_transfer(&address, false, PURR, amount));
        assert_eq!(step.rejection(0), why, "{amount}");
    }
    let step = chain.act(&master, &sub_account_spot_transfer(&address, false, PURR, "40"));
    assert_eq!(step.items(0), [ItemStatus::Done]);
}

#[test]
fn transfers_and_names_are_the_masters_alone_and_sub_accounts_have_none() {
    let mut chain = chain();
    let (master, other) = (master(), other());
    let address = create(&mut chain, &master, "a");
    let nobody = Address([9; 20]);
    for (by, of) in [(&other, &address), (&master, &nobody), (&master, &other.address())] {
        for action in [
            sub_account_transfer(of, true, 1),
            sub_account_transfer(of, false, 1),
            sub_account_spot_transfer(of, false, USD, "1"),
            rename_sub_account(of, "b"),
        ] {
            assert_eq!(chain.act(by, &action).rejection(0), Rejection::UnknownSubAccount, "{action:?}");
        }
    }
    let nested = act_for(&mut chain, &master, &address, &create_sub_account("b")).unwrap();
    assert_eq!(nested.rejection(0), Rejection::SubAccountNested);
    let upward = act_for(&mut chain, &master, &address, &sub_account_transfer(&address, true, 1)).unwrap();
    assert_eq!(upward.rejection(0), Rejection::UnknownSubAccount);
    for name in ["seventeen letters", "tab\there"] {
        assert_eq!(chain.act(&master, &create_sub_account(name)).rejection(0), Rejection::SubAccountName);
        let step = chain.act(&master, &rename_sub_account(&address, name));
        assert_eq!(step.rejection(0), Rejection::SubAccountName);
    }
    chain.act(&master, &rename_sub_account(&address, "exactly sixteen."));
    let key = tandem_exchange::SubAccountKey { master: chain.account(&master.address()), index: 0 };
    let listed = chain.chain.tables.exchange.sub_accounts.peek(&key).unwrap();
    assert_eq!(listed.name.as_str(), "exactly sixteen.");
}

#[test]
fn there_are_fifty_at_most_and_each_allows_two_more_agents() {
    let mut chain = Harness::default();
    let master = master();
    let approve_next = |chain: &mut Harness, number: u8| {
        let nonce = chain.now().0;
        let name = format!("{number}");
        chain.act(&master, &approve(&Signer::key(number).address(), Some(&name), nonce))
    };
    for number in 0..u8::try_from(AGENTS_MAX).unwrap() {
        assert_eq!(approve_next(&mut chain, number).items(0), [ItemStatus::Done]);
    }
    assert_eq!(approve_next(&mut chain, 100).rejection(0), Rejection::TooManyAgents);
    for number in 0..SUB_ACCOUNTS_MAX {
        create(&mut chain, &master, &format!("{number}"));
    }
    let more = chain.act(&master, &create_sub_account("one more"));
    assert_eq!(more.rejection(0), Rejection::TooManySubAccounts);
    for number in 100..200 {
        assert_eq!(approve_next(&mut chain, number).items(0), [ItemStatus::Done]);
    }
    assert_eq!(approve_next(&mut chain, 200).rejection(0), Rejection::TooManyAgents);
}

#[test]
fn what_was_sent_or_approved_ahead_of_it_neither_stops_a_sub_account_nor_has_it() {
    let mut chain = Harness::default();
    let (master, other) = (master(), other());
    let address = sub_account_address(&master.address(), 0);
    let nonces = [chain.now().0, chain.now().0 + 1];
    chain.act_all(&[
        (&other, approve(&address, None, nonces[0])),
        (&other, send(&address, PURR, "7", nonces[1])),
    ]);
    let squatted = chain.account(&address);
    let before = chain.balance(&master, USD).total;
    assert_eq!(create(&mut chain, &master, "a"), address);
    // It is the same account, for which the other has paid; what is in it is its new master's.
    assert_eq!((chain.account(&address), chain.balance(&master, USD).total), (squatted, before));
    let step = chain.act(&master, &sub_account_spot_transfer(&address, false, PURR, "7"));
    assert_eq!(step.items(0), [ItemStatus::Done]);
    let refused = act_for(&mut chain, &other, &address, &place(&[buy(PURR, "1", "100")])).unwrap();
    assert_eq!(refused.rejection(0), Rejection::UnknownVault);
}

#[test]
fn anybody_may_send_to_a_sub_account_and_nobody_can_name_it_an_agent() {
    let mut chain = chain();
    let address = create(&mut chain, &master(), "a");
    let nonces = [chain.now().0, chain.now().0 + 1, chain.now().0 + 2];
    let step = chain.act_all(&[
        (&other(), send(&address, BTC, "1", nonces[0])),
        (&other(), usd_send(&address, "5", nonces[1])),
        (&other(), approve(&address, Some("x"), nonces[2])),
    ]);
    assert_eq!((step.items(0), step.items(1)), (&[ItemStatus::Done][..], &[ItemStatus::Done][..]));
    assert_eq!(step.rejection(2), Rejection::AgentIsAccount);
    assert_eq!(collateral(&chain, chain.account(&address)), 5 * USD_ATOMS);
}

#[test]
fn production_takes_what_is_for_a_sub_account_from_agents_only() {
    let mut genesis = genesis();
    genesis.system.parameters.network = tandem_system::NetworkKind::Production;
    let mut chain = Harness::new(genesis);
    let (master, agent) = (master(), agent());
    let nonce = chain.now().0;
    let Action::ApproveAgent(mut approval) = approve(&agent.address(), None, nonce) else { unreachable!() };
    approval.user.chain = HyperliquidChain::Mainnet;
    chain.act(&master, &Action::ApproveAgent(approval));
    let address = create(&mut chain, &agent, "a");
    assert_eq!(address, sub_account_address(&master.address(), 0));
    let order = place(&[buy(PURR, "1", "100")]);
    assert_eq!(act_for(&mut chain, &master, &address, &order).unwrap_err(), Inadmissible::AgentRequired);
    let step = act_for(&mut chain, &agent, &address, &order).unwrap();
    assert_eq!(step.rejection(0), Rejection::InsufficientBalance);
}

/// What random people do.
#[derive(Clone, Copy, Debug)]
enum Act {
    Create { by: usize },
    Rename { by: usize, of: usize },
    Move { by: usize, of: usize, deposit: bool, micros: u64 },
    MoveToken { by: usize, of: usize, deposit: bool, purrs: u32 },
    Order { by: usize, of: usize },
}

/// Two masters, an agent of each, a stranger to both.
fn person(number: usize) -> Signer {
    match number {
        0..2 => Signer::wallet(u8::try_from(number + 1).unwrap()),
        2..4 => Signer::key(u8::try_from(number).unwrap()),
        _ => Signer::wallet(3),
    }
}

/// Which of the three accounts a person acts for.
const fn account_of(person: usize) -> usize {
    [0, 1, 0, 1, 2][person]
}

fn acts() -> impl Strategy<Value = Act> {
    let (by, of) = (|| 0..5usize, || 0..6usize);
    prop_oneof![
        2 => by().prop_map(|by| Act::Create { by }),
        1 => (by(), of()).prop_map(|(by, of)| Act::Rename { by, of }),
        3 => (by(), of(), any::<bool>(), 0..8_000u64)
            .prop_map(|(by, of, deposit, usd)| Act::Move { by, of, deposit, micros: usd * 1_000_000 }),
        2 => (by(), of(), any::<bool>(), 0..800_000u32)
            .prop_map(|(by, of, deposit, purrs)| Act::MoveToken { by, of, deposit, purrs }),
        3 => (by(), of()).prop_map(|(by, of)| Act::Order { by, of }),
    ]
}

/// Sub-accounts, naively: a list of masters, and what each has.
#[derive(Clone, Debug, Default)]
struct Naive {
    masters: Vec<usize>,
    /// Collateral in 10^-6 USD, and whole PURR, of the three (by 100 and their number) and of sub-accounts.
    has: BTreeMap<usize, (i64, i64)>,
}

impl Naive {
    fn new() -> Self {
        let start = [(10_000_000_000, 1_000_000), (10_000_000_000, 1_000_000), (0, 1_000_000)];
        let has = start.into_iter().enumerate().map(|(who, has)| (100 + who, has));
        Self { masters: Vec::new(), has: has.collect() }
    }

    /// Whether it could be done, and what is then moved between two.
    fn shift(&mut self, by: usize, of: usize, deposit: bool, (micros, purrs): (i64, i64)) -> bool {
        let master = account_of(by);
        if self.masters.get(of) != Some(&master) || micros + purrs == 0 {
            return false;
        }
        let (from, to) = if deposit { (100 + master, of) } else { (of, 100 + master) };
        let had = self.has.get(&from).copied().unwrap_or_default();
        if had.0 < micros || had.1 < purrs {
            return false;
        }
        self.has.insert(from, (had.0 - micros, had.1 - purrs));
        let has = self.has.entry(to).or_default();
        *has = (has.0 + micros, has.1 + purrs);
        true
    }

    fn act(&mut self, act: Act) -> bool {
        match act {
            Act::Create { by } => {
                self.masters.push(account_of(by));
                true
            }
            Act::Rename { by, of } | Act::Order { by, of } => self.masters.get(of) == Some(&account_of(by)),
            Act::Move { by, of, deposit, micros } => {
                self.shift(by, of, deposit, (i64::try_from(micros).unwrap(), 0))
            }
            Act::MoveToken { by, of, deposit, purrs } => self.shift(by, of, deposit, (0, i64::from(purrs))),
        }
    }
}

/// Does it on the chain; whether it was done.
fn perform(chain: &mut Harness, act: Act, addresses: &mut Vec<Address>) -> bool {
    let of = |of: usize| addresses.get(of).copied().unwrap_or(Address([7; 20]));
    let step = match act {
        Act::Create { by } => {
            addresses.push(create(chain, &person(by), "any"));
            return true;
        }
        Act::Rename { by, of: which } => chain.act(&person(by), &rename_sub_account(&of(which), "other")),
        Act::Move { by, of: which, deposit, micros } => {
            chain.act(&person(by), &sub_account_transfer(&of(which), deposit, micros))
        }
        Act::MoveToken { by, of: which, deposit, purrs } => {
            let amount = format!("{purrs}");
            chain.act(&person(by), &sub_account_spot_transfer(&of(which), deposit, PURR, &amount))
        }
        Act::Order { by, of: which } => {
            act_for(chain, &person(by), &of(which), &Action::Noop).expect("everyone has an account")
        }
    };
    step.receipts()[0].result.is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_people_reach_what_a_list_of_masters_says(acts in prop::collection::vec(acts(), 1..40)) {
        let (mut chain, mut naive, mut addresses) = (chain(), Naive::new(), Vec::new());
        for (number, name) in [(2, "x"), (3, "x")] {
            let nonce = chain.now().0;
            let action = approve(&person(number).address(), Some(name), nonce);
            chain.act(&person(account_of(number)), &action);
        }
        for act in acts {
            let (expected, done) = (naive.act(act), perform(&mut chain, act, &mut addresses));
            prop_assert_eq!(done, expected, "{:?}", act);
            for (which, (micros, purrs)) in &naive.has {
                let address = match which {
                    100.. => person([0, 1, 4][which - 100]).address(),
                    of => addresses[*of],
                };
                let account = chain.account(&address);
                prop_assert_eq!(collateral(&chain, account), micros * 100);
                let key = tandem_exchange::BalanceKey { account, token: PURR };
                let held = chain.chain.tables.exchange.balances.peek(&key).map_or(0, |b| b.total.0);
                prop_assert_eq!(i64::try_from(held).unwrap(), purrs * 100_000);
            }
        }
    }
}
