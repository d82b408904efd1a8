//! The nouns of Tandem: identifiers, hashes, quantities, blocks.
//!
//! One type per unit, with only the arithmetic that means something; verified and unverified things differ in type.
//! Nothing here decides anything: rules are in layer 1, encodings of the outside world in the faces.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]

extern crate alloc;

mod amount;
mod block;
mod hash;
mod ids;
mod price;
mod quantity;
mod signed;

pub use block::{
    BLOCK_ACTIONS_MAX, BLOCK_BYTES_MAX, BLOCK_EVM_TRANSACTIONS_MAX, BLOCK_PRICE_REPORTS_MAX, BLOCK_VERSION,
    Block, Body, COMMIT_BYTES_MAX, Header, PRICE_REPORT_BYTES_MAX, TRANSACTION_BYTES_MAX,
};
pub use hash::{
    ActionsRoot, Address, BlockId, Cloid, CommitRoot, CoreRoot, CrossRoot, DecisionsRoot, DeltaHash,
    EvidenceRoot, EvmRoot, EvmTransactionsRoot, ExecutionRoot, Hash, ParametersHash, PriceReportsRoot,
    ReceiptsRoot, RegistryRoot, SystemRoot, TxId, ValidatorSetHash,
};
pub use ids::{AccountId, BlockTime, ChainId, EngineId, Height, MarketId, OrderId, Round, TokenId, TradeId};
pub use price::{PRICE_SCALE_MAX, PriceError, PriceRank, PriceScale, PriceTicks};
pub use quantity::{Decimals, QuantityError, QuoteAtoms, SizeLots, TokenAtoms};
pub use signed::{SignedLots, Usd};
