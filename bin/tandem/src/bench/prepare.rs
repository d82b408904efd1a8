//! Everything that is signed, before anything is sent.

use crate::cli::Scheme;
use crate::client::{Health, Kind, post_text};
use crate::dev;
use crate::home::now_ms;
use crate::keys::account_key;
use eyre::{Result, eyre};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ops::Range;
use tandem_crypto::{ed25519, keccak256};
use tandem_exchange::action::{Action, ApproveAgent, ed25519_address};
use tandem_replay::load::Plan;
use tandem_replay::{RequestKey, request_body, user_signed};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The agents' name: a name of their own, so that they replace no other.
const AGENT_NAME: &str = "bench";

/// Messages by connection, each with its request's number, in order.
#[derive(Debug)]
pub(super) struct Requests {
    /// One for each connection.
    pub(super) queues: Vec<VecDeque<(u64, Utf8Bytes)>>,
    /// How many.
    pub(super) count: u64,
    /// How many orders or cancels each has.
    pub(super) items: u32,
    /// Bytes of all.
    pub(super) bytes: usize,
}

/// Those who sign.
#[derive(Debug)]
pub(super) struct Signers {
    keys: Vec<RequestKey>,
    scheme: Scheme,
}

impl Signers {
    /// The first so many accounts of a developer's chain, with keys of this scheme.
    pub(super) fn new(scheme: Scheme, count: u32) -> Result<Self> {
        let key = |index| match scheme {
            Scheme::Secp256k1 => account_key(&dev::account_seed(index)).map(RequestKey::Secp256k1),
            Scheme::Ed25519 => Ok(RequestKey::Ed25519(agent_key(index))),
        };
        Ok(Self { keys: (0..count).map(key).collect::<Result<_>>()?, scheme })
    }

    /// The accounts of these numbers of a developer's chain, which sign themselves.
    pub(super) fn accounts(numbers: Range<u32>) -> Result<Self> {
        let key = |index| account_key(&dev::account_seed(index)).map(RequestKey::Secp256k1);
        Ok(Self { keys: numbers.map(key).collect::<Result<_>>()?, scheme: Scheme::Secp256k1 })
    }

    /// So many requests of what `action` says, signed in turn. A signer's nonces count up from now, in milliseconds.
    pub(super) fn requests_of(
        &self,
        count: u64,
        items: u32,
        action: impl Fn(u64) -> Option<Action> + Sync,
        node: &Health,
        connections: u32,
    ) -> Result<Requests> {
        let (network, now) = (node.network, now_ms());
        let signers = u64::try_from(self.keys.len())?.max(1);
        let body = |request: u64| {
            let key = self.keys.get(usize::try_from(request % signers).ok()?)?;
            request_body(&action(request)?, now + request / signers, key, &network)
        };
        let texts = messages(count, &body)?;
        Ok(distribute(texts, items, connections, |request| request % signers))
    }

    /// Each account's approval of its ed25519 key; `None` if the accounts sign themselves.
    pub(super) fn approvals(&self, node: &Health, connections: u32) -> Result<Option<Requests>> {
        if self.scheme == Scheme::Secp256k1 {
            return Ok(None);
        }
        let (network, nonce) = (node.network, now_ms());
        let body = |index: u64| {
            let index = u32::try_from(index).ok()?;
            let owner = account_key(&dev::account_seed(index)).ok()?;
            let user = user_signed(&network, nonce);
            let agent = ed25519_address(&agent_key(index).public_key());
            let action = Action::ApproveAgent(ApproveAgent { agent, name: Some(AGENT_NAME.into()), user });
            request_body(&action, nonce, &RequestKey::Secp256k1(owner), &network)
        };
        let count = u64::try_from(self.keys.len())?;
        let texts = messages(count, &body)?;
        Ok(Some(distribute(texts, 1, connections, |request| request)))
    }

    /// The requests of a plan, which has as many signers.
    pub(super) fn requests(
        &self,
        plan: &Plan,
        count: u64,
        node: &Health,
        connections: u32,
    ) -> Result<Requests> {
        self.requests_of(count, plan.batch.get(), |request| plan.action(request), node, connections)
    }
}

fn agent_key(index: u32) -> ed25519::SigningKey {
    ed25519::SigningKey::from_seed(keccak256(format!("tandem/bench/agent/{index}").as_bytes()).0)
}

/// The WebSocket messages with these bodies, in order.
fn messages(count: u64, body: &(impl Fn(u64) -> Option<String> + Sync)) -> Result<Vec<Utf8Bytes>> {
    in_parallel(count, |request| Some(post_text(request, Kind::Action, &body(request)?)))
}

/// What `make` gives for each number below `count`, in order, made by all processors.
pub(super) fn in_parallel<T: Send>(count: u64, make: impl Fn(u64) -> Option<T> + Sync) -> Result<Vec<T>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = count.div_ceil(u64::try_from(threads)?).max(1);
    let make = &make;
    let parts: Vec<Option<Vec<T>>> = std::thread::scope(|scope| {
        let work = |from: u64| scope.spawn(move || (from..count.min(from + share)).map(make).collect());
        let workers: Vec<_> =
            (0..count).step_by(usize::try_from(share).unwrap_or(usize::MAX)).map(work).collect();
        workers.into_iter().map(|worker| worker.join().ok().flatten()).collect()
    });
    let parts: Option<Vec<Vec<T>>> = parts.into_iter().collect();
    let parts = parts.ok_or_else(|| eyre!("a request that cannot be written"))?;
    Ok(parts.into_iter().flatten().collect())
}

/// All requests of one signer go over one connection, so that they arrive in order.
fn distribute(texts: Vec<Utf8Bytes>, items: u32, connections: u32, signer: impl Fn(u64) -> u64) -> Requests {
    let bytes = texts.iter().map(|text| text.len()).sum();
    let mut requests = Requests { queues: Vec::new(), count: 0, items, bytes };
    requests.queues.resize_with(usize::try_from(connections).unwrap_or(1), VecDeque::new);
    for text in texts {
        let connection = signer(requests.count) % u64::from(connections.max(1));
        if let Some(queue) = usize::try_from(connection).ok().and_then(|at| requests.queues.get_mut(at)) {
            queue.push_back((requests.count, text));
        }
        requests.count += 1;
    }
    requests
}
