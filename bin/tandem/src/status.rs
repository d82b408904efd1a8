//! One quiet line that says how the node is doing.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tandem_node::NodeHandle;

const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    items: u64,
    gas: u64,
}

impl Sample {
    fn of(node: &NodeHandle) -> Self {
        let metrics = node.metrics();
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Self { at: Instant::now(), items: read(&metrics.items), gas: read(&metrics.evm_gas) }
    }

    fn per_second(self, before: Self) -> (u64, u64) {
        let ms = u64::try_from((self.at - before.at).as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = |now: u64, then: u64| (now - then) * 1_000 / ms;
        (rate(self.items, before.items), rate(self.gas, before.gas))
    }
}

/// Prints the line every second, on a terminal only.
pub(crate) async fn print(node: NodeHandle) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    let mut before = Sample::of(&node);
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        let now = Sample::of(&node);
        let (orders, gas) = now.per_second(before);
        before = now;
        let height = node.metrics().height.load(Ordering::Relaxed);
        let (actions, evm) = node.pool().len();
        print!("\rheight {height}   {orders} orders/s   {gas} EVM gas/s   waiting {actions} + {evm}\x1b[K");
        // A terminal that is gone takes no line.
        drop(std::io::stdout().flush());
    }
}

/// Ends the line.
pub(crate) fn clear() {
    if std::io::stdout().is_terminal() {
        println!();
    }
}
