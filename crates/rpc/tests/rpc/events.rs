//! Logs: queried, polled and subscribed to.

use crate::chain::Chain;
use crate::contract::{deploy, store, word};
use crate::wallet::Wallet;
use serde_json::{Value, json};
use tandem_rpc::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_found_by_address_topic_and_block() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(1);
    let contract = deploy(&client, &wallet).await;
    let first = store(&client, &wallet, &contract, 5).await;
    let second = store(&client, &wallet, &contract, 6).await;
    let both = json!([first["logs"][0], second["logs"][0]]);
    let rows = [
        (json!({"fromBlock": "0x0", "address": contract}), both.clone()),
        (json!({"fromBlock": "earliest", "toBlock": "latest", "topics": [word(7)]}), both.clone()),
        (json!({"fromBlock": "0x0", "toBlock": first["blockNumber"]}), first["logs"].clone()),
        (json!({"blockHash": second["blockHash"], "topics": [[word(1), word(7)]]}), second["logs"].clone()),
        (json!({"fromBlock": "0x0", "topics": [word(8)]}), json!([])),
        (json!({"fromBlock": "0x0", "topics": [null, word(7)]}), json!([])),
        (json!({"fromBlock": "0x0", "address": [wallet.address()]}), json!([])),
        (json!({"fromBlock": "0xffffff"}), json!([])),
    ];
    for (query, expected) in rows {
        assert_eq!(client.call("eth_getLogs", json!([query])).await, expected, "{query}");
    }
    let log = &first["logs"][0];
    assert_eq!(log["data"], json!(word(5)));
    assert_eq!(log["logIndex"], "0x0");
    assert_eq!(log["removed"], false);
    assert_eq!(log["transactionHash"], first["transactionHash"]);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_tell_what_is_new_since_the_last_poll() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(2);
    let contract = deploy(&client, &wallet).await;
    let before = store(&client, &wallet, &contract, 1).await;
    let logs = client.call("eth_newFilter", json!([{"fromBlock": "0x0", "address": contract}])).await;
    let blocks = client.call("eth_newBlockFilter", Value::Null).await;
    let pending = client.call("eth_newPendingTransactionFilter", Value::Null).await;
    let receipt = store(&client, &wallet, &contract, 2).await;
    assert_eq!(client.call("eth_getFilterChanges", json!([logs])).await, receipt["logs"]);
    assert_eq!(client.call("eth_getFilterChanges", json!([logs])).await, json!([]));
    let all = json!([before["logs"][0], receipt["logs"][0]]);
    assert_eq!(client.call("eth_getFilterLogs", json!([logs])).await, all);
    let hashes = client.call("eth_getFilterChanges", json!([blocks])).await;
    assert!(hashes.as_array().unwrap().contains(&receipt["blockHash"]));
    let sent = client.call("eth_getFilterChanges", json!([pending])).await;
    assert_eq!(sent, json!([receipt["transactionHash"]]));
    assert_eq!(client.call("eth_uninstallFilter", json!([logs])).await, true);
    assert_eq!(client.call("eth_uninstallFilter", json!([logs])).await, false);
    let gone = client.refusal("eth_getFilterChanges", json!([logs])).await;
    assert_eq!((gone.0, gone.1.as_str()), (-32_000, "filter not found"));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_get_every_head_their_logs_and_what_is_sent() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(3);
    let contract = deploy(&client, &wallet).await;
    let mut heads = client.subscribe(json!(["newHeads"])).await;
    let mut logs = client.subscribe(json!(["logs", {"address": contract, "topics": [word(7)]}])).await;
    let mut sent = client.subscribe(json!(["newPendingTransactions"])).await;
    let receipt = store(&client, &wallet, &contract, 4).await;
    assert_eq!(logs.next().await.unwrap().unwrap(), receipt["logs"][0]);
    assert_eq!(sent.next().await.unwrap().unwrap(), receipt["transactionHash"]);
    let first = heads.next().await.unwrap().unwrap();
    let second = heads.next().await.unwrap().unwrap();
    assert_eq!(second["parentHash"], first["hash"]);
    let block = client.call("eth_getBlockByHash", json!([first["hash"], false])).await;
    assert_eq!(block["stateRoot"], first["stateRoot"]);
    assert!(first.get("transactions").is_none());
    assert!(heads.unsubscribe().await.is_ok());
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_beyond_the_limits_are_refused_by_name() {
    let limits = Limits { log_blocks_max: 2, logs_max: 1, filters_max: 1, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let client = chain.client().await;
    let wallet = Wallet::new(4);
    let contract = deploy(&client, &wallet).await;
    let receipt = store(&client, &wallet, &contract, 4).await;
    let last = store(&client, &wallet, &contract, 5).await;
    assert_ne!(receipt["blockNumber"], "0x1");
    let wide = client.refusal("eth_getLogs", json!([{"fromBlock": "0x0"}])).await;
    assert_eq!((wide.0, wide.1.as_str()), (-32_005, "range too large: at most 2 blocks in a query"));
    let block = json!({"blockHash": last["blockHash"]});
    assert_eq!(client.call("eth_getLogs", json!([block])).await, last["logs"]);
    client.call("eth_newBlockFilter", json!([])).await;
    let full = client.refusal("eth_newBlockFilter", json!([])).await;
    assert_eq!(full.0, -32_005);
    chain.stop().await;
}
