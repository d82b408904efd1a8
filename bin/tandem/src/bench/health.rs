//! The node that is measured: where it is and what it says of itself.

use crate::keys::from_hex;
use eyre::{Result, WrapErr, bail, eyre};
use serde::Deserialize;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tandem_types::Hash;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a node serves its API.
#[derive(Debug)]
pub(super) struct Node {
    /// Host and port.
    pub(super) authority: String,
}

/// What a node has written since its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// Entries of the exchange's state, each once a block.
    pub(super) leaves: u64,
    /// Bytes of blocks and their results.
    pub(super) bytes: u64,
}

/// What a node says of itself.
#[derive(Debug)]
pub(super) struct Health {
    /// Blocks so far.
    pub(super) height: u64,
    /// What ed25519 signatures are bound to.
    pub(super) genesis_hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    height: u64,
    status: String,
    genesis_hash: String,
}

impl Node {
    /// From `http://HOST:PORT`.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        match authority {
            Some(authority) if !authority.contains('/') && authority.contains(':') => {
                Ok(Self { authority: authority.to_owned() })
            }
            _ => bail!("--url must be http://HOST:PORT, is {url:?}"),
        }
    }

    /// Asks the node.
    pub(super) fn health(&self) -> Result<Health> {
        let authority = &self.authority;
        let body = self.get("/health").wrap_err_with(|| {
            format!("no node answers at http://{authority}: start one with `tandem dev --accounts N`")
        })?;
        let said: Said = serde_json::from_str(&body)
            .wrap_err_with(|| format!("what answers at http://{authority}/health is no Tandem node"))?;
        if said.status != "ok" {
            bail!("the chain of the node at http://{authority} stands still at height {}", said.height);
        }
        let genesis_hash = Hash(from_hex(&said.genesis_hash).wrap_err("genesisHash of /health")?);
        Ok(Health { height: said.height, genesis_hash })
    }

    /// What it has written so far, by its metrics.
    pub(super) fn written(&self) -> Result<Written> {
        let [leaves, bytes] = self.metrics(["state_leaves_total", "store_bytes_total"])?;
        Ok(Written { leaves, bytes })
    }

    /// What its metrics of these names say.
    pub(super) fn metrics<const N: usize>(&self, names: [&str; N]) -> Result<[u64; N]> {
        let text = self.get("/metrics").wrap_err("asking for /metrics")?;
        let mut values = [0; N];
        for (value, name) in values.iter_mut().zip(names) {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            let found = line.and_then(|value| value.trim().parse().ok());
            *value = found.ok_or_else(|| eyre!("no {name} in /metrics"))?;
        }
        Ok(values)
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let host = &self.authority;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or_else(|| eyre!("broken answer"))?;
        Ok(body.to_owned())
    }
}
