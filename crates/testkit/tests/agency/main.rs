//! One address in two roles: an account of its own, and somebody's agent. Nobody's act may turn another's signatures.
//! The attacks are those of ADR-0004.

mod twin;

use proptest::prelude::*;
use tandem_exchange::action::{Action, TimeInForce};
use tandem_exchange::{
    AGENT_LIFE_MAX_MS, AddressKey, Agency, Event, Inadmissible, ItemStatus, NONCE_AGE_MAX_MS,
    NONCE_LEAD_MAX_MS, Rejection, Transaction,
};
use tandem_stf::Refusal;
use tandem_testkit::{
    BTC, Harness, PURR, Signer, Step, USD, approve, buy, cancel, genesis, place, sell, send,
};
use tandem_types::{AccountId, Address, OrderId, QuoteAtoms};
use twin::{Signed, Twin, Verdict};

/// Who has nothing and does not exist at genesis.
fn victim() -> Signer {
    Signer::wallet(50)
}

fn stranger() -> Signer {
    Signer::wallet(1)
}

fn friend() -> Signer {
    Signer::wallet(2)
}

fn name_as_agent(chain: &mut Harness, by: &Signer, agent: &Signer, name: Option<&str>) -> Step {
    let nonce = chain.now().0;
    chain.act(by, &approve(&agent.address(), name, nonce))
}

fn fund(chain: &mut Harness, to: &Signer) -> Step {
    let nonces = [chain.now().0, chain.now().0 + 1];
    let sends = [(USD, "1000"), (PURR, "1000")];
    let gifts = sends
        .iter()
        .zip(nonces)
        .map(|((token, amount), nonce)| (friend(), send(&to.address(), *token, amount, nonce)));
    let gifts: Vec<_> = gifts.collect();
    chain.act_all(&gifts.iter().map(|(from, action)| (from, action.clone())).collect::<Vec<_>>())
}

fn order() -> Action {
    place(&[buy(PURR, "1", "100")])
}

/// Offers an action for the account that it names, if it names one.
fn offer(
    chain: &mut Harness,
    by: &Signer,
    action: &Action,
    names: Option<&Signer>,
) -> Result<Step, Inadmissible> {
    let nonce = action.user_signed().map_or_else(|| chain.now().0, |user| user.nonce);
    let network = chain.identity.network;
    let transaction = match names {
        Some(account) => by.transaction_for(&account.address(), action, nonce, &network),
        None => by.transaction(action, nonce, &network),
    };
    offer_signed(chain, &transaction)
}

fn offer_signed(chain: &mut Harness, transaction: &Transaction) -> Result<Step, Inadmissible> {
    let step = chain.block(std::slice::from_ref(transaction), &[]);
    match step.refused.as_slice() {
        [] => Ok(step),
        [(_, Refusal::Inadmissible(why))] => Err(*why),
        other => panic!("{other:?}"),
    }
}

/// Whose account an order of `by` is placed on.
fn trades_for(chain: &mut Harness, by: &Signer, names: Option<&Signer>) -> Result<Address, Inadmissible> {
    let step = offer(chain, by, &order(), names)?;
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }]), "{:?}", step.receipts()[0]);
    Ok(address_of(chain, step.receipts()[0].account))
}

fn address_of(chain: &Harness, account: AccountId) -> Address {
    chain.chain.tables.exchange.accounts.peek(&account).unwrap().address
}

fn agency(chain: &Harness, of: &Signer) -> Agency {
    chain.chain.tables.exchange.signers.peek(&AddressKey::of(&of.address())).unwrap().agency
}

#[test]
fn a_victim_named_before_its_first_deposit_loses_nothing() {
    let mut chain = Harness::default();
    let (victim, stranger, friend) = (victim(), stranger(), friend());
    name_as_agent(&mut chain, &stranger, &victim, None);
    // It receives ...
    let step = fund(&mut chain, &victim);
    assert!(step.receipts().iter().all(|receipt| receipt.result.is_ok()));
    // ... trades for itself, and cancels what it placed ...
    let step = offer(&mut chain, &victim, &order(), None).unwrap();
    assert_eq!(step.receipts()[0].account, chain.account(&victim.address()));
    let [ItemStatus::Resting { id, .. }] = step.items(0) else { panic!() };
    let step = offer(&mut chain, &victim, &cancel(PURR, &[*id]), None).unwrap();
    assert_eq!(step.items(0), [ItemStatus::Done]);
    // ... names agents of its own, which trade for it ...
    let own_agent = Signer::key(9);
    name_as_agent(&mut chain, &victim, &own_agent, None);
    assert_eq!(trades_for(&mut chain, &own_agent, None), Ok(victim.address()));
    // ... and spends everything that is free.
    let nonce = chain.now().0;
    let step = chain.act(&victim, &send(&friend.address(), PURR, "1000", nonce));
    assert_eq!(step.items(0), [ItemStatus::Done]);
    assert_eq!(chain.balance(&victim, PURR).total.0, 0);
}

