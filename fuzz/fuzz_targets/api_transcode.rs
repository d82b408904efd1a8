//! JSON of clients to msgpack: never a panic, and an action that comes of it has that msgpack as its one spelling.
//!
//! The module is taken in by its path, since the crate around it would bring the whole node along.
#![no_main]

#[path = "../../crates/api/src/transcode.rs"]
#[allow(dead_code, reason = "the target uses one function of it")]
mod transcode;

use libfuzzer_sys::fuzz_target;
use tandem_exchange::action::Action;

fuzz_target!(|data: &[u8]| {
    let Ok(packed) = transcode::transcode(data) else { return };
    if let Ok(action) = Action::decode(&packed) {
        assert_eq!(action.encode(), packed);
    }
});
