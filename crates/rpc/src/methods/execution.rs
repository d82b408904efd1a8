//! Messages executed without a trace.

use super::{Context, Methods, Registered};
use crate::argument::{Arguments, Call};
use crate::blocks::EvmBlock;
use crate::fault::Fault;
use crate::snapshot::Snapshot;
use alloy_primitives::{Bytes, U64, U256};
use serde_json::Value;
use tandem_evm::{CallOutcome, CallRequest, EvmBlockEnv, EvmRead};

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.execute("eth_call", call)?;
    methods.execute("eth_estimateGas", estimate_gas)
}

/// Executes a message on the state after a block, as if it stood in that block; gas is bounded by
/// [`CALL_GAS_MAX`](tandem_evm::CALL_GAS_MAX).
fn call(context: &Context, mut arguments: Arguments) -> Result<Bytes, Fault> {
    let Message { request, mut snapshot } = Message::of(context, &mut arguments)?;
    let env = environment(context, snapshot.block());
    let outcome = tandem_evm::call(&mut snapshot, &env, &request);
    match snapshot.checked(outcome)?? {
        CallOutcome::Success { output, .. } => Ok(output),
        CallOutcome::Revert { output, .. } => Err(Fault::reverted(output)),
        CallOutcome::Halt { gas_used } => Err(Fault::halted(gas_used)),
    }
}

fn estimate_gas(context: &Context, mut arguments: Arguments) -> Result<U64, Fault> {
    let Message { mut request, mut snapshot } = Message::of(context, &mut arguments)?;
    let env = environment(context, snapshot.block());
    let affordable = affordable_gas(&mut snapshot, &request)?;
    if let Some(affordable) = affordable {
        request.gas_limit = Some(request.gas_limit.unwrap_or(env.gas_limit).min(affordable));
    }
    let estimate = tandem_evm::estimate_gas(&mut snapshot, &env, &request);
    Ok(U64::from(snapshot.checked(estimate)??))
}

struct Message {
    request: CallRequest,
    snapshot: Snapshot,
}

impl Message {
    fn of(context: &Context, arguments: &mut Arguments) -> Result<Self, Fault> {
        let Call(request) = arguments.required("transaction")?;
        let block = arguments.block()?;
        for (name, what) in [("stateOverrides", "state"), ("blockOverrides", "block")] {
            let overrides: Option<Value> = arguments.optional(name)?;
            if overrides.is_some_and(|given| given.as_object().is_none_or(|fields| !fields.is_empty())) {
                return Err(Fault::unsupported(format!("{what} overrides are not supported")));
            }
        }
        Ok(Self { request, snapshot: Snapshot::open(&context.node, &context.blocks, block)? })
    }
}

/// The gas that the sender can pay for at the price given; `None` if none is.
fn affordable_gas(state: &mut impl EvmRead, request: &CallRequest) -> Result<Option<u64>, Fault> {
    if request.gas_price == 0 {
        return Ok(None);
    }
    let balance = state.account(request.from).map_or(U256::ZERO, |account| account.balance);
    let left = balance
        .checked_sub(request.value)
        .ok_or_else(|| Fault::server("insufficient funds for gas * price + value"))?;
    Ok(Some(u64::try_from(left / U256::from(request.gas_price)).unwrap_or(u64::MAX)))
}

/// The environment of a message that stands in `block`.
fn environment(context: &Context, block: &EvmBlock) -> EvmBlockEnv {
    let header = &block.header;
    let admission = context.node.identity().evm;
    EvmBlockEnv {
        chain_id: admission.chain_id,
        hard_fork: admission.hard_fork,
        number: header.number,
        timestamp_s: header.timestamp,
        base_fee: header.base_fee_per_gas.unwrap_or_default(),
        gas_limit: header.gas_limit,
        beneficiary: header.beneficiary,
        prev_randao: header.mix_hash,
        parent_hash: header.parent_hash,
        parent_beacon_root: header.parent_beacon_block_root.unwrap_or_default(),
    }
}
