//! A validator set: one spelling, whatever the powers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_consensus::ValidatorSet;
use tandem_fuzz::round_trip;

fuzz_target!(|data: &[u8]| {
    round_trip::<ValidatorSet>(data);
});
