//! Who may act, and that nobody acts twice with one signature: through whole blocks.

use tandem_exchange::action::{Action, HyperliquidChain, UserSigned};
use tandem_exchange::{
    AGENT_LIFE_MAX_MS, AGENT_NAME_MAX, AGENTS_MAX, AddressKey, AgentSlot, Inadmissible, ItemStatus,
    NONCE_AGE_MAX_MS, NONCE_LEAD_MAX_MS, NONCES_KEPT, OVERDRAFT_INTERVAL_MS, Rejection, Transaction,
};
use tandem_stf::Refusal;
use tandem_testkit::{CHAIN_ID, Harness, PURR, Signer, Step, approve, buy, genesis, place, sell, send};
use tandem_types::Address;

const DAY_MS: u64 = 24 * 3_600_000;

fn refusal(step: &Step) -> Inadmissible {
    match step.refused.as_slice() {
        [(_, Refusal::Inadmissible(why))] => *why,
        other => panic!("not refused once: {other:?}"),
    }
}

/// Offers one transaction to the next block.
fn offer(chain: &mut Harness, transaction: &Transaction) -> Result<Step, Inadmissible> {
    let step = chain.block(std::slice::from_ref(transaction), &[]);
    if step.refused.is_empty() { Ok(step) } else { Err(refusal(&step)) }
}

fn with_nonce(chain: &Harness, signer: &Signer, nonce: u64) -> Transaction {
    signer.transaction(&Action::Noop, nonce, &chain.identity.network)
}

/// Lets `ms` pass, in as few blocks as the rules allow.
fn wait(chain: &mut Harness, ms: u64) {
    let step_max = chain.genesis.system.parameters.time_step_max_ms;
    let mut left = ms;
    while left > 0 {
        chain.step_ms = left.min(step_max);
        left -= chain.step_ms;
        chain.empty();
    }
    chain.step_ms = 100;
}

fn approved(chain: &mut Harness, wallet: &Signer, agent: &Signer, name: Option<&str>) -> Step {
    let nonce = chain.now().0;
    chain.act(wallet, &approve(&agent.address(), name, nonce))
}

#[test]
fn an_action_is_executed_once() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let transaction = chain.sign(&trader, &place(&[buy(PURR, "1", "100")]));
    let step = chain.block(&[transaction.clone(), transaction.clone()], &[]);
    assert_eq!(step.receipts().len(), 1);
    assert_eq!(refusal(&step), Inadmissible::NonceUsed);
    assert_eq!(offer(&mut chain, &transaction).unwrap_err(), Inadmissible::NonceUsed);
    // Another action with the same nonce is no better.
    let other = trader.transaction(&Action::Noop, transaction.nonce(), &chain.identity.network);
    assert_eq!(offer(&mut chain, &other).unwrap_err(), Inadmissible::NonceUsed);
    // Neither helps another signer of the same nonce less.
    let stranger = Signer::wallet(2).transaction(&Action::Noop, transaction.nonce(), &chain.identity.network);
    assert!(offer(&mut chain, &stranger).is_ok());
}

#[test]
fn nonces_lie_within_a_window_around_the_blocks_time() {
    let rows: [(i64, Result<(), Inadmissible>); 6] = [
        (-i64::try_from(NONCE_AGE_MAX_MS).unwrap(), Err(Inadmissible::NonceOutOfWindow)),
        (-i64::try_from(NONCE_AGE_MAX_MS).unwrap() + 1, Ok(())),
        (0, Ok(())),
        (i64::try_from(NONCE_LEAD_MAX_MS).unwrap() - 1, Ok(())),
        (i64::try_from(NONCE_LEAD_MAX_MS).unwrap(), Err(Inadmissible::NonceOutOfWindow)),
        (i64::MAX, Err(Inadmissible::NonceOutOfWindow)),
    ];
    for (offset, expected) in rows {
        let mut chain = Harness::default();
        let nonce = chain.now().0.saturating_add_signed(offset);
        let transaction = with_nonce(&chain, &Signer::wallet(1), nonce);
        assert_eq!(offer(&mut chain, &transaction).map(|_| ()), expected, "{offset}");
    }
}

