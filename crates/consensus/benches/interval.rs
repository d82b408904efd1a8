//! Intervals between decisions, in wall time, for one and for four validators in one process.
//!
//! What to expect: the block time of 100 ms plus at most a few, as long as a height's latency (proposal, execution,
//! two votes, some five syncs of files) stays below it. The rules' execution is not in it: blocks are filler.

#[path = "../tests/consensus/chain.rs"]
mod chain;
#[path = "../tests/consensus/node.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod node;
#[path = "../tests/consensus/wal.rs"]
mod wal;

use node::{Setup, addresses, rules};
use std::time::Instant;

/// Heights measured, after as many as a tenth to warm up.
const HEIGHTS: u64 = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("consensus/interval                 p50 ms   p90 ms   p99 ms   max ms   rounds > 0");
    for (validators, filler) in [(1, 0), (1, 500_000), (4, 0), (4, 100_000), (4, 500_000)] {
        runtime.block_on(measure(validators, filler));
    }
}

async fn measure(validators: u8, filler: usize) {
    let addresses = addresses(validators);
    let mut rules = rules(validators);
    rules.filler = filler;
    let mut nodes = Vec::new();
    let setups: Vec<_> = (0..validators).map(|index| Setup::new(index, rules.clone(), &addresses)).collect();
    for setup in &setups {
        nodes.push(setup.start().await);
    }
    nodes[0].reaches(HEIGHTS / 10).await;
    let mut intervals = Vec::new();
    let mut last = Instant::now();
    for height in nodes[0].height().0 + 1..=HEIGHTS {
        nodes[0].reaches(height).await;
        intervals.push(last.elapsed().as_micros());
        last = Instant::now();
    }
    // The first one began between two decisions.
    intervals.remove(0);
    intervals.sort_unstable();
    let log = nodes[0].log.clone();
    for node in nodes {
        node.stop().await;
    }
    let late =
        log.lock().unwrap().decided.values().filter(|(_, _, certificate)| certificate.round().0 > 0).count();
    let at = |per_cent: usize| intervals[(intervals.len() - 1) * per_cent / 100] as f64 / 1000.0;
    println!(
        "validators={validators} bytes={filler:<7}            {:8.1} {:8.1} {:8.1} {:8.1} {late:8}",
        at(50),
        at(90),
        at(99),
        at(100)
    );
}
