//! The new side of a block's delta: keys in order, and what each became, in one buffer.
//!
//! A block changes tens of thousands of entries, and keeping each must cost no more than copying its bytes: a list of
//! places in one buffer is searched by halving, and lists that are in order merge without being sorted.

/// Where one entry lies in the buffer: its key, then its value if it was not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    start: usize,
    key: usize,
    value: Option<usize>,
}

/// Changed entries, at most one of each key, in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    buffer: Vec<u8>,
    places: Vec<Place>,
}

impl Changes {
    /// Number of changed entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// About how much memory they take.
    pub(super) const fn bytes(&self) -> usize {
        self.buffer.capacity() + self.places.capacity() * size_of::<Place>()
    }

    /// The entries in order: key, and what it became, `None` if it was removed.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.places.iter().map(|place| (self.key(place), self.value(place)))
    }

    /// What the entry with this key became; `None` if it did not change.
    pub(super) fn find(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let at = self.places.binary_search_by(|place| self.key(place).cmp(key)).ok()?;
        self.places.get(at).map(|place| self.value(place))
    }

    fn key(&self, place: &Place) -> &[u8] {
        self.buffer.get(place.start..place.start + place.key).unwrap_or_default()
    }

    fn value(&self, place: &Place) -> Option<&[u8]> {
        let start = place.start + place.key;
        place.value.and_then(|len| self.buffer.get(start..start + len))
    }

    fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.places.push(Place { start: self.buffer.len(), key: key.len(), value: value.map(<[u8]>::len) });
        self.buffer.extend_from_slice(key);
        self.buffer.extend_from_slice(value.unwrap_or_default());
    }

    /// Brings the entries into order, the last of each key.
    fn arrange(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        if !places.is_sorted_by(|place, next| self.key(place) < self.key(next)) {
            places.reverse();
            places.sort_by(|place, other| self.key(place).cmp(self.key(other)));
            places.dedup_by(|place, kept| self.key(place) == self.key(kept));
        }
        self.places = places;
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(K, Option<V>)> for Changes {
    /// In any order, quickest in the keys' own; of several changes of one key the last counts.
    fn from_iter<I: IntoIterator<Item = (K, Option<V>)>>(entries: I) -> Self {
        let mut changes = Self::default();
        for (key, value) in entries {
            changes.push(key.as_ref(), value.as_ref().map(AsRef::as_ref));
        }
        changes.arrange();
        changes
    }
}

impl PartialEq for Changes {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Changes {}

#[cfg(test)]
mod tests {
    use super::Changes;
    use std::collections::BTreeMap;

    #[test]
    fn they_are_what_a_map_would_hold() {
        let mut seed = 1_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for count in 0..60 {
            let entry = |_| {
                let key = vec![b'k'; usize::try_from(next(6)).unwrap()];
                (key, (next(3) > 0).then(|| next(1_000).to_be_bytes()[6..].to_vec()))
            };
            let entries: Vec<(Vec<u8>, Option<Vec<u8>>)> = (0..count).map(entry).collect();
            let changes: Changes = entries.iter().cloned().collect();
            let map: BTreeMap<_, _> = entries.into_iter().collect();
            assert_eq!(changes.len(), map.len());
            assert!(changes.iter().eq(map.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))));
            for length in 0..7 {
                let key = vec![b'k'; length];
                assert_eq!(changes.find(&key), map.get(&key).map(Option::as_deref));
            }
        }
    }
}
