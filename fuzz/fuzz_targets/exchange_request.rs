//! Requests to act as clients post them: never a panic, an error that is no longer than what it is about, and JSON that
//! says the same gives the same signed action.
//!
//! The modules are taken in by their paths, since the crate around them would bring the whole node along; the error is
//! this target's own.
#![no_main]

#[path = "../../crates/api/src/hex.rs"]
#[allow(dead_code, reason = "the target uses a part of it")]
mod hex;
#[path = "../../crates/api/src/request.rs"]
#[allow(unreachable_pub, reason = "it is public in its own crate")]
mod request;
#[path = "../../crates/api/src/transcode.rs"]
#[allow(dead_code, unreachable_pub, reason = "the target uses a part of it")]
mod transcode;

mod error {
    /// As much of the API's error as a request makes.
    #[derive(Debug, Default)]
    pub struct ApiError {
        pub field: Option<String>,
        pub message: String,
    }

    impl ApiError {
        pub fn field(_code: &'static str, field: impl Into<String>, what: &str) -> Self {
            Self { field: Some(field.into()), message: what.to_owned() }
        }

        pub fn syntax(error: &serde_json::Error) -> Self {
            Self { field: None, message: error.to_string() }
        }
    }
}

use libfuzzer_sys::fuzz_target;
use request::ExchangeRequest;
use serde_json::Value;
use tandem_codec::{Decode, Encode};
use tandem_exchange::action::{Action, SignedAction};

/// What an error says beyond the words of the request.
const OWN_WORDS_MAX: usize = 400;

fuzz_target!(|data: &[u8]| {
    let request = match ExchangeRequest::parse(data) {
        Ok(request) => request,
        Err(error) => {
            let said = error.message.len() + error.field.map_or(0, |field| field.len());
            assert!(said <= OWN_WORDS_MAX + 4 * data.len(), "{} for {} bytes", said, data.len());
            return;
        }
    };
    let bytes = request.signed.to_bytes();
    assert_eq!(
        SignedAction::from_bytes(&bytes).as_ref(),
        Ok(&request.signed),
        "a signed action has one spelling"
    );
    // What is no action may name a field twice, which a JSON value forgets.
    let Ok(action) = Action::decode(&request.signed.action) else { return };
    assert_eq!(action.encode(), request.signed.action, "an action has one spelling");
    // Space means nothing, and neither does how a text is escaped.
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        let again = serde_json::to_vec(&value).expect("what was read can be written");
        let same = ExchangeRequest::parse(&again).expect("what says the same is taken as well");
        assert_eq!((same.signed, same.kind), (request.signed, request.kind));
    }
});
