//! Who may act, and that nobody acts twice with one signature.
//!
//! A signer is an address that has an account, or is an agent of one, or both; for whom it acts is `principal`'s to
//! say. Of each signer the highest [`NONCES_KEPT`] nonces are kept, whomever it acted for; a new nonce must be unused, above the lowest kept once that many are, and within a window around the block's
//! time. Nonces leave only when higher ones push them out, never because a signer is deregistered; and a revoked
//! agent returns only when all its nonces have left the window. So no signed action is ever executed twice.
//! Source of the rule: Hyperliquid, "Nonces and API wallets"; the return of revoked agents is stricter here.

use crate::action::{
    Action, CheckedAction, Class, MULTI_SIG_MAX, MultiSig, Signature, SignedAction, account_action,
    ed25519_address,
};
use crate::claim::{Claim, SharedClaim, SharedStanding, Standing};
use crate::inadmissible::Inadmissible;
use crate::multi_sig::MultiSigUser;
use crate::principal::Principal;
use crate::records::{Account, Config, Signer};
use crate::tables::{AddressKey, ExchangeTables, NonceKey};
use tandem_types::{AccountId, Address, BlockTime, QuoteAtoms};

/// Nonces kept of a signer.
pub const NONCES_KEPT: u8 = 100;
/// How far a nonce may lie behind the block's time, in milliseconds: two days.
pub const NONCE_AGE_MAX_MS: u64 = 2 * 24 * 3_600_000;
/// How far a nonce may lie ahead of the block's time, in milliseconds: one day.
pub const NONCE_LEAD_MAX_MS: u64 = 24 * 3_600_000;
/// After exhausting its budget, an account may act once in this many milliseconds.
pub const OVERDRAFT_INTERVAL_MS: u64 = 10_000;

const ATOMS_PER_USD: u64 = 100_000_000;
/// Cancels may exceed the budget by this much, or reach twice the budget if that is less.
const CANCEL_EXTRA: u64 = 100_000;

/// What `action` claims. On production networks (`production`) orders must come from approved agents.
#[must_use]
pub fn claim_of(action: &CheckedAction, production: bool) -> Claim {
    Claim {
        signer: AddressKey::of(&action.signer()),
        nonce: action.nonce(),
        expires_after: action.expires_after(),
        items: items(action.action()).saturating_add(co_signatures(action)),
        cancels_only: action.class() == Class::Cancels,
        agent_required: production && !action.action().is_user_signed(),
        user_signed: action.action().is_user_signed(),
        names: action.vault_address(),
        shared: action.co_signers().map(|co_signers| {
            let mut signers = [None; MULTI_SIG_MAX];
            let found = co_signers.signers.iter().map(|signer| Some(*signer));
            signers.iter_mut().zip(found).for_each(|(slot, signer)| *slot = signer);
            SharedClaim { user: AddressKey::of(&co_signers.user), outer: action.signer(), signers }
        }),
    }
}

