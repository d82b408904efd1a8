//! The words of which schemas are made.

use serde_json::{Map, Value, json};

/// An object of exactly these fields.
pub(super) fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn one_of(variants: &[Value]) -> Value {
    json!({ "oneOf": variants })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn decimal() -> Value {
    reference("Decimal")
}

pub(super) fn address() -> Value {
    reference("Address")
}

pub(super) fn integer() -> Value {
    json!({ "type": "integer" })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn null() -> Value {
    json!({ "type": "null" })
}

pub(super) fn tuple(items: &[Value]) -> Value {
    json!({ "type": "array", "prefixItems": items, "items": false, "minItems": items.len() })
}

pub(super) fn word(word: &str) -> Value {
    json!({ "const": word })
}

pub(super) fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

pub(super) fn yes_or_no() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn side() -> Value {
    words(&["A", "B"])
}

pub(super) fn coin() -> Value {
    reference("Coin")
}

pub(super) fn hash() -> Value {
    reference("Hash")
}
