//! Time and memory of the state tree; the deterministic costs are kept by `tests/tree_costs.rs`.
//!
//! Of a block's 100 ms, tree and roots may take some 10: at 10,000 updates a block, 1 µs an update on one core. An update
//! costs about 6.5 compressions of some 50 ns: 0.3 µs; the rest is fetching nodes from memory.
//!
//! Times are of this thread on its core (Linux), so that a busy machine disturbs them less; "hashed" is the share that
//! the bare compressions would take, the measure to compare machines by.
//!
//! `cargo bench -p tandem-state --bench tree -- [entries] [rounds]`

mod workload;

use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use tandem_state::tree::{PartialTree, Tree, Update};
use workload::{Load, World, updates};

const ENTRIES: usize = 1_000_000;
const ROUNDS: usize = 30;

fn main() {
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let entries = numbers.next().unwrap_or(ENTRIES);
    let rounds = numbers.next().unwrap_or(ROUNDS);
    let compression = compression_ns();
    println!("one compression: {compression:.1} ns; {entries} entries, {rounds} batches");
    println!("load    batch  updates/s  ns/update  hashed  compr/update  witness B/update  bytes/entry");
    for (load, size) in [
        (Load::Plain, 1_000),
        (Load::Plain, 10_000),
        (Load::Plain, 50_000),
        (Load::Prices, 1_000),
        (Load::Prices, 10_000),
        (Load::Ids, 1_000),
        (Load::Ids, 10_000),
    ] {
        row(load, entries, size, rounds, compression);
    }
}

/// One line of the table.
fn row(load: Load, entries: usize, size: usize, rounds: usize, compression: f64) {
    let mut world = World::new(load, entries, size);
    let before = world.tree.compressions();
    let (mut time, mut count) = (0.0, 0.0);
    for _ in 0..rounds {
        let batch = world.batch(size);
        let updates = updates(&batch);
        time += timed(|| world.tree.apply(&updates).expect("batches are in order"));
        count += updates.len() as f64;
        world.note(&batch);
    }
    let compressions = (world.tree.compressions() - before) as f64 / count;
    let batch = world.batch(size);
    let witness = world.witness(&batch);
    println!(
        "{:<6} {size:>6}  {:>8.2}M  {:>9.0}  {:>5.0}%  {compressions:>12.2}  {:>16.0}  {:>11.0}",
        format!("{load:?}").to_lowercase(),
        1e3 * count / time,
        time / count,
        100.0 * compressions * compression * count / time,
        witness.len() as f64 / batch.len() as f64,
        world.tree.memory_bytes() as f64 / world.tree.len() as f64,
    );
    stateless(&world.tree, &witness, &updates(&batch));
}

/// The same batch on a partial tree.
fn stateless(tree: &Tree, witness: &[u8], updates: &[Update<'_>]) {
    let mut partial = None;
    let verify = timed(|| partial = PartialTree::from_proof(tree.root(), witness).ok());
    let mut partial = partial.expect("the proof is of this tree");
    let apply = timed(|| partial.apply(updates).expect("the proof covers the batch"));
    let count = updates.len() as f64;
    println!(
        "        on the witness: verify {:.0} + apply {:.0} ns/update, {:.2} compr/update",
        verify / count,
        apply / count,
        partial.compressions() as f64 / count,
    );
}

/// Nanoseconds that this thread was running during `work`.
fn timed(work: impl FnOnce()) -> f64 {
    let start = on_core_ns();
    work();
    on_core_ns() - start
}

/// Nanoseconds that this thread was running so far, by the kernel's account.
fn on_core_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    1e9 * time.tv_sec as f64 + time.tv_nsec as f64
}

/// What the machine takes for one compression when nothing else is to be done.
fn compression_ns() -> f64 {
    const COUNT: u32 = 4_000_000;
    let (mut state, half) = ([1; 8], [2; 8]);
    let time = timed(|| {
        for _ in 0..COUNT {
            tandem_crypto::compress_words(&mut state, black_box(&half), &half);
        }
    });
    black_box(state);
    time / f64::from(COUNT)
}
