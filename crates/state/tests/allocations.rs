//! Once they have their size, the indexes take no memory per operation.
//!
//! An ordered index may still take a node when it needs more than it ever did, which as good as never happens after
//! a while: hence the long run before counting. The runs are the same each time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tandem_state::index::{Hashed, Index, Ordered, OrderedIndex};

/// Counts what each thread asks of the system's allocator.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ASKED.with(|asked| asked.set(asked.get() + 1));
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
// SAFETY: each call goes to the system's allocator with the caller's arguments, so its guarantees hold. Counting
// neither allocates (the cell is const-initialised and has no destructor) nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller meets the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller meets the contract of `alloc_zeroed`, which is the same here.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the pointer came from `System` by this allocator; the rest is the caller's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` by this allocator; the rest is the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ASKED.with(Cell::get);
    work();
    ASKED.with(Cell::get) - before
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

type Key = (u16, u8, u32, u64);

/// An index of a constant number of entries, one of which leaves as another comes.
struct Steady<I> {
    index: I,
    held: Vec<Key>,
    numbers: Numbers,
    keys: usize,
}

impl<I: Index<Key, [u32; 3]>> Steady<I> {
    fn new(entries: usize, keys: usize) -> Self {
        let mut steady = Self { index: I::default(), held: Vec::new(), numbers: Numbers(0x9e37_79b9), keys };
        while steady.held.len() < entries {
            let key = steady.fresh();
            steady.held.push(key);
        }
        steady
    }

    /// Inserts a key that is not there.
    fn fresh(&mut self) -> Key {
        loop {
            let key = (3, 1, self.numbers.below(self.keys) as u32, 7);
            if self.index.find(&key).is_none() {
                assert!(self.index.insert(key, [1; 3]).is_none());
                return key;
            }
        }
    }

    fn replace(&mut self, times: usize) {
        for _ in 0..times {
            let at = self.numbers.below(self.held.len());
            assert!(self.index.remove(&self.held[at]).is_some());
            self.held[at] = self.fresh();
        }
    }
}

#[test]
fn a_steady_ordered_index_does_not_allocate() {
    for (entries, keys) in [(10, 1_000), (1_000, 1 << 31), (20_000, 40_000), (100_000, 1 << 31)] {
        let mut steady = Steady::<Ordered<Key, [u32; 3]>>::new(entries, keys);
        steady.replace(1_000_000);
        assert_eq!(allocations_of(|| steady.replace(1_000_000)), 0, "{entries} entries");
        assert_eq!(allocations_of(|| assert!(steady.index.first_from(&(3, 0, 0, 0)).is_some())), 0);
    }
}

#[test]
fn an_ordered_index_emptied_and_refilled_does_not_allocate() {
    let mut index = Ordered::<u32, u64>::default();
    let fill =
        |index: &mut Ordered<u32, u64>| (0..50_000).for_each(|key| assert!(index.insert(key, 1).is_none()));
    fill(&mut index);
    let again = allocations_of(|| {
        (0..50_000).for_each(|key| assert!(index.remove(&key).is_some()));
        fill(&mut index);
    });
    assert_eq!(again, 0);
}

#[test]
fn a_steady_hash_index_does_not_allocate() {
    for entries in [10, 1_000, 100_000] {
        let mut steady = Steady::<Hashed<Key, [u32; 3]>>::new(entries, 1 << 31);
        steady.replace(1_000_000);
        assert_eq!(allocations_of(|| steady.replace(1_000_000)), 0, "{entries} entries");
    }
}
