//! Why a lane takes no more.

/// Why a transaction was not taken into the pool. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// It waits already.
    #[error("transaction is already waiting")]
    AlreadyWaiting,
    /// Another action of this signer with this nonce waits.
    #[error("another action with this nonce is waiting")]
    NonceWaiting,
    /// The signer has as many waiting as one may.
    #[error("signer has {0} transactions waiting, the most allowed")]
    SignerFull(usize),
    /// The lane is full, and nobody has more in it than this signer would.
    #[error("pool is full: try again in a moment")]
    Full,
    /// Another transaction with this nonce waits and pays more than ten elevenths of this one's fee.
    #[error("replacement transaction underpriced")]
    Underpriced,
    /// The nonce was used.
    #[error("nonce too low: next nonce is {expected}")]
    NonceTooLow {
        /// The sender's next nonce.
        expected: u64,
    },
}
