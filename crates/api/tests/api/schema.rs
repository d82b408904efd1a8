//! As much of JSON Schema as the API's document uses, and no more: an unknown word fails the test that meets it.
//!
//! It notes which fields of which schemas it has seen, so that a field that is documented and never sent is found.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The document, and what was seen of it.
pub(crate) struct Document {
    pub(crate) root: Value,
    /// JSON pointers of the properties that some value had.
    seen: BTreeSet<String>,
}

type Outcome = Result<BTreeSet<String>, String>;

impl Document {
    pub(crate) const fn new(root: Value) -> Self {
        Self { root, seen: BTreeSet::new() }
    }

    /// Checks `value` against the schema at `pointer`.
    pub(crate) fn check(&mut self, pointer: &str, value: &Value) {
        match self.at(pointer, value) {
            Ok(seen) => self.seen.extend(seen),
            Err(error) => panic!("{error}\nby {pointer}\nin {value}"),
        }
    }

    /// Properties below `pointer` that nothing had.
    pub(crate) fn unseen(&self, pointer: &str) -> Vec<String> {
        let mut open = vec![(pointer.to_owned(), self.root.pointer(pointer).expect("a part of it"))];
        let mut unseen = Vec::new();
        while let Some((at, part)) = open.pop() {
            if let Some(properties) = part.get("properties").and_then(Value::as_object) {
                let names = properties.keys().map(|name| format!("{at}/properties/{}", escaped(name)));
                unseen.extend(names.filter(|name| !self.seen.contains(name)));
            }
            for (name, inner) in children(part) {
                open.push((format!("{at}/{name}"), inner));
            }
        }
        unseen.sort();
        unseen
    }

    fn at(&self, pointer: &str, value: &Value) -> Outcome {
        let schema = self.root.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
        let schema = match schema {
            Value::Bool(true) => return Ok(BTreeSet::new()),
            Value::Bool(false) => return Err("nothing is allowed here".to_owned()),
            schema => schema.as_object().expect("a schema"),
        };
        let mut seen = BTreeSet::new();
        for (word, argument) in schema {
            seen.extend(self.word(word, argument, schema, pointer, value)?);
        }
        Ok(seen)
    }

    fn word(
        &self,
        word: &str,
        argument: &Value,
        schema: &Map<String, Value>,
        pointer: &str,
        value: &Value,
    ) -> Outcome {
        let verdict = |holds: bool| {
            if holds { Ok(BTreeSet::new()) } else { Err(format!("{value} is not {word} {argument}")) }
        };
        match word {
            "title" | "description" | "examples" | "x-answer" => Ok(BTreeSet::new()),
            "$ref" => self.at(argument.as_str().and_then(|to| to.strip_prefix('#')).expect("a path"), value),
            "const" => verdict(argument == value),
            "enum" => verdict(argument.as_array().is_some_and(|all| all.contains(value))),
            "type" => verdict(has_type(argument, value)),
            "pattern" => {
                verdict(fits(argument.as_str().expect("a text"), value.as_str().unwrap_or_default()))
            }
            "required" => {
                let names = argument.as_array().expect("names");
                verdict(names.iter().filter_map(Value::as_str).all(|name| value.get(name).is_some()))
            }
            "minItems" => {
                verdict(value.as_array().is_some_and(|items| Some(items.len() as u64) >= argument.as_u64()))
            }
            "properties" => self.properties(schema, pointer, value),
            "additionalProperties" => self.others(argument, schema, pointer, value),
            "prefixItems" => self.items(pointer, "prefixItems", 0, argument, value),
            "items" => {
                let first = schema.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
                self.items(pointer, "items", first, argument, value)
            }
            "oneOf" | "anyOf" => {
                self.variants(word == "oneOf", &format!("{pointer}/{word}"), argument, value)
            }
            _ => panic!("{pointer} has the word {word}, which this test does not know"),
        }
    }

    fn properties(&self, schema: &Map<String, Value>, pointer: &str, value: &Value) -> Outcome {
        let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
            return Ok(BTreeSet::new());
        };
        let mut seen = BTreeSet::new();
        for (name, field) in fields.iter().filter(|(name, _)| known.contains_key(*name)) {
            let at = format!("{pointer}/properties/{}", escaped(name));
            seen.extend(self.at(&at, field).map_err(|error| format!("{name}: {error}"))?);
            seen.insert(at);
        }
        Ok(seen)
    }

    fn others(&self, argument: &Value, schema: &Map<String, Value>, pointer: &str, value: &Value) -> Outcome {
        let known = schema.get("properties").and_then(Value::as_object);
        let mut seen = BTreeSet::new();
        for (name, field) in value.as_object().into_iter().flatten() {
            if known.is_some_and(|known| known.contains_key(name)) {
                continue;
            }
            if argument == false {
                return Err(format!("{name} is not documented"));
            }
            seen.extend(self.at(&format!("{pointer}/additionalProperties"), field)?);
        }
        Ok(seen)
    }

    fn items(&self, pointer: &str, word: &str, first: usize, argument: &Value, value: &Value) -> Outcome {
        let count = argument.as_array().map_or(usize::MAX, Vec::len);
        let mut seen = BTreeSet::new();
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        for (at, item) in items.iter().enumerate().skip(first).take(count) {
            let place = if argument.is_array() { format!("/{at}") } else { String::new() };
            seen.extend(
                self.at(&format!("{pointer}/{word}{place}"), item)
                    .map_err(|error| format!("[{at}] {error}"))?,
            );
        }
        Ok(seen)
    }

    fn variants(&self, exactly_one: bool, pointer: &str, argument: &Value, value: &Value) -> Outcome {
        let count = argument.as_array().expect("variants").len();
        let outcomes: Vec<Outcome> =
            (0..count).map(|at| self.at(&format!("{pointer}/{at}"), value)).collect();
        let fitting = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        if fitting == 0 || exactly_one && fitting > 1 {
            let errors: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
            return Err(format!("{fitting} of {count} variants fit: {errors:?}"));
        }
        Ok(outcomes.into_iter().filter_map(Result::ok).flatten().collect())
    }
}

