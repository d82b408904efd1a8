//! A genesis small enough to reason about by hand.

use crate::Signer;
use tandem_exchange::action::AssetId;
use tandem_exchange::perp::PerpGenesis;
use tandem_exchange::{Allocation, Config, ExchangeGenesis, SPOT_ASSET_BASE, Token, TokenName};
use tandem_stf::{EvmAllocation, Genesis};
use tandem_system::{Parameters, SystemGenesis, Validator};
use tandem_types::{BlockTime, ChainId, QuoteAtoms, TokenAtoms, TokenId};

/// The chain's id.
pub const CHAIN_ID: ChainId = ChainId(1_337);
/// The quote: 8 decimals.
pub const USD: TokenId = TokenId(0);
/// 10 decimals, lots of 10^-5: prices have three decimals. Market 0.
pub const BTC: TokenId = TokenId(1);
/// 5 decimals, whole lots: prices have eight decimals. Market 1.
pub const PURR: TokenId = TokenId(2);

/// When the chain begins: far enough from zero that nonces two days before it exist.
pub(crate) const START: BlockTime = BlockTime(1_700_000_000_000);

/// The longest step that the rules allow, so that few blocks can pass days.
const STEP_MAX_MS: u64 = 7 * 24 * 3_600_000;

/// The asset number of the market of [`BTC`] or [`PURR`].
#[must_use]
pub fn asset(base: TokenId) -> AssetId {
    AssetId(u32::from(SPOT_ASSET_BASE) + u32::from(base.0) - 1)
}

/// A token as actions name it.
#[must_use]
pub fn token_text(token: TokenId) -> String {
    let name = match token {
        USD => "USDC",
        BTC => "BTC",
        PURR => "PURR",
        _ => "NONE",
    };
    format!("{name}:0x{:032x}", token.0)
}

fn token(name: &str, wei_decimals: u8, size_decimals: u8) -> Token {
    Token { name: TokenName::new(name).unwrap(), wei_decimals, size_decimals }
}

/// Accounts of wallets 1 to 5, each with a million USD, 10 BTC and a million PURR, and as much native coin; fees of 700
/// and 400 millionths; a least notional of 10 USD; a new account costs 1 USD; one validator.
#[must_use]
pub fn genesis() -> Genesis {
    let wallets: Vec<_> = (1..=5).map(|number| Signer::wallet(number).address()).collect();
    let gifts = [(USD, 1_000_000 * 100_000_000), (BTC, 10 * 10_000_000_000), (PURR, 1_000_000 * 100_000)];
    let allocations = wallets.iter().flat_map(|address| {
        gifts.map(|(token, amount)| Allocation { address: *address, token, amount: TokenAtoms(amount) })
    });
    let native = |address: &_| EvmAllocation {
        address: *address,
        balance: TokenAtoms(1_000_000 * 100_000_000),
        code: Vec::new(),
    };
    Genesis {
        time: START,
        system: SystemGenesis {
            parameters: Parameters { time_step_max_ms: STEP_MAX_MS, ..Parameters::dev(CHAIN_ID) },
            validators: vec![Validator { public_key: [7; 32], power: 1 }],
        },
        exchange: ExchangeGenesis {
            config: Config {
                taker_fee_ppm: 700,
                maker_fee_ppm: 400,
                budget_base: 10_000,
                open_orders_max: 1_000,
                notional_min: QuoteAtoms(10 * 100_000_000),
                activation_fee: QuoteAtoms(100_000_000),
                fees: tandem_exchange::fees::FeeSchedule::default(),
            },
            tokens: vec![token("USDC", 8, 8), token("BTC", 10, 5), token("PURR", 5, 0)],
            markets: vec![BTC, PURR],
            allocations: allocations.collect(),
            perps: PerpGenesis::default(),
        },
        evm: wallets.iter().map(native).collect(),
    }
}
