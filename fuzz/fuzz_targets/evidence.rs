//! Evidence against a validator: one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_consensus::Evidence;
use tandem_fuzz::round_trip;

fuzz_target!(|data: &[u8]| {
    round_trip::<Evidence>(data);
});
