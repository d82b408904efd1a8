//! Where the tree keeps its keys: one buffer of eight-byte units, each key in as few as hold it with its length byte.
//!
//! A key of 23 bytes takes 24. Freed places are chained through their first unit, one chain for each number of units.

use alloc::vec::Vec;

/// Bytes of one unit.
const UNIT: usize = 8;
/// Units of the longest key: 64 bytes and the length.
pub(super) const UNITS_MAX: usize = 9;
/// End of a chain of freed places.
const END: u32 = u32::MAX;

/// Names a key by its first unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyAt(pub(super) u32);

impl KeyAt {
    fn byte(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX).saturating_mul(UNIT)
    }
}

/// The keys of a tree.
#[derive(Clone)]
pub(super) struct Keys {
    units: Vec<[u8; UNIT]>,
    /// For each number of units (less one), the first freed place.
    free: [u32; UNITS_MAX],
}

impl Keys {
    pub(super) const fn new() -> Self {
        Self { units: Vec::new(), free: [END; UNITS_MAX] }
    }

    /// Units in use or free.
    pub(super) const fn units(&self) -> usize {
        self.units.len()
    }

    /// Bytes of memory held.
    pub(super) const fn bytes(&self) -> usize {
        self.units.capacity().saturating_mul(UNIT)
    }

    /// The key at a place that [`Keys::insert`] gave and that was not freed since.
    pub(super) fn key(&self, at: KeyAt) -> &[u8] {
        let record = self.units.as_flattened().get(at.byte()..).unwrap_or_default();
        let Some((len, rest)) = record.split_first() else { return &[] };
        rest.get(..usize::from(*len)).unwrap_or_default()
    }

    /// Stores a key of at most 64 bytes. The caller has checked that the units' numbers do not run out.
    pub(super) fn insert(&mut self, key: &[u8]) -> KeyAt {
        let at = self.take(key.len() / UNIT);
        let record = self.units.as_flattened_mut().get_mut(at.byte()..).unwrap_or_default();
        if let Some((len, rest)) = record.split_first_mut() {
            *len = u8::try_from(key.len()).unwrap_or(u8::MAX);
            for (to, from) in rest.iter_mut().zip(key) {
                *to = *from;
            }
        }
        at
    }

    /// Gives a key's place back.
    pub(super) fn remove(&mut self, at: KeyAt) {
        let class = self.key(at).len() / UNIT;
        let index = usize::try_from(at.0).unwrap_or(usize::MAX);
        if let (Some(head), Some(unit)) = (self.free.get_mut(class), self.units.get_mut(index)) {
            let [a, b, c, d] = head.to_be_bytes();
            *unit = [a, b, c, d, 0, 0, 0, 0];
            *head = at.0;
        }
    }

    /// A place of `class + 1` units: a freed one, or a new one at the end.
    fn take(&mut self, class: usize) -> KeyAt {
        let freed = self.free.get(class).copied().unwrap_or(END);
        let unit = self.units.get(usize::try_from(freed).unwrap_or(usize::MAX)).copied();
        if let (Some([a, b, c, d, ..]), Some(head)) = (unit, self.free.get_mut(class)) {
            *head = u32::from_be_bytes([a, b, c, d]);
            return KeyAt(freed);
        }
        let at = self.units.len();
        grow(&mut self.units, UNITS_MAX);
        self.units.resize(at.saturating_add(class).saturating_add(1), [0; UNIT]);
        KeyAt(u32::try_from(at).unwrap_or(END))
    }
}

/// Makes room for `more` elements. Grows by an eighth, not to the double: the tree is the node's largest structure.
pub(super) fn grow<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity().saturating_sub(list.len()) < more {
        list.reserve_exact(more.max(list.len() / 8));
    }
}
