//! Fees for those who build orders for others: front ends, order routers.
//!
//! An account approves a builder up to a rate. Its orders may then name the builder with a rate; of each of their fills
//! the builder gets `⌈notional × rate⌉` beside the exchange's fee, at once, as spot USD. The rate stays with an order
//! until it ends or is replaced, whatever becomes of the approval: both were signed. On spot markets only sales pay it,
//! because only they receive USD.
//! Source: Hyperliquid, "Builder codes". Rounding, and paying at once instead of on demand, are ours.

use crate::Rejection;
use crate::action::{ApproveBuilderFee, PlaceOrders};
use crate::perp;
use crate::receipt::ItemStatus;
use crate::records::{BuilderFee, Control};
use crate::session::Session;
use crate::tables::{AddressKey, BuilderKey, ExchangeTables};
use crate::transfer;
use tandem_coprocessor::Work;
use tandem_types::{AccountId, MarketId};

/// Work of an approval, and of looking one up.
pub const BUILDER_WORK: Work = Work(5_000);
/// Most builders that an account approves at a time.
pub const BUILDERS_MAX: usize = 10;
/// The greatest fee on a perpetual market, in tenths of a basis point: 0.1 %.
pub const BUILDER_FEE_PERP_MAX: u16 = 100;
/// The greatest fee on a spot market, and of an approval: 1 %.
pub const BUILDER_FEE_SPOT_MAX: u16 = 1_000;

impl Session<'_, '_> {
    /// Executes an `approveBuilderFee`: the new rate takes the place of the builder's former one, and zero ends it.
    pub(crate) fn approve_builder_fee(
        &mut self,
        request: &ApproveBuilderFee,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(BUILDER_WORK)?;
        let tenths = request.max_fee_rate.tenths_bp();
        let tenths = u16::try_from(tenths).ok().filter(|tenths| *tenths <= BUILDER_FEE_SPOT_MAX);
        let tenths = tenths.ok_or(Rejection::BuilderFeeTooHigh)?;
        let key = BuilderKey { account: self.account, builder: AddressKey::of(&request.builder) };
        if tenths == 0 {
            self.tables.builder_approvals.remove(&key);
            return Ok(ItemStatus::Done);
        }
        if transfer::find_account(self.tables, &request.builder).is_none() {
            return Err(Rejection::UnknownBuilder);
        }
        let known = self.tables.builder_approvals.contains(&key);
        if !known && count_builders(self.tables, self.account) >= BUILDERS_MAX {
            return Err(Rejection::TooManyBuilders);
        }
        self.tables.builder_approvals.put(key, tenths);
        Ok(ItemStatus::Done)
    }

    /// Whose approvals count: a sub-account's are its master's. Nobody approves a builder to take of a vault.
    fn approver(&mut self) -> Option<AccountId> {
        match self.tables.accounts.get(&self.account)?.control {
            Control::Key { .. } => Some(self.account),
            Control::SubAccount { master, .. } => Some(master),
            Control::Vault { .. } => None,
        }
    }

    /// The fee that an action's orders carry, if they name a builder.
    pub(crate) fn builder_fee(&mut self, request: &PlaceOrders) -> Result<Option<BuilderFee>, Rejection> {
        let Some(named) = request.builder.filter(|builder| builder.fee > 0) else { return Ok(None) };
        self.meter.charge(BUILDER_WORK)?;
        let account = self.approver().ok_or(Rejection::BuilderNotApproved)?;
        let key = BuilderKey { account, builder: AddressKey::of(&named.address) };
        let approved = self.tables.builder_approvals.get(&key).copied().unwrap_or_default();
        let tenths_bp = u16::try_from(named.fee).ok().filter(|tenths| *tenths <= approved);
        let tenths_bp = tenths_bp.ok_or(Rejection::BuilderNotApproved)?;
        let builder = transfer::find_account(self.tables, &named.address);
        let builder = builder.ok_or(Rejection::BuilderNotApproved)?;
        let is_perpetual = |asset: u32| u16::try_from(asset).map(MarketId).is_ok_and(perp::is_perpetual);
        let on_perpetuals = request.orders.iter().any(|order| is_perpetual(order.asset.0));
        let most = if on_perpetuals { BUILDER_FEE_PERP_MAX } else { BUILDER_FEE_SPOT_MAX };
        if tenths_bp > most {
            return Err(Rejection::BuilderFeeTooHigh);
        }
        Ok(Some(BuilderFee { builder, tenths_bp }))
    }
}

/// The builders that an account approves, counted up to [`BUILDERS_MAX`].
fn count_builders(tables: &mut ExchangeTables, account: AccountId) -> usize {
    let key = |number: u128| BuilderKey { account, builder: AddressKey(number.to_be_bytes()) };
    let (mut from, last) = (key(0), key(u128::MAX));
    let mut count = 0usize;
    while count < BUILDERS_MAX {
        let Some((found, _)) = tables.builder_approvals.first(&from, &last) else { break };
        count = count.saturating_add(1);
        let Some(next) = u128::from_be_bytes(found.builder.0).checked_add(1) else { break };
        from = key(next);
    }
    count
}
