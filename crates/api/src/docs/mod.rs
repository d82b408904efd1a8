//! `/openapi.json` and the page that shows it.
//!
//! A question's schema names its answer's in `x-answer`, since one path answers all of them.

mod answers;
#[cfg(test)]
mod coverage;
mod schemas;
mod words;

use crate::info::{ABSENT, QUESTIONS};
use crate::ws::CHANNELS;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use tandem_indexer::Interval;
use words::{integer, object, one_of, reference};

/// A page of its own, without anything from elsewhere.
pub(crate) const PAGE: &str = include_str!("../../assets/docs.html");

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
            "/health": { "get": health() },
            "/metrics": { "get": metrics() },
        },
        "components": { "schemas": schemas::components() },
    })
}

fn body(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn request(schema: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn errors() -> Value {
    body("What is wrong, and at which field.", &reference("Error"))
}

fn health() -> Value {
    json!({ "summary": "Whether the chain moves.", "responses": {
        "200": body("Height and time of the last block.", &reference("Health")),
        "503": body("No block for ten seconds.", &reference("Health")),
    } })
}

fn metrics() -> Value {
    let text = json!({ "text/plain": { "schema": { "type": "string" } } });
    let answer = json!({ "description": "Prometheus's text format.", "content": text });
    json!({ "summary": "Metrics.", "responses": { "200": answer } })
}

fn info() -> Value {
    let known = QUESTIONS.iter().map(|(name, about, fields)| question(name, about, fields));
    let absent =
        ABSENT.iter().map(|name| question(name, "About what is to come: there is nothing yet.", &[]));
    let variants: Vec<Value> = known.chain(absent).collect();
    let answers: Vec<&Value> = variants.iter().filter_map(|variant| variant.get("x-answer")).collect();
    json!({
        "summary": "Questions about markets and accounts.",
        "requestBody": request(&json!({ "oneOf": variants })),
        "responses": {
            "200": body("The answer, as the question's x-answer says.", &json!({ "anyOf": answers })),
            "4XX": errors(),
            "429": too_many(),
        },
    })
}

fn too_many() -> Value {
    body("Too many requests from this address, or no room in the pool; see Retry-After.", &reference("Error"))
}

fn question(name: &str, about: &str, fields: &[&str]) -> Value {
    let mut properties = Map::new();
    properties.insert("type".into(), json!({ "const": name }));
    let mut required = vec!["type"];
    for field in fields {
        let field = field.strip_suffix('?').unwrap_or_else(|| {
            required.push(field);
            field
        });
        properties.insert(field.into(), question_field(field));
    }
    json!({
        "type": "object",
        "title": name,
        "description": about,
        "properties": properties,
        "required": required,
        "x-answer": answers::of_question(name),
    })
}

fn question_field(name: &str) -> Value {
    match name {
        "user" | "builder" | "vaultAddress" => reference("Address"),
        "coin" => reference("Coin"),
        "dex" => json!({ "type": "string", "description": "Empty: there is one exchange of perpetuals." }),
        "oid" => one_of(&[integer(), reference("Cloid")]),
        "req" => {
            let intervals: Vec<&str> = Interval::ALL.iter().map(|interval| interval.word()).collect();
            let interval = json!({ "enum": intervals });
            let fields = [("coin", reference("Coin")), ("interval", interval), ("startTime", integer())];
            let mut request = object(&fields);
            request["properties"]["endTime"] = integer();
            request
        }
        _ => integer(),
    }
}

fn exchange() -> Value {
    json!({
        "summary": "Signed actions.",
        "description": "The action is turned to msgpack in the order of its fields; those bytes are what was signed. \
            The answer comes when a block has decided it. docs/api-coverage.md lists the actions.",
        "requestBody": request(&reference("ExchangeRequest")),
        "responses": {
            "200": body(
                "A status for each item, or status err and why the whole was refused.",
                &reference("ExchangeResponse"),
            ),
            "4XX": errors(),
            "429": too_many(),
            "503": body("Pushed out of the pool, or shutting down; see Retry-After.", &reference("Error")),
            "504": body("No block decided it in time; one still may.", &reference("Error")),
        },
    })
}

fn websocket() -> Value {
    json!({
        "summary": "Subscriptions and posted requests over a WebSocket.",
        "description": "Messages: {method: subscribe | unsubscribe, subscription}, {method: ping}, {method: post, id, \
            request: {type: info | action, payload}}. Each message has seq, which counts the messages of its channel and \
            parameters without a gap, and isSnapshot. A snapshot has the seq of the last message it includes. Who comes \
            back and says with its subscription fromSeq, the last seq it has, is given what it missed instead of a \
            snapshot, as long as that is remembered. l4Book sends a book order by order, then what each block did to it. \
            orderUpdates sends one only if asked with snapshot: true. Idle connections are closed after 60 s; so are \
            those that read more slowly than messages come.",
        "x-channels": CHANNELS.iter().map(|(name, fields)| json!({ "type": name, "fields": fields })).collect::<Vec<_>>(),
        "responses": { "101": { "description": "A WebSocket." }, "4XX": errors() },
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
    fn every_question_names_its_answer() {
        let names = QUESTIONS.iter().map(|(name, ..)| name).chain(ABSENT);
        assert!(names.clone().all(|name| answers::of_question(name).is_some()));
        let mut sorted: Vec<&&str> = names.collect();
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "{sorted:?}");
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        assert!(!PAGE.contains("http://") && !PAGE.contains("https://") && !PAGE.contains("src="));
    }
}
