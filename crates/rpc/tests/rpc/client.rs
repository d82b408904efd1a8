//! A JSON-RPC client over WebSocket that speaks plain JSON.

use jsonrpsee::client_transport::ws::{Url, WsTransportClientBuilder};
use jsonrpsee::core::client::{ClientBuilder, ClientT, Error, Subscription, SubscriptionClientT};
use jsonrpsee::core::traits::ToRpcParams;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A connection.
pub(crate) struct Client(jsonrpsee::core::client::Client);

struct Params(Value);

impl ToRpcParams for Params {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        match self.0 {
            Value::Null => Ok(None),
            list => to_raw_value(&list).map(Some),
        }
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let url = Url::parse(&format!("ws://{address}")).unwrap();
        let (sender, receiver) = WsTransportClientBuilder::default().build(url).await.unwrap();
        Self(ClientBuilder::default().build_with_tokio(sender, receiver))
    }

    /// The result of a call that must succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let answer: Result<Value, Error> = self.0.request(method, Params(params.clone())).await;
        answer.unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// Code, message and data of a call that must fail.
    pub(crate) async fn refusal(&self, method: &str, params: Value) -> (i32, String, Option<Value>) {
        let answer: Result<Value, Error> = self.0.request(method, Params(params.clone())).await;
        match answer {
            Err(Error::Call(error)) => {
                let data = error.data().map(|data| serde_json::from_str(data.get()).unwrap());
                (error.code(), error.message().to_owned(), data)
            }
            other => panic!("{method} {params}: {other:?}"),
        }
    }

    pub(crate) async fn subscribe(&self, params: Value) -> Subscription<Value> {
        self.0.subscribe("eth_subscribe", Params(params), "eth_unsubscribe").await.unwrap()
    }

    /// Waits for the receipt of a transaction, looking after every new block.
    pub(crate) async fn receipt(&self, hash: &Value) -> Value {
        let mut heads = self.subscribe(json!(["newHeads"])).await;
        loop {
            let receipt = self.call("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                return receipt;
            }
            heads.next().await.unwrap().unwrap();
        }
    }
}
