//! The one spelling of user-signed actions, for whoever assembles them.
//!
//! Their signature covers typed data, not bytes, so clients send their fields in any order and some of them in more
//! than one spelling. The rules accept one; the API may respell a client's fields by this table without touching what
//! was signed.

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

const fn field(name: &'static str, spelling: UserSpelling) -> UserField {
    UserField { name, spelling }
}

const SPOT_SEND: &[UserField] = &[
    field("destination", UserSpelling::Verbatim),
    field("amount", UserSpelling::Verbatim),
    field("token", UserSpelling::Verbatim),
    field("time", UserSpelling::Verbatim),
    field("type", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
];

const APPROVE_AGENT: &[UserField] = &[
    field("type", UserSpelling::Verbatim),
    field("agentAddress", UserSpelling::LowerCase),
    field("agentName", UserSpelling::AbsentIfEmpty),
    field("nonce", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
];

const APPROVE_SCOPED_AGENT: &[UserField] = &[
    field("type", UserSpelling::Verbatim),
    field("agentAddress", UserSpelling::LowerCase),
    field("agentName", UserSpelling::AbsentIfEmpty),
    field("assets", UserSpelling::Verbatim),
    field("orderUsd", UserSpelling::Verbatim),
    field("totalUsd", UserSpelling::Verbatim),
    field("nonce", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
];

const USD_CLASS_TRANSFER: &[UserField] = &[
    field("type", UserSpelling::Verbatim),
    field("amount", UserSpelling::Verbatim),
    field("toPerp", UserSpelling::Verbatim),
    field("nonce", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
];

const USD_SEND: &[UserField] = &[
    field("destination", UserSpelling::Verbatim),
    field("amount", UserSpelling::Verbatim),
    field("time", UserSpelling::Verbatim),
    field("type", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
];

const APPROVE_BUILDER_FEE: &[UserField] = &[
    field("maxFeeRate", UserSpelling::Verbatim),
    field("builder", UserSpelling::LowerCase),
    field("nonce", UserSpelling::Verbatim),
    field("type", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
];

const CONVERT_TO_MULTI_SIG_USER: &[UserField] = &[
    field("type", UserSpelling::Verbatim),
    field("signers", UserSpelling::Verbatim),
    field("nonce", UserSpelling::Verbatim),
    field("signatureChainId", UserSpelling::LowerCase),
    field("hyperliquidChain", UserSpelling::Verbatim),
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