#[test]
fn an_account_can_not_be_named_by_others_nor_by_itself() {
    let mut chain = Harness::default();
    let (victim, stranger) = (victim(), stranger());
    fund(&mut chain, &victim);
    for by in [&stranger, &victim] {
        let step = name_as_agent(&mut chain, by, &victim, None);
        assert_eq!(step.rejection(0), Rejection::AgentIsAccount);
    }
    assert_eq!(agency(&chain, &victim), Agency::None);
    assert_eq!(trades_for(&mut chain, &victim, None), Ok(victim.address()));
}

#[test]
fn in_one_block_the_order_of_approval_and_deposit_does_not_matter_to_the_victim() {
    for deposit_first in [true, false] {
        let mut chain = Harness::default();
        let (victim, stranger, friend) = (victim(), stranger(), friend());
        let nonces = [chain.now().0, chain.now().0 + 1];
        let deposit = (&friend, send(&victim.address(), USD, "1000", nonces[0]));
        let approval = (&stranger, approve(&victim.address(), None, nonces[1]));
        let block = if deposit_first { [deposit, approval] } else { [approval, deposit] };
        let step = chain.act_all(&block);
        let named = step.receipts()[usize::from(deposit_first)].result.is_ok();
        assert_eq!(named, !deposit_first, "an account can't be named");
        assert_eq!(trades_for(&mut chain, &victim, None), Ok(victim.address()));
        // Only if it could be named has it a power over the stranger's account, and must name it to use it.
        let step = offer(&mut chain, &victim, &order(), Some(&stranger)).unwrap();
        let expected = if deposit_first {
            (victim.address(), Err(Rejection::UnknownVault))
        } else {
            (stranger.address(), Ok(()))
        };
        let receipt = &step.receipts()[0];
        let found =
            (address_of(&chain, receipt.account), receipt.result.as_ref().map(|_| ()).map_err(|why| *why));
        assert_eq!(found, expected);
    }
}

#[test]
fn who_is_named_by_a_stranger_can_not_spend_his_tokens() {
    let mut chain = Harness::default();
    let (victim, stranger) = (victim(), stranger());
    name_as_agent(&mut chain, &stranger, &victim, None);
    let before = chain.balance(&stranger, USD);
    let nonce = chain.now().0;
    let theft = send(&victim.address(), USD, "1000", nonce);
    assert_eq!(chain.act(&victim, &theft).rejection(0), Rejection::AgentNotAllowed);
    fund(&mut chain, &victim);
    let nonce = chain.now().0;
    // With an account of its own it spends its own.
    let step = chain.act(&victim, &send(&friend().address(), USD, "1000", nonce));
    let moved = step.receipts()[0].events.iter().any(
        |event| matches!(event, Event::Transfer { from, .. } if *from == chain.account(&victim.address())),
    );
    assert!(moved);
    assert_eq!(chain.balance(&stranger, USD), before);
}

#[test]
fn an_agent_at_work_is_not_turned_away_by_tokens_sent_to_it() {
    let mut chain = Harness::default();
    let (master, agent) = (stranger(), Signer::key(1));
    name_as_agent(&mut chain, &master, &agent, None);
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
    fund(&mut chain, &agent);
    // Its quotes can still be cancelled: this is what the attack is for.
    let step = offer(&mut chain, &agent, &cancel(PURR, &[OrderId(0)]), None).unwrap();
    assert_eq!(step.items(0), [ItemStatus::Done]);
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
    // It may trade with what it was sent by saying so, and keeps serving its master.
    assert_eq!(trades_for(&mut chain, &agent, Some(&agent)), Ok(agent.address()));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
    // A signature as a wallet makes it one: only its owner can do that.
    let nonce = chain.now().0;
    chain.act(&agent, &send(&friend().address(), PURR, "1", nonce));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(agent.address()));
    assert_eq!(trades_for(&mut chain, &agent, Some(&master)), Ok(master.address()));
}

