//! States and batches on which the tree is measured: the same in the bench, which takes time, and in the test that
//! keeps the deterministic costs.
//!
//! | load | entries | a batch |
//! |---|---|---|
//! | `plain` | four accounts (100 bytes) to one resting order (32 bytes, near its market's price) | 2 of 5 new orders, 2 of 5 removed, 1 of 5 accounts changed |
//! | `prices` | orders at prices that make a chain of nodes for each update: 200 book sides, all 32 bits of the rank | the deepest order of each chain |
//! | `ids` | hashed ids for which an attacker tried 2^48 inputs: a chain down to bit 48 for each update | the deepest id of each chain |

use std::collections::BTreeMap;
use tandem_state::tree::{Query, Tree, Update};

/// Bits of a 16-byte hash that an attacker can choose: trying 2^48 inputs takes rented hardware some hours.
const GROUND_BITS: u32 = 48;
const BOOK_SIDES: u32 = 200;
const MARKETS: u64 = 50;
/// Ranks above or below a market's middle where plain orders rest.
const BOOK_RANKS: u64 = 2_000;

const ACCOUNTS: [u8; 2] = [1, 1];
const ORDERS: [u8; 2] = [1, 2];
const IDS: [u8; 2] = [1, 3];

/// Which load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Trading as usual.
    Plain,
    /// Prices chosen to be deep.
    Prices,
    /// Hashed ids chosen to be deep.
    Ids,
}

/// Entries by key, each with the number of changes that made its value.
type Versions = BTreeMap<Vec<u8>, u32>;

/// One change: key and new value or removal.
type Change = (Vec<u8>, Option<Vec<u8>>);

/// A state under a load, with its tree.
#[derive(Debug)]
pub(crate) struct World {
    /// The tree over all entries.
    pub(crate) tree: Tree,
    load: Load,
    random: Random,
    versions: Versions,
    orders: Vec<Vec<u8>>,
    deep: Vec<Vec<u8>>,
    sequence: u64,
}

impl World {
    /// A state of `entries` entries, made for batches of `batch`.
    pub(crate) fn new(load: Load, entries: usize, batch: usize) -> Self {
        let mut world = Self {
            tree: Tree::new(),
            load,
            random: Random(7),
            versions: Versions::new(),
            orders: Vec::new(),
            deep: Vec::new(),
            sequence: 0,
        };
        match load {
            Load::Plain => world.rest_orders(entries / 5),
            Load::Prices => world.chain(batch, BOOK_SIDES, 32, price_key),
            Load::Ids => world.chain(batch, 1, GROUND_BITS, |_, bits| id_key(bits << (64 - GROUND_BITS))),
        }
        world.fill_accounts(entries);
        let all: Vec<_> = world.versions.keys().map(|key| (key.clone(), Some(value(key, 0)))).collect();
        for part in all.chunks(10_000) {
            world.tree.apply(&updates(part)).expect("entries are in order");
        }
        world
    }

    fn rest_orders(&mut self, count: usize) {
        for _ in 0..count {
            let key = self.new_order();
            self.versions.insert(key.clone(), 0);
            self.orders.push(key);
        }
    }

    fn new_order(&mut self) -> Vec<u8> {
        self.sequence += 1;
        let (market, side) = (self.random.below(MARKETS), self.random.below(2));
        let distance = self.random.below(BOOK_RANKS).min(self.random.below(BOOK_RANKS));
        let middle = 100_000 + market * 5_000;
        let rank = if side == 0 { middle - distance } else { middle + distance };
        order_key(market, side as u8, rank, self.sequence)
    }

    /// Entries in chains, one for each of `chains` updates: below the bits that number the chains of a group, one entry
    /// parts from the chain at every bit down to `bits`.
    fn chain(&mut self, chains: usize, groups: u32, bits: u32, key: impl Fn(u64, u64) -> Vec<u8>) {
        let each = chains.div_ceil(groups as usize) as u64;
        let numbering = each.next_power_of_two().trailing_zeros();
        for group in 0..u64::from(groups) {
            for chain in 0..each {
                let top = chain << (bits - numbering);
                self.deep.push(key(group, top));
                let beside = (0..bits - numbering).map(|bit| key(group, top | 1 << bit));
                self.versions.extend(beside.map(|key| (key, 0)));
            }
        }
        self.versions.extend(self.deep.iter().map(|key| (key.clone(), 0)));
    }

