//! How long things took.

use std::time::Duration;

/// Latencies in microseconds: all of them, so that percentiles are exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    micros: Vec<u32>,
}

impl Latencies {
    /// Adds one; beyond an hour counts as the longest there is.
    pub fn record(&mut self, latency: Duration) {
        self.micros.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds those of another.
    pub fn append(&mut self, mut other: Self) {
        self.micros.append(&mut other.micros);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.micros.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.micros.is_empty()
    }

    /// The least latency that so many of each ten thousand do not exceed (nearest rank), for each of `per_ten_thousand`;
    /// zeros if there are none.
    #[must_use]
    pub fn percentiles<const N: usize>(&mut self, per_ten_thousand: [u32; N]) -> [Duration; N] {
        self.micros.sort_unstable();
        per_ten_thousand.map(|share| {
            let rank = (self.micros.len() as u128 * u128::from(share)).div_ceil(10_000).max(1);
            let at = usize::try_from(rank - 1).unwrap_or(usize::MAX).min(self.micros.len().saturating_sub(1));
            Duration::from_micros(self.micros.get(at).copied().unwrap_or(0).into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        micros.into_iter().for_each(|micros| latencies.record(Duration::from_micros(micros)));
        latencies
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let shares = [0, 5_000, 9_000, 9_900, 9_990, 10_000];
        let rows = [
            (of([]), [0, 0, 0, 0, 0, 0]),
            (of([7]), [7, 7, 7, 7, 7, 7]),
            (of([3, 1, 2]), [1, 2, 3, 3, 3, 3]),
            (of((1..=1_000).rev()), [1, 500, 900, 990, 999, 1_000]),
            (of([u64::from(u32::MAX) + 5]), [u64::from(u32::MAX); 6]),
        ];
        for (mut latencies, micros) in rows {
            assert_eq!(latencies.percentiles(shares), micros.map(Duration::from_micros));
        }
    }

    #[test]
    fn appending_is_as_recording_both() {
        let mut both = of([1, 2]);
        both.append(of([3]));
        assert_eq!((both.len(), both), (3, of([1, 2, 3])));
    }
}
