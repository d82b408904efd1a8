//! Bits of keys, counted from the most significant bit of the first byte.
//!
//! Keys are read as if zeros followed them. As no key of the tree is a prefix of another, this never makes two of them
//! equal; it only gives every comparison an answer.

use core::cmp::Ordering;

/// Bits in `bytes`. Keys have at most 64 bytes, so that this fits.
pub(super) fn bits_of(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).saturating_mul(8)
}

/// Bit number `at` of `key`.
pub(super) fn bit(key: &[u8], at: u16) -> bool {
    let byte = key.get(usize::from(at >> 3)).copied().unwrap_or(0);
    byte & (0x80 >> (at & 7)) != 0
}

/// The first bits of a key, as far as they are known: all of them for a leaf, fewer for a pruned subtree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'a> {
    bytes: &'a [u8],
    bits: u16,
}

impl<'a> Path<'a> {
    /// A path of the first `bits` bits of `bytes`.
    pub(super) const fn new(bytes: &'a [u8], bits: u16) -> Self {
        Self { bytes, bits }
    }

    /// The path that is a whole key.
    pub(super) fn whole(key: &'a [u8]) -> Self {
        Self { bytes: key, bits: bits_of(key) }
    }

    /// How many bits are known.
    pub(super) const fn bits(self) -> u16 {
        self.bits
    }

    /// Bit number `at`, which must be among the known.
    pub(super) fn bit(self, at: u16) -> bool {
        bit(self.bytes, at)
    }

    /// The first known bit in which `key` differs; [`Path::bits`] if there is none. The two are known to agree in
    /// the bytes before bit `from`.
    pub(super) fn divergence(self, key: &[u8], from: u16) -> u16 {
        let start = usize::from(from >> 3);
        let (ours, theirs) = (self.bytes.get(start..), key.get(start..));
        let theirs = theirs.unwrap_or_default().iter().chain(core::iter::repeat(&0));
        let mut at = from & !7;
        for (a, b) in ours.unwrap_or_default().iter().zip(theirs) {
            let differing = a ^ b;
            if differing != 0 {
                let within = u16::try_from(differing.leading_zeros()).unwrap_or(0);
                return at.saturating_add(within).min(self.bits);
            }
            at = at.saturating_add(8);
        }
        self.bits
    }

    /// Where the keys on side `side` of a node branching at bit `at`, whose keys all begin as this path does, lie
    /// against `key`: `Less` if all come before, `Greater` if all come after, `Equal` if `key` lies among them.
    pub(super) fn side_against(self, at: u16, side: bool, key: &[u8]) -> Ordering {
        let parts = self.divergence(key, 0);
        if parts < at { order(bit(key, parts)) } else { side.cmp(&bit(key, at)) }
    }

    /// Where the keys that begin as this path does lie against `key`, as in [`Path::side_against`].
    pub(super) fn against(self, key: &[u8]) -> Ordering {
        let parts = self.divergence(key, 0);
        if parts < self.bits { order(bit(key, parts)) } else { Ordering::Equal }
    }
}

/// Where a path lies against a key that differs first in a bit where the key has `bit`.
const fn order(bit: bool) -> Ordering {
    if bit { Ordering::Less } else { Ordering::Greater }
}
