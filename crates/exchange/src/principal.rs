//! For whom a signed action acts.
//!
//! An address can be the key of an account of its own and somebody's agent, the one independently of the other. Others
//! decide both for it: whoever sends it tokens makes it an account, whoever names it in an approval makes it an agent.
//! So neither alone may change what its signatures mean:
//!
//! - A user-signed action acts for the address' own account and for no other.
//! - An L1 action that names an account in `vaultAddress` acts for that account: its own, that of its master, or one
//!   without a key that either of them controls, such as a sub-account.
//! - An L1 action that names none acts for the own account. Without one it acts for the master, and the agent is from
//!   then on *engaged*: tokens sent to it don't turn it away from its master, only its own user-signed action does, or
//!   the end of the approval.
//!
//! Invariant: once an address has an account, no act of others makes it act for another account than before, save its
//! master's who takes the approval back. Attacks considered: ADR-0004.

use crate::claim::{Claim, Standing};
use crate::inadmissible::Inadmissible;
use crate::records::{Account, Agency, Signer};
use tandem_types::{AccountId, BlockTime};

/// In what capacity a signer acts for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// The account is its own, or its own account controls it.
    Owner,
    /// The account approved it, or the one that did controls it.
    Agent {
        /// Whether only certain things.
        scoped: bool,
    },
}

/// For whom an action acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// In what capacity.
    pub capacity: Capacity,
    /// Whether the action names somebody else in `vaultAddress`, for whom its signer may not act.
    pub for_vault: bool,
}

impl Claim {
    /// The account that the claim is for, and its record.
    ///
    /// # Errors
    /// [`Inadmissible::UnknownSigner`], [`Inadmissible::AgentExpired`] or [`Inadmissible::AgentRequired`].
    pub(crate) fn principal(
        &self,
        standing: &Standing,
        now: BlockTime,
    ) -> Result<(Principal, Account), Inadmissible> {
        let signer = standing.signer.ok_or(Inadmissible::UnknownSigner)?;
        if self.shared.is_some() {
            return self.shared_principal(standing);
        }
        let own = signer.own.zip(standing.own).map(|found| (Capacity::Owner, found));
        let agent = Capacity::Agent { scoped: signer.agency.is_scoped() };
        let master = signer.agency.master_at(now).zip(standing.master).map(|found| (agent, found));
        let roles = [own, master];
        let named = self.names.and_then(|address| {
            let itself = roles.into_iter().flatten().find(|(_, (_, account))| account.address == address);
            itself.or_else(|| standing.controlled_by(roles))
        });
        let default = if !self.user_signed && signer.is_engaged() { master.or(own) } else { own.or(master) };
        let (capacity, (account, record)) = named.or(default).ok_or(match signer.agency {
            Agency::None => Inadmissible::UnknownSigner,
            Agency::Of { .. } | Agency::Revoked { .. } => Inadmissible::AgentExpired,
        })?;
        if self.agent_required && capacity == Capacity::Owner {
            return Err(Inadmissible::AgentRequired);
        }
        if capacity == Capacity::Owner && signer.is_shared {
            return Err(Inadmissible::MultiSigRequired);
        }
        let for_vault = self.names.is_some() && named.is_none();
        Ok((Principal { account, capacity, for_vault }, record))
    }

    /// The account of several keys that the claim is for, if those who signed are among them.
    fn shared_principal(&self, standing: &Standing) -> Result<(Principal, Account), Inadmissible> {
        let shared = standing.shared.ok_or(Inadmissible::NotMultiSig)?;
        if !shared.authorized {
            return Err(Inadmissible::NotAuthorized);
        }
        if self.agent_required {
            return Err(Inadmissible::AgentRequired);
        }
        let role = (Capacity::Owner, (shared.account, shared.record));
        let other = self.names.filter(|address| *address != shared.record.address);
        let named = other.and_then(|_| standing.controlled_by([Some(role), None]));
        let (capacity, (account, record)) = named.unwrap_or(role);
        let for_vault = other.is_some() && named.is_none();
        Ok((Principal { account, capacity, for_vault }, record))
    }
}

/// An account for which a signer may act, and in what capacity.
type Role = (Capacity, (AccountId, Account));

