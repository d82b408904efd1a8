//! Giving an account to several keys, and back to its own.

use super::record::MultiSigUser;
use crate::Rejection;
use crate::action::{ConvertToMultiSigUser, MULTI_SIG_MAX, Signers};
use crate::receipt::ItemStatus;
use crate::session::Session;
use crate::tables::AddressKey;
use crate::transfer;
use tandem_coprocessor::Work;
use tandem_types::Address;

/// Work of a conversion.
pub const CONVERT_WORK: Work = Work(40_000);
/// Work of verifying a co-signature, which every node does.
pub const CO_SIGNATURE_WORK: Work = Work(60_000);

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