/// Signatures beside the outer one. Each counts as an item.
fn co_signatures(action: &CheckedAction) -> u64 {
    let count = action.co_signers().map_or(0, |co_signers| co_signers.signers.len());
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What can be claimed for an action before its signature is verified, if it names its signer: as ed25519's signatures
/// do, and actions of accounts of several keys, which have several. It is for [`Claim::judge_early`] alone: it doesn't
/// know the action.
#[must_use]
pub fn early_claim_of(signed: &SignedAction) -> Option<(Address, Claim)> {
    let shared = MultiSig::named_in(&signed.action);
    let signer = match (&signed.signature, &shared) {
        (_, Some(of)) => of.outer,
        (Signature::Ed25519 { public_key, .. }, None) => ed25519_address(public_key),
        (Signature::Secp256k1(_), None) => return None,
    };
    let claim = Claim {
        signer: AddressKey::of(&signer),
        nonce: signed.nonce,
        expires_after: signed.expires_after,
        items: 0,
        cancels_only: true,
        agent_required: false,
        user_signed: false,
        names: signed.vault_address,
        shared: shared.map(|of| SharedClaim {
            user: AddressKey::of(&of.user),
            outer: of.outer,
            signers: [None; MULTI_SIG_MAX],
        }),
    };
    Some((signer, claim))
}

/// What an action counts for against the budget: each item of a batch as one.
pub(crate) fn items(action: &Action) -> u64 {
    let count = match action {
        Action::Order(request) => request.orders.len(),
        Action::Cancel(request) => request.cancels.len(),
        Action::CancelByCloid(cancels) => cancels.len(),
        Action::BatchModify(modifies) => modifies.len(),
        account_action!()
        | Action::Modify(_)
        | Action::ScheduleCancel(_)
        | Action::Noop
        | Action::UpdateLeverage(_)
        | Action::UpdateIsolatedMargin(_)
        | Action::CancelAll(_)
        | Action::TwapOrder(_)
        | Action::TwapCancel(_)
        | Action::TopUpIsolatedOnlyMargin(_) => 1,
        Action::MultiSig(multi_sig) => return items(&multi_sig.action),
    };
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl SharedClaim {
    fn standing(&self, account: AccountId, record: Account, keys: &MultiSigUser) -> SharedStanding {
        let is_key = |signer: &Address| keys.signers.contains(signer);
        let authorized = is_key(&self.outer) && self.signers.iter().flatten().all(is_key);
        let enough = self.signers.iter().flatten().count() >= usize::from(keys.threshold);
        SharedStanding { account, record, authorized, enough }
    }
}

impl Claim {
    /// The address that it names, if none of these accounts has it.
    fn names_other_than(&self, accounts: [Option<Account>; 2]) -> Option<Address> {
        let known = |address: &Address| accounts.iter().flatten().any(|account| account.address == *address);
        self.names.filter(|address| !known(address))
    }

    /// Judges the claim: the account that it acts for, or why it may not.
    ///
    /// # Errors
    /// [`Inadmissible`], the first reason in the order of its codes.
    pub fn judge(&self, standing: &Standing, now: BlockTime) -> Result<Principal, Inadmissible> {
        let (principal, account) = self.judge_signer(standing, now)?;
        if standing.shared.is_some_and(|shared| !shared.enough) {
            return Err(Inadmissible::TooFewSignatures);
        }
        let config = standing.config.ok_or(Inadmissible::UnknownSigner)?;
        if !self.within_budget(&account, &config, now) {
            return Err(Inadmissible::OverBudget);
        }
        Ok(principal)
    }

    /// Judges what doesn't depend on what is asked for: whoever is refused here, with [`early_claim_of`] an action, is
    /// refused with the whole claim too.
    ///
    /// # Errors
    /// [`Inadmissible`].
    pub fn judge_early(&self, standing: &Standing, now: BlockTime) -> Result<(), Inadmissible> {
        self.judge_signer(standing, now).map(|_| ())
    }

    fn judge_signer(
        &self,
        standing: &Standing,
        now: BlockTime,
    ) -> Result<(Principal, Account), Inadmissible> {
        let (Some(signer), Some(_)) = (standing.signer, standing.config) else {
            return Err(Inadmissible::UnknownSigner);
        };
        let found = self.principal(standing, now)?;
        self.judge_nonce(&signer, standing, now)?;
        if self.expires_after.is_some_and(|end| end < now.0) {
            return Err(Inadmissible::Expired);
        }
        Ok(found)
    }

    fn judge_nonce(&self, signer: &Signer, standing: &Standing, now: BlockTime) -> Result<(), Inadmissible> {
        let earliest = now.0.saturating_sub(NONCE_AGE_MAX_MS);
        let latest = now.0.saturating_add(NONCE_LEAD_MAX_MS);
        if self.nonce <= earliest || self.nonce >= latest {
            return Err(Inadmissible::NonceOutOfWindow);
        }
        if standing.nonce_used {
            return Err(Inadmissible::NonceUsed);
        }
        let full = signer.nonces >= NONCES_KEPT;
        if full && standing.lowest_nonce.is_some_and(|lowest| self.nonce < lowest) {
            return Err(Inadmissible::NonceTooLow);
        }
        Ok(())
    }

    /// One action per USD traded on top of the base; cancels somewhat more; then one in ten seconds.
    fn within_budget(&self, account: &Account, config: &Config, now: BlockTime) -> bool {
        let QuoteAtoms(traded) = account.traded;
        let earned = traded.checked_div(ATOMS_PER_USD).unwrap_or(0);
        let budget = config.budget_base.saturating_add(earned);
        let limit = if self.cancels_only {
            budget.saturating_add(CANCEL_EXTRA).min(budget.saturating_mul(2))
        } else {
            budget
        };
        account.actions.saturating_add(self.items) <= limit
            || now.ms_since(account.overdraft).is_some_and(|ms| ms >= OVERDRAFT_INTERVAL_MS)
    }
}

impl ExchangeTables {
    /// Gathers what the rules need to judge `claim`.
    pub fn standing(&mut self, claim: &Claim) -> Standing {
        let signer = self.signers.get(&claim.signer).copied();
        let (from, to) = nonce_bounds(claim.signer);
        let (own, master) = signer.map_or((None, None), |signer| (signer.own, signer.agency.master()));
        let own = own.and_then(|own| self.accounts.get(&own).copied());
        let master = master.and_then(|master| self.accounts.get(&master).copied());
        let named = claim.names_other_than([own, master]).and_then(|address| {
            let account = self.signers.get(&AddressKey::of(&address))?.own?;
            Some((account, *self.accounts.get(&account)?))
        });
        Standing {
            signer,
            lowest_nonce: self.nonces.first(&from, &to).map(|(key, ())| key.nonce),
            nonce_used: self.nonces.contains(&NonceKey { signer: claim.signer, nonce: claim.nonce }),
            own,
            master,
            named,
            config: self.config.get(&()).copied(),
            shared: self.shared_standing(claim),
        }
    }

    fn shared_standing(&mut self, claim: &Claim) -> Option<SharedStanding> {
        let shared = claim.shared.as_ref()?;
        let account = self.signers.get(&shared.user)?.own?;
        let record = *self.accounts.get(&account)?;
        self.multi_sigs.get(&account).map(|keys| shared.standing(account, record, keys))
    }

    /// The same for readers of a copy.
    #[must_use]
    pub fn peek_standing(&self, claim: &Claim) -> Standing {
        let signer = self.signers.peek(&claim.signer).copied();
        let (from, to) = nonce_bounds(claim.signer);
        let (own, master) = signer.map_or((None, None), |signer| (signer.own, signer.agency.master()));
        let own = own.and_then(|own| self.accounts.peek(&own).copied());
        let master = master.and_then(|master| self.accounts.peek(&master).copied());
        let named = claim.names_other_than([own, master]).and_then(|address| {
            let account = self.signers.peek(&AddressKey::of(&address))?.own?;
            Some((account, *self.accounts.peek(&account)?))
        });
        Standing {
            signer,
            lowest_nonce: self.nonces.peek_first(&from, &to).map(|(key, ())| key.nonce),
            nonce_used: self.nonces.peek(&NonceKey { signer: claim.signer, nonce: claim.nonce }).is_some(),
            own,
            master,
            named,
            config: self.config.peek(&()).copied(),
            shared: self.peek_shared_standing(claim),
        }
    }

    fn peek_shared_standing(&self, claim: &Claim) -> Option<SharedStanding> {
        let shared = claim.shared.as_ref()?;
        let account = self.signers.peek(&shared.user)?.own?;
        let record = *self.accounts.peek(&account)?;
        self.multi_sigs.peek(&account).map(|keys| shared.standing(account, record, keys))
    }

    /// Uses the nonce and the budget of a claim that was judged good.
    pub fn use_claim(&mut self, claim: &Claim, principal: &Principal, now: BlockTime) {
        self.use_nonce(claim, principal);
        let budget = self.config.get(&()).map_or(0, |config| config.budget_base);
        self.accounts.update(&principal.account, |account| {
            account.actions = account.actions.saturating_add(claim.items);
            let QuoteAtoms(traded) = account.traded;
            let earned = traded.checked_div(ATOMS_PER_USD).unwrap_or(0);
            if account.actions > budget.saturating_add(earned) {
                account.overdraft = now;
            }
        });
    }

    /// Keeps the nonce, and notes what the action says of its signer.
    fn use_nonce(&mut self, claim: &Claim, principal: &Principal) {
        self.nonces.put(NonceKey { signer: claim.signer, nonce: claim.nonce }, ());
        let before = self.signers.get(&claim.signer).copied().unwrap_or_default();
        // Signing for an account of several keys says nothing of whom the signer serves.
        let mut after =
            if claim.shared.is_some() { before } else { before.after(claim.user_signed, principal) };
        if before.nonces >= NONCES_KEPT {
            let (from, to) = nonce_bounds(claim.signer);
            if let Some(lowest) = self.nonces.first(&from, &to).map(|(key, ())| key) {
                self.nonces.remove(&lowest);
            }
        } else {
            after.nonces = before.nonces.saturating_add(1);
        }
        if after != before {
            self.signers.put(claim.signer, after);
        }
    }
}

const fn nonce_bounds(signer: AddressKey) -> (NonceKey, NonceKey) {
    (NonceKey { signer, nonce: 0 }, NonceKey { signer, nonce: u64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Capacity;
    use crate::records::Agency;

    const NOW: BlockTime = BlockTime(10 * NONCE_AGE_MAX_MS);

    /// Of an owner, or of an agent.
    fn standing(own: Option<AccountId>, agency: Agency) -> Standing {
        let account = Some(Account::new(Address::default()));
        Standing {
            signer: Some(Signer { own, agency, nonces: NONCES_KEPT, is_shared: false }),
            lowest_nonce: Some(NOW.0 - 50),
            nonce_used: false,
            own: own.and(account),
            master: agency.master().and(account),
            named: None,
            config: Some(Config {
                taker_fee_ppm: 0,
                maker_fee_ppm: 0,
                budget_base: 10,
                open_orders_max: 1,
                notional_min: QuoteAtoms(0),
                activation_fee: QuoteAtoms(0),
                fees: crate::fees::FeeSchedule::default(),
            }),
            shared: None,
        }
    }

    fn claim() -> Claim {
        Claim {
            signer: AddressKey([1; 16]),
            nonce: NOW.0,
            expires_after: None,
            items: 1,
            cancels_only: false,
            agent_required: false,
            user_signed: false,
            names: None,
            shared: None,
        }
    }

    type Row = (Claim, Standing, Result<Principal, Inadmissible>);

    fn rows() -> [Row; 12] {
        let good = standing(Some(AccountId(7)), Agency::None);
        let expired = Agency::Of {
            master: AccountId(8),
            valid_until: BlockTime(NOW.0 - 1),
            engaged: true,
            scoped: false,
        };
        let principal = Principal { account: AccountId(7), capacity: Capacity::Owner, for_vault: false };
        [
            (claim(), Standing { signer: None, ..good }, Err(Inadmissible::UnknownSigner)),
            (claim(), standing(None, expired), Err(Inadmissible::AgentExpired)),
            (claim(), standing(None, Agency::Revoked { since: NOW }), Err(Inadmissible::AgentExpired)),
            (Claim { agent_required: true, ..claim() }, good, Err(Inadmissible::AgentRequired)),
            (Claim { nonce: NOW.0 - NONCE_AGE_MAX_MS, ..claim() }, good, Err(Inadmissible::NonceOutOfWindow)),
            (
                Claim { nonce: NOW.0 + NONCE_LEAD_MAX_MS, ..claim() },
                good,
                Err(Inadmissible::NonceOutOfWindow),
            ),
            (claim(), Standing { nonce_used: true, ..good }, Err(Inadmissible::NonceUsed)),
            (Claim { nonce: NOW.0 - 51, ..claim() }, good, Err(Inadmissible::NonceTooLow)),
            (Claim { expires_after: Some(NOW.0 - 1), ..claim() }, good, Err(Inadmissible::Expired)),
            (Claim { items: 11, ..claim() }, overdrawn(good), Err(Inadmissible::OverBudget)),
            (Claim { items: 11, cancels_only: true, ..claim() }, overdrawn(good), Ok(principal)),
            (claim(), good, Ok(principal)),
        ]
    }

    #[test]
    fn each_reason_is_given_in_the_order_of_its_code() {
        for (claim, standing, expected) in rows() {
            assert_eq!(claim.judge(&standing, NOW), expected);
        }
    }

    #[test]
    fn whoever_is_refused_early_would_be_refused_later_for_the_same() {
        for (claim, standing, expected) in rows() {
            let early = Claim { items: 0, cancels_only: true, agent_required: false, ..claim };
            let of_the_action = [Inadmissible::AgentRequired, Inadmissible::OverBudget];
            let verdict = expected
                .map(|_| ())
                .or_else(|reason| if of_the_action.contains(&reason) { Ok(()) } else { Err(reason) });
            assert_eq!(early.judge_early(&standing, NOW), verdict);
        }
    }

    fn overdrawn(standing: Standing) -> Standing {
        let own = standing.own.map(|account| Account { overdraft: NOW, ..account });
        Standing { own, ..standing }
    }
}
