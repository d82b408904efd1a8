//! Ethereum transactions: transfers whose latency is measured, and transactions that use up gas.

use super::super::prepare::in_parallel;
use crate::dev::{DEV_CHAIN_ID, account_seed};
use crate::keys::{account_key, to_hex};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, keccak256};
use eyre::{Result, WrapErr, bail, eyre};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::ops::Range;
use std::time::{Duration, Instant};
use tandem_replay::load::{Latencies, Schedule};
use tandem_types::Hash;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Transactions of a flood that fit into a second's EVM block: 30,000,000 of gas, a million each.
pub(super) const FLOOD_RATE: u32 = 30;
const FLOOD_GAS: u64 = 1_000_000;
/// What fills the lane: as many as it takes, of as many senders.
const FILL_SENDERS: Range<u32> = 500..700;
const FILL_EACH: u32 = 100;
/// Transfers each second, by accounts in turn.
const PROBE_RATE: u32 = 5;
const PROBE_SENDERS: Range<u32> = 30..80;
const TRANSFER_GAS: u64 = 21_000;
const GWEI: u128 = 1_000_000_000;
/// What all offer at most: full blocks raise the base fee by an eighth each.
const FEE_CAP: u128 = 10_000 * GWEI;
/// Init code that jumps to its beginning until the gas is used up.
const BURN: [u8; 3] = [0x5b, 0x5f, 0x56];
/// Numbers of requests to send; blocks are asked for by their own numbers.
const SEND_ID: u64 = 1 << 40;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where a node serves JSON-RPC.
#[derive(Debug)]
pub(super) struct Endpoint(String);

impl Endpoint {
    /// From `http://HOST:PORT`.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        rest.map(|rest| Self(format!("ws://{rest}")))
            .ok_or_else(|| eyre!("--rpc-url must be http://HOST:PORT, is {url:?}"))
    }

    async fn connect(&self) -> Result<Stream> {
        let connected = tokio_tungstenite::connect_async_with_config(&self.0, None, true).await;
        Ok(connected.wrap_err_with(|| format!("connecting to {}", self.0))?.0)
    }

    /// The next nonces of these accounts.
    async fn nonces(&self, accounts: Range<u32>) -> Result<Vec<u64>> {
        let (mut stream, mut nonces) = (self.connect().await?, Vec::new());
        for account in accounts {
            let address = account_key(&account_seed(account))?.address().to_string();
            let answer = call(&mut stream, "eth_getTransactionCount", &json!([address, "latest"])).await?;
            let text = answer.as_str().and_then(|text| text.strip_prefix("0x")).unwrap_or_default();
            nonces.push(u64::from_str_radix(text, 16).wrap_err("a nonce")?);
        }
        Ok(nonces)
    }
}

fn request(id: u64, method: &str, params: &Value) -> Message {
    Message::text(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string())
}

/// Asks, and waits for the answer; nothing else may be under way.
async fn call(stream: &mut Stream, method: &str, params: &Value) -> Result<Value> {
    stream.send(request(0, method, params)).await?;
    while let Some(message) = stream.next().await {
        if let Message::Text(text) = message? {
            let mut answer: Value = serde_json::from_str(&text)?;
            return match answer.get_mut("result") {
                Some(result) => Ok(result.take()),
                None => bail!("{method}: {answer}"),
            };
        }
    }
    bail!("{method}: the node closed the connection")
}

/// A signed transaction of an account, as JSON-RPC has it.
fn sign(
    account: u32,
    nonce: u64,
    gas_limit: u64,
    tip: u128,
    to: TxKind,
    input: &'static [u8],
) -> Option<String> {
    let transaction = TxEip1559 {
        chain_id: DEV_CHAIN_ID.0,
        nonce,
        gas_limit,
        max_fee_per_gas: FEE_CAP,
        max_priority_fee_per_gas: tip,
        to,
        value: U256::ZERO,
        access_list: alloy_eips::eip2930::AccessList::default(),
        input: Bytes::from_static(input),
    };
    let key = account_key(&account_seed(account)).ok()?;
    let signed = key.sign(&Hash(transaction.signature_hash().0));
    let (r, s) = (U256::from_be_bytes(signed.r), U256::from_be_bytes(signed.s));
    let signature = Signature::new(r, s, signed.y_is_odd);
    let raw = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
    Some(format!("0x{}", to_hex(&raw)))
}

/// So many transactions that use up gas, of the senders in turn.
async fn burners(endpoint: &Endpoint, senders: Range<u32>, each: u32) -> Result<Vec<String>> {
    let nonces = endpoint.nonces(senders.clone()).await?;
    let count = u64::try_from(nonces.len())?;
    in_parallel(count * u64::from(each), |number| {
        let at = usize::try_from(number % count).ok()?;
        let (sender, nonce) = (senders.start + u32::try_from(at).ok()?, nonces.get(at)? + number / count);
        sign(sender, nonce, FLOOD_GAS, GWEI, TxKind::Create, &BURN)
    })
}

/// Transactions that fill the lane, and such that keep it full.
#[derive(Debug)]
pub(super) struct Flood {
    stream: Stream,
    fill: Vec<String>,
    more: VecDeque<String>,
}

impl Flood {
    /// Signs what fills the lane and `count` more.
    pub(super) async fn prepare(endpoint: &Endpoint, count: u32) -> Result<Self> {
        let senders = u32::try_from(FILL_SENDERS.len())?;
        let mut fill = burners(endpoint, FILL_SENDERS, FILL_EACH + count.div_ceil(senders)).await?;
        let more = fill.split_off(usize::try_from(FILL_EACH * senders)?);
        Ok(Self { stream: endpoint.connect().await?, fill, more: more.into() })
    }

