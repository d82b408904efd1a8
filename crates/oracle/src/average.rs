//! The time-weighted average of a signed sample, with exponential decay in fixed point.
//!
//! `num ← num e^(-t/τ) + sample t`, `den ← den e^(-t/τ) + t`; the average is `num / den`. τ is 150 s; an average with τ of
//! 30 s decays as if five times as long had passed.
//!
//! Errors. [`decay`] multiplies at most 23 tabulated factors, each within 2^-65 of its value, and rounds each product
//! down by less than 2^-64: together below 2^-58. Numerator and denominator carry 32 fractional bits and are rounded
//! toward zero once a step. So the average differs from the real-valued one by less than `2^-30 max |sample| + 2^-20`
//! ticks, which the tests hold against floating point.

use tandem_types::PriceTicks;

/// The greatest weight of one sample, in milliseconds, however long ago the one before was.
pub const WEIGHT_MS_MAX: u64 = 10_000;

const FRACTION_BITS: u32 = 32;
const ONE: u128 = 1 << 64;

/// `e^(-2^k ms / 150 s)` in units of 2^-64, to the nearest.
const FACTORS: [u64; 23] = [
    0xffff_9026_faea_3f75,
    0xffff_204e_26b2_694c,
    0xfffe_409d_10dc_26bc,
    0xfffc_813d_2f92_f2d2,
    0xfff9_0286_967b_219f,
    0xfff2_053e_09a0_699d,
    0xffe4_0b3f_8093_4118,
    0xffc8_198c_8bc0_e6c6,
    0xff90_3f4d_ec91_699c,
    0xff20_af64_849b_4623,
    0xfe42_2196_9179_1150,
    0xfc87_4bbc_1eb7_6ad8,
    0xf91a_a49b_5349_4409,
    0xf264_d6fc_0168_d22f,
    0xe582_ce2d_1c15_91b4,
    0xcdc3_47b2_c01b_bdba,
    0xa562_55ca_9611_bb7d,
    0x6ad7_e85c_f14d_e93c,
    0x2c97_8285_16da_6d1f,
    0x07c4_6e88_fb67_7b96,
    0x003c_54c4_ef3a_a090,
    0x0000_0e37_d861_f7f9,
    0x0000_0000_00ca_27d9,
];

/// `e^(-ms / 150 s)` in units of 2^-64, from 2^64 down to zero.
#[must_use]
pub fn decay(ms: u64) -> u128 {
    if ms >> FACTORS.len() != 0 {
        return 0; // Below e^-55, less than half a unit.
    }
    let bits = FACTORS.iter().enumerate().filter(|(bit, _)| (ms >> bit) & 1 == 1);
    bits.fold(ONE, |product, (_, factor)| product.saturating_mul(u128::from(*factor)) >> 64)
}

/// `value × factor / 2^64`, toward zero, for a factor of at most 2^64.
fn scale(value: i128, factor: u128) -> i128 {
    let magnitude = value.unsigned_abs();
    let (high, low) = (magnitude >> 64, magnitude & (ONE.saturating_sub(1)));
    let scaled = high.saturating_mul(factor).saturating_add(low.saturating_mul(factor) >> 64);
    let scaled = i128::try_from(scaled).unwrap_or(i128::MAX);
    if value < 0 { scaled.saturating_neg() } else { scaled }
}

/// How fast an average forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Time constant of 150 seconds.
    Long,
    /// Time constant of 30 seconds.
    Short,
}

/// A time-weighted average of samples in ticks.
///
/// | field | unit | bytes |
/// |---|---|---|
/// | numerator | 2^-32 tick milliseconds | 16 |
/// | denominator | 2^-32 milliseconds | 16 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Average {
    numerator: i128,
    denominator: i128,
}
tandem_codec::record!(Average { numerator, denominator });

impl Average {
    /// Takes in a sample, `ms` after the one before.
    pub fn push(&mut self, sample_ticks: i64, ms: u64, memory: Memory) {
        let factor = decay(match memory {
            Memory::Long => ms,
            Memory::Short => ms.saturating_mul(5),
        });
        let weight = i128::from(ms.clamp(1, WEIGHT_MS_MAX)) << FRACTION_BITS;
        self.numerator =
            scale(self.numerator, factor).saturating_add(weight.saturating_mul(i128::from(sample_ticks)));
        self.denominator = scale(self.denominator, factor).saturating_add(weight);
    }

    /// The average to the nearest tick, halves away from zero; `None` before the first sample.
    #[must_use]
    pub fn ticks(&self) -> Option<i64> {
        let half = self.denominator.checked_div(2)?;
        let away = if self.numerator < 0 { half.saturating_neg() } else { half };
        let ticks = self.numerator.saturating_add(away).checked_div(self.denominator)?;
        i64::try_from(ticks).ok()
    }

