//! Measures a running node in an open loop, through the API that everybody uses.
//!
//! Every request is signed before the first is sent. Each is due at an instant of its own, whatever became of those before
//! it, and its latency counts from that instant to the answer, which says what a block decided: a node that falls behind
//! pays for the wait of everyone behind it.

pub(crate) mod apply;
pub(crate) mod lanes;
mod prepare;
mod report;
mod socket;
mod tally;

use crate::cli::Bench;
use crate::client::{Node, Stream, connect};
use eyre::{Result, WrapErr, bail, eyre};
use prepare::{Requests, Signers};
use report::Row;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use tally::Tally;
use tandem_exchange::action::AssetId;
use tandem_replay::load::{Plan, Schedule};
use tokio::task::JoinSet;

/// AAPL/USDC of a developer's chain: whole shares.
const ASSET: AssetId = AssetId(10_002);
/// Between connecting and the first request.
const LEAD: Duration = Duration::from_millis(200);
/// How long after the last request its answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How fast agents are approved, each second.
const APPROVALS_PER_SECOND: u32 = 1_000;

/// Runs `tandem bench`.
pub(crate) fn run(arguments: &Bench) -> Result<()> {
    let node = Node::parse(&arguments.url)?;
    let before = node.health()?;
    let number = |value| NonZeroU32::new(value).ok_or_else(|| eyre!("zero is not enough"));
    let plan = Plan {
        asset: ASSET,
        signers: number(arguments.signers)?,
        batch: number(arguments.batch)?,
        mix: arguments.mix.into(),
        run: crate::home::now_ms(),
    };
    let schedule = Schedule::new(number(arguments.rate)?, plan.batch);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().wrap_err("starting threads")?;
    let connections = arguments.connections.min(arguments.signers);

    let signers = Signers::new(arguments.scheme, arguments.signers)?;
    if let Some(approvals) = signers.approvals(&before, connections)? {
        let schedule = Schedule::new(number(APPROVALS_PER_SECOND)?, number(1)?);
        let (tally, _) = runtime.block_on(drive(&node, approvals, schedule))?;
        check_approvals(&tally, arguments.signers)?;
        println!("approved   {} agents with ed25519 keys, one for each account", arguments.signers);
    }
    let began = Instant::now();
    let requests = signers.requests(&plan, schedule.requests(arguments.seconds), &before, connections)?;
    let mib = requests.bytes >> 20;
    println!(
        "signed     {} requests ({mib} MiB) in {} s, before the run: their signing is no part of what is measured",
        requests.count,
        began.elapsed().as_secs()
    );
    println!(
        "sending    over {connections} connections for {} s, each request when it is due",
        arguments.seconds
    );
    let (before, written_before) = (node.health()?, node.written()?);
    let (tally, elapsed) = runtime.block_on(drive(&node, requests, schedule))?;
    let (after, written) = (node.health()?, node.written()?);
    let row = Row {
        arguments,
        elapsed: elapsed.max(Duration::from_secs(arguments.seconds.into())),
        blocks: after.height.saturating_sub(before.height),
        leaves: written.leaves.saturating_sub(written_before.leaves),
        bytes: written.bytes.saturating_sub(written_before.bytes),
    };
    row.print(tally);
    Ok(())
}

fn check_approvals(tally: &Tally, expected: u32) -> Result<()> {
    if tally.done == u64::from(expected) {
        return Ok(());
    }
    let reasons: Vec<String> =
        tally.refused.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
    bail!("{} of {expected} agents approved; {}", tally.done, reasons.join(", "))
}

/// Sends the requests as they are due and hears the answers; how long it took, from the first instant to the last answer.
async fn drive(node: &Node, requests: Requests, schedule: Schedule) -> Result<(Tally, Duration)> {
    let open = Open::connect(node, requests, schedule).await?;
    let start = Instant::now() + LEAD;
    let all = open.drive(start, PATIENCE).await?;
    let end = all.last_answer.unwrap_or(start);
    Ok((all, end.saturating_duration_since(start)))
}

/// Requests and the connections that they go over.
#[derive(Debug)]
struct Open {
    streams: Vec<Stream>,
    requests: Requests,
    schedule: Schedule,
}

impl Open {
    async fn connect(node: &Node, requests: Requests, schedule: Schedule) -> Result<Self> {
        let mut streams = Vec::new();
        for _ in &requests.queues {
            streams.push(connect(node).await?);
        }
        Ok(Self { streams, requests, schedule })
    }

    /// Sends the requests as they are due from `start` on, and hears the answers until `patience` after the last is due.
    async fn drive(self, start: Instant, patience: Duration) -> Result<Tally> {
        let Self { streams, requests, schedule } = self;
        let deadline = start + schedule.due(requests.count) + patience;
        let mut tasks = JoinSet::new();
        for (stream, queue) in streams.into_iter().zip(requests.queues) {
            let client = socket::Client::new(stream, queue, schedule, start, requests.items);
            tasks.spawn(client.run(deadline));
        }
        let mut all = Tally::default();
        while let Some(tally) = tasks.join_next().await {
            all.append(tally.wrap_err("a connection's task")?);
        }
        Ok(all)
    }
}
