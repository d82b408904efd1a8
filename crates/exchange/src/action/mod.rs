//! What traders sign: the exchange transaction, from bytes to a checked, typed action.
//!
//! The bytes of an action are msgpack, as Hyperliquid's clients produce and sign them. [`Action::decode`] accepts one
//! spelling of each action: known fields in one order, minimal integers and lengths, no floats, nothing unknown,
//! doubled or left over. So the bytes that were signed are the transaction, and nobody who relays it can respell it.
//! [`SignedAction::check`] is all that can be said without state: size, form, network, signer.
//!
//! Left to the rules with state: nonces, expiry, who may act for whom, whether assets exist, ticks and lots, and on
//! production networks that these actions come from approved agents ([`Action::is_user_signed`]).

mod builder;
mod by_class;
mod check;
mod decimal;
mod decode;
mod digest;
mod encode;
mod error;
mod fields;
mod msgpack;
mod multi_sig;
mod parts;
mod proof;
mod referral;
mod scoped_agent;
mod signed;
mod sub_accounts;
#[cfg(test)]
mod tests;
mod text;
mod trade_group;
mod types;
mod user_signed;
mod vault;
mod words;

pub use builder::{ApproveBuilderFee, FeeRate, MAX_FEE_RATE_BYTES};
pub use by_class::ByClass;
pub use check::{CheckError, CheckedAction, CoSigners, Network, NetworkKind};
pub use decimal::{DECIMAL_BYTES_MAX, Decimal, DecimalError};
pub use digest::{Source, action_hash, ed25519_address, ed25519_message, l1_digest};
pub use error::{ActionError, FieldPath, FieldText, Kind, Reason, Segment};
pub use multi_sig::{
    CoSigned, ConvertToMultiSigUser, MAX_SIGNERS_BYTES, MULTI_SIG_MAX, MultiSig, Signers, SignersText,
};
pub use referral::MAX_REFERRAL_CODE_BYTES;
pub use scoped_agent::{ApproveScopedAgent, MAX_SCOPE_ASSETS};
pub use signed::{MAX_ACTION_BYTES, MAX_SIGNED_ACTION_BYTES, Signature, SignedAction};
pub use sub_accounts::{MAX_NAME_BYTES, SubAccountModify, SubAccountSpotTransfer, SubAccountTransfer};
pub use text::{AddressText, Amount, MAX_AGENT_NAME_BYTES, MAX_AMOUNT_BYTES, MAX_TOKEN_BYTES};
pub use trade_group::{SetTradeGroup, TradeGroupInvite};
pub(crate) use types::account_action;
pub use types::{
    Action, ApproveAgent, AssetId, Builder, Cancel, CancelByCloid, CancelOrders, Class, Grouping,
    MAX_BATCH_ORDERS, Modify, Order, OrderKind, OrderRef, PlaceOrders, SpotSend, TopUpIsolatedOnlyMargin,
    Trigger, TwapCancel, TwapRequest, UpdateIsolatedMargin, UpdateLeverage, UsdClassTransfer, UsdSend,
    UserSigned,
};
pub use user_signed::{UserField, UserSpelling, user_signed_fields};
pub use vault::{CreateVault, VaultDistribute, VaultModify, VaultTransfer};
pub use words::{FieldName, HyperliquidChain, SelfTradePrevention, TimeInForce, Tpsl};
