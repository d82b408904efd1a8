//! Actions on vaults: their form and their bytes. L1 actions, in the order of fields in which Hyperliquid's clients send
//! them.

use super::fields::Fields;
use super::msgpack::{Input, Output};
use super::text::address_to_hex;
use super::{ActionError, FieldName as F, Kind, parts};
use alloc::boxed::Box;
use tandem_types::Address;

/// Longest text of a vault's profile on the wire; the rules bound each more closely.
const MAX_TEXT_BYTES: u32 = 512;

/// Makes a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateVault {
    /// Its name.
    pub name: Box<str>,
    /// Its description.
    pub description: Box<str>,
    /// What the leader puts in, in 10^-6 USD.
    pub initial_micros: u64,
    /// As clients send it, and without effect: the nonce beside the action counts.
    pub nonce: u64,
}

/// Moves collateral into a vault or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultTransfer {
    /// The vault.
    pub vault: Address,
    /// Into it, or out of it.
    pub is_deposit: bool,
    /// How much, in 10^-6 USD.
    pub micros: u64,
}

/// Changes a vault's settings; what is absent stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultModify {
    /// The vault.
    pub vault: Address,
    /// Whether others than the leader may deposit.
    pub allow_deposits: Option<bool>,
    /// Whether positions are closed for each withdrawal.
    pub always_close: Option<bool>,
}

/// Pays a vault's holders, or ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultDistribute {
    /// The vault.
    pub vault: Address,
    /// How much, in 10^-6 USD; all, and for good, if zero.
    pub micros: u64,
}

impl CreateVault {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let names = &[F::Type, F::Name, F::Description, F::InitialUsd, F::Nonce];
        let mut fields = Fields::open(input, names)?;
        fields.required(F::Type, parts::skip_type)?;
        let vault = Self {
            name: fields.required(F::Name, |input| Ok(input.text(MAX_TEXT_BYTES)?.into()))?,
            description: fields.required(F::Description, |input| Ok(input.text(MAX_TEXT_BYTES)?.into()))?,
            initial_micros: fields.required(F::InitialUsd, parts::integer)?,
            nonce: fields.required(F::Nonce, parts::integer)?,
        };
        fields.close()?;
        Ok(vault)
    }

    pub(super) fn write(&self, out: &mut Output) {
        out.open(5, "createVault");
        out.word("name", &self.name);
        out.word("description", &self.description);
        out.number("initialUsd", self.initial_micros);
        out.number("nonce", self.nonce);
    }
}

impl VaultTransfer {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let mut fields = Fields::open(input, &[F::Type, F::VaultAddress, F::IsDeposit, F::Usd])?;
        fields.required(F::Type, parts::skip_type)?;
        let transfer = Self {
            vault: fields.required(F::VaultAddress, parts::address)?,
            is_deposit: fields.required(F::IsDeposit, parts::boolean)?,
            micros: fields.required(F::Usd, parts::integer)?,
        };
        fields.close()?;
        Ok(transfer)
    }

    pub(super) fn write(self, out: &mut Output) {
        out.open(4, "vaultTransfer");
        out.word("vaultAddress", &address_to_hex(&self.vault));
        out.flag("isDeposit", self.is_deposit);
        out.number("usd", self.micros);
    }
}

impl VaultModify {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let names = &[F::Type, F::VaultAddress, F::AllowDeposits, F::AlwaysCloseOnWithdraw];
        let mut fields = Fields::open(input, names)?;
        fields.required(F::Type, parts::skip_type)?;
        let modify = Self {
            vault: fields.required(F::VaultAddress, parts::address)?,
            allow_deposits: fields.required(F::AllowDeposits, flag_or_nil)?,
            always_close: fields.required(F::AlwaysCloseOnWithdraw, flag_or_nil)?,
        };
        fields.close()?;
        Ok(modify)
    }

    pub(super) fn write(self, out: &mut Output) {
        out.open(4, "vaultModify");
        out.word("vaultAddress", &address_to_hex(&self.vault));
        write_flag_or_nil(out, "allowDeposits", self.allow_deposits);
        write_flag_or_nil(out, "alwaysCloseOnWithdraw", self.always_close);
    }
}

impl VaultDistribute {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let mut fields = Fields::open(input, &[F::Type, F::VaultAddress, F::Usd])?;
        fields.required(F::Type, parts::skip_type)?;
        let distribute = Self {
            vault: fields.required(F::VaultAddress, parts::address)?,
            micros: fields.required(F::Usd, parts::integer)?,
        };
        fields.close()?;
        Ok(distribute)
    }

    pub(super) fn write(self, out: &mut Output) {
        out.open(3, "vaultDistribute");
        out.word("vaultAddress", &address_to_hex(&self.vault));
        out.number("usd", self.micros);
    }
}

/// A flag, or nil for none: these fields are always there.
fn flag_or_nil(input: &mut Input<'_>) -> Result<Option<bool>, ActionError> {
    if input.kind()? == Kind::Nil {
        input.nil()?;
        return Ok(None);
    }
    parts::boolean(input).map(Some)
}

fn write_flag_or_nil(out: &mut Output, name: &str, value: Option<bool>) {
    match value {
        Some(value) => out.flag(name, value),
        None => {
            out.text(name);
            out.nil();
        }
    }
}