#[test]
fn an_agent_that_was_sent_tokens_before_it_served_names_its_master() {
    let mut chain = Harness::default();
    let (master, agent) = (stranger(), Signer::key(1));
    name_as_agent(&mut chain, &master, &agent, None);
    fund(&mut chain, &agent);
    assert_eq!(trades_for(&mut chain, &agent, Some(&master)), Ok(master.address()));
    // Naming somebody once changes nothing about what names nobody.
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(agent.address()));
}

#[test]
fn the_first_of_two_masters_has_the_agent() {
    let mut chain = Harness::default();
    let (first, second, agent) = (stranger(), friend(), Signer::key(1));
    name_as_agent(&mut chain, &first, &agent, None);
    let again = name_as_agent(&mut chain, &second, &agent, None);
    assert_eq!(again.rejection(0), Rejection::AgentInUse);
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(first.address()));
    let step = offer(&mut chain, &agent, &order(), Some(&second)).unwrap();
    assert_eq!(step.rejection(0), Rejection::UnknownVault);
    // In one block too, whichever comes first.
    let other = Signer::key(2);
    let nonces = [chain.now().0, chain.now().0 + 1];
    let step = chain.act_all(&[
        (&second, approve(&other.address(), Some("x"), nonces[0])),
        (&first, approve(&other.address(), Some("x"), nonces[1])),
    ]);
    assert_eq!(step.rejection(1), Rejection::AgentInUse);
    assert_eq!(trades_for(&mut chain, &other, None), Ok(second.address()));
}

#[test]
fn an_agency_taken_back_leaves_the_address_to_itself() {
    let mut chain = Harness::default();
    let (master, agent) = (stranger(), Signer::wallet(60));
    name_as_agent(&mut chain, &master, &agent, Some("desk"));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
    let nonce = chain.now().0;
    chain.act(&master, &approve(&Address::default(), Some("desk"), nonce));
    assert_eq!(trades_for(&mut chain, &agent, None), Err(Inadmissible::AgentExpired));
    // It can receive, and then acts for itself; its old master's account is out of its reach.
    fund(&mut chain, &agent);
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(agent.address()));
    let step = offer(&mut chain, &agent, &order(), Some(&master)).unwrap();
    assert_eq!(
        (step.receipts()[0].account, step.rejection(0)),
        (chain.account(&agent.address()), Rejection::UnknownVault)
    );
    // An account is nobody's agent again, however long one waits.
    chain.step_ms = NONCE_LEAD_MAX_MS + NONCE_AGE_MAX_MS + 1;
    let again = name_as_agent(&mut chain, &master, &agent, Some("desk"));
    assert_eq!(again.rejection(0), Rejection::AgentIsAccount);
}

#[test]
fn a_renewal_after_the_end_does_not_take_an_account_back() {
    let mut chain = Harness::default();
    let (master, agent) = (stranger(), Signer::wallet(60));
    let until = chain.now().0 + 60_000;
    name_as_agent(&mut chain, &master, &agent, Some(&format!("desk valid_until {until}")));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
    fund(&mut chain, &agent);
    // Renewed in time, it serves on.
    let until = chain.now().0 + 60_000;
    name_as_agent(&mut chain, &master, &agent, Some(&format!("desk valid_until {until}")));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
    chain.step_ms = 60_001;
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(agent.address()));
    chain.step_ms = 100;
    name_as_agent(&mut chain, &master, &agent, Some("desk"));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(agent.address()));
    assert_eq!(trades_for(&mut chain, &agent, Some(&master)), Ok(master.address()));
}

