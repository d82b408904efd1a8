//! A block's bytes: one spelling, and a bound on what is allocated for it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::round_trip;
use tandem_types::Block;

fuzz_target!(|data: &[u8]| {
    round_trip::<Block>(data);
});
