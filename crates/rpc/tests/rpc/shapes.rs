//! The fields of every object, and how each is written: no more, no fewer, no other form.

use crate::chain::{CHAIN_ID, Chain};
use crate::contract::{deploy, store};
use crate::wallet::Wallet;
use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use serde_json::{Value, json};

const GWEI: u128 = 1_000_000_000;

const HEADER: &str = "
    hash 32, parentHash 32, sha3Uncles 32, miner 20, stateRoot 32, transactionsRoot 32, receiptsRoot 32,
    logsBloom 256, difficulty q, number q, gasLimit q, gasUsed q, timestamp q, extraData d, mixHash 32, nonce 8,
    baseFeePerGas q, withdrawalsRoot 32, blobGasUsed q, excessBlobGas q, parentBeaconBlockRoot 32, requestsHash 32";
const BLOCK: &str = "size q, transactions l, uncles l, withdrawals l";
const TRANSACTION: &str = "
    blockHash 32, blockNumber q, transactionIndex q, hash 32, type q, from 20, to 20, nonce q, gas q, gasPrice q,
    value q, input d, v q, r q, s q, chainId q";
const TYPED: &str = "accessList l, yParity q";
const DYNAMIC: &str = "maxFeePerGas q, maxPriorityFeePerGas q";
const RECEIPT: &str = "
    transactionHash 32, transactionIndex q, blockHash 32, blockNumber q, from 20, to 20, cumulativeGasUsed q,
    gasUsed q, contractAddress n, logs l, logsBloom 256, type q, status q, effectiveGasPrice q";
const LOG: &str = "
    address 20, topics l, data d, blockHash 32, blockNumber q, blockTimestamp q, transactionHash 32,
    transactionIndex q, logIndex q, removed b";
const PROOF: &str =
    "address 20, accountProof l, balance q, codeHash 32, nonce q, storageHash 32, storageProof l";

/// Whether `value` has the form: a quantity, data of any or of so many bytes, a list, a boolean, or null.
fn has_form(value: &Value, form: &str) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let lower = |digits: &str| digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    match form {
        "q" => digits.is_some_and(|digits| {
            lower(digits) && !digits.is_empty() && (digits == "0" || !digits.starts_with('0'))
        }),
        "d" => digits.is_some_and(|digits| lower(digits) && digits.len().is_multiple_of(2)),
        "l" => value.is_array(),
        "b" => value.is_boolean(),
        "n" => value.is_null(),
        bytes => {
            let bytes: usize = bytes.parse().unwrap();
            digits.is_some_and(|digits| lower(digits) && digits.len() == 2 * bytes)
        }
    }
}

fn check(object: &Value, fields: &[&str]) {
    let rows: Vec<(&str, &str)> = fields
        .iter()
        .flat_map(|fields| fields.split(','))
        .map(|row| row.trim().split_once(' ').unwrap())
        .collect();
    for (name, form) in &rows {
        let value = object.get(name).unwrap_or_else(|| panic!("{name} is missing in {object}"));
        assert!(has_form(value, form), "{name} is {value}, not {form}");
    }
    let more = object.as_object().unwrap().keys().find(|key| rows.iter().all(|(name, _)| name != key));
    assert_eq!(more, None, "in {object}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_have_their_fields_in_their_forms() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(1);
    let contract = deploy(&client, &wallet).await;
    let receipt = store(&client, &wallet, &contract, 9).await;
    check(&receipt, &[RECEIPT]);
    check(&receipt["logs"][0], &[LOG]);
    let block = client.call("eth_getBlockByHash", json!([receipt["blockHash"], true])).await;
    check(&block, &[HEADER, BLOCK]);
    check(&block["transactions"][0], &[TRANSACTION, TYPED, DYNAMIC]);
    let genesis = client.call("eth_getBlockByNumber", json!(["earliest", true])).await;
    check(&genesis, &[HEADER, BLOCK]);
    let mut heads = client.subscribe(json!(["newHeads"])).await;
    check(&heads.next().await.unwrap().unwrap(), &[HEADER]);
    let proof = client.call("eth_getProof", json!([contract, ["0x0"], "latest"])).await;
    check(&proof, &[PROOF]);
    check(&proof["storageProof"][0], &["key q, value q, proof l"]);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_have_the_fields_of_their_type() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(2);
    let (to, gas_limit, gas_price) = (Address::repeat_byte(5), 100_000, 10 * GWEI);
    let access_list =
        AccessList(vec![AccessListItem { address: to, storage_keys: vec![B256::repeat_byte(1)] }]);
    let kind = TxKind::Call(to);
    let (value, input) = (U256::from(1), Bytes::from(vec![1]));
    let legacy = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce: 0,
        gas_price,
        gas_limit,
        to: kind,
        value,
        input: input.clone(),
    };
    let unprotected = TxLegacy { chain_id: None, nonce: 1, ..legacy.clone() };
    let listed = TxEip2930 {
        chain_id: CHAIN_ID,
        nonce: 2,
        gas_price,
        gas_limit,
        to: kind,
        value,
        input: input.clone(),
        access_list: access_list.clone(),
    };
    let dynamic = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce: 3,
        gas_limit,
        max_fee_per_gas: gas_price,
        max_priority_fee_per_gas: GWEI,
        to: kind,
        value,
        input: input.clone(),
        access_list: access_list.clone(),
    };
    let delegating = TxEip7702 {
        chain_id: CHAIN_ID,
        nonce: 4,
        gas_limit,
        max_fee_per_gas: gas_price,
        max_priority_fee_per_gas: GWEI,
        to,
        value,
        access_list,
        authorization_list: vec![Wallet::new(3).authorize(to, 0)],
        input,
    };
    let unbound = TRANSACTION.trim_end_matches(", chainId q");
    let rows: [(&str, Value, &[&str]); 5] = [
        ("0x0", wallet.sign_with(legacy), &[TRANSACTION]),
        ("0x0", wallet.sign_with(unprotected), &[unbound]),
        ("0x1", wallet.sign_with(listed), &[TRANSACTION, TYPED]),
        ("0x2", wallet.sign_with(dynamic), &[TRANSACTION, TYPED, DYNAMIC]),
        ("0x4", wallet.sign_with(delegating), &[TRANSACTION, TYPED, DYNAMIC, "authorizationList l"]),
    ];
    for (tx_type, raw, fields) in rows {
        let hash = client.call("eth_sendRawTransaction", json!([raw])).await;
        let receipt = client.receipt(&hash).await;
        check(&receipt, &[RECEIPT]);
        assert_eq!(receipt["type"], tx_type);
        let transaction = client.call("eth_getTransactionByHash", json!([hash])).await;
        check(&transaction, fields);
        assert_eq!(transaction["type"], tx_type);
        if tx_type == "0x4" {
            let authorization = &transaction["authorizationList"][0];
            check(authorization, &["chainId q, address 20, nonce q, yParity q, r q, s q"]);
        }
        if tx_type == "0x1" {
            let storage_keys = json!([B256::repeat_byte(1)]);
            assert_eq!(transaction["accessList"], json!([{"address": to, "storageKeys": storage_keys}]));
        }
    }
    chain.stop().await;
}