#[test]
fn an_address_can_not_be_kept_from_others_by_an_approval_that_ended() {
    let mut chain = Harness::default();
    let (squatter, master, agent) = (stranger(), friend(), Signer::key(1));
    let until = chain.now().0;
    name_as_agent(&mut chain, &squatter, &agent, Some(&format!("x valid_until {until}")));
    let soon = name_as_agent(&mut chain, &master, &agent, None);
    assert_eq!(soon.rejection(0), Rejection::AgentRecentlyRevoked);
    chain.step_ms = until + NONCE_LEAD_MAX_MS + NONCE_AGE_MAX_MS + 1 - chain.parent.time.0;
    assert_eq!(name_as_agent(&mut chain, &master, &agent, None).items(0), [ItemStatus::Done]);
    chain.step_ms = 100;
    // The squatter's list still has it; striking it off there changes nothing here.
    let nonce = chain.now().0;
    chain.act(&squatter, &approve(&Address::default(), Some("x"), nonce));
    assert_eq!(trades_for(&mut chain, &agent, None), Ok(master.address()));
}

#[test]
fn becoming_an_account_keeps_the_nonces_used_as_an_agent() {
    let mut chain = Harness::default();
    let (master, agent) = (stranger(), Signer::wallet(60));
    name_as_agent(&mut chain, &master, &agent, None);
    let nonce = chain.now().0;
    let used = agent.transaction(&order(), nonce, &chain.identity.network);
    assert!(offer_signed(&mut chain, &used).is_ok());
    fund(&mut chain, &agent);
    assert_eq!(offer_signed(&mut chain, &used).unwrap_err(), Inadmissible::NonceUsed);
    // Neither for the other account.
    let other = agent.transaction_for(&agent.address(), &order(), nonce, &chain.identity.network);
    assert_eq!(offer_signed(&mut chain, &other).unwrap_err(), Inadmissible::NonceUsed);
}

#[test]
fn an_agent_dusted_within_the_block_of_its_first_order_acts_for_one_account_wholly() {
    // The dust comes first in the block: the order is for the agent's own account, where nothing is at stake.
    let mut chain = Harness::default();
    let (master, agent, dust) = (stranger(), Signer::key(1), friend());
    name_as_agent(&mut chain, &master, &agent, None);
    let nonces = [chain.now().0, chain.now().0 + 1];
    let network = chain.identity.network;
    let dusting = dust.transaction(&send(&agent.address(), USD, "0.01", nonces[0]), nonces[0], &network);
    let alo = place(&[tandem_exchange::action::Order {
        kind: tandem_exchange::action::OrderKind::Limit(TimeInForce::Alo),
        ..sell(BTC, "60000", "1")
    }]);
    let first = agent.transaction(&alo, nonces[1], &network);
    let mut other_way = chain.clone();
    let step = chain.block(&[dusting.clone(), first.clone()], &[]);
    assert_eq!(step.rejection(1), Rejection::InsufficientBalance);
    let step = other_way.block(&[first, dusting], &[]);
    assert_eq!(step.receipts()[0].account, other_way.account(&master.address()));
    assert_eq!(trades_for(&mut other_way, &agent, None), Ok(master.address()));
}

#[test]
fn on_production_networks_naming_gives_an_owner_no_way_around_the_rule() {
    let mut genesis = genesis();
    genesis.system.parameters.network = tandem_system::NetworkKind::Production;
    let mut chain = Harness::new(genesis);
    let wallet = stranger();
    for names in [None, Some(&wallet)] {
        let error = offer(&mut chain, &wallet, &order(), names).unwrap_err();
        assert_eq!(error, Inadmissible::AgentRequired);
    }
}

/// What random people do.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Names an agent in one of two slots; lasts a short time, or as long as it may.
    Approve {
        by: usize,
        agent: usize,
        named: bool,
        short: bool,
    },
    Revoke {
        by: usize,
        named: bool,
    },
    Send {
        by: usize,
        to: usize,
    },
    Noop {
        by: usize,
        names: Option<usize>,
    },
    /// Lets time pass: a little, past a short approval, past the safe time of revoked agents.
    Wait {
        how_long: usize,
    },
}

/// Two of them have accounts from the beginning.
const PEOPLE: usize = 4;
const SHORT_MS: u64 = 50_000;
const WAITS: [u64; 3] = [100, SHORT_MS, NONCE_LEAD_MAX_MS + NONCE_AGE_MAX_MS + SHORT_MS];

fn person(number: usize) -> Signer {
    match number {
        0 | 1 => Signer::wallet(1 + u8::try_from(number).unwrap()),
        _ => Signer::wallet(70 + u8::try_from(number).unwrap()),
    }
}