#[test]
fn the_hundred_highest_nonces_are_kept_and_none_below_them_is_taken() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let first = chain.now().0;
    // Even nonces, so that odd ones between them are unused; 101 of them push the first out.
    let kept = u64::from(NONCES_KEPT);
    let batch: Vec<_> = (0..=kept).map(|at| with_nonce(&chain, &trader, first + 2 * at)).collect();
    let step = chain.block(&batch, &[]);
    assert_eq!(step.receipts().len(), batch.len());
    let verdict = |chain: &mut Harness, nonce| {
        let transaction = with_nonce(chain, &trader, nonce);
        offer(&mut chain.clone(), &transaction).map(|_| ())
    };
    assert_eq!(verdict(&mut chain, first), Err(Inadmissible::NonceTooLow));
    assert_eq!(verdict(&mut chain, first + 1), Err(Inadmissible::NonceTooLow));
    assert_eq!(verdict(&mut chain, first + 2), Err(Inadmissible::NonceUsed));
    assert_eq!(verdict(&mut chain, first + 3), Ok(()));
    assert_eq!(verdict(&mut chain, first + 2 * kept), Err(Inadmissible::NonceUsed));
    assert_eq!(verdict(&mut chain, first + 2 * kept + 1), Ok(()));
    assert_eq!(chain.chain.tables.exchange.nonces.len(), usize::from(NONCES_KEPT));
}

#[test]
fn an_action_expires() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let end = chain.now().0;
    let signed = |chain: &mut Harness, end| {
        let nonce = chain.nonce();
        let signed = trader.sign(&Action::Noop, nonce, Some(end), &chain.identity.network);
        Transaction::from_signed(&signed, &chain.identity.network).unwrap()
    };
    let (in_time, late) = (signed(&mut chain, end), signed(&mut chain, end - 1));
    assert!(offer(&mut chain.clone(), &in_time).is_ok());
    assert_eq!(offer(&mut chain, &late).unwrap_err(), Inadmissible::Expired);
}

#[test]
fn strangers_are_turned_away() {
    let mut chain = Harness::default();
    for stranger in [Signer::wallet(9), Signer::key(1)] {
        let transaction = with_nonce(&chain, &stranger, chain.now().0);
        assert_eq!(offer(&mut chain, &transaction).unwrap_err(), Inadmissible::UnknownSigner);
    }
}

#[test]
fn an_agent_trades_for_its_account_but_does_not_send() {
    let mut chain = Harness::default();
    let (wallet, agent) = (Signer::wallet(1), Signer::key(1));
    approved(&mut chain, &wallet, &agent, None);
    let step = chain.act(&agent, &place(&[sell(PURR, "1", "100")]));
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }]));
    assert_eq!(step.receipts()[0].account, chain.account(&wallet.address()));
    let nonce = chain.now().0;
    let to = Signer::wallet(2).address();
    assert_eq!(chain.act(&agent, &send(&to, PURR, "1", nonce)).rejection(0), Rejection::AgentNotAllowed);
}

#[test]
fn a_new_agent_takes_the_place_of_the_one_of_its_name() {
    let mut chain = Harness::default();
    let (wallet, old, new, named) = (Signer::wallet(1), Signer::key(1), Signer::key(2), Signer::key(3));
    approved(&mut chain, &wallet, &old, None);
    approved(&mut chain, &wallet, &named, Some("desk"));
    approved(&mut chain, &wallet, &new, None);
    let noop = |chain: &mut Harness, agent: &Signer| {
        let transaction = chain.sign(agent, &Action::Noop);
        offer(chain, &transaction).map(|_| ())
    };
    assert_eq!(noop(&mut chain, &old), Err(Inadmissible::AgentExpired));
    assert_eq!(noop(&mut chain, &new), Ok(()));
    assert_eq!(noop(&mut chain, &named), Ok(()));
    // The zero address revokes.
    let nonce = chain.now().0;
    chain.act(&wallet, &approve(&Address::default(), Some("desk"), nonce));
    assert_eq!(noop(&mut chain, &named), Err(Inadmissible::AgentExpired));
}