    fn fill_accounts(&mut self, entries: usize) {
        let count = entries.saturating_sub(self.versions.len()) as u64;
        self.versions.extend((0..count).map(|id| (account_key(id), 0)));
    }

    /// The next batch, in the order of its keys.
    pub(crate) fn batch(&mut self, size: usize) -> Vec<Change> {
        let changed: Vec<(Vec<u8>, bool)> = match self.load {
            Load::Plain => self.plain_batch(size),
            Load::Prices | Load::Ids => self.deep.iter().take(size).map(|key| (key.clone(), true)).collect(),
        };
        let mut changes: BTreeMap<_, _> = BTreeMap::new();
        for (key, stays) in changed {
            let next = self.versions.get(&key).map_or(0, |version| version + 1);
            changes.insert(key.clone(), stays.then(|| value(&key, next)));
        }
        changes.into_iter().collect()
    }

    fn plain_batch(&mut self, size: usize) -> Vec<(Vec<u8>, bool)> {
        let accounts = (self.versions.len() - self.orders.len()) as u64;
        let mut changed = Vec::with_capacity(size);
        for number in 0..size {
            match number % 5 {
                0 | 1 => changed.push((self.new_order(), true)),
                2 | 3 => {
                    let at = self.random.below(self.orders.len() as u64) as usize;
                    changed.push((self.orders.swap_remove(at), false));
                }
                _ => changed.push((account_key(self.random.below(accounts)), true)),
            }
        }
        let new = changed.iter().filter(|(key, stays)| *stays && key.starts_with(&ORDERS));
        self.orders.extend(new.map(|(key, _)| key.clone()));
        changed
    }

    /// The proof that lets a batch be applied to a partial tree.
    pub(crate) fn witness(&self, batch: &[Change]) -> Vec<u8> {
        let query = Query::new(batch.iter().map(|(key, _)| key.as_slice()), []);
        let value_of = |key: &[u8]| self.versions.get(key).map(|version| value(key, *version).into());
        self.tree.prove(&query, value_of).expect("the versions are those of the tree")
    }

    /// Takes note of a batch that was applied.
    pub(crate) fn note(&mut self, batch: &[Change]) {
        for (key, value) in batch {
            match value {
                Some(_) => {
                    self.versions.entry(key.clone()).and_modify(|version| *version += 1).or_insert(0);
                }
                None => drop(self.versions.remove(key)),
            }
        }
    }
}

/// A batch as the tree takes it.
pub(crate) fn updates(batch: &[Change]) -> Vec<Update<'_>> {
    batch.iter().map(|(key, value)| Update { key, value: value.as_deref() }).collect()
}

/// `engine ‖ table ‖ account`: 10 bytes.
fn account_key(id: u64) -> Vec<u8> {
    [&ACCOUNTS[..], &id.to_be_bytes()].concat()
}

/// `engine ‖ table ‖ market u32 ‖ side u8 ‖ rank u64 ‖ sequence u64`: 23 bytes.
fn order_key(market: u64, side: u8, rank: u64, sequence: u64) -> Vec<u8> {
    let market = &market.to_be_bytes()[4..];
    [&ORDERS[..], market, &[side], &rank.to_be_bytes(), &sequence.to_be_bytes()].concat()
}

/// The order of an attacker on one of the book sides, at a rank of 32 bits.
fn price_key(book_side: u64, rank: u64) -> Vec<u8> {
    order_key(book_side / 2, (book_side % 2) as u8, rank, rank)
}

/// `engine ‖ table ‖ hash`: 18 bytes. The bits that an attacker can't choose are zero, which changes no depth.
fn id_key(first_bits: u64) -> Vec<u8> {
    [&IDS[..], &first_bits.to_be_bytes(), &[0; 8]].concat()
}

/// The value of an entry after so many changes: 100 bytes for accounts, 32 for others.
fn value(key: &[u8], version: u32) -> Vec<u8> {
    let seed = key.iter().fold(u64::from(version), |hash, byte| hash.rotate_left(9) ^ u64::from(*byte));
    let mut random = Random(seed);
    let len = if key.starts_with(&ACCOUNTS) { 100 } else { 32 };
    (0..len).map(|_| random.below(256) as u8).collect()
}

/// SplitMix64.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % end
    }
}
