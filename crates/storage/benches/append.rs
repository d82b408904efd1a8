//! What it costs to make a block durable on this machine's disk: one append and one sync.
//!
//! A block of 100,000 bytes every 100 ms is the budget (DESIGN §12). Prints a table of percentiles, of appends one
//! after the other, without and with checkpoints being written in the background.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tandem_storage::{BlockRecord, Config, Effects, RealFiles, Store, UndecidedBlock};
use tandem_types::{BlockId, Height, Round};

const BLOCKS: u64 = 400;

fn record(height: u64, bytes: usize) -> BlockRecord {
    BlockRecord {
        height: Height(height),
        id: BlockId([height as u8; 32]),
        block: vec![height as u8; bytes],
        certificate: vec![1; 400],
        receipts: vec![2; 200],
        delta: vec![3; 200],
    }
}

fn undecided(height: u64, bytes: usize) -> UndecidedBlock {
    UndecidedBlock {
        height: Height(height),
        round: Round(0),
        id: BlockId([height as u8; 32]),
        block: vec![height as u8; bytes],
        note: Vec::new(),
    }
}

/// Spread over the key space, so that every change meets another page of the database.
fn effects(height: u64, changes: u64) -> Effects {
    let change = |n: u64| {
        let key = (height * changes + n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        (key, Some([n as u8; 60]))
    };
    Effects { changes: (0..changes).map(change).collect(), ..Effects::default() }
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |part: usize| times[(times.len() - 1) * part / 1_000].as_secs_f64() * 1e3;
    println!("| {what} | {:.2} | {:.2} | {:.2} |", ms(500), ms(990), ms(1_000));
}

fn measure(bytes: usize, changes: u64) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let files = Arc::new(RealFiles::new(home.path()).expect("the directory opens"));
    let config = Config { checkpoint_interval: 20, ..Config::new([5; 16]) };
    let (store, _) = Store::open(files, config).expect("opens");
    store.initialise(Height(0), Effects::default()).expect("initialises");
    let (mut puts, mut appends, mut stages) = (Vec::new(), Vec::new(), Vec::new());
    for height in 1..=BLOCKS {
        let (proposed, decided, changed) =
            (undecided(height, bytes), record(height, bytes), effects(height, changes));
        let start = Instant::now();
        store.put_undecided(&proposed).expect("writes");
        puts.push(start.elapsed());
        let start = Instant::now();
        store.append(&decided).expect("writes");
        appends.push(start.elapsed());
        let start = Instant::now();
        store.stage(Height(height), changed).expect("stages");
        stages.push(start.elapsed());
    }
    row(&format!("undecided, {bytes} bytes, {changes} changes"), puts);
    row(&format!("append, {bytes} bytes, {changes} changes"), appends);
    row(&format!("stage, {bytes} bytes, {changes} changes"), stages);
}

fn main() {
    println!("| what | p50 ms | p99 ms | max ms |\n|---|---|---|---|");
    measure(1_000, 0);
    measure(100_000, 0);
    measure(100_000, 1_000);
    measure(1_000_000, 10_000);
}
