//! The node that is asked: where it is and what it says of itself.

use crate::keys::from_hex;
use eyre::{Result, WrapErr, bail, eyre};
use serde::Deserialize;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;
use tandem_exchange::action::{Network, NetworkKind};
use tandem_types::{ChainId, Hash};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes that are read of an answer, above any that a node gives.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Where a node serves its API.
#[derive(Debug)]
pub(crate) struct Node {
    /// Host and port.
    pub(crate) authority: String,
}

/// What a node has written since its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// Entries of the exchange's state, each once a block.
    pub(crate) leaves: u64,
    /// Bytes of blocks and their results.
    pub(crate) bytes: u64,
}

/// What a node says of itself.
#[derive(Debug)]
pub(crate) struct Health {
    /// Blocks so far.
    pub(crate) height: u64,
    /// What signatures must be for.
    pub(crate) network: Network,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    height: u64,
    status: String,
    network: String,
    chain_id: u64,
    genesis_hash: String,
}

impl Node {
    /// From `http://HOST:PORT`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        match authority {
            Some(authority) if !authority.contains('/') && authority.contains(':') => {
                Ok(Self { authority: authority.to_owned() })
            }
            _ => bail!("--url must be http://HOST:PORT, such as http://127.0.0.1:3030; it is {url:?}"),
        }
    }

    /// Asks the node.
    pub(crate) fn health(&self) -> Result<Health> {
        let authority = &self.authority;
        let body = self.get("/health").wrap_err_with(|| {
            format!("no node answers at http://{authority}: start one with `tandem dev`, or correct --url")
        })?;
        self.read_health(&body).wrap_err_with(|| {
            format!("what answers at http://{authority}/health is no Tandem node of this version")
        })
    }

    fn read_health(&self, body: &str) -> Result<Health> {
        let said: Said = serde_json::from_str(body)?;
        if said.status != "ok" {
            bail!(
                "the chain of the node at http://{} stands still at height {}",
                self.authority,
                said.height
            );
        }
        let kind = match said.network.as_str() {
            "production" => NetworkKind::Production,
            "test" => NetworkKind::Test,
            "dev" => NetworkKind::Dev,
            other => bail!("unknown kind of network {other:?}"),
        };
        let genesis_hash = Hash(from_hex(&said.genesis_hash).wrap_err("genesisHash")?);
        let network = Network { kind, chain_id: ChainId(said.chain_id), genesis_hash };
        Ok(Health { height: said.height, network })
    }

    /// What it has written so far, by its metrics.
    pub(crate) fn written(&self) -> Result<Written> {
        let [leaves, bytes] = self.metrics(["state_leaves_total", "store_bytes_total"])?;
        Ok(Written { leaves, bytes })
    }

    /// What its metrics of these names say.
    pub(crate) fn metrics<const N: usize>(&self, names: [&str; N]) -> Result<[u64; N]> {
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
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let host = &self.authority;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (_, body) = answer.split_once("\r\n\r\n").ok_or_else(|| eyre!("no answer of HTTP"))?;
        Ok(body.to_owned())
    }

    /// To the first of the host's addresses that answers.
    fn connect(&self) -> Result<TcpStream> {
        let mut last = eyre!("{} has no address", self.authority);
        for address in self.authority.to_socket_addrs().wrap_err("not a host and a port")? {
            match TcpStream::connect_timeout(&address, TIMEOUT) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = eyre::Report::new(error).wrap_err(format!("connecting to {address}")),
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_a_host_and_a_port() {
        for url in ["http://127.0.0.1:3030", "http://[::1]:3030/", "http://node.example:80"] {
            Node::parse(url).unwrap();
        }
        for url in ["127.0.0.1:3030", "https://127.0.0.1:3030", "http://127.0.0.1", "http://a:1/info", ""] {
            let error = Node::parse(url).unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{error}");
        }
    }

    #[test]
    fn a_node_says_what_signatures_are_for() {
        let node = Node::parse("http://127.0.0.1:3030").unwrap();
        let said = |status: &str, network: &str| {
            let hash = "0x".to_owned() + &"07".repeat(32);
            node.read_health(&format!(
                r#"{{"status":"{status}","height":5,"network":"{network}","chainId":9,"genesisHash":"{hash}"}}"#
            ))
        };
        let kinds =
            [("production", NetworkKind::Production), ("test", NetworkKind::Test), ("dev", NetworkKind::Dev)];
        for (word, kind) in kinds {
            let network = Network { kind, chain_id: ChainId(9), genesis_hash: Hash([7; 32]) };
            assert_eq!(said("ok", word).unwrap().network, network);
        }
        for (status, network) in [("stalled", "dev"), ("ok", "main")] {
            assert!(said(status, network).is_err(), "{status} {network}");
        }
        assert!(node.read_health("<html>").is_err());
    }
}
