//! Sending tokens to another account, which comes to be if it was not.
//!
//! Keys are free, accounts are not: whoever sends to an address without one pays the activation fee for it, so that
//! what every account is given (a budget of actions, a place in every pool) can't be had in any number for nothing.
//! Source of the rule: Hyperliquid, "Activation gas fee".

use crate::Rejection;
use crate::action::{Amount, SpotSend};
use crate::ledger;
use crate::ledger::{QUOTE, TREASURY};
use crate::receipt::{Event, ItemStatus};
use crate::records::{Account, Signer};
use crate::session::Session;
use crate::tables::{AddressKey, ExchangeTables};
use tandem_coprocessor::Work;
use tandem_types::{AccountId, Address, TokenAtoms, TokenId};

/// Work of a transfer.
pub const TRANSFER_WORK: Work = Work(5_000);

impl Session<'_, '_> {
    /// Executes a `spotSend`.
    pub(crate) fn spot_send(&mut self, request: &SpotSend) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRANSFER_WORK)?;
        let (id, amount) = amount_of(self.tables, &request.token, &request.amount)?;
        if ledger::available(&mut self.tables.balances, self.account, id) < amount {
            return Err(Rejection::InsufficientBalance);
        }
        let to = self.recipient(&request.destination.address(), id, amount)?;
        if to == self.account {
            return Err(Rejection::SelfTransfer);
        }
        ledger::transfer(self.tables, self.account, to, id, amount)?;
        self.events.push(Event::Transfer { from: self.account, to, token: id, amount });
        Ok(ItemStatus::Done)
    }

    /// The account that receives `amount` of `token`. One that is not there yet is made, at the sender's expense: what
    /// the sender has must suffice for the fee beside the amount.
    pub(crate) fn recipient(
        &mut self,
        address: &Address,
        token: TokenId,
        amount: TokenAtoms,
    ) -> Result<AccountId, Rejection> {
        if let Some(account) = find_account(self.tables, address) {
            return Ok(account);
        }
        let fee = self.config.activation_fee.to_token_atoms();
        let sent = if token == QUOTE { amount } else { TokenAtoms::ZERO };
        let quote = ledger::available(&mut self.tables.balances, self.account, QUOTE);
        if quote.minus_or_zero(sent) < fee {
            return Err(Rejection::ActivationFee);
        }
        let account = create_account(self.tables, address)?;
        if !fee.is_zero() {
            ledger::transfer(self.tables, self.account, TREASURY, QUOTE, fee)?;
        }
        self.events.push(Event::AccountCreated { account, address: *address, fee });
        Ok(account)
    }
}

/// The token of a wire name, and how many of its atoms a written amount is.
pub(crate) fn amount_of(
    tables: &mut ExchangeTables,
    token: &str,
    amount: &Amount,
) -> Result<(TokenId, TokenAtoms), Rejection> {
    let id = token_by_name(tables, token).ok_or(Rejection::UnknownToken)?;
    let token = *tables.tokens.get(&id).ok_or(Rejection::UnknownToken)?;
    let amount = amount.value();
    if amount.is_zero() {
        return Err(Rejection::AmountZero);
    }
    if amount.decimals() > token.wei_decimals {
        return Err(Rejection::AmountDust);
    }
    let amount = amount.to_units(token.wei_decimals).map(TokenAtoms).ok_or(Rejection::AmountTooLarge)?;
    Ok((id, amount))
}

/// The account of `address`, if it has one.
pub(crate) fn find_account(tables: &mut ExchangeTables, address: &Address) -> Option<AccountId> {
    tables.signers.get(&AddressKey::of(address)).and_then(|signer| signer.own)
}

/// Makes the account of an address that has none. If it is or was an agent, it stays so and keeps its nonces.
pub(crate) fn create_account(tables: &mut ExchangeTables, address: &Address) -> Result<AccountId, Rejection> {
    let mut counters = tables.counters.get(&()).copied().unwrap_or_default();
    let account = counters.account;
    counters.account = account.next().ok_or(Rejection::TooManyAccounts)?;
    tables.counters.put((), counters);
    tables.accounts.put(account, Account::new(*address));
    let key = AddressKey::of(address);
    let signer = tables.signers.get(&key).copied().unwrap_or_default();
    tables.signers.put(key, Signer { own: Some(account), ..signer });
    Ok(account)
}

/// The token of a wire name, `NAME:0x` and 32 hex digits that count the token: both parts must agree.
fn token_by_name(tables: &mut ExchangeTables, wire: &str) -> Option<TokenId> {
    let (name, id) = wire.split_once(":0x")?;
    if id.len() != 32 {
        return None;
    }
    let number = u128::from_str_radix(id, 16).ok().and_then(|number| u16::try_from(number).ok())?;
    let token = TokenId(number);
    tables.tokens.get(&token).filter(|found| found.name.as_str() == name).map(|_| token)
}
