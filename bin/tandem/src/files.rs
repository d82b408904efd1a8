//! How the files that this process may have open are shared out: a client too many must never keep a block from being
//! written.

use eyre::{Result, WrapErr};
use tandem_api::ApiConfig;
use tandem_rpc::RpcConfig;

/// Files that the node needs for itself at least: segments of its log, connections to validators.
const OWN_MIN: u64 = 256;
/// Of 8 connections of clients, those to the exchange API; the others are for JSON-RPC.
const API_OF_8: u64 = 5;

/// Connections that clients may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shares {
    api: u64,
    rpc: u64,
}

impl Shares {
    /// Out of all files that may be open: a quarter is the node's own, or half where there are few.
    fn of(files: u64) -> Self {
        let own = (files / 4).max(OWN_MIN).min(files / 2);
        let clients = files - own;
        let api = clients / 8 * API_OF_8;
        Self { api, rpc: clients - api }
    }
}

/// Raises the limit of open files as far as the system lets it, and bounds the faces' connections by it.
pub(crate) fn bound(api: &mut ApiConfig, rpc: &mut RpcConfig) -> Result<()> {
    let files = tandem_connections::raise_open_files().wrap_err("limit of open files")?;
    let shares = Shares::of(files);
    let (api_max, rpc_max) = (api.limits.connections_max, rpc.limits.connections_max);
    api.limits = api.limits.within(usize::try_from(shares.api).unwrap_or(usize::MAX));
    rpc.limits = rpc.limits.within(u32::try_from(shares.rpc).unwrap_or(u32::MAX));
    if api.limits.connections_max < api_max || rpc.limits.connections_max < rpc_max {
        tracing::warn!(
            files,
            api = api.limits.connections_max,
            rpc = rpc.limits.connections_max,
            "the limit of open files bounds the connections of clients: raise it with `ulimit -n`"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_keeps_files_for_itself_however_few_there_are() {
        for (files, api, rpc) in [(0, 0, 0), (64, 20, 12), (1_024, 480, 288), (20_000, 9_375, 5_625)] {
            assert_eq!(Shares::of(files), Shares { api, rpc }, "{files}");
        }
        assert!(Shares::of(u64::MAX).api > u64::MAX / 4);
    }
}
