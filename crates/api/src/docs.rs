//! `/openapi.json` and the page that shows it.

use crate::info::QUESTIONS;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A page of its own, without anything from elsewhere.
pub(crate) const PAGE: &str = include_str!("../assets/docs.html");

static OPENAPI: LazyLock<String> = LazyLock::new(|| document().to_string());

/// The OpenAPI document.
pub(crate) fn openapi() -> &'static str {
    &OPENAPI
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tandem exchange API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Wire-compatible with Hyperliquid's API: SDKs work by changing their base URL. \
                Prices, sizes and amounts are decimal texts. Errors that Hyperliquid answers with 200 have status err; \
                others have a 4xx status, code, msg, and error.field.",
        },
        "paths": {
            "/info": { "post": info() },
            "/exchange": { "post": exchange() },
            "/ws": { "get": websocket() },
            "/health": { "get": operation("Whether the chain moves.", "Height and time of the last block; 503 if it has stalled.") },
            "/metrics": { "get": operation("Metrics.", "Prometheus's text format.") },
        },
        "components": { "schemas": schemas() },
    })
}

fn operation(summary: &str, answer: &str) -> Value {
    json!({ "summary": summary, "responses": { "200": { "description": answer } } })
}

fn json_body(schema: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn errors() -> Value {
    json!({ "description": "What is wrong, and at which field.", "content": { "application/json": { "schema": reference("Error") } } })
}

fn info() -> Value {
    let variants: Vec<Value> =
        QUESTIONS.iter().map(|(name, about, fields)| question(name, about, fields)).collect();
    json!({
        "summary": "Questions about markets and accounts.",
        "requestBody": json_body(&json!({ "oneOf": variants })),
        "responses": { "200": { "description": "The answer." }, "4XX": errors() },
    })
}

fn question(name: &str, about: &str, fields: &[&str]) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert("type".into(), json!({ "const": name }));
    for field in fields {
        let schema = match *field {
            "user" => reference("Address"),
            "coin" => reference("Coin"),
            "oid" => json!({ "oneOf": [{ "type": "integer" }, reference("Cloid")] }),
            "req" => json!({ "type": "object" }),
            _ => json!({ "type": "integer" }),
        };
        properties.insert((*field).into(), schema);
    }
    let required: Vec<&str> = std::iter::once("type").chain(fields.iter().copied()).collect();
    json!({ "type": "object", "title": name, "description": about, "properties": properties, "required": required })
}

fn exchange() -> Value {
    json!({
        "summary": "Signed actions.",
        "description": "The action is turned to msgpack in the order of its fields; those bytes are what was signed. \
            The answer comes when a block has decided it. Actions: order, cancel, cancelByCloid, modify, batchModify, \
            scheduleCancel, noop, spotSend, approveAgent.",
        "requestBody": json_body(&reference("ExchangeRequest")),
        "responses": {
            "200": {
                "description": "A status for each item, or status err and why the whole was refused.",
                "content": { "application/json": { "schema": reference("ExchangeResponse") } },
            },
            "4XX": errors(),
            "429": { "description": "No room in the pool; see Retry-After." },
        },
    })
}

fn websocket() -> Value {
    json!({
        "summary": "Subscriptions and posted requests over a WebSocket.",
        "description": "Messages: {method: subscribe | unsubscribe, subscription}, {method: ping}, {method: post, id, \
            request: {type: info | action, payload}}. Channels: allMids, l2Book, bbo, trades, candle, orderUpdates, \
            userFills, userEvents, spotState. Each message has seq, which counts the messages of its channel and \
            parameters without a gap, and isSnapshot. A snapshot has the seq of the last message it includes. \
            orderUpdates sends one only if asked with snapshot: true. Idle connections are closed after 60 s.",
        "responses": { "101": { "description": "A WebSocket." }, "4XX": errors() },
    })
}

fn schemas() -> Value {
    json!({
        "Address": { "type": "string", "pattern": "^0x[0-9a-fA-F]{40}$" },
        "Cloid": { "type": "string", "pattern": "^0x[0-9a-f]{32}$" },
        "Coin": { "type": "string", "description": "@ and the market's index in spotMeta, or BASE/QUOTE.", "examples": ["@0"] },
        "Decimal": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
        "Signature": { "oneOf": [
            { "type": "object", "title": "secp256k1", "required": ["r", "s", "v"], "properties": {
                "r": { "type": "string" }, "s": { "type": "string" }, "v": { "enum": [27, 28] } } },
            { "type": "object", "title": "ed25519", "required": ["publicKey", "sig"], "properties": {
                "publicKey": { "type": "string" }, "sig": { "type": "string" } } },
        ] },
        "ExchangeRequest": { "type": "object", "required": ["action", "nonce", "signature"], "properties": {
            "action": { "type": "object", "required": ["type"] },
            "nonce": { "type": "integer", "description": "Milliseconds by custom; each used once." },
            "signature": reference("Signature"),
            "vaultAddress": { "oneOf": [reference("Address"), { "type": "null" }] },
            "expiresAfter": { "type": ["integer", "null"], "description": "Block time in ms after which it is refused." },
        } },
        "ExchangeResponse": { "oneOf": [
            { "type": "object", "title": "ok", "properties": { "status": { "const": "ok" }, "response": { "type": "object" } } },
            { "type": "object", "title": "err", "properties": { "status": { "const": "err" }, "response": { "type": "string" },
                "error": { "type": "object", "properties": {
                    "signer": reference("Address"), "expectedHash": { "type": "string" }, "expectedDigest": { "type": "string" } } } } },
        ] },
        "Error": { "type": "object", "required": ["status", "response", "code", "msg", "error"], "properties": {
            "status": { "const": "err" }, "response": { "type": "string" },
            "code": { "type": "string" }, "msg": { "type": "string" },
            "error": { "type": "object", "properties": { "code": { "type": "string" }, "field": { "type": "string" } } },
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(openapi()).unwrap();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
            }
            open.extend(value.as_object().into_iter().flat_map(serde_json::Map::values));
            open.extend(value.as_array().into_iter().flatten());
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        assert!(!PAGE.contains("http://") && !PAGE.contains("https://") && !PAGE.contains("src="));
    }
}
