//! The table that a run ends in.

use super::chain::{Proposer, Step};
use crate::cli::BenchApply;
use std::time::Duration;

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Report {
    empty: u64,
    with_accounts: u64,
    with_orders: u64,
    open_before: u64,
    open_after: u64,
    entries: u64,
    steps: Vec<Step>,
}

impl Report {
    /// Before the first block that counts; resident bytes before anything was made, with all accounts, and with all orders.
    pub(super) fn new(resident: [u64; 3], proposer: &Proposer<'_>) -> Self {
        let [empty, with_accounts, with_orders] = resident;
        let open_before = proposer.open_orders();
        Self { empty, with_accounts, with_orders, open_before, ..Self::default() }
    }

    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn end(&mut self, proposer: &Proposer<'_>) {
        self.open_after = proposer.open_orders();
        let positions = proposer.chain().tables.exchange.positions.len();
        self.entries = u64::try_from(positions).unwrap_or(0);
    }

    /// Time spent in `apply_block`.
    pub(super) fn measured(&self) -> Duration {
        self.sum(|step| step.apply)
    }

    fn sum(&self, of: impl Fn(&Step) -> Duration) -> Duration {
        self.steps.iter().map(of).sum()
    }

    fn count(&self, of: impl Fn(&Step) -> u64) -> u64 {
        self.steps.iter().map(of).sum()
    }

    pub(super) fn print(&self, arguments: &BenchApply) {
        let items = self.count(|step| step.items);
        let (decode, check, apply) =
            (self.sum(|step| step.decode), self.sum(|step| step.check), self.sum(|step| step.apply));
        println!();
        println!("| one core | batch | µs an order | orders/s | p50 ms a block | p99 |");
        println!("|---|---|---|---|---|---|");
        let row = |name: &str, time: Duration, of: &dyn Fn(&Step) -> Duration| {
            let mut blocks: Vec<Duration> = self.steps.iter().map(of).collect();
            blocks.sort_unstable();
            let at = |percent: usize| {
                blocks.get(blocks.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
            };
            println!(
                "| {name} | {} | {} | {} | {} | {} |",
                arguments.batch,
                hundredths(time.as_nanos(), u128::from(items) * 1_000),
                u128::from(items) * 1_000_000_000 / time.as_nanos().max(1),
                hundredths(at(50).as_micros(), 1_000),
                hundredths(at(99).as_micros(), 1_000),
            );
        };
        row("decode", decode, &|step| step.decode);
        row("signatures", check.saturating_sub(decode), &|step| step.check.saturating_sub(step.decode));
        row("apply", apply, &|step| step.apply);
        row("decode and apply", decode + apply, &|step| step.decode + step.apply);
        println!();
        self.print_stream(items);
        self.print_memory(arguments);
    }

    fn print_stream(&self, items: u64) {
        let takers = self.count(|step| step.takers);
        println!(
            "{items} orders and cancels in {} blocks, all roots equal; {} % refused, {} % took, with {} fills each; \
             {} bytes, {} events and {} changed entries an order; books went from {} to {} orders",
            self.steps.len(),
            hundredths(u128::from(self.count(|step| step.refused)) * 100, items.into()),
            hundredths(u128::from(takers) * 100, items.into()),
            hundredths(self.count(|step| step.fills).into(), takers.into()),
            hundredths(self.count(|step| step.bytes).into(), items.into()),
            hundredths(self.count(|step| step.events).into(), items.into()),
            hundredths(self.count(|step| step.leaves).into(), items.into()),
            self.open_before,
            self.open_after,
        );
    }

    fn print_memory(&self, arguments: &BenchApply) {
        let (accounts, orders) = (
            self.with_accounts.saturating_sub(self.empty),
            self.with_orders.saturating_sub(self.with_accounts),
        );
        println!(
            "memory     one copy of the state with its trees, and the stream's own notes: {} MiB; {} bytes an account, \
             {} bytes an open order ({} positions at the end)",
            (accounts + orders) >> 20,
            accounts / u64::from(arguments.accounts.max(1)),
            orders / self.open_before.max(1),
            self.entries,
        );
    }
}

/// A quotient with two decimals.
fn hundredths(count: u128, of: u128) -> String {
    let quotient = count * 100 / of.max(1);
    format!("{}.{:02}", quotient / 100, quotient % 100)
}
