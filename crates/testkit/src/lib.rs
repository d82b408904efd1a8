//! A chain for tests.
//!
//! [`Harness`] holds a small developer's chain and makes blocks on it. Each block is built, checked and applied again
//! from its bytes, executed once more on partial state from its recorded witness, undone and followed again; outcome,
//! delta, roots and the exchange's invariants must agree every time (DESIGN §4, the standing rule for tests).
//!
//! Everything here panics on what should not be: it is for tests only and nothing but tests imports it.
#![forbid(unsafe_code)]

mod evm;
mod floor;
mod genesis;
mod harness;
mod invariants;
mod market;
mod orders;
mod perps;
mod random;
mod referrals;
mod risk;
mod signer;
mod sub_accounts;
mod trade_groups;
mod vaults;
mod waiting;

pub use evm::{deploy, evm_transfer, init_code};
pub use floor::{Block, Floor};
pub use genesis::{BTC, CHAIN_ID, PURR, USD, asset, genesis, token_text};
pub use harness::{Harness, Step};
pub use invariants::{assert_invariants, totals};
pub use market::market;
pub use orders::{
    approve, approve_builder, buy, cancel, convert, modify, place, place_built, price, sell, send, size,
};
pub use perps::{
    DOGE, ETH, buy_perp, cancel_perp, class_transfer, isolated_margin, leverage, perp_asset, perp_genesis,
    report_scope, sell_perp, top_up, usd_send,
};
pub use random::Random;
pub use referrals::{register_referrer, set_referrer};
pub use risk::{assert_risk, unit_margins};
pub use signer::Signer;
pub use sub_accounts::{
    create_sub_account, rename_sub_account, sub_account_spot_transfer, sub_account_transfer,
};
pub use trade_groups::{invite, trade_group};
pub use vaults::{create_vault, vault_deposit, vault_distribute, vault_modify, vault_withdraw};
pub use waiting::{as_limit, grouped, waiting};
