//! Every schema that has a name, among them requests and errors.

use super::answers;
use super::words::{address, integer, null, object, one_of, reference, text};
use serde_json::{Map, Value, json};

/// Every schema that has a name.
pub(super) fn components() -> Value {
    let mut components = spellings();
    components.extend(requests());
    components.extend(answers::components());
    components.insert("ExchangeResponse".into(), answers::exchange());
    components.insert("ItemStatus".into(), answers::item_status());
    components.insert("Health".into(), answers::health());
    components.insert("Error".into(), error());
    Value::Object(components)
}

/// How texts are spelt.
fn spellings() -> Map<String, Value> {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let coin = json!({
        "type": "string", "description": "A name in meta; or @ and the market's index in spotMeta, or BASE/QUOTE.",
        "examples": ["BTC", "@0"],
    });
    let rows = [
        ("Address", pattern("^0x[0-9a-fA-F]{40}$")),
        ("Hash", pattern("^0x[0-9a-f]{64}$")),
        ("Cloid", pattern("^0x[0-9a-f]{32}$")),
        ("Decimal", pattern("^-?[0-9]+(\\.[0-9]+)?$")),
        ("Coin", coin),
    ];
    rows.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn requests() -> Map<String, Value> {
    let mut secp256k1 = object(&[("r", text()), ("s", text()), ("v", json!({ "enum": [27, 28] }))]);
    secp256k1["title"] = "secp256k1".into();
    let mut ed25519 = object(&[("publicKey", text()), ("sig", text())]);
    ed25519["title"] = "ed25519".into();
    let request = json!({ "type": "object", "required": ["action", "nonce", "signature"], "properties": {
        "action": { "type": "object", "required": ["type"] },
        "nonce": { "type": "integer", "description": "Milliseconds by custom; each used once." },
        "signature": reference("Signature"),
        "vaultAddress": one_of(&[address(), null()]),
        "expiresAfter": { "type": ["integer", "null"], "description": "Block time in ms after which it is refused." },
    } });
    let rows = [("Signature", one_of(&[secp256k1, ed25519])), ("ExchangeRequest", request)];
    rows.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A request that was not answered. The inner object has more where more helps.
fn error() -> Value {
    json!({
        "type": "object",
        "required": ["status", "response", "code", "msg", "error"],
        "additionalProperties": false,
        "properties": {
            "status": { "const": "err" },
            "response": text(),
            "code": { "type": "string", "description": "A stable word." },
            "msg": { "type": "string", "description": "The same as response." },
            "error": {
                "type": "object",
                "required": ["code"],
                "additionalProperties": false,
                "properties": {
                    "code": text(),
                    "field": { "type": "string", "description": "Which field, such as action.orders[0].p." },
                    "line": { "type": "integer", "description": "Of JSON that is malformed." },
                    "column": integer(),
                    "max": { "type": "integer", "description": "The limit that was passed." },
                    "number": { "type": "integer", "description": "The rules' own code." },
                    "signer": reference("Address"),
                    "expectedHash": reference("Hash"),
                    "expectedDigest": reference("Hash"),
                },
            },
        },
    })
}
