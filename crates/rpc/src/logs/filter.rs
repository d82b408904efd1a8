//! Which events a query means.
//!
//! An event must be of one of the addresses, and at each position given have one of the topics; an empty list at a
//! position takes any topic, but there must be one, as in geth.

use crate::argument::Argument;
use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use serde_json::Value;

/// Most positions of topics that an event can have (`LOG4`).
const POSITIONS_MAX: usize = 4;
/// Most addresses, and most topics at a position, as in geth.
const ALTERNATIVES_MAX: usize = 1_000;

/// Which events a query means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogFilter {
    /// Any of these; any at all if empty.
    pub(crate) addresses: Vec<Address>,
    /// At each position any of these; any at all if empty.
    pub(crate) topics: Vec<Vec<B256>>,
}

impl LogFilter {
    /// Whether `log` is meant.
    pub(crate) fn matches(&self, log: &Log) -> bool {
        let topics = log.data.topics();
        let has_topic = |(wanted, topic): (&Vec<B256>, &B256)| wanted.is_empty() || wanted.contains(topic);
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.len() <= topics.len()
            && self.topics.iter().zip(topics).all(has_topic)
    }

    /// Whether a block with this Bloom filter over its events may have one that is meant.
    pub(crate) fn may_match(&self, bloom: &Bloom) -> bool {
        let has = |bytes: &[u8]| bloom.contains_input(BloomInput::Raw(bytes));
        let has_any =
            |wanted: &Vec<B256>| wanted.is_empty() || wanted.iter().any(|topic| has(topic.as_slice()));
        (self.addresses.is_empty() || self.addresses.iter().any(|address| has(address.as_slice())))
            && self.topics.iter().all(has_any)
    }

    /// The filter of a query's fields; the error names the field.
    pub(crate) fn parse(address: Option<&Value>, topics: Option<&Value>) -> Result<Self, String> {
        let addresses = alternatives(address).map_err(|why| format!("field address: {why}"))?;
        let topics = parse_topics(topics).map_err(|why| format!("field topics: {why}"))?;
        Ok(Self { addresses, topics })
    }
}

fn parse_topics(value: Option<&Value>) -> Result<Vec<Vec<B256>>, String> {
    let positions = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or("expected a list")?,
    };
    if positions.len() > POSITIONS_MAX {
        return Err(format!("at most {POSITIONS_MAX} positions"));
    }
    positions.iter().map(topic_alternatives).collect()
}

/// The topics wanted at a position. A null among others takes any topic, as in geth.
fn topic_alternatives(value: &Value) -> Result<Vec<B256>, String> {
    match value.as_array() {
        Some(values) if values.iter().any(Value::is_null) => Ok(Vec::new()),
        Some(_) | None => alternatives(Some(value)),
    }
}

/// One value, a list of values, or none.
fn alternatives<T: Argument>(value: Option<&Value>) -> Result<Vec<T>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) if values.len() > ALTERNATIVES_MAX => {
            Err(format!("at most {ALTERNATIVES_MAX} alternatives"))
        }
        Some(Value::Array(values)) => values.iter().map(T::parse).collect(),
        Some(value) => T::parse(value).map(|value| vec![value]),
    }
}
