//! A receipt of one action: one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_exchange::Receipt;
use tandem_fuzz::round_trip;

fuzz_target!(|data: &[u8]| {
    round_trip::<Receipt>(data);
});