#[test]
fn a_revoked_agent_returns_only_when_none_of_its_actions_can_be_replayed() {
    let mut chain = Harness::default();
    let (wallet, agent, other) = (Signer::wallet(1), Signer::key(1), Signer::key(2));
    approved(&mut chain, &wallet, &agent, None);
    // The farthest nonce ahead that the window allows.
    let used = with_nonce(&chain, &agent, chain.now().0 + NONCE_LEAD_MAX_MS - 1);
    assert!(offer(&mut chain, &used).is_ok());
    let unused = with_nonce(&chain, &agent, chain.now().0);
    approved(&mut chain, &wallet, &other, None);
    let revoked = chain.parent.time;
    let again = |chain: &mut Harness, wallet: &Signer| {
        let nonce = chain.now().0;
        chain.act(wallet, &approve(&agent.address(), Some("again"), nonce))
    };
    assert_eq!(again(&mut chain, &wallet).rejection(0), Rejection::AgentRecentlyRevoked);
    // Nobody else gets it sooner either.
    assert_eq!(again(&mut chain, &Signer::wallet(2)).rejection(0), Rejection::AgentRecentlyRevoked);
    let safe = revoked.0 + NONCE_LEAD_MAX_MS + NONCE_AGE_MAX_MS;
    chain.step_ms = safe - chain.parent.time.0;
    assert_eq!(again(&mut chain, &wallet).rejection(0), Rejection::AgentRecentlyRevoked);
    chain.step_ms = 1;
    assert_eq!(again(&mut chain, &wallet).items(0), [ItemStatus::Done]);
    for old in [used, unused] {
        let why = offer(&mut chain.clone(), &old).unwrap_err();
        assert!(matches!(why, Inadmissible::NonceUsed | Inadmissible::NonceOutOfWindow), "{why:?}");
    }
}

#[test]
fn renewing_an_agent_keeps_its_nonces() {
    let mut chain = Harness::default();
    let (wallet, agent) = (Signer::wallet(1), Signer::key(1));
    approved(&mut chain, &wallet, &agent, None);
    let action = chain.sign(&agent, &place(&[buy(PURR, "1", "100")]));
    assert!(offer(&mut chain, &action).is_ok());
    approved(&mut chain, &wallet, &agent, None);
    assert_eq!(offer(&mut chain, &action).unwrap_err(), Inadmissible::NonceUsed);
}

#[test]
fn an_approval_ends_at_its_time() {
    let mut chain = Harness::default();
    let (wallet, agent, long) = (Signer::wallet(1), Signer::key(1), Signer::key(2));
    let until = chain.now().0 + 60_000;
    approved(&mut chain, &wallet, &agent, Some(&format!("bot valid_until {until}")));
    approved(&mut chain, &wallet, &long, Some("long"));
    chain.step_ms = until - chain.parent.time.0;
    let last = with_nonce(&chain, &agent, chain.now().0);
    assert!(offer(&mut chain, &last).is_ok());
    chain.step_ms = 1;
    let late = with_nonce(&chain, &agent, chain.now().0);
    assert_eq!(offer(&mut chain, &late).unwrap_err(), Inadmissible::AgentExpired);
    // The name is what stands before the time: it is renewed without one.
    approved(&mut chain, &wallet, &agent, Some("bot"));
    let renewed = with_nonce(&chain, &agent, chain.now().0);
    assert!(offer(&mut chain, &renewed).is_ok());
    wait(&mut chain, AGENT_LIFE_MAX_MS);
    let late = with_nonce(&chain, &long, chain.now().0);
    assert_eq!(offer(&mut chain, &late).unwrap_err(), Inadmissible::AgentExpired);
}

#[test]
fn agents_are_few_and_belong_to_one_account() {
    let mut chain = Harness::default();
    let (wallet, other) = (Signer::wallet(1), Signer::wallet(2));
    for number in 0..AGENTS_MAX {
        let agent = Signer::key(u8::try_from(number).unwrap());
        let step = approved(&mut chain, &wallet, &agent, Some(&format!("agent {number}")));
        assert_eq!(step.items(0), [ItemStatus::Done]);
    }
    let rows = [
        (&wallet, Signer::key(50).address(), "one more", Rejection::TooManyAgents),
        (&other, Signer::key(0).address(), "mine", Rejection::AgentInUse),
        (&wallet, Signer::key(0).address(), "agent 1", Rejection::AgentInUse),
        (&wallet, other.address(), "agent 1", Rejection::AgentIsAccount),
        (&wallet, wallet.address(), "agent 1", Rejection::AgentIsAccount),
    ];
    for (wallet, agent, name, expected) in rows {
        let nonce = chain.now().0;
        assert_eq!(chain.act(wallet, &approve(&agent, Some(name), nonce)).rejection(0), expected, "{name}");
    }
}

