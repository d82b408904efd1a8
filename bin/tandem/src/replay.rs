//! Replays recorded order flow and says what became of it.

use crate::cli::Replay;
use crate::dev;
use crate::genesis_file::ValidatorEntry;
use crate::keys::account_key;
use eyre::{Result, WrapErr, eyre};
use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;
use tandem_book::{Level, Side, levels};
use tandem_replay::{Lockstep, Tally, Traders, read_messages};
use tandem_types::{BlockTime, MarketId, PriceScale};

/// The market of the replay: AAPL/USDC of the developers' chain, whole shares.
const MARKET: MarketId = MarketId(10_002);
const PRICE_SCALE: u8 = 8;
/// When the developers' chain of a replay begins: 2012-06-21, 09:30 in New York.
const START: BlockTime = BlockTime(1_340_285_400_000);
const LEVELS_SHOWN: usize = 5;

/// Runs `tandem replay`.
pub(crate) fn run(arguments: &Replay) -> Result<()> {
    let file =
        File::open(&arguments.file).wrap_err_with(|| format!("opening {}", arguments.file.display()))?;
    let mut messages = read_messages(file).wrap_err_with(|| arguments.file.display().to_string())?;
    messages.truncate(arguments.messages.unwrap_or(usize::MAX));
    let keys =
        (0..arguments.accounts).map(|index| account_key(&dev::account_seed(index))).collect::<Result<_>>()?;
    let traders =
        Traders::new(keys, u32::from(MARKET.0)).ok_or_else(|| eyre!("at least two accounts are needed"))?;
    let mut genesis = dev::genesis(ValidatorEntry::new(&[1; 32], 1), arguments.accounts).to_genesis()?;
    genesis.time = START;
    let identity = tandem_node::identity(&genesis);
    let mut lockstep = Lockstep::new(&genesis, identity).map_err(|error| eyre!("genesis: {error}"))?;

    let began = Instant::now();
    let per_block = usize::try_from(arguments.lockstep).unwrap_or(1);
    let skipped = lockstep
        .run(&messages, &traders, per_block, |progress| show_progress(progress.messages, messages.len()))
        .wrap_err("replaying")?;
    let seconds_tenths = (began.elapsed().as_millis() / 100).max(1);
    end_progress();

    println!(
        "{} messages in {} blocks, signing included: {}.{} s",
        messages.len(),
        lockstep.head().height,
        seconds_tenths / 10,
        seconds_tenths % 10
    );
    println!(
        "  skipped    {} about orders from before the file, {} of hidden orders",
        skipped.unknown, skipped.hidden
    );
    print_tally(&lockstep.tally);
    print_book(&lockstep);
    println!("Core root  {}", lockstep.head().core_root);
    Ok(())
}

fn show_progress(done: usize, all: usize) {
    const STEP: usize = 1_000;
    if std::io::stderr().is_terminal() && (done % STEP < 100 || done == all) {
        let filled = (done * 40).checked_div(all).unwrap_or(40);
        eprint!("\r[{:<40}] {done} of {all}", "#".repeat(filled));
        drop(std::io::stderr().flush());
    }
}

fn end_progress() {
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
}

fn print_tally(tally: &Tally) {
    println!("  accepted   {}", tally.accepted);
    println!("  filled     {} orders traded at once, in {} trades", tally.filled, tally.trades);
    println!("  rejected   {}", tally.rejected.values().sum::<u64>());
    for (rejection, count) in &tally.rejected {
        println!("    {count:>8}  {rejection}");
    }
}

fn print_book(lockstep: &Lockstep) {
    let orders = &lockstep.chain().tables.exchange.orders;
    let side = |side| levels(orders, MARKET, side, LEVELS_SHOWN);
    println!("Book       {:>12} {:>8} {:>7}", "price", "shares", "orders");
    side(Side::Ask).iter().rev().for_each(|level| print_level("ask", level));
    side(Side::Bid).iter().for_each(|level| print_level("bid", level));
}

fn print_level(side: &str, level: &Level) {
    let scale = PriceScale::new(PRICE_SCALE).unwrap_or(PriceScale::UNIT);
    let cents = level.price.to_ticks(scale).0 / 1_000_000;
    println!("  {side}      {:>9}.{:02} {:>8} {:>7}", cents / 100, cents % 100, level.size.0, level.orders);
}
