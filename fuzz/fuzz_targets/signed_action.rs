//! A signed action as it arrives, and the action in it: each has one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_exchange::action::{Action, SignedAction};
use tandem_fuzz::round_trip;

fuzz_target!(|data: &[u8]| {
    if let Some(signed) = round_trip::<SignedAction>(data)
        && let Ok(action) = Action::decode(&signed.action)
    {
        assert_eq!(action.encode(), signed.action);
    }
});
