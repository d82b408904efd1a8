//! USD between an account's spot balance and its collateral, and collateral between accounts.

use super::clearing::clearing;
use super::leverage::taken;
use crate::Rejection;
use crate::action::{Amount, UsdClassTransfer, UsdSend};
use crate::ledger;
use crate::ledger::QUOTE;
use crate::receipt::{Event, ItemStatus};
use crate::records::SPOT_PRICE_DECIMALS;
use crate::session::Session;
use crate::transfer::TRANSFER_WORK;
use tandem_types::{AccountId, QuoteAtoms, TokenAtoms, Usd};

/// An amount of USD that someone wrote, in atoms.
pub(crate) fn parse_usd(amount: &Amount) -> Result<QuoteAtoms, Rejection> {
    let amount = amount.value();
    if amount.is_zero() {
        return Err(Rejection::AmountZero);
    }
    if amount.decimals() > SPOT_PRICE_DECIMALS {
        return Err(Rejection::AmountDust);
    }
    amount.to_units(SPOT_PRICE_DECIMALS).map(QuoteAtoms).ok_or(Rejection::AmountTooLarge)
}

impl Session<'_, '_> {
    /// Executes a `usdClassTransfer`.
    pub(crate) fn usd_class_transfer(&mut self, request: &UsdClassTransfer) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRANSFER_WORK)?;
        let atoms = parse_usd(&request.amount)?;
        let amount = Usd::had(atoms).map_err(|_| Rejection::AmountTooLarge)?;
        let account = self.account;
        let to_perp = if request.to_perp {
            ledger::debit(&mut self.tables.balances, account, QUOTE, atoms.to_token_atoms())?;
            amount
        } else {
            self.check_withdrawal(account, amount)?;
            ledger::credit(&mut self.tables.balances, account, QUOTE, atoms.to_token_atoms())?;
            Usd::ZERO.minus(amount)?
        };
        clearing!(self.tables, self.meter).add_collateral(account, to_perp)?;
        self.events.push(Event::ClassTransfer { account, to_perp });
        self.reindex(account)?;
        Ok(ItemStatus::Done)
    }

    /// Executes a `usdSend`. A new account's activation fee is paid in spot USD.
    pub(crate) fn usd_send(&mut self, request: &UsdSend) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRANSFER_WORK)?;
        let atoms = parse_usd(&request.amount)?;
        let amount = Usd::had(atoms).map_err(|_| Rejection::AmountTooLarge)?;
        let from = self.account;
        let to = self.recipient(&request.destination.address(), QUOTE, TokenAtoms::ZERO)?;
        if to == from {
            return Err(Rejection::SelfTransfer);
        }
        self.move_collateral(from, to, amount)?;
        self.events.push(Event::UsdTransfer { from, to, amount: atoms });
        Ok(ItemStatus::Done)
    }

    /// Moves collateral between two accounts, if what is left to the first suffices.
    pub(crate) fn move_collateral(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: Usd,
    ) -> Result<(), Rejection> {
        self.check_withdrawal(from, amount)?;
        let mut clearing = clearing!(self.tables, self.meter);
        clearing.add_collateral(from, Usd::ZERO.minus(amount)?)?;
        clearing.add_collateral(to, amount)?;
        self.reindex(from)?;
        self.reindex(to)
    }

    /// What is left after a withdrawal suffices for positions and orders.
    pub(crate) fn check_withdrawal(&mut self, account: AccountId, amount: Usd) -> Result<(), Rejection> {
        let margin = clearing!(self.tables, self.meter).cross_margin(account)?;
        let left = margin.plus(&taken(amount)?);
        if left.may_be_left() { Ok(()) } else { Err(Rejection::InsufficientWithdrawable) }
    }
}
