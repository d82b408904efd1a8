//! The row of a table that a run ends in.

use super::tally::Tally;
use crate::cli::Bench;
use crate::figures::{SHARES, milliseconds, seconds};
use std::time::Duration;

/// A run.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// What was asked for.
    pub(super) arguments: &'a Bench,
    /// From the first request's instant to the last answer.
    pub(super) elapsed: Duration,
    /// Blocks in that time.
    pub(super) blocks: u64,
    /// Entries of the state that those blocks changed, each once a block.
    pub(super) leaves: u64,
    /// Bytes that the node wrote for those blocks.
    pub(super) bytes: u64,
}

impl Row<'_> {
    /// Prints the row below its head, and what was refused below it.
    pub(super) fn print(&self, mut tally: Tally) {
        let Bench { scheme, batch, signers, rate, mix, .. } = self.arguments;
        let refused: u64 = tally.refused.values().sum();
        let [p50, p90, p99, p999, max] = tally.latencies.percentiles(SHARES).map(milliseconds);
        let (placed, cancelled) = (self.per_second(tally.placed), self.per_second(tally.done));
        println!();
        println!(
            "| scheme | batch | signers | mix | target/s | orders/s | cancels/s | refused | p50 ms | p90 | p99 | p99.9 | max | blocks |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        println!(
            "| {scheme} | {batch} | {signers} | {mix} | {rate} | {placed} | {cancelled} | {refused} | {p50} | {p90} | {p99} | \
             {p999} | {max} | {} |",
            self.blocks
        );
        println!();
        let [late, latest] = tally.late.percentiles([9_900, 10_000]).map(milliseconds);
        println!(
            "{} of {} orders and cancels accepted in {} s; latencies are of {} requests, from when each was due until \
             the answer to what a block decided",
            tally.placed + tally.done,
            tally.sent,
            seconds(self.elapsed),
            tally.latencies.len()
        );
        println!("sent late  99% by at most {late} ms, all by at most {latest} ms (within the latencies)");
        let accepted = tally.placed + tally.done;
        println!(
            "written    {} leaves and {} bytes for each accepted order or cancel (block, certificate, receipts and \
             delta; the block once more before the vote)",
            ratio(self.leaves, accepted),
            ratio(self.bytes, accepted)
        );
        for (reason, count) in &tally.refused {
            println!("refused    {count:>8}  {reason}");
        }
    }

    /// So many in the whole time, for each second of it.
    fn per_second(&self, count: u64) -> u128 {
        u128::from(count) * 1_000 / self.elapsed.as_millis().max(1)
    }
}

/// A quotient with one decimal.
fn ratio(count: u64, of: u64) -> String {
    let tenths = u128::from(count) * 10 / u128::from(of.max(1));
    format!("{}.{}", tenths / 10, tenths % 10)
}
