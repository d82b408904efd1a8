//! Nanoseconds per operation of the ordered index against the standard library's map, in one run.
//!
//! Envelope: a block of 20,000 orders has 5 µs for each, of which matching may take 0.2 µs; that is an insertion, a
//! removal and two or three lookups. So at 1,000 entries near the best price: insertion with removal 60 ns, best order
//! 15 ns, lookup 12 ns. `cargo bench -p tandem-state --bench index`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tandem_state::index::{Index, Ordered, OrderedIndex};

/// Counts the bytes that are held.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
// SAFETY: each call goes to the system's allocator with the caller's arguments, so its guarantees hold.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller meets the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `System` by this allocator; the rest is the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An order's key: market, side, price rank, sequence.
trait Key: Copy + Ord {
    const NAME: &str;
    fn new(market: u16, side: u8, price: u32, sequence: u64) -> Self;
}

/// Compared field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fields {
    market: u16,
    side: u8,
    price: u32,
    sequence: u64,
}

impl Key for Fields {
    const NAME: &str = "key of four fields, compared one by one";

    fn new(market: u16, side: u8, price: u32, sequence: u64) -> Self {
        Self { market, side, price, sequence }
    }
}

/// The same in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number(u128);

impl Key for Number {
    const NAME: &str = "key of one number of 128 bits";

    fn new(market: u16, side: u8, price: u32, sequence: u64) -> Self {
        let level = (u64::from(market) << 40) | (u64::from(side) << 32) | u64::from(price);
        Self((u128::from(level) << 64) | u128::from(sequence))
    }
}

/// A resting order of twelve bytes.
type Order = [u32; 3];

/// The plain map, as an index.
struct Plain<K>(BTreeMap<K, Order>);

impl<K> Default for Plain<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Index<K, Order> for Plain<K> {
    fn find(&self, key: &K) -> Option<&Order> {
        self.0.get(key)
    }

    fn find_mut(&mut self, key: &K) -> Option<&mut Order> {
        self.0.get_mut(key)
    }

    fn insert(&mut self, key: K, value: Order) -> Option<Order> {
        self.0.insert(key, value)
    }

    fn remove(&mut self, key: &K) -> Option<Order> {
        self.0.remove(key)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn for_each(&self, show: &mut dyn FnMut(&K, &Order)) {
        self.0.iter().for_each(|(key, value)| show(key, value));
    }
}

impl<K: Ord> OrderedIndex<K, Order> for Plain<K> {
    fn first_from(&self, from: &K) -> Option<(&K, &Order)> {
        self.0.range(from..).next()
    }
}

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    const fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// A filled index, the keys in it, and the seed of new ones.
struct Bench<K, I> {
    index: I,
    keys: Vec<K>,
    numbers: Numbers,
    sequence: u64,
    /// Distinct prices per side and market.
    prices: usize,
    markets: usize,
    bytes: usize,
}

const ROUNDS: usize = 2_000_000;
/// Work is prepared in lots outside the measured time.
const LOT: usize = 1_000;

impl<K: Key, I: OrderedIndex<K, Order>> Bench<K, I> {
    /// One market at 1,000 entries, more above; about eight orders at a price.
    fn new(entries: usize) -> Self {
        let markets = (entries / 10_000).clamp(1, 100);
        let prices = (entries / markets / 16).max(1);
        let numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let keys = Vec::with_capacity(entries);
        let mut bench = Self { index: I::default(), keys, numbers, sequence: 0, prices, markets, bytes: 0 };
        let before = HELD.load(Ordering::Relaxed);
        while bench.keys.len() < entries {
            let key = bench.fresh();
            bench.index.insert(key, [1; 3]);
            bench.keys.push(key);
        }
        bench.bytes = HELD.load(Ordering::Relaxed) - before;
        bench
    }

    fn fresh(&mut self) -> K {
        self.sequence += 1;
        let market = self.numbers.below(self.markets) as u16;
        let side = self.numbers.below(2) as u8;
        K::new(market, side, self.numbers.below(self.prices) as u32, self.sequence)
    }

    /// Nanoseconds per item of `work`, whose items `prepare` makes: the median lot, as other programs run too.
    fn time<T>(&mut self, prepare: impl Fn(&mut Self) -> T, work: impl Fn(&mut I, &T)) -> f64 {
        let mut lots: Vec<u128> = (0..ROUNDS / LOT).map(|_| self.lot(&prepare, &work)).collect();
        lots.sort_unstable();
        lots[lots.len() / 2] as f64 / LOT as f64
    }

    fn lot<T>(&mut self, prepare: &impl Fn(&mut Self) -> T, work: &impl Fn(&mut I, &T)) -> u128 {
        let items: Vec<T> = (0..LOT).map(|_| prepare(self)).collect();
        let start = Instant::now();
        items.iter().for_each(|item| work(&mut self.index, item));
        start.elapsed().as_nanos()
    }

    fn held(&mut self) -> K {
        let at = self.numbers.below(self.keys.len());
        self.keys[at]
    }

    fn best(&mut self) -> K {
        let market = self.numbers.below(self.markets) as u16;
        K::new(market, self.numbers.below(2) as u8, 0, 0)
    }

    /// A held key to take out and a new one to put in.
    fn swap(&mut self, prices: usize) -> (K, K) {
        let at = self.numbers.below(self.keys.len());
        let every = std::mem::replace(&mut self.prices, prices);
        let new = self.fresh();
        self.prices = every;
        (std::mem::replace(&mut self.keys[at], new), new)
    }

    fn run(&mut self) -> Vec<(&'static str, f64)> {
        let payload = size_of::<K>() + size_of::<Order>();
        let filled = self.bytes as f64 / self.keys.len() as f64 / payload as f64;
        vec![
            ("bytes held / payload", filled),
            (
                "find, random",
                self.time(Self::held, |index, key| assert!(black_box(index.find(key)).is_some())),
            ),
            (
                "first_from, best of a side",
                self.time(Self::best, |index, key| assert!(black_box(index.first_from(key)).is_some())),
            ),
            (
                "first_from, random",
                self.time(Self::fresh, |index, key| {
                    black_box(index.first_from(key));
                }),
            ),
            (
                "find_mut",
                self.time(Self::held, |index, key| {
                    if let Some([_, _, size]) = index.find_mut(key) {
                        *size = size.wrapping_add(1);
                    }
                }),
            ),
            ("insert and remove, random", self.time(|bench| bench.swap(bench.prices), replace)),
            ("insert and remove, near best", self.time(|bench| bench.swap(8), replace)),
        ]
    }
}

fn replace<K: Copy, I: Index<K, Order>>(index: &mut I, (old, new): &(K, K)) {
    index.insert(*new, [2; 3]);
    index.remove(old);
}

fn compare<K: Key>() {
    println!("\n{:40}{:>10}{:>12}{:>12}", K::NAME, "entries", "Ordered", "BTreeMap");
    for entries in
        [1_000, 100_000, 1_000_000].into_iter().take(std::env::var("N").map_or(3, |n| n.parse().unwrap()))
    {
        let ours = Bench::<K, Ordered<K, Order>>::new(entries).run();
        let plain = Bench::<K, Plain<K>>::new(entries).run();
        for ((name, ours), (_, plain)) in ours.into_iter().zip(plain) {
            println!("{name:40}{entries:>10}{ours:>12.2}{plain:>12.2}");
        }
    }
}

fn main() {
    compare::<Number>();
    compare::<Fields>();
}
