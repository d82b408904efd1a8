//! Log filters against a naive reading of the same rules.

use super::*;
use crate::argument::{Argument, BlockId};
use alloy_primitives::{Address, B256, Bytes, Log, LogData, logs_bloom};
use proptest::prelude::*;
use serde_json::{Value, json};

fn log(address: u8, topics: &[u8]) -> Log {
    let topics = topics.iter().map(|topic| B256::repeat_byte(*topic)).collect();
    Log { address: Address::repeat_byte(address), data: LogData::new_unchecked(topics, Bytes::new()) }
}

fn filter(topics: Value) -> LogFilter {
    LogFilter::parse(None, Some(&topics)).unwrap()
}

fn topic(byte: u8) -> Value {
    json!(B256::repeat_byte(byte))
}

#[test]
fn topics_match_by_position_with_alternatives_and_wildcards() {
    // The rows of EIP-1474's description of topic filters.
    let (a, b, c) = (|| topic(1), || topic(2), || topic(3));
    let rows = [
        (json!([]), [true, true, true, true]),
        (json!([a()]), [false, true, true, false]),
        (json!([null, b()]), [false, false, true, false]),
        (json!([a(), b()]), [false, false, true, false]),
        (json!([[a(), b()], [a(), b()]]), [false, false, true, true]),
        (json!([null]), [false, true, true, true]),
        (json!([null, null]), [false, false, true, true]),
        (json!([[a(), c()]]), [false, true, true, false]),
        (json!([[a(), null]]), [false, true, true, true]),
        (json!([[]]), [false, true, true, true]),
    ];
    let logs = [log(9, &[]), log(9, &[1]), log(9, &[1, 2]), log(9, &[2, 1])];
    for (topics, expected) in rows {
        let filter = filter(topics.clone());
        assert_eq!(logs.each_ref().map(|log| filter.matches(log)), expected, "{topics}");
    }
}

#[test]
fn queries_name_the_field_that_is_wrong() {
    let hash = B256::ZERO;
    let rows = [
        (json!(1), "expected an object"),
        (json!({"address": "0x1"}), "field address: hex of odd length"),
        (json!({"topics": 1}), "field topics: expected a list"),
        (json!({"topics": [null, null, null, null, null]}), "field topics: at most 4 positions"),
        (json!({"fromBlock": "first"}), "field fromBlock: hex without 0x"),
        (json!({"blockHash": hash, "toBlock": "0x1"}), "blockHash excludes fromBlock and toBlock"),
    ];
    for (value, expected) in rows {
        assert_eq!(LogQuery::parse(&value).unwrap_err(), expected, "{value}");
    }
}

#[test]
fn spans_are_a_block_or_a_range() {
    let hash = B256::repeat_byte(4);
    let rows = [
        (json!({}), Span::Range { from: None, to: None }),
        (json!({"fromBlock": "0x1"}), Span::Range { from: Some(BlockId::Number(1)), to: None }),
        (json!({"toBlock": "latest"}), Span::Range { from: None, to: Some(BlockId::Latest) }),
        (json!({"blockHash": hash}), Span::Block(hash)),
    ];
    for (value, expected) in rows {
        assert_eq!(LogQuery::parse(&value).unwrap().span, expected, "{value}");
    }
}

/// The rule written from the query's JSON, sharing nothing with the filter.
fn naive(query: &Value, log: &Log) -> bool {
    let same = |wanted: &Value, got: String| wanted.as_str() == Some(&got);
    let any = |wanted: &Value, got: String| match wanted {
        Value::Null => true,
        Value::Array(list) if list.is_empty() => true,
        Value::Array(list) => list.iter().any(|one| one.is_null() || same(one, got.clone())),
        one => same(one, got),
    };
    let topics = query["topics"].as_array().unwrap();
    let logged: Vec<String> = log.data.topics().iter().map(|topic| format!("{topic:#x}")).collect();
    any(&query["address"], format!("{:#x}", log.address))
        && (0..topics.len()).all(|at| at < logged.len() && any(&topics[at], logged[at].clone()))
}

fn word() -> impl Strategy<Value = Value> {
    (1u8..4).prop_map(topic)
}

fn position() -> impl Strategy<Value = Value> {
    let list = prop::collection::vec(prop_oneof![3 => word(), 1 => Just(Value::Null)], 0..3);
    prop_oneof![word(), Just(Value::Null), list.prop_map(Value::Array)]
}

fn query() -> impl Strategy<Value = Value> {
    let address = (1u8..4).prop_map(|byte| json!(Address::repeat_byte(byte)));
    let addresses = prop::collection::vec(address.clone(), 0..3).prop_map(Value::Array);
    let address = prop_oneof![Just(Value::Null), address, addresses];
    (address, prop::collection::vec(position(), 0..=4))
        .prop_map(|(address, topics)| json!({"address": address, "topics": topics}))
}

proptest! {
    #[test]
    fn filters_agree_with_the_rule_written_naively(
        query in query(),
        address in 1u8..4,
        topics in prop::collection::vec(1u8..4, 0..=4),
    ) {
        let log = log(address, &topics);
        let filter = LogQuery::parse(&query).unwrap().filter;
        prop_assert_eq!(filter.matches(&log), naive(&query, &log));
    }

    #[test]
    fn the_bloom_filter_hides_no_event(
        query in query(),
        logs in prop::collection::vec((1u8..4, prop::collection::vec(1u8..4, 0..=4)), 0..4),
    ) {
        let logs: Vec<Log> = logs.iter().map(|(address, topics)| log(*address, topics)).collect();
        let filter = LogQuery::parse(&query).unwrap().filter;
        let is_there = logs.iter().any(|log| filter.matches(log));
        prop_assert!(!is_there || filter.may_match(&logs_bloom(&logs)));
    }
}
