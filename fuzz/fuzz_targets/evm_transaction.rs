//! A raw Ethereum transaction: what is admitted keeps its bytes, and whoever admits unprotected ones admits it too.
#![no_main]

use alloy_primitives::{Bytes, keccak256};
use libfuzzer_sys::fuzz_target;
use tandem_evm::{Admission, HardFork};
use tandem_testkit::CHAIN_ID;

const ADMISSION: Admission =
    Admission { chain_id: CHAIN_ID.0, hard_fork: HardFork::Osaka, unprotected: false };

fuzz_target!(|data: &[u8]| {
    let unprotected = Admission { unprotected: true, ..ADMISSION };
    let lenient = unprotected.check(Bytes::copy_from_slice(data));
    let Ok(strict) = ADMISSION.check(Bytes::copy_from_slice(data)) else {
        return;
    };
    assert_eq!(strict.raw().as_ref(), data);
    assert_eq!(strict.hash(), keccak256(data));
    let lenient = lenient.expect("leniency refuses nothing");
    assert_eq!((lenient.sender(), lenient.hash()), (strict.sender(), strict.hash()));
});
