//! `approveScopedAgent`, an addition to Hyperliquid's actions: approves an agent that may do less.
//!
//! Signed as typed data by the account's own wallet, so that no agent can widen what it may: `approveAgent` with three
//! more texts behind the name.
//!
//! | field | type | says |
//! |---|---|---|
//! | `assets` | string | the asset numbers of its markets, ascending, with commas between; empty for all |
//! | `orderUsd` | string | the most of one order, in USD; empty for any |
//! | `totalUsd` | string | the most of all its orders together, in USD; empty for any |

use super::parts::{Result, address, integer, non_empty, skip_type, user_fields};
use super::{
    Amount, ApproveAgent, AssetId, FieldName as F, MAX_AGENT_NAME_BYTES, MAX_AMOUNT_BYTES, Reason,
    fields::Fields, msgpack::Input, msgpack::Output, text::address_to_hex,
};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use tandem_crypto::eip712::StructHasher;

/// Most markets that a scope names.
pub const MAX_SCOPE_ASSETS: usize = 16;

/// Longest list of them: ten digits each, and what stands between.
const MAX_ASSETS_BYTES: u32 = 176;

/// Approves an agent that may do less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveScopedAgent {
    /// Whom, and for how long.
    pub approval: ApproveAgent,
    /// Its markets, ascending; all if there are none.
    pub assets: Vec<AssetId>,
    /// The most of one order, in USD.
    pub order_usd: Option<Amount>,
    /// The most of all its orders together, in USD.
    pub total_usd: Option<Amount>,
}

impl ApproveScopedAgent {
    /// What a wallet signs.
    /// The typed data's fields behind the first.
    pub(super) const TYPES: &'static str =
        "address agentAddress,string agentName,string assets,string orderUsd,string totalUsd,uint64 nonce";

    /// Their values.
    pub(super) fn hash_fields(&self, hasher: StructHasher) -> StructHasher {
        let ApproveAgent { agent, name, user } = &self.approval;
        hasher
            .address(agent)
            .string(name.as_deref().unwrap_or_default())
            .string(&assets_text(&self.assets))
            .string(limit_text(self.order_usd.as_ref()))
            .string(limit_text(self.total_usd.as_ref()))
            .uint(user.nonce)
    }
}

fn assets_text(assets: &[AssetId]) -> String {
    let mut text = String::new();
    for AssetId(asset) in assets {
        let comma = if text.is_empty() { "" } else { "," };
        match write!(text, "{comma}{asset}") {
            // Writing to a string does not fail.
            Ok(()) | Err(core::fmt::Error) => {}
        }
    }
    text
}

fn limit_text(limit: Option<&Amount>) -> &str {
    limit.map_or("", Amount::text)
}

pub(super) fn approve_scoped_agent(input: &mut Input<'_>) -> Result<ApproveScopedAgent> {
    let names = &[
        F::Type,
        F::AgentAddress,
        F::AgentName,
        F::Assets,
        F::OrderUsd,
        F::TotalUsd,
        F::Nonce,
        F::SignatureChainId,
        F::HyperliquidChain,
    ];
    let mut fields = Fields::open(input, names)?;
    fields.required(F::Type, skip_type)?;
    let agent = fields.required(F::AgentAddress, address)?;
    let name = fields.optional(F::AgentName, |input| non_empty(input, MAX_AGENT_NAME_BYTES))?;
    let assets = fields.required(F::Assets, assets)?;
    let order_usd = fields.required(F::OrderUsd, limit)?;
    let total_usd = fields.required(F::TotalUsd, limit)?;
    let nonce = fields.required(F::Nonce, integer)?;
    let user = user_fields(&mut fields, nonce)?;
    fields.close()?;
    Ok(ApproveScopedAgent { approval: ApproveAgent { agent, name, user }, assets, order_usd, total_usd })
}

/// The one spelling of a list of asset numbers.
fn assets(input: &mut Input<'_>) -> Result<Vec<AssetId>> {
    let text = input.text(MAX_ASSETS_BYTES)?;
    let numbers = text.split(',').filter(|_| !text.is_empty()).take(MAX_SCOPE_ASSETS.saturating_add(1));
    let assets: Option<Vec<AssetId>> = numbers.map(|number| number.parse().ok().map(AssetId)).collect();
    let good = |assets: &Vec<AssetId>| {
        assets.len() <= MAX_SCOPE_ASSETS && assets.is_sorted_by(|a, b| a < b) && assets_text(assets) == text
    };
    assets.filter(good).ok_or_else(|| Reason::NotAssets.into())
}

fn limit(input: &mut Input<'_>) -> Result<Option<Amount>> {
    match input.text(MAX_AMOUNT_BYTES)? {
        "" => Ok(None),
        text => Ok(Some(Amount::new(text)?)),
    }
}

impl Output {
    pub(super) fn approve_scoped_agent(&mut self, request: &ApproveScopedAgent) {
        let ApproveAgent { agent, name, user } = &request.approval;
        self.open(8usize.saturating_add(usize::from(name.is_some())), "approveScopedAgent");
        self.word("agentAddress", &address_to_hex(agent));
        name.iter().for_each(|name| self.word("agentName", name));
        self.word("assets", &assets_text(&request.assets));
        self.word("orderUsd", limit_text(request.order_usd.as_ref()));
        self.word("totalUsd", limit_text(request.total_usd.as_ref()));
        self.number("nonce", user.nonce);
        self.user_fields(user);
    }
}
