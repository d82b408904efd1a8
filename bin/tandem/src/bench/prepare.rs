//! Everything that is signed, before anything is sent.

use crate::cli::Scheme;
use crate::client::{Health, Kind, post_text};
use crate::dev;
use crate::home::now_ms;
use crate::keys::account_key;
use eyre::{Result, eyre};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
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
        let texts = in_parallel(count, &body)?;
        Ok(Some(distribute(texts, 1, connections, |request| request)))
    }

    /// The requests of a plan. A signer's nonces count up from now, in milliseconds.
    pub(super) fn requests(
        &self,
        plan: &Plan,
        count: u64,
        node: &Health,
        connections: u32,
    ) -> Result<Requests> {
        let (network, now) = (node.network, now_ms());
        let body = |request: u64| {
            let key = self.keys.get(usize::try_from(plan.signer(request)).ok()?)?;
            request_body(&plan.action(request)?, now + plan.round(request), key, &network)
        };
        let texts = in_parallel(count, &body)?;
        Ok(distribute(texts, plan.batch.get(), connections, |request| plan.signer(request).into()))
    }
}

fn agent_key(index: u32) -> ed25519::SigningKey {
    ed25519::SigningKey::from_seed(keccak256(format!("tandem/bench/agent/{index}").as_bytes()).0)
}

/// The WebSocket messages with these bodies, in order, made by all processors.
fn in_parallel(count: u64, body: &(impl Fn(u64) -> Option<String> + Sync)) -> Result<Vec<Utf8Bytes>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = count.div_ceil(u64::try_from(threads)?).max(1);
    let message = |request| Some(post_text(request, Kind::Action, &body(request)?));
    let parts: Vec<Option<Vec<Utf8Bytes>>> = std::thread::scope(|scope| {
        let work = |from: u64| {
            scope.spawn(move || (from..count.min(from + share)).map(message).collect::<Option<Vec<_>>>())
        };
        let workers: Vec<_> =
            (0..count).step_by(usize::try_from(share).unwrap_or(usize::MAX)).map(work).collect();
        workers.into_iter().map(|worker| worker.join().ok().flatten()).collect()
    });
    let parts: Option<Vec<Vec<Utf8Bytes>>> = parts.into_iter().collect();
    Ok(parts.ok_or_else(|| eyre!("a request that cannot be written"))?.concat())
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
