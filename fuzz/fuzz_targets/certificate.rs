//! Certificates of decided blocks: one spelling; what was made of its parts is the same certificate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_consensus::Certificate;
use tandem_fuzz::round_trip;

fuzz_target!(|data: &[u8]| {
    if let Some(certificate) = round_trip::<Certificate>(data) {
        let (height, round, block) = (certificate.height(), certificate.round(), certificate.block());
        let mut signatures = certificate.signatures().to_vec();
        signatures.reverse();
        assert_eq!(Certificate::new(height, round, block, signatures), certificate);
    }
});
