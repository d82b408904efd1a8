//! A replay on a chain of its own, in which the file says when a block is cut.
//!
//! It runs inside this process, by the functions that build and execute a node's blocks. A running node takes the time of a
//! block from its clock, cuts one every tenth of a second and takes what anybody sends in between: what makes a replay
//! repeatable would there have to be switched off, for a chain that decides nothing.

use super::book::{Book, LEVELS_SHOWN, Level};
use super::print_skipped;
use super::progress::Progress;
use crate::cli::Replay;
use crate::dev;
use crate::figures;
use crate::genesis_file::{GenesisFile, ValidatorEntry};
use crate::keys::account_key;
use eyre::{Result, WrapErr, eyre};
use std::time::Instant;
use tandem_book::{Side, levels};
use tandem_crypto::ed25519;
use tandem_exchange::SPOT_ASSET_BASE;
use tandem_exchange::action::Decimal;
use tandem_exchange::perp::{PERP_PRICE_DECIMALS, PerpGenesis, is_perpetual};
use tandem_replay::{Lockstep, Message, Perpetual, RequestKey, Tally, Traders};
use tandem_types::{BlockTime, MarketId, PriceScale, PriceTicks};

/// Decimals of spot prices plus those of sizes.
const SPOT_PRICE_DECIMALS: u8 = 8;
/// When the developers' chain of a replay begins: 2012-06-21, 09:30 in New York.
const START: BlockTime = BlockTime(1_340_285_400_000);
/// The seed of the validator's key: nobody else votes here.
const VALIDATOR_SEED: [u8; 32] = [1; 32];
/// What each account brings to a perpetual market, in USD: a tenth of what it has.
const COLLATERAL: u64 = 100_000_000;

/// A market of the developers' chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Market {
    id: MarketId,
    scale: PriceScale,
}

/// Replays with a block every `per_block` messages.
pub(super) fn run(arguments: &Replay, messages: &[Message], per_block: u32) -> Result<()> {
    let file = dev::genesis(validator_entry(), arguments.accounts);
    let market = Market::find(&file, &arguments.market)?;
    let traders = traders(arguments.accounts, market)?;
    let (began, mut progress) = (Instant::now(), Progress::new(messages.len()));
    let mut lockstep = begin(&file, market, arguments.leverage, &traders, messages)?;
    let per_block = usize::try_from(per_block).unwrap_or(1);
    let skipped = lockstep.run(messages, &traders, per_block, |at| progress.show(at.messages));
    progress.end();
    let skipped = skipped.wrap_err("replaying")?;

    let (count, height) = (messages.len(), lockstep.head().height);
    let seconds = figures::seconds(began.elapsed());
    println!("{count} messages in {height} blocks, signing included: {seconds} s");
    print_skipped(skipped);
    print_tally(&lockstep.tally);
    if is_perpetual(market.id) {
        print_perpetual(&lockstep, market, traders.count());
    }
    book(&lockstep, market).print();
    println!("Core root  {}", lockstep.head().core_root);
    Ok(())
}

fn validator_entry() -> ValidatorEntry {
    ValidatorEntry::new(&ed25519::SigningKey::from_seed(VALIDATOR_SEED).public_key().0, 1)
}

/// The chain before the first message. Without perpetual markets where none is traded on: nobody reports prices then.
fn begin(
    file: &GenesisFile,
    market: Market,
    leverage: u8,
    traders: &Traders,
    messages: &[Message],
) -> Result<Lockstep> {
    let mut genesis = file.to_genesis()?;
    genesis.time = START;
    if !is_perpetual(market.id) {
        genesis.exchange.perps = PerpGenesis::default();
    }
    let identity = tandem_node::identity(&genesis);
    let lockstep = Lockstep::new(&genesis, identity).map_err(|error| eyre!("genesis: {error}"))?;
    if !is_perpetual(market.id) {
        return Ok(lockstep);
    }
    let validator = ed25519::SigningKey::from_seed(VALIDATOR_SEED);
    let perpetual = Perpetual { market: market.id, validator, leverage, collateral: COLLATERAL };
    lockstep.on_perpetual(perpetual, traders, messages).wrap_err("preparing the perpetual market")
}

