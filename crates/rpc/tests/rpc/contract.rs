//! A contract by hand: with 32 bytes of input it stores them in slot 0 and logs them under topic 7, unless they are
//! above 1,000, with which it reverts; without input it returns what is stored.

use crate::client::Client;
use crate::wallet::Wallet;
use alloy_primitives::{B256, TxKind, U256, hex};
use serde_json::{Value, json};

/// Copies the rest and returns it as the code.
const INIT: [u8; 9] = hex!("602b8060095f395ff3");
const CODE: [u8; 43] = hex!(
    "3615602257"       // no input: get
    "5f35"             // value
    "805f55"           // store it
    "806103e810601b57" // above 1,000: revert
    "5f526007" "60205fa1" "00"
    "5b5f5260205ffd"   // revert with the value
    "5b5f545f5260205ff3"
);

/// Init code.
pub(crate) fn init_code() -> Vec<u8> {
    [INIT.as_slice(), &CODE].concat()
}

/// Code as deployed.
pub(crate) fn code() -> String {
    hex::encode_prefixed(CODE)
}

/// A number as input and data.
pub(crate) fn word(number: u64) -> B256 {
    B256::from(U256::from(number))
}

/// Deploys the contract; returns its address.
pub(crate) async fn deploy(client: &Client, wallet: &Wallet) -> Value {
    let receipt = send(client, wallet, TxKind::Create, &init_code()).await;
    assert_eq!(receipt["status"], "0x1");
    receipt["contractAddress"].clone()
}

/// Has the contract store a number; returns the receipt.
pub(crate) async fn store(client: &Client, wallet: &Wallet, contract: &Value, number: u64) -> Value {
    let to = contract.as_str().unwrap().parse().unwrap();
    send(client, wallet, TxKind::Call(to), word(number).as_slice()).await
}

async fn send(client: &Client, wallet: &Wallet, to: TxKind, input: &[u8]) -> Value {
    let nonce = client.call("eth_getTransactionCount", json!([wallet.address(), "pending"])).await;
    let nonce = u64::from_str_radix(nonce.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let raw = wallet.sign(nonce, to, 0, input.to_vec());
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await;
    client.receipt(&hash).await
}
