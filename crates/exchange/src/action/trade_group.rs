//! Actions on trade groups: their form and their bytes. L1 actions; Hyperliquid has none like them.

use super::fields::Fields;
use super::msgpack::{Input, Output};
use super::text::address_to_hex;
use super::{ActionError, FieldName as F, Kind, parts};
use tandem_types::Address;

/// Invites an account to the signer's trade group, or removes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeGroupInvite {
    /// Whom.
    pub user: Address,
    /// Whether it may be in the group from now on.
    pub is_invited: bool,
}

/// Joins a trade group, or leaves the one that the signer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetTradeGroup {
    /// Whose group; none to leave.
    pub leader: Option<Address>,
}

impl TradeGroupInvite {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let mut fields = Fields::open(input, &[F::Type, F::User, F::IsInvited])?;
        fields.required(F::Type, parts::skip_type)?;
        let invite = Self {
            user: fields.required(F::User, parts::address)?,
            is_invited: fields.required(F::IsInvited, parts::boolean)?,
        };
        fields.close()?;
        Ok(invite)
    }

    pub(super) fn write(self, out: &mut Output) {
        out.open(3, "tradeGroupInvite");
        out.word("user", &address_to_hex(&self.user));
        out.flag("isInvited", self.is_invited);
    }
}

impl SetTradeGroup {
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, ActionError> {
        let mut fields = Fields::open(input, &[F::Type, F::Leader])?;
        fields.required(F::Type, parts::skip_type)?;
        let leader = fields.required(F::Leader, address_or_nil)?;
        fields.close()?;
        Ok(Self { leader })
    }

    pub(super) fn write(self, out: &mut Output) {
        out.open(2, "setTradeGroup");
        match self.leader {
            Some(leader) => out.word("leader", &address_to_hex(&leader)),
            None => {
                out.text("leader");
                out.nil();
            }
        }
    }
}

/// An address, or nil for none: the field is always there.
fn address_or_nil(input: &mut Input<'_>) -> Result<Option<Address>, ActionError> {
    if input.kind()? == Kind::Nil {
        input.nil()?;
        return Ok(None);
    }
    parts::address(input).map(Some)
}
