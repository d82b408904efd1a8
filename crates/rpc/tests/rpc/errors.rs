//! What is refused is refused in the words that clients know, over HTTP as over WebSocket.

use crate::chain::{CHAIN_ID, Chain};
use crate::contract::{deploy, word};
use crate::wallet::Wallet;
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, TxKind, U256, hex};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tandem_rpc::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GWEI: u128 = 1_000_000_000;

fn transfer(nonce: u64, price: u128) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: price,
        max_priority_fee_per_gas: price,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_refused_in_geths_words() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(1);
    let first =
        client.call("eth_sendRawTransaction", json!([wallet.sign_with(transfer(0, 10 * GWEI))])).await;
    client.receipt(&first).await;
    // It waits: the nonces before it are missing.
    let waiting = wallet.sign_with(transfer(9, 10 * GWEI));
    client.call("eth_sendRawTransaction", json!([waiting])).await;
    let poor = Wallet::new(99);
    let elsewhere = TxEip1559 { chain_id: 1, ..transfer(1, GWEI) };
    let costly = TxEip1559 { value: U256::MAX >> 4, ..transfer(1, GWEI) };
    let starved = TxEip1559 { gas_limit: 20_000, ..transfer(1, GWEI) };
    let rows = [
        (waiting, "already known"),
        (wallet.sign_with(transfer(9, 10 * GWEI + 1)), "replacement transaction underpriced"),
        (wallet.sign_with(transfer(0, 11 * GWEI)), "nonce too low: next nonce is 1"),
        (wallet.sign_with(costly), "insufficient funds for gas * price + value"),
        (poor.sign_with(transfer(0, GWEI)), "insufficient funds for gas * price + value"),
        (wallet.sign_with(elsewhere), "invalid chain id for signer: have 1 want 1337"),
        (wallet.sign_with(starved), "intrinsic gas too low"),
        (json!("0x1234"), "not a canonical EIP-2718 transaction"),
    ];
    for (raw, expected) in rows {
        let (code, message, _) = client.refusal("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(code, -32_000, "{message}");
        assert!(message.contains(expected), "{message} is not {expected}");
    }
    let count = client.call("eth_getTransactionCount", json!([wallet.address(), "pending"])).await;
    assert_eq!(count, client.call("eth_getTransactionCount", json!([wallet.address(), "latest"])).await);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reverts_carry_their_data_and_bad_parameters_their_name() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(2);
    let contract = deploy(&client, &wallet).await;
    let call = json!({"from": wallet.address(), "to": contract, "data": word(1_001)});
    for method in ["eth_call", "eth_estimateGas"] {
        let (code, message, data) = client.refusal(method, json!([call])).await;
        assert_eq!((code, message.as_str(), data), (3, "execution reverted", Some(json!(word(1_001)))));
    }
    let unpaid = json!({"from": Wallet::new(98).address(), "to": contract, "value": "0x1"});
    let (code, message, _) = client.refusal("eth_estimateGas", json!([unpaid])).await;
    assert_eq!(code, -32_000);
    assert!(message.contains("insufficient funds for gas * price + value"), "{message}");

    let rows = [
        ("eth_getBalance", json!([]), -32_602, "missing value for required argument address"),
        (
            "eth_getBalance",
            json!(["0x12"]),
            -32_602,
            "invalid argument address: expected 20 bytes in hex, got 1",
        ),
        (
            "eth_getBalance",
            json!([Address::ZERO, "newest"]),
            -32_602,
            "invalid argument block: hex without 0x",
        ),
        ("eth_getBalance", json!([Address::ZERO, "0xffffffff"]), -32_000, "header not found"),
        (
            "eth_getBlockByNumber",
            json!(["0x01", false]),
            -32_602,
            "invalid argument block: quantity with leading zeros",
        ),
        ("eth_call", json!([call, "latest", {"0x00": {}}]), -32_004, "state overrides are not supported"),
        (
            "eth_getLogs",
            json!([{"fromBlock": "0x2", "toBlock": "0x1"}]),
            -32_602,
            "invalid argument filter: fromBlock is after toBlock",
        ),
        ("eth_sendTransaction", json!([]), -32_601, "Method not found"),
    ];
    for (method, params, code, message) in rows {
        let refusal = client.refusal(method, params.clone()).await;
        assert_eq!((refusal.0, refusal.1.as_str()), (code, message), "{method} {params}");
    }
    chain.stop().await;
}

/// The status and the JSON of a POST.
async fn post(address: SocketAddr, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\norigin: https://example.org\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn http_answers_single_calls_and_batches_within_the_limits() {
    let limits = Limits { batch_max: 2, request_bytes_max: 1_024, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let address = chain.server.addresses()[0];
    let call = |id: u8| json!({"jsonrpc": "2.0", "id": id, "method": "eth_chainId"});
    let (status, answer) = post(address, &call(1).to_string()).await;
    assert_eq!((status, answer), (200, json!({"jsonrpc": "2.0", "id": 1, "result": "0x539"})));
    let (_, answers) = post(address, &json!([call(1), call(2)]).to_string()).await;
    assert_eq!(answers.as_array().unwrap().len(), 2);
    let (_, refused) = post(address, &json!([call(1), call(2), call(3)]).to_string()).await;
    assert_eq!(refused["error"]["code"], -32_010);
    let (_, garbage) = post(address, "{").await;
    assert_eq!(garbage["error"]["code"], -32_700);
    let long = json!({"jsonrpc": "2.0", "id": 1, "method": "web3_sha3", "params": [hex::encode_prefixed([0; 2_048])]});
    let (status, _) = post(address, &long.to_string()).await;
    assert_eq!(status, 413);
    chain.stop().await;
}
