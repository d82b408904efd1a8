//! Accounts of several keys.
//!
//! An account is given to up to ten keys, of which a threshold must sign whatever it does from then on. Its own key can't
//! act for it any more, nor can the agents that its own key had approved; agents that the keys together approve can, as
//! anyone's. The nonce of an action is its outer signer's, so that the account has no nonces that could be used up.
//!
//! Signatures are verified where those of all actions are, before anything with state; whether they are the right ones
//! is part of admission, so that an action with too few never stands in a block.
//! Source: Hyperliquid, "Multi-sig". Agents are revoked here at the conversion, and the outer signer signs with a key of
//! the account, not with an agent of one.

use crate::Rejection;
use crate::action::{ConvertToMultiSigUser, MULTI_SIG_MAX, Signers};
use crate::receipt::ItemStatus;
use crate::session::Session;
use crate::tables::AddressKey;
use crate::transfer;
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_coprocessor::Work;
use tandem_types::Address;

/// Work of a conversion.
pub const CONVERT_WORK: Work = Work(40_000);
/// Work of verifying a co-signature, which every node does.
pub const CO_SIGNATURE_WORK: Work = Work(60_000);

/// The keys of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiSigUser {
    /// How many must sign.
    pub threshold: u8,
    /// Whose they are, as they were given.
    pub signers: Vec<Address>,
}

impl Encode for MultiSigUser {
    fn encode(&self, out: &mut Vec<u8>) {
        self.threshold.encode(out);
        self.signers.encode(out);
    }
}

impl Decode for MultiSigUser {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let max = u32::try_from(MULTI_SIG_MAX).unwrap_or(u32::MAX);
        Ok(Self { threshold: Decode::decode(input)?, signers: input.list(max)? })
    }
}

impl MultiSigUser {
    /// Checks that a threshold of these keys can be met.
    fn new(signers: &Signers, own: &Address) -> Option<Self> {
        let Signers { users, threshold } = signers;
        let enough = usize::from(*threshold) <= users.len() && *threshold > 0 && users.len() <= MULTI_SIG_MAX;
        let twice =
            users.iter().enumerate().any(|(at, user)| users.iter().take(at).any(|other| other == user));
        let good = enough && !twice && !users.contains(own);
        good.then(|| Self { threshold: *threshold, signers: users.clone() })
    }
}

impl Session<'_, '_> {
    /// Executes a `convertToMultiSigUser`, in either direction.
    pub(crate) fn convert_to_multi_sig(
        &mut self,
        request: &ConvertToMultiSigUser,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(CONVERT_WORK)?;
        let account = self.account;
        let own = self.tables.accounts.get(&account).ok_or(Rejection::NotMultiSig)?.address;
        let shared = match request.signers.signers() {
            None => {
                self.tables.multi_sigs.remove(&account).ok_or(Rejection::NotMultiSig)?;
                false
            }
            Some(signers) => {
                let keys = MultiSigUser::new(signers, &own).ok_or(Rejection::BadSigners)?;
                let known = |user| transfer::find_account(self.tables, user).is_some();
                if !keys.signers.iter().all(known) {
                    return Err(Rejection::SignerWithoutAccount);
                }
                self.tables.multi_sigs.put(account, keys);
                true
            }
        };
        let key = AddressKey::of(&own);
        let before = self.tables.signers.get(&key).copied().unwrap_or_default();
        if before.is_shared != shared {
            self.revoke_agents()?;
            self.tables.signers.update(&key, |signer| signer.is_shared = shared);
        }
        Ok(ItemStatus::Done)
    }
}
