//! A chain's genesis: one spelling; it is refused or it makes a chain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::round_trip;
use tandem_stf::Genesis;

fuzz_target!(|data: &[u8]| {
    if let Some(genesis) = round_trip::<Genesis>(data)
        && let Ok((chain, header)) = genesis.chain()
    {
        assert_eq!(chain.core_root(), header.core_root);
    }
});
