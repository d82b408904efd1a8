//! The exchange's transaction: a checked action and the bytes it came in.

use crate::action::{CheckError, CheckedAction, Class, Network, SignedAction};
use crate::signers;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode};
use tandem_crypto::sha256;
use tandem_types::{Address, Hash, TxId};

/// Why bytes are not a transaction of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionError {
    /// Not the encoding of a signed action.
    Encoding(DecodeError),
    /// Not an action of this network, or not signed.
    Check(CheckError),
}

impl fmt::Display for TransactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(error) => write!(f, "signed action: {error}"),
            Self::Check(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TransactionError {}

/// An action whose form and signature have been checked, with the bytes that stand in the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    raw: Box<[u8]>,
    hash: Hash,
    checked: CheckedAction,
}

impl Transaction {
    /// Checks the bytes of a block's transaction.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn from_raw(raw: &[u8], network: &Network) -> Result<Self, TransactionError> {
        let signed = SignedAction::from_bytes(raw).map_err(TransactionError::Encoding)?;
        let checked = signed.check(network).map_err(TransactionError::Check)?;
        Ok(Self { raw: raw.into(), hash: transaction_hash(raw), checked })
    }

    /// Checks an action that a client sent.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn from_signed(signed: &SignedAction, network: &Network) -> Result<Self, CheckError> {
        signed.check(network).map(|checked| Self::of(signed, checked))
    }

    /// [`Transaction::from_signed`] of each; native programs save a part of the cost.
    #[must_use]
    pub fn from_each_signed(signed: &[SignedAction], network: &Network) -> Vec<Result<Self, CheckError>> {
        let checked = SignedAction::check_each(signed, network);
        signed.iter().zip(checked).map(|(signed, checked)| Ok(Self::of(signed, checked?))).collect()
    }

    fn of(signed: &SignedAction, checked: CheckedAction) -> Self {
        let raw = signed.to_bytes().into_boxed_slice();
        Self { hash: transaction_hash(&raw), raw, checked }
    }

    /// The bytes.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// [`transaction_hash`] of the bytes: unlike the id it binds the signature.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// What was checked.
    #[must_use]
    pub const fn checked(&self) -> &CheckedAction {
        &self.checked
    }

    /// The transaction's id.
    #[must_use]
    pub const fn id(&self) -> TxId {
        self.checked.tx_id()
    }

    /// Whose key signed.
    #[must_use]
    pub const fn signer(&self) -> Address {
        self.checked.signer()
    }

    /// The nonce that was signed.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.checked.nonce()
    }

    /// What it counts for against a budget: each order, cancel or modification of a batch as one.
    #[must_use]
    pub fn items(&self) -> u64 {
        signers::items(self.checked.action())
    }

    /// Where in a block it stands.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.checked.class()
    }
}

/// SHA-256 of a transaction's bytes: its leaf in the block, and the key under which checks are remembered.
#[must_use]
pub fn transaction_hash(raw: &[u8]) -> Hash {
    Hash(sha256(raw))
}
