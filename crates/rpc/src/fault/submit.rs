//! Why a transaction was not taken, in geth's words: viem, ethers and wallets match on them.

use super::Fault;
use tandem_evm::{TX_BYTES_MAX, TxRejection};
use tandem_mempool::PoolError;
use tandem_node::SubmitError;

impl From<SubmitError> for Fault {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Evm(rejection) => Self::from(rejection),
            SubmitError::Pool(error) => Self::from(error),
            SubmitError::InsufficientFunds => Self::server("insufficient funds for gas * price + value"),
            SubmitError::Check(_)
            | SubmitError::Inadmissible { .. }
            | SubmitError::Evicted
            | SubmitError::Timeout(_)
            | SubmitError::Closed => Self::server(error.to_string()),
        }
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::AlreadyWaiting => Self::server("already known"),
            PoolError::Underpriced => Self::server("replacement transaction underpriced"),
            PoolError::Full => Self::server("txpool is full"),
            PoolError::NonceTooLow { .. } | PoolError::SignerFull(_) | PoolError::NonceWaiting => {
                Self::server(error.to_string())
            }
        }
    }
}

impl From<TxRejection> for Fault {
    fn from(rejection: TxRejection) -> Self {
        Self::server(text(&rejection))
    }
}

fn text(rejection: &TxRejection) -> String {
    match rejection {
        TxRejection::TooLong => format!("oversized data: transaction is longer than {TX_BYTES_MAX} bytes"),
        TxRejection::BlobTransaction | TxRejection::Unsupported => {
            "transaction type not supported".to_owned()
        }
        TxRejection::Unprotected => {
            "only replay-protected (EIP-155) transactions allowed over RPC".to_owned()
        }
        TxRejection::WrongChain { signed } => {
            format!("invalid sender: invalid chain id for signer: have {signed}")
        }
        TxRejection::Signature => "invalid sender: invalid transaction v, r, s values".to_owned(),
        TxRejection::PriorityFeeAboveCap => "max priority fee per gas higher than max fee per gas".to_owned(),
        TxRejection::GasLimitAboveCap => "transaction gas limit too high".to_owned(),
        TxRejection::IntrinsicGas { needed } => format!("intrinsic gas too low: minimum needed {needed}"),
        TxRejection::InitCodeTooLong => "max initcode size exceeded".to_owned(),
        TxRejection::NonceOverflow => "nonce has max value".to_owned(),
        TxRejection::BlockGas { .. } => "exceeds block gas limit".to_owned(),
        TxRejection::FeeBelowBaseFee => "max fee per gas less than block base fee".to_owned(),
        TxRejection::SenderHasCode => "sender not an eoa".to_owned(),
        TxRejection::NonceTooLow { expected } => format!("nonce too low: next nonce {expected}"),
        TxRejection::NonceTooHigh { expected } => format!("nonce too high: next nonce {expected}"),
        TxRejection::CostOverflow => "insufficient funds for gas * price + value".to_owned(),
        TxRejection::Funds { needed, balance } => {
            format!("insufficient funds for gas * price + value: have {balance} want {needed}")
        }
        TxRejection::Malformed | TxRejection::NoAuthorizations => rejection.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_the_words_that_clients_match_on() {
        let rows = [
            (SubmitError::InsufficientFunds, "insufficient funds for gas * price + value"),
            (SubmitError::Pool(PoolError::AlreadyWaiting), "already known"),
            (SubmitError::Pool(PoolError::Underpriced), "replacement transaction underpriced"),
            (SubmitError::Pool(PoolError::NonceTooLow { expected: 7 }), "nonce too low: next nonce is 7"),
            (SubmitError::Evm(TxRejection::NonceTooLow { expected: 7 }), "nonce too low: next nonce 7"),
            (
                SubmitError::Evm(TxRejection::IntrinsicGas { needed: 9 }),
                "intrinsic gas too low: minimum needed 9",
            ),
        ];
        for (error, expected) in rows {
            let fault = Fault::from(error);
            assert_eq!((fault.code, fault.message.as_str()), (-32_000, expected));
        }
    }
}