impl Market {
    /// The market of this name: `BASE/USDC` on spot, or a perpetual's.
    fn find(file: &GenesisFile, name: &str) -> Result<Self> {
        let perpetuals = file.perpetuals.iter().flat_map(|perpetuals| &perpetuals.markets);
        let perpetuals = (0u16..).zip(perpetuals).map(|(number, market)| {
            (market.name.clone(), number, PERP_PRICE_DECIMALS.saturating_sub(market.size_decimals))
        });
        let spot = (SPOT_ASSET_BASE..).zip(&file.markets).filter_map(|(number, base)| {
            let token = file.tokens.iter().find(|token| token.name == *base)?;
            Some((format!("{base}/USDC"), number, SPOT_PRICE_DECIMALS.saturating_sub(token.size_decimals)))
        });
        let markets: Vec<(String, u16, u8)> = spot.chain(perpetuals).collect();
        let found = markets.iter().find(|(known, ..)| known == name);
        let (_, number, decimals) = found.ok_or_else(|| {
            let names: Vec<&str> = markets.iter().map(|(name, ..)| name.as_str()).collect();
            eyre!("no market is called {name:?}: a developers' chain has {}", names.join(", "))
        })?;
        Ok(Self { id: MarketId(*number), scale: PriceScale::new(*decimals).unwrap_or(PriceScale::UNIT) })
    }

    fn price(self, ticks: PriceTicks) -> String {
        Decimal::new(ticks.0, self.scale.decimals()).unwrap_or_default().to_text()
    }
}

fn traders(accounts: u32, market: Market) -> Result<Traders> {
    let key = |index| account_key(&dev::account_seed(index)).map(RequestKey::Secp256k1);
    let keys = (0..accounts).map(key).collect::<Result<_>>()?;
    Traders::new(keys, u32::from(market.id.0)).ok_or_else(|| eyre!("at least two accounts are needed"))
}

/// What became of the market and of the positions.
fn print_perpetual(lockstep: &Lockstep, market: Market, accounts: usize) {
    let exchange = &lockstep.chain().tables.exchange;
    let prices = exchange.perp_prices.peek(&market.id).copied().unwrap_or_default();
    let estimates = exchange.perp_estimates.peek(&market.id).copied().unwrap_or_default();
    let totals = exchange.perp_totals.peek(&market.id).copied().unwrap_or_default();
    let (oracle, mark) = (market.price(prices.oracle), market.price(prices.mark));
    println!("Prices     oracle {oracle}, mark {mark}, {} premium samples this hour", estimates.samples);
    // Rates are in 10^-12: a basis point is 10^8 of them.
    let hundredths = estimates.rate.0 / 1_000_000;
    println!(
        "Funding    {}.{:02} bp paid last, of the oracle price",
        hundredths / 100,
        (hundredths % 100).abs()
    );
    println!("Positions  {} shares held long and short by {accounts} accounts", totals.open_interest.0);
}

fn print_tally(tally: &Tally) {
    println!("  accepted   {}", tally.accepted);
    println!("  filled     {} orders traded at once, in {} trades", tally.filled, tally.trades);
    println!("  rejected   {}", tally.rejected.values().sum::<u64>());
    for (rejection, count) in &tally.rejected {
        println!("    {count:>8}  {rejection}");
    }
}

fn book(lockstep: &Lockstep, market: Market) -> Book {
    let orders = &lockstep.chain().tables.exchange.orders;
    let side = |side| {
        let levels = levels(orders, market.id, side, LEVELS_SHOWN);
        levels.iter().map(|shown| level(shown, market)).collect()
    };
    Book { bids: side(Side::Bid), asks: side(Side::Ask) }
}

fn level(level: &tandem_book::Level, market: Market) -> Level {
    let price = market.price(level.price.to_ticks(market.scale));
    Level { price, size: level.size.0.to_string(), orders: level.orders }
}
