//! All receipts of a block, those of the EVM included: one spelling, and one root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::round_trip;
use tandem_stf::BlockReceipts;

fuzz_target!(|data: &[u8]| {
    if let Some(receipts) = round_trip::<BlockReceipts>(data) {
        let _ = receipts.root();
    }
});
