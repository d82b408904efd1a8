//! Entries by hash, for dense ids and for keys that are hashes already. Never iterated by rules.

use super::Index;
use core::hash::{BuildHasherDefault, Hash, Hasher};

/// A hash index with a fixed hash function: the same on every machine and in the guest.
///
/// Keys that an outsider can grind freely belong in an [`Ordered`](super::Ordered) index instead.
#[derive(Clone, Debug)]
pub struct Hashed<K, V>(hashbrown::HashMap<K, V, BuildHasherDefault<FixedHasher>>);

impl<K, V> Default for Hashed<K, V> {
    fn default() -> Self {
        Self(hashbrown::HashMap::default())
    }
}

impl<K, V> Hashed<K, V> {
    /// Takes everything out and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<K: Eq + Hash, V> Index<K, V> for Hashed<K, V> {
    fn find(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn find_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn for_each(&self, show: &mut dyn FnMut(&K, &V)) {
        self.0.iter().for_each(|(key, value)| show(key, value));
    }
}

/// Multiplies and folds each word of input (the finaliser of wyhash, with its second constant).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FixedHasher(u64);

impl FixedHasher {
    const fn mix(&mut self, word: u64) {
        let product = widen(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xe703_7ed1_a0b4_28db);
        self.0 = low(product) ^ low(product >> 64);
    }
}

#[expect(clippy::as_conversions, reason = "u64 to u128 loses nothing; `From` is not const")]
const fn widen(word: u64) -> u128 {
    word as u128
}

#[expect(clippy::as_conversions, reason = "the low half is what is wanted")]
const fn low(wide: u128) -> u64 {
    wide as u64
}

impl Hasher for FixedHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
            self.mix(word);
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.mix(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.mix(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.mix(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
