//! Accounts of several keys, through whole blocks.

use tandem_exchange::action::Action;
use tandem_exchange::{
    CO_SIGNATURE_WORK, Inadmissible, ItemStatus, Rejection, Transaction, claim_of, early_claim_of,
};
use tandem_stf::Refusal;
use tandem_testkit::{
    BTC, Harness, Signer, Step, USD, approve, buy, convert, create_vault, genesis, perp_genesis, place, send,
    usd_send,
};
use tandem_types::Address;

type People = [Signer; 5];

/// Wallet 1's account belongs to wallets 2, 3 and 4, of whom two must sign. Wallet 5 is somebody else.
fn shared() -> (Harness, People) {
    let (mut chain, people) = plain();
    let step = give(&mut chain, &people, &[1, 2, 3], 2);
    assert_eq!(step.items(0), [ItemStatus::Done]);
    (chain, people)
}

fn plain() -> (Harness, People) {
    (Harness::new(genesis()), [1, 2, 3, 4, 5].map(Signer::wallet))
}

fn give(chain: &mut Harness, people: &People, to: &[usize], threshold: u8) -> Step {
    let users: Vec<Address> = to.iter().map(|at| people[*at].address()).collect();
    let nonce = chain.nonce();
    chain.act(&people[0], &convert(&users, threshold, nonce))
}

/// Tries an action for wallet 1's account, sent by one and signed by others.
fn act(
    chain: &mut Harness,
    people: &People,
    outer: usize,
    co_signers: &[usize],
    action: impl Fn(u64) -> Action,
) -> Result<Step, Inadmissible> {
    let nonce = chain.nonce();
    let network = chain.identity.network;
    let co_signers: Vec<&Signer> = co_signers.iter().map(|at| &people[*at]).collect();
    let signed = people[outer].sign_for(&people[0].address(), &co_signers, &action(nonce), nonce, &network);
    let transaction = Transaction::from_signed(&signed, &network).expect("a well-signed action passes");
    attempt(chain, transaction)
}

fn attempt(chain: &mut Harness, transaction: Transaction) -> Result<Step, Inadmissible> {
    let step = chain.block(&[transaction], &[]);
    match step.refused.as_slice() {
        [] => Ok(step),
        [(0, Refusal::Inadmissible(why))] => Err(*why),
        other => panic!("{other:?}"),
    }
}

fn alone(chain: &mut Harness, who: &Signer, action: &Action) -> Result<Step, Inadmissible> {
    let transaction = chain.sign(who, action);
    attempt(chain, transaction)
}

fn order(_: u64) -> Action {
    place(&[buy(BTC, "1000", "0.1")])
}

fn open_orders(chain: &Harness, who: &Signer) -> u32 {
    let account = chain.account(&who.address());
    chain.chain.tables.exchange.accounts.peek(&account).unwrap().open_orders
}

#[test]
fn as_many_keys_as_must_act_together_and_fewer_or_others_do_not() {
    use Inadmissible::{NotAuthorized, TooFewSignatures};
    let (mut chain, people) = shared();
    let rows: [(usize, &[usize], Option<Inadmissible>); 9] = [
        (1, &[1, 2], None),
        (3, &[1, 2], None),
        (1, &[3, 2, 1], None),
        (1, &[1], Some(TooFewSignatures)),
        (1, &[2], Some(TooFewSignatures)),
        (1, &[1, 4], Some(NotAuthorized)),
        (1, &[1, 2, 4], Some(NotAuthorized)),
        (4, &[1, 2], Some(NotAuthorized)),
        (1, &[1, 0], Some(NotAuthorized)),
    ];
    for (outer, co_signers, expected) in rows {
        let found = act(&mut chain, &people, outer, co_signers, order);
        assert_eq!(found.err(), expected, "{outer} {co_signers:?}");
    }
    let open = [0, 1, 2, 3, 4].map(|at| open_orders(&chain, &people[at]));
    assert_eq!(open, [3, 0, 0, 0, 0]);
}

