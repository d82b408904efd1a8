//! Why the rules refuse a transaction: stable codes, in the order in which they are checked.

use alloy_primitives::U256;
use core::fmt;
use revm::context::result::InvalidTransaction;

/// Why a transaction may not stand in a block. Codes below 32 need no state, and never change their verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxRejection {
    /// Longer than [`TX_BYTES_MAX`](crate::TX_BYTES_MAX).
    TooLong,
    /// A blob transaction (EIP-4844): this chain carries no blobs.
    BlobTransaction,
    /// Not a transaction in its one encoding (EIP-2718).
    Malformed,
    /// A signature without chain id would be valid on other chains as well (EIP-155).
    Unprotected,
    /// Signed for another chain.
    WrongChain {
        /// The chain id signed.
        signed: u64,
    },
    /// The signature belongs to no key, or has its `s` in the upper half (EIP-2).
    Signature,
    /// The priority fee is above the fee cap.
    PriorityFeeAboveCap,
    /// The gas limit is above what one transaction may have (EIP-7825).
    GasLimitAboveCap,
    /// The gas limit does not cover what is charged before execution.
    IntrinsicGas {
        /// Gas that the transaction costs at least.
        needed: u64,
    },
    /// The init code is too long (EIP-3860).
    InitCodeTooLong,
    /// An EIP-7702 transaction without authorisations.
    NoAuthorizations,
    /// The nonce is at the end of its range (EIP-2681).
    NonceOverflow,
    /// The rules in force do not know this kind of transaction.
    Unsupported,
    /// Gas limit × fee cap + value is beyond 256 bits.
    CostOverflow,
    /// The gas limit is more than what is left of the block's.
    BlockGas {
        /// Gas left in the block.
        left: u64,
    },
    /// The fee cap is below the base fee.
    FeeBelowBaseFee,
    /// The sender has code other than a delegation (EIP-3607).
    SenderHasCode,
    /// The nonce was used.
    NonceTooLow {
        /// The sender's next nonce.
        expected: u64,
    },
    /// Nonces before this one are missing.
    NonceTooHigh {
        /// The sender's next nonce.
        expected: u64,
    },
    /// The sender can't pay gas limit × fee cap + value.
    Funds {
        /// What it may cost at most, in 10^-18 native coin.
        needed: U256,
        /// What the sender has, in 10^-18 native coin.
        balance: U256,
    },
}

impl TxRejection {
    /// The code in receipts and interfaces. Stable.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooLong => 1,
            Self::BlobTransaction => 2,
            Self::Malformed => 3,
            Self::Unprotected => 4,
            Self::WrongChain { .. } => 5,
            Self::Signature => 6,
            Self::PriorityFeeAboveCap => 7,
            Self::GasLimitAboveCap => 8,
            Self::IntrinsicGas { .. } => 9,
            Self::InitCodeTooLong => 10,
            Self::NoAuthorizations => 11,
            Self::NonceOverflow => 12,
            Self::Unsupported => 13,
            Self::CostOverflow => 14,
            Self::BlockGas { .. } => 32,
            Self::FeeBelowBaseFee => 33,
            Self::SenderHasCode => 34,
            Self::NonceTooLow { .. } => 35,
            Self::NonceTooHigh { .. } => 36,
            Self::Funds { .. } => 37,
        }
    }

    /// Whether the same transaction may become valid later.
    #[must_use]
    pub const fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Self::BlockGas { .. } | Self::FeeBelowBaseFee | Self::NonceTooHigh { .. } | Self::Funds { .. }
        )
    }
}

