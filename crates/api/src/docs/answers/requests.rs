//! What is answered to what is no question: to actions, and about the server's health.

use crate::docs::words::{address, decimal, integer, list, object, one_of, reference, text, word, words};
use serde_json::{Value, json};

/// What `/exchange` answers with status 200.
pub(in crate::docs) fn exchange() -> Value {
    let statuses = object(&[("statuses", list(reference("ItemStatus")))]);
    let done = object(&[("type", words(&["order", "cancel", "default"])), ("data", statuses)]);
    let default = object(&[("type", word("default"))]);
    let made = object(&[("type", words(&["createSubAccount", "createVault"])), ("data", address())]);
    one_of(&[
        json!({ "title": "ok", "oneOf": [
            object(&[("status", word("ok")), ("response", one_of(&[done, default, made]))]),
        ] }),
        // An action that a block refused as a whole, or that the exchange does not admit.
        json!({ "title": "err", "oneOf": [
            object(&[("status", word("err")), ("response", text()), ("error", object(&[("code", integer())]))]),
            reference("Error"),
        ] }),
    ])
}

/// How one order, cancel or the like of an action ended.
pub(in crate::docs) fn item_status() -> Value {
    let mut resting = object(&[("oid", integer())]);
    // Only where some of it was filled at once.
    resting["properties"]["filledSz"] = decimal();
    one_of(&[
        word("success"),
        object(&[("resting", resting)]),
        object(&[("filled", object(&[("totalSz", decimal()), ("avgPx", decimal()), ("oid", integer())]))]),
        object(&[("error", text()), ("code", integer())]),
    ])
}

/// What `/health` answers, well or not.
pub(in crate::docs) fn health() -> Value {
    object(&[
        ("status", words(&["ok", "stalled"])),
        ("height", integer()),
        ("time", integer()),
        ("ageMs", integer()),
        ("network", words(&["production", "test", "dev"])),
        ("chainId", integer()),
        ("genesisHash", reference("Hash")),
        ("version", text()),
    ])
}
