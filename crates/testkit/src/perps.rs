//! Perpetual markets for tests, and what is done on them in few words.

use crate::genesis::genesis;
use crate::orders::{order, price, user};
use tandem_codec::Encode;
use tandem_crypto::ed25519::SigningKey;
use tandem_exchange::TokenName;
use tandem_exchange::action::{
    Action, AddressText, Amount, AssetId, Cancel, CancelOrders, Order, TopUpIsolatedOnlyMargin,
    UpdateIsolatedMargin, UpdateLeverage, UsdClassTransfer, UsdSend,
};
use tandem_exchange::perp::tiers::{MarginTiers, Tier};
use tandem_exchange::perp::{PerpConfig, PerpGenesis, PerpMarket};
use tandem_oracle::report::{Scope, signed_bytes};
use tandem_oracle::{CheckedReport, Report, SignedReport};
use tandem_stf::{Genesis, Identity, block_id};
use tandem_system::{Validator, validator_address};
use tandem_types::{Address, Header, MarketId, OrderId, QuoteAtoms, Round, SizeLots};

/// Lots of 10^-2, ticks of 10^-4 USD; 50x up to a million USD, 20x above.
pub const ETH: MarketId = MarketId(0);
/// Whole lots, ticks of 10^-6 USD; 10x.
pub const DOGE: MarketId = MarketId(1);

const ATOMS_PER_USD: u64 = 100_000_000;

/// The asset number of a perpetual market.
#[must_use]
pub fn perp_asset(market: MarketId) -> AssetId {
    AssetId(u32::from(market.0))
}

/// The usual genesis with two perpetual markets, four validators of equal power, and prices in every block.
///
/// # Panics
/// Never: the tiers are tiers.
#[must_use]
pub fn perp_genesis() -> Genesis {
    let mut genesis = genesis();
    let tier = |usd: u64, leverage_max| Tier { from: QuoteAtoms(usd * ATOMS_PER_USD), leverage_max };
    let market = |name, size_decimals, tiers: &[Tier]| PerpMarket {
        name: TokenName::new(name).expect("a name"),
        size_decimals,
        tiers: MarginTiers::new(tiers).expect("tiers"),
        open_interest_max: SizeLots(1_000_000_000),
        open_interest_notional_max: QuoteAtoms(20_000_000 * ATOMS_PER_USD),
        impact_notional_micros: 6_000 * 1_000_000,
    };
    genesis.exchange.perps = PerpGenesis {
        config: PerpConfig { taker_fee_ppm: 450, maker_fee_ppm: 150, price_stale_ms: 10_000 },
        markets: vec![
            market("ETH", 2, &[tier(0, 50), tier(1_000_000, 20)]),
            market("DOGE", 0, &[tier(0, 10)]),
        ],
        ..PerpGenesis::default()
    };
    genesis.system.parameters.price_interval = 1;
    let validator = |seed| Validator { public_key: validator_key(seed).public_key().0, power: 1 };
    genesis.system.validators = (0..4).map(validator).collect();
    genesis
}

/// The key of the validator at a place in [`perp_genesis`].
fn validator_key(seed: usize) -> SigningKey {
    SigningKey::from_seed([100 + u8::try_from(seed).expect("few validators"); 32])
}

/// What reports with the votes for the block of `header` are signed for.
#[must_use]
pub fn report_scope(identity: &Identity, header: &Header) -> Scope {
    Scope {
        chain_id: identity.network.chain_id,
        genesis_hash: identity.network.genesis_hash,
        height: header.height,
        block: block_id(header),
    }
}

/// A validator's report, signed and checked.
pub(crate) fn checked_report(seed: usize, report: &Report, scope: &Scope) -> CheckedReport {
    let (key, round, report) = (validator_key(seed), Round(0), report.to_bytes());
    let public_key = key.public_key();
    let message = signed_bytes(scope, round, &validator_address(&public_key.0), &report);
    let signed = SignedReport { public_key, round, signature: key.sign(&message), report };
    CheckedReport::from_raw(&signed.to_bytes(), scope).expect("a well-signed report")
}

/// A good-til-cancelled bid on a perpetual market.
#[must_use]
pub fn buy_perp(market: MarketId, at: &str, of: &str) -> Order {
    order(perp_asset(market), true, at, of)
}

/// A good-til-cancelled ask on a perpetual market.
#[must_use]
pub fn sell_perp(market: MarketId, at: &str, of: &str) -> Order {
    order(perp_asset(market), false, at, of)
}

/// Cancels orders on a perpetual market in one action.
#[must_use]
pub fn cancel_perp(market: MarketId, ids: &[OrderId]) -> Action {
    let cancels = ids.iter().map(|order| Cancel { asset: perp_asset(market), order: *order }).collect();
    Action::Cancel(CancelOrders { cancels, fast: None })
}

/// Sets leverage.
#[must_use]
pub fn leverage(market: MarketId, leverage: u64, is_cross: bool) -> Action {
    Action::UpdateLeverage(UpdateLeverage { asset: perp_asset(market), is_cross, leverage })
}

/// Moves margin, in 10^-6 USD, into an isolated position or out of it.
#[must_use]
pub fn isolated_margin(market: MarketId, micros: i64) -> Action {
    Action::UpdateIsolatedMargin(UpdateIsolatedMargin { asset: perp_asset(market), is_buy: true, micros })
}

/// Moves margin into an isolated position, until it has a leverage.
///
/// # Panics
/// If the leverage is no decimal.
#[must_use]
pub fn top_up(market: MarketId, leverage: &str) -> Action {
    let (asset, leverage) = (perp_asset(market), price(leverage));
    Action::TopUpIsolatedOnlyMargin(TopUpIsolatedOnlyMargin { asset, leverage })
}

/// Moves USD between spot balance and collateral. `nonce` is signed within.
///
/// # Panics
/// If the amount is none.
#[must_use]
pub fn class_transfer(amount: &str, to_perp: bool, nonce: u64) -> Action {
    let amount = Amount::new(amount).expect("an amount");
    Action::UsdClassTransfer(UsdClassTransfer { amount, to_perp, user: user(nonce) })
}

/// Sends collateral. `nonce` is signed within.
///
/// # Panics
/// If the amount is none.
#[must_use]
pub fn usd_send(to: &Address, amount: &str, nonce: u64) -> Action {
    let destination = AddressText::new(&to.to_string()).expect("an address");
    Action::UsdSend(UsdSend {
        destination,
        amount: Amount::new(amount).expect("an amount"),
        user: user(nonce),
    })
}
