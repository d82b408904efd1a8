//! Backends of the checkpoint on its write pattern: batches of random small updates over 1,000,000 entries.
//!
//! Prints a table: median time, mean processor time and bytes written to the disk per checkpoint, the database's size, and the time to open a copy
//! taken while it was open (what a crash leaves) and to read all of it. The figures of ADR-0003 are from here:
//! `cargo bench -p tandem-storage --bench checkpoint --features bench-fjall,rocksdb`.

use std::{
    borrow::Cow,
    fs,
    ops::ControlFlow,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tandem_storage::{Backend, Files, RealFiles, RedbBackend, Space, StorageError, Write};

const ENTRIES: u64 = 1_000_000;
const CACHE_BYTES: usize = 256 << 20;
/// As in the Core state: an order's key and an account's value.
const KEY_BYTES: usize = 24;
const VALUE_BYTES: usize = 60;
const ROUNDS: usize = 7;

type Open = fn(&Path) -> Result<Box<dyn Backend>, StorageError>;

const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn write(entry: u64, version: u64) -> Write<'static> {
    let mut key = vec![1; KEY_BYTES - 8];
    key.extend_from_slice(&mix(entry).to_be_bytes());
    let value =
        (0..VALUE_BYTES as u64).map(|byte| mix(entry ^ (version << 32) ^ (byte << 20)) as u8).collect();
    Write { space: Space::State, key: Cow::Owned(key), value: Some(Cow::Owned(value)) }
}

/// A sorted batch of `count` random entries, as the overlay gives it.
fn batch(count: u64, version: u64) -> Vec<Write<'static>> {
    let mut writes: Vec<_> = (0..count).map(|n| write(mix(version << 40 | n) % ENTRIES, version)).collect();
    writes.sort_by(|a, b| a.key.cmp(&b.key));
    writes.dedup_by(|a, b| a.key == b.key);
    writes
}

/// Bytes that this process caused to be written to the disk; 0 where the system doesn't say.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok()).unwrap_or_default()
}

fn files(home: &Path) -> Result<Arc<dyn Files>, StorageError> {
    let files = RealFiles::new(home).expect("the directory can be made");
    files.create_dir("checkpoint").expect("the directory can be made");
    Ok(Arc::new(files))
}

fn redb(home: &Path) -> Result<Box<dyn Backend>, StorageError> {
    Ok(Box::new(RedbBackend::open(files(home)?, CACHE_BYTES)?))
}

#[cfg(feature = "rocksdb")]
fn rocksdb(home: &Path) -> Result<Box<dyn Backend>, StorageError> {
    Ok(Box::new(tandem_storage::RocksdbBackend::open(&files(home)?, CACHE_BYTES)?))
}

/// Processor time that all threads of this process used, in ms; 0 where the system doesn't say.
fn processor_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    // In ticks of 10 ms on every Linux there is.
    fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}

/// What was used since it was made, beside the time.
struct Usage {
    start: Instant,
    bytes: u64,
    processor_ms: u64,
}

impl Usage {
    fn begin() -> Self {
        Self { start: Instant::now(), bytes: written(), processor_ms: processor_ms() }
    }

    fn row(&self, name: &str, what: &str) {
        let wall = self.start.elapsed();
        row(name, what, wall, processor_ms() - self.processor_ms, written() - self.bytes);
    }
}

fn row(name: &str, what: &str, time: Duration, processor_ms: u64, bytes: u64) {
    let wall_ms = time.as_secs_f64() * 1e3;
    println!("| {name} | {what} | {wall_ms:.0} | {processor_ms} | {:.1} |", bytes as f64 / 1e6);
}

fn load(name: &str, backend: &dyn Backend) {
    let usage = Usage::begin();
    let mut order: Vec<u64> = (0..ENTRIES).collect();
    order.sort_by_key(|entry| mix(*entry));
    backend.apply(&mut order.into_iter().map(|entry| write(entry, 0))).expect("loads");
    usage.row(name, "load 1,000,000");
}

fn update(name: &str, backend: &dyn Backend, count: u64, version: &mut u64) {
    let mut batches: Vec<_> = (1..=ROUNDS as u64).map(|round| batch(count, *version + round)).collect();
    *version += ROUNDS as u64;
    let usage = Usage::begin();
    let mut times: Vec<_> = batches
        .drain(..)
        .map(|writes| {
            let start = Instant::now();
            backend.apply(&mut writes.into_iter()).expect("applies");
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let rounds = ROUNDS as u64;
    let (bytes, processor_ms) = (written() - usage.bytes, processor_ms() - usage.processor_ms);
    row(name, &format!("checkpoint of {count}"), times[ROUNDS / 2], processor_ms / rounds, bytes / rounds);
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map_or(0, |data| data.len()) };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the directory can be made");
    for entry in fs::read_dir(from).expect("the directory can be read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

fn recover(name: &str, open: Open, home: &Path) {
    let image = tempfile::tempdir().expect("a temporary directory");
    copy(home, image.path());
    let usage = Usage::begin();
    let backend = open(image.path()).expect("opens after a crash");
    let snapshot = backend.snapshot().expect("reads");
    usage.row(name, "open after a crash");
    let (usage, mut entries) = (Usage::begin(), 0);
    let visit = &mut |_: &[u8], _: &[u8]| {
        entries += 1;
        ControlFlow::Continue(())
    };
    snapshot.scan(Space::State, &[], visit).expect("scans");
    assert_eq!(entries, ENTRIES);
    usage.row(name, "read all in order");
}

fn compare(name: &str, open: Open) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let backend = open(home.path()).expect("opens");
    load(name, backend.as_ref());
    let mut version = 0;
    for count in [1_000, 10_000, 100_000] {
        update(name, backend.as_ref(), count, &mut version);
    }
    recover(name, open, home.path());
    row(name, "size", Duration::ZERO, 0, size(home.path()));
}

fn main() {
    println!("| backend | what | ms | processor ms | MB |\n|---|---|---|---|---|");
    compare("redb", redb);
    #[cfg(feature = "bench-fjall")]
    compare("fjall", fjall::open);
    #[cfg(feature = "rocksdb")]
    compare("rocksdb", rocksdb);
}

#[cfg(feature = "bench-fjall")]
#[path = "fjall_backend.rs"]
mod fjall;
