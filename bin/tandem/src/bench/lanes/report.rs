//! The table that a run ends in.

use crate::figures::milliseconds;
use tandem_replay::load::Latencies;

/// The probes, in the order of a phase's cells.
const PROBES: [&str; 4] = ["post-only order", "cancel", "order that may take", "Ethereum transfer"];

/// A probe's latencies in one phase.
#[derive(Debug)]
pub(super) struct Cell {
    latencies: Latencies,
    sent: u64,
}

impl Cell {
    /// Of so many requests, those that a block decided took so long.
    pub(super) const fn new(latencies: Latencies, sent: u64) -> Self {
        Self { latencies, sent }
    }

    fn text(&mut self) -> String {
        let [p50, p99] = self.latencies.percentiles([5_000, 9_900]).map(milliseconds);
        let count = u64::try_from(self.latencies.len()).unwrap_or(u64::MAX);
        let missing = match self.sent.saturating_sub(count) {
            0 => String::new(),
            missing => format!(" ({missing} of {} not decided)", self.sent),
        };
        format!("{p50} / {p99}{missing}")
    }
}

/// What a node counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) blocks: u64,
    pub(super) items: u64,
    pub(super) gas: u64,
    /// Actions waiting.
    pub(super) actions: u64,
    /// Ethereum transactions waiting.
    pub(super) transactions: u64,
}

impl Counters {
    /// What was counted since; of what waits, as much as waits at the end.
    pub(super) const fn since(&self, before: &Self) -> Self {
        Self {
            blocks: self.blocks.saturating_sub(before.blocks),
            items: self.items.saturating_sub(before.items),
            gas: self.gas.saturating_sub(before.gas),
            actions: self.actions,
            transactions: self.transactions,
        }
    }
}

/// A phase.
#[derive(Debug)]
pub(super) struct Column {
    /// What floods.
    pub(super) name: &'static str,
    /// A cell for each probe.
    pub(super) cells: Vec<Cell>,
    /// Of the measured time.
    pub(super) counted: Counters,
    /// How long that was.
    pub(super) seconds: u32,
}

impl Column {
    /// Says that the phase is over.
    pub(super) fn print_progress(&self) {
        let Counters { blocks, items, gas, actions, transactions } = self.counted;
        let each = |count: u64| count / u64::from(self.seconds.max(1));
        println!(
            "flood of {:<22} {:>3} blocks in {} s, {:>7} items/s and {:>8} gas/s decided; {actions} actions and \
             {transactions} Ethereum transactions wait at the end",
            self.name,
            blocks,
            self.seconds,
            each(items),
            each(gas),
        );
    }
}

/// Prints the table: a row for each probe, a column for each flood.
pub(super) fn print(columns: &mut [Column]) {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    println!();
    println!("Latency in ms, p50 / p99, of a steady trickle (rows) beside a flood of (columns):");
    println!();
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for (row, probe) in PROBES.iter().enumerate() {
        let cells: Vec<String> =
            columns.iter_mut().filter_map(|column| column.cells.get_mut(row)).map(Cell::text).collect();
        println!("| {probe} | {} |", cells.join(" | "));
    }
    println!();
    println!(
        "From when each request was due until the answer to what a block decided. An EVM block comes once a second,"
    );
    println!(
        "so a transfer waits for half a second on average. Sender and node share this machine's processors."
    );
}
