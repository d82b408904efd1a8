//! What executing blocks costs, without a network: `apply_block` on the state of a large exchange.
//!
//! A proposer makes blocks of a stream of signed actions, and a judge does with each what a validator does with a block
//! from elsewhere, on a state of its own, each part timed by itself:
//!
//! - *decode*: from the bytes of the block's transactions to typed actions;
//! - *signatures*: what `check_block` takes beyond that;
//! - *apply*: `apply_block`, which is admission, matching, margin on both sides, fees, receipts with their events, the
//!   delta, the state root, and comparing all of the header.
//!
//! All run on one core here; a node decodes and verifies at admission, on all cores, and finds the result again by the
//! bytes' hash. The stream: accounts by Zipf's law, markets alike, 45 % post-only orders, 45 % cancels, of which a few
//! come too late, and 10 % that take half of what a maker offers, which meets one and a half makers on average.

mod chain;
mod memory;
mod report;
mod stream;
mod world;

use crate::cli::BenchApply;
use chain::{Judge, Proposer};
use eyre::{Result, ensure, eyre};
use memory::resident;
use report::Report;
use std::thread;
use std::time::Duration;
use stream::{Mix, Stream};
use world::World;

/// Runs `tandem bench-apply`.
pub(crate) fn run(arguments: &BenchApply) -> Result<()> {
    let empty = resident()?;
    println!("making     {} accounts and {} perpetual markets", arguments.accounts, arguments.markets);
    let world = World::new(arguments)?;
    let mut proposer = Proposer::new(&world)?;
    let with_accounts = resident()?;
    let mut stream = Stream::new(arguments);
    println!("filling    the books with {} orders", arguments.resting);
    while proposer.open_orders() < u64::from(arguments.resting) {
        proposer.step(&mut stream, Mix::Fill)?;
    }
    let with_orders = resident()?;
    let mut report = Report::new([empty, with_accounts, with_orders], &proposer);

    let mut judge = Judge::of(&proposer);
    println!(
        "applying   blocks of {} orders until {} s of it are measured",
        arguments.block, arguments.seconds
    );
    let enough = Duration::from_secs(arguments.seconds.into());
    while report.measured() < enough {
        let block = proposer.step(&mut stream, Mix::Trade)?;
        report.add(in_its_thread(|| judge.step(&world, &block))?);
    }
    ensure!(judge.is_at(&proposer), "the judge's state is not the proposer's");
    report.end(&proposer);
    report.print(arguments);
    Ok(())
}

/// Runs the judge where a profiler can tell it from the proposer, who waits.
fn in_its_thread<T: Send>(run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let judge = thread::Builder::new().name("judge".to_owned()).spawn_scoped(scope, run)?;
        judge.join().map_err(|_| eyre!("the judge panicked"))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judge_comes_to_the_proposers_state_and_the_stream_is_what_it_says() {
        let arguments =
            BenchApply { seconds: 1, accounts: 50, markets: 3, resting: 2_000, batch: 4, block: 1_000 };
        let world = World::new(&arguments).unwrap();
        let mut proposer = Proposer::new(&world).unwrap();
        let mut stream = Stream::new(&arguments);
        while proposer.open_orders() < 2_000 {
            proposer.step(&mut stream, Mix::Fill).unwrap();
        }
        let mut judge = Judge::of(&proposer);
        let mut report = Report::new([0; 3], &proposer);
        for _ in 0..12 {
            let block = proposer.step(&mut stream, Mix::Trade).unwrap();
            let step = judge.step(&world, &block).unwrap();
            assert!(judge.is_at(&proposer));
            assert!((980..=1_000).contains(&step.items), "{step:?}");
            // A few meet nobody but themselves.
            assert!((90..=100).contains(&step.takers) && (100..=200).contains(&step.fills), "{step:?}");
            assert!(step.refused < 100, "{step:?}");
            report.add(step);
        }
        assert!(report.measured() > Duration::ZERO);
    }
}
