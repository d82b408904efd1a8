//! What the node is: version, network, chain.

use super::{Context, Methods, Registered};
use crate::argument::Arguments;
use crate::fault::Fault;
use alloy_primitives::{Address, B256, Bytes, U64, keccak256};

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.read("web3_clientVersion", |_, _| Ok(concat!("tandem/", env!("CARGO_PKG_VERSION"))))?;
    methods.read("web3_sha3", sha3)?;
    methods.read("net_version", |context, _| Ok(context.chain_id().to_string()))?;
    methods.read("net_listening", |_, _| Ok(true))?;
    // Peers are the consensus layer's, and no client of this interface talks to them.
    methods.read("net_peerCount", |_, _| Ok(U64::ZERO))?;
    methods.read("eth_chainId", |context, _| Ok(U64::from(context.chain_id())))?;
    // Readers see decided blocks as this node executes them.
    methods.read("eth_syncing", |_, _| Ok(false))?;
    methods.read("eth_accounts", |_, _| Ok([Address::ZERO; 0]))?;
    methods.read("eth_mining", |_, _| Ok(false))?;
    methods.read("eth_hashrate", |_, _| Ok(U64::ZERO))
}

fn sha3(_: &Context, mut arguments: Arguments) -> Result<B256, Fault> {
    Ok(keccak256(arguments.required::<Bytes>("data")?))
}
