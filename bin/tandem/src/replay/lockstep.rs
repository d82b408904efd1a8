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
use crate::genesis_file::ValidatorEntry;
use crate::keys::account_key;
use eyre::{Result, WrapErr, eyre};
use std::time::Instant;
use tandem_book::{Side, levels};
use tandem_exchange::action::Decimal;
use tandem_exchange::perp::PerpGenesis;
use tandem_replay::{Lockstep, Message, RequestKey, Tally, Traders};
use tandem_types::{BlockTime, MarketId, PriceScale};

/// The market of the replay: AAPL/USDC of the developers' chain, whole shares.
const MARKET: MarketId = MarketId(10_002);
const PRICE_SCALE: u8 = 8;
/// When the developers' chain of a replay begins: 2012-06-21, 09:30 in New York.
const START: BlockTime = BlockTime(1_340_285_400_000);

/// Replays with a block every `per_block` messages.
pub(super) fn run(arguments: &Replay, messages: &[Message], per_block: u32) -> Result<()> {
    let traders = traders(arguments.accounts)?;
    let mut genesis = dev::genesis(ValidatorEntry::new(&[1; 32], 1), arguments.accounts).to_genesis()?;
    genesis.time = START;
    genesis.exchange.perps = PerpGenesis::default();
    let identity = tandem_node::identity(&genesis);
    let mut lockstep = Lockstep::new(&genesis, identity).map_err(|error| eyre!("genesis: {error}"))?;

    let (began, mut progress) = (Instant::now(), Progress::new(messages.len()));
    let per_block = usize::try_from(per_block).unwrap_or(1);
    let skipped = lockstep.run(messages, &traders, per_block, |at| progress.show(at.messages));
    progress.end();
    let skipped = skipped.wrap_err("replaying")?;

    let (count, height) = (messages.len(), lockstep.head().height);
    let seconds = figures::seconds(began.elapsed());
    println!("{count} messages in {height} blocks, signing included: {seconds} s");
    print_skipped(skipped);
    print_tally(&lockstep.tally);
    book(&lockstep).print();
    println!("Core root  {}", lockstep.head().core_root);
    Ok(())
}

fn traders(accounts: u32) -> Result<Traders> {
    let key = |index| account_key(&dev::account_seed(index)).map(RequestKey::Secp256k1);
    let keys = (0..accounts).map(key).collect::<Result<_>>()?;
    Traders::new(keys, u32::from(MARKET.0)).ok_or_else(|| eyre!("at least two accounts are needed"))
}

fn print_tally(tally: &Tally) {
    println!("  accepted   {}", tally.accepted);
    println!("  filled     {} orders traded at once, in {} trades", tally.filled, tally.trades);
    println!("  rejected   {}", tally.rejected.values().sum::<u64>());
    for (rejection, count) in &tally.rejected {
        println!("    {count:>8}  {rejection}");
    }
}

fn book(lockstep: &Lockstep) -> Book {
    let orders = &lockstep.chain().tables.exchange.orders;
    let side = |side| levels(orders, MARKET, side, LEVELS_SHOWN).iter().map(level).collect();
    Book { bids: side(Side::Bid), asks: side(Side::Ask) }
}

fn level(level: &tandem_book::Level) -> Level {
    let scale = PriceScale::new(PRICE_SCALE).unwrap_or(PriceScale::UNIT);
    let price = Decimal::new(level.price.to_ticks(scale).0, PRICE_SCALE).unwrap_or_default();
    Level { price: price.to_text(), size: level.size.0.to_string(), orders: level.orders }
}