impl fmt::Display for TxRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("transaction is too long"),
            Self::BlobTransaction => f.write_str("blob transactions are not accepted"),
            Self::Malformed => f.write_str("not a canonical EIP-2718 transaction"),
            Self::Unprotected => f.write_str("signature is not bound to a chain id"),
            Self::WrongChain { signed } => write!(f, "signed for chain id {signed}"),
            Self::Signature => f.write_str("invalid signature"),
            Self::PriorityFeeAboveCap => f.write_str("priority fee is above the fee cap"),
            Self::GasLimitAboveCap => f.write_str("gas limit is above the cap for one transaction"),
            Self::IntrinsicGas { needed } => write!(f, "intrinsic gas is {needed}, above the gas limit"),
            Self::InitCodeTooLong => f.write_str("init code is too long"),
            Self::NoAuthorizations => f.write_str("authorization list is empty"),
            Self::Unsupported => f.write_str("transaction type is not supported"),
            Self::CostOverflow => f.write_str("cost is beyond 256 bits"),
            Self::BlockGas { left } => write!(f, "gas limit is above the {left} gas left in the block"),
            Self::FeeBelowBaseFee => f.write_str("fee cap is below the base fee"),
            Self::SenderHasCode => f.write_str("sender is a contract"),
            Self::NonceTooLow { expected } => write!(f, "nonce too low, expected {expected}"),
            Self::NonceTooHigh { expected } => write!(f, "nonce too high, expected {expected}"),
            Self::NonceOverflow => f.write_str("nonce is at its maximum"),
            Self::Funds { needed, balance } => {
                write!(f, "insufficient funds: balance {balance}, cost {needed}")
            }
        }
    }
}

impl core::error::Error for TxRejection {}

/// revm's verdict in our words. Exhaustive, so that a new verdict does not compile unnamed.
impl From<InvalidTransaction> for TxRejection {
    fn from(verdict: InvalidTransaction) -> Self {
        use InvalidTransaction as Verdict;
        match verdict {
            Verdict::PriorityFeeGreaterThanMaxFee => Self::PriorityFeeAboveCap,
            Verdict::GasPriceLessThanBasefee => Self::FeeBelowBaseFee,
            Verdict::CallerGasLimitMoreThanBlock => Self::BlockGas { left: 0 },
            Verdict::CallGasCostMoreThanGasLimit { initial_gas, .. } => {
                Self::IntrinsicGas { needed: initial_gas }
            }
            Verdict::GasFloorMoreThanGasLimit { gas_floor, .. } => Self::IntrinsicGas { needed: gas_floor },
            Verdict::RejectCallerWithCode => Self::SenderHasCode,
            Verdict::LackOfFundForMaxFee { fee, balance } => Self::Funds { needed: *fee, balance: *balance },
            Verdict::OverflowPaymentInTransaction => Self::CostOverflow,
            Verdict::NonceOverflowInTransaction => Self::NonceOverflow,
            Verdict::NonceTooHigh { state, .. } => Self::NonceTooHigh { expected: state },
            Verdict::NonceTooLow { state, .. } => Self::NonceTooLow { expected: state },
            Verdict::CreateInitCodeSizeLimit => Self::InitCodeTooLong,
            Verdict::InvalidChainId => Self::WrongChain { signed: 0 },
            Verdict::MissingChainId => Self::Unprotected,
            Verdict::TxGasLimitGreaterThanCap { .. } => Self::GasLimitAboveCap,
            Verdict::EmptyAuthorizationList => Self::NoAuthorizations,
            Verdict::MaxFeePerBlobGasNotSupported
            | Verdict::BlobVersionedHashesNotSupported
            | Verdict::BlobGasPriceGreaterThanMax { .. }
            | Verdict::EmptyBlobs
            | Verdict::BlobCreateTransaction
            | Verdict::TooManyBlobs { .. }
            | Verdict::BlobVersionNotSupported
            | Verdict::Eip4844NotSupported => Self::BlobTransaction,
            Verdict::AccessListNotSupported
            | Verdict::AuthorizationListNotSupported
            | Verdict::AuthorizationListInvalidFields
            | Verdict::Eip2930NotSupported
            | Verdict::Eip1559NotSupported
            | Verdict::Eip7702NotSupported
            | Verdict::Eip7873NotSupported
            | Verdict::Eip7873MissingTarget
            | Verdict::Str(_) => Self::Unsupported,
        }
    }
}
