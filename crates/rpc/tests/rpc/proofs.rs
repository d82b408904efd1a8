//! What `eth_getProof` gives is provable from the state root of a header, by code that is not ours.

use crate::chain::Chain;
use crate::contract::{code, deploy, store, word};
use crate::wallet::Wallet;
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_trie::proof::verify_proof;
use alloy_trie::{Nibbles, TrieAccount};
use serde_json::{Value, json};

fn nodes(proof: &Value) -> Vec<Bytes> {
    proof.as_array().unwrap().iter().map(bytes).collect()
}

fn bytes(value: &Value) -> Bytes {
    Bytes::from(hex::decode(value.as_str().unwrap()).unwrap())
}

fn quantity(value: &Value) -> U256 {
    U256::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

fn hash(value: &Value) -> B256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Proves the account against `state_root`, and the slots against its storage root.
fn verify(proof: &Value, address: Address, exists: bool, state_root: B256) {
    let account = TrieAccount::new(
        quantity(&proof["nonce"]).to(),
        quantity(&proof["balance"]),
        hash(&proof["storageHash"]),
        hash(&proof["codeHash"]),
    );
    let leaf = exists.then(|| alloy_rlp::encode(account));
    let path = Nibbles::unpack(keccak256(address));
    verify_proof(state_root, path, leaf, &nodes(&proof["accountProof"])).unwrap();
    for slot in proof["storageProof"].as_array().unwrap() {
        let key = B256::from(quantity(&slot["key"]));
        let value = quantity(&slot["value"]);
        let leaf = (!value.is_zero()).then(|| alloy_rlp::encode(value));
        let path = Nibbles::unpack(keccak256(key));
        verify_proof(account.storage_root, path, leaf, &nodes(&slot["proof"])).unwrap();
    }
}

/// A proof and the state root that belongs to it: both of the latest block, which may change between two questions.
async fn proof_with_root(client: &crate::client::Client, params: Value) -> (Value, B256) {
    loop {
        let before = client.call("eth_getBlockByNumber", json!(["latest", false])).await;
        let proof = client.call("eth_getProof", params.clone()).await;
        let after = client.call("eth_getBlockByNumber", json!(["latest", false])).await;
        if before["stateRoot"] == after["stateRoot"] {
            return (proof, hash(&after["stateRoot"]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_verify_against_the_state_root() {
    let chain = Chain::start().await;
    let client = chain.client().await;
    let wallet = Wallet::new(1);
    let contract = deploy(&client, &wallet).await;
    store(&client, &wallet, &contract, 77).await;
    let address: Address = contract.as_str().unwrap().parse().unwrap();
    let (proof, root) = proof_with_root(&client, json!([address, ["0x0", word(1)], "latest"])).await;
    assert_eq!(proof["storageProof"][0]["value"], "0x4d");
    assert_eq!(proof["storageProof"][0]["key"], "0x0");
    assert_eq!(proof["storageProof"][1]["key"], json!(word(1)));
    assert_eq!(hash(&proof["codeHash"]), keccak256(hex::decode(code()).unwrap()));
    verify(&proof, address, true, root);

    let (proof, root) = proof_with_root(&client, json!([wallet.address(), []])).await;
    verify(&proof, wallet.address(), true, root);
    let nobody = Address::repeat_byte(0x99);
    let (proof, root) = proof_with_root(&client, json!([nobody, ["0x5"], "latest"])).await;
    verify(&proof, nobody, false, root);

    let past = client.refusal("eth_getProof", json!([address, [], "earliest"])).await;
    assert_eq!((past.0, past.1.as_str()), (-32_004, "proofs are given of the latest block only"));
    chain.stop().await;
}