#[test]
fn an_agents_name_is_kept_and_bounded() {
    let mut chain = Harness::default();
    let wallet = Signer::wallet(1);
    let until = chain.now().0 + 60_000;
    let longest = "n".repeat(AGENT_NAME_MAX);
    let with_end = format!("{longest} valid_until {until}");
    let kept = |chain: &Harness, name: &str| {
        let account = chain.account(&wallet.address());
        let slot = AgentSlot { account, name: AddressKey::of_name(name.as_bytes()) };
        let agent = chain.chain.tables.exchange.agents.peek(&slot).cloned();
        agent.map(|agent| (agent.address, agent.name.as_str().to_owned()))
    };
    let rows = [
        (None, Some("")),
        (Some("desk 7 \u{1f600}"), Some("desk 7 \u{1f600}")),
        (Some(longest.as_str()), Some(longest.as_str())),
        (Some(with_end.as_str()), Some(longest.as_str())),
        (Some("a valid_until soon"), Some("a valid_until soon")),
    ];
    for (number, (wire, name)) in rows.into_iter().enumerate() {
        let agent = Signer::key(u8::try_from(number).unwrap());
        assert_eq!(approved(&mut chain, &wallet, &agent, wire).items(0), [ItemStatus::Done], "{wire:?}");
        let name = name.unwrap();
        assert_eq!(kept(&chain, name), Some((agent.address(), name.to_owned())));
    }
    for wire in ["tab\there", "line\nbreak", "\u{7f}", &format!("{longest}n")] {
        let step = approved(&mut chain, &wallet, &Signer::key(99), Some(wire));
        assert_eq!(step.rejection(0), Rejection::AgentName, "{wire:?}");
    }
}

#[test]
fn a_budget_is_spent_and_then_drips() {
    let mut genesis = genesis();
    genesis.exchange.config.budget_base = 3;
    let mut chain = Harness::new(genesis);
    let trader = Signer::wallet(1);
    let noop = |chain: &mut Harness| {
        let transaction = chain.sign(&trader, &Action::Noop);
        offer(chain, &transaction).map(|_| ())
    };
    for _ in 0..3 {
        assert_eq!(noop(&mut chain), Ok(()));
    }
    // One beyond, and the next only after ten seconds.
    assert_eq!(noop(&mut chain), Ok(()));
    assert_eq!(noop(&mut chain), Err(Inadmissible::OverBudget));
    // Cancels have twice the budget.
    let cancel = chain.sign(&trader, &tandem_testkit::cancel(PURR, &[tandem_types::OrderId(9)]));
    assert!(offer(&mut chain, &cancel).is_ok());
    wait(&mut chain, OVERDRAFT_INTERVAL_MS);
    assert_eq!(noop(&mut chain), Ok(()));
    assert_eq!(noop(&mut chain), Err(Inadmissible::OverBudget));
    // Trading earns one action per USD.
    let maker = Signer::wallet(2);
    chain.act(&maker, &place(&[sell(PURR, "1", "100")]));
    wait(&mut chain, OVERDRAFT_INTERVAL_MS);
    chain.act(&trader, &place(&[buy(PURR, "1", "100")]));
    for _ in 0..20 {
        assert_eq!(noop(&mut chain), Ok(()));
    }
}

#[test]
fn production_takes_orders_from_agents_only_and_user_signed_actions_for_its_chain_only() {
    let mut genesis = genesis();
    genesis.system.parameters.network = tandem_system::NetworkKind::Production;
    let mut chain = Harness::new(genesis);
    let (wallet, agent) = (Signer::wallet(1), Signer::key(1));
    let order = chain.sign(&wallet, &place(&[buy(PURR, "1", "100")]));
    assert_eq!(offer(&mut chain, &order).unwrap_err(), Inadmissible::AgentRequired);
    let mut approval = approve(&agent.address(), None, chain.now().0);
    let Action::ApproveAgent(request) = &mut approval else { panic!() };
    request.user = UserSigned { chain: HyperliquidChain::Mainnet, ..request.user };
    assert_eq!(request.user.chain_id, CHAIN_ID);
    chain.act(&wallet, &approval);
    let step = chain.act(&agent, &place(&[buy(PURR, "1", "100")]));
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }]));
}

#[test]
fn a_signature_holds_on_one_chain() {
    let here = Harness::default();
    let mut genesis = genesis();
    genesis.time.0 += 1;
    let mut there = Harness::new(genesis);
    // Another genesis: ed25519 keys sign over it; wallets' user-signed actions are bound by the chain id on production
    // networks, where L1 actions come from agents approved there.
    let agent = Signer::key(1);
    let nonce = here.now().0;
    let signed = agent.sign(&Action::Noop, nonce, None, &here.identity.network);
    assert!(signed.check(&here.identity.network).is_ok());
    assert!(signed.check(&there.identity.network).is_err());
    assert!(there.empty().refused.is_empty());
    const { assert!(NONCE_AGE_MAX_MS + NONCE_LEAD_MAX_MS == 3 * DAY_MS) };
}
