//! Whether a flood leaves others' latency as it was.
//!
//! Four *probes* run in every phase, thin and steady streams of accounts of their own: post-only orders, cancels, orders
//! that may take, and Ethereum transfers. In the first phase they are alone; in each other one a *flood* runs beside
//! them, which asks for more than its lane can do, so that what waits piles up: one for each class of exchange actions,
//! and one of Ethereum transactions. The latencies of a probe in two phases differ by what the flood does to it.
//!
//! Everything is signed before its phase begins. A flood's items are refused by the rules at once, but cost as much of a
//! block's work, or gas, as if they were not: what fills up are the node's budgets, with as little of the machine's time
//! as possible, for the sender runs on the same machine.

mod ethereum;
mod report;
mod streams;

use super::{LEAD, Open};
use crate::cli::BenchLanes;
use crate::client::{Health, Node};
use ethereum::Endpoint;
use eyre::{Result, WrapErr, bail, eyre};
use report::{Cell, Column};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use tandem_exchange::action::Class;
use tandem_replay::load::{Latencies, Schedule};

/// How long a flood runs before latencies are measured.
const WARM_UP: Duration = Duration::from_secs(5);
/// How long after the last request of a probe its answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a flood's leavings may take to be decided.
const DRAIN: Duration = Duration::from_secs(120);

/// What runs beside the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flood {
    Nothing,
    Actions(Class),
    Ethereum,
}

/// The last one leaves a full lane behind, which takes minutes to empty.
const PHASES: [(&str, Flood); 5] = [
    ("nothing", Flood::Nothing),
    ("post-only orders", Flood::Actions(Class::Neutral)),
    ("cancels", Flood::Actions(Class::Cancels)),
    ("orders that may take", Flood::Actions(Class::MayTake)),
    ("Ethereum transactions", Flood::Ethereum),
];

/// Runs `tandem bench-lanes`.
pub(crate) fn run(arguments: &BenchLanes) -> Result<()> {
    let node = Node::parse(&arguments.url)?;
    let endpoint = Endpoint::parse(&arguments.rpc_url)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().wrap_err("starting threads")?;
    let mut columns = Vec::new();
    for (name, flood) in PHASES {
        let phase = Phase { node: &node, endpoint: &endpoint, arguments, flood };
        let column = runtime.block_on(phase.run(name)).wrap_err_with(|| format!("flood of {name}"))?;
        column.print_progress();
        columns.push(column);
    }
    report::print(&mut columns);
    Ok(())
}

/// The probes beside one flood.
#[derive(Debug)]
struct Phase<'a> {
    node: &'a Node,
    endpoint: &'a Endpoint,
    arguments: &'a BenchLanes,
    flood: Flood,
}

impl Phase<'_> {
    async fn run(&self, name: &'static str) -> Result<Column> {
        let health = self.node.health()?;
        let seconds = self.arguments.seconds;
        let warm_up = if self.flood == Flood::Nothing { Duration::ZERO } else { WARM_UP };
        let mut probes = Vec::new();
        for class in Class::ALL {
            probes.push(self.open(streams::probe(class, seconds, &health)?, streams::PROBE_RATE).await?);
        }
        let transfers = ethereum::Probe::prepare(self.endpoint, seconds).await?;
        let total = seconds + u32::try_from(warm_up.as_secs()).unwrap_or(0);
        let flood = self.start_flood(total, &health).await?;

        let start = Instant::now() + LEAD + warm_up;
        let probes: Vec<_> =
            probes.into_iter().map(|probe| tokio::spawn(probe.drive(start, PATIENCE))).collect();
        let transfers = tokio::spawn(transfers.run(start, PATIENCE));
        tokio::time::sleep_until(start.into()).await;
        let before = self.counters()?;
        tokio::time::sleep_until((start + Duration::from_secs(seconds.into())).into()).await;
        let after = self.counters()?;

        let mut cells = Vec::new();
        for probe in probes {
            let tally = probe.await.wrap_err("a probe")??;
            cells.push(Cell::new(tally.latencies, tally.sent));
        }
        let (latencies, sent): (Latencies, u64) = transfers.await.wrap_err("a probe")??;
        cells.push(Cell::new(latencies, sent));
        flood.abort();
        if self.flood != Flood::Ethereum {
            self.drain().await?;
        }
        Ok(Column { name, cells, counted: after.since(&before), seconds })
    }

    async fn open(&self, requests: super::Requests, rate: u32) -> Result<Open> {
        let rate = NonZeroU32::new(rate).ok_or_else(|| eyre!("zero is not enough"))?;
        let schedule = Schedule::new(rate, NonZeroU32::MIN);
        Open::connect(self.node, requests, schedule).await
    }

    /// Starts the flood; what becomes of its requests doesn't matter.
    async fn start_flood(
        &self,
        seconds: u32,
        health: &Health,
    ) -> Result<tokio::task::JoinHandle<Result<()>>> {
        let percent = self.arguments.flood;
        Ok(match self.flood {
            Flood::Nothing => tokio::spawn(async { Ok(()) }),
            Flood::Actions(class) => {
                let rate = streams::flood_rate(class) * percent / 100;
                let open = self.open(streams::flood(class, u64::from(rate * seconds), health)?, rate).await?;
                tokio::spawn(async move { open.drive(Instant::now() + LEAD, DRAIN).await.map(drop) })
            }
            Flood::Ethereum => {
                let rate = ethereum::FLOOD_RATE * percent / 100;
                let flood = ethereum::Flood::prepare(self.endpoint, rate * seconds).await?;
                // The lane fills up before anything is measured.
                flood.fill().await?.start(rate)
            }
        })
    }

    fn counters(&self) -> Result<report::Counters> {
        let names = ["chain_height_blocks", "chain_items_total", "chain_evm_gas_total"];
        let waiting = ["pool_actions_count", "pool_evm_transactions_count"];
        let ([blocks, items, gas], [actions, transactions]) =
            (self.node.metrics(names)?, self.node.metrics(waiting)?);
        Ok(report::Counters { blocks, items, gas, actions, transactions })
    }

    /// Waits until no action waits.
    async fn drain(&self) -> Result<()> {
        let end = Instant::now() + DRAIN;
        while self.counters()?.actions > 0 {
            if Instant::now() > end {
                bail!("what the flood has left is not decided after {} s", DRAIN.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}