    /// Fills the lane.
    pub(super) async fn fill(mut self) -> Result<Self> {
        const AT_A_TIME: usize = 200;
        let fill = std::mem::take(&mut self.fill);
        for part in fill.chunks(AT_A_TIME) {
            for raw in part {
                self.stream.feed(request(SEND_ID, "eth_sendRawTransaction", &json!([raw]))).await?;
            }
            self.stream.flush().await?;
            for _ in part {
                self.stream.next().await.ok_or_else(|| eyre!("the node closed the connection"))??;
            }
        }
        Ok(self)
    }

    /// Sends the rest at this rate.
    pub(super) fn start(mut self, rate: u32) -> tokio::task::JoinHandle<Result<()>> {
        tokio::spawn(async move {
            let start = Instant::now();
            let rate = NonZeroU32::new(rate).ok_or_else(|| eyre!("zero is not enough"))?;
            let schedule = Schedule::new(rate, NonZeroU32::MIN);
            for number in 0.. {
                let Some(raw) = self.more.pop_front() else { break };
                tokio::time::sleep_until((start + schedule.due(number)).into()).await;
                self.stream.send(request(SEND_ID, "eth_sendRawTransaction", &json!([raw]))).await?;
                self.stream.next().await.ok_or_else(|| eyre!("the node closed the connection"))??;
            }
            Ok(())
        })
    }
}

/// Transfers, each of which counts from when it is due until the block that has it is heard of.
#[derive(Debug)]
pub(super) struct Probe {
    stream: Stream,
    schedule: Schedule,
    queue: VecDeque<(u64, String)>,
    /// When those that are sent were due, by their hashes.
    waiting: HashMap<String, Instant>,
    latencies: Latencies,
    sent: u64,
}

impl Probe {
    /// Signs transfers for so many seconds, and listens to blocks.
    pub(super) async fn prepare(endpoint: &Endpoint, seconds: u32) -> Result<Self> {
        let nonces = endpoint.nonces(PROBE_SENDERS).await?;
        let senders = u64::try_from(nonces.len())?;
        let transfers = in_parallel(u64::from(PROBE_RATE * seconds), |number| {
            let at = usize::try_from(number % senders).ok()?;
            let (sender, nonce) =
                (PROBE_SENDERS.start + u32::try_from(at).ok()?, nonces.get(at)? + number / senders);
            let to = TxKind::Call(Address::repeat_byte(9));
            sign(sender, nonce, TRANSFER_GAS, 100 * GWEI, to, &[])
        })?;
        let mut stream = endpoint.connect().await?;
        call(&mut stream, "eth_subscribe", &json!(["newHeads"])).await?;
        let rate = NonZeroU32::new(PROBE_RATE).ok_or_else(|| eyre!("zero is not enough"))?;
        Ok(Self {
            stream,
            schedule: Schedule::new(rate, NonZeroU32::MIN),
            queue: (0..).zip(transfers).collect(),
            waiting: HashMap::new(),
            latencies: Latencies::default(),
            sent: 0,
        })
    }

    /// Sends each when it is due, from `start` on; latencies, and how many were sent.
    pub(super) async fn run(mut self, start: Instant, patience: Duration) -> Result<(Latencies, u64)> {
        let last = self.queue.back().map_or(0, |(number, _)| *number);
        let deadline = start + self.schedule.due(last) + patience;
        while !self.queue.is_empty() || !self.waiting.is_empty() {
            let next = self.queue.front().map(|(number, _)| start + self.schedule.due(*number));
            tokio::select! {
                message = self.stream.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text).await?,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => bail!("the node closed the connection"),
                },
                () = tokio::time::sleep_until(next.unwrap_or(deadline).into()), if next.is_some() => {
                    self.send(start).await?;
                }
                () = tokio::time::sleep_until(deadline.into()) => break,
            }
        }
        Ok((self.latencies, self.sent))
    }

    async fn send(&mut self, start: Instant) -> Result<()> {
        let Some((number, raw)) = self.queue.pop_front() else { return Ok(()) };
        self.stream.send(request(SEND_ID + number, "eth_sendRawTransaction", &json!([raw]))).await?;
        self.waiting.insert(hash_of(&raw)?, start + self.schedule.due(number));
        self.sent += 1;
        Ok(())
    }

    /// Asks for the block of each new head, and ends what it has.
    async fn hear(&mut self, text: &str) -> Result<()> {
        let now = Instant::now();
        let message: Value = serde_json::from_str(text)?;
        if let Some(number) = message.pointer("/params/result/number") {
            let ask = request(1, "eth_getBlockByNumber", &json!([number, false]));
            return Ok(self.stream.send(ask).await?);
        }
        if let Some(error) = message.get("error") {
            bail!("a transfer was refused: {error}");
        }
        let transactions = message.pointer("/result/transactions").and_then(Value::as_array);
        for hash in transactions.into_iter().flatten().filter_map(Value::as_str) {
            if let Some(due) = self.waiting.remove(hash) {
                self.latencies.record(now.saturating_duration_since(due));
            }
        }
        Ok(())
    }
}

/// The hash of a raw transaction, as JSON-RPC has both.
fn hash_of(raw: &str) -> Result<String> {
    let digits = raw.strip_prefix("0x").unwrap_or(raw);
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2).unwrap_or_default(), 16);
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect::<Result<_, _>>()?;
    Ok(format!("0x{}", to_hex(&keccak256(bytes).0)))
}