/// The schemas within a schema, with their places.
fn children(part: &Value) -> Vec<(String, &Value)> {
    if let Some(items) = part.as_array() {
        return items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect();
    }
    let entries = part.as_object().into_iter().flatten();
    let nested = entries
        .filter(|(word, _)| !["$ref", "const", "enum", "required", "examples"].contains(&word.as_str()));
    nested
        .flat_map(|(word, inner)| match inner {
            Value::Object(fields) if word == "properties" => fields
                .iter()
                .map(|(name, field)| (format!("{word}/{}", escaped(name)), field))
                .collect::<Vec<_>>(),
            other => vec![(word.clone(), other)],
        })
        .collect()
}

/// A name within a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn has_type(argument: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("the type {other} is not one that this test knows"),
    };
    match argument {
        Value::String(name) => is(name),
        names => names.as_array().expect("types").iter().filter_map(Value::as_str).any(is),
    }
}

/// Whether a text fits a pattern. The document has few.
fn fits(pattern: &str, text: &str) -> bool {
    let digits = |count: usize, is: fn(char) -> bool| {
        text.strip_prefix("0x").is_some_and(|digits| digits.len() == count && digits.chars().all(is))
    };
    let lower = |char: char| char.is_ascii_digit() || ('a'..='f').contains(&char);
    match pattern {
        "^0x[0-9a-fA-F]{40}$" => digits(40, |char| char.is_ascii_hexdigit()),
        "^0x[0-9a-f]{64}$" => digits(64, lower),
        "^0x[0-9a-f]{32}$" => digits(32, lower),
        "^-?[0-9]+(\\.[0-9]+)?$" => {
            let text = text.strip_prefix('-').unwrap_or(text);
            let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            text.split_once('.').map_or_else(|| number(text), |(whole, rest)| number(whole) && number(rest))
        }
        other => panic!("the pattern {other} is not one that this test knows"),
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    use serde_json::json;
    let rows = [
        (json!({ "type": "integer" }), json!(1), json!(1.5)),
        (json!({ "type": ["integer", "null"] }), json!(null), json!("1")),
        (json!({ "const": "a" }), json!("a"), json!("b")),
        (json!({ "enum": [1, 2] }), json!(2), json!(3)),
        (json!({ "required": ["a"] }), json!({ "a": 1 }), json!({})),
        (json!({ "properties": { "a": { "type": "null" } } }), json!({ "b": 1 }), json!({ "a": 1 })),
        (json!({ "additionalProperties": false }), json!({}), json!({ "a": 1 })),
        (json!({ "additionalProperties": { "type": "string" } }), json!({ "a": "" }), json!({ "a": 1 })),
        (json!({ "items": { "type": "string" } }), json!([""]), json!(["", 1])),
        (json!({ "prefixItems": [true], "items": false }), json!([1]), json!([1, 2])),
        (json!({ "minItems": 1 }), json!([1]), json!([])),
        (json!({ "oneOf": [{ "type": "string" }, { "const": "a" }] }), json!("b"), json!("a")),
        (json!({ "anyOf": [{ "type": "string" }, { "const": 1 }] }), json!(1), json!(2)),
        (json!({ "pattern": "^-?[0-9]+(\\.[0-9]+)?$" }), json!("-10.5"), json!("10.")),
        (json!({ "pattern": "^0x[0-9a-f]{32}$" }), json!(format!("0x{}", "a".repeat(32))), json!("0xa")),
    ];
    for (schema, fitting, other) in rows {
        let document = Document::new(schema.clone());
        assert!(document.at("", &fitting).is_ok(), "{schema} takes {fitting}");
        assert!(document.at("", &other).is_err(), "{schema} refuses {other}");
    }
    let mut document = Document::new(json!({ "properties": { "a": true, "b": true } }));
    document.check("", &json!({ "a": 1 }));
    assert_eq!(document.unseen(""), ["/properties/b"]);
}