impl Standing {
    /// The account that the action names, in the capacity of the role that controls it, if one does.
    fn controlled_by(&self, roles: [Option<Role>; 2]) -> Option<Role> {
        let named = self.named?;
        let (_, Account { control, .. }) = named;
        let controller = control.controller()?;
        let role = roles.into_iter().flatten().find(|(_, (account, _))| *account == controller);
        role.map(|(capacity, _)| (capacity, named))
    }
}

impl Signer {
    /// Whether it stays with its master though tokens are sent to it.
    pub(crate) const fn is_engaged(&self) -> bool {
        matches!(self.agency, Agency::Of { engaged: true, .. })
    }

    /// The signer after an action of this form for this principal.
    pub(crate) const fn after(mut self, user_signed: bool, principal: &Principal) -> Self {
        let agent = matches!(principal.capacity, Capacity::Agent { .. });
        let serves = agent && self.own.is_none() && !principal.for_vault;
        if let Agency::Of { engaged, .. } = &mut self.agency {
            *engaged = !user_signed && (*engaged || serves);
        }
        self
    }
}

impl Agency {
    /// Whose agent it is, or was until its time ran out.
    #[must_use]
    pub(crate) const fn master(&self) -> Option<AccountId> {
        match self {
            Self::Of { master, .. } => Some(*master),
            Self::None | Self::Revoked { .. } => None,
        }
    }

    /// Whether there is a list of what it may do.
    #[must_use]
    pub(crate) const fn is_scoped(&self) -> bool {
        matches!(self, Self::Of { scoped: true, .. })
    }

