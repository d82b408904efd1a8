//! A header's bytes: one spelling, which is what its id is the hash of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::round_trip;
use tandem_stf::block_id;
use tandem_types::Header;

fuzz_target!(|data: &[u8]| {
    if let Some(header) = round_trip::<Header>(data) {
        let _ = block_id(&header);
    }
});
