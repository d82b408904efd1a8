//! A block's delta: one spelling; its changes are ascending, and each changes something.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::round_trip;
use tandem_state::Delta;

fuzz_target!(|data: &[u8]| {
    let Some(delta) = round_trip::<Delta>(data) else { return };
    assert_eq!(delta.changes().count(), delta.len());
    assert!(delta.changes().is_sorted_by(|one, next| one.key < next.key), "ascending keys: {delta:?}");
    assert!(delta.changes().all(|change| change.old != change.new), "every change changes: {delta:?}");
    let _ = delta.hash();
});
