//! A witness of arbitrary bytes: one spelling; on a chain's genesis it opens or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tandem_fuzz::round_trip;
use tandem_stf::Witness;
use tandem_testkit::Harness;
use tandem_types::Header;

static PARENT: LazyLock<Header> = LazyLock::new(|| Harness::default().parent);

fuzz_target!(|data: &[u8]| {
    if let Some(witness) = round_trip::<Witness>(data) {
        let _ = witness.open(&PARENT);
    }
});
