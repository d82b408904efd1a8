//! The one spelling of user-signed actions, for whoever assembles them.
//!
//! Their signature covers typed data, not bytes, so clients send their fields in any order and some of them in more
//! than one spelling. The rules accept one; the API may respell a client's fields by this table without touching what
//! was signed.

use UserSpelling::{AbsentIfEmpty, LowerCase, Verbatim};

/// How a field's value must be spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSpelling {
    /// As sent: it was signed letter by letter, or has one spelling only.
    Verbatim,
    /// In lower case: the signature covers the number, not its letters.
    LowerCase,
    /// As sent, and left out if empty: both are signed alike.
    AbsentIfEmpty,
}

/// One field of a user-signed action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserField {
    /// Its name.
    pub name: &'static str,
    /// Its spelling.
    pub spelling: UserSpelling,
}

/// A type's fields: its own in their order, then the two that all end with.
macro_rules! fields {
    ($($name:literal: $spelling:ident),+ $(,)?) => {
        &[
            $(UserField { name: $name, spelling: $spelling },)+
            UserField { name: "signatureChainId", spelling: LowerCase },
            UserField { name: "hyperliquidChain", spelling: Verbatim },
        ]
    };
}

const SPOT_SEND: &[UserField] = fields![
    "destination": Verbatim, "amount": Verbatim, "token": Verbatim, "time": Verbatim, "type": Verbatim,
];
const APPROVE_AGENT: &[UserField] = fields![
    "type": Verbatim, "agentAddress": LowerCase, "agentName": AbsentIfEmpty, "nonce": Verbatim,
];
const APPROVE_SCOPED_AGENT: &[UserField] = fields![
    "type": Verbatim, "agentAddress": LowerCase, "agentName": AbsentIfEmpty, "assets": Verbatim,
    "orderUsd": Verbatim, "totalUsd": Verbatim, "nonce": Verbatim,
];
const USD_CLASS_TRANSFER: &[UserField] = fields![
    "type": Verbatim, "amount": Verbatim, "toPerp": Verbatim, "nonce": Verbatim,
];
const USD_SEND: &[UserField] = fields![
    "destination": Verbatim, "amount": Verbatim, "time": Verbatim, "type": Verbatim,
];
const APPROVE_BUILDER_FEE: &[UserField] = fields![
    "maxFeeRate": Verbatim, "builder": LowerCase, "nonce": Verbatim, "type": Verbatim,
];
const CONVERT_TO_MULTI_SIG_USER: &[UserField] = fields![
    "type": Verbatim, "signers": Verbatim, "nonce": Verbatim,
];

/// The fields of a user-signed action in the order in which the rules want them; `None` for other types.
#[must_use]
pub fn user_signed_fields(action_type: &str) -> Option<&'static [UserField]> {
    match action_type {
        "spotSend" => Some(SPOT_SEND),
        "approveAgent" => Some(APPROVE_AGENT),
        "approveScopedAgent" => Some(APPROVE_SCOPED_AGENT),
        "usdClassTransfer" => Some(USD_CLASS_TRANSFER),
        "usdSend" => Some(USD_SEND),
        "approveBuilderFee" => Some(APPROVE_BUILDER_FEE),
        "convertToMultiSigUser" => Some(CONVERT_TO_MULTI_SIG_USER),
        _ => None,
    }
}
