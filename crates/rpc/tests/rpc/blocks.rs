//! The chain of EVM blocks, from block 0 on.

use crate::chain::Chain;
use serde_json::{Value, json};

fn number(quantity: &Value) -> u64 {
    u64::from_str_radix(quantity.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_block_names_the_hash_of_the_one_before_it() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let mut heads = client.subscribe(json!(["newHeads"])).await;
    let mut last = 0;
    while last < 3 {
        last = number(&heads.next().await.unwrap().unwrap()["number"]);
    }
    let mut parent = client.call("eth_getBlockByNumber", json!(["0x0", false])).await;
    assert_eq!(parent["parentHash"], json!(format!("0x{}", "00".repeat(32))));
    for at in 1..=last {
        let block = client.call("eth_getBlockByNumber", json!([format!("0x{at:x}"), false])).await;
        assert_eq!(block["parentHash"], parent["hash"], "block {at}");
        let by_hash = client.call("eth_getBlockByHash", json!([block["parentHash"], false])).await;
        assert_eq!(by_hash, parent);
        // EIP-1559: blocks without transactions lower the fee by an eighth, from block 0 on.
        let fee = number(&parent["baseFeePerGas"]);
        assert_eq!(number(&block["baseFeePerGas"]), fee - fee / 8, "block {at}");
        parent = block;
    }
    chain.stop().await;
}
