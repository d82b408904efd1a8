//! The actions about sub-accounts: what they say, from their bytes and back.
//!
//! All are L1 actions of the master or its agents. Source: hyperliquid-python-sdk 0.24, `exchange.py`; for
//! `subAccountModify`, which it lacks, the order of fields of Hyperliquid's TypeScript clients.

use super::parts::{Result, address, amount, boolean, integer, non_empty, skip_type};
use super::{
    Amount, FieldName as F, MAX_TOKEN_BYTES, fields::Fields, msgpack::Input, msgpack::Output,
    text::address_to_hex,
};
use alloc::boxed::Box;
use tandem_types::Address;

/// Longest name of a sub-account or vault on the wire: the rules allow fewer letters, each of at most four bytes.
pub const MAX_NAME_BYTES: u32 = 96;

/// Moves collateral between an account and one of its sub-accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubAccountTransfer {
    /// The sub-account.
    pub sub_account: Address,
    /// To the sub-account, or from it.
    pub is_deposit: bool,
    /// How much, in 10^-6 USD.
    pub micros: u64,
}

/// Moves a token between the spot balances of an account and one of its sub-accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAccountSpotTransfer {
    /// The sub-account.
    pub sub_account: Address,
    /// To the sub-account, or from it.
    pub is_deposit: bool,
    /// The token, as `NAME:0x…`.
    pub token: Box<str>,
    /// How much, in whole tokens.
    pub amount: Amount,
}

/// Gives a sub-account another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAccountModify {
    /// The sub-account.
    pub sub_account: Address,
    /// Its name.
    pub name: Box<str>,
}

pub(super) fn create_sub_account(input: &mut Input<'_>) -> Result<Box<str>> {
    let mut fields = Fields::open(input, &[F::Type, F::Name])?;
    fields.required(F::Type, skip_type)?;
    let name = fields.required(F::Name, name)?;
    fields.close()?;
    Ok(name)
}

pub(super) fn sub_account_transfer(input: &mut Input<'_>) -> Result<SubAccountTransfer> {
    let mut fields = Fields::open(input, &[F::Type, F::SubAccountUser, F::IsDeposit, F::Usd])?;
    fields.required(F::Type, skip_type)?;
    let transfer = SubAccountTransfer {
        sub_account: fields.required(F::SubAccountUser, address)?,
        is_deposit: fields.required(F::IsDeposit, boolean)?,
        micros: fields.required(F::Usd, integer)?,
    };
    fields.close()?;
    Ok(transfer)
}

pub(super) fn sub_account_spot_transfer(input: &mut Input<'_>) -> Result<SubAccountSpotTransfer> {
    let names = &[F::Type, F::SubAccountUser, F::IsDeposit, F::Token, F::Amount];
    let mut fields = Fields::open(input, names)?;
    fields.required(F::Type, skip_type)?;
    let transfer = SubAccountSpotTransfer {
        sub_account: fields.required(F::SubAccountUser, address)?,
        is_deposit: fields.required(F::IsDeposit, boolean)?,
        token: fields.required(F::Token, |input| non_empty(input, MAX_TOKEN_BYTES))?,
        amount: fields.required(F::Amount, amount)?,
    };
    fields.close()?;
    Ok(transfer)
}

pub(super) fn sub_account_modify(input: &mut Input<'_>) -> Result<SubAccountModify> {
    let mut fields = Fields::open(input, &[F::Type, F::SubAccountUser, F::Name])?;
    fields.required(F::Type, skip_type)?;
    let modify = SubAccountModify {
        sub_account: fields.required(F::SubAccountUser, address)?,
        name: fields.required(F::Name, name)?,
    };
    fields.close()?;
    Ok(modify)
}

fn name(input: &mut Input<'_>) -> Result<Box<str>> {
    non_empty(input, MAX_NAME_BYTES)
}

impl Output {
    pub(super) fn create_sub_account(&mut self, name: &str) {
        self.open(2, "createSubAccount");
        self.word("name", name);
    }

    pub(super) fn sub_account_transfer(&mut self, transfer: SubAccountTransfer) {
        self.open(4, "subAccountTransfer");
        self.word("subAccountUser", &address_to_hex(&transfer.sub_account));
        self.flag("isDeposit", transfer.is_deposit);
        self.number("usd", transfer.micros);
    }

    pub(super) fn sub_account_spot_transfer(&mut self, transfer: &SubAccountSpotTransfer) {
        self.open(5, "subAccountSpotTransfer");
        self.word("subAccountUser", &address_to_hex(&transfer.sub_account));
        self.flag("isDeposit", transfer.is_deposit);
        self.word("token", &transfer.token);
        self.word("amount", transfer.amount.text());
    }

    pub(super) fn sub_account_modify(&mut self, modify: &SubAccountModify) {
        self.open(3, "subAccountModify");
        self.word("subAccountUser", &address_to_hex(&modify.sub_account));
        self.word("name", &modify.name);
    }
}
