//! Accounts, code and storage after a block.

use super::{Context, Methods, Registered};
use crate::argument::{Arguments, BlockId, StorageSlot};
use crate::config::PROOF_SLOTS_MAX;
use crate::fault::Fault;
use crate::snapshot::Snapshot;
use crate::view::ProofView;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use tandem_evm::EvmRead;

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.read("eth_getBalance", balance)?;
    methods.read("eth_getTransactionCount", transaction_count)?;
    methods.read("eth_getCode", code)?;
    methods.read("eth_getStorageAt", storage_at)?;
    methods.read("eth_getProof", proof)
}

fn balance(context: &Context, mut arguments: Arguments) -> Result<U256, Fault> {
    let (address, mut snapshot) = account(context, &mut arguments)?;
    let account = snapshot.account(address);
    snapshot.checked(account.map_or(U256::ZERO, |account| account.balance))
}

fn transaction_count(context: &Context, mut arguments: Arguments) -> Result<U64, Fault> {
    let address = arguments.required("address")?;
    let block = arguments.block()?;
    let mut snapshot = Snapshot::open(&context.node, &context.blocks, block)?;
    let account = snapshot.account(address);
    let nonce = snapshot.checked(account.map_or(0, |account| account.nonce))?;
    let nonce = match block {
        BlockId::Pending => context.node.pool().with_evm(|lane| lane.pending_nonce(address, nonce)),
        BlockId::Latest | BlockId::Number(_) | BlockId::Hash(_) => nonce,
    };
    Ok(U64::from(nonce))
}

fn code(context: &Context, mut arguments: Arguments) -> Result<Bytes, Fault> {
    let (address, mut snapshot) = account(context, &mut arguments)?;
    let code = snapshot.code(address);
    snapshot.checked(code.unwrap_or_default())
}

fn storage_at(context: &Context, mut arguments: Arguments) -> Result<B256, Fault> {
    let address = arguments.required("address")?;
    let slot: StorageSlot = arguments.required("slot")?;
    let mut snapshot = Snapshot::open(&context.node, &context.blocks, arguments.block()?)?;
    let value = snapshot.storage(address, slot.number);
    snapshot.checked(B256::from(value))
}

/// The first parameter, an address, and the state that the second names.
fn account(context: &Context, arguments: &mut Arguments) -> Result<(Address, Snapshot), Fault> {
    let address = arguments.required("address")?;
    let snapshot = Snapshot::open(&context.node, &context.blocks, arguments.block()?)?;
    Ok((address, snapshot))
}

/// Proofs are from the tries, which stand at the latest block alone.
fn proof(context: &Context, mut arguments: Arguments) -> Result<ProofView, Fault> {
    let address: Address = arguments.required("address")?;
    let slots: Vec<StorageSlot> = arguments.optional("slots")?.unwrap_or_default();
    if slots.len() > PROOF_SLOTS_MAX {
        return Err(Fault::invalid("slots", format!("at most {PROOF_SLOTS_MAX}")));
    }
    let block = context.blocks.find(arguments.block()?)?.ok_or_else(Fault::no_block)?;
    let numbers: Vec<U256> = slots.iter().map(|slot| slot.number).collect();
    let state = context.node.state();
    if block.number() != state.head().evm_height {
        return Err(Fault::unsupported("proofs are given of the latest block only"));
    }
    let proof = state.evm_tries.prove(address, &numbers).map_err(|error| Fault::internal(&error))?;
    drop(state);
    Ok(ProofView::of(address, &slots, proof))
}
