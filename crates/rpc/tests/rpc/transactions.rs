//! Sent, waited for, and read back in every form.

use crate::chain::{CHAIN_ID, Chain};
use crate::contract::{code, deploy, init_code, store, word};
use crate::wallet::Wallet;
use alloy_primitives::{Address, B256, TxKind, hex};
use serde_json::{Value, json};

fn number(value: &Value) -> u64 {
    let digits = value.as_str().unwrap().strip_prefix("0x").unwrap();
    assert!(digits == "0" || !digits.starts_with('0'), "{value} has leading zeros");
    u64::from_str_radix(digits, 16).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_sent_mined_and_read_back() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let (wallet, to) = (Wallet::new(1), Address::repeat_byte(0x22));
    let nonce = number(&client.call("eth_getTransactionCount", json!([wallet.address(), "latest"])).await);
    let raw = wallet.sign(nonce, TxKind::Call(to), 5, []);
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await;
    let waiting = client.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(waiting["hash"], hash);
    let receipt = client.receipt(&hash).await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["type"], "0x2");
    assert_eq!(receipt["gasUsed"], "0x5208");
    assert_eq!(receipt["from"], json!(wallet.address()));
    assert_eq!(receipt["to"], json!(to));
    assert_eq!(receipt["contractAddress"], Value::Null);
    assert_eq!(client.call("eth_getBalance", json!([to, "latest"])).await, "0x5");
    assert_eq!(client.call("eth_getBalance", json!([to, "earliest"])).await, "0x0");
    let next = client.call("eth_getTransactionCount", json!([wallet.address()])).await;
    assert_eq!(number(&next), nonce + 1);

    let mined = client.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(mined["blockHash"], receipt["blockHash"]);
    assert_eq!(mined["gasPrice"], receipt["effectiveGasPrice"]);
    assert_eq!(mined["chainId"], json!(format!("0x{CHAIN_ID:x}")));
    assert_eq!(client.call("eth_getRawTransactionByHash", json!([hash])).await, raw);
    let index = json!([receipt["blockHash"], "0x0"]);
    assert_eq!(client.call("eth_getTransactionByBlockHashAndIndex", index).await, mined);
    let index = json!([receipt["blockNumber"], "0x0"]);
    assert_eq!(client.call("eth_getTransactionByBlockNumberAndIndex", index).await, mined);
    let index = json!([receipt["blockNumber"], "0x1"]);
    assert_eq!(client.call("eth_getTransactionByBlockNumberAndIndex", index).await, Value::Null);
    let receipts = client.call("eth_getBlockReceipts", json!([receipt["blockNumber"]])).await;
    assert_eq!(receipts, json!([receipt]));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_form_a_chain_and_tags_name_its_ends() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(2);
    let contract = deploy(&client, &wallet).await;
    let receipt = store(&client, &wallet, &contract, 3).await;
    let hashes = client.call("eth_getBlockByHash", json!([receipt["blockHash"], false])).await;
    assert_eq!(hashes["transactions"], json!([receipt["transactionHash"]]));
    let full = client.call("eth_getBlockByNumber", json!([receipt["blockNumber"], true])).await;
    let transaction = client.call("eth_getTransactionByHash", json!([receipt["transactionHash"]])).await;
    assert_eq!(full["transactions"], json!([transaction]));
    assert_eq!(full["hash"], hashes["hash"]);
    let parent = client.call("eth_getBlockByHash", json!([full["parentHash"], false])).await;
    assert_eq!(number(&parent["number"]) + 1, number(&full["number"]));
    assert_eq!(full["uncles"], json!([]));

    let genesis = client.call("eth_getBlockByNumber", json!(["0x0", false])).await;
    assert_eq!(genesis, client.call("eth_getBlockByNumber", json!(["earliest", true])).await);
    assert_eq!(genesis, client.call("eth_getBlockByHash", json!([genesis["hash"], false])).await);
    let seconds = chain.node.genesis().time.0 / 1_000;
    assert_eq!(number(&genesis["timestamp"]), seconds);
    for tag in ["latest", "safe", "finalized", "pending"] {
        let block = client.call("eth_getBlockByNumber", json!([tag, false])).await;
        assert!(number(&block["number"]) >= number(&full["number"]), "{tag}");
        let count = client.call("eth_getUncleCountByBlockNumber", json!([tag])).await;
        assert_eq!(count, "0x0");
    }
    let count = client.call("eth_getBlockTransactionCountByHash", json!([receipt["blockHash"]])).await;
    assert_eq!(count, "0x1");
    for nothing in [
        client.call("eth_getBlockByNumber", json!(["0xffffffff", false])).await,
        client.call("eth_getBlockByHash", json!([B256::ZERO, false])).await,
        client.call("eth_getTransactionReceipt", json!([B256::ZERO])).await,
        client.call("eth_getTransactionByHash", json!([B256::ZERO])).await,
    ] {
        assert_eq!(nothing, Value::Null);
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_deployed_called_and_read_now_and_in_the_past() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(3);
    let contract = deploy(&client, &wallet).await;
    assert_eq!(client.call("eth_getCode", json!([contract, "latest"])).await, code());
    let first = store(&client, &wallet, &contract, 11).await;
    let second = store(&client, &wallet, &contract, 12).await;
    let call = json!({"to": contract});
    assert_eq!(client.call("eth_call", json!([call, "latest"])).await, json!(word(12)));
    assert_eq!(client.call("eth_call", json!([call, "latest", {}])).await, json!(word(12)));
    assert_eq!(client.call("eth_call", json!([call])).await, json!(word(12)));
    for block in [first["blockNumber"].clone(), json!({"blockHash": first["blockHash"]})] {
        assert_eq!(client.call("eth_call", json!([call, block])).await, json!(word(11)));
        assert_eq!(client.call("eth_getStorageAt", json!([contract, "0x0", block])).await, json!(word(11)));
    }
    assert_eq!(client.call("eth_getStorageAt", json!([contract, word(0)])).await, json!(word(12)));
    assert_eq!(client.call("eth_getCode", json!([contract, "earliest"])).await, "0x");

    let create = json!({"from": wallet.address(), "to": null, "data": hex::encode_prefixed(init_code())});
    let estimate = number(&client.call("eth_estimateGas", json!([create])).await);
    assert!((53_000..100_000).contains(&estimate), "{estimate}");
    let write = json!({
        "from": wallet.address(), "to": contract, "input": word(13), "maxFeePerGas": "0x2540be400",
    });
    let estimate = number(&client.call("eth_estimateGas", json!([write, "latest"])).await);
    assert!((number(&second["gasUsed"])..40_000).contains(&estimate), "{estimate}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_get_what_they_ask_first() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let raw = Wallet::new(1).sign(0, TxKind::Call(Address::ZERO), 1, []);
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await;
    let receipt = client.receipt(&hash).await;
    assert_eq!(client.call("eth_chainId", Value::Null).await, "0x539");
    assert_eq!(client.call("net_version", json!([])).await, "1337");
    assert_eq!(client.call("net_listening", Value::Null).await, true);
    assert_eq!(client.call("net_peerCount", Value::Null).await, "0x0");
    assert_eq!(client.call("eth_syncing", Value::Null).await, false);
    assert_eq!(client.call("eth_accounts", Value::Null).await, json!([]));
    let version = client.call("web3_clientVersion", Value::Null).await;
    assert!(version.as_str().unwrap().starts_with("tandem/"));
    let empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    assert_eq!(client.call("web3_sha3", json!(["0x"])).await, empty);
    let tip = number(&client.call("eth_maxPriorityFeePerGas", Value::Null).await);
    assert!(number(&client.call("eth_gasPrice", Value::Null).await) >= tip);
    assert!(tip > 0);

    let params = json!(["0x2", receipt["blockNumber"], [0, 50.0, 100]]);
    let history = client.call("eth_feeHistory", params).await;
    let block = client.call("eth_getBlockByNumber", json!([receipt["blockNumber"], false])).await;
    assert_eq!(history["baseFeePerGas"].as_array().unwrap().len(), 3);
    assert_eq!(history["baseFeePerGas"][1], block["baseFeePerGas"]);
    assert_eq!(history["gasUsedRatio"].as_array().unwrap().len(), 2);
    assert_eq!(history["reward"][1], json!(["0x3b9aca00", "0x3b9aca00", "0x3b9aca00"]));
    assert_eq!(number(&history["oldestBlock"]) + 1, number(&receipt["blockNumber"]));
    chain.stop().await;
}
