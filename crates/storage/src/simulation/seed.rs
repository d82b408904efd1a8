//! A stream of choices from a seed (SplitMix64, Steele, Lea, Flood 2014).

/// Where the choices come from.
#[derive(Clone, Debug)]
pub(super) struct Seed(pub(super) u64);

impl Seed {
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound`, inclusive.
    pub(super) const fn up_to(&mut self, bound: usize) -> usize {
        (self.next() % (bound as u64).saturating_add(1)) as usize
    }

    pub(super) const fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}
