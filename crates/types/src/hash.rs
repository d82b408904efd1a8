//! Hashes and addresses. Each root has its own type, so that one can't be compared with another.

use core::fmt;

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

macro_rules! bytes_type {
    ($($(#[$doc:meta])* $name:ident($len:literal);)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        tandem_codec::bytes!($name);
    )* };
}

bytes_type! {
    /// A 32-byte hash without a role of its own yet.
    Hash(32);
    /// An Ethereum-style address: the last 20 bytes of a public key's Keccak hash.
    Address(20);
    /// A client order id, chosen by the trader.
    Cloid(16);
    /// Identifies a block: the hash of its header. Holds neither round nor re-proposer.
    BlockId(32);
    /// Identifies a transaction: the hash of what was signed, without the signature.
    TxId(32);
    /// Root of the Core state tree (SHA-256).
    CoreRoot(32);
    /// Root of the `system` state tree (SHA-256).
    SystemRoot(32);
    /// Root of the EVM state trie (Keccak).
    EvmRoot(32);
    /// Root of the cross-domain message trees (Keccak).
    CrossRoot(32);
    /// Root over the EVM, Core and cross-domain roots.
    ExecutionRoot(32);
    /// Root of a block's exchange actions.
    ActionsRoot(32);
    /// Root of a block's EVM transactions.
    EvmTransactionsRoot(32);
    /// Root of the commit certificate of the parent.
    CommitRoot(32);
    /// Root of the signed price reports.
    PriceReportsRoot(32);
    /// Root of the evidence of misbehaviour.
    EvidenceRoot(32);
    /// Root of the governance decisions that take effect.
    DecisionsRoot(32);
    /// Root of the co-processor registry updates.
    RegistryRoot(32);
    /// Root of a block's receipts.
    ReceiptsRoot(32);
    /// Hash of a block's state delta.
    DeltaHash(32);
    /// Hash of a validator set.
    ValidatorSetHash(32);
    /// Hash of the parameters together with the program ids.
    ParametersHash(32);
}
