//! Accounts of several keys: given to keys that can act or can't, and acting with signatures of the right ones or others.

use crate::Choices;
use tandem_exchange::action::{Action, Network};
use tandem_exchange::{ExchangeTables, MultiSigUser, Transaction};
use tandem_testkit::{Signer, convert};
use tandem_types::{AccountId, Address};

/// Gives the account to some of `wallets`, with a threshold that they mostly can meet, or back to its own key.
pub(crate) fn give(choices: &mut Choices<'_>, wallets: &[Signer], nonce: u64) -> Action {
    let users: Vec<Address> = some(choices, wallets).iter().map(Signer::address).collect();
    let threshold = u8::try_from(users.len()).unwrap_or(u8::MAX);
    match choices.below(8) {
        0 => convert(&[], 0, nonce),
        1 => convert(&users, threshold.saturating_add(1), nonce),
        2 => convert(&[&users[..], &users[..1]].concat(), 1, nonce),
        3..=5 => convert(&users, 1 + threshold / 2, nonce),
        _ => convert(&users, threshold, nonce),
    }
}

/// What one of the accounts of several keys does, or somebody who is none; `None` if it can't even be signed well.
pub(crate) fn act(
    choices: &mut Choices<'_>,
    wallets: &[Signer],
    tables: &ExchangeTables,
    (action, nonce): (&Action, u64),
    network: &Network,
) -> Option<Transaction> {
    let (user, keys) = account(choices, wallets, tables);
    let co_signers: Vec<Signer> = match (&keys, choices.below(4)) {
        (Some(keys), 1..) => right(choices, wallets, keys),
        _ => some(choices, wallets),
    };
    let outer = match choices.below(8) {
        0 => choices.pick_ref(wallets).clone(),
        _ => choices.pick_ref(&co_signers).clone(),
    };
    let mut co_signers: Vec<&Signer> = co_signers.iter().collect();
    match choices.below(8) {
        0 if co_signers.len() > 1 => drop(co_signers.pop()),
        1 => co_signers.push(co_signers[0]),
        _ => {}
    }
    let signed = outer.sign_for(&user, &co_signers, action, nonce, network);
    Transaction::from_signed(&signed, network).ok()
}

/// An account of several keys, if there is one, with these; now and then anyone.
fn account(
    choices: &mut Choices<'_>,
    wallets: &[Signer],
    tables: &ExchangeTables,
) -> (Address, Option<MultiSigUser>) {
    let mut found = None;
    let mut from = AccountId(0);
    for _ in 0..=choices.below(4) {
        let Some((id, keys)) = tables.multi_sigs.peek_first(&from, &AccountId(u32::MAX)) else { break };
        (found, from) = (Some((*id, keys.clone())), AccountId(id.0 + 1));
    }
    let found = found.filter(|_| choices.below(8) > 0);
    let known = found.and_then(|(id, keys)| Some((tables.accounts.peek(&id)?.address, Some(keys))));
    known.unwrap_or_else(|| (choices.pick_ref(wallets).address(), None))
}

/// As many of an account's keys as must sign.
fn right(choices: &mut Choices<'_>, wallets: &[Signer], keys: &MultiSigUser) -> Vec<Signer> {
    let mine = wallets.iter().filter(|wallet| keys.signers.contains(&wallet.address()));
    let mut mine: Vec<Signer> = mine.cloned().collect();
    let turn = usize::from(choices.byte()) % mine.len().max(1);
    mine.rotate_left(turn);
    mine.truncate(usize::from(keys.threshold));
    if mine.is_empty() { some(choices, wallets) } else { mine }
}

/// One to four of `wallets`, each once.
fn some(choices: &mut Choices<'_>, wallets: &[Signer]) -> Vec<Signer> {
    let (first, count) = (usize::from(choices.byte()), 1 + usize::from(choices.below(4)));
    let all = wallets.iter().cycle().skip(first % wallets.len()).take(count.min(wallets.len()));
    all.cloned().collect()
}