#[test]
fn the_accounts_own_key_and_its_former_agents_cannot_act_any_more() {
    let (mut chain, people) = plain();
    let (agent, nonce) = (Signer::key(1), chain.nonce());
    chain.act(&people[0], &approve(&agent.address(), None, nonce));
    assert!(alone(&mut chain, &agent, &Action::Noop).is_ok());
    give(&mut chain, &people, &[1, 2], 2);
    let nonce = chain.nonce();
    let actions = [Action::Noop, order(0), send(&people[4].address(), USD, "1", nonce)];
    for action in actions {
        let refused = alone(&mut chain, &people[0], &action).err();
        assert_eq!(refused, Some(Inadmissible::MultiSigRequired), "{action:?}");
    }
    let nonce = chain.nonce();
    let back = alone(&mut chain, &people[0], &convert(&[], 0, nonce)).err();
    assert_eq!(back, Some(Inadmissible::MultiSigRequired), "nor take it back");
    assert_eq!(alone(&mut chain, &agent, &Action::Noop).err(), Some(Inadmissible::AgentExpired));
    // An agent that the keys approve together serves as any.
    let agent = Signer::key(2);
    let approved = act(&mut chain, &people, 1, &[1, 2], |nonce| approve(&agent.address(), None, nonce));
    assert_eq!(approved.unwrap().items(0), [ItemStatus::Done]);
    assert!(alone(&mut chain, &agent, &order(0)).is_ok());
}

#[test]
fn user_signed_actions_are_for_the_account_too_and_its_keys_keep_their_own() {
    let (mut chain, people) = shared();
    let cash = |chain: &Harness| [0, 1].map(|at| chain.balance(&people[at], USD).total.0);
    let (before, to) = (cash(&chain), people[4].address());
    let step = act(&mut chain, &people, 1, &[1, 3], |nonce| send(&to, USD, "7", nonce)).unwrap();
    assert_eq!(step.items(0), [ItemStatus::Done]);
    assert_eq!(cash(&chain), [before[0] - 700_000_000, before[1]]);
    let nonce = chain.nonce();
    assert!(alone(&mut chain, &people[1], &send(&to, USD, "1", nonce)).is_ok());
}

#[test]
fn what_was_done_once_is_not_done_again_whoever_sends_it() {
    let (mut chain, people) = shared();
    let (nonce, network) = (chain.nonce(), chain.identity.network);
    let (user, action) = (people[0].address(), order(0));
    let sent = |outer: usize, co_signers: &[usize]| {
        let co_signers: Vec<&Signer> = co_signers.iter().map(|at| &people[*at]).collect();
        let signed = people[outer].sign_for(&user, &co_signers, &action, nonce, &network);
        Transaction::from_signed(&signed, &network).unwrap()
    };
    assert!(attempt(&mut chain, sent(1, &[1, 2])).is_ok());
    assert_eq!(attempt(&mut chain, sent(1, &[1, 2])).err(), Some(Inadmissible::NonceUsed));
    assert_eq!(attempt(&mut chain, sent(1, &[2, 3])).err(), Some(Inadmissible::NonceUsed));
    // Another sender needs other signatures; the nonces are the sender's.
    assert!(attempt(&mut chain, sent(2, &[1, 2])).is_ok());
}

#[test]
fn keys_that_cannot_agree_are_refused() {
    let (mut chain, people) = plain();
    let rows: [(&[usize], u8); 5] = [(&[1, 2], 0), (&[1, 2], 3), (&[1, 2, 1], 2), (&[0, 1], 1), (&[0], 1)];
    for (users, threshold) in rows {
        let step = give(&mut chain, &people, users, threshold);
        assert_eq!(step.rejection(0), Rejection::BadSigners, "{users:?} {threshold}");
    }
    let nobody = Signer::wallet(77).address();
    let nonce = chain.nonce();
    let step = chain.act(&people[0], &convert(&[people[1].address(), nobody], 1, nonce));
    assert_eq!(step.rejection(0), Rejection::SignerWithoutAccount);
    let nonce = chain.nonce();
    let step = chain.act(&people[0], &convert(&[], 0, nonce));
    assert_eq!(step.rejection(0), Rejection::NotMultiSig);
    let refused = act(&mut chain, &people, 1, &[1, 2], order);
    assert_eq!(refused.err(), Some(Inadmissible::NotMultiSig));
}

