//! What must hold of signers between blocks, recomputed from scratch.

use std::collections::{BTreeMap, BTreeSet};
use tandem_codec::Decode;
use tandem_exchange::{
    AGENTS_MAX, AccountOrder, AddressKey, Agency, Agent, AgentSlot, ExchangeTables, NONCES_KEPT, NonceKey,
    Signer,
};
use tandem_state::{AnyTable, Prefix};
use tandem_types::{AccountId, TxId};

/// Actions that blocks have decided: none may be decided again.
#[derive(Clone, Debug, Default)]
pub struct Decided(BTreeSet<TxId>);

impl Decided {
    /// Adds an action.
    ///
    /// # Panics
    /// If it was decided before.
    pub fn add(&mut self, action: TxId) {
        assert!(self.0.insert(action), "{action} was executed twice");
    }
}

fn rows<K: Decode, V: Decode>(table: &dyn AnyTable) -> Vec<(K, V)> {
    let mut rows = Vec::new();
    table.for_each(Prefix([0, 0]), &mut |key, value| {
        rows.push((K::from_bytes(&key[2..]).expect("a key"), V::from_bytes(&value).expect("a value")));
    });
    rows
}

/// Checks that nonces are counted and bounded, that agents and approvals agree, that everyone's account is theirs, and
/// that those of several keys can be acted for.
///
/// # Panics
/// If one of these is not so.
pub fn assert_signers(tables: &ExchangeTables) {
    let mut nonces: BTreeMap<AddressKey, u8> = BTreeMap::new();
    for (key, ()) in rows::<NonceKey, ()>(&tables.nonces) {
        *nonces.entry(key.signer).or_default() += 1;
    }
    let mut slots: BTreeMap<(AccountId, AddressKey), u32> = BTreeMap::new();
    let mut by_account: BTreeMap<AccountId, usize> = BTreeMap::new();
    for (slot, agent) in rows::<AgentSlot, Agent>(&tables.agents) {
        assert_eq!(
            AddressKey::of_name(agent.name.as_str().as_bytes()),
            slot.name,
            "a slot is named as its agent"
        );
        *slots.entry((slot.account, AddressKey::of(&agent.address))).or_default() += 1;
        *by_account.entry(slot.account).or_default() += 1;
    }
    assert!(slots.values().all(|count| *count == 1), "an agent has one name");
    assert!(by_account.values().all(|count| *count <= AGENTS_MAX), "agents are bounded");
    for (key, signer) in rows::<AddressKey, Signer>(&tables.signers) {
        assert_eq!(nonces.remove(&key).unwrap_or(0), signer.nonces, "nonces are counted");
        assert!(signer.nonces <= NONCES_KEPT, "nonces are bounded");
        let keys = signer.own.and_then(|own| tables.multi_sigs.peek(&own));
        assert_eq!(keys.is_some(), signer.is_shared, "whose account is of several keys can't act alone");
        if let Some(keys) = keys {
            let count = u8::try_from(keys.signers.len()).expect("few keys");
            assert!((1..=count).contains(&keys.threshold), "a threshold can be met: {keys:?}");
        }
        if let Some(own) = signer.own {
            let account = tables.accounts.peek(&own).expect("one's own account is there");
            assert_eq!(AddressKey::of(&account.address), key, "one's own account is one's own");
        }
        if let Agency::Of { master, .. } = signer.agency {
            assert!(slots.contains_key(&(master, key)), "who acts for an account is listed by it");
            assert!(tables.accounts.peek(&master).is_some());
        }
    }
    assert!(nonces.is_empty(), "nonces are signers'");
    let orphan = rows::<AccountOrder, tandem_exchange::OrderInfo>(&tables.account_orders)
        .into_iter()
        .find(|(key, _)| tables.accounts.peek(&key.account).is_none());
    assert!(orphan.is_none(), "orders are accounts'");
}