    /// As a price.
    #[must_use]
    pub fn price(&self) -> Option<PriceTicks> {
        self.ticks().and_then(|ticks| u64::try_from(ticks).ok()).map(PriceTicks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: f64 = 18_446_744_073_709_551_616.0;

    fn real_decay(ms: u64, tau_ms: f64) -> f64 {
        (-(ms as f64) / tau_ms).exp()
    }

    #[test]
    fn each_factor_is_the_square_of_the_one_before() {
        for pair in FACTORS.windows(2) {
            let square = (u128::from(pair[0]) * u128::from(pair[0]) + (1 << 63)) >> 64;
            assert!(square.abs_diff(u128::from(pair[1])) <= 2, "{pair:x?}");
        }
    }

    #[test]
    fn the_first_factor_is_its_series() {
        // e^-x = 1 - x + x²/2 - x³/6 + … with x = 1/150000, in units of 2^-100: the next term is below one unit.
        let one = 1i128 << 100;
        let (x, mut term, mut sum) = (150_000i128, one, one);
        for n in 1..=6 {
            term = -term / (x * n);
            sum += term;
        }
        assert_eq!((sum + (1 << 35)) >> 36, i128::from(FACTORS[0]));
    }

    #[test]
    fn nothing_decays_in_no_time_and_everything_in_hours() {
        assert_eq!(decay(0), ONE);
        assert_eq!(decay(1 << 23), 0);
        assert_eq!(decay(u64::MAX), 0);
    }

    #[test]
    fn before_the_first_sample_there_is_none_and_the_first_is_the_average() {
        let mut average = Average::default();
        assert_eq!(average.ticks(), None);
        average.push(-17, 0, Memory::Long);
        assert_eq!(average.ticks(), Some(-17));
    }

    #[test]
    fn halves_round_away_from_zero() {
        for (first, second, rounded) in [(1, 2, 2), (-1, -2, -2), (-1, 2, 1), (1, -2, -1)] {
            let average = Average { numerator: first + second, denominator: 2 };
            assert_eq!(average.ticks(), Some(rounded));
        }
    }

    proptest! {
        #[test]
        fn decay_is_within_its_bound(ms in 0u64..1 << 23) {
            // The reference itself is exact to 2^-53 of its value only.
            let (ours, real) = (decay(ms) as f64 / UNIT, real_decay(ms, 150_000.0));
            prop_assert!((ours - real).abs() < 2f64.powi(-51), "{ours} {real}");
            prop_assert!(decay(ms + 1) <= decay(ms));
        }

        #[test]
        fn the_average_is_within_its_bound(
            samples in proptest::collection::vec((-(1i64 << 47)..1 << 47, 1u64..5_000), 1..300),
            short: bool,
        ) {
            let (memory, tau) = if short { (Memory::Short, 30_000.0) } else { (Memory::Long, 150_000.0) };
            let (mut average, mut num, mut den, mut greatest) = (Average::default(), 0f64, 0f64, 0f64);
            for (sample, ms) in samples {
                average.push(sample, ms, memory);
                num = num * real_decay(ms, tau) + sample as f64 * ms as f64;
                den = den * real_decay(ms, tau) + ms as f64;
                greatest = greatest.max((sample as f64).abs());
            }
            let error = average.ticks().unwrap() as f64 - num / den;
            prop_assert!(error.abs() <= 0.5 + greatest * 2f64.powi(-30) + 2f64.powi(-20), "{error}");
        }

        #[test]
        fn the_average_lies_between_its_samples(
            samples in proptest::collection::vec((-1_000_000i64..1_000_000, 0u64..100_000), 1..50),
        ) {
            let mut average = Average::default();
            samples.iter().for_each(|(sample, ms)| average.push(*sample, *ms, Memory::Long));
            let of = |pick: fn(i64, i64) -> i64| samples.iter().map(|(sample, _)| *sample).reduce(pick).unwrap();
            let ticks = average.ticks().unwrap();
            prop_assert!(of(i64::min) <= ticks && ticks <= of(i64::max));
        }

        #[test]
        fn no_sample_and_no_time_panic(samples in proptest::collection::vec((any::<i64>(), any::<u64>()), 0..20)) {
            let mut average = Average::default();
            samples.iter().for_each(|(sample, ms)| average.push(*sample, *ms, Memory::Short));
            prop_assert!(average.price().is_none() || average.ticks().is_some());
        }
    }
}