fn acts() -> impl Strategy<Value = Act> {
    let who = || 0..PEOPLE;
    prop_oneof![
        4 => (0..2usize, 1..PEOPLE, proptest::bool::weighted(0.2), any::<bool>())
            .prop_map(|(by, agent, named, short)| Act::Approve { by, agent, named, short }),
        1 => (0..3usize, any::<bool>()).prop_map(|(by, named)| Act::Revoke { by, named }),
        2 => (who(), who()).prop_map(|(by, to)| Act::Send { by, to }),
        5 => (who(), proptest::option::weighted(0.3, who())).prop_map(|(by, names)| Act::Noop { by, names }),
        2 => (0..WAITS.len()).prop_map(|how_long| Act::Wait { how_long }),
    ]
}

/// Does it on the chain; `None` if nobody acted.
fn perform(chain: &mut Harness, act: Act) -> Option<(Result<Step, Inadmissible>, Signed)> {
    let name = |named: bool| if named { "desk" } else { "" };
    let slot = |named: bool| named.then_some("desk");
    Some(match act {
        Act::Wait { how_long } => {
            chain.step_ms = WAITS[how_long];
            chain.empty();
            chain.step_ms = 100;
            return None;
        }
        Act::Approve { by, agent, named, short } => {
            let until = chain.now().0 + if short { SHORT_MS } else { AGENT_LIFE_MAX_MS };
            let wire = format!("{} valid_until {until}", name(named));
            let nonce = chain.now().0;
            let action = approve(&person(agent).address(), Some(&wire), nonce);
            (offer(chain, &person(by), &action, None), Signed::Approve { agent, named, until })
        }
        Act::Revoke { by, named } => {
            let nonce = chain.now().0;
            let action = approve(&Address::default(), slot(named), nonce);
            (offer(chain, &person(by), &action, None), Signed::Revoke { named })
        }
        Act::Send { by, to } => {
            let nonce = chain.now().0;
            let action = send(&person(to).address(), PURR, "0.01", nonce);
            (offer(chain, &person(by), &action, None), Signed::Send { to })
        }
        Act::Noop { by, names } => {
            let named = names.map(person);
            let nonce = chain.now().0;
            let network = chain.identity.network;
            let transaction = match &named {
                Some(account) => {
                    person(by).transaction_for(&account.address(), &Action::Noop, nonce, &network)
                }
                None => person(by).transaction(&Action::Noop, nonce, &network),
            };
            (offer_signed(chain, &transaction), Signed::Noop { names })
        }
    })
}

const fn actor(act: Act) -> usize {
    match act {
        Act::Approve { by, .. } | Act::Revoke { by, .. } | Act::Send { by, .. } | Act::Noop { by, .. } => by,
        Act::Wait { .. } => 0,
    }
}

/// What became of an action, in the twin's words.
fn verdict(chain: &Harness, done: &Result<Step, Inadmissible>) -> Verdict {
    let Ok(step) = done else { return Verdict::Refused };
    let receipt = &step.receipts()[0];
    let address = address_of(chain, receipt.account);
    let account = (0..PEOPLE).find(|number| person(*number).address() == address).unwrap();
    Verdict::Took { account, done: receipt.result.is_ok() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn roles_are_those_of_the_naive_twin_and_nobody_is_turned_against_his_will(
        acts in proptest::collection::vec(acts(), 1..60)
    ) {
        // Accounts come free here: the twin knows who is who, not who can pay.
        let mut free = genesis();
        free.exchange.config.activation_fee = QuoteAtoms::ZERO;
        let mut chain = Harness::new(free);
        let mut twin = Twin::new(&[0, 1]);
        for act in acts {
            let had_account = twin.has_account(actor(act));
            let Some((done, signed)) = perform(&mut chain, act) else {
                twin.pass(chain.parent.time.0);
                continue;
            };
            twin.pass(chain.parent.time.0);
            let found = verdict(&chain, &done);
            let by = actor(act);
            // Who never served anybody before it had an account acts for itself unless it names another.
            if let (Signed::Noop { names: None }, true, false) = (signed, had_account, twin.ever_served(by)) {
                prop_assert_eq!(found, Verdict::Took { account: by, done: true });
            }
            prop_assert_eq!(found, twin.sign(by, signed), "{:?}", act);
        }
    }
}

fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(64)
}