    /// Whose agent it is at a time.
    #[must_use]
    pub fn master_at(&self, now: BlockTime) -> Option<AccountId> {
        match self {
            Self::Of { master, valid_until, .. } if *valid_until >= now => Some(*master),
            Self::Of { .. } | Self::None | Self::Revoked { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Config, Control};
    use crate::tables::AddressKey;
    use tandem_types::{Address, QuoteAtoms};

    const NOW: BlockTime = BlockTime(1_000);
    const OWN: Address = Address([1; 20]);
    const MASTER: Address = Address([2; 20]);
    const OTHER: Address = Address([3; 20]);

    fn agent(engaged: bool, until: u64) -> Agency {
        Agency::Of { master: AccountId(2), valid_until: BlockTime(until), engaged, scoped: false }
    }

    fn standing(has_own: bool, agency: Agency) -> Standing {
        let own = has_own.then_some(AccountId(1));
        Standing {
            signer: Some(Signer { own, agency, nonces: 0, is_shared: false }),
            lowest_nonce: None,
            nonce_used: false,
            own: has_own.then(|| Account::new(OWN)),
            master: matches!(agency, Agency::Of { .. }).then(|| Account::new(MASTER)),
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

    fn claim(user_signed: bool, names: Option<Address>) -> Claim {
        Claim {
            signer: AddressKey([1; 16]),
            nonce: 1_000,
            expires_after: None,
            items: 1,
            cancels_only: false,
            agent_required: false,
            user_signed,
            names,
            shared: None,
        }
    }

    fn owner() -> Result<Principal, Inadmissible> {
        Ok(Principal { account: AccountId(1), capacity: Capacity::Owner, for_vault: false })
    }

    fn serves() -> Result<Principal, Inadmissible> {
        Ok(Principal { account: AccountId(2), capacity: Capacity::Agent { scoped: false }, for_vault: false })
    }

    fn vault(of: Result<Principal, Inadmissible>) -> Result<Principal, Inadmissible> {
        of.map(|principal| Principal { for_vault: true, ..principal })
    }

    #[test]
    fn the_principal_follows_from_what_the_address_is_and_what_the_action_names() {
        let (none, fresh, engaged) = (Agency::None, agent(false, 1_000), agent(true, 1_000));
        let (late, late_engaged) = (agent(false, 999), agent(true, 999));
        let revoked = Agency::Revoked { since: NOW };
        let (unknown, expired) = (Err(Inadmissible::UnknownSigner), Err(Inadmissible::AgentExpired));
        // Own account, agency, named: for an L1 action, for a user-signed one.
        let rows = [
            (false, none, None, unknown, unknown),
            (true, none, None, owner(), owner()),
            (true, none, Some(OWN), owner(), owner()),
            (true, none, Some(MASTER), vault(owner()), vault(owner())),
            (false, fresh, None, serves(), serves()),
            (false, fresh, Some(MASTER), serves(), serves()),
            (false, fresh, Some(OWN), vault(serves()), vault(serves())),
            (true, fresh, None, owner(), owner()),
            (true, fresh, Some(MASTER), serves(), serves()),
            (true, engaged, None, serves(), owner()),
            (true, engaged, Some(OWN), owner(), owner()),
            (true, engaged, Some(MASTER), serves(), serves()),
            (true, engaged, Some(OTHER), vault(serves()), vault(owner())),
            (false, late, None, expired, expired),
            (true, late, None, owner(), owner()),
            (true, late_engaged, None, owner(), owner()),
            (true, late_engaged, Some(MASTER), vault(owner()), vault(owner())),
            (false, revoked, None, expired, expired),
            (true, revoked, None, owner(), owner()),
        ];
        for (has_own, agency, names, l1, user_signed) in rows {
            for (signed, expected) in [(false, l1), (true, user_signed)] {
                let found = claim(signed, names).principal(&standing(has_own, agency), NOW);
                let found = found.map(|(principal, _)| principal);
                assert_eq!(found, expected, "{has_own} {agency:?} {names:?} {signed}");
            }
        }
    }

    #[test]
    fn whoever_acts_for_the_controller_acts_for_what_it_controls() {
        let ward = |controller| {
            let control = Control::SubAccount { master: AccountId(controller), index: 0 };
            (AccountId(9), Account { control, ..Account::new(OTHER) })
        };
        let acts = |capacity| Ok(Principal { account: AccountId(9), capacity, for_vault: false });
        let (none, fresh, late) = (Agency::None, agent(false, 1_000), agent(true, 999));
        let rows = [
            (true, none, ward(1), acts(Capacity::Owner)),
            (true, none, ward(2), vault(owner())),
            (false, fresh, ward(2), acts(Capacity::Agent { scoped: false })),
            (false, fresh, ward(1), vault(serves())),
            (true, fresh, ward(1), acts(Capacity::Owner)),
            (true, fresh, ward(2), acts(Capacity::Agent { scoped: false })),
            (true, late, ward(2), vault(owner())),
            (false, late, ward(2), Err(Inadmissible::AgentExpired)),
            // An account with a key of its own is nobody's ward.
            (true, none, (AccountId(9), Account::new(OTHER)), vault(owner())),
        ];
        for (has_own, agency, named, expected) in rows {
            let standing = Standing { named: Some(named), ..standing(has_own, agency) };
            let found = claim(false, Some(OTHER)).principal(&standing, NOW).map(|(principal, _)| principal);
            assert_eq!(found, expected, "{has_own} {agency:?} {named:?}");
        }
    }

    #[test]
    fn production_takes_no_order_from_an_owner_but_from_agents() {
        let required = |agency, names| {
            let claim = Claim { agent_required: true, ..claim(false, names) };
            claim.principal(&standing(true, agency), NOW).map(|(principal, _)| principal)
        };
        assert_eq!(required(Agency::None, None), Err(Inadmissible::AgentRequired));
        assert_eq!(required(agent(false, 1_000), None), Err(Inadmissible::AgentRequired));
        assert_eq!(required(agent(true, 1_000), Some(OWN)), Err(Inadmissible::AgentRequired));
        assert_eq!(required(agent(false, 1_000), Some(MASTER)), serves());
    }

    #[test]
    fn an_agent_is_engaged_by_serving_without_an_account_and_released_by_its_wallet() {
        let (own, master) = (owner().unwrap(), serves().unwrap());
        // Own account, engaged before, user-signed, for whom: engaged after.
        let rows = [
            (false, false, false, master, true),
            (false, false, true, master, false),
            (false, false, false, Principal { for_vault: true, ..master }, false),
            (true, false, false, master, false),
            (true, false, false, own, false),
            (true, true, false, master, true),
            (true, true, false, own, true),
            (true, true, true, own, false),
        ];
        for (has_own, before, user_signed, principal, after) in rows {
            let own = has_own.then_some(AccountId(1));
            let signer = Signer { own, agency: agent(before, 1_000), nonces: 0, is_shared: false };
            let found = signer.after(user_signed, &principal);
            assert_eq!(found.is_engaged(), after, "{has_own} {before} {user_signed} {principal:?}");
        }
        let owner = Signer { own: Some(AccountId(1)), agency: Agency::None, nonces: 7, is_shared: false };
        assert_eq!(owner.after(false, &own), owner);
    }
}