#[test]
fn the_keys_change_themselves_and_give_the_account_back() {
    let (mut chain, people) = shared();
    let others = [people[3].address(), people[4].address()];
    let changed = act(&mut chain, &people, 1, &[1, 2], |nonce| convert(&others, 1, nonce)).unwrap();
    assert_eq!(changed.items(0), [ItemStatus::Done]);
    assert_eq!(act(&mut chain, &people, 1, &[1, 2], order).err(), Some(Inadmissible::NotAuthorized));
    assert!(act(&mut chain, &people, 4, &[3], order).is_ok());
    let back = act(&mut chain, &people, 3, &[4], |nonce| convert(&[], 0, nonce)).unwrap();
    assert_eq!(back.items(0), [ItemStatus::Done]);
    assert_eq!(act(&mut chain, &people, 3, &[4], order).err(), Some(Inadmissible::NotMultiSig));
    assert!(alone(&mut chain, &people[0], &order(0)).is_ok());
}

#[test]
fn signatures_cost_work_and_budget_of_the_account() {
    let (mut chain, people) = shared();
    let account = chain.account(&people[0].address());
    let actions = |chain: &Harness| chain.chain.tables.exchange.accounts.peek(&account).unwrap().actions;
    let before = actions(&chain);
    let two = act(&mut chain, &people, 1, &[1, 2], |_| Action::Noop).unwrap();
    assert_eq!(actions(&chain), before + 3);
    let three = act(&mut chain, &people, 1, &[1, 2, 3], |_| Action::Noop).unwrap();
    let work = |step: &Step| step.taken.iter().map(|(_, taken)| taken.work.0).sum::<u64>();
    assert_eq!(work(&three) - work(&two), CO_SIGNATURE_WORK.0);
}

#[test]
fn whoever_is_no_key_of_the_account_is_turned_away_before_any_signature_is_verified() {
    let (chain, people) = shared();
    let network = chain.identity.network;
    let now = chain.now();
    let (user, stranger) = (people[0].address(), Signer::wallet(99));
    let rows = [
        (&people[1], user, Ok(())),
        (&people[4], user, Err(Inadmissible::NotAuthorized)),
        (&stranger, user, Err(Inadmissible::UnknownSigner)),
        (&people[1], people[4].address(), Err(Inadmissible::NotMultiSig)),
        (&people[1], stranger.address(), Err(Inadmissible::NotMultiSig)),
    ];
    for (outer, user, expected) in rows {
        let signed = outer.sign_for(&user, &[&people[1], &people[2]], &order(0), now.0, &network);
        let (signer, claim) = early_claim_of(&signed).expect("a multiSig names who sends it");
        assert_eq!(signer, outer.address());
        let standing = chain.chain.tables.exchange.peek_standing(&claim);
        assert_eq!(claim.judge_early(&standing, now), expected);
        // Nobody is turned away early who would not be later.
        let transaction = Transaction::from_signed(&signed, &network).unwrap();
        let claim = claim_of(transaction.checked(), false);
        let standing = chain.chain.tables.exchange.peek_standing(&claim);
        assert_eq!(claim.judge(&standing, now).map(|_| ()), expected);
    }
}

#[test]
fn an_account_of_several_keys_leads_a_vault() {
    let mut chain = Harness::new(perp_genesis());
    let people = [1, 2, 3, 4, 5].map(Signer::wallet);
    chain.deposit(&people[0], "1000");
    give(&mut chain, &people, &[1, 2], 2);
    let step = act(&mut chain, &people, 1, &[1, 2], |_| create_vault("shared", 500_000_000)).unwrap();
    assert!(matches!(step.items(0), [ItemStatus::AccountMade { .. }]), "{step:?}");
    let to = people[3].address();
    let sent = act(&mut chain, &people, 2, &[1, 2], |nonce| usd_send(&to, "5", nonce)).unwrap();
    assert_eq!(sent.items(0), [ItemStatus::Done]);
}
