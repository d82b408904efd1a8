//! Accounts of several keys.
//!
//! An account is given to up to ten keys, of which a threshold must sign whatever it does from then on. Its own key can't
//! act for it any more, nor can the agents that its own key had approved; agents that the keys together approve can, as
//! anyone's. The nonce of an action is its outer signer's, so that the account has no nonces that could be used up.
//!
//! Signatures are verified where those of all actions are, before anything with state; whether they are the right ones
//! is part of admission, so that an action with too few never stands in a block.
//! Source: Hyperliquid, "Multi-sig". Agents are revoked here at the conversion, and the outer signer signs with a key of
//! the account, not with an agent of one.

mod act;
pub(crate) mod record;

pub use act::{CO_SIGNATURE_WORK, CONVERT_WORK};
pub use record::MultiSigUser;
