//! How a table finds its entries in memory. The choice is invisible in roots, deltas and proofs.

mod hashed;
mod ordered;

pub use hashed::Hashed;
pub use ordered::Ordered;

/// A map from keys to values.
pub trait Index<K, V>: Default {
    /// The value at `key`.
    fn find(&self, key: &K) -> Option<&V>;
    /// The value at `key`, to change in place.
    fn find_mut(&mut self, key: &K) -> Option<&mut V>;
    /// Sets the value at `key` and returns the one before.
    fn insert(&mut self, key: K, value: V) -> Option<V>;
    /// Takes the value at `key` out.
    fn remove(&mut self, key: &K) -> Option<V>;
    /// Number of entries.
    fn count(&self) -> usize;
    /// Shows every entry once, in an order of the index's own: for copies, which sort, never for rules.
    fn for_each(&self, show: &mut dyn FnMut(&K, &V));
}

/// A map that can also be walked in the order of its keys.
pub trait OrderedIndex<K, V>: Index<K, V> {
    /// The first entry whose key is at least `from`.
    fn first_from(&self, from: &K) -> Option<(&K, &V)>;
}
